"""What a search costs: look-ups and pages ask the same of the database among many resources as among few."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

from scimrig_simulator.calls import Call
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.scim.schemas import builtin
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.search import Search
from scimrig_simulator.server.store import Store

BASE = "http://127.0.0.1/scim/v2"
FEW, MANY = 200, 4_000
USER = "urn:ietf:params:scim:schemas:core:2.0:User"

pytestmark = pytest.mark.slow


class Library:
    """So many users, ten to a group, and somebody who counts what the database does for a request."""

    def __init__(self, users: int) -> None:
        clock = VirtualClock(tick=0.001)
        self.store = Store()
        self.search = Search(self.store, Seams(), builtin(), clock)
        desk = Desk(self.store, builtin(), clock, BASE)
        user, group = builtin().resource_types
        with self.store.transaction():
            for number in range(users):
                desk.insert(user, {
                    "schemas": [USER], "id": f"user-{number}", "userName": f"U{number}@acme.test",
                    "externalId": f"e{number}", "displayName": f"D {number}", "active": number % 2 == 0,
                    "emails": [{"value": f"{number}@acme.test"}, {"value": f"other-{number}@acme.test"}],
                })  # fmt: skip
                if number % 10 == 9:
                    ids = [f"user-{one}" for one in range(number - 9, number + 1)]
                    members = [{"value": id, "display": id} for id in ids]
                    desk.insert(group, {
                        "schemas": [], "id": f"crew-{number // 10}", "displayName": f"Crew {number // 10}",
                        "members": members,
                    })  # fmt: skip

    @property
    def connection(self) -> sqlite3.Connection:
        found: Any = self.store.execute("SELECT 1")
        connection: sqlite3.Connection = found.connection
        return connection

    def get(self, place: str = "/Users", **query: str) -> dict[str, Any]:
        call = Call("GET", {}, query, b"", BASE, builtin().by_endpoint(place))
        body = self.search.browse(call).body
        found: dict[str, Any] = body if isinstance(body, dict) else json.loads(body or b"")
        return found

    def steps(self, place: str = "/Users", **query: str) -> int:
        """Instructions of SQLite's machine."""
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        self.connection.set_progress_handler(tick, 1)
        self.get(place, **query)
        self.connection.set_progress_handler(None, 1)
        return count

    def plans(self, place: str, **query: str) -> list[str]:
        """How the database goes about each statement on resources."""
        statements: list[str] = []
        self.connection.set_trace_callback(statements.append)
        self.get(place, **query)
        self.connection.set_trace_callback(None)
        asked = [statement for statement in statements if "FROM resource" in statement]
        return [step[3] for one in asked for step in self.connection.execute(f"EXPLAIN QUERY PLAN {one}")]


@pytest.fixture(scope="module")
def few() -> Library:
    return Library(FEW)


@pytest.fixture(scope="module")
def many() -> Library:
    return Library(MANY)


LOOK_UPS = [
    ("/Users", 'userName eq "u33@ACME.test"', ["user-33"]),
    ("/Users", f'{USER}:userName eq "u33@acme.test"', ["user-33"]),
    ("/Users", 'active eq false and userName eq "u33@acme.test"', ["user-33"]),
    ("/Users", 'userName eq "u33@acme.test" or externalId eq "e4"', ["user-4", "user-33"]),
    ("/Users", 'userName eq "u33@acme.test" and meta.lastModified gt "2026-01-01T00:00:00Z"', ["user-33"]),
    ("/Users", 'externalId eq "e33"', ["user-33"]),
    ("/Users", 'externalId eq "nobody\'s"', []),
    ("/Users", 'displayName eq "d 33"', ["user-33"]),
    ("/Users", 'emails.value eq "33@ACME.test"', ["user-33"]),
    ("/Users", 'emails eq "33@acme.test"', ["user-33"]),
    ("/Users", 'emails[value eq "33@acme.test" and not (type eq "home")]', ["user-33"]),
    ("/Users", 'id eq "user-33"', ["user-33"]),
    ("/Users", 'id eq "user-33" and title pr', []),
    ("/Users", 'userName sw "u33@"', ["user-33"]),
    ("/Users", 'groups.value eq "crew-3"', [f"user-{number}" for number in range(30, 40)]),
    ("/Groups", 'members.value eq "user-33"', ["crew-3"]),
    ("/Groups", 'members[value eq "USER-33"]', ["crew-3"]),
    ("/Groups", 'displayName eq "crew 3"', ["crew-3"]),
    ("/", 'userName eq "u33@acme.test" or displayName eq "crew 3"', ["user-33", "crew-3"]),
    ("/", 'emails.value eq "33@acme.test" or members.value eq "user-33"', ["user-33", "crew-3"]),
    ("/", 'meta.resourceType eq "Group" and displayName eq "crew 3"', ["crew-3"]),
]


