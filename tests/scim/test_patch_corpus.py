"""Every case of the PATCH corpus, in process: the status, and what the resource is afterwards.

As the server is by default, each case ends as it expects; by the letter, as it expects or as one of its alternatives
says. Which case needs which tolerance stands in tests/patch-tolerances.toml.

The expectations were written by hand from RFC 7644 §3.5.2 and the IdPs' documents; they are never taken from this
program. How states compare is what the corpus's conventions say, written here anew.
"""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.scim import tolerances
from scimrig_simulator.scim.compare import fold
from scimrig_simulator.scim.errors import UNIQUENESS, ScimError
from scimrig_simulator.scim.patch import apply_patch
from scimrig_simulator.scim.projection import project
from scimrig_simulator.scim.schemas import ResourceType, builtin
from scimrig_simulator.scim.tolerances import Leniency, Tolerance
from scimrig_simulator.scim.validation import accept, identical

CORPUS = json.loads((Path(__file__).parents[2] / "scenarios" / "corpora" / "patch-corpus.json").read_text("utf-8"))
CASES = CORPUS["cases"]
NEEDS = tomllib.loads((Path(__file__).parents[1] / "patch-tolerances.toml").read_text("utf-8"))
SELF = "r-self"
IDS = {
    "${user.a}": "u-a", "${user.b}": "u-b", "${user.c}": "u-c", "${user.boss}": "u-boss", "${user.nobody}": "u-none",
    "${group.g}": "g-g", "${self}": SELF,
}
SERVER_MADE = {"members": ("$ref", "display", "type"), "manager": ("$ref", "displayName"), "name": ("formatted",)}


def with_ids(value: Any) -> Any:
    text = json.dumps(value)
    for name, made in IDS.items():
        text = text.replace(name, made)
    return json.loads(text)


def created(case: dict[str, Any], kind: ResourceType) -> dict[str, Any]:
    """The fixture as a server stores it."""
    resource = accept(with_ids(CORPUS["fixtures"][case["fixture"]]["resource"]), kind)
    times = {"created": "2024-01-01T00:00:00Z", "lastModified": "2024-01-01T00:00:00Z"}
    return {**resource, "id": SELF, "meta": {"resourceType": kind.name, **times}}


class NameTaken(ScimError):
    """The store's part: another user has the name already (case P038)."""

    def __init__(self) -> None:
        super().__init__(409, UNIQUENESS, "userName is taken")


def patched(case: dict[str, Any], resource: dict[str, Any], kind: ResourceType, leniency: Leniency) -> dict[str, Any]:
    after = apply_patch(resource, with_ids(case["request"]), kind, leniency=leniency)
    if "precondition" in case and fold(str(after.get("userName"))) == "taken":
        raise NameTaken
    return after


def comparable(name: str, value: Any, *, verbatim: bool) -> Any:
    """A value as the corpus compares it; ``verbatim`` keeps what a server makes by itself."""
    if value in (None, [], {}):
        return None
    if isinstance(value, list):
        return Counter(json.dumps(comparable(name, item, verbatim=verbatim), sort_keys=True) for item in value)
    if isinstance(value, dict):
        skip = () if verbatim else SERVER_MADE.get(name, ())
        kept = {key: part for key, part in value.items() if key not in skip and not (key == "primary" and not part)}
        return {key: comparable(key, part, verbatim=verbatim) for key, part in kept.items()}
    return value


@dataclass(frozen=True)
class Outcome:
    """How a case ended: 200 and what became of the resource, or a refusal."""

    status: int
    scim_type: str | None
    before: dict[str, Any]
    after: dict[str, Any]

    def unlike(self, wanted: dict[str, Any]) -> str:
        """What isn't as ``expect`` or an alternative says, "" where all is."""
        wanted = with_ids(wanted)
        status = wanted["status"] if isinstance(wanted["status"], list) else [wanted["status"]]
        if self.status not in status:
            return f"status {self.status}"
        if self.status != 200 and self.scim_type not in wanted["scimType"]:
            return f"scimType {self.scim_type}"
        changed = wanted["changed"]
        if not set(changed.get("schemas", [])) <= set(self.after["schemas"]):
            return "schemas"
        for name in sorted({*self.before, *self.after, *changed} - {"meta", "schemas"}):
            verbatim = name not in changed
            given = changed.get(name, self.before.get(name)) if not verbatim else self.before.get(name)
            if comparable(name, self.after.get(name), verbatim=verbatim) != comparable(name, given, verbatim=verbatim):
                return name
        return ""


def outcome(case: dict[str, Any], leniency: Leniency) -> Outcome:
    kind = builtin().resource_type(case["resource_type"])
    stored = created(case, kind)
    untouched = deepcopy(stored)
    status, scim_type, after = 200, None, stored
    try:
        after = patched(case, stored, kind, leniency)
    except ScimError as refusal:
        status, scim_type = refusal.status, refusal.scim_type
    assert stored == untouched, "the resource given must never be touched"
    if status == 200 and case["expect"].get("lastModified") == "unchanged":
        assert identical(untouched, after, kind)
    return Outcome(status, scim_type, project(untouched, kind), project(after, kind))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_corpus_case_ends_as_it_expects(case: dict[str, Any]) -> None:
    assert outcome(case, tolerances.STANDARD).unlike(case["expect"]) == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_by_the_letter_a_case_ends_as_it_expects_or_as_an_alternative_says(case: dict[str, Any]) -> None:
    ended = outcome(case, tolerances.NONE)
    alternatives = case.get("alternatives", [])
    refusals = [other for other in alternatives if other["status"] not in ([200, 204], 200)]
    allowed = refusals if case["dialect"] != "rfc" and refusals else [case["expect"], *alternatives]
    assert any(ended.unlike(one) == "" for one in allowed), ended


@pytest.mark.parametrize("tolerance", tolerances.TOLERANCES, ids=lambda tolerance: tolerance.name)
def test_without_one_tolerance_the_cases_that_need_it_end_differently_and_no_others(tolerance: Tolerance) -> None:
    changed = [
        case["id"] for case in CASES
        if outcome(case, tolerances.STANDARD - {tolerance}) != outcome(case, tolerances.STANDARD)
    ]
    assert changed == NEEDS.get(tolerance.name, {"cases": []})["cases"]


def test_cases_that_need_no_tolerance_end_alike_by_the_letter() -> None:
    needing = {id for need in NEEDS.values() for id in need["cases"]}
    for case in CASES:
        same = outcome(case, tolerances.NONE) == outcome(case, tolerances.STANDARD)
        assert same == (case["id"] not in needing), case["id"]


def test_the_corpus_is_whole() -> None:
    assert len(CASES) == CORPUS["count"] == len({case["id"] for case in CASES})


def test_every_placeholder_of_the_corpus_is_filled() -> None:
    assert "${" not in json.dumps(with_ids([CORPUS["fixtures"], CASES]))


def test_what_needs_a_tolerance_is_a_case_and_a_tolerance_that_there_is() -> None:
    assert NEEDS.keys() <= {tolerance.name for tolerance in tolerances.TOLERANCES}
    assert {id for need in NEEDS.values() for id in need["cases"]} <= {case["id"] for case in CASES}
    assert all(need["why"] for need in NEEDS.values())
