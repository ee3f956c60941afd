"""After minus before must equal the intent: every way to miss it, and what must never count as a miss."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.evidence import Reading, Sight
from scimrig.frame import Miss, disturbed, missed
from scimrig.survey import SURVEYED, Survey
from scimrig_simulator.scim import urns

ALL_KEPT = Survey(kept=SURVEYED)

ADA: dict[str, Any] = {
    "schemas": [urns.USER, urns.ENTERPRISE],
    "id": "u1",
    "userName": "ada@example.com",
    "externalId": "00u1",
    "name": {"givenName": "Ada", "familyName": "Sample", "formatted": "Ada Sample"},
    "displayName": "Ada Sample",
    "title": "Tester",
    "active": True,
    "emails": [{"value": "ada@example.com", "type": "work", "primary": True}],
    "phoneNumbers": [{"value": "+1-202-555-0100", "type": "work"}, {"value": "+1-202-555-0101", "type": "mobile"}],
    urns.ENTERPRISE: {"department": "QA"},
    "meta": {"resourceType": "User", "lastModified": "2026-01-01T00:00:00Z"},
}
CREW: dict[str, Any] = {
    "schemas": [urns.GROUP], "id": "g1", "displayName": "Crew", "members": [{"value": "u1"}, {"value": "u2"}],
}
FOUND_BY_ALL = ("by_id", "by_filter", "in_list")


def sight(resource: dict[str, Any] | None, *, kind: str = "User", ways: tuple[str, ...] = FOUND_BY_ALL) -> Sight:
    """A row seen in every way; None = gone."""
    readings = {
        way: Reading("found", resource, 1) if resource is not None and way in ways else Reading("absent")
        for way in FOUND_BY_ALL
    }
    return Sight("ada", kind, "u1", False, readings["by_id"], readings["by_filter"], readings["in_list"])


def with_(resource: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A copy with members changed; None removes one."""
    changed = {**resource, **changes}
    return {name: value for name, value in changed.items() if value is not None}


def misses(
    before: dict[str, Any] | None, after: dict[str, Any] | None, values: dict[str, Any],
    *, survey: Survey = ALL_KEPT, exists: bool = True,
) -> list[Miss]:
    return missed("User", exists, values, None, None if before is None else sight(before), sight(after), survey)


def kinds(found: list[Miss]) -> set[str]:
    return {miss.kind for miss in found}


def test_an_act_that_did_what_it_meant_is_no_miss() -> None:
    assert misses(ADA, with_(ADA, title="Chief"), {"title": "Chief"}) == []


def test_nothing_done_is_a_missed_effect() -> None:
    (miss,) = misses(ADA, ADA, {"active": False})
    assert (miss.kind, miss.path, miss.expected, miss.actual) == ("effect", "active", "false", "true")


def test_an_attribute_wiped_besides_is_a_loss() -> None:
    (miss,) = misses(ADA, with_(ADA, active=False, phoneNumbers=None)
                     | {"phoneNumbers": [ADA["phoneNumbers"][1]]}, {"active": False})
    assert (miss.kind, miss.path) == ("loss", "phoneNumbers")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"title": None}, "title"),
        ({"title": "Somebody else"}, "title"),
        ({"name": {"givenName": "Ada", "formatted": "Ada Sample"}}, "name.familyName"),
        ({"displayName": None}, "displayName"),
        ({urns.ENTERPRISE: None}, f"{urns.ENTERPRISE}:department"),
        ({"externalId": None}, "externalId"),
        ({"active": False}, "active"),
    ],
)
def test_whatever_else_changes_is_a_loss_that_names_the_attribute(changes: dict[str, Any], path: str) -> None:
    after = with_(ADA, nickName="Addie") | {"nickName": "Addie"}
    after = {name: value for name, value in {**after, **changes}.items() if value is not None}
    survey = Survey(kept=(*SURVEYED, "nickName"))
    found = misses(with_(ADA, nickName="old"), after, {"nickName": "Addie"}, survey=survey)
    assert {(miss.kind, miss.path) for miss in found} >= {("loss", path)}


def test_a_value_that_comes_unasked_is_an_extra() -> None:
    more = [*ADA["emails"], {"value": "ada@elsewhere.example", "type": "home"}]
    assert kinds(misses(ADA, with_(ADA, emails=more, title="Chief"), {"title": "Chief"})) == {"extra"}


