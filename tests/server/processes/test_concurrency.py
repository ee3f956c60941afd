"""Many clients write at one moment, to one process and to two on the same file: nothing is lost, nobody wins twice.

Every round starts its requests at one gate. A server that is busy makes others wait; it never answers 5xx.
"""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROUNDS = 84
"""For each scenario and number of processes: 6 × 2 × 84 are a thousand."""
CALLERS = 4
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
Together = Callable[[Sequence[Callable[[], Any]]], list[Any]]


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
def client(request: pytest.FixtureRequest, start: Callable[[], Any], connect: Callable[..., Any]) -> Any:
    """A client of as many servers on one file."""
    servers = [start()]
    urls = [servers[0].ready()]  # the first one lays the file out
    if request.param == 2:
        servers.append(start())
        urls.append(servers[1].ready())
    return connect(*urls)


def test_of_simultaneous_creates_of_one_user_name_one_wins(client: Any, together: Together) -> None:
    for turn in range(ROUNDS):
        spelled = [f"ada.{turn}@example.com", f"Ada.{turn}@Example.com"]  # userName is not caseExact (RFC 7643 §4.1.1)
        bodies = [{"schemas": [USER], "userName": spelled[caller % 2]} for caller in range(CALLERS)]
        answers = together([partial(client.send, "POST", "/Users", body, to=at) for at, body in enumerate(bodies)])
        assert statuses(answers) == {201: 1, 409: CALLERS - 1}
        assert {answer.body["scimType"] for answer in answers if answer.status == 409} == {"uniqueness"}
        (winner,) = (answer.body["id"] for answer in answers if answer.status == 201)
        found = client.get("/Users", to=turn, filter=f'userName eq "{spelled[0]}"')
        assert [user["id"] for user in found["Resources"]] == [winner]
    assert len(client.walk("/Users")) == ROUNDS


