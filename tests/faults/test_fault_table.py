"""The table of faults and variants: complete, well described, and nothing breaks but what is named."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.faults import FAULTS, VARIANTS, fault, variant

USER = "urn:ietf:params:scim:schemas:core:2.0:User"



def test_every_fault_has_its_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_faults_*.py"))
    assert set(re.findall(r'mark\.breaks\(\s*"([^"]+)"', tests)) == set(FAULTS)


@pytest.mark.parametrize("name", sorted({*FAULTS, *VARIANTS}))
def test_what_it_does_not_name_still_works(serve: Callable[..., Any], name: str) -> None:
    """A user can be created, found and deleted on every one of these servers, whatever the answer looks like."""
    server = serve(fault(name) if name in FAULTS else variant(name))
    media = "application/json" if name == "scim-json-unparsed" else "application/scim+json"
    emails = [{"value": "ada@example.com"}]  # extra-required-attribute wants one
    body = {"schemas": [USER], "userName": "ada", "active": True, "name": {"givenName": "Ada"}, "emails": emails}
    created = server.send("POST", "/Users", body, {"Content-Type": media})
    made = 200 if name == "create-200" else 201
    assert created.status == made
    place = created.header("Location") or f"/{created.resource()['id']}"
    read = server.send("GET", f"/Users/{place.rpartition('/')[2]}")
    assert (read.status, read.resource()["userName"]) == (200, "ada")
    assert server.send("DELETE", f"/Users/{place.rpartition('/')[2]}").ok is (name != "delete-501")
    if name not in ("delete-keeps", "delete-501"):
        again = {**body, "userName": "ben"} if name == "deleted-name-reserved" else body
        assert server.send("POST", "/Users", again, {"Content-Type": media}).status == made


@pytest.mark.parametrize("name", sorted({*FAULTS, *VARIANTS}))
def test_a_fault_says_what_it_breaks(name: str) -> None:
    found = fault(name) if name in FAULTS else variant(name)
    assert found.name == name
    assert found.title
    assert not found.title.endswith(".")
    assert found.breaks.endswith(".")
    assert (found.seams is None) != (found.middleware is None)
    assert bool(found.bugs) == (name in FAULTS)


def test_bug_classes_named_are_those_of_the_catalogue() -> None:
    catalogue = json.loads((Path(__file__).parents[2] / "scenarios" / "bug-classes.json").read_text("utf-8"))
    known = set(re.findall(r"[A-Z]{4}-\d\d|[A-Z]{3}-\d\d", json.dumps(catalogue)))
    assert {bug for name in FAULTS for bug in fault(name).bugs} <= known


def test_the_tables_are_sorted() -> None:
    assert list(FAULTS) == sorted(FAULTS)
    assert list(VARIANTS) == sorted(VARIANTS)


def test_an_unknown_name_gets_a_suggestion() -> None:
    with pytest.raises(ValueError, match="Did you mean 'noop-patch'"):
        fault("nooppatch")
    with pytest.raises(ValueError, match="Did you mean 'patch-204'"):
        variant("patch204")
    with pytest.raises(ValueError, match="'scimrig list variants' names them"):
        variant("x")
