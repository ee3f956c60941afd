"""The reference server as an ASGI application.

``build`` makes a Starlette application; all of SCIM is one endpoint in it, ``Service``, because paths, errors and
methods follow SCIM's rules throughout: a client never meets a framework's own page. Operations use SQLite directly, in
the event loop: a request takes a fraction of a millisecond, and a thread pool would cost more than that.

Rule: every answer, also to nonsense, is SCIM JSON or has no body. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import parse_qsl, quote, unquote

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import Receive, Scope, Send

from scimrig_simulator.clock import Clock, SystemClock
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import builtin
from scimrig_simulator.scim.tolerances import STANDARD, Tolerance
from scimrig_simulator.seams import Answer, Call, Seams
from scimrig_simulator.server.directory import Directory
from scimrig_simulator.server.discovery import Discovery
from scimrig_simulator.server.management import PLACE, Management
from scimrig_simulator.server.negotiation import answer_type
from scimrig_simulator.server.outbox import Outbox
from scimrig_simulator.server.policy import OPEN, PRESETS, Policy
from scimrig_simulator.server.routes import Routes
from scimrig_simulator.server.search import Search
from scimrig_simulator.server.store import MEMORY, Store
from scimrig_simulator.wire import Poster, encode_json

LARGEST_BODY = 1 << 20
BASE_PATH = "/scim/v2"

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.IGNORECASE)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a server is set up.

    token: the bearer token; an empty one lets nobody in.  db: path of the database, ":memory:" for none on disk.
    base_path: with leading slash, without trailing one.
    public_url: base URL as clients see it; None = the host that a request names, where that is a loopback name.
    tolerances: what is let pass against the letter of the RFC; none of them = strict.
    policy: what is promised beyond SCIM, one of ``PRESETS``.  poster: sends webhooks; None = over HTTP.
    """

    token: str
    db: str = MEMORY
    base_path: str = BASE_PATH
    clock: Clock = field(default_factory=SystemClock)
    public_url: str | None = None
    tolerances: frozenset[Tolerance] = STANDARD
    policy: str = OPEN
    poster: Poster | None = None


def build(settings: Settings, seams: Seams | None = None) -> Starlette:
    """The reference server, sabotaged where ``seams`` says so.

    Raises StoreError where the database can't be opened, ValueError for a policy that isn't there.
    """
    if settings.policy not in PRESETS:
        raise ValueError(f"There is no policy preset {settings.policy!r}, only {' and '.join(PRESETS)}.")
    seams = seams or Seams()
    seams.clock = settings.clock
    seams.tolerances = settings.tolerances
    closing = ExitStack()
    store = Store(settings.db)
    closing.callback(store.close)
    policy = None if settings.policy == OPEN else _policy(settings, store, seams, closing)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        closing.close()

    routes = [Mount("/", app=Service(settings, store, seams, policy))]
    if policy is not None:
        routes.insert(0, Mount(PLACE, app=Management(settings.token, policy)))
        policy.outbox.resume()
    return Starlette(routes=routes, lifespan=lifespan)


def _policy(settings: Settings, store: Store, seams: Seams, closing: ExitStack) -> Policy:
    poster = settings.poster
    if poster is None:
        from scimrig_simulator.server.sending import HttpPoster  # with an HTTP client, which nobody else here needs

        poster = http = HttpPoster()
        closing.callback(http.close)
    outbox = Outbox(store, settings.clock, seams, poster)
    closing.callback(outbox.close)
    return Policy(store, seams, settings.clock, outbox)


