"""Paths: what they parse to, where they break, and what they select (RFC 7644 §3.5.2, §3.10)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.filters import Compare, FilterError
from scimrig_simulator.scim.paths import AttrPath, Path, PathError, parse_attr_path, parse_path, select
from scimrig_simulator.scim.schemas import Extension, builtin, schema_from_json

USER = builtin().resource_type("User")
WORK = Compare("eq", AttrPath(None, "type"), "work")

ADA: dict[str, Any] = {
    "schemas": [urns.USER, urns.ENTERPRISE],
    "id": "1",
    "userName": "ada@example.com",
    "active": False,
    "title": None,
    "nickName": "",
    "name": {"givenName": "Ada", "familyName": "O'Neill"},
    "emails": [
        {"value": "ada@example.com", "type": "work", "primary": True},
        {"value": "ada@home.example", "type": "home"},
    ],
    "phoneNumbers": [],
    urns.ENTERPRISE: {"department": "R&D", "manager": {"value": "9"}},
    "meta": {"resourceType": "User", "version": 'W/"1"'},
    "urn:example:lab:2.0:User": {"badge": 7},
    "favouriteColour": "blue",
    "shoes": [{"size": 40, "kind": "boot"}, {"size": 41, "kind": "clog"}],
}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("userName", Path(AttrPath(None, "userName"))),
        ("name.familyName", Path(AttrPath(None, "name", "familyName"))),
        (f"{urns.USER}:name.familyName", Path(AttrPath(urns.USER, "name", "familyName"))),
        (f"{urns.ENTERPRISE}:manager.value", Path(AttrPath(urns.ENTERPRISE, "manager", "value"))),
        ('emails[type eq "work"]', Path(AttrPath(None, "emails"), WORK)),
        ('emails[type eq "work"].value', Path(AttrPath(None, "emails"), WORK, "value")),
        ("members.$ref", Path(AttrPath(None, "members", "$ref"))),
        ('members[type eq "work"].$ref', Path(AttrPath(None, "members"), WORK, "$ref")),
    ],
)
def test_a_path_parses(text: str, path: Path) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 1, "attribute name"),
        ("/name/givenName", 1, "attribute name"),
        ("name.", 6, "sub-attribute"),
        ("name.a.b", 7, "one sub-attribute at most"),
        ("1abc", 1, "attribute name"),
        ("na/me", 3, "attribute name"),
        ('emails[type eq "work"', 22, "']'"),
        ("emails[type eq]", 15, "space and a value"),
        ("emails[]", 8, "attribute name"),
        ('emails[type eq "work"]value', 23, "'.'"),
        ('emails[type eq "work"].', 24, "sub-attribute"),
        ('emails[type eq "work"].a.b', 25, "end of the path"),
        ('emails.value[type eq "work"]', 13, "can't follow a sub-attribute"),
        ("user name", 5, "end of the path"),
        ("x y:department", 2, "end of the path"),
        (":department", 1, "schema URN"),
    ],
)
def test_a_broken_path_is_refused_at_its_place(text: str, position: int, expected: str) -> None:
    with pytest.raises(PathError) as refused:
        parse_path(text)
    error = refused.value
    assert (error.status, error.scim_type, error.position) == (400, "invalidPath", position)
    assert expected in error.detail


def test_an_attribute_path_has_no_filter() -> None:
    assert parse_attr_path("emails.type") == AttrPath(None, "emails", "type")
    with pytest.raises(PathError):
        parse_attr_path('emails[type eq "work"]')


names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True)
uris = st.sampled_from([None, urns.USER, urns.ENTERPRISE, "urn:example:a.b:2.0:Thing", "http://example.com/x/2.0/Group"])


@given(uris, names, st.none() | names | st.just("$ref"))
def test_an_attribute_path_survives_its_text(uri: str | None, name: str, sub: str | None) -> None:
    path = AttrPath(uri, name, sub)
    assert parse_attr_path(str(path)) == path


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("userName", ["ada@example.com"]),
        ("USERNAME", ["ada@example.com"]),
        ("active", [False]),
        ("title", []),
        ("displayName", []),
        ("nickName", [""]),
        ("name.familyName", ["O'Neill"]),
        ("name", [{"givenName": "Ada", "familyName": "O'Neill"}]),
        ("emails.value", ["ada@example.com", "ada@home.example"]),
        ('emails[type eq "WORK"].value', ["ada@example.com"]),
        ('emails[primary eq false].value', ["ada@home.example"]),
        ('emails[type eq "other"].value', []),
        ("phoneNumbers", []),
        ("phoneNumbers.value", []),
        ("schemas", [urns.USER, urns.ENTERPRISE]),
        ("meta.version", ['W/"1"']),
        (f"{urns.USER}:userName", ["ada@example.com"]),
        (f"{urns.ENTERPRISE}:department", ["R&D"]),
        (f"{urns.ENTERPRISE.upper()}:DEPARTMENT", ["R&D"]),
        (f"{urns.ENTERPRISE}:manager.value", ["9"]),
        (urns.ENTERPRISE, [{"department": "R&D", "manager": {"value": "9"}}]),
        ("department", []),
    ],
)
def test_a_path_selects_values(path: str, values: list[Any]) -> None:
    assert select(ADA, path, USER) == values


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("favouriteColour", ["blue"]),
        ("urn:example:lab:2.0:User:badge", [7]),
        ("shoes.kind", ["boot", "clog"]),
        ('shoes[kind eq "clog"].size', [41]),
        ("name.shoeSize", []),
        ("urn:example:none:2.0:User:badge", []),
    ],
)
def test_what_no_schema_defines_is_looked_up_literally(path: str, values: list[Any]) -> None:
    assert select(ADA, path, USER) == values


@pytest.mark.parametrize(
    "odd", [{"emails": "x"}, {"emails": {"value": "x"}}, {"emails": [1, None, "x"]}, {"name": 3}, {}]
)
def test_a_resource_of_the_wrong_shape_is_no_error(odd: dict[str, Any]) -> None:
    for path in ('emails[type eq "work"].value', "emails.value", "name.givenName", f"{urns.ENTERPRISE}:manager.value"):
        assert all(value is not None for value in select(odd, path, USER))


def test_an_operator_the_attribute_does_not_take_is_refused() -> None:
    with pytest.raises(FilterError, match="boolean"):
        select(ADA, "emails[primary gt true]", USER)


def test_a_container_is_selected_by_any_urn_its_schema_may_have() -> None:
    lab = schema_from_json({"id": "urn:example:lab:2.0", "attributes": [{"name": "badge"}]})
    kind = replace(USER, extensions=(Extension(lab),))
    resource = {"urn:example:lab:2.0": {"badge": "7"}}
    assert select(resource, "URN:example:lab:2.0", kind) == [{"badge": "7"}]
    assert select(resource, "urn:example:lab:2.0:badge", kind) == ["7"]
