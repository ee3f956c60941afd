"""Okta's import: it reads whoever and whatever is at the target, page by page (okta:7).

Rule: flows over an ``Ask``; knows nothing of what the engine believes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from scimrig_simulator.idp import answers
from scimrig_simulator.wire import Flow, Json, Reply

Ask: TypeAlias = Callable[[str, str, str, Sequence[tuple[str, str]]], Flow[Reply]]
"""Sends a request: method, path, purpose, query."""

_BUILT_IN = frozenset({"/Users", "/Groups"})


@dataclass(slots=True)
class Imported:
    """What an import has read. ``refusal``: the answer that ended it before its time, and why; "" where none did.
    short: a page held fewer rows than were asked for, and there were more
    """

    users: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    refusal: str = ""
    short: bool = False


def read_all(ask: Ask, page: int, *, groups: bool, entitlements: bool) -> Flow[Imported]:
    """Types and their endpoints first where entitlements are on, then active users, then groups."""
    found = Imported()
    if entitlements:
        found.refusal = yield from _read_types(ask, page)
    if not found.refusal:
        found.refusal = yield from _walk(ask, "/Users", page, found.users, found)
    if groups and not found.refusal:
        found.refusal = yield from _walk(ask, "/Groups", page, found.groups, found)
    return found


def _read_types(ask: Ask, page: int) -> Flow[str]:
    reply = yield from ask("GET", "/ResourceTypes", "what kinds of resource are there?", ())
    if not reply.ok:
        return f"/ResourceTypes: {answers.raw(reply)}"
    endpoints = [_endpoint(row) for row in answers.listing(reply).rows]
    schemas = yield from ask("GET", "/Schemas", "what are they made of?", ())
    if not schemas.ok:
        return f"/Schemas: {answers.raw(schemas)}"
    for endpoint in endpoints:
        if endpoint and endpoint not in _BUILT_IN:
            refusal = yield from _walk(ask, endpoint, page, set(), Imported())
            if refusal:
                return refusal
    return ""


def _walk(ask: Ask, path: str, page: int, ids: set[str], imported: Imported) -> Flow[str]:
    """Advance by ``page``, whatever itemsPerPage says, until totalResults is covered: "" or why it ended early."""
    start = 1
    while True:
        query = (("startIndex", str(start)), ("count", str(page)))
        reply = yield from ask("GET", path, f"import {path[1:].lower()} from number {start} on", query)
        if not reply.ok:
            return f"{path}: {answers.raw(reply)}"
        found = answers.listing(reply)
        if found.fault:
            return f"{path}: {found.fault}"
        ids.update(answers.identifier(row) for row in found.rows if row.get("active") is not False)
        imported.short |= len(found.rows) < min(page, found.total - start + 1)
        start += page
        if start > found.total or not found.rows:
            return ""


def _endpoint(row: dict[str, Json]) -> str:
    value = row.get("endpoint")
    return value if isinstance(value, str) and value.startswith("/") else ""
