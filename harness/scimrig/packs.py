"""The vendors' own bars: packs of scenarios that mirror, test by test, what an identity provider asks of a listing.

A pack is a file in ``scenarios/vendors/``, played where it is asked for by name; ``packs.yaml`` beside them says what
each mirrors and what of it is ours. A run carries all of that in its first record, so that a log can be judged again.

Rule: reading and checking only; how a test of a pack is judged is in ``bar.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from scimrig.scenario.errors import ScenarioError, ScenarioErrors
from scimrig.scenario.load import VENDORS, load, scenario_root
from scimrig.scenario.model import Scenario
from scimrig.scenario.yaml_nodes import Document, read_documents
from scimrig.suggestion import did_you_mean
from scimrig.tally import countable, pieces

FILE = "packs.yaml"
COUNTED = ("requests", "tests")


@dataclass(frozen=True, slots=True)
class Pack:
    """One vendor's bar.

    name:     as on the command line, and of its file;  vendor: who asks for it
    dialects: those that it is played in
    counts:   what the vendor counts and what a line of the report is about: "requests" or "tests"
    timeout:  seconds that the vendor waits for an answer
    mirrors:  what it follows, and how well that is known;  source: where the vendor says it
    ours:     which part of it is not the vendor's but ours
    """

    name: str
    title: str
    vendor: str
    dialects: tuple[str, ...]
    counts: str
    timeout: float
    source: str
    mirrors: str
    ours: str


@cache
def catalogue() -> Mapping[str, Pack]:
    """Every pack by name, in the order of ``packs.yaml``. Raises ScenarioErrors."""
    path = scenario_root() / VENDORS / FILE
    documents, errors = read_documents(path.read_text(encoding="utf-8"), str(path))
    mistakes = [*errors, *(wrong for document in documents for wrong in _mistakes(document))]
    if mistakes:
        raise ScenarioErrors(mistakes)
    made = (Pack(**{**document.data, "dialects": tuple(document.data["dialects"])}) for document in documents)
    return {pack.name: pack for pack in made}


def _mistakes(document: Document) -> list[ScenarioError]:
    """What is wrong with one entry: a key too many or too few, a word for ``counts`` that means nothing."""
    if document.errors:
        return list(document.errors)
    known = {field.name for field in fields(Pack)}
    data: Mapping[str, Any] = document.data
    place = document.place(())
    wrong = [f"'{key}' is no key of a pack{did_you_mean(key, known)}" for key in sorted(set(data) - known)]
    wrong += [f"a pack needs '{key}'" for key in sorted(known - set(data))]
    if data.get("counts") not in COUNTED:
        wrong.append(f"'counts' is one of {', '.join(COUNTED)}")
    return [ScenarioError(place, words) for words in wrong]


def tests(name: str) -> tuple[Scenario, ...]:
    """The tests of a pack, in the vendor's order. Raises ScenarioErrors."""
    found = load([scenario_root() / VENDORS / f"{name}.yaml"])
    return tuple(sorted(found, key=lambda scenario: scenario.place.line))


def requests(scenario: Scenario) -> list[dict[str, Any]]:
    """The vendor's requests in a scenario, each with its name and how many assertions it has."""
    return [
        {"name": step.name, "assertions": len(pieces(step.expect[0])) if step.verb == "send" else 1}
        for step in scenario.steps
        if countable(step)
    ]


def told(pack: Pack, scenarios: Sequence[Scenario]) -> dict[str, Any]:
    """A pack as the first record of a run has it: plain data, whole, so that reports and judge need nothing else."""
    return {
        "pack": pack.name, "title": pack.title, "vendor": pack.vendor, "counts": pack.counts, "ours": pack.ours,
        "tests": [
            {
                "scenario": scenario.id, "title": scenario.title, "bar": scenario.bar,
                "against": list(scenario.against), "requests": requests(scenario),
            }
            for scenario in scenarios
        ],
    }
