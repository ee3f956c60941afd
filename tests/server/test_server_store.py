"""The store: durable where asked for, honest where it can't be opened, one winner where many write at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.server.store import Keys, Store, StoreError


def test_a_file_outlives_the_server(make_client: Callable[..., Any], tmp_path: Path) -> None:
    path = str(tmp_path / "scim.db")
    first = make_client(db=path)
    ada = first.user("ada", title="Analyst", password="pa55")
    group = first.group("Crew", ada)
    second = make_client(db=path)
    assert second.get(f"/Groups/{group['id']}") == group
    assert second.names(filter='userName eq "ADA"') == ["ada"]
    assert second.get("/Users")["totalResults"] == 1


def test_two_servers_on_one_file_don_t_both_win(make_client: Callable[..., Any], tmp_path: Path) -> None:
    path = str(tmp_path / "scim.db")
    clients = [make_client(db=path), make_client(db=path)]
    assert statuses(clients * 4) == [201] + [409] * 7


def test_simultaneous_creates_of_one_name_make_one_user(client: Any) -> None:
    assert statuses([client] * 24) == [201] + [409] * 23
    assert client.names() == ["ada"]


def statuses(clients: list[Any]) -> list[int]:
    """The answers, sorted, to the same create sent by all at once."""
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}
    with ThreadPoolExecutor(8) as pool:
        return sorted(pool.map(lambda one: one.send("POST", "/Users", body=body).status, clients))


def test_simultaneous_member_patches_lose_nobody(client: Any) -> None:
    users = [client.user(f"u{number}") for number in range(20)]
    group = client.group("Crew")

    def add(user: dict[str, Any]) -> int:
        operation = {"op": "add", "path": "members", "value": [{"value": user["id"]}]}
        return int(client.patch(f"/Groups/{group['id']}", operation).status)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, users)) == {200}
    held = client.get(f"/Groups/{group['id']}")["members"]
    assert sorted(member["value"] for member in held) == sorted(user["id"] for user in users)


def test_of_two_writes_with_the_same_if_match_one_wins(client: Any) -> None:
    ada = client.user("ada")
    headers = {"If-Match": ada["meta"]["version"]}

    def put(number: int) -> int:
        body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada", "title": str(number)}
        return int(client.send("PUT", f"/Users/{ada['id']}", body=body, headers=headers).status)

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(put, range(8))) == [200] + [412] * 7


def test_passwords_are_hashed_in_the_file(make_client: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "scim.db"
    make_client(db=str(path)).user("ada", password="pa55word!")
    (body,) = sqlite3.connect(path).execute("SELECT body FROM resource").fetchone()
    assert "pa55word!" not in body
    assert "scrypt$16384$" in body


def test_what_isn_t_a_database_of_ours_is_refused_and_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to have a header " * 20)
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as other:
        other.execute("CREATE TABLE mine (x)")
    other.close()
    for path in (text, foreign, tmp_path / "no" / "such" / "folder.db", tmp_path):
        content = path.read_bytes() if path.is_file() else None
        with pytest.raises(StoreError, match=r".+: .+\. Name a writable file"):
            Store(str(path))
        assert content is None or path.read_bytes() == content


def test_a_look_up_reads_an_index_and_not_the_table() -> None:
    store = Store()
    plans = []
    store._db.set_trace_callback(plans.append)
    store.keyed(["User"], "user_name", "ada")
    store.keyed(["User"], "external_id", "x")
    store.members(["g"])
    store.groups(["u"])
    store.groups_holding("u")
    store.page(["User"], 0, 10)
    store._db.set_trace_callback(None)
    for statement in plans:
        steps = [row[3] for row in store._db.execute(f"EXPLAIN QUERY PLAN {statement}")]
        stored = [step for step in steps if "resource" in step or "membership" in step]
        assert stored, steps
        assert all(step.startswith("SEARCH") for step in stored), steps


def test_a_transaction_that_fails_leaves_nothing() -> None:
    store = Store()
    keys = Keys("ada", None, None, "ada")

    def twice() -> None:
        with store.transaction():
            store.insert("User", "1", 0, keys, {})
            store.insert("User", "1", 0, keys, {})

    with pytest.raises(ValueError, match="taken"):
        twice()
    assert store.tally(["User"]) == 0
    assert store.fetch("User", "1") is None
