"""Carries requests to the target for one case: holds back what is not ours to change, redacts, records.

Everything that leaves for the target passes here, whoever sent it, so that a log is whole and no secret is in it.

Rule: it judges nothing and knows no IdP.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from scimrig.evidence import REDACTED, Exchange
from scimrig.rows import Rows
from scimrig_simulator.clock import Clock
from scimrig_simulator.drive import Transport, play
from scimrig_simulator.wire import FailureKind, Flow, Headers, Reply, Send, TransportFailure

T = TypeVar("T")

_SHORTEST_TOKEN = 4
_PASSWORD = re.compile(r'("password"\s*:\s*)"(?:[^"\\]|\\.)*"', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Redactor:
    """Takes secrets out of text: the credentials in every spelling that we know of, and password values."""

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, credentials: str | None) -> Redactor:
        """Knows the whole ``Authorization`` value, and the token alone where it is long enough to be told from text."""
        if not credentials:
            return cls()
        token = credentials.partition(" ")[2].strip()
        return cls((credentials, token) if len(token) >= _SHORTEST_TOKEN else (credentials,))

    def text(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, REDACTED)
        return _PASSWORD.sub(rf'\1"{REDACTED}"', text)

    def headers(self, headers: Headers) -> Headers:
        return tuple((name, self.text(value)) for name, value in headers)


class Stopped(Exception):
    """The run was asked to end: nothing but clearing away is sent any more."""


class PauseTooLongError(Exception):
    """The IdP would now wait longer than anybody waits for a test."""


@dataclass(slots=True)
class Courier:
    """The way to the target for one case.

    credentials: value of the ``Authorization`` header, None for none; only for the record (the transport adds it)
    numbers:     shared by all couriers of a run, so that exchange numbers are unique
    stopped:     whether the run was asked to end
    """

    transport: Transport
    clock: Clock
    rows: Rows
    redactor: Redactor
    emit: Callable[[Exchange], None]
    credentials: str | None = None
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    case: str = ""
    dialect: str = "rfc"
    stopped: Callable[[], bool] = lambda: False
    _by: str = "keeper"
    _step: str = ""
    _sent: list[int] = field(default_factory=list)

    def play(self, flow: Flow[T], by: str, step: str = "") -> tuple[T, tuple[int, ...]]:
        """Play a flow; returns its result and the numbers of the exchanges it made."""
        self._by, self._step, self._sent = by, step, []
        result = play(flow, self, self.clock)
        return result, tuple(self._sent)

    def exchange(self, request: Send) -> Reply:
        """One request there and back (the driver calls this). Raises Stopped once the run was asked to end."""
        if self._by != "keeper" and self.stopped():
            raise Stopped
        refusal = self.rows.refusal(request)
        if refusal:
            reply = Reply(0, failure=TransportFailure(FailureKind.HELD_BACK, refusal))
        else:
            self.rows.sending(request, self.case)
            reply = self.transport.exchange(request)
            self.rows.answered(request, reply, self.case)
        self._record(request, reply)
        return reply

    def close(self) -> None:
        """The transport is shared; whoever opened it closes it."""

    def _record(self, request: Send, reply: Reply) -> None:
        number = next(self.numbers)
        self._sent.append(number)
        content = request.content
        text = self.redactor.text
        dialect = self.dialect if self._by in ("idp", "probe") else "rfc"
        self.emit(
            Exchange(
                number, self.case, self._step, self._by, dialect, request.purpose,
                request.method, text(request.path), text(request.query),
                self.redactor.headers(request.header_lines(self.credentials)),
                None if content is None else text(_decode(content)),
                reply.status, self.redactor.headers(reply.headers), text(_decode(reply.body)),
                round(reply.elapsed, 6), _redacted(reply.failure, self.redactor),
            )
        )


def _redacted(failure: TransportFailure | None, redactor: Redactor) -> TransportFailure | None:
    return failure and TransportFailure(failure.kind, redactor.text(failure.detail))


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
