"""Reads the target back as a client of its own that goes by the book, and does what the keeper has to do.

Lists are walked page by page to the end, whatever a page holds; a row's own address is asked where the list leaves a
doubt. A target that asks to be left alone for a while is.

Rule: it reports what it saw and judges nothing. Rows of others are read past and not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from scimrig_simulator.clock import Clock
from scimrig_simulator.wire import PERCENT_20, Reply, Send, filter_string

PAGE = 100
_TRIES = 5
_BUSY = frozenset({429, 503})
_WAIT = 1.0  # seconds, where the target does not say how long


@dataclass(frozen=True, slots=True)
class Look:
    """A row as its own address shows it. ``state``: found | gone | unreadable, and ``note`` says why."""

    state: str
    row: dict[str, Any] | None = None
    note: str = ""


@dataclass(slots=True)
class Observer:
    """``exchange`` carries a request; ``clock`` is the target's.

    notes: what could not be read, in words;  unread: collections whose list could not be
    """

    exchange: Callable[[Send], Reply]
    clock: Clock
    notes: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)

    def walk(self, collection: str) -> Iterator[dict[str, Any]]:
        """Every row that the list of a collection shows."""
        start, first = 1, None
        while True:
            query = PERCENT_20.encode([("startIndex", str(start)), ("count", str(PAGE))])
            reply = self.ask(Send("GET", collection, query, purpose=f"read the list of {collection}"))
            page = reply.resource()
            rows = page.get("Resources", [])
            if not reply.ok or not isinstance(rows, list) or not ("Resources" in page or "totalResults" in page):
                self._note(f"the list of {collection} could not be read: {answer(reply)}")
                self.unread.add(collection)
                return
            rows = [row for row in rows if isinstance(row, dict)]
            if not rows:
                return
            if rows[0].get("id") == first:
                self._note(f"the list of {collection} shows its first page again at startIndex {start}")
                self.unread.add(collection)
                return
            first = rows[0].get("id")
            yield from rows
            start += len(rows)
            total = page.get("totalResults")
            if isinstance(total, int) and start > total:
                return

    def read(self, path: str) -> Look:
        """One row by its address."""
        reply = self.ask(Send("GET", path, purpose="read a row back by id"))
        if reply.status in (404, 410):
            return Look("gone", note=f"GET {path} answered {reply.status}")
        row = reply.resource()
        return Look("found", row) if reply.ok and row else Look("unreadable", note=f"GET {path}: {answer(reply)}")

    def named(self, collection: str, attribute: str, name: str) -> dict[str, Any] | None:
        """A row found by its name, None where there is none or no filter."""
        query = PERCENT_20.encode([("filter", f"{attribute} eq {filter_string(name)}")])
        rows = self.ask(Send("GET", collection, query, purpose=f"look a row up by {attribute}")).resource()
        found = rows.get("Resources")
        matching = [
            row for row in (found if isinstance(found, list) else [])
            if isinstance(row, dict) and str(row.get(attribute)).casefold() == name.casefold()
        ]
        return matching[0] if matching else None

    def ask(self, request: Send) -> Reply:
        """A request, sent again where the target asks for patience."""
        for _ in range(_TRIES):
            reply = self.exchange(request)
            if reply.status not in _BUSY:
                break
            after = reply.header("Retry-After") or ""
            self.clock.sleep(float(after) if after.isascii() and after.isdigit() else _WAIT)
        return reply

    def _note(self, words: str) -> None:
        if words not in self.notes:
            self.notes.append(words)


def answer(reply: Reply) -> str:
    """What came back, in words."""
    if reply.failure is not None:
        return reply.failure.detail
    return f"answered {reply.status}" if not reply.ok else f"answered {reply.status} and no SCIM resource"
