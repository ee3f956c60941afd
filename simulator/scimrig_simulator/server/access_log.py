"""The access log: one line of JSON for each request, with nothing in it about people and no secret.

A line names the route as the server knows it (``/Users/{id}``), never the path as it was sent: an id, a filter, the
value of a parameter or of a header could be anybody's. What only the server knows it notes in a ``Note`` that travels
with the request; the rest is seen from outside. ``X-Request-Id`` of the answer is the ``id`` of the line. Bytes that
are no HTTP have no line: they never become a request.

Rule: repeats nothing that a client can choose freely. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Container, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TextIO
from urllib.parse import parse_qsl

from scimrig_simulator.clock import Clock, SystemClock, printed
from scimrig_simulator.server.asgi import App, Message, Receive, Scope, Send

REQUEST_ID = "X-Request-Id"

_KEY = "scimrig.note"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_PARAMETERS = frozenset({
    "filter", "attributes", "excludedAttributes", "sortBy", "sortOrder", "startIndex", "count", "cursor"
})  # fmt: skip
_OTHER = "other"


@dataclass(slots=True)
class Note:
    """What the server says of a request while it works on it.

    id: of the request.  tenant: its name, "" for the one without.  route: the template of the path, None
    where there is none.  scim_type: keyword of the error that the answer is.
    """

    id: str
    tenant: str = ""
    route: str | None = None
    scim_type: str | None = None


def note(scope: Scope, place: str, segments: Sequence[str], words: Container[str], tenant: str) -> None:
    """Note that a path was found: below ``place``, with ``words`` for the segments that are no one's id."""
    noted: Note | None = scope.get(_KEY)
    if noted is not None:
        noted.tenant = tenant
        noted.route = place + "".join(f"/{segment}" if segment in words else "/{id}" for segment in segments) or "/"


def note_route(scope: Scope, route: str, tenant: str) -> None:
    """Note that a path was found whose template is known already."""
    noted: Note | None = scope.get(_KEY)
    if noted is not None:
        noted.tenant = tenant
        noted.route = route


def note_error(scope: Scope, scim_type: str | None) -> None:
    """Note the keyword of the error that is the answer."""
    noted: Note | None = scope.get(_KEY)
    if noted is not None:
        noted.scim_type = scim_type


def noted_id(scope: Scope) -> str:
    """The id of a request, "" where nothing is noted."""
    noted: Note | None = scope.get(_KEY)
    return "" if noted is None else noted.id


class AccessLog:
    """An application that writes a line on each request of another. A log that can't be written to stops nothing."""

    def __init__(self, app: App, lines: TextIO, clock: Clock | None = None) -> None:
        self._app = app
        self._lines = lines
        self._clock = clock or SystemClock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[_KEY] = noted = Note(uuid.uuid4().hex)
        seen = _Seen(noted.id, receive, send)
        began, started = self._clock.now(), self._clock.stopwatch()
        try:
            await self._app(scope, seen.receive, seen.send)
        finally:
            took = self._clock.stopwatch() - started
            self._write({
                "time": printed(began), "id": noted.id, "tenant": noted.tenant,
                "method": scope["method"] if scope["method"] in _METHODS else _OTHER,
                "route": noted.route, "query": _names(scope["query_string"]),
                "status": seen.status, "scimType": noted.scim_type,
                "in": seen.taken, "out": seen.given, "ms": round(took * 1000, 3),
            })  # fmt: skip

    def _write(self, line: dict[str, Any]) -> None:
        with suppress(OSError, ValueError):  # a full disk, a reader that has gone, a file that is closed
            self._lines.write(json.dumps(line, separators=(",", ":")) + "\n")
            self._lines.flush()


class _Seen:
    """What passes of one request: status of the answer (None where none began), bytes of bodies."""

    def __init__(self, id: str, receive: Receive, send: Send) -> None:
        self._id = (REQUEST_ID.lower().encode(), id.encode())
        self._receive = receive
        self._send = send
        self.status: int | None = None
        self.taken = 0
        self.given = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self.taken += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message.get("headers", ()), self._id]
        self.given += len(message.get("body", b""))
        await self._send(message)


def _names(query: bytes) -> list[str]:
    """The names of the parameters that the protocol knows; of all others, that there are some."""
    names = {name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)}
    known = sorted(names & _PARAMETERS)
    return [*known, _OTHER] if names - _PARAMETERS else known