def test_a_filtered_replace_that_touches_its_siblings_is_seen() -> None:
    both = [{"value": "new", "type": "work"}, {"value": "new", "type": "mobile"}]
    found = misses(ADA, with_(ADA, phoneNumbers=both), {'phoneNumbers[type eq "work"].value': "new"})
    assert kinds(found) == {"loss", "extra"}


@pytest.mark.parametrize(
    "after",
    [
        with_(ADA, userName="ADA@EXAMPLE.COM"),  # caseExact false
        with_(ADA, phoneNumbers=list(reversed(ADA["phoneNumbers"]))),  # order is free
        with_(ADA, emails=[{**ADA["emails"][0], "display": "ada"}]),  # server-made
        with_(ADA, meta={"resourceType": "User", "lastModified": "2026-02-02T00:00:00Z"}),
        with_(ADA, groups=[{"value": "g9"}]),  # readOnly mirror
        with_(ADA, nickName=None) | {"nickName": None},  # null = absent
        with_(ADA, roles=[]),  # empty = absent
        with_(ADA, lastLogin="2026-01-01"),  # not in the schema: not ours to judge
    ],
)
def test_what_the_schema_calls_equal_is_no_change(after: dict[str, Any]) -> None:
    assert misses(ADA, after, {"active": True}) == []


def test_a_name_that_the_server_recomputes_is_no_loss() -> None:
    name = {"givenName": "Ada", "familyName": "Example", "formatted": "Ada Example"}
    after = with_(ADA, name=name, displayName="Ada Example")
    assert misses(ADA, after, {"name.familyName": "Example"}) == []


def test_an_attribute_that_is_never_kept_is_not_forty_misses() -> None:
    plain = Survey(kept=("userName", "name.givenName"), dropped=("title",))
    assert misses(None, with_(ADA, title=None), {"title": "Tester"}, survey=plain) == []


@pytest.mark.parametrize("path", ["userName", "active", "externalId", "name.givenName", 'emails[type eq "work"].value'])
def test_what_idps_depend_on_counts_even_where_the_survey_saw_it_dropped(path: str) -> None:
    top = path.partition(".")[0].partition("[")[0]
    wanted = {"active": True}.get(path, "x")
    assert kinds(misses(None, with_(ADA, **{top: None}), {path: wanted}, survey=Survey(dropped=(path,)))) == {"effect"}


def test_only_the_formatted_name_is_a_servers_right() -> None:
    bare = with_(ADA, name={"formatted": "Ada Sample"})
    survey = Survey(kept=("name.formatted",), dropped=("name.givenName",))
    assert misses(None, bare, {"name.givenName": "Ada"}, survey=survey) == []


def test_a_cleared_value_must_be_gone() -> None:
    assert misses(ADA, with_(ADA, title=None), {"title": None}) == []
    assert misses(ADA, with_(ADA, title=""), {"title": None}) == []
    assert kinds(misses(ADA, ADA, {"title": None})) == {"effect"}


def test_two_values_where_one_was_meant_are_a_missed_effect() -> None:
    two = [*ADA["emails"], {"value": "second@example.com", "type": "work"}]
    assert "effect" in kinds(misses(ADA, with_(ADA, emails=two), {'emails[type eq "work"].value': "ada@example.com"}))


@pytest.mark.parametrize("hidden", FOUND_BY_ALL)
def test_a_row_must_be_found_in_every_way(hidden: str) -> None:
    ways = tuple(way for way in FOUND_BY_ALL if way != hidden)
    found = missed("User", True, {"active": True}, None, sight(ADA), sight(ADA, ways=ways), ALL_KEPT)
    assert kinds(found) == {"found"}


@pytest.mark.parametrize("seen", FOUND_BY_ALL)
def test_a_deleted_row_must_be_found_in_no_way(seen: str) -> None:
    found = missed("User", False, {}, None, sight(ADA), sight(ADA, ways=(seen,)), ALL_KEPT)
    assert kinds(found) == {"found"}
    assert missed("User", False, {}, None, sight(ADA), sight(None), ALL_KEPT) == []


def test_two_rows_for_one_name_are_seen() -> None:
    once = Reading("found", ADA, 1)
    twice = Sight("ada", "User", "u1", False, once, Reading("found", ADA, 2), once)
    assert kinds(missed("User", True, {}, None, None, twice, ALL_KEPT)) == {"found"}


