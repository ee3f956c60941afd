"""Every case of the PATCH corpus, in process: the status, and what the resource is afterwards.

The expectations were written by hand from RFC 7644 §3.5.2 and the IdPs' documents; they are never taken from this
program. How states compare is what the corpus's conventions say, written here anew.
"""

from __future__ import annotations

import json
from collections import Counter
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.scim.compare import fold
from scimrig_simulator.scim.errors import UNIQUENESS, ScimError
from scimrig_simulator.scim.patch import apply_patch
from scimrig_simulator.scim.projection import project
from scimrig_simulator.scim.schemas import ResourceType, builtin
from scimrig_simulator.scim.validation import accept, identical

CORPUS = json.loads((Path(__file__).parents[2] / "scenarios" / "corpora" / "patch-corpus.json").read_text("utf-8"))
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


def patched(case: dict[str, Any], resource: dict[str, Any], kind: ResourceType) -> dict[str, Any]:
    after = apply_patch(resource, with_ids(case["request"]), kind)
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


@pytest.mark.parametrize("case", CORPUS["cases"], ids=lambda case: case["id"])
def test_the_corpus_case_ends_as_it_expects(case: dict[str, Any]) -> None:
    kind = builtin().resource_type(case["resource_type"])
    before = created(case, kind)
    untouched = deepcopy(before)
    expect = with_ids(case["expect"])
    status = expect["status"] if isinstance(expect["status"], list) else [expect["status"]]
    if status == [200, 204]:
        after = patched(case, before, kind)
        assert_changed(expect, project(untouched, kind), project(after, kind))
        if expect.get("lastModified") == "unchanged":
            assert identical(untouched, after, kind)
    else:
        with pytest.raises(ScimError) as refused:
            patched(case, before, kind)
        assert refused.value.status in status
        assert refused.value.scim_type in expect["scimType"]
    assert before == untouched, "the resource given must never be touched"


def assert_changed(expect: dict[str, Any], before: dict[str, Any], after: dict[str, Any]) -> None:
    changed = expect["changed"]
    for name in {*before, *after, *changed} - {"meta", "schemas"}:
        wanted = comparable(name, changed.get(name, before.get(name)), verbatim=name not in changed)
        if name in changed and changed[name] is None:
            wanted = None
        assert comparable(name, after.get(name), verbatim=name not in changed) == wanted, name
    assert set(changed.get("schemas", [])) <= set(after["schemas"])


def test_the_corpus_is_whole() -> None:
    assert len(CORPUS["cases"]) == CORPUS["count"] == len({case["id"] for case in CORPUS["cases"]})


def test_every_placeholder_of_the_corpus_is_filled() -> None:
    assert "${" not in json.dumps(with_ids([CORPUS["fixtures"], CORPUS["cases"]]))
