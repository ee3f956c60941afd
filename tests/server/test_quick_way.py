"""Without a saboteur the server takes short cuts: texts as they are stored, PATCHes that see only whom they name.

With one, every seam is asked. Both must answer alike, byte by byte, and leave the same behind.
"""

from __future__ import annotations

import itertools
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrig_simulator.seams import Seams

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Asked(Seams):
    """Sound, and yet a saboteur to the server: all seams are asked."""


def ids(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


TEXTS = st.sampled_from(["Ada", "ada", "Zoë \"Z\" O'Neil", "日本\\", "\u2028</x>", " ", "a" * 50, "\x7f\x01"])
FIRST = st.integers(1, 3).map(ids)
ANYBODY = FIRST | FIRST | st.integers(1, 9).map(ids) | st.integers(10, 12).map(lambda number: ids(number).upper())
MEMBERS = st.lists(ANYBODY.map(lambda id: {"value": id}), max_size=3)

USERS = st.fixed_dictionaries(
    {"schemas": st.just([USER]), "userName": TEXTS},
    optional={
        "displayName": TEXTS, "password": TEXTS, "active": st.booleans(),
        "name": st.fixed_dictionaries({"givenName": TEXTS}),
        "emails": st.lists(st.fixed_dictionaries({"value": TEXTS}), max_size=2, unique_by=lambda email: email["value"]),
        ENTERPRISE: st.fixed_dictionaries({}, optional={"department": TEXTS, "manager": st.just({"value": ids(1)})}),
    },
)  # fmt: skip
GROUPS = st.fixed_dictionaries(
    {"schemas": st.just([GROUP]), "displayName": TEXTS}, optional={"members": MEMBERS, "externalId": TEXTS}
)
FILTERS = st.builds(lambda id, op: f'members[value {op} "{id}"]', ANYBODY, st.sampled_from(["eq", "EQ", "ne", "sw"]))
PATHS = st.one_of(
    FILTERS,
    st.builds(lambda one, other: f'members[value eq "{one}" or value eq "{other}"]', ANYBODY, ANYBODY),
    st.builds(lambda one: f'members[value eq "{one}"].display', ANYBODY),
    st.sampled_from(
        ["members", "Members", f"{GROUP}:members", "members.value", 'members[type eq "User"]',
         'members[display eq "Ada"]', "members[not (value pr)]", "displayName", GROUP, "nonsense", "members[",
         "externalId", "members[value eq 1]"]
    ),
    st.just("members"),
)  # fmt: skip
VALUES = MEMBERS | ANYBODY | ANYBODY.map(lambda id: {"value": id, "display": "X"}) | TEXTS | st.none()
OPERATIONS = st.one_of(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "Add", "Remove"]), "path": PATHS},
        optional={"value": VALUES},
    ),
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "replace"]), "value": st.fixed_dictionaries(
            {}, optional={"members": MEMBERS, "displayName": TEXTS, f"{GROUP}:members": MEMBERS, "MEMBERS": MEMBERS,
                          "nonsense": TEXTS, "id": ANYBODY, GROUP: st.just({"displayName": "Z"})})}
    ),
)  # fmt: skip
PATCHES = st.fixed_dictionaries(
    {"schemas": st.just([PATCH_OP]), "Operations": st.lists(OPERATIONS, min_size=1, max_size=3)}
)
QUERIES = st.sampled_from(
    ["", "attributes=displayName", "excludedAttributes=members,groups", "attributes=members", "attributes=", "count=2"]
)
RESOURCES = st.integers(1, 9).map(ids)
CREWS = st.just(ids(4)) | st.just(ids(4)) | RESOURCES
REQUESTS = st.lists(
    st.one_of(
        st.tuples(st.just("POST"), st.just("/Users"), QUERIES, USERS),
        st.tuples(st.just("POST"), st.just("/Groups"), QUERIES, GROUPS),
        st.tuples(st.just("PATCH"), CREWS.map(lambda id: f"/Groups/{id}"), QUERIES, PATCHES),
        st.tuples(st.just("PATCH"), st.just(f"/Groups/{ids(4)}"), st.just(""), PATCHES),
        st.tuples(st.just("PUT"), CREWS.map(lambda id: f"/Groups/{id}"), QUERIES, GROUPS),
        st.tuples(st.just("PUT"), RESOURCES.map(lambda id: f"/Users/{id}"), QUERIES, USERS),
        st.tuples(st.just("DELETE"), RESOURCES.map(lambda id: f"/Users/{id}"), st.just(""), st.none()),
        st.tuples(st.just("GET"), RESOURCES.map(lambda id: f"/Users/{id}"), QUERIES, st.none()),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


def story(client: Any, requests: list[Any]) -> list[Any]:
    """All answers, and then all that is there."""
    started = [("POST", "/Users", "", {"schemas": [USER], "userName": f"u{n}", "displayName": "Ada"}) for n in range(3)]
    members = [{"value": ids(number)} for number in (1, 2, 3)]
    started += [("POST", "/Groups", "", {"schemas": [GROUP], "displayName": "Crew", "members": members})]
    looks = [("GET", path, query, None) for path in ("/Users", "/Groups", "/") for query in ("", "filter=id pr")]
    looks += [("GET", f"/Groups/{ids(number)}", "", None) for number in range(1, 10)]
    answers = []
    for method, path, query, body in [*started, *requests, *looks]:
        client.clock.sleep(1)
        reply = client.send(method, path, query.replace(" ", "%20"), body)
        answers.append((method, path, reply.status, reply.header("ETag"), reply.header("Location"), reply.body))
    client.close()
    return answers


ABOUT_MEMBERS = st.one_of(
    st.builds(
        lambda op, value: {"op": op, "path": "members", "value": value},
        st.sampled_from(["add", "remove", "replace"]), MEMBERS | FIRST.map(lambda id: {"value": id, "display": "X"}),
    ),
    st.builds(lambda op, path: {"op": op, "path": path}, st.just("remove"), FILTERS | st.just("members")),
    st.builds(lambda op, value: {"op": op, "value": {"members": value}}, st.sampled_from(["add", "replace"]), MEMBERS),
    st.builds(lambda path: {"op": "replace", "path": path, "value": {"display": "Y"}}, FILTERS),
    OPERATIONS,
)  # fmt: skip


def answers(client_class: Any, monkeypatch: pytest.MonkeyPatch, requests: list[Any]) -> list[list[Any]]:
    """Both ways; ids are the same in both."""
    told = []
    for seams in (None, Asked()):
        numbers = itertools.count(1)
        with monkeypatch.context() as patched:
            patched.setattr(uuid, "uuid4", lambda numbers=numbers: ids(next(numbers)))
            told.append(story(client_class(seams=seams), requests))
    assert all(status < 500 for _, _, status, *_ in told[0])
    return told


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(REQUESTS)
def test_the_quick_way_and_the_long_way_lead_to_the_same(
    client_class: Any, monkeypatch: pytest.MonkeyPatch, requests: list[Any]
) -> None:
    quick, long = answers(client_class, monkeypatch, requests)
    assert quick == long


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ABOUT_MEMBERS, min_size=1, max_size=2))
def test_a_patch_that_sees_only_whom_it_names_does_what_one_does_that_sees_all(
    client_class: Any, monkeypatch: pytest.MonkeyPatch, operations: list[Any]
) -> None:
    patch = ("PATCH", f"/Groups/{ids(4)}", "", {"schemas": [PATCH_OP], "Operations": operations})
    quick, long = answers(client_class, monkeypatch, [patch])
    assert quick == long
