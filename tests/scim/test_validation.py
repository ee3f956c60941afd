"""What is stored of a POST and a PUT (RFC 7644 §3.3, §3.5.1; RFC 7643 §2)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.patch import apply_patch
from scimrig_simulator.scim.schemas import Extension, builtin, schema_from_json
from scimrig_simulator.scim.validation import accept, identical

USER = builtin().resource_type("User")
GROUP = builtin().resource_type("Group")


def refused(body: Any, **more: Any) -> tuple[int, str | None]:
    with pytest.raises(ScimError) as error:
        accept(body, more.pop("kind", USER), **more)
    return error.value.status, error.value.scim_type


def test_names_in_any_case_come_out_in_schema_case_and_order() -> None:
    body = {
        "EMAILS": [{"Primary": True, "VALUE": "a@example.com", "TYPE": "work"}], "active": False,
        "NAME": {"FamilyName": "O'Neill", "givenname": "Ada"}, "USERNAME": "ada", "ExternalID": "x-1",
        "Schemas": [urns.USER.upper()], urns.ENTERPRISE.upper(): {"DEPARTMENT": "R&D"},
    }
    stored = accept(body, USER)
    assert stored == {
        "schemas": [urns.USER, urns.ENTERPRISE], "externalId": "x-1", "userName": "ada",
        "name": {"familyName": "O'Neill", "givenName": "Ada"}, "active": False,
        "emails": [{"value": "a@example.com", "type": "work", "primary": True}],
        urns.ENTERPRISE: {"department": "R&D"},
    }
    assert list(stored) == ["schemas", "externalId", "userName", "name", "active", "emails", urns.ENTERPRISE]


def test_the_schemas_are_made_from_what_is_there() -> None:
    both = [urns.USER, urns.ENTERPRISE]
    assert accept({"schemas": both, "userName": "ada"}, USER)["schemas"] == [urns.USER]
    assert accept({"userName": "ada", urns.ENTERPRISE: {"division": "x"}}, USER)["schemas"] == both
    assert accept({"userName": "ada", urns.ENTERPRISE: {"division": None}}, USER)["schemas"] == [urns.USER]


def test_unknown_schemas_and_attributes_are_left_out() -> None:
    body = {
        "schemas": [urns.GROUP, urns.ENTRA_GROUP], "displayName": "Crew", "colour": "blue",
        "urn:example:x:2.0:Group": {"y": 1}, "members": [{"value": "1", "nonsense": 2}],
    }
    assert accept(body, GROUP) == {"schemas": [urns.GROUP], "displayName": "Crew", "members": [{"value": "1"}]}


def test_what_is_read_only_is_ignored() -> None:
    body = {
        "userName": "ada", "id": "mine", "meta": {"version": "x"}, "groups": [{"value": "g"}],
        urns.ENTERPRISE: {"manager": {"value": "1", "displayName": "Boss"}},
    }
    assert accept(body, USER) == {
        "schemas": [urns.USER, urns.ENTERPRISE], "userName": "ada", urns.ENTERPRISE: {"manager": {"value": "1"}},
    }


@pytest.mark.parametrize("nothing", [None, [], [None], [{}], [{"value": None}]])
def test_what_is_unassigned_is_not_stored(nothing: Any) -> None:
    assert "emails" not in accept({"userName": "ada", "emails": nothing}, USER)


@pytest.mark.parametrize("nothing", [None, {}, {"givenName": None}])
def test_an_empty_complex_value_is_not_stored(nothing: Any) -> None:
    assert "name" not in accept({"userName": "ada", "name": nothing}, USER)


def test_false_zero_and_the_empty_string_are_values() -> None:
    stored = accept({"userName": "ada", "active": False, "title": ""}, USER)
    assert (stored["active"], stored["title"]) == (False, "")


@pytest.mark.parametrize(
    "part",
    [
        {"active": "yes"}, {"active": 1}, {"title": 42}, {"title": ["x"]}, {"title": {}}, {"name": "Ada"},
        {"name": []},
        {"emails": "a@example.com"}, {"emails": ["a@example.com"]}, {"emails": {"value": 1}},
        {"emails": [{"value": 1}]}, {"emails": [{"value": "a", "primary": "1"}]},
        {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]},
        {"x509Certificates": [{"value": "not base64!"}]}, {"userName": None}, {"userName": ""}, {"userName": "  "},
        {"userName": 7}, {urns.ENTERPRISE: "x"}, {urns.ENTERPRISE: {"manager": "1"}}, {"title": "\ud800"},
    ],
)
def test_a_value_of_the_wrong_kind_is_invalid(part: dict[str, Any]) -> None:
    assert refused({"schemas": [urns.USER], "userName": "ada", **part}) == (400, "invalidValue")


@pytest.mark.parametrize(
    "body",
    [
        [], "x", None, {"userName": "a", "schemas": []}, {"userName": "a", "schemas": "x"},
        {"userName": "a", "schemas": [urns.GROUP]}, {"userName": "a", "schemas": [1]},
        {"userName": "a", "USERNAME": "b"}, {"userName": "a", "name": {"givenName": "A", "GivenName": "B"}},
        {"userName": "a", urns.ENTERPRISE: {"division": "A", "DIVISION": "B"}},
        {"userName": "a", urns.ENTERPRISE: {}, urns.ENTERPRISE.upper(): {}},
    ],
)
def test_a_body_that_is_no_such_resource_is_refused(body: Any) -> None:
    assert refused(body) == (400, "invalidSyntax")


def test_a_required_attribute_must_be_there() -> None:
    assert refused({"displayName": "x"}) == (400, "invalidValue")
    assert refused({"members": []}, kind=GROUP) == (400, "invalidValue")


def test_a_member_needs_an_id_and_stands_once() -> None:
    assert refused({"displayName": "x", "members": [{"display": "Ada"}]}, kind=GROUP) == (400, "invalidValue")
    twice = [{"value": "1", "display": "Ada"}, {"value": "1", "display": "A."}, {"value": "2"}]
    assert accept({"displayName": "x", "members": twice}, GROUP)["members"] == [twice[0], twice[2]]


def test_the_types_of_numbers_and_dates_are_checked() -> None:
    names = ["integer", "decimal", "dateTime"]
    lab = schema_from_json({"id": "urn:x:lab:2.0:User", "attributes": [{"name": n, "type": n} for n in names]})
    kind = replace(USER, extensions=(Extension(lab),))
    good = {"integer": 3, "decimal": 2.5, "dateTime": "2024-02-29T12:00:00.5+01:00"}
    assert accept({"userName": "a", lab.id: good}, kind)[lab.id] == good
    bad = {
        "integer": [2.5, True, "3"], "decimal": ["2.5", False, float("nan")],
        "dateTime": ["2024-02-29", 5, "2023-02-29T12:00:00Z"],
    }
    for name, values in bad.items():
        for value in values:
            assert refused({"userName": "a", lab.id: {name: value}}, kind=kind) == (400, "invalidValue")


def test_a_required_extension_must_be_there() -> None:
    enterprise = USER.extensions[0].schema
    kind = replace(USER, extensions=(Extension(enterprise, required=True),))
    assert refused({"userName": "a"}, kind=kind) == (400, "invalidValue")
    held = accept({"userName": "a", enterprise.id: {"division": "x"}}, kind)
    for operation in ("remove", "replace"):
        body = {"schemas": [urns.PATCH_OP], "Operations": [{"op": operation, "path": enterprise.id, "value": None}]}
        with pytest.raises(ScimError) as error:
            apply_patch(held, body, kind)
        assert error.value.scim_type == "mutability"


def test_a_value_has_the_parts_it_requires() -> None:
    key = {"name": "key", "type": "complex", "multiValued": True,
           "subAttributes": [{"name": "value", "required": True}, {"name": "note"}]}
    lab = schema_from_json({"id": "urn:x:lab:2.0:User", "attributes": [key]})
    kind = replace(USER, extensions=(Extension(lab),))
    assert accept({"userName": "a", lab.id: {"key": []}}, kind)["schemas"] == [urns.USER]
    assert refused({"userName": "a", lab.id: {"key": [{"note": "x"}]}}, kind=kind) == (400, "invalidValue")


BEFORE: dict[str, Any] = {
    "schemas": [urns.USER], "id": "1", "userName": "ada", "title": "Engineer", "password": "secret",
    "groups": [{"value": "g"}], "active": False, "meta": {"resourceType": "User", "version": 'W/"1"'},
}


def test_a_put_replaces_and_keeps_what_the_client_cannot_see_or_set() -> None:
    untouched = deepcopy(BEFORE)
    after = accept({"userName": "ada2", "id": "9", "groups": [], "meta": {}}, USER, existing=BEFORE)
    assert after == {
        "schemas": [urns.USER], "id": "1", "userName": "ada2", "password": "secret", "groups": [{"value": "g"}],
        "meta": BEFORE["meta"],
    }
    assert untouched == BEFORE


def test_a_put_with_a_password_changes_it() -> None:
    assert accept({"userName": "ada", "password": "new"}, USER, existing=BEFORE)["password"] == "new"


def test_an_immutable_attribute_is_set_once() -> None:
    badge = schema_from_json({"id": "urn:x:lab:2.0:User", "attributes": [{"name": "badge", "mutability": "immutable"}]})
    kind = replace(USER, extensions=(Extension(badge),))
    first = accept({"userName": "a", badge.id: {"badge": "7"}}, kind, existing={"id": "1", "userName": "a"})
    assert first[badge.id] == {"badge": "7"}
    for same in ({badge.id: {"badge": "7"}}, {}):
        assert accept({"userName": "a", **same}, kind, existing=first)[badge.id] == {"badge": "7"}
    assert refused({"userName": "a", badge.id: {"badge": "8"}}, kind=kind, existing=first) == (400, "mutability")


def test_what_cannot_change_inside_a_complex_value_stays() -> None:
    """RFC 7644 §3.5.1, for sub-attributes: an immutable one matches, a readOnly one is ignored."""
    subs = [{"name": "code", "mutability": "immutable"}, {"name": "owner", "mutability": "readOnly"}, {"name": "note"}]
    lab = schema_from_json(
        {"id": "urn:x:lab:2.0:User", "attributes": [{"name": "site", "type": "complex", "subAttributes": subs}]}
    )
    kind = replace(USER, extensions=(Extension(lab),))
    before = {"id": "1", "userName": "a", lab.id: {"site": {"code": "N", "owner": "Bo", "note": "x"}}}

    def put(site: Any) -> Any:
        return accept({"userName": "a", lab.id: {"site": site}}, kind, existing=before)[lab.id]["site"]

    assert put({"code": "N", "owner": "Me", "note": "y"}) == {"code": "N", "owner": "Bo", "note": "y"}
    assert put({"note": "y"}) == {"code": "N", "owner": "Bo", "note": "y"}
    other = {"userName": "a", lab.id: {"site": {"code": "S"}}}
    assert refused(other, kind=kind, existing=before) == (400, "mutability")


# --- identical: is there anything to store?


def test_meta_order_and_primary_false_are_no_change() -> None:
    one = {**BEFORE, "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": False}]}
    two = {**BEFORE, "meta": {}, "emails": [{"value": "b"}, {"value": "a", "primary": True}], "phoneNumbers": []}
    assert identical(one, two, USER)


@pytest.mark.parametrize(
    "change",
    [
        {"userName": "ADA"}, {"title": None}, {"active": True}, {"emails": [{"value": "a"}]}, {"password": "other"},
        {urns.ENTERPRISE: {"department": "x"}}, {"externalId": "x"}, {"title": ""}, {"name": {"givenName": "Ada"}},
    ],
)
def test_any_other_difference_is_a_change(change: dict[str, Any]) -> None:
    assert not identical(BEFORE, {**BEFORE, **change}, USER)


texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5).filter(str.strip)
elements = st.fixed_dictionaries({}, optional={"value": texts, "type": texts, "primary": st.just(False), "odd": texts})
bodies = st.fixed_dictionaries(
    {"userName": texts},
    optional={
        "title": texts | st.none(), "active": st.booleans(), "emails": st.lists(elements, max_size=3),
        "name": st.fixed_dictionaries({}, optional={"givenName": texts, "odd": texts}),
        urns.ENTERPRISE: st.fixed_dictionaries({}, optional={"department": texts | st.none()}),
    },
)


@settings(max_examples=60)
@given(bodies)
def test_what_was_accepted_is_accepted_again_unchanged(body: dict[str, Any]) -> None:
    once = accept(body, USER)
    assert accept(once, USER) == once
    assert identical(once, accept(body, USER, existing=once), USER)
