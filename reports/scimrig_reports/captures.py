"""What a replay must learn from the answers: ids of new rows and entity tags, and where later requests use them.

A variable's place in a text is marked as ``NUL name NUL``; no shell script can hold a NUL, so a mark is never taken for
text. ``shell.py`` turns marks into ``${name}``.

Rule: it reads records; it knows no shell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, quote_plus, unquote

from scimrig.evidence import Exchange

_CONDITIONS = frozenset({"if-match", "if-none-match"})
_LONG = 8
"""Characters from which an id is taken for itself wherever it stands; a shorter one ("7") only where ids stand."""
_NAMES = {"/users": "user", "/groups": "group"}


@dataclass(frozen=True, slots=True)
class Capture:
    """A value of the answer to ``exchange``, put into a variable.

    where: path into the JSON (``id``, ``Resources/0/id``), ``header:ETag``, or ``segment:Location``
    """

    variable: str
    exchange: int
    value: str
    where: str


def mark(name: str) -> str:
    """The place of a variable in a text."""
    return f"\x00{name}\x00"


def created(exchange: Exchange) -> str:
    """The id of the row that an exchange created, "" where it created none; what is made elsewhere is no row here."""
    if exchange.elsewhere or exchange.method != "POST" or exchange.status not in (200, 201):
        return ""
    return next((value for value, where in _ids(exchange) if "/" not in where), "")


def mentions(exchange: Exchange, value: str) -> bool:
    """True where a request speaks of the row with this id."""
    return (
        _in_path(exchange.path, value, "") != exchange.path
        or _in_query(exchange.query, value, "") != exchange.query
        or _in_body(exchange.request_body or "", value, "") != (exchange.request_body or "")
    )


def captures(exchanges: Sequence[Exchange]) -> tuple[Capture, ...]:
    """The values that later requests need, in order; every create is captured, needed or not."""
    found: list[Capture] = []
    current: set[str] = set()
    for place, exchange in enumerate(exchanges):
        later = exchanges[place + 1 :]
        made = created(exchange)
        for value, where in _ids(exchange):
            if value == made or (value not in current and any(mentions(request, value) for request in later)):
                found.append(Capture(_name(exchange, found), exchange.number, value, where))
                current.add(value)
        tag = exchange.header("etag")
        if tag and any(_conditional(request, tag) for request in later):
            found.append(Capture(_numbered("etag", found), exchange.number, tag, "header:ETag"))
    return tuple(found)


def rewritten(exchange: Exchange, known: Sequence[Capture], words: Mapping[str, str]) -> Exchange:
    """The request of ``exchange`` with marks for captured values, and for ``words`` (text → variable) anywhere."""
    path, query, body, headers = exchange.path, exchange.query, exchange.request_body, exchange.request_headers
    latest = {capture.value: capture for capture in known}
    for value, capture in sorted(latest.items(), key=lambda item: -len(item[0])):
        if capture.where == "header:ETag":
            headers = tuple(
                (name, text.replace(value, mark(capture.variable)) if name.lower() in _CONDITIONS else text)
                for name, text in headers
            )
            continue
        path = _in_path(path, value, mark(f"{capture.variable}_path"))
        query = _in_query(query, value, mark(f"{capture.variable}_path"))
        body = body and _in_body(body, value, mark(capture.variable))
    for text, variable in words.items():
        path, query = path.replace(text, mark(variable)), query.replace(text, mark(variable))
        body = body and body.replace(text, mark(variable))
        headers = tuple((name, line.replace(text, mark(variable))) for name, line in headers)
    return replace(exchange, path=path, query=query, request_body=body, request_headers=headers)


def _ids(exchange: Exchange) -> Iterator[tuple[str, str]]:
    if not exchange.ok or exchange.by == "hook":
        return
    try:
        body: Any = exchange.reply_json()
    except (ValueError, RecursionError):
        body = None
    own = _id(body)
    if own:
        yield own, "id"
    elif exchange.method == "POST":
        location = (exchange.header("location") or "").rstrip("/").rpartition("/")[2]
        if location:
            yield unquote(location), "segment:Location"
    resources = body.get("Resources") if isinstance(body, dict) else None
    if isinstance(resources, list) and len(resources) == 1 and _id(resources[0]):  # a look-up; a longer list moves
        yield _id(resources[0]), "Resources/0/id"


def _id(resource: Any) -> str:
    value = resource.get("id") if isinstance(resource, dict) else None
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return str(value)


def _name(exchange: Exchange, found: Sequence[Capture]) -> str:
    root = "/" + exchange.path.lstrip("/").partition("/")[0].lower()
    return _numbered(_NAMES.get(root, "id"), found)


def _numbered(noun: str, found: Sequence[Capture]) -> str:
    return f"{noun}{1 + sum(capture.variable.rstrip('0123456789') == noun for capture in found)}"


def _conditional(exchange: Exchange, tag: str) -> bool:
    return any(name.lower() in _CONDITIONS and tag in value for name, value in exchange.request_headers)


def _in_path(path: str, value: str, put: str) -> str:
    spellings = {quote(value, safe="-._~"), quote(value, safe=""), value}
    return "/".join(put if part in spellings else part for part in path.split("/"))


def _in_query(query: str, value: str, put: str) -> str:
    for spelling in sorted({quote(value, safe="-._~"), quote_plus(value), value}, key=len, reverse=True):
        if len(value) >= _LONG:
            query = re.sub(_alone(spelling), lambda _: put, query)
        else:
            query = re.sub(rf'(%22|"){re.escape(spelling)}(?=%22|")', lambda found: found[1] + put, query)
    return query


def _in_body(body: str, value: str, put: str) -> str:
    spelling = json.dumps(value, ensure_ascii=False)[1:-1]
    if len(value) >= _LONG:
        return re.sub(_alone(spelling), lambda _: put, body)
    exact = re.escape(spelling)
    for around in (
        rf'("(?:value|id)"\s*:\s*"){exact}(?=")',
        rf'(\\"){exact}(?=\\")',
        rf'(/(?:Users|Groups)/){exact}(?=["/])',
    ):
        body = re.sub(around, lambda found: found[1] + put, body, flags=re.IGNORECASE)
    return body


def _alone(spelling: str) -> str:
    return rf"(?<![A-Za-z0-9]){re.escape(spelling)}(?![A-Za-z0-9])"
