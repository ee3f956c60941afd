"""The servers that ``server.py`` compares: how each is built, filled, asked, and how its CPU time is read.

Each runs in a process of its own, under the same uvicorn, as an ASGI application wrapped in ``Measured``. That answers
two more paths: ``/bench/cpu``, the CPU time of the process so far, and ``/bench/fill``, which stores users and groups
without HTTP in between. scim2-server is filled through its storage, because its own POST of 10,000 users and of a group
with all of them as members would take minutes.

    python benchmarks/contestants.py scimrig PORT [--db FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs

sys.path.insert(0, str(Path(__file__).parents[1] / "simulator"))

OURS, THEIRS, BRIDGED = "scimrig", "scim2-server", "scim2-server-wsgi"
TOKEN = "benchmark"
SMALL_GROUP = 10
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
MEDIA_TYPE = "application/scim+json"

WAVE = 8
"""Requests under way at once."""

Json = dict[str, Any]
Request = tuple[str, str, Json | None]
"""Method, path below the base URL, body."""
Answer = tuple[int, bytes]
"""Status, body."""
App = Callable[[Json, Callable[[], Awaitable[Json]], Callable[[Json], Awaitable[None]]], Awaitable[None]]


def user(number: int, prefix: str = "u") -> Json:
    """An employee as an IdP sends one, no password: hashing one costs what its author wants it to cost."""
    given, family = f"Given{number % 97}", f"Family{number % 89}"
    return {
        "schemas": [USER, ENTERPRISE],
        "userName": f"{prefix}{number}@example.com",
        "externalId": f"{prefix}-{number}",
        "name": {"givenName": given, "familyName": family, "formatted": f"{given} {family}"},
        "displayName": f"{given} {family}",
        "nickName": given,
        "title": "Engineer",
        "userType": "Employee",
        "preferredLanguage": "en-GB",
        "locale": "en-GB",
        "timezone": "Europe/London",
        "active": True,
        "emails": [
            {"value": f"{prefix}{number}@example.com", "type": "work", "primary": True},
            {"value": f"{prefix}{number}@home.example", "type": "home"},
        ],
        "phoneNumbers": [
            {"value": f"tel:+44-20-{number:08}", "type": "work"},
            {"value": f"tel:+44-7700-{number:06}", "type": "mobile"},
        ],
        "addresses": [
            {"type": "work", "streetAddress": f"{number} High Street", "locality": "London", "postalCode": "EC1A 1BB",
             "country": "GB", "primary": True}
        ],
        ENTERPRISE: {
            "employeeNumber": str(number), "costCenter": "4130", "organization": "Example", "division": "Products",
            "department": f"Department {number % 31}",
        },
    }  # fmt: skip


def group(name: str, members: list[str]) -> Json:
    """A group with these users in it."""
    return {"schemas": [GROUP], "displayName": name, "members": [{"value": id, "type": "User"} for id in members]}


class Contestant(Protocol):
    """A server, seen from outside."""

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        """The answers to requests below the base URL, in their order."""

    def cpu(self) -> int:
        """CPU time used so far, in nanoseconds."""

    def fill(self, users: int, groups: bool) -> list[str]:
        """Store that many users, or the groups of those that are there; the new ids."""


class Application:
    """An ASGI application with its base path, and ``fill``, which stores without HTTP."""

    def __init__(self, app: App, base_path: str) -> None:
        self.app = app
        self.base_path = base_path
        self.users: list[str] = []

    async def fill(self, users: int, groups: bool) -> list[str]:
        """See Contestant."""
        if not groups:
            made = [await self.store(user(number)) for number in range(users)]
            self.users += made
            return made
        small = [self.users[at : at + SMALL_GROUP] for at in range(0, len(self.users), SMALL_GROUP)]
        sizes = [("Everybody", self.users), *((f"Group {number}", some) for number, some in enumerate(small))]
        return [await self.store(group(name, members)) for name, members in sizes]

    async def store(self, body: Json) -> str:
        """Store a resource by a request to the application; its id."""
        place = "Users" if USER in body["schemas"] else "Groups"
        status, content = await call(self.app, self.base_path, "POST", f"/{place}", body)
        if status != 201:
            raise RuntimeError(f"{status}: {content[:300]!r}")
        return str(json.loads(content)["id"])


class Scim2Server(Application):
    """scim2-server with its storage in memory, and a token.

    wsgi: through the WSGI application that its command serves, and uvicorn's bridge; else through its ASGI application.
    """

    def __init__(self, wsgi: bool) -> None:
        from scim2_models import ScimProvider
        from scim2_server.applications.asgi import ASGIApplication
        from scim2_server.memory import AsyncInMemoryStorage
        from scim2_server.service import ScimService
        from scim2_server.testserver.application import BearerTokenApplication
        from scim2_server.utils import (
            load_default_resource_types,
            load_default_schemas,
            load_default_service_provider_config,
        )

        class Guarded(ASGIApplication):
            bearer_tokens = frozenset({TOKEN})
            check_auth = BearerTokenApplication.check_auth

        self._provider = ScimProvider.from_discovery(
            load_default_schemas().values(), load_default_resource_types().values(),
            config=load_default_service_provider_config(),
        )  # fmt: skip
        service = ScimService(self._provider, secret="benchmark-secret-of-no-account-at-all")
        self._storage = AsyncInMemoryStorage()
        if wsgi:
            from uvicorn.middleware.wsgi import WSGIMiddleware

            memory = self._storage.storage
            bridged = BearerTokenApplication(memory, self._provider, service, bearer_tokens=[TOKEN])
            super().__init__(WSGIMiddleware(bridged), "/v2")
        else:
            super().__init__(Guarded(self._storage, self._provider, service), "/v2")

    async def store(self, body: Json) -> str:
        (kind,) = (kind for kind in self._provider.resource_types if str(kind.schema_) == body["schemas"][0])
        with self._provider:
            resource = self._provider.model_for(kind).model_validate(body)
            return str((await self._storage.create(kind, resource)).id)


def application(name: str, db: str) -> Application:
    """A contestant by name; db: a file for ours, or ":memory:"."""
    if name in (THEIRS, BRIDGED):
        return Scim2Server(wsgi=name == BRIDGED)
    from scimrig_simulator.server.app import BASE_PATH, Settings, build

    return Application(build(Settings(token=TOKEN, db=db)), BASE_PATH)


def measured(made: Application) -> App:
    """The application, and what the benchmark asks of its process."""

    async def answer(scope: Json, receive: Any, send: Any) -> None:
        path = scope.get("path", "")
        if not path.startswith("/bench/"):
            await made.app(scope, receive, send)
            return
        if path == "/bench/fill":
            asked = parse_qs(scope["query_string"].decode())
            content = json.dumps(await made.fill(int(asked["users"][0]), asked["groups"] == ["yes"]))
        else:
            content = str(time.process_time_ns())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"keep-alive")]})
        await send({"type": "http.response.body", "body": content.encode()})

    return answer


async def call(app: App, base_path: str, method: str, path: str, body: Json | None = None) -> tuple[int, bytes]:
    """One request to an ASGI application in this process."""
    path, _, query = path.partition("?")
    content = b"" if body is None else json.dumps(body).encode()
    headers = [("host", "127.0.0.1"), ("authorization", f"Bearer {TOKEN}"), ("accept", MEDIA_TYPE)]
    if body is not None:
        headers += [("content-type", MEDIA_TYPE), ("content-length", str(len(content)))]
    answered: list[Json] = []

    async def receive() -> Json:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Json) -> None:
        answered.append(message)

    encoded = [(name.encode(), value.encode()) for name, value in headers]
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": base_path + path, "raw_path": (base_path + path).encode(),
        "query_string": query.encode(), "root_path": "", "headers": encoded, "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return answered[0]["status"], b"".join(message.get("body", b"") for message in answered[1:])


class InProcess:
    """A contestant in this process: the application alone, without HTTP and uvicorn."""

    def __init__(self, name: str, db: str) -> None:
        self._made = application(name, db)
        self._loop = asyncio.new_event_loop()

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        made, run = self._made, self._loop.run_until_complete
        return [run(call(made.app, made.base_path, *request)) for request in requests]

    def cpu(self) -> int:
        return time.process_time_ns()

    def fill(self, users: int, groups: bool) -> list[str]:
        return self._loop.run_until_complete(self._made.fill(users, groups))


class Served:
    """A contestant in a process of its own, over a few kept connections.

    Requests go out in waves, one on each connection and each in one piece: a server that is woken for every single one
    spends as much on waking up, which says more about the machine than about the server.
    """

    def __init__(self, port: int, base_path: str) -> None:
        self._port = port
        self._base_path = base_path
        self._wires: list[socket.socket] = []

    def connect(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until it takes connections. Raises SystemExit where it ends instead."""
        while process.poll() is None:
            with contextlib.suppress(OSError):
                while len(self._wires) < WAVE:
                    wire = socket.create_connection(("127.0.0.1", self._port), timeout=600)
                    wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._wires.append(wire)
                return
            time.sleep(0.05)
        raise SystemExit("a server did not start")

    def ask(self, requests: Sequence[Request]) -> list[Answer]:
        answers = []
        for start in range(0, len(requests), WAVE):
            wave = [self._printed(*request) for request in requests[start : start + WAVE]]
            answers += self._exchanged(wave)
        return answers

    def cpu(self) -> int:
        return int(self._exchanged([b"GET /bench/cpu HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"])[0][1])

    def fill(self, users: int, groups: bool) -> list[str]:
        path = f"/bench/fill?users={users}&groups={'yes' if groups else 'no'}"
        ((status, content),) = self._exchanged([f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()])
        if status != 200:
            raise SystemExit(f"filling failed: {content.decode()}")
        return list(json.loads(content))

    def _printed(self, method: str, path: str, body: Json | None) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        head = f"{method} {self._base_path}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {TOKEN}\r\n"
        head += f"Accept: {MEDIA_TYPE}\r\n"
        if body is not None:
            head += f"Content-Type: {MEDIA_TYPE}\r\nContent-Length: {len(content)}\r\n"
        return head.encode() + b"\r\n" + content

    def _exchanged(self, wave: Sequence[bytes]) -> list[Answer]:
        """The answers to requests as they go over the wire, one on each connection."""
        wires = self._wires[: len(wave)]
        for wire, request in zip(wires, wave, strict=True):
            wire.sendall(request)
        answers = []
        for wire in wires:
            answer = http.client.HTTPResponse(wire)
            answer.begin()
            answers.append((answer.status, answer.read()))
        return answers


@contextlib.contextmanager
def served(name: str, db: str) -> Iterator[Served]:
    """A contestant as a process, ended with the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([sys.executable, __file__, name, str(port), "--db", db], stdin=subprocess.DEVNULL)
    try:
        one = Served(port, "/scim/v2" if name == OURS else "/v2")
        one.connect(process)
        yield one
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Serve one contestant until it is told to stop."""
    import uvicorn

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=(OURS, THEIRS, BRIDGED))
    parser.add_argument("port", type=int)
    parser.add_argument("--db", default=":memory:")
    wanted = parser.parse_args()
    app = measured(application(wanted.name, wanted.db))
    uvicorn.run(
        app, host="127.0.0.1", port=wanted.port, log_level="error", access_log=False, loop="asyncio", http="h11",
        ws="none", lifespan="off", timeout_keep_alive=600,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