@pytest.mark.parametrize(("place", "text", "expected"), LOOK_UPS)
def test_a_look_up_costs_the_same_among_many(
    few: Library, many: Library, place: str, text: str, expected: list[str]
) -> None:
    for one in (few, many):
        assert [resource["id"] for resource in one.get(place, filter=text)["Resources"]] == expected
    assert many.steps(place, filter=text) <= 1.3 * few.steps(place, filter=text)


@pytest.mark.parametrize(("place", "text", "expected"), LOOK_UPS)
def test_a_look_up_finds_its_rows_by_an_index(many: Library, place: str, text: str, expected: list[str]) -> None:
    plans = many.plans(place, filter=text)
    assert plans
    searched = [step for step in plans if "resource" in step]
    assert not [step for step in searched if step.startswith("SCAN")]
    assert not [step for step in searched if step.endswith(("(tenant=?)", "(tenant=? AND kind=?)"))]


@pytest.mark.parametrize(
    ("place", "sort"),
    [
        ("/Users", {}), ("/", {}), ("/Users", {"sortBy": "userName"}),
        ("/Users", {"sortBy": "meta.created", "sortOrder": "descending"}),
    ],
)  # fmt: skip
def test_a_first_page_costs_the_same_among_many(
    few: Library, many: Library, place: str, sort: dict[str, str]
) -> None:
    assert many.steps(place, count="20", **sort) <= 1.3 * few.steps(place, count="20", **sort)


@pytest.mark.parametrize("place", ["/Users", "/"])
def test_a_page_far_behind_is_found_without_reading_those_before(many: Library, place: str) -> None:
    total = many.get(place, count="0")["totalResults"]
    last = many.get(place, startIndex=str(total - 9), count="10")
    assert [resource["id"] for resource in last["Resources"]][-2:] == (
        ["user-3998", "user-3999"] if place == "/Users" else ["user-3999", "crew-399"]
    )
    # a page begins within a block of 1,024 rows: what is passed over lies in one of them
    assert many.steps(place, startIndex=str(total - 9), count="10") < 20 * 1024 < 20 * total


@pytest.mark.parametrize(
    "asked",
    [
        {}, {"sortBy": "userName"}, {"sortBy": "userName", "sortOrder": "descending"}, {"sortBy": "active"},
        {"sortBy": "meta.lastModified"},
    ],
)  # fmt: skip
def test_a_page_by_cursor_costs_the_same_wherever_it_is(many: Library, asked: dict[str, str]) -> None:
    page = many.get(cursor="", count="200", **asked)
    early = many.steps(cursor=page["nextCursor"], count="200", **asked)
    cursor = ""
    while "nextCursor" in page:
        cursor, page = page["nextCursor"], many.get(cursor=page["nextCursor"], count="200", **asked)
    assert len(page["Resources"]) == 200
    assert many.steps(cursor=cursor, count="200", **asked) <= 1.3 * early
