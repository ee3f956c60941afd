"""How an identity provider reads an answer: lists, ids, the reason of a refusal.

Nothing here raises, whatever a server sends: a real IdP carries on, or gives up in its own words.

Rule: knows replies only, no dialect. Imports ``wire`` alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from scimrig_simulator.wire import FailureKind, Reply, Send

_SHOWN = 300  # characters of a body that an IdP prints in its log


@dataclass(frozen=True, slots=True)
class Listing:
    """A ListResponse as read. ``fault`` says in one line why it is none; ``total`` and ``rows`` are empty then."""

    total: int = 0
    rows: tuple[dict[str, Any], ...] = ()
    fault: str = ""

    @property
    def first_id(self) -> str:
        """Id of the first row, taken blindly; "" where there is none."""
        return identifier(self.rows[0]) if self.rows else ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A reply's body as an object. ``fault``: why it is none ("" for an object)."""

    value: dict[str, Any]
    fault: str = ""


def parsed(reply: Reply) -> Parsed:
    """The body as a JSON object, or why not. An empty body has its own words, "the body is empty"."""
    if not reply.body.strip():
        return Parsed({}, "the body is empty")
    try:
        value = reply.json()
    except (ValueError, RecursionError):
        return Parsed({}, unrecognised(reply))
    if not isinstance(value, dict):
        return Parsed({}, f"the body is a JSON {_kind(value)}, not an object")
    return Parsed(value)


def unrecognised(reply: Reply) -> str:
    """What a JSON parser says of a body that is none: ``Unrecognized token 'Internal': …`` (okta:8 [O19])."""
    word = _text(reply).split(None, 1)
    return f"Unrecognized token '{word[0][:40] if word else ''}': was expecting a JSON object"


def listing(reply: Reply) -> Listing:
    """A 200's body as a ListResponse. Member names in any case, as clients read them (okta:2 [O8]).

    ``totalResults`` missing or not a JSON number is a fault (okta:2 [O1]), and so are missing ``Resources`` where
    ``totalResults`` says that there are some (RFC 7644 §3.4.2).
    """
    body = parsed(reply)
    if body.fault:
        return Listing(fault=body.fault)
    members = {name.lower(): value for name, value in body.value.items()}
    if "totalresults" not in members:
        return Listing(fault="totalResults is missing")
    total = members["totalresults"]
    if isinstance(total, bool) or not isinstance(total, int):
        return Listing(fault=f"totalResults is a JSON {_kind(total)}, not an integer")
    rows = members.get("resources")
    if rows is None:
        rows = []
    if not isinstance(rows, list):
        return Listing(fault=f"Resources is a JSON {_kind(rows)}, not an array")
    found = tuple(row for row in rows if isinstance(row, dict))
    if total > 0 and not found:
        return Listing(fault=f"totalResults is {total}, but there are no Resources")
    return Listing(total, found)


def uneven(reply: Reply) -> str:
    """Which of ``startIndex`` and ``itemsPerPage`` is there but no integer, in words; "" where both are fine."""
    for name, value in parsed(reply).value.items():
        if name.lower() in ("startindex", "itemsperpage") and (isinstance(value, bool) or not isinstance(value, int)):
            return f"{name} is a JSON {_kind(value)}, not an integer"
    return ""


def identifier(resource: dict[str, Any]) -> str:
    """The ``id`` of a resource as text; "" where it has none. A number is taken as its digits."""
    value = resource.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def reason(reply: Reply) -> str:
    """Why there is no success, in a word or two: ``Unauthorized``, ``Read timed out``."""
    if reply.failure is not None:
        spoken = {FailureKind.TIMEOUT: "Read timed out", FailureKind.REFUSED: "Connection refused"}
        return spoken.get(reply.failure.kind, reply.failure.detail or reply.failure.kind.value)
    try:
        return HTTPStatus(reply.status).phrase
    except ValueError:
        return f"HTTP status {reply.status}"


def detail(reply: Reply) -> str:
    """What the server said: a SCIM error's ``detail``, the parser's words for a body that is no JSON, or the reason."""
    if reply.failure is not None:
        return reply.failure.detail or reply.failure.kind.value
    body = parsed(reply)
    said = body.value.get("detail")
    if isinstance(said, str) and said:
        return said[:_SHOWN]
    return body.fault if body.fault and reply.body.strip() else reason(reply)


def raw(reply: Reply) -> str:
    """The answer as a log shows it: status and the beginning of the body."""
    if reply.failure is not None:
        return reason(reply)
    text = " ".join(_text(reply).split())[:_SHOWN]
    return f"{reply.status} {reason(reply)}" + (f", body: {text}" if text else "")


def retry_after(reply: Reply) -> int | None:
    """``Retry-After`` in seconds where it is a plain integer; None for a date, anything else, or no header."""
    value = (reply.header("Retry-After") or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None


def kinds(request: Send, reply: Reply) -> tuple[str, ...]:
    """What kind of answer it is, in the words of the dialects' reactions, the most telling first.

    Failures: ``timeout reset refused unresolved tls not-http``. Statuses: ``404 to a look-up``, ``404``, ``4xx``, where
    what was asked is a look-up, list, read, create, update or delete. A 2xx: ``empty body``, ``no JSON``, ``no id``,
    ``no totalResults``, ``totalResults no integer``, ``several matches``; () where nothing is wrong with it.
    """
    if reply.failure is not None:
        return (reply.failure.kind.value, "no answer")
    if not reply.ok:
        wait = _waiting(reply) if reply.status == 429 else ()
        return (f"{reply.status} to {_asked(request)}", *wait, str(reply.status), f"{reply.status // 100}xx")
    asked = _asked(request)
    body = parsed(reply)
    if asked in ("an update", "a delete") and not reply.body.strip():
        return ()
    if body.fault:
        return ("no JSON" if reply.body.strip() else "empty body",)
    if asked in ("a look-up", "a list"):
        total = {name.lower(): value for name, value in body.value.items()}.get("totalresults")
        if total is None:
            return ("no totalResults",)
        if isinstance(total, bool) or not isinstance(total, int):
            return ("totalResults no integer",)
        rows = listing(reply)
        return ("several matches",) if asked == "a look-up" and rows.total > 1 else ()
    return () if asked == "a delete" or identifier(body.value) else ("no id",)


def _waiting(reply: Reply) -> tuple[str, ...]:
    """How a 429 says when to come back."""
    said = reply.header("Retry-After")
    if said is None:
        return ("429 without Retry-After",)
    if retry_after(reply) is not None:
        return ("429 with Retry-After in seconds",)
    return ("429 with Retry-After as a date" if "GMT" in said else "429 with a malformed Retry-After",)


def _asked(request: Send) -> str:
    if request.method == "GET":
        return "a look-up" if "filter=" in request.query else "a read" if request.path.count("/") > 1 else "a list"
    return {"POST": "a create", "DELETE": "a delete"}.get(request.method, "an update")


def _text(reply: Reply) -> str:
    return reply.body.decode("utf-8", "replace")


def _kind(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return "string" if isinstance(value, str) else "array" if isinstance(value, list) else "object"
