"""Where the owner of a server is served: plain JSON below /manage, beside SCIM and with a bearer token as well.

Bodies are JSON objects, and an error is ``{"error": "…"}``. It isn't SCIM, and no seam is asked how it looks: a
saboteur may bend a role or an access, not the window through which they are seen.

Rule: lets in, reads and answers; what there is to ask for is for ``management.py`` and ``administration.py``. May not
import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from scimrig_simulator import limits
from scimrig_simulator.scim.bodies import PLAIN_JSON, json_object
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import Admits, Call, Seams
from scimrig_simulator.server.access_log import note
from scimrig_simulator.server.asgi import Receive, Scope, Send, below, content_of, headers_of, path_of, respond
from scimrig_simulator.server.mishaps import as_error, outline
from scimrig_simulator.wire import encode_json

PLACE = "/manage"

Body: TypeAlias = Mapping[str, Any]
Handler: TypeAlias = Callable[[Body], Body | None]
Methods: TypeAlias = Callable[[Sequence[str]], Mapping[str, Handler]]

_WORDS = frozenset({"domains", "roles", "map", "users", "access", "webhook", "deliveries", "tokens"})
_PRIVATE = {"Cache-Control": "no-store"}  # an answer may hold a secret that is told once (RFC 6750 §5.3)
_log = logging.getLogger(__name__)


class Trouble(Exception):
    """A request that can't be served: status and words, with further headers."""

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = headers or {}


@dataclass(frozen=True, slots=True)
class Office:
    """The API as an ASGI application.

    admits: whom to let in.  place: where it is found, with leading slash.
    methods: what can be done at a path below that, its segments decoded; raises Trouble 404.
    tenant: its name, for the log.
    """

    admits: Admits
    place: str
    methods: Methods
    tenant: str = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, found, headers = await self._answer(scope, receive)
        body = b"" if found is None else encode_json(dict(found))
        await respond(send, status, {**_PRIVATE, **headers}, body, PLAIN_JSON, head=scope["method"] == "HEAD")

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Body | None, Mapping[str, str]]:
        try:
            status, found = await self._done(scope, receive)
        except Trouble as trouble:
            return trouble.status, {"error": trouble.words}, trouble.headers
        except ScimError as error:
            told = error
        except Exception as mishap:  # whatever it is, the owner gets JSON and the log gets the rest
            _log.error("%s failed below %s\n%s", scope["method"], self.place, outline(mishap))
            told = as_error(mishap)
        else:
            return status, found, {}
        return told.status, {"error": told.detail}, dict(told.headers)

    async def _done(self, scope: Scope, receive: Receive) -> tuple[int, Body | None]:
        """A stranger doesn't learn what there is; who may come in is told what is amiss with the path first."""
        headers = headers_of(scope)
        self._admit(headers)
        segments = below(self.place, path_of(scope)) or []
        methods = self.methods(segments)
        note(scope, self.place.removeprefix(f"/{self.tenant}/manage") or PLACE, segments, _WORDS, self.tenant)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        if method not in methods:
            allowed = ", ".join(methods)
            raise Trouble(405, f"{method} is not possible here, only {allowed}.", {"Allow": allowed})
        body: Body = {}
        if method in ("PUT", "POST"):
            content = await content_of(headers, receive, limits.MANAGEMENT_BODY)
            self._admit(headers)  # a tenant or its token may have gone while the body came
            body = json_object(content) if content.strip() else {}
        found = methods[method](body)
        return 204 if found is None else 201 if method == "POST" else 200, found

    def _admit(self, headers: Mapping[str, str]) -> None:
        """Raises ScimError 401. The sound check of bearer tokens, whatever the SCIM side of the server does."""
        Seams().authorize(Call("", headers, {}, b"", ""), self.admits)


def only(body: Body, key: str) -> Any:
    """The one value that a body consists of. Raises Trouble 400."""
    if set(body) != {key}:
        raise Trouble(400, f"The body must hold {key!r} and nothing else.")
    return body[key]


def nothing_at(place: str, segments: Sequence[str]) -> Trouble:
    """The error of a path at which there is nothing."""
    return Trouble(404, f"There is nothing at {place}/{'/'.join(segments)}.")
