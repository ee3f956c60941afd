"""Removes everything that a simulation made from its target, and says what would not go.

What the journal names is deleted, groups before people; then the lists are walked for rows that bear our prefix, since
a create whose answer was lost has left no id.

Rule: a row without our prefix that the journal does not name is never touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from scimrig.evidence import Leftover
from scimrig.simulating.gateway import COLLECTIONS, Cap, Ours
from scimrig.simulating.observer import Observer, answer
from scimrig.simulating.places import Place
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.wire import Reply, Send, segment

_TOLD = 100  # rows that are named where they would not go


@dataclass(slots=True)
class Swept:
    """How many rows went, how many would not, and the first of those."""

    gone: int
    left: int
    leftovers: list[Leftover]


def sweep(ours: Ours, observer: Observer, progress: Callable[[int, int], None], stop: Callable[[], bool]) -> Swept:
    """Delete all rows of ours. ``progress`` gets how many are done, of how many; ``stop`` ends it early."""
    swept, total = Swept(0, 0, []), len(ours.table)
    for collection in reversed(COLLECTIONS):
        for path, name in ours.table.items():
            if path.startswith(f"{collection}/") and not stop():
                _delete(path, str(name), observer, swept)
                progress(swept.gone + swept.left, total)
        _unnamed(collection, ours, observer, swept, stop)
    return swept


def keeper(place: Place, rate: float | None) -> Observer:
    """Who deletes: no faster than ``rate`` requests a second."""
    cap = Cap(rate, SystemClock())

    def exchange(request: Send) -> Reply:
        cap.wait()
        return place.transport.exchange(request)

    return Observer(exchange, place.clock)


def _unnamed(collection: str, ours: Ours, observer: Observer, swept: Swept, stop: Callable[[], bool]) -> None:
    """Rows with our prefix that are still in the list: made without our knowing, or still there after all."""
    known = {leftover.path for leftover in swept.leftovers}
    found = [
        (f"{collection}/{row['id']}", str(row.get(COLLECTIONS[collection])))
        for row in (observer.walk(collection) if not stop() else ())
        if ours.named(row.get(COLLECTIONS[collection])) and isinstance(row.get("id"), str)
    ]
    for path, name in found:
        if path not in known and not stop():
            _delete(path, name, observer, swept, twice=path in ours.table)


def _delete(path: str, name: str, observer: Observer, swept: Swept, *, twice: bool = False) -> None:
    collection, _, id = path[1:].partition("/")
    reply = observer.ask(Send("DELETE", f"/{collection}/{segment(id)}", purpose="sweep"))
    reason = "" if reply.ok or reply.status in (404, 410) else f"DELETE {answer(reply)}"
    if twice and not reason and observer.read(f"/{collection}/{segment(id)}").state == "found":
        reason = f"DELETE answered {reply.status}, yet the row is still there"
        swept.gone -= 1
    if not reason:
        swept.gone += not twice
        return
    swept.left += 1
    if len(swept.leftovers) < _TOLD:
        swept.leftovers.append(Leftover(path, name, reason))
