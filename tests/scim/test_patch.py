"""PATCH beyond the corpus: rules that hold for every request, and what the corpus leaves out.

RFC 7644 §3.5.2; idp-dialects by chapter.
"""

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
MANAGER = f"{urns.ENTERPRISE}:manager"

ADA = {
    **accept(
        {
            "userName": "ada", "title": "Engineer", "active": True, "name": {"givenName": "Ada", "familyName": "Lee"},
            "emails": [
                {"value": "a@w.example", "type": "work", "primary": True}, {"value": "a@h.example", "type": "home"},
            ],
            "phoneNumbers": [{"value": "1", "type": "work"}], urns.ENTERPRISE: {"department": "R&D"},
        },
        USER,
    ),
    "id": "u-1",
    "groups": [{"value": "g-1"}],
    "meta": {"resourceType": "User", "version": 'W/"1"'},
}
CREW = {**accept({"displayName": "Crew", "members": [{"value": "a"}, {"value": "b"}]}, GROUP), "id": "g-1"}


def body(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [urns.PATCH_OP], "Operations": list(operations)}


def op(name: str, path: str | None = None, **value: Any) -> dict[str, Any]:
    return {"op": name, **({"path": path} if path is not None else {}), **value}


def patched(*operations: dict[str, Any], **how: Any) -> dict[str, Any]:
    return apply_patch(ADA, body(*operations), USER, **how)


def crew(*operations: dict[str, Any], **how: Any) -> list[str]:
    after = apply_patch(CREW, body(*operations), GROUP, **how)
    return [member["value"] for member in after.get("members", [])]


def refused(*operations: dict[str, Any], **how: Any) -> str | None:
    with pytest.raises(ScimError) as error:
        patched(*operations, **how)
    assert error.value.status == 400
    return error.value.scim_type


# --- every request

texts = st.text("abz .'é", min_size=1, max_size=4).filter(str.strip)
elements = st.fixed_dictionaries(
    {"value": texts}, optional={"type": st.sampled_from(["work", "home", "other"]), "primary": st.booleans()}
)
good = st.one_of(
    st.builds(lambda v: op("replace", "title", value=v), texts | st.none()),
    st.builds(lambda v: op("Add", "name.middleName", value=v), texts),
    st.builds(lambda v: op("add", "emails", value=[v]), elements),
    st.builds(lambda v: op("replace", 'emails[type eq "home"].value', value=v), texts),
    st.builds(lambda v: op("replace", value={"active": v, "displayName": "x"}), st.sampled_from([True, "False"])),
    st.builds(lambda p: op("remove", p), st.sampled_from(["title", "emails", 'emails[type eq "work"]', "ims"])),
    st.builds(lambda v: op("add", MANAGER, value=v), texts),
    st.builds(lambda v: op("replace", "emails", value=v), st.lists(elements, max_size=3)),
)
bad = st.sampled_from(
    [
        op("remove"), op("move", "title", value="x"), op("replace", "id", value="x"), op("add", "title"),
        op("replace", "userName", value=None), op("replace", "active", value="maybe"), op("add", "emails[", value="x"),
        op("replace", 'ims[type eq "x"].value', value="y"), op("replace", value="x"), op("add", "nothing", value="x"),
        op("replace", "emails", value=[{"value": "1", "primary": True}, {"value": "2", "primary": True}]),
    ]
)
few = settings(max_examples=60)


