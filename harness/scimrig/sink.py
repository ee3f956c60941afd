"""The sink: receives the webhooks of a run, answers them on a schedule, and keeps them as evidence.

One sink serves a whole run. It listens on a socket of its own under a path that nobody can guess, so that a delivery of
an earlier run, still on its ladder of retries, is not taken for one of ours; or, for a server in this process, it is
the ``wire.Poster`` that this server is given.

Rule: it judges nothing and never holds the run up. Bytes are examined as they arrived, and redacted before the log has
them.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from scimrig import envelope
from scimrig.declarations import NOTHING, Declarations
from scimrig.evidence import REDACTED, Delivered
from scimrig.pointer import find
from scimrig.receiver import LARGEST, Receiver
from scimrig.signing import TOLERANCE, examine
from scimrig.signing_hmac import Scheme, examine_hmac, scheme_of, tolerance_of
from scimrig_simulator.clock import Clock
from scimrig_simulator.wire import Headers, Posted

_PASSWORD = re.compile(r'(\\*)"(?:password|passwd)\1"\s*:\s*\1"(?P<value>(?:[^"\\]|\\.)*?)\1"', re.IGNORECASE)
_MASK = re.compile(r"|(\W)\1*|x+|\W*(?:redacted|hidden|masked|filtered|removed|secret|null|none)\W*", re.IGNORECASE)

_SHORTEST = 8


@dataclass(frozen=True, slots=True)
class SinkSettings:
    """How the sink listens, and what it needs to know of the declarations.

    listen:     "HOST:PORT" of the socket, port 0 for a free one;  public_url: how the target reaches it, "" = as it is
    in_process: True where the target runs in this process and is given ``post``; there is no socket then
    signing, tolerance (seconds), timeout (seconds that the sender waits): as declared under ``webhooks``
    success:    what is answered where no schedule says otherwise
    scheme:     how they are signed where that is none of the families that ``signing.examine`` knows
    id_at:      JSON Pointer to the id of an event in its body, for senders that have none in a header; "" for none
    """

    listen: str = "127.0.0.1:0"
    public_url: str = ""
    in_process: bool = False
    signing: str = "none"
    tolerance: float = TOLERANCE
    timeout: float = 10.0
    success: int = 200
    scheme: Scheme | None = None
    id_at: str = ""

    @classmethod
    def of(cls, declared: Declarations = NOTHING, in_process: bool = False) -> SinkSettings:
        """As the target file declares it."""
        return cls(
            declared.setting("webhooks.listen"), declared.value("webhooks.public_url") or "", in_process,
            declared.value("webhooks.signing") or "none", tolerance_of(declared),
            float(declared.setting("webhooks.timeout_s")), declared.setting("webhooks.success")[0],
            scheme_of(declared), declared.setting("webhooks.envelope").get("id", ""),
        )


@dataclass(slots=True)
class _Schedule:
    marks: set[str]
    answers: deque[int | str] = field(default_factory=deque)


class Sink:
    """Receives webhooks; safe to share by threads.

    url: what to register; "" before ``open`` where there is a socket
    """

    def __init__(
        self, clock: Clock, emit: Callable[[Delivered], None], redact: Callable[[str], str],
        settings: SinkSettings | None = None,
    ) -> None:
        self._clock, self._emit, self._redact = clock, emit, redact
        self._settings = settings or SinkSettings()
        self._token = secrets.token_hex(16)
        self._lock = threading.Lock()
        self._delivered: list[Delivered] = []
        self._bodies: list[str] = []  # as received: a mark may be redacted in the record
        self._schedules: list[_Schedule] = []
        self._receiver: Receiver | None = None
        self._closed = False
        self._secrets: tuple[str, ...] = ()
        self._rotated: float | None = None
        self.url = f"http://127.0.0.1/{self._token}" if self._settings.in_process else ""

    def open(self) -> None:
        """Listen, where there is a socket to listen on. Raises ``receiver.ListenError``."""
        if self._settings.in_process or self._receiver is not None:
            return
        self._receiver = Receiver(self._settings.listen, self._token, self._receive, self._settings.timeout + 1)
        base = self._settings.public_url.rstrip("/") or self._receiver.url
        self.url = f"{base}/{self._token}"

    def close(self) -> None:
        """Stop listening; who still waits for an answer loses the connection."""
        self._closed = True
        if self._receiver is not None:
            self._receiver.close()

    def post(self, url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        """Take a delivery without a socket (``wire.Poster``).

        "slow" answers as a time-out does, and at once: who slept here would hold up every other delivery that is due
        on virtual time, and a retry be late through no fault of its sender's.
        """
        if self._closed or url.rstrip("/").rpartition("/")[2] != self._token:
            return Posted(0, "refused: nobody listens") if self._closed else Posted(410)
        answer = self._receive(headers, body, len(body))
        if answer == "slow":
            return Posted(0, f"timeout: no answer within {timeout:g} s")
        if answer == "close":
            return Posted(0, "reset: the connection was closed without an answer")
        return Posted(int(answer))

    def answer(self, marks: Collection[str], answers: Sequence[int | str]) -> None:
        """Answer the next deliveries about whoever has these marks with ``answers``, in order of arrival.

        Afterwards, and where an empty sequence takes back what was set before, success again. An answer is a status,
        "slow" (later than the sender waits) or "close" (no answer, the connection is closed).
        """
        with self._lock:
            self._schedules = [one for one in self._schedules if not one.marks & set(marks)]
            plain = (int(one) if str(one).isdigit() else one for one in answers)
            self._schedules.append(_Schedule(set(marks), deque(plain)))

    def learn(self, marks: Collection[str]) -> None:
        """Whoever has one of these marks has them all: an id that became known after ``answer`` counts from now on."""
        with self._lock:
            for schedule in self._schedules:
                if schedule.marks & set(marks):
                    schedule.marks |= set(marks)

    @property
    def secret(self) -> str | None:
        """The newest secret, None until one is known."""
        return next(iter(self._secrets), None)

    @secret.setter
    def secret(self, secret: str | None) -> None:
        self._secrets = () if secret is None else (secret,)

    def renew(self, secret: str) -> None:
        """From now on deliveries are signed with this one, and for a while perhaps with those before it as well."""
        self._secrets = (secret, *self._secrets)
        self._rotated = self._clock.now()

    @property
    def position(self) -> int:
        """Number of the last delivery, 0 for none yet."""
        with self._lock:
            return len(self._delivered)

    def about(self, marks: Collection[str], since: int = 0) -> tuple[Delivered, ...]:
        """Deliveries after number ``since`` that speak of whoever has one of these marks, in order of arrival."""
        with self._lock:
            later = list(zip(self._delivered[since:], self._bodies[since:], strict=True))
        return tuple(delivered for delivered, body in later if envelope.mentions(body, marks))

    def hangs(self, since: int) -> bool:
        """Whether one of the deliveries after number ``since`` was answered later than its sender waits."""
        with self._lock:
            return any(one.answered == "slow" for one in self._delivered[since:])

    def _receive(self, headers: Headers, body: bytes, size: int) -> int | str:
        """Keep one delivery; returns what it is answered. ``size``: bytes sent, of which ``body`` may be a part."""
        at = self._clock.now()
        text = body.decode("utf-8", "backslashreplace")
        facts = self._examined(headers, body, at)
        if size > LARGEST:
            why = f"the body has more than {LARGEST} bytes, and the sink reads no further"
            facts = {**facts, "signature": "unverified", "why": why}
        facts = {name: self._redact(value) if isinstance(value, str) else value for name, value in facts.items()}
        facts["leaks"] = leaks(text, self._redact)
        with self._lock:
            answer = 413 if size > LARGEST else self._next_answer(text)
            delivered = Delivered(
                len(self._delivered) + 1, round(at, 6),
                tuple((name, self._redact(value)) for name, value in headers), self._redact(text), str(answer), facts,
            )
            self._emit(delivered)  # within the lock: a delivery is in the log before anybody can wait for it
            self._delivered.append(delivered)
            self._bodies.append(text)
        return answer

    def _examined(self, headers: Headers, body: bytes, at: float) -> dict[str, Any]:
        settings, secrets = self._settings, self._secrets
        if settings.scheme is None:
            facts = examine(headers, body, secrets, settings.signing, at, settings.tolerance)
        else:
            facts = examine_hmac(headers, body, secrets, settings.scheme, at, settings.tolerance)
        if not facts["id"] and settings.id_at:
            facts["id"] = _told_id(body, settings.id_at)
        if self._rotated is not None:
            facts["rotated"] = round(at - self._rotated, 3)
        return facts

    def _next_answer(self, body: str) -> int | str:
        self._schedules = [schedule for schedule in self._schedules if schedule.answers]
        for schedule in self._schedules:
            if envelope.mentions(body, schedule.marks):
                return schedule.answers.popleft()
        return self._settings.success


def _told_id(body: bytes, place: str) -> str:
    """The id that a body tells of its event, "" where it tells none."""
    try:
        told = next((value for _, value in find(json.loads(body), place)), None)
    except (ValueError, RecursionError):
        return ""
    return str(told) if isinstance(told, (str, int)) else ""


def leaks(body: str, redact: Callable[[str], str]) -> list[str]:
    """What stands in a body that should not: "a password", "a credential". A masked value (``***``) is none."""
    found = []
    if any(_MASK.fullmatch(_unescaped(match["value"])) is None for match in _PASSWORD.finditer(body)):
        found.append("a password")
    if _secret_length(_PASSWORD.sub("", body), redact) >= _SHORTEST:
        found.append("a credential")
    return found


def _unescaped(value: str) -> str:
    """What stands between the quotes of a JSON string, as text."""
    try:
        return str(json.loads(f'"{value}"'))
    except ValueError:
        return value


def _secret_length(text: str, redact: Callable[[str], str]) -> float:
    """Mean length of what the redactor takes out of a text: a token such as "test" stands in many texts by chance."""
    clean = redact(text)
    count = clean.count(REDACTED) - text.count(REDACTED)
    return (len(text) - len(clean)) / count + len(REDACTED) if count > 0 else 0.0

