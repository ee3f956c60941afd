"""What came of a simulation: how much of the directory the target holds, and every difference with its reason.

Rule: plain data, the same in a page, in a log, and read back from one. A million differences of one kind are one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

EXAMPLES = 3
"""Of a difference that are kept."""

UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True)
class Example:
    """One row that differs. ``about``: whose; ``exchange``: the request that should have made the difference."""

    about: str
    expected: str
    actual: str
    words: str = ""
    exchange: str = ""


@dataclass(slots=True)
class Difference:
    """Differences of one kind for one reason.

    what:   missing | duplicate | still there | still active | inactive | attribute | members | not listed
    path:   of the attribute, "" where it is about the row
    why:    the reason in words, ``UNEXPLAINED`` where there is none
    counts: False where the target never keeps that of anybody, which IdPs can live with
    """

    what: str
    kind: str
    path: str
    why: str
    count: int = 0
    counts: bool = True
    examples: list[Example] = field(default_factory=list)

    def add(self, example: Example) -> None:
        """One more."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


@dataclass(frozen=True, slots=True)
class Convergence:
    """The directory as desired against the target as read back.

    people, teams: that should be there; exact: of these, those without a difference that counts
    off:           leavers and dissolved teams that are off or gone, as they should be
    members:       memberships that should be there
    unread:        rows that nobody could read;  notes: what else is to be said
    """

    people: int
    exact_people: int
    teams: int
    exact_teams: int
    off: int
    members: int
    unread: int
    differences: tuple[Difference, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def found(self) -> int:
        """Differences that count."""
        return sum(difference.count for difference in self.differences if difference.counts)

    @property
    def exit_code(self) -> int:
        """0 converged, 1 differences, 3 could not decide."""
        return 1 if self.found else 3 if self.unread else 0

    def to_json(self) -> dict[str, Any]:
        """As it stands in the log."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Convergence:
        """From the log. Raises KeyError, TypeError where it is none."""
        differences = tuple(
            Difference(**{**one, "examples": [Example(**example) for example in one["examples"]]})
            for one in data["differences"]
        )
        names = ("people", "exact_people", "teams", "exact_teams", "off", "members", "unread")
        return cls(**{name: data[name] for name in names}, differences=differences, notes=tuple(data["notes"]))
