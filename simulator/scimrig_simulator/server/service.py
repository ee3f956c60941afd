"""SCIM over HTTP for one tenant: reads a request, has it done, and puts the answer into bytes.

Paths, errors and methods follow SCIM's rules throughout: a client never meets a framework's own page. Operations use
SQLite directly, in the event loop: a request takes a fraction of a millisecond, and a thread pool would cost more.

Rule: every answer, also to nonsense, is SCIM JSON or has no body. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from scimrig_simulator import limits
from scimrig_simulator.calls import Admits, Answer, Call
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.access_log import note, note_error, noted_id
from scimrig_simulator.server.approach import origin
from scimrig_simulator.server.asgi import (
    Receive,
    Scope,
    Send,
    below,
    content_of,
    headers_of,
    parameters_of,
    path_of,
    respond,
)
from scimrig_simulator.server.entrance import Entrance
from scimrig_simulator.server.mishaps import as_error, outline
from scimrig_simulator.server.negotiation import answer_type
from scimrig_simulator.server.routes import Route
from scimrig_simulator.server.witness import Witness
from scimrig_simulator.wire import encode_json

_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
_log = logging.getLogger(__name__)


class Finds(Protocol):
    """The paths below a base URL, as ``Routes`` knows them."""

    def find(self, segments: Sequence[str]) -> Route:
        """The route of a path, its segments decoded. Raises ScimError 404."""


@dataclass(frozen=True, slots=True)
class Service:
    """SCIM below one base path, as an ASGI application.

    admits: whom to let in.  base_path: with leading slash, without trailing one.
    public_url: base URL as clients see it; None = the host that a request names, where that is a loopback name.
    tenant: its name, for the log.  witness: told of what is refused, None where nobody keeps it.
    entrance: what stands behind ``admits``, None where nothing does.
    """

    seams: Seams
    routes: Finds
    admits: Admits
    base_path: str
    public_url: str | None = None
    tenant: str = ""
    witness: Witness | None = None
    entrance: Entrance | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = self._call(scope)
        try:
            answer = await self._done(call, scope, receive)
        except ScimError as error:
            note_error(scope, error.scim_type)
            self._refused(call, error, scope)
            answer = self.seams.fail(call, error)
        except Exception as mishap:  # whatever it is, the client gets a SCIM error and the log gets the rest
            self._refused(call, as_error(mishap), scope)
            answer = self._failed(call, mishap)
        await self._send(call, answer, scope, send)

    async def apologise(self, mishap: Exception, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request over which the server failed before it was known whose it is."""
        call = self._call(scope)
        await self._send(call, self._failed(call, mishap), scope, send)

    async def refuse(self, error: ScimError, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused by how it has come."""
        call = self._call(scope)
        await self._send(call, self.seams.fail(call, error), scope, send)

    def _call(self, scope: Scope) -> Call:
        method = scope["method"]
        return Call(
            method="GET" if method == "HEAD" else method,
            headers=headers_of(scope),
            query=parameters_of(scope) if scope["query_string"] else {},
            content=b"",
            base_url=self._base_url(scope),
            request_id=noted_id(scope),
        )

    def _refused(self, call: Call, error: ScimError, scope: Scope) -> None:
        if self.witness is not None:
            self.witness.refused(call, error, below(self.base_path, path_of(scope)) or ())

    def _failed(self, call: Call, mishap: Exception) -> Answer:
        _log.error("%s failed\n%s", call.method, outline(mishap))
        return self.seams.fail(call, as_error(mishap))

    async def _send(self, call: Call, answer: Answer, scope: Scope, send: Send) -> None:
        answer = self.seams.emit(call, answer)
        body = encode_json(answer.body) if isinstance(answer.body, dict) else answer.body or b""
        head = scope["method"] == "HEAD"
        await respond(send, answer.status, answer.headers, body, answer.media_type, head=head)

    async def _done(self, call: Call, scope: Scope, receive: Receive) -> Answer:
        try:
            route = self._route(scope)
            call.resource_type, call.id = route.resource_type, route.id
        except ScimError:
            self._let_in(call, scope)  # a stranger doesn't learn what there is
            raise
        if not route.public or "authorization" in call.headers:
            self._let_in(call, scope)
        operation = route.handler(call.method)
        media_type = answer_type(call.headers.get("accept"))
        if call.method in _WITH_BODY:
            call.content = await content_of(call.headers, receive, limits.BODY)
            self._let_in(call, scope)  # a tenant or its token may have gone, or been shut, while the body came
        answer = operation(call)
        answer.media_type = media_type
        return answer

    def _let_in(self, call: Call, scope: Scope) -> None:
        """Raises ScimError 401 for a bad token, 403 for a good one at a door that is shut (D7)."""
        if self.entrance is None:
            self.seams.authorize(call, self.admits)
            return
        call.address = self.entrance.address(call, scope)
        self.seams.authorize(call, self.admits)
        self.entrance.enter(call)

    def _route(self, scope: Scope) -> Route:
        segments = below(self.base_path, path_of(scope))
        if segments is None:
            raise ScimError(404, None, f"There is nothing here; the base URL ends in {self.base_path}.")
        route = self.routes.find(segments)
        note(scope, "", segments, (*segments[:1], ".search"), self.tenant)
        return route

    def _base_url(self, scope: Scope) -> str:
        if self.public_url is not None:
            return self.public_url
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        return origin(scope["scheme"], host, tuple(scope["server"] or ())) + self.base_path
