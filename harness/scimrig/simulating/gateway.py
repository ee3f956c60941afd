"""The way to the target for one IdP, shared by all who play its acts: not too fast, to our own rows only, counted.

Rule: it judges nothing and knows no IdP. Rows that are not ours are never written to; whose a row is that no answer
of ours has named is looked up by name.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from urllib.parse import unquote

from scimrig.simulating.chaos import Chaos
from scimrig.simulating.figures import Figures
from scimrig_simulator.clock import Clock
from scimrig_simulator.drive import Transport
from scimrig_simulator.idp.memory import Table
from scimrig_simulator.wire import FailureKind, Reply, Send, TransportFailure, segment

COLLECTIONS = {"/Users": "userName", "/Groups": "displayName"}
"""Collection → the attribute that its rows are known by."""
_READS = frozenset({"GET", "HEAD", "OPTIONS"})


class Cap:
    """So many requests a second at most, evenly, over all threads. ``rate`` None = as fast as it goes."""

    def __init__(self, rate: float | None, clock: Clock) -> None:
        self._gap = 0.0 if rate is None else 1 / rate
        self._clock, self._next, self._lock = clock, 0.0, threading.Lock()

    def wait(self) -> None:
        """Come back when it is this request's turn."""
        if not self._gap:
            return
        with self._lock:
            now = self._clock.stopwatch()
            turn = max(now, self._next)
            self._next = turn + self._gap
        if turn > now:
            self._clock.sleep(turn - now)


class Ours:
    """The rows that we made on the target: path → name. ``prefix``: what all their names hold, and nobody else's.

    echoes: paths of rows that came of the second delivery of a create, which no IdP knows
    """

    def __init__(self, table: Table, echoes: Table, prefix: str) -> None:
        self.table, self.echoes, self._prefix = table, echoes, prefix.casefold()

    def named(self, name: object) -> bool:
        """Whether a name is one of ours."""
        return isinstance(name, str) and self._prefix in name.casefold()

    def admits(self, request: Send, transport: Transport) -> bool:
        """Whether a request may be sent: all reads may, and writes to rows of ours."""
        if request.method in _READS:
            return True
        collection, id = located(request.path)
        path = f"{collection}/{id}"
        if collection not in COLLECTIONS or not id or path in self.table:
            return True
        # a create whose answer was lost is found by a look-up, and linked: its row is ours all the same
        seen = transport.exchange(Send("GET", f"{collection}/{segment(id)}", purpose="whose row is this?"))
        name = seen.resource().get(COLLECTIONS[collection])
        if not self.named(name):
            return seen.status in (404, 410)  # nobody's: whatever the answer is, nothing is changed by it
        self.table[path] = name
        return True

    def learn(self, request: Send, reply: Reply) -> None:
        """Take in which row a create has made."""
        if path := self._made(request, reply):
            self.echoes.pop(path, None)  # delivered twice, and taken once

    def echoed(self, request: Send, reply: Reply, other: Reply) -> None:
        """Take in which row the delivery of a create has made whose answer the network has swallowed."""
        if reply.ok and (path := self._made(request, other)):
            self.echoes[path] = True

    def _made(self, request: Send, reply: Reply) -> str:
        if request.method != "POST" or not reply.ok or request.path not in COLLECTIONS:
            return ""
        made = reply.resource()
        id = made.get("id")
        if not isinstance(id, str) or not id:
            return ""
        self.table[f"{request.path}/{id}"] = str(made.get(COLLECTIONS[request.path]) or "")
        return f"{request.path}/{id}"


@dataclass(slots=True)
class Gateway:
    """Everything that leaves for the target passes here. ``clock``: wall time, by which the cap and latency go."""

    transport: Transport
    chaos: Chaos
    ours: Ours
    cap: Cap
    figures: Figures
    clock: Clock

    def carry(self, request: Send, key: str, nth: int) -> Reply:
        """One request of an act there and back. key, nth: see ``Chaos.exchange``."""
        if not self.ours.admits(request, self.transport):
            self.figures.held_back()
            detail = f"{request.method} {request.path} would change a row that scimrig did not make"
            return Reply(0, failure=TransportFailure(FailureKind.HELD_BACK, detail))
        self.cap.wait()
        started = self.clock.stopwatch()
        reply = self.chaos.exchange(request, key, nth)
        self.figures.answered(reply, self.clock.stopwatch() - started)
        self.ours.learn(request, reply)
        return reply

    def exchange(self, request: Send) -> Reply:
        """One request by the book, beside every act: what the observer and the keeper send."""
        self.cap.wait()
        return self.transport.exchange(request)

    def close(self) -> None:
        """Close the ways to the target."""
        self.chaos.close()


class Passage:
    """The way of one act: a transport for the driver, which knows afterwards what went through it."""

    __slots__ = ("_gateway", "_key", "last", "statuses", "wrote")

    def __init__(self, gateway: Gateway, key: str) -> None:
        self._gateway, self._key = gateway, key
        self.statuses: list[str] = []
        self.last: tuple[Send, Reply] | None = None
        self.wrote: tuple[Send, Reply] | None = None

    def exchange(self, request: Send) -> Reply:
        """One request of the act."""
        reply = self._gateway.carry(request, self._key, len(self.statuses))
        self.statuses.append(str(reply.status) if reply.failure is None else reply.failure.kind.value)
        self.last = request, reply
        if request.method not in _READS:
            self.wrote = self.last
        return reply

    def close(self) -> None:
        """The gateway is shared; whoever opened it closes it."""


def located(path: str) -> tuple[str, str]:
    """``/Users/{id}`` → its collection and the id, "" where it has none."""
    parts = path.split("/", 3)
    return f"/{parts[1]}", unquote(parts[2]) if len(parts) > 2 else ""


def in_words(exchange: tuple[Send, Reply]) -> str:
    """``PATCH /Users/42 answered 204``."""
    request, reply = exchange
    what = f"{request.method} {request.target}"
    return f"{what} got no answer: {reply.failure.detail}" if reply.failure else f"{what} answered {reply.status}"
