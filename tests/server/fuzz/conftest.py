"""A server to throw things at, and what has to be true of whatever it answers.

Requests are ASGI scopes made of bytes, so that nothing tidies them up on the way. What a test made up holds ``MARK``,
and what is secret holds ``SECRET``: the log may hold neither, and no answer the secret.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.server.access_log import AccessLog
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.server.policy import PRESETS
from scimrig_simulator.wire import Posted

MARK = "mallory"
SECRET = "hush0hush"
TOKEN = f"token.{SECRET}"

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"

# RFC 7644 Table 9, and RFC 9865 §2.3
SCIM_TYPES = {
    "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue",
    "invalidVers", "sensitive", "invalidCursor", "expiredCursor", "invalidCount",
}  # fmt: skip

SECONDS = 2.0
"""Of computing that one request may cost at most; by far more than any does, so that a slow machine fails nothing."""

KEPT = 25
"""How many resources of a kind the requests may leave behind, lest every filter takes longer than the one before it."""


@dataclass(frozen=True)
class Request:
    """One request. ``{u0}``, ``{u1}`` … in path, query or body are ids of users that are there, ``{g0}`` … groups."""

    method: str = "GET"
    path: bytes = b"/scim/v2/Users"
    query: bytes = b""
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""
    authorized: bool = True


@dataclass
class Answered:
    """An answer: header names in lower case, as they came."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    complete: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def json(self) -> dict[str, Any]:
        def no_constant(name: str) -> None:
            raise AssertionError(f"{name} is not JSON")

        value = json.loads(self.body.decode("utf-8"), parse_constant=no_constant)
        assert isinstance(value, dict)
        return value


