"""``/livez`` and ``/readyz``: whether the process answers, and whether it can do its work."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.server.health import STOPPING
from scimrig_simulator.wire import Reply, Send


def ask(app: Any, path: str, method: str = "GET") -> Reply:
    """Without a token."""
    transport = InProcessTransport(app, "http://127.0.0.1:8080", None, VirtualClock())
    reply = transport.exchange(Send(method, path))
    transport.close()
    return reply


@pytest.fixture
def app() -> Any:
    return build(Settings("s3cret"))


@pytest.mark.parametrize(("path", "said"), [("/livez", "alive"), ("/readyz", "ready")])
def test_a_sound_server_says_so_to_everybody(app: Any, path: str, said: str) -> None:
    reply = ask(app, path)
    assert (reply.status, reply.header("Content-Type")) == (200, "application/json")
    assert reply.resource() == {"status": said}
    assert reply.header("Cache-Control") == "no-store"
    assert ask(app, path, "HEAD").headers == reply.headers


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_there_is_nothing_to_be_done_but_to_ask(app: Any, path: str) -> None:
    reply = ask(app, path, "POST")
    assert (reply.status, set(str(reply.header("Allow")).split(", "))) == (405, {"GET", "HEAD"})


def test_a_server_whose_store_is_closed_is_alive_and_not_ready(app: Any) -> None:
    app.close()
    assert ask(app, "/livez").status == 200
    assert (ask(app, "/readyz").status, ask(app, "/readyz").resource()["status"]) == (503, "the store can't be used")


def test_a_file_that_another_process_holds_is_found_out_soon(tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    app = build(Settings("s3cret", db=path))
    assert ask(app, "/readyz").status == 200
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    assert ask(app, "/readyz").status == 503
    assert time.monotonic() - began < 5  # the store itself would wait for twice as long
    other.execute("COMMIT")
    other.close()
    assert ask(app, "/readyz").status == 200
    app.close()


def test_asking_changes_nothing(tmp_path: Path) -> None:
    app = build(Settings("s3cret", db=str(tmp_path / "db")))
    ask(app, "/readyz")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert ask(app, "/readyz").status == 200
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    app.close()


@pytest.mark.parametrize(("stopping", "status"), [(False, 200), (True, 503)])
def test_a_server_that_was_told_to_stop_is_not_ready(stopping: bool, status: int) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    def scope(path: str) -> dict[str, Any]:
        state: dict[str, Callable[[], bool]] = {STOPPING: lambda: stopping}
        return {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": [], "state": state,
            "query_string": b"", "root_path": "", "server": ("127.0.0.1", 80), "scheme": "http",
        }  # fmt: skip

    site = build(Settings("s3cret"))
    asyncio.run(site(scope("/readyz"), None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == status
    assert json.loads(sent[1]["body"])["status"] == ("stopping" if stopping else "ready")
    asyncio.run(site(scope("/livez"), None, send))  # type: ignore[arg-type]
    assert sent[2]["status"] == 200
