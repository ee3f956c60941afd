"""What is returned of a resource (RFC 7644 §3.9; RFC 7643 §7 ``returned``)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.projection import project
from scimrig_simulator.scim.schemas import Extension, builtin, schema_from_json

USER = builtin().resource_type("User")

ADA: dict[str, Any] = {
    "schemas": [urns.USER, urns.ENTERPRISE], "id": "1", "userName": "ada", "password": "secret",
    "name": {"givenName": "Ada", "familyName": "O'Neill"}, "title": None, "phoneNumbers": [],
    "emails": [{"value": "a@example.com", "type": "work"}, {"type": "home"}],
    urns.ENTERPRISE: {"department": "R&D", "manager": {"value": "9", "displayName": "Boss"}},
    "meta": {"resourceType": "User", "version": 'W/"1"'},
}
ALWAYS = {"schemas": ADA["schemas"], "id": "1"}


def test_by_default_everything_but_secrets_and_nothing_unassigned() -> None:
    assert project(ADA, USER) == {
        name: value for name, value in ADA.items() if name not in ("password", "title", "phoneNumbers")
    }


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["userName"], {"userName": "ada"}),
        (["USERNAME"], {"userName": "ada"}),
        ([f"{urns.USER}:userName"], {"userName": "ada"}),
        (["password"], {}),
        (["nothing", "", "a b", f"{urns.ENTERPRISE}:userName"], {}),
        (["name.givenName"], {"name": {"givenName": "Ada"}}),
        (["name.givenName", "name.FAMILYNAME"], {"name": ADA["name"]}),
        (["name.givenName", "name"], {"name": ADA["name"]}),
        (["name", "name.givenName"], {"name": ADA["name"]}),
        (["emails.value"], {"emails": [{"value": "a@example.com"}]}),
        (["meta.version"], {"meta": {"version": 'W/"1"'}}),
        ([f"{urns.ENTERPRISE}:department"], {urns.ENTERPRISE: {"department": "R&D"}}),
        ([f"{urns.ENTERPRISE}:manager.value"], {urns.ENTERPRISE: {"manager": {"value": "9"}}}),
        ([urns.ENTERPRISE.lower()], {urns.ENTERPRISE: ADA[urns.ENTERPRISE]}),
        (["department"], {}),
        ([" userName "], {"userName": "ada"}),
    ],
)
def test_attributes_asked_for_come_with_those_that_always_do(names: list[str], shown: dict[str, Any]) -> None:
    assert project(ADA, USER, names) == ALWAYS | shown


@pytest.mark.parametrize(
    ("names", "gone"),
    [
        (["userName"], {"userName": None}),
        (["id", "schemas"], {}),
        (["NAME.givenName"], {"name": {"familyName": "O'Neill"}}),
        (["name.givenName", "name.familyName"], {"name": None}),
        (["emails.value"], {"emails": [{"type": "work"}, {"type": "home"}]}),
        ([urns.ENTERPRISE], {urns.ENTERPRISE: None}),
        (
            [f"{urns.ENTERPRISE}:manager.displayName"],
            {urns.ENTERPRISE: {"department": "R&D", "manager": {"value": "9"}}},
        ),
        (["nothing"], {}),
        (["meta"], {"meta": None}),
    ],
)
def test_excluded_attributes_go_but_for_those_that_always_come(names: list[str], gone: dict[str, Any]) -> None:
    expected = {name: value for name, value in {**project(ADA, USER), **gone}.items() if value is not None}
    assert project(ADA, USER, None, names) == expected


def test_an_empty_list_asks_for_nothing_special() -> None:
    assert project(ADA, USER, [], []) == project(ADA, USER)


def test_with_both_lists_excluded_cuts_down_what_is_asked_for() -> None:
    shown = project(ADA, USER, ["userName", "name"], ["userName", "name.familyName"])
    assert shown == ALWAYS | {"name": {"givenName": "Ada"}}


def test_what_is_returned_on_request_comes_on_request_only() -> None:
    returned = {"scan": "request", "pin": "never", "tag": "always"}
    attributes = [{"name": name, "returned": when} for name, when in returned.items()]
    lab = schema_from_json({"id": "urn:x:lab:2.0:User", "attributes": attributes})
    kind = replace(USER, extensions=(Extension(lab),))
    resource = {"id": "1", lab.id: {"scan": "s", "pin": "p", "tag": "t"}}
    assert project(resource, kind) == {"id": "1", lab.id: {"tag": "t"}}
    asked = project(resource, kind, [f"{lab.id}:scan", f"{lab.id}:pin"])
    assert asked == {"id": "1", lab.id: {"scan": "s", "tag": "t"}}
    assert project(resource, kind, ["userName"], [lab.id]) == {"id": "1", lab.id: {"tag": "t"}}


def test_the_stored_resource_is_never_shared() -> None:
    box = {"name": "box", "type": "complex", "subAttributes": [{"name": "many", "multiValued": True}]}
    lab = schema_from_json({"id": "urn:x:lab:2.0:User", "attributes": [box]})
    kind = replace(USER, extensions=(*USER.extensions, Extension(lab)))
    stored = {**ADA, lab.id: {"box": {"many": ["a"]}}}
    untouched = deepcopy(stored)
    shown = project(stored, kind)
    shown["name"]["givenName"] = "Eve"
    shown["emails"].clear()
    shown["schemas"].clear()
    shown[urns.ENTERPRISE]["manager"]["value"] = "0"
    shown[lab.id]["box"]["many"].clear()
    assert untouched == stored


@pytest.mark.parametrize(
    ("names", "box"),
    [
        (None, {"plain": "p", "fixed": "f"}),
        (["box"], {"plain": "p", "fixed": "f"}),
        (["box.asked"], {"fixed": "f", "asked": "q"}),
        (["box.plain"], {"plain": "p", "fixed": "f"}),
    ],
)
def test_sub_attributes_have_their_own_returned(names: list[str] | None, box: dict[str, str]) -> None:
    parts = [
        {"name": "plain"}, {"name": "fixed", "returned": "always"}, {"name": "asked", "returned": "request"},
        {"name": "secret", "returned": "never"},
    ]
    lab = schema_from_json(
        {"id": "urn:x:lab:2.0:User", "attributes": [{"name": "box", "type": "complex", "subAttributes": parts}]}
    )
    kind = replace(USER, extensions=(Extension(lab),))
    stored = {"id": "1", lab.id: {"box": {"plain": "p", "fixed": "f", "asked": "q", "secret": "s"}}}
    asked = [f"{lab.id}:{name}" for name in names] if names is not None else None
    assert project(stored, kind, asked)[lab.id]["box"] == box
    assert project(stored, kind, None, [f"{lab.id}:box.fixed"])[lab.id]["box"] == {"plain": "p", "fixed": "f"}


ODD = "urn:example:lab:2.0"  # ends in what reads as no attribute name


@pytest.mark.parametrize(
    ("names", "excluded", "box"),
    [
        (["box", "box.asked"], [], {"plain": "p", "fixed": "f", "asked": "q"}),
        (["box.asked", "box"], [], {"plain": "p", "fixed": "f", "asked": "q"}),
        (["box"], ["box.plain"], {"fixed": "f"}),
        ([], ["box.plain"], {"fixed": "f"}),
        (["box.asked"], ["box.asked"], {"fixed": "f"}),
    ],
)
def test_a_part_named_beside_its_whole_counts_too(names: list[str], excluded: list[str], box: dict[str, str]) -> None:
    parts = [{"name": "plain"}, {"name": "fixed", "returned": "always"}, {"name": "asked", "returned": "request"}]
    lab = schema_from_json({"id": ODD, "attributes": [{"name": "box", "type": "complex", "subAttributes": parts}]})
    kind = replace(USER, extensions=(Extension(lab),))
    stored = {"id": "1", ODD: {"box": {"plain": "p", "fixed": "f", "asked": "q"}}}
    full = [[f"{ODD}:{name}" for name in group] for group in (names, excluded)]
    assert project(stored, kind, *full)[ODD]["box"] == box


def test_what_always_comes_comes_whole_but_for_parts_left_out_by_name() -> None:
    parts = [{"name": "plain"}, {"name": "fixed", "returned": "always"}]
    box = {"name": "box", "type": "complex", "returned": "always", "subAttributes": parts}
    kind = replace(USER, extensions=(Extension(schema_from_json({"id": ODD, "attributes": [box]})),))
    stored = {"id": "1", ODD: {"box": {"plain": "p", "fixed": "f"}}}
    for names in (["userName"], [f"{ODD}:box.fixed"], [ODD]):
        assert project(stored, kind, names) == stored
    for excluded in ([f"{ODD}:box"], [ODD]):
        assert project(stored, kind, None, excluded) == stored
    for excluded in ([f"{ODD}:box.plain"], [f"{ODD}:box.plain", ODD]):
        assert project(stored, kind, None, excluded) == {"id": "1", ODD: {"box": {"fixed": "f"}}}


def test_a_schema_is_named_by_any_urn_it_may_have() -> None:
    lab = schema_from_json({"id": ODD, "attributes": [{"name": "badge"}]})
    kind = replace(USER, extensions=(Extension(lab),))
    stored = {"id": "1", "userName": "ada", ODD: {"badge": "7"}}
    assert project(stored, kind, [ODD.upper()]) == {"id": "1", ODD: {"badge": "7"}}
    assert project(stored, kind, None, [ODD]) == {"id": "1", "userName": "ada"}
    assert project(stored, kind, [f"{ODD}:badge"]) == {"id": "1", ODD: {"badge": "7"}}
