"""A store that can't be used just now is 503 and when to come back; nothing is applied, and nothing stays broken."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.server import database
from scimrig_simulator.server.mishaps import as_error, outline

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.fixture
def filed(make_client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of a server with a file, which doesn't wait long for it."""
    monkeypatch.setattr(database, "PATIENCE", 0.05)
    made = make_client(db=str(tmp_path / "db"))
    made.user("ada")
    return made


def create(client: Any, name: str, **attributes: Any) -> Any:
    return client.send("POST", "/Users", body={"schemas": [USER], "userName": name, **attributes})


def unavailable(reply: Any) -> None:
    assert (reply.status, reply.resource()["status"]) == (503, "503")
    assert reply.header("Content-Type") == "application/scim+json"
    assert int(reply.header("Retry-After")) >= 1
    assert "nothing was applied" in reply.resource()["detail"]


def test_a_file_that_another_process_holds_is_503_and_reads_go_on(filed: Any, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    unavailable(create(filed, "bob"))
    assert filed.names() == ["ada"]
    other.execute("ROLLBACK")
    other.close()
    assert create(filed, "bob").status == 201


def test_a_full_disk_is_503_and_the_server_lives_on(filed: Any) -> None:
    store = filed.app._default.scim.routes.directory.store
    (pages,) = store.execute("PRAGMA page_count").fetchone()
    store.execute(f"PRAGMA max_page_count = {pages}")
    unavailable(create(filed, "bob", photos=[{"value": f"https://a.test/{'x' * 9_000}"}] * 3))
    assert filed.names() == ["ada"]
    store.execute("PRAGMA max_page_count = 100000")
    assert create(filed, "bob").status == 201
    assert filed.names() == ["ada", "bob"]


def test_a_file_that_may_only_be_read_is_503(filed: Any) -> None:
    store = filed.app._default.scim.routes.directory.store
    store.execute("PRAGMA query_only = TRUE")
    unavailable(create(filed, "bob"))
    store.execute("PRAGMA query_only = FALSE")
    assert create(filed, "bob").status == 201


def test_below_manage_it_is_503_as_well(filed: Any, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    reply = filed.manage("PUT", "/tenants/acme")
    assert (reply.status, reply.header("Retry-After")) == (503, "1")
    other.close()
    assert filed.manage("PUT", "/tenants/acme").status == 200


def mishap(sql: str) -> sqlite3.Error:
    try:
        sqlite3.connect(":memory:").execute(sql)
    except sqlite3.Error as error:
        return error
    raise AssertionError(sql)


@pytest.mark.parametrize("error", [mishap("SELECT missing"), mishap("SELEKT"), KeyError("x"), sqlite3.Error("x")])
def test_our_own_mistakes_are_500_and_don_t_ask_to_come_back(error: Exception) -> None:
    answer = as_error(error)
    assert (answer.status, answer.headers) == (500, ())


def test_an_outline_names_places_and_no_values() -> None:
    try:
        int("ada@acme.test")
    except ValueError as error:
        told = outline(error)
    assert told.splitlines()[-1] == "ValueError"
    assert "test_mishaps.py" in told
    assert "ada" not in told


def test_an_outline_keeps_the_words_of_sqlite() -> None:
    assert outline(mishap("SELECT missing")).endswith("OperationalError: no such column: missing")