def test_parallel_changes_of_members_lose_nothing(client: Any, together: Together) -> None:
    people = [client.user(f"member-{number}")["id"] for number in range(8)]
    inside, outside = people[:4], people[4:]
    group = client.group("Crew", *inside)["id"]
    for turn in range(ROUNDS):
        joins, also_joins, goes = outside[0], outside[1], inside[0]
        answers = together([
            partial(client.patch, f"/Groups/{group}", adding(joins), to=turn),
            partial(client.patch, f"/Groups/{group}", adding(joins), to=turn + 1),  # the same one twice
            partial(client.patch, f"/Groups/{group}", adding(also_joins), to=turn + 1),
            partial(client.patch, f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{goes}"]'}, to=turn),
        ])  # fmt: skip
        assert {answer.status for answer in answers} <= {200, 204}, answers
        inside = [*inside[1:], joins, also_joins]
        outside = [*outside[2:], goes]
        members = [member["value"] for member in client.get(f"/Groups/{group}", to=turn)["members"]]
        assert Counter(members) == Counter(inside)
        assert bool(client.get(f"/Users/{goes}", to=turn).get("groups")) is False
        assert [one["value"] for one in client.get(f"/Users/{joins}", to=turn)["groups"]] == [group]
        while len(outside) < 2:  # somebody has to be outside for the next round
            leaver = inside.pop(0)
            client.patch(f"/Groups/{group}", {"op": "remove", "path": f'members[value eq "{leaver}"]'}, to=turn)
            outside.append(leaver)


def test_of_parallel_changes_of_one_version_one_wins(client: Any, together: Together) -> None:
    user = client.user("ada", title="none")
    for turn in range(ROUNDS):
        version = client.send("GET", f"/Users/{user['id']}", to=turn).version
        assert version is not None
        titles = [f"title {turn}.{caller}" for caller in range(CALLERS)]
        place, body = f"/Users/{user['id']}", {"schemas": [USER], "userName": "ada"}
        calls = [partial(client.patch, place, replacing("title", title), to=at, if_match=version)
                 for at, title in enumerate(titles)]  # fmt: skip
        calls[-1] = partial(client.send, "PUT", place, {**body, "title": titles[-1]}, to=turn, if_match=version)
        answers = together(calls)
        won = [title for title, answer in zip(titles, answers, strict=True) if answer.status in (200, 204)]
        assert len(won) == 1
        assert statuses(answers)[412] == CALLERS - 1
        assert client.get(place, to=turn + 1)["title"] == won[0]
    version = client.send("GET", f"/Users/{user['id']}").version
    answers = together([partial(client.send, "DELETE", place, to=at, if_match=version) for at in range(CALLERS)])
    assert statuses(answers) == {204: 1, 404: CALLERS - 1}


def test_parallel_changes_of_different_attributes_lose_nothing(client: Any, together: Together) -> None:
    place = f"/Users/{client.user('ada')['id']}"
    names = ["title", "nickName", "userType", "displayName"]
    addresses: list[str] = []
    for turn in range(ROUNDS):
        address = f"{turn}@example.com"
        changes = [replacing(name, f"{name} {turn}") for name in names]
        changes.append({"op": "add", "path": "emails", "value": [{"value": address}]})
        answers = together([partial(client.patch, place, change, to=at) for at, change in enumerate(changes, turn)])
        assert {answer.status for answer in answers} <= {200, 204}, answers
        addresses.append(address)
        user = client.get(place, to=turn)
        assert [user[name] for name in names] == [f"{name} {turn}" for name in names]
        assert [email["value"] for email in user["emails"]] == addresses


def test_a_user_name_stays_unique_where_others_take_it_by_renaming(client: Any, together: Together) -> None:
    ids = [client.user(f"user-{number}")["id"] for number in range(CALLERS - 1)]
    for turn in range(ROUNDS):
        name = f"wanted-{turn}"
        body = {"schemas": [USER], "userName": name}
        answers = together([
            partial(client.send, "PUT", f"/Users/{ids[0]}", body, to=0),
            partial(client.patch, f"/Users/{ids[1]}", replacing("userName", name.upper()), to=1),
            partial(client.patch, f"/Users/{ids[2]}", {"op": "replace", "value": {"userName": name}}, to=turn),
            partial(client.send, "POST", "/Users", body, to=turn + 1),
        ])  # fmt: skip
        won = [at for at, answer in enumerate(answers) if answer.status in (200, 201, 204)]
        assert len(won) == 1
        assert statuses(answers)[409] == CALLERS - 1
        winner = answers[3].body["id"] if won == [3] else ids[won[0]]
        found = client.get("/Users", to=turn, filter=f'userName eq "{name}"')
        assert [user["id"] for user in found["Resources"]] == [winner]
    names = [user["userName"].casefold() for user in client.walk("/Users")]
    assert len(set(names)) == len(names)


def test_parallel_bulks_do_each_operation_once_and_whole(client: Any, together: Together) -> None:
    for turn in range(ROUNDS):
        answers = together([partial(client.send, "POST", "/Bulk", bulk(turn, at), to=at) for at in range(3)])
        assert statuses(answers) == {200: 3}
        outcomes = [[operation["status"] for operation in answer.body["Operations"]] for answer in answers]
        assert Counter(outcome[0] for outcome in outcomes) == {"201": 1, "409": 2}  # the name that all want
        assert {tuple(outcome[1:]) for outcome in outcomes} == {("201", "201")}
        for at, answer in enumerate(answers):
            user, group = (operation["location"].rpartition("/")[2] for operation in answer.body["Operations"][1:])
            members = client.get(f"/Groups/{group}", to=at)["members"]
            assert [member["value"] for member in members] == [user]
    assert (len(client.walk("/Users")), len(client.walk("/Groups"))) == (4 * ROUNDS, 3 * ROUNDS)


def test_a_write_waits_for_another_that_has_the_file_and_reading_goes_on(client: Any, tmp_path: Path) -> None:
    client.user("ada")
    held = sqlite3.connect(tmp_path / "directory.db", isolation_level=None)
    with closing(held) as other, ThreadPoolExecutor() as threads:
        other.execute("BEGIN IMMEDIATE")
        assert client.get("/Users", filter='userName eq "ada"')["totalResults"] == 1
        waiting = threads.submit(client.user, "bob")
        time.sleep(0.5)
        assert not waiting.done()
        other.execute("ROLLBACK")
        assert waiting.result()["userName"] == "bob"


def statuses(answers: Sequence[Any]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def adding(id: str) -> dict[str, Any]:
    return {"op": "add", "path": "members", "value": [{"value": id}]}


def replacing(path: str, value: str) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def bulk(turn: int, caller: int) -> dict[str, Any]:
    """A user whom all callers want to make, one of this caller's own, and a group with that one in it."""
    group = {"displayName": f"{turn}.{caller}", "members": [{"value": "bulkId:own"}]}
    return {
        "schemas": [BULK_REQUEST],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "all",
             "data": {"schemas": [USER], "userName": f"all-{turn}"}},
            {"method": "POST", "path": "/Users", "bulkId": "own",
             "data": {"schemas": [USER], "userName": f"own-{turn}.{caller}"}},
            {"method": "POST", "path": "/Groups", "bulkId": "group",
             "data": {"schemas": [GROUP], **group}},
        ],
    }  # fmt: skip
