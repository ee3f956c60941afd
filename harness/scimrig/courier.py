"""Carries requests to the target for one case: holds back what is not ours to change, redacts, records.

Everything that leaves for the target passes here, whoever sent it, so that a log is whole and no secret is in it.

Rule: it judges nothing and knows no IdP.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from scimrig.addresses import origin
from scimrig.channels import Hooks, OAuthClient, SecondTenant
from scimrig.evidence import REDACTED, Exchange
from scimrig.hooks import HookError, HookSend
from scimrig.pointer import find
from scimrig.rows import Rows
from scimrig_simulator.clock import Clock
from scimrig_simulator.drive import Transport, play, play_all
from scimrig_simulator.wire import FailureKind, Flow, Headers, Reply, Send, TransportFailure

T = TypeVar("T")

_SHORTEST_TOKEN = 4
_PASSWORD = re.compile(r'((\\*)"password\2"\s*:\s*)\2"(?:[^"\\]|\\.)*?\2"', re.IGNORECASE)
"""Also within JSON that is the text of other JSON, where each quote has backslashes before it."""
_SIGNING_SECRET = re.compile(r"\bwhsec_[A-Za-z0-9+/_-]{8,}={0,2}")


@dataclass(slots=True)
class Redactor:
    """Takes secrets out of text: those it knows, in every spelling that we know of, passwords, and signing secrets.

    Shared by all who write something down, so that what one of them learns is known to each.
    """

    secrets: tuple[str, ...] = ()

    @classmethod
    def of(cls, *secrets: str | None) -> Redactor:
        """Knows these from the start: tokens, whole ``Authorization`` values, signing secrets; None is none."""
        made = cls()
        for secret in secrets:
            made.learn(secret)
        return made

    def learn(self, secret: str | None) -> None:
        """Know one more; what stands behind "Bearer " or "whsec_" too where it is long enough to be told from text."""
        if secret is None or len(secret) < _SHORTEST_TOKEN:
            return
        bare = secret.removeprefix("whsec_") if secret.startswith("whsec_") else secret.partition(" ")[2].strip()
        known = {*self.secrets, secret, *([bare] if len(bare) >= _SHORTEST_TOKEN else ())}
        known |= {one.replace("/", r"\/") for one in known}  # as some JSON writers spell it
        self.secrets = tuple(sorted(known, key=len, reverse=True))

    def text(self, text: str) -> str:
        for secret in self.secrets:
            text = text.replace(secret, REDACTED)
        return _SIGNING_SECRET.sub(REDACTED, _PASSWORD.sub(rf'\1\2"{REDACTED}\2"', text))

    def headers(self, headers: Headers) -> Headers:
        return tuple((name, self.text(value)) for name, value in headers)


class Stopped(Exception):
    """The run was asked to end: nothing but clearing away is sent any more."""


PATIENCE = 60.0
"""Seconds that a single pause may take on wall time. A real Okta waits 300 and more after a 429; a test does not."""


class PauseTooLongError(Exception):
    """The IdP would now wait longer than anybody waits for a test."""


def bear(seconds: float) -> None:
    """Raise PauseTooLongError for a pause that nobody waits for on wall time."""
    if seconds > PATIENCE:
        raise PauseTooLongError(f"the IdP would now wait {seconds:.0f} s; scimrig waits {PATIENCE:.0f} s at most")


@dataclass(slots=True)
class Courier:
    """The way to the target for one case.

    credentials: value of the ``Authorization`` header, None for none; only for the record (the transport adds it)
    numbers:     shared by all couriers of a run, so that exchange numbers are unique
    stopped:     whether the run was asked to end
    hooks:       the way to the calls that the target's owner declares, and to whatever else has a whole URL
    second:      another tenant of the target's, None where none is declared
    client:      an OAuth client of the target's, None where none is declared
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
    hooks: Hooks | None = None
    second: SecondTenant | None = None
    client: OAuthClient | None = None
    _by: str = "keeper"
    _step: str = ""
    _sent: list[int] = field(default_factory=list)

    def play(self, flow: Flow[T], by: str, step: str = "") -> tuple[T, tuple[int, ...]]:
        """Play a flow; returns its result and the numbers of the exchanges it made."""
        self._by, self._step, self._sent = by, step, []
        result = play(flow, self, self.clock)
        return result, tuple(self._sent)

    def play_all(
        self, flows: Sequence[Flow[T]], at_once: int, by: str, step: str = ""
    ) -> tuple[list[T], tuple[int, ...]]:
        """Play flows on ``at_once`` threads; their results in order, and the numbers of the exchanges they made."""
        self._by, self._step, self._sent = by, step, []
        results = play_all(flows, self, self.clock, workers=at_once)
        return results, tuple(sorted(self._sent))

    def exchange(self, request: Send) -> Reply:
        """One request there and back (the driver calls this). Raises Stopped once the run was asked to end."""
        if not self._clears_away() and self.stopped():
            raise Stopped
        if isinstance(request, HookSend) or "://" in request.path:
            return self._call(request)
        refusal = self.rows.refusal(request)
        if refusal:
            reply = Reply(0, failure=TransportFailure(FailureKind.HELD_BACK, refusal))
        else:
            self.rows.sending(request, self.case)
            reply = self.transport.exchange(request)
            self.rows.answered(request, reply, self.case)
        self._record(request, reply, request.path, self.credentials)
        return reply

    def _clears_away(self) -> bool:
        """What puts things back goes out to the very end: the keeper's deletes, and the run's own declared calls."""
        return self._by == "keeper" or (self._by == "hook" and not self.case)

    def _call(self, request: Send) -> Reply:
        """A declared call or a request elsewhere: no row is guarded; on record with the whole URL. Raises HookError."""
        if self.hooks is None:
            raise RuntimeError("this courier has no way to declared calls")
        try:
            reply = self.hooks.exchange(request)
        except ValueError as unsendable:  # HTTP cannot carry this: a variable holds what no header may
            raise HookError(f"the declared call {request.method} {request.path} cannot be sent: {unsendable}") from None
        if isinstance(request, HookSend) and request.secret_at:
            self.redactor.learn(_secret(reply, request.secret_at))
        self._record(request, reply, self.hooks.url(request), self.hooks.credentials(request))
        return reply

    def close(self) -> None:
        """The transport is shared; whoever opened it closes it."""

    def _record(self, request: Send, reply: Reply, path: str, credentials: str | None) -> None:
        number = next(self.numbers)
        self._sent.append(number)
        content = request.content
        text = self.redactor.text
        dialect = self.dialect if self._by in ("idp", "probe") else "rfc"
        self.emit(
            Exchange(
                number, self.case, self._step, self._by, dialect, request.purpose,
                request.method, text(path), text(request.query),
                self.redactor.headers(request.header_lines(credentials)),
                None if content is None else text(_decode(content)),
                reply.status, self.redactor.headers(reply.headers), text(_decode(reply.body)),
                round(reply.elapsed, 6), _redacted(reply.failure, self.redactor),
            )
        )


def _secret(reply: Reply, pointer: str) -> str | None:
    """The secret that an answer tells, None where it tells none."""
    try:
        found = next((value for _, value in find(reply.json(), pointer)), None)
    except ValueError:
        return None
    if not isinstance(found, str):
        return None
    return found.removeprefix(origin(found)).lstrip("/") if "://" in found else found  # of a link what nobody can guess


def _redacted(failure: TransportFailure | None, redactor: Redactor) -> TransportFailure | None:
    return failure and TransportFailure(failure.kind, redactor.text(failure.detail))


def _decode(content: bytes) -> str:
    return content.decode("utf-8", "backslashreplace")