class Rig:
    """The server, with someone in it whom nobody is told of: the canary, who has to stay as she is."""

    def __init__(self, policy: str) -> None:
        settings = Settings(TOKEN, clock=VirtualClock(), policy=policy, poster=lambda *_: Posted(200))
        self.log = io.StringIO()
        self.site = build(settings)
        self.app = AccessLog(self.site, self.log)
        self.loop = asyncio.new_event_loop()
        self.requests = 0
        self.ids: dict[bytes, deque[bytes]] = {b"Users": deque(), b"Groups": deque()}
        if policy != "open":
            domains = b'{"domains": ["acme.test"]}'
            assert self.exchange(Request("PUT", b"/manage/domains", body=domains)).status == 200
        assert self.exchange(Request("PUT", b"/manage/tenants/other")).status == 200
        self.canary = self.made(b"/scim/v2/Users", {
            "schemas": [USER], "userName": "canary", "active": True,
            "emails": [{"value": "canary@acme.test", "primary": True}], "password": f"canary {SECRET}",
        })  # fmt: skip
        members = [{"value": self.canary.rpartition(b"/")[2].decode()}]
        self.flock = self.made(b"/scim/v2/Groups", {"schemas": [GROUP], "displayName": "flock", "members": members})
        self.untouched = self.state()
        for number in range(3):
            user = {"schemas": [USER], "userName": f"{MARK}{number}", "emails": [{"value": f"{number}@acme.test"}]}
            group = {"schemas": [GROUP], "displayName": f"{MARK}{number}", "members": [{"value": "{u0}"},
                {"value": "{g0}"}]}
            assert self.send(method="POST", body=json.dumps(user).encode()).status == 201
            self.send(method="POST", path=b"/scim/v2/Groups", body=json.dumps(group).encode())
            group["members"] = []
            assert self.send(method="POST", path=b"/scim/v2/Groups", body=json.dumps(group).encode()).status == 201

    def close(self) -> None:
        self.site.close()
        self.loop.close()

    # Sending

    def made(self, path: bytes, resource: dict[str, Any]) -> bytes:
        answer = self.exchange(Request("POST", path, body=json.dumps(resource).encode()))
        assert answer.status == 201, answer.body
        return (answer.header("location") or "").removeprefix("http://127.0.0.1").encode()

    def state(self) -> list[bytes]:
        return [self.exchange(Request("GET", path)).body for path in (self.canary, self.flock)]

    def exchange(self, request: Request) -> Answered:
        """Send a request as it is, and return what came."""
        answered = Answered()
        parts = [request.body[:7], request.body[7:]]

        async def receive() -> dict[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message: dict[str, Any]) -> None:
            assert not answered.complete
            if message["type"] == "http.response.start":
                assert answered.status == 0
                answered.status = message["status"]
                answered.headers = [(name.decode("ascii"), value.decode("latin-1")) for name,
                    value in message["headers"]]
            else:
                answered.body += message.get("body", b"")
                answered.complete = not message.get("more_body", False)

        headers = list(request.headers)
        if request.authorized:
            headers.append((b"authorization", f"Bearer {TOKEN}".encode()))
        path = request.path.decode("latin-1")
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method,
            "scheme": "http", "path": path, "raw_path": request.path, "query_string": request.query, "root_path": "",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
        }  # fmt: skip
        self.requests += 1
        self.loop.run_until_complete(self.app(scope, receive, send))
        return answered

    def send(self, **parts: Any) -> Answered:
        """Send a request (see ``Request``) and hold the answer, and the server, to what has to be true."""
        request = self._named(Request(**parts))
        began = time.thread_time()
        answer = self.exchange(request)
        assert time.thread_time() - began < SECONDS, f"{request} took too long"
        self._sound(request, answer)
        self._note(request, answer)
        if self.requests % 20 == 0:
            self.healthy()
        return answer

    def _named(self, request: Request) -> Request:
        def id(found: re.Match[bytes]) -> bytes:
            held = self.ids[b"Users" if found[1] == b"u" else b"Groups"]
            return held[int(found[2]) % len(held)] if held else b"nobody"

        def named(raw: bytes) -> bytes:
            return re.sub(rb"\{([ug])(\d)\}", id, raw)

        return Request(
            request.method, named(request.path), named(request.query), request.headers, named(request.body),
            request.authorized,
        )  # fmt: skip

    def _note(self, request: Request, answer: Answered) -> None:
        said = [answer.header("location") or ""] if answer.status == 201 else []
        if answer.status == 200 and request.path == b"/scim/v2/Bulk":
            said = [done.get("location", "") for done in answer.json()["Operations"] if done["status"] == "201"]
        for location in said:
            found = re.fullmatch(r"http://[^/]+/scim/v2/(Users|Groups)/([^/]+)", location)
            if found:
                self.ids[found[1].encode()].append(found[2].encode())
        for kind, ids in self.ids.items():
            while len(ids) > KEPT:
                self.exchange(Request("DELETE", b"/scim/v2/%b/%b" % (kind, ids.popleft())))

    # What has to be true

    def healthy(self) -> None:
        """The canary is as she was, and a list adds up."""
        assert self.state() == self.untouched
        for path in (b"/scim/v2/Users", b"/scim/v2/Groups", b"/scim/v2"):
            seen: list[str] = []
            total = 1
            while len(seen) < total:
                answer = self.exchange(Request("GET", path, b"startIndex=%d&count=50" % (len(seen) + 1)))
                assert answer.status == 200, answer
                page = answer.json()
                total = page["totalResults"]
                assert page["itemsPerPage"] == len(page["Resources"]) > 0
                seen += [resource["id"] for resource in page["Resources"]]
            assert len(set(seen)) == len(seen) == total

    def _sound(self, request: Request, answer: Answered) -> None:
        assert answer.complete
        names = [name for name, _ in answer.headers]
        assert len(set(names)) == len(names)
        for name, value in answer.headers:
            assert re.fullmatch(r"[a-z0-9-]+", name)
            assert re.fullmatch(r"[\x20-\x7e\x80-\xff]*", value), (name, value)
        out = answer.body + repr(answer.headers).encode()
        assert SECRET.encode() not in out
        assert b"Traceback" not in out
        assert answer.status < 500 or (answer.status == 501 and b"/Me" in request.path), answer
        assert answer.status != 401 or not request.authorized or _else_credentials(request), answer
        if answer.status in (204, 304) or request.method == "HEAD":
            assert answer.body == b""
        if answer.status in (204, 304):
            assert answer.header("content-type") is None
            return
        _media(request, answer)
        if request.method != "HEAD":
            assert answer.header("content-length") == str(len(answer.body))
            _shape(request, answer)


