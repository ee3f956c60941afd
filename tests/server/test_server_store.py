"""The store: durable where asked for, honest where it can't be opened, one winner where many write at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.clock import SystemClock
from scimrig_simulator.server.organizations import Organizations
from scimrig_simulator.server.store import Keys, Store, StoreError
from scimrig_simulator.server.tenants import Tenants


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
    document, whole = sqlite3.connect(path).execute("SELECT document, whole FROM resource").fetchone()
    assert "password" not in document
    assert "pa55word!" not in whole
    assert "scrypt$16384$" in whole


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


def test_a_look_up_reads_an_index_and_not_the_table(tmp_path: Path) -> None:
    path = str(tmp_path / "scim.db")
    store = Store(path)
    plans: list[str] = []
    store._db._connection.set_trace_callback(plans.append)
    store.keyed(["User"], "user_name", "ada")
    store.keyed(["User"], "external_id", "x")
    store.holders("User", "emails.value", "x")
    store.members(["g"])
    store.members(["g"], ["u"])
    store.groups(["u"])
    store.groups_holding("u")
    store.users_below(["g"])
    store.page(["User"], 0, 10)
    store.page(["User", "Group"], 5000, 10)
    store.tally(["User"])
    store._db._connection.set_trace_callback(None)
    assert len(plans) >= 11
    for statement in plans:
        steps = [row[3] for row in sqlite3.connect(path).execute(f"EXPLAIN QUERY PLAN {statement}")]
        stored = [step for step in steps if any(name in step for name in ("resource", "membership", "term", "tally"))]
        assert stored, steps
        assert all(step.startswith("SEARCH") for step in stored), (statement, steps)


def test_a_transaction_that_fails_leaves_nothing() -> None:
    store = Store()
    keys = Keys("ada", None, None, "ada", terms=(("emails.value", "ada@x"),))

    def twice() -> None:
        with store.transaction():
            store.insert("User", "1", 0, keys, "{}")
            store.insert("User", "1", 0, keys, "{}")

    with pytest.raises(ValueError, match="taken"):
        twice()
    assert store.tally(["User"]) == 0
    assert store.fetch("User", "1") is None
    assert store.holders("User", "emails.value", "ada@x") == []


def test_a_page_is_found_wherever_it_is() -> None:
    """Blocks of 1024 rows, of which some are gone and one is empty, count as their rows do."""
    store = Store()
    with store.transaction():
        for number in range(5000):
            store.insert("Group" if number % 7 == 0 else "User", str(number), 0, Keys(None, None, None, ""), "{}")
        for number in [*range(1000, 2100), *range(4000, 4003), 4999]:
            store.delete(str(number))
    left = [number for number in range(5000) if not (1000 <= number < 2100 or 4000 <= number < 4003 or number == 4999)]
    users, groups = [number for number in left if number % 7], [number for number in left if number % 7 == 0]
    kinds = {("User",): users, ("Group",): groups, ("User", "Group"): left}
    for wanted, numbers in kinds.items():
        assert store.tally(wanted) == len(numbers)
        for offset in (0, 1, 5, 900, 1024, 1025, 2000, 3333, len(numbers) - 1, len(numbers), len(numbers) + 1, 10**9):
            page = [int(row.id) for row in store.page(wanted, offset, 3)]
            assert page == numbers[offset : offset + 3], (wanted, offset)


def test_tenants_share_a_file_and_nothing_else(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "scim.db"))
    other = store.of(7)
    keys = Keys("ada", "x", "ada", "Ada", terms=(("emails.value", "ada@x"),))
    with store.transaction():
        for one in (store, other):
            one.insert("User", "u", 0, keys, f'{{"in": {one.tenant}}}')
            one.insert("Group", "g", 0, keys, "{}")
        store.set_members("g", [("u", "Ada")])
    assert (store.tally(["User"]), other.tally(["User"])) == (1, 1)
    assert [one.keyed(["User"], "user_name", "ada")[0].body for one in (store, other)] == [{"in": 0}, {"in": 7}]
    assert list(store.members(["g"])) == ["g"]
    assert not other.members(["g"])
    assert not other.groups(["u"])
    with other.transaction():
        other.delete("u")
    assert (store.tally(["User"]), other.tally(["User"])) == (1, 0)
    assert [one.holders("User", "emails.value", "ada@x") for one in (store, other)] == [["u"], []]


VERSION_1 = """
CREATE TABLE resource (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, revision INTEGER NOT NULL,
  created INTEGER NOT NULL, modified INTEGER NOT NULL, user_name TEXT, external_id TEXT, display_name TEXT,
  label TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX resource_kind ON resource (kind);
CREATE INDEX resource_user_name ON resource (kind, user_name);
CREATE INDEX resource_external_id ON resource (kind, external_id);
CREATE INDEX resource_display_name ON resource (kind, display_name);
CREATE TABLE membership (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, group_id TEXT NOT NULL, member_id TEXT NOT NULL, display TEXT
);
CREATE INDEX membership_group ON membership (group_id, member_id);
CREATE INDEX membership_member ON membership (member_id, group_id);
CREATE TABLE tally (kind TEXT PRIMARY KEY, stored INTEGER NOT NULL);
CREATE TRIGGER resource_in AFTER INSERT ON resource BEGIN
  INSERT INTO tally VALUES (NEW.kind, 1) ON CONFLICT (kind) DO UPDATE SET stored = stored + 1;
END;
CREATE TRIGGER resource_out AFTER DELETE ON resource BEGIN
  UPDATE tally SET stored = stored - 1 WHERE kind = OLD.kind;
END;
PRAGMA application_id = 377249;
PRAGMA user_version = 1;
INSERT INTO resource VALUES
  (3, 'u1', 'User', 4, 1700000000000, 1700000005000, 'ada', 'X1', 'ada l.', 'Ada L.', '{
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Ada", "externalId": "X1",
    "displayName": "Ada L.", "active": false, "password": "scrypt$2$00$00",
    "emails": [{"value": "Ada@Straße.test", "primary": true}]}'),
  (9, 'g1', 'Group', 1, 1700000000000, 1700000000000, NULL, NULL, 'crew', 'Crew', '{
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Crew"}');
INSERT INTO membership VALUES (5, 'g1', 'u1', NULL);
"""
VERSION_2 = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE mapped_role (group_id TEXT PRIMARY KEY, role TEXT NOT NULL);
CREATE TABLE webhook (id INTEGER PRIMARY KEY CHECK (id = 1), url TEXT NOT NULL, secret TEXT NOT NULL);
CREATE TABLE delivery (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, event_id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, url TEXT NOT NULL,
  body BLOB NOT NULL, state TEXT NOT NULL, due REAL NOT NULL
);
CREATE INDEX delivery_state ON delivery (state, due);
CREATE TABLE attempt (
  event_id TEXT NOT NULL, number INTEGER NOT NULL, at REAL NOT NULL, status INTEGER NOT NULL, failure TEXT NOT NULL,
  PRIMARY KEY (event_id, number)
);
INSERT INTO setting VALUES ('domains', '["acme.test"]');
INSERT INTO mapped_role VALUES ('g1', 'admin');
INSERT INTO webhook VALUES (1, 'http://127.0.0.1:9/hook', 'whsec_c2VjcmV0');
INSERT INTO delivery VALUES (4, 'evt_1', 'a.b', 'http://127.0.0.1:9/hook', x'7b7d', 'pending', 1.5);
INSERT INTO attempt VALUES ('evt_1', 1, 1.0, 500, '');
PRAGMA user_version = 2;
"""


@pytest.mark.parametrize("script", [VERSION_1, VERSION_1 + VERSION_2], ids=["version 1", "version 2"])
def test_a_file_of_an_older_version_is_taken_over(
    make_client: Callable[..., Any], tmp_path: Path, script: str
) -> None:
    path = tmp_path / "scim.db"
    with sqlite3.connect(path) as file:
        file.executescript(script)
    file.close()
    for _ in range(2):  # taken over, and opened as it is then
        client = make_client(db=str(path))
        ada = client.get("/Users/u1")
        assert (ada["userName"], ada["active"], ada["meta"]["created"]) == ("Ada", False, "2023-11-14T22:13:20.000Z")
        assert ada["meta"]["version"].startswith('W/"4')
        assert [group["display"] for group in ada["groups"]] == ["Crew"]
        assert [member["value"] for member in client.get("/Groups/g1")["members"]] == ["u1"]
        assert client.names(filter='emails.value eq "ADA@STRASSE.test"') == ["Ada"]
        assert client.names(filter='userName eq "ADA"') == ["Ada"]
        assert client.get("/")["totalResults"] == 2
    assert client.put(ada, title="Lead").status == 200
    with sqlite3.connect(path) as file:
        assert "scrypt$2$00$00" in file.execute("SELECT whole FROM resource WHERE id = 'u1'").fetchone()[0]
    file.close()


def test_what_a_policy_kept_in_version_2_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "scim.db"
    with sqlite3.connect(path) as file:
        file.executescript(VERSION_1 + VERSION_2)
    file.close()
    store = Store(str(path))
    assert store.mapped_roles() == {"g1": "admin"}
    assert Organizations(store, SystemClock()).registered(1) == ("acme.test",)
    sql = """SELECT url, secret, event.id, state, due, attempt.number, attempt.status FROM endpoint
             JOIN endpoint_secret ON endpoint_secret.endpoint = endpoint.number
             JOIN delivery ON delivery.endpoint = endpoint.number JOIN event ON event.seq = delivery.event
             JOIN attempt ON attempt.event = event.seq AND attempt.endpoint = endpoint.number"""
    expected = ("http://127.0.0.1:9/hook", "whsec_c2VjcmV0", "evt_1", "pending", 1.5, 1, 500)
    assert store.execute(sql).fetchall() == [expected]


def test_the_tenants_of_version_3_become_organizations_with_a_directory_each(tmp_path: Path) -> None:
    path = tmp_path / "scim.db"
    with sqlite3.connect(path) as file:
        file.executescript((Path(__file__).parent / "layout-3.sql").read_text(encoding="utf-8"))
    file.close()
    for _ in range(2):  # taken over, and opened as it is then
        store = Store(str(path))
        tenants = Tenants(store, SystemClock())
        register = tenants.organizations
        assert tenants.names() == ["acme", "beta"]
        assert [register.of(number).id for number in (0, 4, 7)] == ["org_ref", "org_acme", "org_beta"]
        assert [directory.id for directory in register.directories(register.of(4))] == ["dir_acme"]
        assert register.registered(register.of(4).number) == ("acme.example", "acme.test")
        assert [register.of(number).default_role for number in (0, 4, 7)] == ["member", "guest", "member"]
        assert [(token.suffix, token.active, token.used) for token in tenants.tokens(4)] == [("0a1b", True, None)]
        assert store.setting("cursor key") == "abc"
        sql = "SELECT delivery.tenant, event.id, body, state FROM delivery JOIN event ON delivery.event = event.seq"
        found = store.execute(sql)
        assert found.fetchall() == [(4, "evt_1", b"{}", "pending")], "what has no endpoint any more is nobody's"
        store.close()


def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "scim.db"
    Store(str(path)).close()
    with sqlite3.connect(path) as file:
        file.execute("PRAGMA user_version = 99")
    file.close()
    content = path.read_bytes()
    with pytest.raises(StoreError, match="its layout is version 99, and this scimrig reads up to 4: a newer scimrig"):
        Store(str(path))
    assert path.read_bytes() == content
