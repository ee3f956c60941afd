"""The ways to a receiver: where webhooks go, and the calls that its owner declares; over HTTP, or in this process.

Rule: a token goes to declared calls alone, never along with a delivery.
"""

from __future__ import annotations

from scimrig.addresses import origin
from scimrig.channels import Hooks
from scimrig.consumer.api import DirectoryApi
from scimrig.consumer.target import ConsumerTarget
from scimrig_simulator.clock import Clock
from scimrig_simulator.drive import HttpTransport, Transport
from scimrig_simulator.receivers import chosen
from scimrig_simulator.receivers.receiver import Receiver
from scimrig_simulator.receivers.serving import answered
from scimrig_simulator.wire import Reply, Send, encode_json


class InProcess:
    """A transport to the sample receiver inside this process; a crash in it is a 500."""

    def __init__(self, receiver: Receiver, clock: Clock) -> None:
        self._receiver, self._clock = receiver, clock

    def exchange(self, request: Send) -> Reply:
        started = self._clock.stopwatch()
        headers = request.header_lines(None)
        answer = answered(self._receiver, request.method, request.target, headers, request.content or b"")
        body = b"" if answer.body is None else encode_json(answer.body)
        return Reply(answer.status, answer.headers, body, self._clock.stopwatch() - started)

    def close(self) -> None:
        """Nothing was opened."""


def ways(target: ConsumerTarget, clock: Clock, api: DirectoryApi, timeout: float) -> tuple[Hooks, Hooks]:
    """The way of deliveries, which waits as long as senders do, and that of declared calls (``timeout`` seconds)."""
    if target.embedded:
        receiver = chosen(target.fault, target.variant)(target.secret, clock, api.fetch)
        inside = InProcess(receiver, clock)
        both = Hooks(origin(target.url), {}, lambda home, credentials: inside)
        return both, both
    patience = float(target.declared.setting("consumer.timeout_s"))

    tokens = {} if target.hooks_token is None else {origin(target.hooks_base): f"Bearer {target.hooks_token}"}

    def deliver(home: str, credentials: str | None) -> Transport:
        return HttpTransport(home, credentials, timeout=patience, clock=clock)

    def call(home: str, credentials: str | None) -> Transport:
        return HttpTransport(home, credentials, timeout=timeout, clock=clock)

    return Hooks(origin(target.url), {}, deliver), Hooks(target.hooks_base, tokens, call)
