"""What holds for every PATCH (RFC 7644 §3.5.2), tried on made-up users, groups, operations and nonsense."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scimrig_simulator.scim import tolerances, urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.patch import apply_patch
from scimrig_simulator.scim.paths import select
from scimrig_simulator.scim.schemas import builtin
from scimrig_simulator.scim.validation import accept, identical

USER = builtin().resource_type("User")
GROUP = builtin().resource_type("Group")
few = settings(max_examples=60)
many = settings(max_examples=700)

Json = dict[str, Any]

# --- made-up resources and operations

words = st.sampled_from(["ada", "Ada", "work", "home", "x", "é"])
email = st.fixed_dictionaries(
    {"value": words.map("{}@example.com".format)}, optional={"type": words, "display": words, "primary": st.just(False)}
)
emails = st.lists(
    email, min_size=1, max_size=4, unique_by=lambda one: (one["value"].lower(), one.get("type", "").lower())
)
phones = st.lists(st.builds(dict, value=words), min_size=1, max_size=3, unique_by=lambda one: one["value"].lower())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "title": words, "nickName": words, "externalId": words, "active": st.booleans(), "name.givenName": words,
    "name.familyName": words, "emails": emails, "phoneNumbers": phones,
    "name": st.fixed_dictionaries({"givenName": words}, optional={"familyName": words}),
    f"{urns.ENTERPRISE}:department": words, f"{urns.ENTERPRISE}:manager.value": words,
}
PATHS = sorted(VALUES)
SINGLE = [path for path in PATHS if path not in ("emails", "phoneNumbers", "name")]


@st.composite
def users(draw: st.DrawFn) -> Json:
    """A stored user, with one of the e-mails primary or none."""
    body: Json = {"userName": draw(words)}
    for path in ("title", "externalId", "active", "name", "emails", "phoneNumbers"):
        if draw(st.booleans()):
            body[path] = draw(VALUES[path])
    if "emails" in body and draw(st.booleans()):
        body["emails"][0]["primary"] = True
    if draw(st.booleans()):
        body[urns.ENTERPRISE] = {"department": draw(words), "manager": {"value": draw(words)}}
    readonly = {"id": "u-1", "groups": [{"value": "g-1"}], "meta": {"resourceType": "User", "version": 'W/"1"'}}
    return {**accept(body, USER), **readonly}


def write(paths: list[str], *ops: str) -> st.SearchStrategy[Json]:
    return st.sampled_from(paths).flatmap(
        lambda path: st.fixed_dictionaries({"op": st.sampled_from(ops), "path": st.just(path), "value": VALUES[path]})
    )


removals = st.sampled_from(PATHS).map(lambda path: {"op": "remove", "path": path})
through_filters = st.builds(
    lambda op, kind, sub, word: {"op": op, "path": f'emails[type eq "{kind}"].{sub}', "value": word},
    st.sampled_from(["add", "replace"]), words, st.sampled_from(["display", "type"]), words,
)
operations = st.lists(write(PATHS, "add", "replace") | removals | through_filters, min_size=1, max_size=4)


def patched(user: Json, *ops: Json, leniency: tolerances.Leniency = tolerances.STANDARD) -> Json:
    return apply_patch(user, {"schemas": [urns.PATCH_OP], "Operations": list(ops)}, USER, leniency=leniency)


def same(one: Json, other: Json) -> bool:
    return identical(one, other, USER)


# --- all or nothing


def nothing_is_half_done(user: Json, ops: list[Json]) -> None:
    before, sent = deepcopy(user), deepcopy(ops)
    refused: ScimError | None = None
    after: Json = {}
    try:
        after = patched(user, *ops)
    except ScimError as error:
        refused = error
    if refused is not None:
        assert refused.status == 400
        assert refused.detail.startswith("Operation ")
    else:
        assert (after["id"], after["meta"], after["groups"]) == (before["id"], before["meta"], before["groups"])
        assert same(accept(after, USER, existing=after), after)
        assert [one.get("primary") for one in after.get("emails", [])].count(True) <= 1
    assert (user, ops) == (before, sent)


@few
@given(users(), operations)
def test_a_patch_is_done_whole_or_not_at_all_and_its_arguments_stay(user: Json, ops: list[Json]) -> None:
    nothing_is_half_done(user, ops)


@pytest.mark.slow
@many
@given(users(), operations)
def test_many_patches_are_done_whole_or_not_at_all(user: Json, ops: list[Json]) -> None:
    nothing_is_half_done(user, ops)


@few
@given(users(), operations, st.sampled_from(["id", "meta.created", "groups", "nothing", "name.nothing", "emails["]))
def test_an_operation_that_fails_undoes_those_before_it(user: Json, ops: list[Json], path: str) -> None:
    before = deepcopy(user)
    with pytest.raises(ScimError):
        patched(user, *ops, {"op": "replace", "path": path, "value": "x"})
    assert user == before


@few
@given(users(), operations)
def test_operations_one_by_one_do_what_they_do_together(user: Json, ops: list[Json]) -> None:
    try:
        together = patched(user, *ops)
    except ScimError:
        return
    for one in ops:
        user = patched(user, one)
    assert same(user, together)


@few
@given(users(), operations)
def test_an_operation_without_a_path_does_what_it_does_at_that_path(user: Json, ops: list[Json]) -> None:
    """RFC 7644 §3.5.2.1, §3.5.2.3: the value then holds the attributes."""
    for one in ops:
        path = one["path"]
        if one["op"] != "remove" and "[" not in path and "." not in path.replace("2.0", ""):
            urn, colon, name = path.rpartition(":")
            value = {urn: {name: one["value"]}} if colon else {name: one["value"]}
            assert same(patched(user, {"op": one["op"], "value": value}), patched(user, one))


# --- what comes of it


@few
@given(users(), write(PATHS, "replace", "add"))
def test_what_was_written_is_there(user: Json, one: Json) -> None:
    found = select(patched(user, one), one["path"], USER)
    given = one["value"] if isinstance(one["value"], list) else [one["value"]]
    if one["path"] in SINGLE:
        assert found == given
    elif one["path"] == "name":
        assert found[0].items() >= given[0].items()
    else:
        assert {item["value"] for item in given} <= {item["value"] for item in found}


@few
@given(users(), write(PATHS, "replace", "add"))
def test_writing_twice_is_writing_once(user: Json, one: Json) -> None:
    once = patched(user, one)
    assert same(patched(once, one), once)
    assert same(patched(user, one, one), once)


@few
@given(users(), removals)
def test_removing_twice_is_removing_once_and_leaves_nothing(user: Json, one: Json) -> None:
    once = patched(user, one)
    assert select(once, one["path"], USER) == []
    assert same(patched(once, one), once)


@few
@given(users(), write(PATHS, "replace"), write(PATHS, "replace"))
def test_the_last_replace_of_an_attribute_wins(user: Json, one: Json, other: Json) -> None:
    if one["path"] == other["path"] and one["path"] != "name":  # what a later name leaves out stays (§3.5.2.3)
        assert same(patched(user, one, other), patched(user, other))
    if one["path"].partition(".")[0] != other["path"].partition(".")[0]:
        assert same(patched(user, one, other), patched(user, other, one))


@few
@given(users(), st.sampled_from(PATHS))
def test_writing_what_is_there_changes_nothing(user: Json, path: str) -> None:
    """RFC 7644 §3.5.2.1: adding what exists is no change; so is replacing a value with itself."""
    held = select(user, path, USER)
    if held:
        value = held if path in ("emails", "phoneNumbers") else held[0]
        for op in ("add", "replace"):
            assert same(patched(user, {"op": op, "path": path, "value": deepcopy(value)}), user)


# --- there and back


@few
@given(users(), write(PATHS, "replace", "add"))
def test_a_patch_and_its_inverse_change_nothing(user: Json, one: Json) -> None:
    """Back: what was there is written again, what wasn't is removed."""
    path = one["path"].partition(".")[0] if not one["path"].startswith("urn:") else one["path"]
    held = select(user, path, USER)
    several = path in ("emails", "phoneNumbers")
    undo: list[Json] = [{"op": "remove", "path": path}]
    if held:
        undo.append({"op": "add", "path": path, "value": held if several else held[0]})
    assert same(patched(patched(user, one), *undo), user)