def outcome(resource: dict[str, Any], operations: list[dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return apply_patch(resource, body(*operations), USER)
    except ScimError:
        return None


@few
@given(st.lists(good, max_size=4), bad, st.lists(good, max_size=2))
def test_one_bad_operation_anywhere_undoes_all(
    before: list[dict[str, Any]], wrong: dict[str, Any], after: list[dict[str, Any]]
) -> None:
    resource = deepcopy(ADA)
    assert outcome(resource, [*before, wrong, *after]) is None
    assert resource == ADA


@few
@given(st.lists(good, min_size=1, max_size=5))
def test_the_given_resource_and_the_request_are_never_touched(operations: list[dict[str, Any]]) -> None:
    resource, sent = deepcopy(ADA), deepcopy(operations)
    after = outcome(resource, operations)
    assert (resource, operations) == (ADA, sent)
    if after is not None:
        after["name"]["givenName"] = "Eve"
        after.get("emails", [{}])[0].clear()
    assert (resource, operations) == (ADA, sent)


@few
@given(st.lists(good, min_size=1, max_size=5))
def test_what_comes_out_is_a_sound_resource(operations: list[dict[str, Any]]) -> None:
    after = outcome(ADA, operations)
    if after is None:
        return
    assert identical(accept(after, USER, existing=after), after, USER)
    assert sum(1 for mail in after.get("emails", []) if mail.get("primary")) <= 1
    assert {"id", "groups", "meta"} <= set(after)


@few
@given(st.lists(good, min_size=1, max_size=3))
def test_operations_in_one_request_do_what_they_do_in_several(operations: list[dict[str, Any]]) -> None:
    step: dict[str, Any] | None = ADA
    for one in operations:
        step = outcome(step, [one]) if step is not None else None
    assert outcome(ADA, operations) == step


@few
@given(good)
def test_the_same_request_twice_changes_nothing_more(operation: dict[str, Any]) -> None:
    once = outcome(ADA, [operation])
    if once is not None and (twice := outcome(once, [operation])) is not None:
        assert identical(once, twice, USER)


def test_an_error_names_the_operation() -> None:
    with pytest.raises(ScimError, match=r"Operation 2: .*readOnly"):
        patched(op("replace", "title", value="x"), op("replace", "id", value="x"))


# --- add


def test_a_made_value_is_the_one_its_filter_describes() -> None:
    made = patched(op("Add", 'addresses[type eq "work" and primary eq true].locality', value="Oslo"))
    assert made["addresses"] == [{"locality": "Oslo", "type": "work", "primary": True}]


@pytest.mark.parametrize(
    "path",
    [
        'ims[type ne "x"].value', 'ims[type eq "x" or type eq "y"].value', 'ims[not (type eq "x")].value',
        "ims[type pr].value", 'ims[type eq "x" and type eq "y"].value', 'ims[odd eq "x"].value',
        'ims[type eq "x" and value co "y"].value',
    ],
)
def test_a_filter_that_describes_no_value_makes_none(path: str) -> None:
    assert refused(op("Add", path, value="v")) == "noTarget"


def test_a_member_is_never_made_from_a_filter() -> None:
    with pytest.raises(ScimError, match="no value matches"):
        crew(op("Add", 'members[value eq "z"].display', value="Zoe"))


def test_adding_a_member_again_changes_nothing_whatever_is_said_about_it() -> None:
    again = op("add", "members", value=[{"value": "a", "display": "Ada", "$ref": "https://x/Users/a", "type": "User"}])
    assert identical(apply_patch(CREW, body(again), GROUP), CREW, GROUP)


def test_adding_the_same_type_and_value_again_completes_the_value() -> None:
    after = patched(op("add", "emails", value=[{"value": "A@H.example", "type": "home", "primary": True}]))
    assert after["emails"] == [
        {"value": "a@w.example", "type": "work", "primary": False},
        {"value": "A@H.example", "type": "home", "primary": True},
    ]


def test_null_adds_nothing() -> None:
    for path in ("title", "emails", "name", "name.givenName", 'emails[type eq "work"].value'):
        assert identical(ADA, patched(op("add", path, value=None)), USER)


def test_a_list_without_a_filter_lets_each_value_change() -> None:
    after = patched(op("replace", "emails.display", value="Mail"))
    assert [mail["display"] for mail in after["emails"]] == ["Mail", "Mail"]


@pytest.mark.parametrize("name", ["add", "replace"])
def test_a_sub_attribute_of_a_list_that_is_not_there_makes_the_first_value(name: str) -> None:
    """There is no filter that could find nothing, and what doesn't exist is added (§3.5.2.1, §3.5.2.3)."""
    assert patched(op(name, "ims.value", value="ada"))["ims"] == [{"value": "ada"}]


# --- replace


def test_null_inside_a_complex_value_unassigns_that_part() -> None:
    assert patched(op("replace", "name", value={"givenName": None}))["name"] == {"familyName": "Lee"}
    assert "name" not in patched(op("replace", "name", value={"givenName": None, "familyName": None}))


@pytest.mark.parametrize("nothing", [None, "", " "])
def test_a_required_attribute_cannot_be_emptied(nothing: str | None) -> None:
    assert refused(op("replace", "userName", value=nothing)) == "invalidValue"
    assert refused(op("replace", value={"userName": nothing})) == "invalidValue"


def test_null_through_a_filter_takes_the_values_away() -> None:
    assert [mail["type"] for mail in patched(op("replace", 'emails[type eq "home"]', value=None))["emails"]] == ["work"]


@pytest.mark.parametrize("path", ['emails[type eq "home"]', 'emails[type eq "home"].primary'])
def test_marking_a_value_primary_unmarks_the_others_only(path: str) -> None:
    value = True if path.endswith("primary") else {"value": "n@x.example", "primary": True}
    after = patched(op("replace", path, value=value))
    assert [mail.get("primary") for mail in after["emails"]] == [False, True]


def test_two_primaries_at_once_are_refused() -> None:
    assert refused(op("replace", "emails[type pr].primary", value=True)) == "invalidValue"


def test_unmarking_or_removing_the_primary_promotes_nobody() -> None:
    primary = "emails[primary eq true]"
    for operation in (op("replace", f"{primary}.primary", value=False), op("remove", primary)):
        assert not any(mail.get("primary") for mail in patched(operation)["emails"])


def test_an_extension_is_merged_replaced_by_null_and_removed() -> None:
    merged = patched(op("replace", value={urns.ENTERPRISE: {"division": "x"}}))
    assert merged[urns.ENTERPRISE] == {"division": "x", "department": "R&D"}
    null = op("replace", value={urns.ENTERPRISE: None})
    for operation in (null, op("remove", urns.ENTERPRISE), op("remove", f"{urns.ENTERPRISE}:department")):
        after = patched(operation)
        assert urns.ENTERPRISE not in after
        assert after["schemas"] == [urns.USER]


def test_the_core_schema_as_a_container_holds_the_resources_own_attributes() -> None:
    assert patched(op("replace", urns.USER, value={"title": "Lead"}))["title"] == "Lead"
    assert refused(op("remove", urns.USER)) == "mutability"
    assert refused(op("replace", urns.USER, value={"groups": []})) == "mutability"


# --- remove


def test_remove_lists_values_by_what_they_say() -> None:
    after = patched(op("remove", "emails", value=[{"type": "HOME"}, {"value": "x", "type": "work"}]))
    assert [mail["type"] for mail in after["emails"]] == ["work"]


@pytest.mark.parametrize("value", [[{}], [{"odd": 1}], [{"value": None}], [7], 7])
def test_a_listed_value_that_names_nothing_is_refused_before_it_removes_all(value: Any) -> None:
    assert refused(op("remove", "emails", value=value)) == "invalidValue"


@pytest.mark.parametrize(("value", "left"), [([], ["a", "b"]), ("a", ["b"]), ({"value": "a"}, ["b"]), (None, [])])
def test_remove_takes_what_its_value_lists(value: Any, left: list[str]) -> None:
    assert crew(op("remove", "members", value=value)) == left


def test_removing_sub_attributes_of_each_value() -> None:
    untyped = patched(op("remove", "emails.type"))["emails"]
    assert untyped == [{"value": "a@w.example", "primary": True}, {"value": "a@h.example"}]
    assert "phoneNumbers" not in patched(op("remove", "phoneNumbers.type"), op("remove", "phoneNumbers.value"))


@pytest.mark.parametrize("path", ["userName", "id", "meta.version", "groups", 'groups[value eq "g-1"]', "schemas"])
def test_what_is_required_or_read_only_cannot_be_removed(path: str) -> None:
    assert refused(op("remove", path)) == "mutability"


# --- mutability and paths


@pytest.mark.parametrize(
    "value",
    [{"id": "u-2"}, {"meta": {"version": "other"}}, {"groups": []}, {"groups": [{"value": "g-2"}]}, {"ID": None}],
)
def test_a_read_only_member_with_another_value_is_refused(value: dict[str, Any]) -> None:
    assert refused(op("replace", value=value)) == "mutability"


@pytest.mark.parametrize(
    "value", [{"id": "u-1"}, {"meta": {"version": 'W/"1"'}}, {"groups": [{"value": "g-1"}]}, {"schemas": [urns.USER]}]
)
def test_a_read_only_member_with_its_own_value_is_let_pass(value: dict[str, Any]) -> None:
    assert identical(ADA, patched(op("replace", value=value)), USER)


@pytest.mark.parametrize("path", ["id", "meta.version", "groups"])
def test_a_path_to_what_is_read_only_is_refused_even_with_its_own_value(path: str) -> None:
    own = {"id": "u-1", "meta.version": 'W/"1"', "groups": [{"value": "g-1"}]}[path]
    assert refused(op("replace", path, value=own)) == "mutability"


def test_an_immutable_attribute_is_set_once() -> None:
    lab = schema_from_json({"id": "urn:x:lab:2.0:User", "attributes": [{"name": "badge", "mutability": "immutable"}]})
    kind = replace(USER, extensions=(Extension(lab),))
    place = f"{lab.id}:badge"
    first = apply_patch(ADA, body(op("add", place, value="7")), kind)
    assert apply_patch(first, body(op("replace", place, value="7")), kind) == first
    for operation in (op("replace", place, value="8"), op("replace", place, value=None), op("remove", place)):
        with pytest.raises(ScimError) as error:
            apply_patch(first, body(operation), kind)
        assert error.value.scim_type == "mutability"


def test_the_id_of_a_member_is_immutable_the_list_is_not() -> None:
    with pytest.raises(ScimError) as error:
        crew(op("replace", 'members[value eq "a"].value', value="c"))
    assert error.value.scim_type == "mutability"
    assert crew(op("replace", "members", value=[{"value": "c"}])) == ["c"]


@pytest.mark.parametrize(
    "path",
    [
        "nothing", "name.nothing", "title.x", 'title[value eq "x"]', 'emails[type eq "work"].nothing', "department",
        "urn:x:nothing:2.0:User:y",
    ],
)
def test_a_path_to_nothing_is_invalid(path: str) -> None:
    assert refused(op("replace", path, value="x")) == "invalidPath"


def test_an_unknown_member_without_a_path_is_refused_rather_than_lost() -> None:
    assert refused(op("replace", value={"colour": "blue", "title": "x"})) == "invalidPath"


def test_schemas_follows_from_the_attributes() -> None:
    both = op("add", "schemas", value=[urns.USER, urns.ENTERPRISE])
    assert identical(ADA, patched(both), USER)
    assert refused(op("add", "schemas", value=["urn:x"])) == "invalidValue"


def test_many_members_come_and_go() -> None:
    big = accept({"displayName": "Big", "members": [{"value": f"u{n}"} for n in range(3_000)]}, GROUP)
    more = op("add", "members", value=[{"value": f"u{n}"} for n in range(2_000, 5_000)])
    fewer = op("remove", "members", value=[{"value": f"u{n}"} for n in range(4_000)])
    assert len(apply_patch(big, body(more, fewer), GROUP)["members"]) == 1_000
