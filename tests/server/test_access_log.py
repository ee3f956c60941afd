"""The access log: a line on each request, which tells what happened and nothing about anybody."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.server.access_log import AccessLog
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import BY_THE_BOOK, Reply, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ADA = {
    "schemas": [USER], "userName": "lovelace", "emails": [{"value": "ada@acme.test"}], "password": "analytical-engine",
    "externalId": "ext-1815", "name": {"givenName": "Augusta"},
}  # fmt: skip
PRIVATE = ("lovelace", "ada@acme.test", "analytical-engine", "ext-1815", "Augusta", "s3cret", "nobody-knows")


class Logged:
    """A server with a log, and a client of it."""

    def __init__(self) -> None:
        self.clock = VirtualClock(tick=0.001)
        self.written = io.StringIO()
        self.app = AccessLog(build(Settings("s3cret", clock=self.clock, policy="scalekit")), self.written, self.clock)
        self.transport = InProcessTransport(self.app, "http://127.0.0.1", "Bearer s3cret", self.clock)

    def send(self, method: str, path: str, query: str = "", body: Any = None, **headers: str) -> Reply:
        added = tuple((name.replace("_", "-"), value) for name, value in headers.items())
        return self.transport.exchange(Send(method, path, query, BY_THE_BOOK + added, body))

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]


@pytest.fixture
def logged() -> Iterator[Logged]:
    made = Logged()
    yield made
    made.transport.close()


def test_a_request_is_one_line_that_tells_what_it_was_and_how_it_ended(logged: Logged) -> None:
    reply = logged.send("GET", "/scim/v2/Users", 'filter=userName%20eq%20"lovelace"&count=5')
    (line,) = logged.lines()
    assert line["time"].startswith("2026-01-01T00:00:00")
    assert (line["method"], line["route"], line["query"]) == ("GET", "/Users", ["count", "filter"])
    assert (line["status"], line["scimType"], line["tenant"]) == (200, None, "")
    assert (line["in"], line["out"]) == (0, len(reply.body))
    assert line["ms"] > 0


def test_the_id_of_the_line_is_given_back_and_the_client_s_own_isn_t_taken(logged: Logged) -> None:
    replies = [logged.send("GET", "/scim/v2/Users", X_Request_Id="nobody-knows") for _ in range(2)]
    assert [line["id"] for line in logged.lines()] == [reply.header("X-Request-Id") for reply in replies]
    assert len({line["id"] for line in logged.lines()} | {"nobody-knows"}) == 3


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/scim/v2", "/", 200),
        ("GET", "/scim/v2/Users/lovelace", "/Users/{id}", 404),
        ("GET", "/scim/v2/Users/.search", "/Users/.search", 405),
        ("POST", "/scim/v2/Bulk", "/Bulk", 400),
        ("GET", "/scim/v2/Schemas/" + USER, "/Schemas/{id}", 200),
        ("GET", "/scim/v2/lovelace", None, 404),
        ("GET", "/scim/v2/Users/a/lovelace", None, 404),
        ("GET", "/lovelace", None, 404),
        ("GET", "/lovelace/scim/v2/Users", None, 404),
        ("GET", "/livez", "/livez", 200),
        ("GET", "/manage/users/lovelace/roles", "/manage/users/{id}/roles", 404),
        ("PUT", "/manage/tenants/acme", "/manage/tenants/{name}", 200),
        ("GET", "/manage/lovelace", None, 404),
    ],
)
def test_a_path_is_told_as_its_template(
    logged: Logged, method: str, path: str, route: str | None, status: int
) -> None:
    logged.send(method, path, body={} if method != "GET" else None)
    (line,) = logged.lines()
    assert (line["route"], line["status"]) == (route, status)


def test_the_tenant_is_named_where_there_is_one(logged: Logged) -> None:
    logged.send("PUT", "/manage/tenants/acme")
    logged.send("GET", "/acme/scim/v2/Users")
    logged.send("GET", "/beta/scim/v2/Users")
    assert [line["tenant"] for line in logged.lines()] == ["", "acme", ""]


def test_an_error_is_told_by_its_keyword(logged: Logged) -> None:
    logged.send("GET", "/scim/v2/Users", "filter=lovelace")
    logged.send("PUT", "/manage/domains", body={"domains": ["acme.test"]})
    logged.send("POST", "/scim/v2/Users", body=ADA)
    logged.send("POST", "/scim/v2/Users", body=ADA)
    kept = [(line["status"], line["scimType"], line["in"] > 0) for line in logged.lines()]
    assert kept == [(400, "invalidFilter", False), (200, None, True), (201, None, True), (409, "uniqueness", True)]


def test_after_any_traffic_nothing_in_it_is_about_anybody(logged: Logged) -> None:
    logged.send("PUT", "/manage/domains", body={"domains": ["acme.test"]})
    created = logged.send("POST", "/scim/v2/Users", body=ADA)
    id = created.resource()["id"]
    for method in ("GET", "PUT", "PATCH", "DELETE", "LOVELACE", "HEAD"):
        for path in (f"/scim/v2/Users/{id}", "/scim/v2/Users", "/scim/v2/ada@acme.test", f"/manage/users/{id}/access"):
            query = 'filter=emails.value eq "ada@acme.test"&lovelace=1&ext-1815&attributes=Augusta'.replace(" ", "%20")
            logged.send(method, path, query, body=ADA, Cookie="analytical-engine", User_Agent="Augusta")
            logged.send(method, path, body=b'{"lovelace": ada@acme.test')
    written = logged.written.getvalue()
    assert len(logged.lines()) > 40
    for secret in (*PRIVATE, id, id[:8], "other.example"):
        assert secret.lower() not in written.lower()
    assert {name for line in logged.lines() for name in line["query"]} == {"attributes", "filter", "other"}


def test_a_failure_is_logged_as_where_it_happened_and_not_with_what(
    logged: Logged, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scimrig_simulator.server.directory import Directory

    def broken(*_: Any) -> None:
        raise KeyError("lovelace, ada@acme.test")

    monkeypatch.setattr(Directory, "create", broken)
    fresh = Logged()
    reply = fresh.send("POST", "/scim/v2/Users", body=ADA)
    assert (reply.status, reply.resource()["status"]) == (500, "500")
    (line,) = fresh.lines()
    assert (line["route"], line["status"]) == ("/Users", 500)
    assert "KeyError" in caplog.text
    assert "test_access_log.py" in caplog.text
    for secret in PRIVATE:
        assert secret not in caplog.text + reply.body.decode()
    fresh.transport.close()


@pytest.mark.parametrize("trouble", [OSError("disk full"), ValueError("I/O operation on closed file")])
def test_a_log_that_can_t_be_written_stops_nothing(trouble: Exception) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise trouble

    clock = VirtualClock()
    app = AccessLog(build(Settings("s3cret", clock=clock)), Full(), clock)
    transport = InProcessTransport(app, "http://127.0.0.1/scim/v2", "Bearer s3cret", clock)
    assert transport.exchange(Send("GET", "/Users")).status == 200
    transport.close()