@few
@given(users(), email)
def test_a_value_added_and_removed_by_a_filter_leaves_the_others(user: Json, one: Json) -> None:
    fresh = {**one, "value": "fresh@example.com", "type": "fresh"}
    added = patched(user, {"op": "add", "path": "emails", "value": [fresh]})
    assert len(added["emails"]) == len(user.get("emails", [])) + 1
    assert same(patched(added, {"op": "remove", "path": 'emails[value eq "fresh@example.com"]'}), user)


groups = st.lists(st.sampled_from("abcdef"), unique=True).map(
    lambda ids: {**accept({"displayName": "Crew", "members": [{"value": id} for id in ids]}, GROUP), "id": "g-1"}
)


@few
@given(groups, st.lists(st.sampled_from("abcdefgh"), min_size=1, unique=True))
def test_members_added_and_removed_are_a_union_and_a_difference(group: Json, ids: list[str]) -> None:
    def crew(operation: Json) -> list[str]:
        body = {"schemas": [urns.PATCH_OP], "Operations": [operation]}
        return sorted(one["value"] for one in apply_patch(group, body, GROUP).get("members", []))

    before, members = {one["value"] for one in group.get("members", [])}, [{"value": id} for id in ids]
    condition = " or ".join(f'value eq "{id}"' for id in ids)
    assert crew({"op": "add", "path": "members", "value": members}) == sorted(before | set(ids))
    assert crew({"op": "replace", "path": "members", "value": members}) == sorted(ids)
    assert crew({"op": "remove", "path": f"members[{condition}]"}) == sorted(before - set(ids))
    assert crew({"op": "remove", "path": "members"}) == []


