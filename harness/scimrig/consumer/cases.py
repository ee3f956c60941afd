"""The cases of consumer mode: ``scenarios/consumer.yaml``, read as strictly as every scenario.

Rule: reading and checking only. Every mistake is collected and raised at once, with its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

from scimrig.declarations import KEYS
from scimrig.scenario.errors import ScenarioError, ScenarioErrors
from scimrig.scenario.load import scenario_root
from scimrig.scenario.structure import structure_errors
from scimrig.scenario.yaml_nodes import Document, read_documents
from scimrig.signing import FAMILIES
from scimrig.suggestion import did_you_mean

FILE, SCHEMA = "consumer.yaml", "consumer-schema.json"
GONE = "gone"
"""What a mirror may show beside what a delivery told: nobody, or somebody who is not active."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case in one of its rows.

    name:    ``consumer/forged/stale[row=a-day]``;  id: the same without the row
    promise: the key of the target file that it is about;  needs: what must be declared, else it is skipped
    before, steps: as in the file, the row laid over its step
    """

    name: str
    id: str
    title: str
    area: str
    severity: str
    promise: str
    cites: tuple[str, ...]
    tags: tuple[str, ...]
    hurts: str
    needs: tuple[str, ...]
    before: tuple[Mapping[str, Any], ...]
    steps: tuple[Mapping[str, Any], ...]

    def unsendable(self, parts: Collection[str], family: str) -> str:
        """Why a sender of this family cannot play it, "" where it can. parts: what its deliveries carry."""
        ways = [step.get("with", {}) for step in self.steps]
        carried = {part for way in ways for part in (*way.get("omit", ()), way.get("changed", ""))}
        if any("skew" in way or "stamp" in way for way in ways):
            carried.add("timestamp")
        missing = sorted(({"id", "timestamp"} & carried).difference(parts))
        if missing:
            return f"declared otherwise: consumer.signing = \"{family}\", whose deliveries carry no {missing[0]}"
        if family not in FAMILIES and any(_of_versions(way.get("entries", ())) for way in ways):
            return f'declared otherwise: consumer.signing = "{family}", whose signatures have no versions'
        return ""


def _of_versions(entries: Sequence[str]) -> bool:
    return len(entries) > 1 or not set(entries) <= _EVERYWHERE


_EVERYWHERE = frozenset({"own", "foreign", "keyless", "=", "=signed"})
"""Kinds of entries that every family has, alone."""


@cache
def load(file: Path | None = None) -> tuple[Case, ...]:
    """Every case in every row, in the order of the file (None: the shipped one). Raises ScenarioErrors."""
    path = file or scenario_root() / FILE
    documents, errors = read_documents(path.read_text(encoding="utf-8"), str(path))
    mistakes = list(errors)
    cases: list[Case] = []
    for document in documents:
        wrong = document.errors or structure_errors(document, scenario_root() / SCHEMA) or list(_meaning(document))
        mistakes += wrong
        if not wrong:
            cases += _rows(document.data)
    if mistakes:
        raise ScenarioErrors(mistakes)
    return tuple(cases)


def chosen(cases: Sequence[Case], select: Sequence[str], tags: Sequence[str]) -> tuple[Case, ...]:
    """Those that fit one of ``select`` (a part of the name, or a glob) and have one of the tags; none = all."""
    return tuple(
        case for case in cases
        if (not select or any(one in case.name or fnmatchcase(case.name, one) for one in select))
        and (not tags or set(tags) & set(case.tags))
    )


def _rows(data: Mapping[str, Any]) -> Iterator[Case]:
    rows: Mapping[str, Mapping[str, Any]] = data.get("rows", {})
    for row, laid in rows.items() or [("", {})]:
        name = f"{data['case']}[row={row}]" if row else data["case"]
        yield Case(
            name, data["case"], data["title"], data["area"], data["severity"], data["promise"], tuple(data["cites"]),
            tuple(data.get("tags", ())), data["hurts"], tuple(data.get("needs", ())),
            tuple(data.get("before", ())), tuple(_laid(step, laid) for step in data["steps"]),
        )


def _laid(step: Mapping[str, Any], row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**step, "with": {**step.get("with", {}), **row}} if step.get("row") else step


def _meaning(document: Document) -> Iterator[ScenarioError]:
    """What a schema cannot see: names that nobody gave, keys that nobody declares, a row without its step."""
    data = document.data
    told: dict[str, None] = {}
    for list_ in ("before", "steps"):
        for number, step in enumerate(data.get(list_, ())):
            place = document.place((list_, number))
            if ("deliver" in step or "drop" in step) and "about" not in step:
                yield ScenarioError(place, "a delivery needs 'about'")
            if "as" in step:
                told[step["as"]] = None
            if "again" in step and step["again"] not in told:
                yield ScenarioError(place, _nobody(step["again"], told))
            for state in (*step.get("shows", {}).values(), *step.get("still", {}).values()):
                if state not in (*told, GONE):
                    yield ScenarioError(place, _nobody(state, told))
    if data.get("rows") and not any(step.get("row") for step in data["steps"]):
        yield ScenarioError(document.place(("rows",)), "no step says 'row: true', so the rows are laid over nothing")
    for key in (data["promise"], *(need.partition("=")[0] for need in data.get("needs", ()))):
        if key not in KEYS and key.rpartition(".")[0] not in KEYS:
            yield ScenarioError(document.place(()), f"{key!r} is no key of a target file{did_you_mean(key, KEYS)}")


def _nobody(name: str, told: Collection[str]) -> str:
    return f"no delivery before is called {name!r}{did_you_mean(name, list(told))}"
