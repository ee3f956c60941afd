"""Flows: what is sent, what comes back, and how long one waits between.

A flow is a generator that yields a ``Send`` or a ``Pause`` and receives a ``Reply`` (or None after a pause). It does no
I/O: a driver plays it (``drive.py``), or a test answers it (``playbook.py``). An IdP's act, a scenario step and the
harness's own reads are all flows.

Rule: nothing here imports another module of this project.
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote

Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None
Headers: TypeAlias = tuple[tuple[str, str], ...]

# Header values that the driver fills in. Both keep the place that the dialect gives them in the header block;
# a line whose value the driver does not have (no credentials, no body) is not sent at all.
CREDENTIALS = "\x00credentials"
LENGTH = "\x00length"

SCIM_JSON = "application/scim+json"

BY_THE_BOOK: Headers = (
    ("Accept", SCIM_JSON),
    ("Authorization", CREDENTIALS),
    ("Content-Type", SCIM_JSON),
    ("Content-Length", LENGTH),
)
"""Headers of a plain RFC 7644 client: what the ``rfc`` dialect, the observer and the survey send."""

_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
_PLAIN = re.compile(r"[A-Za-z0-9._~-]*")
_BODY_HEADERS = frozenset({"content-type", "content-length"})


class FailureKind(StrEnum):
    """Why no HTTP answer came."""

    REFUSED = "refused"
    UNRESOLVED = "unresolved"
    RESET = "reset"
    TIMEOUT = "timeout"
    NOT_HTTP = "not-http"
    TLS = "tls"
    HELD_BACK = "held-back"  # scimrig itself refused to send: the row is not ours


@dataclass(frozen=True, slots=True)
class TransportFailure:
    """What stood in place of an answer: its kind, and one line for a human."""

    kind: FailureKind
    detail: str


@dataclass(frozen=True, slots=True)
class Send:
    """One request below the base URL.

    method:  upper-case HTTP method
    path:    starts with "/", percent-encoded as it goes on the wire
    query:   the raw query string without "?", encoded as this client encodes it (see ``encode_query``)
    headers: ordered; ``CREDENTIALS`` and ``LENGTH`` are slots for the driver
    body:    JSON value (sent compact, UTF-8, key order kept), raw bytes, or None for no body
    purpose: why it is sent, for transcripts ("look ada up by userName")
    """

    method: str
    path: str
    query: str = ""
    headers: Headers = BY_THE_BOOK
    body: Json | bytes = None
    purpose: str = ""

    @property
    def content(self) -> bytes | None:
        """The bytes of the body, or None where the request has none."""
        if self.body is None or isinstance(self.body, bytes):
            return self.body
        return encode_json(self.body)

    @property
    def target(self) -> str:
        """Path and query as they stand in the request line (below the base URL)."""
        return f"{self.path}?{self.query}" if self.query else self.path

    def header_lines(self, credentials: str | None) -> Headers:
        """The header block as sent, slots filled; lines about a body are dropped where there is none."""
        content = self.content
        lines: list[tuple[str, str]] = []
        for name, value in self.headers:
            if content is None and name.lower() in _BODY_HEADERS:
                continue
            if value == CREDENTIALS:
                if credentials is not None:
                    lines.append((name, credentials))
            elif value == LENGTH:
                lines.append((name, str(len(content or b""))))
            else:
                lines.append((name, value))
        return tuple(lines)


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait: ``seconds`` on the run's clock, and why (Retry-After, a cycle, a poll)."""

    seconds: float
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. ``failure`` set means that no HTTP answer came, and status is 0. ``elapsed`` in seconds."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    elapsed: float = 0.0
    failure: TransportFailure | None = None

    @property
    def ok(self) -> bool:
        """True for 2xx."""
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        """First value of a header, name in any case; None where absent."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def json(self) -> Json:
        """The body as JSON. Raises ValueError where it is not JSON (also where it is empty)."""
        return decode_json(self.body.removeprefix(BOM_UTF8).decode())

    def resource(self) -> dict[str, Any]:
        """The body as a JSON object; an empty one where it is anything else. For clients that carry on regardless."""
        try:
            parsed = self.json()
        except ValueError:
            return {}
        return parsed if isinstance(parsed, dict) else {}


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of one attempt at delivering a webhook: ``status`` 0 and ``failure`` in words where none came.

    answer: how the body that came begins.
    """

    status: int
    failure: str = ""
    answer: bytes = b""


Poster: TypeAlias = Callable[[str, Headers, bytes, float], Posted]
"""Posts a webhook: URL, headers, body, seconds to wait for an answer. Never raises."""


Step: TypeAlias = Send | Pause
T = TypeVar("T")
Flow: TypeAlias = Generator[Step, Reply | None, T]


def send(request: Send) -> Flow[Reply]:
    """Yield a request and return its reply: ``reply = yield from send(...)``."""
    reply = yield request
    if not isinstance(reply, Reply):
        raise TypeError("a Send is answered with a Reply")
    return reply


def pause(seconds: float, why: str) -> Flow[None]:
    """Yield a pause: ``yield from pause(300, "no Retry-After")``."""
    yield Pause(seconds, why)


def overheard(flow: Flow[T], hear: Callable[[Step, Reply | None], None]) -> Flow[T]:
    """The same flow; ``hear`` is called with each step and its reply before the flow gets it, and may raise."""
    reply: Reply | None = None
    with closing(flow):
        while True:
            try:
                step = flow.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = yield step
            hear(step, reply)


def encode_json(value: Json) -> bytes:
    """Compact UTF-8 JSON, key order kept. Raises ValueError for NaN and infinities."""
    return _compact(value).encode("utf-8", "surrogatepass")


def decode_json(text: str) -> Json:
    """Parsed JSON. Raises ValueError where it is none, or is nested deeper than anybody can read."""
    try:
        parsed: Json = json.loads(text)
    except RecursionError:
        raise ValueError("JSON nested too deep to be read") from None
    return parsed


@dataclass(frozen=True, slots=True)
class QueryStyle:
    """How a client percent-encodes a query. ``space`` is what a blank becomes; ``safe`` stays as it is."""

    space: str = "%20"
    safe: str = "-._~"

    def encode(self, parameters: Mapping[str, str] | Iterable[tuple[str, str]]) -> str:
        """``[("filter", 'userName eq "a"')]`` → ``filter=userName%20eq%20%22a%22``; order kept."""
        pairs = parameters.items() if isinstance(parameters, Mapping) else parameters
        space, safe = self.space, self.safe
        return "&".join(f"{_quoted(name, space, safe)}={_quoted(value, space, safe)}" for name, value in pairs)


@lru_cache(maxsize=256)
def _quoted(text: str, space: str, safe: str) -> str:
    quoted = quote(text, safe=safe)
    return quoted if space == "%20" else quoted.replace("%20", space)


PERCENT_20 = QueryStyle()
PLUS = QueryStyle(space="+")


def segment(text: str) -> str:
    """One path segment, percent-encoded: ids are opaque and may hold anything."""
    return text if _PLAIN.fullmatch(text) else quote(text, safe="-._~")


def filter_string(text: str) -> str:
    """A string literal of a SCIM filter: JSON-escaped, in double quotes (RFC 7644 §3.4.2.2)."""
    return json.dumps(text, ensure_ascii=False)


@dataclass(slots=True)
class Transcript:
    """Requests and replies in the order they happened; a listener for a driver."""

    exchanges: list[tuple[Send, Reply]] = field(default_factory=list)

    def __call__(self, request: Send, reply: Reply) -> None:
        self.exchanges.append((request, reply))