class Service:
    """SCIM over HTTP: reads a request, has it done, and puts the answer into bytes."""

    def __init__(self, settings: Settings, store: Store, seams: Seams, policy: Policy | None = None) -> None:
        self._settings = settings
        self._seams = seams
        definitions = seams.definitions(builtin())
        directory = Directory(store, seams, definitions, settings.clock, policy)
        search = Search(store, seams, definitions, settings.clock)
        self._routes = Routes(definitions, directory, search, Discovery(seams, definitions))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = scope["method"] == "HEAD"
        call = Call(
            method="GET" if head else scope["method"],
            headers=_headers(scope),
            query=_parameters(scope["query_string"]),
            content=b"",
            base_url=self._base_url(scope),
        )
        answer = await self._answer(call, scope, receive)
        await _response(answer, head)(scope, receive, send)

    async def _answer(self, call: Call, scope: Scope, receive: Receive) -> Answer:
        try:
            answer = await self._done(call, scope, receive)
        except ScimError as error:
            answer = self._seams.fail(call, error)
        except Exception:  # whatever it is, the client gets a SCIM error and the log gets the rest
            _log.exception("%s %s", call.method, scope["path"])
            answer = self._seams.fail(call, ScimError(500, None, "The server failed; its log says more."))
        return self._seams.emit(call, answer)

    async def _done(self, call: Call, scope: Scope, receive: Receive) -> Answer:
        try:
            route = self._routes.find(_segments(scope, self._settings.base_path))
        except ScimError:
            self._seams.authorize(call, self._settings.token)  # a stranger doesn't learn what there is
            raise
        if not route.public or "authorization" in call.headers:
            self._seams.authorize(call, self._settings.token)
        call.resource_type, call.id = route.resource_type, route.id
        operation = route.handler(call.method)
        media_type = answer_type(call.headers.get("accept"))
        if call.method in ("POST", "PUT", "PATCH"):
            call.content = await _content(call, receive)
        answer = operation(call)
        answer.media_type = media_type
        return answer

    def _base_url(self, scope: Scope) -> str:
        if self._settings.public_url is not None:
            return self._settings.public_url.rstrip("/")
        host = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"host"), "")
        return _origin(scope["scheme"], host, tuple(scope["server"] or ())) + self._settings.base_path


@lru_cache(maxsize=64)
def _origin(scheme: str, host: str, server: tuple[str, int | None]) -> str:
    """Scheme and host of a request. A Host that isn't a loopback name may be anybody's invention (bug READ-02)."""
    if _LOOPBACK.fullmatch(host):
        return f"{scheme}://{host}"
    address, port = server if server else ("localhost", None)
    standard = {"http": 80, "https": 443}.get(scheme)
    return f"{scheme}://{address}" if port in (None, standard) else f"{scheme}://{address}:{port}"


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _parameters(query: bytes) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        parameters.setdefault(name, value)
    return parameters


def _segments(scope: Scope, base_path: str) -> list[str]:
    """Path segments below the base path, decoded one by one; a trailing slash makes no difference."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"])
    if path != base_path and not path.startswith(f"{base_path}/"):
        raise ScimError(404, None, f"There is nothing here; the base URL ends in {base_path}.")
    segments = [unquote(segment) for segment in path[len(base_path) :].split("/")[1:]]
    return segments[:-1] if segments and not segments[-1] else segments


async def _content(call: Call, receive: Receive) -> bytes:
    declared = call.headers.get("content-length", "")
    size = int(declared) if declared.isdigit() else 0
    content = bytearray()
    more = size <= LARGEST_BODY
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ScimError(400, None, "The connection was closed before the body was complete.")
        content += message.get("body", b"")
        size = len(content)
        more = message.get("more_body", False) and size <= LARGEST_BODY
    if size > LARGEST_BODY:
        raise ScimError(413, None, f"A request body may have {LARGEST_BODY} bytes at most.")
    return bytes(content)


def _response(answer: Answer, head: bool) -> Response:
    body = encode_json(answer.body) if isinstance(answer.body, dict) else answer.body or b""
    headers = dict(answer.headers)
    if answer.status in (204, 304):
        return Response(status_code=answer.status, headers=headers)
    if head:
        headers["Content-Length"] = str(len(body))
    return Response(b"" if head else body, answer.status, headers, answer.media_type)
