"""Where the owner of a server is served: plain JSON beside SCIM, and with a bearer token as well.

Bodies are JSON objects. It isn't SCIM, and no seam is asked how it looks: a saboteur may bend a role or an access, not
the window through which they are seen.

Rule: lets in, reads and answers; what there is to ask for stands in tables of operations. May not import ``faults``,
``idp`` or ``drive``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import parse_qsl

from scimrig_simulator import limits
from scimrig_simulator.calls import Admits, Call
from scimrig_simulator.scim.bodies import PLAIN_JSON, json_object
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.access_log import note_route
from scimrig_simulator.server.approach import STRAIGHT, Approach
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
from scimrig_simulator.server.mishaps import as_error, outline
from scimrig_simulator.server.operations import Asked, Body, Caller, Operation, Operations, Trouble
from scimrig_simulator.wire import encode_json

PLACE = "/manage"

Told: TypeAlias = Callable[[Trouble], Body]

_PRIVATE = {"Cache-Control": "no-store"}  # an answer may hold a secret that is told once (RFC 6750 §5.3)
_log = logging.getLogger(__name__)


def plainly(trouble: Trouble) -> Body:
    """An error as /manage tells it."""
    return {"error": trouble.words}


def by_code(trouble: Trouble) -> Body:
    """An error as the API tells it: the form of a gRPC gateway (policy page §3.1)."""
    return {
        "code": int(trouble.code),
        "message": trouble.words,
        "details": [{"error_code": trouble.error_code}],
    }


@dataclass(frozen=True, slots=True)
class Office:
    """The API as an ASGI application.

    admits: whom to let in.  place: where it is found, with leading slash; the operations' paths begin behind it.
    tenant: its name, for the log.  kind: of whoever asks.  told: how an error looks.  approach: how requests come.
    """

    admits: Admits
    place: str
    operations: Operations
    tenant: str = ""
    kind: str = "admin"
    told: Told = plainly
    approach: Approach = STRAIGHT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._respond(scope, send, *await self._answer(scope, receive))

    async def refuse(self, error: ScimError, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that is refused by how it has come."""
        trouble = self.trouble(error, scope["method"])
        await self._respond(scope, send, trouble.status, self._told(trouble), trouble.headers)

    async def _respond(
        self, scope: Scope, send: Send, status: int, found: Body | None, headers: Mapping[str, str]
    ) -> None:
        body = b"" if found is None else encode_json(dict(found))
        await respond(send, status, {**_PRIVATE, **headers}, body, PLAIN_JSON, head=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Body | None, Mapping[str, str]]:
        try:
            status, found = await self._done(scope, receive)
        except Exception as mishap:
            trouble = self.trouble(mishap, scope["method"])
            return trouble.status, self._told(trouble), trouble.headers
        return status, found, {}

    def _told(self, trouble: Trouble) -> Body:
        return self.told(trouble) if trouble.body is None else trouble.body

    def trouble(self, mishap: Exception, asked: str) -> Trouble:
        """What whoever asked is told of anything that was raised; the log gets the rest. asked: for the log."""
        if isinstance(mishap, Trouble):
            return mishap
        told = mishap if isinstance(mishap, ScimError) else as_error(mishap)
        if told is not mishap:
            _log.error("%s failed below %s\n%s", asked, self.place, outline(mishap))
        return Trouble(told.status, told.detail, dict(told.headers))

    async def _done(self, scope: Scope, receive: Receive) -> tuple[int, Body | None]:
        """A stranger doesn't learn what there is; who may come in is told what is amiss with the path first."""
        headers = headers_of(scope)
        methods, variables = self._found(scope, headers)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        operation = methods.get(method)
        if operation is None:
            allowed = ", ".join(methods)
            raise Trouble(405, f"{method} is not possible here, only {allowed}.", {"Allow": allowed})
        if not operation.public:
            self.admit(headers)
        body: Body = {}
        if method in ("PUT", "POST", "PATCH"):
            content = await content_of(headers, receive, limits.MANAGEMENT_BODY)
            if not operation.public:
                self.admit(headers)  # a tenant or its token may have gone while the body came
            body = _read(operation, content)
        address = self.approach.address(scope, headers)
        caller = Caller(self.kind, self.tenant, address, headers.get("user-agent", ""))
        query = parameters_of(scope) if scope["query_string"] else {}
        origin = self.approach.origin(scope, headers)
        found = operation.handler(Asked(variables, query, body, caller, origin, headers, (method, operation.path)))
        return 204 if found is None else operation.status, found

    def _found(
        self, scope: Scope, headers: Mapping[str, str]
    ) -> tuple[Mapping[str, Operation], Mapping[str, str]]:
        """The operations at the path, and its variables; only what is public is told to strangers."""
        segments = below(self.place, path_of(scope)) or []
        try:
            methods, variables = self.operations.find(segments)
        except Trouble:
            self.admit(headers)
            raise
        if not any(operation.public for operation in methods.values()):
            self.admit(headers)
        note_route(scope, next(iter(methods.values())).path, self.tenant)
        return methods, variables

    def admit(self, headers: Mapping[str, str]) -> None:
        """Raises ScimError 401. The sound check of bearer tokens, whatever the SCIM side of the server does."""
        Seams().authorize(Call("", headers, {}, b"", ""), self.admits)


def _read(operation: Operation, content: bytes) -> Body:
    if operation.form:
        return dict(parse_qsl(content.decode("latin-1"), keep_blank_values=True))
    return json_object(content) if content.strip() else {}
