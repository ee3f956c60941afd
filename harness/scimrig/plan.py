"""Which cases a run plays: scenarios × dialects × matrix rows, narrowed by what the user asked for.

Rule: it decides names and order, and nothing about the target.
"""

from __future__ import annotations

import fnmatch
import hashlib
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scimrig.scenario.model import Scenario
from scimrig.target import Target
from scimrig.twins import MARKS, STORY
from scimrig_simulator.idp import base


@dataclass(frozen=True, slots=True)
class Twin:
    """What makes a case one of two that play one story.

    other:  the dialect of the other one
    people: stands for both in place of their names where it is decided who they are about
    mark:   stands behind the run's prefix in every name, so that both can be on the target
    """

    other: str
    people: str
    mark: str


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario in one dialect and one matrix row. ``name`` is the same in every run; ``twin`` in a twin run."""

    scenario: Scenario
    dialect: str
    row: dict[str, Any]
    name: str
    twin: Twin | None = None

    @property
    def people(self) -> str:
        """By what it is decided who the case is about: its name, or what it shares with its twin."""
        return self.name if self.twin is None else self.twin.people

    @property
    def mark(self) -> str:
        """What stands behind the run's prefix in every name."""
        return "" if self.twin is None else self.twin.mark

    def person_number(self, key: str, seed: int) -> int:
        """Which person of the workforce a key means: fixed by seed and case, whatever else is selected."""
        return _number(seed, self.people, key)

    def engine_seed(self, seed: int) -> int:
        """What the IdP makes its ids and passwords of: never the same for two cases, twins included."""
        return _number(seed, self.name, "engine")


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a run needs to know before it starts.

    jobs:    worker threads (1 = one after the other)
    timeout: seconds for one request
    run:     id of the run; prefix: what every name on the target begins with; domain: of e-mail addresses
    folder:  where the journal goes; None keeps none
    twins:   the two dialects of a twin run, () in any other
    packs:   the vendors' packs that are played, as the first record has them; () for the suite
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
    twins: tuple[str, ...] = ()
    packs: tuple[dict[str, Any], ...] = ()


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
            if scenario.dialects and base(dialect) not in scenario.dialects:
                continue
            for row in scenario.rows:
                name = scenario.case_name(dialect, row)
                if not select or any(_selected(name, wanted) for wanted in select):
                    cases.append(Case(scenario, dialect, row, name))
    return tuple(cases)


def plan_twins(
    scenarios: Sequence[Scenario], twins: Sequence[str], select: Sequence[str] = (), tags: Sequence[str] = ()
) -> tuple[Case, ...]:
    """The cases of a twin run: each story once in either of the two dialects, one right after the other.

    select, tags: as in ``plan_cases``; what selects one of the two selects both
    """
    cases = []
    for scenario in scenarios:
        if scenario.dialects or any(step.verb not in STORY for step in scenario.steps):
            continue
        if tags and not set(tags) & set(scenario.tags):
            continue
        for row in scenario.rows:
            people = scenario.case_name("twins", row)
            pair = [
                Case(scenario, dialect, row, scenario.case_name(dialect, row), Twin(other, people, mark))
                for dialect, other, mark in zip(twins, reversed(twins), MARKS, strict=True)
            ]
            if not select or any(_selected(case.name, wanted) for case in pair for wanted in select):
                cases += pair
    return tuple(cases)


def together(cases: Sequence[Case]) -> Iterator[tuple[Case, ...]]:
    """The cases, those of which one is played right after the other in one tuple."""
    return (tuple(group) for _, group in itertools.groupby(cases, key=lambda case: case.people))


def _number(*parts: object) -> int:
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=6).digest()
    return int.from_bytes(digest) % 10**9 + 1


def _selected(name: str, select: str) -> bool:
    if any(mark in select for mark in "*?"):
        return fnmatch.fnmatchcase(name, select.replace("[", "[[]"))
    return select in name
