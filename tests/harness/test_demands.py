"""What a target requires besides userName: how the survey finds it out, and which cases it keeps from being played."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.demands import DECLARED, REFUSED, declared, find_out, unmet
from scimrig.scenario.load import load
from scimrig.scenario.model import Place, Step
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import play
from scimrig_simulator.playbook import answer
from scimrig_simulator.scim import schemas, urns
from scimrig_simulator.wire import Reply, Send

WHOLE: dict[str, Any] = {
    "schemas": [urns.USER], "userName": "ada@example.com", "name": {"givenName": "Ada", "familyName": "Sample"},
    "displayName": "Ada Sample", "emails": [{"value": "ada@example.com"}], "active": True,
}  # fmt: skip
NEEDS_EMAIL = {"emails": DECLARED}


def catalogue(*attributes: dict[str, Any]) -> dict[str, Any]:
    user = {"id": urns.USER, "attributes": [{"name": "userName", "required": True}, *attributes]}
    return {"totalResults": 2, "Resources": [{"id": urns.GROUP}, user]}


# Out of /Schemas


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ({"name": "displayName", "required": True}, ("displayName",)),
        ({"name": "displayName", "required": False}, ()),
        ({"name": "displayName", "required": "true"}, ()),
        ({"name": "id", "required": True}, ()),  # sloppy, and no wish of anybody's
        ({"name": "schemas", "required": True}, ()),
        ({"name": "groups", "required": True, "mutability": "readOnly"}, ()),
        ({"name": "name", "subAttributes": [{"name": "familyName", "required": True}]}, ("name.familyName",)),
        (
            {"name": "name", "required": True, "subAttributes": [{"name": "familyName", "required": True}]},
            ("name", "name.familyName"),
        ),
    ],
)
def test_what_a_schema_requires(attribute: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert declared(catalogue(attribute)) == expected


def test_the_schema_of_the_rfc_requires_nothing_more() -> None:
    served = [schema.to_json("https://example.com") for schema in schemas.builtin().schemas]
    assert declared({"Resources": served}) == ()


@pytest.mark.parametrize("served", [{}, {"Resources": "none"}, {"Resources": [None, {"id": urns.GROUP}]}, {"x": 1}])
def test_a_catalogue_without_users_says_nothing(served: dict[str, Any]) -> None:
    assert declared(served) is None


@given(st.recursive(st.none() | st.booleans() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3)))
def test_a_schema_that_is_none_never_raises(odd: Any) -> None:
    user = {"id": urns.USER, "attributes": odd}
    assert declared({"Resources": [odd, user]}) == ()


# Out of what it does


class Demanding:
    """A target that refuses creates without some paths."""

    def __init__(self, *required: str, status: int = 400) -> None:
        self.required, self.status = required, status
        self.names: list[str] = []

    def exchange(self, request: Send) -> Reply:
        body = request.body
        assert isinstance(body, dict)
        self.names.append(str(body["userName"]))
        missing = [path for path in self.required if not _there(body, path)]
        return answer(self.status if missing else 201, {"id": "u1"})

    def close(self) -> None: ...


def _there(body: dict[str, Any], path: str) -> bool:
    name, _, part = path.partition(".")
    return name in body and (not part or part in body[name])


def found_out(target: Demanding, served: dict[str, Any]) -> dict[str, str]:
    return play(find_out(WHOLE, served), target, VirtualClock())


def test_a_schema_that_requires_nothing_more_is_believed() -> None:
    target = Demanding("name")
    assert found_out(target, catalogue()) == {}
    assert target.names == []  # a server that demands more than it declares is not excused


def test_a_schema_that_requires_more_is_believed_where_a_create_without_is_refused() -> None:
    served = catalogue({"name": "emails", "required": True})
    assert found_out(Demanding("emails"), served) == NEEDS_EMAIL
    assert found_out(Demanding("emails", status=422), served) == NEEDS_EMAIL
    assert found_out(Demanding(), served) == {}


@pytest.mark.parametrize("required", ["displayName", "emails", "name", "active"])
def test_without_a_schema_each_usual_attribute_is_tried(required: str) -> None:
    assert found_out(Demanding(required), {}) == {required: REFUSED}


def test_who_wants_a_part_wants_the_whole() -> None:
    assert found_out(Demanding("name.familyName"), {}) == {"name": REFUSED, "name.familyName": REFUSED}


def test_several_are_found_out_and_none_where_a_user_name_is_enough() -> None:
    assert found_out(Demanding("displayName", "emails"), {}) == {"displayName": REFUSED, "emails": REFUSED}
    assert found_out(Demanding(), {}) == {}


def test_nobody_is_created_twice_under_one_name() -> None:
    target = Demanding("active")
    found_out(target, {})
    assert len(set(target.names)) == len(target.names) > 5
    assert all(name.startswith("ada") and name.endswith("@example.com") for name in target.names)


# Cases


def sending(argument: dict[str, Any]) -> Step:
    return Step("s1", "", "send", "", argument, (), {}, Place("x.yaml", 1, 1))


def patching(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"PATCH": "/Users/${{ ada.id }}", "body": {"schemas": [urns.PATCH_OP], "Operations": list(operations)}}


@pytest.mark.parametrize(
    "argument",
    [
        {"POST": "/Users", "body": {"userName": "ada"}},
        {"POST": "/Users", "body": {"userName": "ada", "emails": []}},
        {"POST": "/users/", "body": {"userName": "ada", "emails": None}},
        {"PUT": "/Users/${{ ada.id }}", "body": {"userName": "ada"}},
        patching({"op": "remove", "path": "emails"}),
        patching({"op": "Remove", "path": f"{urns.USER}:emails"}),
        patching({"op": "replace", "path": "emails", "value": []}),
        patching({"op": "replace", "value": {"Emails": None}}),
        patching({"op": "replace", "path": "active", "value": True}, {"OP": "remove", "PATH": "EMAILS"}),
    ],
)
def test_a_request_that_lacks_or_removes_what_is_required_is_not_sent(argument: dict[str, Any]) -> None:
    assert unmet([sending(argument)], NEEDS_EMAIL) == "the target requires emails (its /Schemas says so)"
    assert unmet([sending(argument)], {}) == ""


@pytest.mark.parametrize(
    "argument",
    [
        {"POST": "/Users", "body": {"userName": "ada", "EMAILS": [{"value": "a@example.com"}]}},
        {"POST": "/Users", "body": "${{ kept.whole }}"},
        {"POST": "/Users", "raw": "{"},
        {"POST": "/Users", "body": {"userName": "ada"}, "token": "none"},  # 401, whatever the body is
        {"POST": "/Users/.search", "body": {"filter": "x"}},
        {"POST": "/Groups", "body": {"displayName": "Crew"}},
        {"PATCH": "/Groups/g", "body": {"Operations": [{"op": "remove", "path": "emails"}]}},
        {"GET": "/Users"},
        patching({"op": "remove", "path": 'emails[type eq "home"]'}),  # one value of several is not the whole
        patching({"op": "replace", "path": "active", "value": None}),
        patching({"op": "replace", "value": {"displayName": ""}}),
        {"PATCH": "/Users/u", "body": {"Operations": "text"}},
    ],
)
def test_other_requests_are_sent(argument: dict[str, Any]) -> None:
    assert unmet([sending(argument)], NEEDS_EMAIL) == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [({"familyName": "Sample"}, True), ({"FAMILYNAME": "Sample"}, True), ({"givenName": "Ada"}, False), (None, True)],
)
def test_a_part_is_required_of_what_is_there(name: Any, expected: bool) -> None:
    """Where name itself is required, the schema says that too."""
    step = sending({"POST": "/Users", "body": {"userName": "ada", "name": name}})
    assert (unmet([step], {"name.familyName": DECLARED}) == "") is expected


def test_all_that_is_lacking_is_named() -> None:
    step = sending({"POST": "/Users", "body": {"userName": "ada"}})
    assert unmet([step], {"displayName": REFUSED, "emails": REFUSED}) == (
        "the target requires displayName and emails (it refuses a user without)"
    )


def test_an_act_is_never_held_back() -> None:
    step = Step("s1", "", "act", "assign", "ada", (), {}, Place("x.yaml", 1, 1))
    assert unmet([step], NEEDS_EMAIL) == ""


@pytest.mark.parametrize(
    ("required", "skipped"),
    [
        ("userName", lambda scenario: scenario == "rfc/create/without-user-name"),
        ("displayName", lambda scenario: scenario == "rfc/create/duplicate"),
    ],
)
def test_what_our_own_scenarios_leave_out_is_seen(required: str, skipped: Callable[[str], bool]) -> None:
    kept = [scenario.id for scenario in load() if unmet(scenario.steps, {required: DECLARED}) == ""]
    assert not any(map(skipped, kept))
    assert "lifecycle/joiner" in kept
