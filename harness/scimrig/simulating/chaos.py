"""What networks do to an IdP's requests: sent twice, overtaken, done and never answered, slow, with a dead token.

It is our side that misbehaves: each of these reaches the target as a request that it must stand. What becomes of the
n-th request of an act follows from the seed, whom the act is about and when, never from the order of threads.

Rule: it decides and does; nobody is judged here. It knows no IdP and reads no body.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping

from scimrig_simulator.clock import Clock
from scimrig_simulator.drive import Transport
from scimrig_simulator.wire import FailureKind, Reply, Send, TransportFailure

KINDS: Mapping[str, str] = {
    "duplicate": "a request is delivered twice",
    "reorder": "a request is held back until another one has gone",
    "lost": "a request is carried out and its answer never arrives",
    "slow": "an answer takes seconds to arrive",
    "token": "the token has expired, until it is renewed some requests later",
}
RATE = 0.02
"""Of all requests, for each kind, where nothing else is said."""

_HELD = 0.05  # seconds that a request is held back at most
LOST = "the answer was lost on its way (chaos)"
"""What stands in the place of an answer that chaos has lost."""

_OUTAGE = 5  # requests that a dead token is used for at most


class Chaos:
    """The way to the target while networks misbehave.

    rates: kind → share of requests.  dead: a transport to the same target with a token that is no longer good
    clock: that of the target.  tell: is told the kind each time
    echo: is told of a request that was delivered twice: the answer that the network lets through, and the other
    """

    def __init__(
        self, transport: Transport, dead: Transport, rates: Mapping[str, float], seed: int, clock: Clock,
        tell: Callable[[str], None], echo: Callable[[Send, Reply, Reply], None],
    ) -> None:
        self._transport, self._dead, self._clock, self._tell, self._echo = transport, dead, clock, tell, echo
        self._rates, self._seed = dict(rates), seed
        self._calm = not self._rates
        self._moving = threading.Condition()
        self._gone = self._under_way = self._expired = 0

    def calm(self) -> None:
        """The network behaves from now on."""
        with self._moving:
            self._calm, self._expired = True, 0

    def exchange(self, request: Send, key: str, nth: int) -> Reply:
        """Carry a request. key, nth: whose act it belongs to and when, and which request of it this is."""
        if self._calm:
            return self._transport.exchange(request)
        kind, luck = self._fate(key, nth)
        if kind == "reorder":
            self._hold()
        with self._moving:
            self._under_way += 1
        try:
            return self._carry(request, kind, luck)
        finally:
            with self._moving:
                self._under_way -= 1
                self._gone += 1
                self._moving.notify_all()

    def close(self) -> None:
        """Close both ways."""
        self._transport.close()
        self._dead.close()

    def _carry(self, request: Send, kind: str, luck: float) -> Reply:
        if kind == "token":
            with self._moving:
                self._expired = max(self._expired, 1 + int(luck * _OUTAGE))
        with self._moving:
            expired = self._expired > 0
            self._expired -= expired
        if kind:
            self._tell(kind)
        if expired:
            return self._dead.exchange(request)
        reply = self._transport.exchange(request)
        if kind == "duplicate":
            second = self._transport.exchange(request)
            through, other = (reply, second) if luck < 0.5 else (second, reply)
            self._echo(request, through, other)
            return through
        if kind == "lost":
            failure = FailureKind.RESET if luck < 0.5 else FailureKind.TIMEOUT
            return Reply(0, failure=TransportFailure(failure, LOST))
        if kind == "slow":
            self._clock.sleep(0.5 + 1.5 * luck)
        return reply

    def _fate(self, key: str, nth: int) -> tuple[str, float]:
        """What happens to a request, and a number from 0 to 1 that settles the rest."""
        digest = hashlib.blake2b(f"{self._seed}/{key}/{nth}".encode(), digest_size=8).digest()
        drawn = int.from_bytes(digest[:4], "big") / 2**32
        for kind, rate in self._rates.items():
            if drawn < rate:
                return kind, int.from_bytes(digest[4:], "big") / 2**32
            drawn -= rate
        return "", 0.0

    def _hold(self) -> None:
        with self._moving:
            if self._under_way:
                gone = self._gone
                self._moving.wait_for(lambda: self._gone > gone, timeout=_HELD)
