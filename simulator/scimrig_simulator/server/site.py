"""The whole server as one ASGI application: which part of it answers at a path, and for which tenant.

The tenant without a name is served at the base path and at /manage, every other one at the same places behind its name:
/acme/scim/v2, /acme/manage. A name that no tenant has is answered like one whose token one doesn't know, so that nobody
learns who is a customer; only the token that the server was started with learns that there is nobody.

Rule: finds who answers, and answers nothing itself. SCIM's own way is short; what is beside it is Starlette's. May
not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route as PageRoute

from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.server import administration, clockwork
from scimrig_simulator.server.asgi import App, Receive, Scope, Send, path_of
from scimrig_simulator.server.health import LIVE, READY
from scimrig_simulator.server.house import DIRECTORIES
from scimrig_simulator.server.office import PLACE, Office
from scimrig_simulator.server.operations import Operation, Operations, Trouble
from scimrig_simulator.server.routes import Route
from scimrig_simulator.server.service import Finds, Service
from scimrig_simulator.server.tenants import Tenants, well_named

_PROGRAMS = ("/api", "/oauth", "/keys")
"""Where the API is."""

Page: TypeAlias = Callable[[Request], Awaitable[Response]]
Secure: TypeAlias = Callable[[Scope], bool]

_IN_THE_CLEAR = "This server is spoken to over https only; whatever was sent here in the clear may have been read."


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What one tenant is served with. number: None = nobody is there.

    management: None under a policy that promises nothing.
    """

    number: int | None
    scim: Service
    management: Office | None = None

    def at(self, path: str) -> App:
        """Who answers at a path, the tenant's name taken off."""
        if self.management is not None and _within(PLACE, path):
            return self.management
        return self.scim


@dataclass(frozen=True, slots=True)
class Vacant:
    """The paths of a tenant that isn't there: those that need no token are as everywhere, the others don't exist."""

    name: str
    routes: Finds

    def find(self, segments: Sequence[str]) -> Route:
        """The route of a path, its segments decoded. Raises ScimError 404."""
        route = self.routes.find(segments)
        if not route.public:
            raise ScimError(404, None, self._words)
        return route

    @property
    def operations(self) -> Operations:
        """What can be done below the tenant's /manage: nothing."""
        return _Nothing(self._words)

    @property
    def _words(self) -> str:
        return f"There is no tenant {self.name!r}; PUT {administration.PLACE}/NAME makes one."


class _Nothing(Operations):
    """Nothing at any path, for one reason."""

    def __init__(self, words: str) -> None:
        super().__init__(())
        self._words = words

    def find(self, segments: Sequence[str]) -> tuple[Mapping[str, Operation], Mapping[str, str]]:
        raise Trouble(404, self._words)


class Site:
    """The server. Safe to share by threads; each request asks the register of tenants anew.

    let: makes what a tenant is served with, of its number, place and name; of None where nobody has that name.
    admin: answers below ``administration.PLACE``.  programs: the API, None where nothing is promised beyond SCIM.
    pages: what else there is, by path, for everybody to GET.
    closing: what else is to be closed at the end.  vacated: is told the number of a tenant that is gone.
    secure: says whether a request has come encrypted, and no other is served; None = it doesn't matter (CAP-21).
    portal: None where there is none.
    """

    def __init__(
        self,
        tenants: Tenants,
        let: Callable[[int | None, str, str], Tenancy],
        admin: Office,
        programs: Office | None,
        pages: Mapping[str, Page],
        closing: ExitStack,
        vacated: Callable[[int], None],
        secure: Secure | None = None,
        portal: App | None = None,
    ) -> None:
        self._tenants = tenants
        self._let = let
        self._admin = admin
        self.programs = programs
        self._pages = pages.keys()
        self._beside = Starlette(
            routes=[PageRoute(path, page) for path, page in pages.items()],
            exception_handlers={HTTPException: _told},
            lifespan=self._lifespan,
        )
        self._closing = closing
        self._vacated = vacated
        self._secure = secure
        self._portal = portal
        self._default = let(0, "", "")
        self._base_path = self._default.scim.base_path
        self._open: dict[str, Tenancy] = {}
        self._lock = threading.Lock()

    @property
    def operations(self) -> Sequence[Operation]:
        """All that can be asked for in plain JSON, of one tenant what is below its /manage."""
        offices = (self.programs, self._admin, self._default.management)
        return [operation for office in offices if office is not None for operation in office.operations.all]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answering(scope)(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._beside(scope, receive, send)
        else:
            raise ValueError(f"Nothing but HTTP is spoken here, and this is {scope['type']}")

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self.close()

    def close(self) -> None:
        """Send nothing more and close the database; nothing can be served afterwards."""
        self._closing.close()

    def _answering(self, scope: Scope) -> App:
        """Who answers a request. What has come in the clear is refused before anybody looks at its token."""
        app = self._at(path_of(scope))
        if self._secure is None or self._secure(scope) or path_of(scope) in (LIVE, READY):
            return app
        refusing = app if isinstance(app, Service | Office) else self._default.scim
        return partial(refusing.refuse, ScimError(403, None, _IN_THE_CLEAR))

    def _at(self, path: str) -> App:
        """Who answers at a path."""
        if _within(self._base_path, path):
            return self._default.scim
        if _within(administration.PLACE, path) or path == clockwork.PLACE:
            return self._admin
        if path in self._pages:
            return self._beside
        try:
            return self._elsewhere(path)
        except sqlite3.Error as mishap:
            return partial(self._default.scim.apologise, mishap)

    def _elsewhere(self, path: str) -> App:
        if self.programs is not None and path.startswith(f"{DIRECTORIES}/"):
            id, _, rest = path.removeprefix(f"{DIRECTORIES}/").partition("/")
            record = self._tenants.organizations.directory(id)
            if _within("/scim", f"/{rest}"):
                number = None if record is None else record.tenant
                return self._tenancy(number, f"{DIRECTORIES}/{id}", id).scim
        if self.programs is not None and any(_within(place, path) for place in _PROGRAMS):
            return self.programs
        if self._portal is not None and _within("/portal", path):
            return self._portal
        name, _, rest = path[1:].partition("/")
        if not well_named(name):
            return self._default.at(path)
        return self._tenancy(self._tenants.number(name), f"/{name}", name).at(f"/{rest}")

    def _tenancy(self, number: int | None, place: str, name: str) -> Tenancy:
        """What is served at a place now. What was made for a tenant is kept until another is there, or none."""
        with self._lock:
            held = self._open.get(place)
            if held is not None and held.number == number:
                return held
            self._open.pop(place, None)
            if held is not None and held.number is not None:
                self._vacated(held.number)  # perhaps by another process
            tenancy = self._let(number, place, name)
            if number is not None:
                self._open[place] = tenancy
        return tenancy


async def _told(_: Request, error: Exception) -> Response:
    """What Starlette would refuse in plain words: another method than GET."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _within(place: str, path: str) -> bool:
    return path.startswith(place) and path[len(place) : len(place) + 1] in ("", "/")
