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
from scimrig_simulator.server import administration
from scimrig_simulator.server.asgi import App, Receive, Scope, Send, path_of
from scimrig_simulator.server.office import PLACE, Handler, Office, Trouble
from scimrig_simulator.server.outbox import Outbox
from scimrig_simulator.server.routes import Route
from scimrig_simulator.server.service import Finds, Service
from scimrig_simulator.server.tenants import Tenants, well_named

Page: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Tenancy:
    """What one tenant is served with. number: None = nobody is there.

    management, outbox: None under a policy that promises nothing.
    """

    number: int | None
    scim: Service
    management: Office | None = None
    outbox: Outbox | None = None

    def at(self, path: str) -> App:
        """Who answers at a path, the tenant's name taken off."""
        if self.management is not None and _within(PLACE, path):
            return self.management
        return self.scim

    def close(self) -> None:
        """Send nothing more for this tenant."""
        if self.outbox is not None:
            self.outbox.close()


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

    def methods(self, segments: Sequence[str]) -> Mapping[str, Handler]:
        """What can be done below the tenant's /manage. Raises Trouble 404."""
        raise Trouble(404, self._words)

    @property
    def _words(self) -> str:
        return f"There is no tenant {self.name!r}; PUT {administration.PLACE}/NAME makes one."


class Site:
    """The server. Safe to share by threads; each request asks the register of tenants anew.

    let: makes what a tenant is served with, of its number and name; of None and a name that no tenant has.
    admin: answers below ``administration.PLACE``.  pages: what else there is, by path, for everybody to GET.
    closing: what else is to be closed at the end.
    """

    def __init__(
        self,
        tenants: Tenants,
        let: Callable[[int | None, str], Tenancy],
        admin: Office,
        pages: Mapping[str, Page],
        closing: ExitStack,
    ) -> None:
        self._tenants = tenants
        self._let = let
        self._admin = admin
        self._pages = pages.keys()
        self._beside = Starlette(
            routes=[PageRoute(path, page) for path, page in pages.items()],
            exception_handlers={HTTPException: _told},
            lifespan=self._lifespan,
        )
        self._closing = closing
        self._default = let(0, "")
        self._base_path = self._default.scim.base_path
        self._open: dict[str, Tenancy] = {}
        self._lock = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._at(path_of(scope))(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._beside(scope, receive, send)
        else:
            raise ValueError(f"Nothing but HTTP is spoken here, and this is {scope['type']}")

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        self.close()

    def resume(self) -> None:
        """At the start: have sent what an earlier process left to be sent, for every tenant."""
        for tenancy in (self._default, *(self._tenancy(name) for name in self._tenants.names())):
            if tenancy.outbox is not None:
                tenancy.outbox.resume()

    def close(self) -> None:
        """Send nothing more and close the database; nothing can be served afterwards."""
        for tenancy in (self._default, *self._open.values()):
            tenancy.close()
        self._closing.close()

    def _at(self, path: str) -> App:
        """Who answers at a path."""
        if _within(self._base_path, path):
            return self._default.scim
        if _within(administration.PLACE, path):
            return self._admin
        if path in self._pages:
            return self._beside
        name, _, rest = path[1:].partition("/")
        if not well_named(name):
            return self._default.at(path)
        try:
            return self._tenancy(name).at(f"/{rest}")
        except sqlite3.Error as mishap:
            return partial(self._default.scim.apologise, mishap)

    def _tenancy(self, name: str) -> Tenancy:
        """What is served under a name now. What was made for a tenant is kept until another has its name, or none."""
        with self._lock:
            number = self._tenants.number(name)
            held = self._open.get(name)
            if held is not None and held.number == number:
                return held
            if held is not None:
                self._open.pop(name).close()
            tenancy = self._let(number, name)
            if number is not None:
                self._open[name] = tenancy
        return tenancy


async def _told(_: Request, error: Exception) -> Response:
    """What Starlette would refuse in plain words: another method than GET."""
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _within(place: str, path: str) -> bool:
    return path.startswith(place) and path[len(place) : len(place) + 1] in ("", "/")
