"""Where an IdP's requests go: a server behind a URL, or a tenant of the embedded one.

On ``ref:`` all IdPs share one server and its virtual clock, and each has a tenant and a token of its own; a single one
has the tenant without a name.

Rule: it opens ways and sends nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scimrig.simulating.pace import TargetClock
from scimrig.target import Target, reference_app
from scimrig_simulator.clock import Clock, SystemClock, VirtualClock
from scimrig_simulator.drive import HttpTransport, InProcessTransport, Transport

if TYPE_CHECKING:
    from scimrig_simulator.server.tenants import Tenants

_DEAD = "Bearer expired-in-mid-cycle"
_TICK = 0.001


@dataclass(frozen=True, slots=True)
class Place:
    """The way to one tenant. dead: the same way with a token that is no longer good; clock: the target's own."""

    target: Target
    transport: Transport
    dead: Transport
    clock: Clock


def behind_url(target: Target, timeout: float, stop: threading.Event, tell: Callable[[float], None]) -> Place:
    """A server behind a URL, on wall time. ``tell`` gets the seconds of a wait that nobody waits for."""
    clock, wall = TargetClock(stop, tell), SystemClock()
    ways = [HttpTransport(target.base_url, token, timeout, clock=wall) for token in (target.credentials, _DEAD)]
    return Place(target, ways[0], ways[1], clock)


def embedded(target: Target, names: Sequence[str], epoch: float, timeout: float) -> list[Place]:
    """The embedded server, with a tenant for each name where there are several. ``epoch``: its clock's first second."""
    assert target.ref is not None
    clock = VirtualClock(epoch, _TICK)
    tokens: dict[str, str] = {}

    def furnish(tenants: Tenants) -> None:
        for name in names if len(names) > 1 else ():
            tokens[name] = tenants.issue(tenants.create(name))[1]

    app = reference_app(target.ref, token=target.token or "", clock=clock, opening=furnish)
    return [_tenant(app, target, name, tokens.get(name), clock, timeout) for name in names]


def _tenant(app: Any, target: Target, name: str, token: str | None, clock: Clock, timeout: float) -> Place:
    if token is not None:
        host, _, path = target.base_url.partition("://")[2].partition("/")
        target = replace(target, base_url=f"http://{host}/{name}/{path}", token=token)
    ways = [InProcessTransport(app, target.base_url, given, clock, timeout) for given in (target.credentials, _DEAD)]
    return Place(target, ways[0], ways[1], clock)
