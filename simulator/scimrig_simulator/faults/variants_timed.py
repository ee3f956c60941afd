"""Variants that take their time: an index that follows the store, and answers that come slowly.

Both go by the server's clock, so that on virtual time they cost nothing.

Rule: what a variant does, the RFC allows, or its owner declares. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from scimrig_simulator.calls import Answer, Asgi, Call, Page, Resource, Rows, Window
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim.filters import Filter, Predicate
from scimrig_simulator.scim.schemas import Definitions, ResourceType
from scimrig_simulator.seams import Seams

_LAG = 2.0
_PAUSE = 0.5
_AT_A_TIME = 64
_EVERYTHING = 1_000_000


@dataclass(frozen=True, slots=True)
class _Old:
    """What searches still show of a row: ``before`` a write, until a time; None = the row was not there yet."""

    until: float
    id: str
    kind: str
    before: Resource | None


class _Lagging(Seams):
    """An index that learns of a write ``_lag`` seconds later. Reads by id go past it.

    It keeps what has changed lately, not a copy of everything: the oldest state of a row that is not yet out of date is
    the one that the index holds.
    """

    _lag = _LAG

    def __init__(self) -> None:
        self._olds: deque[_Old] = deque()
        self._lock = threading.Lock()
        self._kinds: Mapping[str, ResourceType] = {}

    def definitions(self, known: Definitions) -> Definitions:
        offered = super().definitions(known)
        self._kinds = {kind.name: kind for kind in offered.resource_types}
        return offered

    # Writes are noted

    def store(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        if before is not None:
            self._note(before["id"], call.kind, before)
        return super().store(call, before, after)

    def delete(self, call: Call, rows: Rows) -> None:
        if call.before is not None:
            self._note(call.before["id"], call.kind, call.before)
        super().delete(call, rows)

    def emit(self, call: Call, answer: Answer) -> Answer:
        if "made" in call.notes:
            self._note(call.notes["made"], call.kind, None)
        if isinstance(answer.body, dict) and "pagination" in answer.body:  # ``window`` knows nothing of cursors
            answer.body = {name: value for name, value in answer.body.items() if name != "pagination"}
        return super().emit(call, answer)

    def _note(self, id: str, kind: ResourceType, before: Resource | None) -> None:
        now = self.clock.now()
        seen = None if before is None else {name: value for name, value in before.items() if name != "password"}
        with self._lock:
            self._forget(now)
            self._olds.append(_Old(now + self._lag, id, kind.name, seen))

    def _forget(self, now: float) -> None:
        while self._olds and self._olds[0].until <= now:
            self._olds.popleft()

    # Searches show them later

    def window(self, call: Call, start: int | None, count: int | None) -> Window:
        """The whole result is asked of the store; ``listing`` cuts the page, once it is known what the index holds."""
        now = self.clock.now()
        with self._lock:
            self._forget(now)
            olds: dict[str, _Old] = {}
            for old in self._olds:
                olds.setdefault(old.id, old)
        call.notes.update(olds=olds, window=super().window(call, start, count), fits={}, rows={})
        return Window(1, _EVERYTHING)

    def match(self, call: Call, wanted: Filter, resource_type: ResourceType) -> Predicate:
        fits = call.notes["fits"][resource_type.name] = super().match(call, wanted, resource_type)

        def as_indexed(resource: Resource) -> bool:
            held = _held(call, resource)
            return held is not None and fits(held)

        return as_indexed

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        if not call.listing:
            if call.method == "POST":
                call.notes["made"] = resource["id"]
            return super().render(call, resource, resource_type)
        held = _held(call, resource)
        shown = {} if held is None else super().render(call, held, resource_type)
        call.notes["rows"][resource["id"]] = None if held is None else (held["meta"]["created"], shown)
        return shown

    def listing(self, call: Call, page: Page) -> Resource:
        rows = [row for row in call.notes["rows"].values() if row is not None]
        rows += [
            (old.before["meta"]["created"], super(_Lagging, self).render(call, old.before, self._kinds[old.kind]))
            for old in call.notes["olds"].values()
            if old.before is not None and old.id not in call.notes["rows"] and self._found(call, old.kind, old.before)
        ]
        rows.sort(key=lambda row: row[0])  # as the store lists them: oldest first
        wanted: Window = call.notes["window"]
        first = wanted.start - 1
        shown = [row for _, row in rows[first : first + wanted.count]]
        return super().listing(call, replace(page, resources=shown, total=len(rows), start=wanted.start))

    def _found(self, call: Call, kind: str, before: Resource) -> bool:
        """Whether a search finds a row as it was: one that is gone, or goes by another name now."""
        if call.resource_type is not None and call.resource_type.name != kind:
            return False
        fits = call.notes["fits"]
        return not fits or (kind in fits and fits[kind](before))


def _held(call: Call, resource: Resource) -> Resource | None:
    """A row as the index holds it, None where it does not yet."""
    old: _Old | None = call.notes["olds"].get(resource["id"])
    return resource if old is None else old.before


LAG_2S = Fault(
    "lag-2s", "Lists and searches show a write two seconds later; reads by id show it at once",
    "Nothing, once its owner says so: RFC 7644 sets no time by which a search must know of a write.",
    seams=_Lagging, declares={"consistency": {"within": 3}},
)


class _Slow(Fault):
    """A variant that is no seam: each answer waits, and others wait beside it."""

    def server(self, build: Callable[[Seams], Asgi]) -> Asgi:
        seams = Seams()
        app = build(seams)
        waiting = ThreadPoolExecutor(_AT_A_TIME, "scimrig-slow")

        async def slow(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http":
                await asyncio.get_running_loop().run_in_executor(waiting, seams.clock.sleep, _PAUSE)
            await app(scope, receive, send)

        return slow


SLOW_500MS = _Slow(
    "slow-500ms", "Every answer takes half a second",
    "Nothing: no requirement sets a time.",
    seams=Seams,
)