def _else_credentials(request: Request) -> bool:
    """Whether the test sent credentials of its own, or asked for a tenant whose token it doesn't have."""
    return any(name.lower() == b"authorization" for name, _ in request.headers) or not _known(request.path)


def _known(path: bytes) -> bool:
    return path.startswith((b"/scim/v2", b"/manage"))


def _beside_scim(request: Request) -> bool:
    """Whether the path is no tenant's SCIM endpoint: there, plain JSON may be spoken."""
    return re.match(rb"(/[a-z0-9-]+)?/scim/v2(/|$)", request.path) is None


def _media(request: Request, answer: Answered) -> None:
    media = answer.header("content-type")
    if media == "application/json" and not _beside_scim(request):
        accept = b" ".join(value for name, value in request.headers if name.lower() == b"accept").lower()
        assert answer.status < 400
        assert b"json" in accept or b"*" in accept
    else:
        assert media in ("application/scim+json", "application/json")


def _shape(request: Request, answer: Answered) -> None:
    body = answer.json()
    assert answer.status != 405 or answer.header("allow")
    assert answer.status != 401 or answer.header("www-authenticate")
    if _beside_scim(request) and answer.header("content-type") == "application/json":
        assert answer.status < 400 or body.keys() in ({"error"}, {"status"})
    elif answer.status >= 400:
        assert body["schemas"] == [ERROR]
        assert body["status"] == str(answer.status)
        assert isinstance(body["detail"], str)
        assert body["detail"]
        assert body.get("scimType", "noTarget") in SCIM_TYPES
    else:
        assert body["schemas"]
        assert answer.status != 201 or answer.header("location")
        if body["schemas"] == [LIST]:
            _adds_up(body)
        for done in body.get("Operations", ()):
            assert int(done["status"]) < 500 or "/Me" in request.body.decode(errors="replace"), done


def _adds_up(page: dict[str, Any]) -> None:
    resources = page.get("Resources", [])
    assert page.get("itemsPerPage", len(resources)) == len(resources)
    assert page["totalResults"] >= len(resources)
    assert page.get("startIndex", 1) >= 1
    assert all(resource["schemas"] and resource["id"] for resource in resources)


_LINE = {
    "time": r"\d{4}-\d\d-\d\dT[\d:.]+Z", "id": r"[0-9a-f]{32}", "tenant": r"|other",
    "method": r"[A-Z]{3,7}|other", "route": r"None|/|(/(\.search|[A-Za-z:]+|\{[a-z_]+\}))+",
    "query": r"\[('\w+'(, )?)*\]", "status": r"[2-5]\d\d", "scimType": r"None|\w+",
    "in": r"\d+", "out": r"\d+", "ms": r"[\d.]+",
}  # fmt: skip


def _tells_nothing(lines: str) -> None:
    assert MARK not in lines.lower()
    assert SECRET not in lines
    for line in lines.splitlines():
        told = json.loads(line)
        assert told.keys() == _LINE.keys()
        assert all(re.fullmatch(pattern, str(told[name])) for name, pattern in _LINE.items()), line


@pytest.fixture(scope="module")
def rigs() -> Iterator[list[Rig]]:
    """One server of each policy."""
    made = [Rig(policy) for policy in PRESETS]
    records: list[logging.LogRecord] = []
    listener = logging.Handler()
    listener.emit = records.append  # type: ignore[method-assign]
    logging.getLogger("scimrig_simulator").addHandler(listener)
    yield made
    logging.getLogger("scimrig_simulator").removeHandler(listener)
    for rig in made:
        rig.healthy()
        _tells_nothing(rig.log.getvalue())
        rig.close()
    assert [record.getMessage() for record in records] == []
