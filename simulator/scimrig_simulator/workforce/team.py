"""A team: what an IdP pushes as a group.

Rule: plain data.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Team:
    """``key`` is what a scenario calls it; ``display_name`` is unique within the company."""

    number: int
    key: str
    display_name: str
