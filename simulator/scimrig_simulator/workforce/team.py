"""A team: what an IdP pushes as a group.

Rule: plain data.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Team:
    """``key`` is what a scenario calls it; ``display_name`` is unique within the company."""

    number: int
    key: str
    display_name: str

    def changed(self, changes: Mapping[str, Any]) -> Team:
        """The same team with another ``displayName``. Raises ValueError for any other field, or an empty name."""
        unknown = sorted(changes.keys() - {"displayName"})
        if unknown:
            raise ValueError(f"a team has no field {unknown[0]!r}: it has displayName alone")
        name = changes.get("displayName", self.display_name)
        if not isinstance(name, str) or not name:
            raise ValueError(f"displayName must be a string with something in it, not {name!r}")
        return dataclasses.replace(self, display_name=name)
