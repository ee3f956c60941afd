"""Reads the target's state back: by id, by filter and in the list, as a client of its own that goes by the book.

The observer's requests are in the log, but never in a dialect's transcript. It reports what it saw and judges nothing.

Rule: reads only. It never trusts an answer to a write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from scimrig.evidence import Reading, Sight
from scimrig_simulator.wire import PERCENT_20, Flow, Reply, Send, filter_string, segment, send

PAGE = 100
LIST_LIMIT = 200
"""Rows above which the list is not walked after every step: cost must not grow with somebody else's data."""

NOT_LOOKED = Reading("not-looked")


@dataclass(frozen=True, slots=True)
class Watch:
    """A row to look at. ``name`` is its userName or displayName; ``id`` "" where no answer ever told it."""

    key: str
    kind: str  # "User" | "Group"
    id: str
    name: str
    bystander: bool = False

    @property
    def collection(self) -> str:
        return "/Users" if self.kind == "User" else "/Groups"

    @property
    def naming(self) -> str:
        return "userName" if self.kind == "User" else "displayName"


@dataclass(frozen=True, slots=True)
class _List:
    """A collection as its list showed it: readings by id, or one reading for all where it could not be walked."""

    rows: dict[str, Reading]
    instead: Reading | None = None
    pages: int = 1


def look(watched: Sequence[Watch], *, filters: bool = True) -> Flow[tuple[Sight, ...]]:
    """Look at every row. Bystanders are looked up by id only where the list does not show them.

    filters: False where the target offers no filter: nothing is looked up by name then
    """
    lists: dict[str, _List] = {}
    for collection in sorted({watch.collection for watch in watched}, reverse=True):
        lists[collection] = yield from _walk(collection)
    sights: list[Sight] = []
    for watch in watched:
        listed = _listed(lists[watch.collection], watch)
        if watch.bystander and listed.state == "found":
            sights.append(Sight(watch.key, watch.kind, watch.id, True, NOT_LOOKED, NOT_LOOKED, listed))
            continue
        by_id = (yield from _by_id(watch)) if watch.id else NOT_LOOKED
        if by_id.state == "found" and listed.state == "absent" and lists[watch.collection].pages > 1:
            lists[watch.collection] = yield from _walk(watch.collection)  # rows deleted meanwhile shift the pages
            listed = _listed(lists[watch.collection], watch)
        by_filter = NOT_LOOKED
        if filters and watch.name and not watch.bystander:
            by_filter = yield from _by_filter(_under_its_own_name(watch, by_id))
        sights.append(Sight(watch.key, watch.kind, watch.id, watch.bystander, by_id, by_filter, listed))
    return tuple(sights)


def _by_id(watch: Watch) -> Flow[Reading]:
    path = f"{watch.collection}/{segment(watch.id)}"
    reply = yield from send(Send("GET", path, purpose=f"read {watch.key} back by id"))
    if reply.status in (404, 410):
        return Reading("absent", note=f"GET by id answered {reply.status}")
    resource = reply.resource()
    if reply.ok and resource:
        return Reading("found", resource, 1)
    return Reading("unreadable", note=_why(reply))


def _under_its_own_name(watch: Watch, by_id: Reading) -> Watch:
    """A row is looked up by the name that it shows itself: whether that is the right name is another question."""
    name = (by_id.resource or {}).get(watch.naming)
    return replace(watch, name=name) if isinstance(name, str) and name else watch


def _by_filter(watch: Watch) -> Flow[Reading]:
    query = PERCENT_20.encode([("filter", f"{watch.naming} eq {filter_string(watch.name)}")])
    request = Send("GET", watch.collection, query, purpose=f"read {watch.key} back by {watch.naming}")
    reply = yield from send(request)
    rows = _rows(reply)
    if rows is None:
        state = "absent" if reply.status == 404 else "unreadable"
        return Reading(state, note=_why(reply))
    mine = [row for row in rows if _is(watch, row)]
    if mine:
        return Reading("found", mine[0], len(rows))
    return Reading("absent", None, len(rows), note=f"the filter found {len(rows)} rows, none of them it")


def _walk(collection: str) -> Flow[_List]:
    """All rows of a collection, page by page, as long as pages bring something new."""
    found: dict[str, Reading] = {}
    start, pages = 1, 0
    while True:
        query = PERCENT_20.encode([("startIndex", str(start)), ("count", str(PAGE))])
        reply = yield from send(Send("GET", collection, query, purpose=f"read the list of {collection}"))
        rows = _rows(reply)
        if rows is None:
            return _List({}, Reading("unreadable", note=_why(reply)))
        pages += 1
        fresh = {str(row["id"]): Reading("found", row, 1) for row in rows if row.get("id")}
        news = fresh.keys() - found.keys()
        found.update(fresh)
        total = reply.resource().get("totalResults")
        if not isinstance(total, int) or total <= len(found) or not news:
            return _List(found, pages=pages)
        if total > LIST_LIMIT:
            note = f"{collection} holds {total} rows; lists above {LIST_LIMIT} are not walked"
            return _List({}, Reading("not-looked", note=note))
        start += len(rows)


def _listed(seen: _List, watch: Watch) -> Reading:
    if seen.instead is not None:
        return seen.instead
    if watch.id and watch.id in seen.rows:
        return seen.rows[watch.id]
    named = [] if watch.id else [one for one in seen.rows.values() if _is(watch, one.resource or {})]
    return named[0] if named else Reading("absent", note="no page of the list shows it")


def _is(watch: Watch, row: dict[str, Any]) -> bool:
    if watch.id:
        return row.get("id") == watch.id
    return str(row.get(watch.naming, "")).casefold() == watch.name.casefold()


def _rows(reply: Reply) -> list[dict[str, Any]] | None:
    """The rows of a ListResponse, None where the answer is none."""
    if not reply.ok:
        return None
    body = reply.resource()
    rows = body.get("Resources", [])
    if "totalResults" not in body and "Resources" not in body:
        return None
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _why(reply: Reply) -> str:
    if reply.failure is not None:
        return reply.failure.detail
    if reply.ok:
        return f"answered {reply.status} with {len(reply.body)} bytes that are no SCIM resource"
    return f"answered {reply.status}"