def test_a_list_with_old_values_is_stale_and_one_with_fewer_attributes_is_not() -> None:
    fresh = with_(ADA, active=False)
    right = Reading("found", fresh)
    old_list = Sight("ada", "User", "u1", False, right, right, Reading("found", ADA))
    assert kinds(missed("User", True, {"active": False}, None, sight(ADA), old_list, ALL_KEPT)) == {"stale"}
    short = Reading("found", {"id": "u1", "userName": "ada@example.com"})
    brief = Sight("ada", "User", "u1", False, right, right, short)
    assert missed("User", True, {"active": False}, None, sight(ADA), brief, ALL_KEPT) == []


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (["u1", "u2"], set()),
        (["u2", "u1"], set()),
        (["u1"], {"effect"}),
        ([], {"effect"}),
        (["u1", "u2", "u3"], {"effect"}),
        (["u1", "u2", "u2"], {"extra"}),
    ],
)
def test_members_are_compared_as_a_set(members: list[str], expected: set[str]) -> None:
    after = with_(CREW, members=[{"value": member, "display": "x", "$ref": "y"} for member in members])
    found = missed(
        "Group", True, {"displayName": "Crew"}, ["u1", "u2"], sight(CREW, kind="Group"), sight(after, kind="Group"),
        ALL_KEPT,
    )
    assert kinds(found) == expected


def test_a_bystander_must_not_change() -> None:
    assert disturbed(sight(ADA), sight(ADA), set()) == []
    assert disturbed(sight(ADA), sight(with_(ADA, groups=[{"value": "g1"}])), set()) == []
    assert kinds(disturbed(sight(ADA), sight(None), set())) == {"bystander"}
    assert kinds(disturbed(sight(ADA), sight(with_(ADA, active=False)), set())) == {"bystander"}


def test_a_deleted_user_may_leave_the_groups() -> None:
    after = with_(CREW, members=[{"value": "u2"}])
    assert disturbed(sight(CREW, kind="Group"), sight(after, kind="Group"), {"u1"}) == []
    assert kinds(disturbed(sight(CREW, kind="Group"), sight(after, kind="Group"), set())) == {"bystander"}


def test_a_group_that_lost_its_last_member_by_a_delete_may_show_no_members() -> None:
    one = with_(CREW, members=[{"value": "u1"}])
    assert disturbed(sight(one, kind="Group"), sight(with_(CREW, members=None), kind="Group"), {"u1"}) == []


values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5))
resources = st.dictionaries(
    st.sampled_from(["userName", "active", "emails", "name", "title", urns.ENTERPRISE, "members", "x"]),
    st.one_of(values, st.lists(values, max_size=2), st.lists(st.dictionaries(st.text(max_size=5), values), max_size=2),
              st.dictionaries(st.sampled_from(["givenName", "value", "type"]), values)),
)


@given(before=resources, after=resources)
def test_odd_resources_are_judged_without_a_stumble(before: dict[str, Any], after: dict[str, Any]) -> None:
    misses(before, after, {"active": False, 'emails[type eq "work"].value': "x", "name.givenName": None})
    disturbed(sight(before), sight(after), set())


@given(resource=resources)
def test_what_did_not_change_is_never_lost(resource: dict[str, Any]) -> None:
    assert disturbed(sight(resource), sight(resource), set()) == []


UNTYPED = Survey(kept=(*SURVEYED, "emails.value"), dropped=('emails[type eq "work"].value',))


def mailed(*values: str) -> dict[str, Any]:
    return with_(ADA, emails=[{"value": value} for value in values])


def test_an_e_mail_whose_type_the_survey_missed_is_judged_by_its_value() -> None:
    work = {'emails[type eq "work"].value': "new@example.com"}
    assert misses(mailed("ada@example.com"), mailed("new@example.com"), work, survey=UNTYPED) == []
    assert misses(None, mailed("new@example.com"), work, survey=UNTYPED) == []
    assert kinds(misses(mailed("ada@example.com"), mailed("ada@example.com"), work, survey=UNTYPED)) == {"effect"}
    assert kinds(misses(None, mailed("new@example.com"), work)) == {"effect"}


def test_a_name_that_the_survey_saw_composed_is_not_judged_again() -> None:
    composing = Survey(kept=SURVEYED, normalised={"displayName": "made from the parts of the name"})
    assert misses(None, ADA, {"displayName": "Sample, Ada"}, survey=composing) == []
    assert kinds(misses(None, ADA, {"displayName": "Sample, Ada"})) == {"effect"}
    cased = Survey(kept=SURVEYED, normalised={"displayName": "lower-case"})
    assert kinds(misses(None, ADA, {"displayName": "Sample, Ada"}, survey=cased)) == {"effect"}
    renamed = missed("Group", True, {"displayName": "Other"}, None, None, sight(CREW, kind="Group"), composing)
    assert kinds(renamed) == {"effect"}
