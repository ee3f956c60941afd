"""An exchange or a webhook as HTTP text: what was sent and what came back, short enough to read.

The log holds the whole; what is left out here is counted, and the exchange's number says where to look.

Rule: text from records, which are redacted already. Values of ``Authorization`` are hidden here once more: a report is
mailed and pasted, and a bogus token tells its reader nothing that the step's name does not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from scimrig.evidence import REDACTED, Delivered, Exchange
from scimrig_reports.terminal import visible
from scimrig_simulator.wire import Headers

_SECRET = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_TELLING = frozenset(
    {
        "allow", "content-encoding", "content-length", "content-location", "content-type", "etag", "location",
        "retry-after", "set-cookie", "www-authenticate",
    }
)
_TELLING_SENT = frozenset({"accept", "content-type", "if-match", "if-none-match", "prefer"})
_TELLING_ARRIVED = frozenset(
    {"content-encoding", "content-type"}
    | {f"{sender}-{what}" for sender in ("webhook", "svix") for what in ("id", "timestamp", "signature")}
)
_ONE_LINE = 88
"""Characters: a JSON body that is longer is laid out on several lines."""
_OPENING = ("{", "[")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}\[\],:]|[^\s{}\[\],:"]+')


def sent(exchange: Exchange, limit: int | None = None, every_header: bool = True) -> list[str]:
    """The request: request line below the base URL, headers in order (every one, or those that tell something), body.

    ``limit`` lines of body, None = all.
    """
    target = f"{exchange.path}?{exchange.query}" if exchange.query else exchange.path
    shown = exchange.request_headers
    if not every_header:
        shown = tuple((name, value) for name, value in shown if name.lower() in _TELLING_SENT)
    return [f"{exchange.method} {target}", *_headers(shown), *_body(exchange.request_body or "", limit)]


def answered(exchange: Exchange, limit: int | None = None, every_header: bool = False) -> list[str]:
    """The answer: status, headers (those that tell something, or every one), body; or why no answer came."""
    if exchange.failure is not None:
        return [f"no answer: {exchange.failure.kind.value} - {visible(exchange.failure.detail)}"]
    shown = exchange.reply_headers
    if not every_header:
        shown = tuple((name, value) for name, value in shown if name.lower() in _TELLING)
    return [f"{exchange.status}", *_headers(shown), *_body(exchange.reply_body, limit)]


def whole(exchange: Exchange, limit: int | None = None) -> str:
    """Request and answer with every header as one text, ``>`` before what was sent, ``<`` before what came back."""
    lines = [f"> {line}".rstrip() for line in sent(exchange, limit)]
    lines += [f"< {line}".rstrip() for line in answered(exchange, limit, every_header=True)]
    return "\n".join(lines)


def arrived(delivered: Delivered, limit: int | None = None, every_header: bool = False) -> list[str]:
    """A webhook as the sink received it: headers (those that tell something, or every one), body.

    Where none of them tells anything, all are shown: a signature may be in one of a name of its own. Of a body that is
    cut, the lines that held a secret are shown all the same.
    """
    telling = tuple((name, value) for name, value in delivered.headers if name.lower() in _TELLING_ARRIVED)
    signed = any(name.lower() != "content-type" for name, _ in telling)
    shown = telling if signed and not every_header else delivered.headers
    return [*_headers(shown), *_body(delivered.body, limit, REDACTED)]


def _headers(headers: Headers) -> list[str]:
    return [f"{visible(name)}: {_value(name, value)}" for name, value in headers]


def _value(name: str, value: str) -> str:
    if name.lower() not in _SECRET or not value.strip() or REDACTED in value:
        return visible(value)
    scheme, _, rest = value.partition(" ")
    return f"{visible(scheme)} {REDACTED}" if rest.strip() else (value if _is_scheme(value) else REDACTED)


def _is_scheme(value: str) -> bool:
    return value.strip().lower() in ("bearer", "basic")


def _body(text: str, limit: int | None, sought: str = "") -> list[str]:
    if not text:
        return []
    lines = visible(_indented(text)).splitlines() or [""]
    if limit is not None and len(lines) > limit + 2:  # a note for two lines would save nothing
        found = [line for line in lines[limit:] if sought and sought in line][:limit]
        left_out = len(lines) - limit - len(found)
        gap = ["…"] if found else []
        rest = [f"… {left_out} more lines"] if left_out else []
        lines = [*lines[:limit], *gap, *found, *rest]
    return ["", *lines]


def _indented(text: str) -> str:
    """Long JSON with one member a line, but for what fits on one; every token as it was written. Else as it is."""
    if len(text) <= _ONE_LINE:
        return text
    try:
        json.loads(text)
        return _laid_out(iter(_TOKEN.findall(text)), 0)
    except (ValueError, RecursionError):
        return text


def _laid_out(tokens: Iterator[str], depth: int) -> str:
    """The value that begins with the next token of valid JSON, at a depth of objects and arrays."""
    opening = next(tokens)
    if opening not in _OPENING:
        return opening
    members: list[str] = []
    token = ","
    while token == ",":
        value = _laid_out(tokens, depth + 1)
        token = next(tokens)
        if token == ":":
            value = f"{value}: {_laid_out(tokens, depth + 1)}"
            token = next(tokens)
        members.append(value)
    inline = f"{opening}{', '.join(members)}{token}"
    if len(inline) + 2 * depth <= _ONE_LINE and "\n" not in inline and depth:
        return inline
    inner, outer = "\n" + "  " * (depth + 1), "\n" + "  " * depth
    return f"{opening}{inner}{f',{inner}'.join(members)}{outer}{token}"
