"""The whole examination, in the order in which one thing rests on another; it ends where nothing more can be seen.

Rule: it yields lines as they are found, and never raises because of what a target does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from scimrig.courier import Courier
from scimrig.doctor import endpoint, reach, timing
from scimrig.doctor.line import Line, Mark
from scimrig.doctor.trial import Trial
from scimrig.sink import Sink
from scimrig.target import Target, open_transport
from scimrig_simulator.clock import Clock
from scimrig_simulator.wire import FailureKind, Reply, Send, send
from scimrig_simulator.workforce.person import Person

_UNREACHABLE = frozenset(
    {FailureKind.REFUSED, FailureKind.UNRESOLVED, FailureKind.TIMEOUT, FailureKind.RESET}
)


@dataclass(slots=True)
class Examination:
    """One target, looked over once.

    courier:  of no case: all that is sent goes through it
    person:   whom to create, None = nothing is written
    sink:     where webhooks come in, None = webhooks are left alone
    """

    target: Target
    courier: Courier
    clock: Clock
    timeout: float
    person: Person | None = None
    sink: Sink | None = None
    _replies: list[Reply] = field(default_factory=list)

    def lines(self) -> Iterator[Line]:
        """Everything that can be seen, a line each."""
        for line in self._way_there():
            yield line
            if line.mark is Mark.BROKEN:
                return
        knocked = self._ask(endpoint.knock())
        at = self.clock.now()
        if knocked.status in (401, 403):
            yield endpoint.refused(knocked, self.target)
            return
        scim = endpoint.scim(knocked, self.target, self._better_base)
        lost = knocked.failure is not None and knocked.failure.kind in _UNREACHABLE
        yield replace(scim, unreachable=lost)
        if scim.mark is Mark.BROKEN:
            return
        yield from endpoint.credentials(self.target, self._ask)
        yield from endpoint.discovery(self._ask)
        skew = timing.skew(knocked, at)
        if self.target.ref is None:
            yield timing.clock(skew)
        yield from self._trial(skew)
        yield timing.speed([reply.elapsed for reply in self._replies])

    def _way_there(self) -> Iterator[Line]:
        if self.target.ref is not None:
            return
        address = reach.address(self.target.base_url, self.timeout, self.clock.stopwatch)
        yield address
        if address.mark is Mark.FINE:
            yield reach.transport(self.target.base_url, self.timeout, self.clock.now())

    def _trial(self, skew: int | None) -> Iterator[Line]:
        if self.person is not None:
            yield from Trial(self.target, self.courier, self.person, self.sink, skew).lines()

    def _better_base(self) -> str:
        if self.target.ref is not None:
            return ""
        from scimrig.addresses import origin

        transport = open_transport(replace(self.target, base_url=origin(self.target.base_url)), 5.0, self.clock)
        try:
            return endpoint.better_base(self.target.base_url, lambda path: transport.exchange(Send("GET", path)))
        finally:
            transport.close()

    def _ask(self, request: Send) -> Reply:
        reply, _ = self.courier.play(send(request), "survey")
        if reply.failure is None:
            self._replies.append(reply)
        return reply
