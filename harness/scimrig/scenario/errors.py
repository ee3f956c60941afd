"""What is wrong with a scenario file, said so that its author can put it right.

Rule: plain data and wording; finding the mistakes is the business of ``yaml_nodes.py``, ``structure.py`` and
``meaning.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scimrig.scenario.model import Place


@dataclass(frozen=True, slots=True)
class ScenarioError:
    """One mistake: where it stands, and what to do about it."""

    place: Place
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class ScenarioErrors(Exception):
    """Every mistake in every file that was asked for. ``errors`` is sorted by file, line and column."""

    def __init__(self, errors: Iterable[ScenarioError]) -> None:
        unique = set(errors)
        self.errors: tuple[ScenarioError, ...] = tuple(sorted(unique, key=_order))
        super().__init__("\n".join(str(error) for error in self.errors))


def _order(error: ScenarioError) -> tuple[str, int, int, str]:
    return (error.place.file, error.place.line, error.place.column, error.message)
