"""Which cases a run plays: scenarios × dialects × matrix rows, narrowed by what the user asked for.

Rule: it decides names and order, and nothing about the target.
"""

from __future__ import annotations

import fnmatch
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scimrig.scenario.model import Scenario
from scimrig.target import Target


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario in one dialect and one matrix row. ``name`` is the same in every run."""

    scenario: Scenario
    dialect: str
    row: dict[str, Any]
    name: str

    def person_number(self, key: str, seed: int) -> int:
        """Which person of the workforce a key means: fixed by seed and case, whatever else is selected."""
        digest = hashlib.blake2b(f"{seed}/{self.name}/{key}".encode(), digest_size=6).digest()
        return int.from_bytes(digest) % 10**9 + 1


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run needs to know before it starts.

    jobs:    worker threads (1 = one after the other)
    timeout: seconds for one request
    run:     id of the run; prefix: what every name on the target begins with; domain: of e-mail addresses
    folder:  where the journal goes; None keeps none
    """

    target: Target
    dialects: tuple[str, ...]
    counted: tuple[str, ...]
    cases: tuple[Case, ...]
    seed: int
    jobs: int
    timeout: float
    run: str
    prefix: str
    domain: str
    folder: Path | None


def plan_cases(
    scenarios: Sequence[Scenario], dialects: Sequence[str], select: Sequence[str] = (), tags: Sequence[str] = ()
) -> tuple[Case, ...]:
    """The cases to play, in the order of the scenarios.

    select: substrings of the case name, or globs where they hold ``*`` or ``?``; a case needs one of them
    tags:   a scenario needs one of them
    """
    cases = []
    for scenario in scenarios:
        if tags and not set(tags) & set(scenario.tags):
            continue
        for dialect in dialects:
            if scenario.dialects and dialect not in scenario.dialects:
                continue
            for row in scenario.rows:
                name = scenario.case_name(dialect, row)
                if not select or any(_selected(name, wanted) for wanted in select):
                    cases.append(Case(scenario, dialect, row, name))
    return tuple(cases)


def _selected(name: str, select: str) -> bool:
    if any(mark in select for mark in "*?"):
        return fnmatch.fnmatchcase(name, select.replace("[", "[[]"))
    return select in name