# --- nonsense

KEYS = ["op", "Op", "path", "value", "schemas", "Operations", "operations", "emails", "name", "name.givenName", "type",
        "primary", "active", "id", "password", "manager", urns.ENTERPRISE, urns.USER, "", "x", "$ref", "meta"]
TEXTS = [
    "add", "replace", "remove", "Add", "emails", 'emails[type eq "work"]', 'emails[type eq "work"].value', "emails[",
    "emails[primary eq true]", "emails[primary gt 1]", "name.givenName", "active", "True", "id", "schemas", "meta",
    "userName", "password", urns.USER, urns.ENTERPRISE, f"{urns.ENTERPRISE}:manager",
    f"{urns.ENTERPRISE}:manager.value",
    "members", 'members[value eq "a"]', "", "x.y.z", "x509Certificates.value", "\x00", "addresses.type",
]
nonsense = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TEXTS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
odd_operations = st.lists(st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "replace", "remove", "REPLACE"])},
    optional={"path": st.sampled_from(TEXTS) | st.text(max_size=8), "value": nonsense},
), max_size=3).map(lambda ops: {"schemas": [urns.PATCH_OP], "Operations": ops})


def only_scim_errors_are_raised(resource: Json, body: Any) -> None:
    before, refusals = deepcopy(resource), []
    for leniency in (tolerances.STANDARD, tolerances.NONE):
        for kind in (USER, GROUP):
            try:
                assert isinstance(apply_patch(resource, body, kind, leniency=leniency), dict)
            except ScimError as error:
                refusals.append(error)
    assert all(error.status == 400 and error.detail for error in refusals)
    assert resource == before


@settings(max_examples=150)
@given(users(), odd_operations | nonsense)
def test_nonsense_raises_nothing_but_scim_errors(user: Json, body: Any) -> None:
    only_scim_errors_are_raised(user, body)


@pytest.mark.slow
@many
@given(users(), odd_operations)
def test_much_nonsense_raises_nothing_but_scim_errors(user: Json, body: Any) -> None:
    only_scim_errors_are_raised(user, body)
