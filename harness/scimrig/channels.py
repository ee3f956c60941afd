"""The ways to a target: SCIM itself, and the calls beside it that its owner declares.

Rule: a token goes to the origin that it is for and to no other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

from scimrig import commands
from scimrig.addresses import origin
from scimrig.hooks import HookSend
from scimrig_simulator.drive import Transport
from scimrig_simulator.wire import Reply, Send

Connect: TypeAlias = Callable[[str, str | None], Transport]
"""Makes a transport to an origin, with the Authorization value that it gets."""


class Hooks:
    """Carries declared calls; a Transport whose requests may name a whole URL. Safe to share by threads.

    base_url:    where paths begin
    credentials: origin → Authorization value; others get none
    folder:      where commands are run
    """

    def __init__(
        self, base_url: str, credentials: Mapping[str, str], connect: Connect, folder: Path = Path()
    ) -> None:
        self._folder = folder
        self._base = base_url.rstrip("/")
        self._credentials = dict(credentials)
        self._connect = connect
        self._open: dict[str, Transport] = {}
        self._lock = threading.Lock()

    @property
    def origin(self) -> str:
        """Where paths begin, without a path of its own."""
        return origin(self._base)

    def url(self, request: Send) -> str:
        """The whole URL of a request, without its query."""
        return self._base + request.path if request.path.startswith("/") else request.path

    def credentials(self, request: Send) -> str | None:
        """The Authorization value that a request gets, None for none."""
        return self._credentials.get(origin(self.url(request)))

    def exchange(self, request: Send) -> Reply:
        """Send a request to wherever it goes, or run its command. Raises ValueError as every transport does."""
        if isinstance(request, HookSend) and request.command:
            return commands.run(request.command, request.content or b"{}", self._folder)
        url = self.url(request)
        home = origin(url)
        with self._lock:
            transport = self._open.get(home)
            if transport is None:
                transport = self._open[home] = self._connect(home, self._credentials.get(home))
        path = url.partition("://")[2].partition("/")[2]
        return transport.exchange(replace(request, path=f"/{path}"))

    def close(self) -> None:
        """Close every way that was opened."""
        with self._lock:
            ways, self._open = list(self._open.values()), {}
        for transport in ways:
            transport.close()


@dataclass(slots=True)
class SecondTenant:
    """Another tenant of the target's, with which tokens and switches are played.

    base_url: of its SCIM service, whole;  token: its latest, None until a call has told one
    """

    base_url: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """A client that asks for access tokens to the target.

    token_url: whole, or a path at the origin of declared calls;  assertion: what a federated identity shows
    """

    token_url: str
    id: str | None = None
    secret: str | None = field(default=None, repr=False)
    assertion: str | None = field(default=None, repr=False)

    def form(self, grant: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """The fields of a token request (RFC 6749 §4.4.2): those of the grant, and who asks (RFC 7523 §2.2)."""
        federated = "client_assertion_type" in grant
        own = {"client_id": self.id, "client_assertion": self.assertion} if federated else {
            "client_id": self.id, "client_secret": self.secret,
        }
        told = ((name, value) for name, value in own.items() if value is not None)
        return (*((name, str(value)) for name, value in grant.items()), *told)


@dataclass(frozen=True, slots=True)
class Channels:
    """Both ways to one target, and what is known of another tenant of it and of an OAuth client, None for nothing."""

    scim: Transport
    hooks: Hooks
    second: SecondTenant | None = None
    client: OAuthClient | None = None

    def close(self) -> None:
        """Close both."""
        self.scim.close()
        self.hooks.close()
