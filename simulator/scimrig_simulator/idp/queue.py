"""Lanes of things to do, in tables: first in, first out, and none twice in one lane.

A lane's entries fall due in the order in which they were put there, as everything in one lane waits equally long. So
the next one is always the first, and nobody has to look through a lane.

Rule: every operation touches a handful of table rows, however long the lanes are, and relies on no table's order. What
is in a lane is in the tables only.
"""

from __future__ import annotations

from collections.abc import Iterator

from scimrig_simulator.idp.memory import Table

NEVER = 1e18
"""Due at no moment that comes."""


class Queue:
    """Items in lanes.

    entries: "lane|number of the entry" → [item, due]
    places:  item → lane → number of its entry there
    facts:   "lanes" → lane → [number of the first entry, of the next one to come, how many are there]
    """

    def __init__(self, entries: Table, places: Table, facts: Table) -> None:
        self._entries, self._places, self._facts = entries, places, facts

    def put(self, item: str, lane: str, due: float) -> None:
        """Put an item at a lane's end; one that is in that lane already keeps its place."""
        places = self._places.get(item, {})
        if lane in places:
            return
        first, after, count = self._mark(lane)
        self._entries[_key(lane, after)] = [item, due]
        self._places[item] = {**places, lane: after}
        self._set_mark(lane, first, after + 1, count + 1)

    def drop(self, item: str, but: str = "") -> None:
        """Take an item out of every lane, or out of every lane but one."""
        places = self._places.get(item, {})
        for lane, number in places.items():
            if lane != but:
                del self._entries[_key(lane, number)]
                self._shorten(lane)
        if but in places:
            self._places[item] = {but: places[but]}
        elif places:
            del self._places[item]

    def due(self, lane: str) -> float | None:
        """When the first item of a lane is due, None where the lane is empty."""
        first, _, count = self._mark(lane)
        return float(self._entries[_key(lane, first)][1]) if count else None

    def ready(self, lane: str, upto: float) -> Iterator[str]:
        """Items that are due by ``upto``, in order; the lane may change meanwhile."""
        number = 0
        while True:
            first, after, _ = self._mark(lane)
            number = max(number, first)
            if number >= after:
                return
            entry = self._entries.get(_key(lane, number))
            number += 1
            if entry is None:
                continue
            item, due = entry
            if due > upto:
                return
            yield item

    def lanes(self) -> list[str]:
        """Every lane that ever held something: a few, whatever they hold."""
        return sorted(self._facts.get("lanes", ()))

    def count(self, lane: str) -> int:
        """How many items are in a lane."""
        return self._mark(lane)[2]

    def _mark(self, lane: str) -> tuple[int, int, int]:
        first, after, count = self._facts.get("lanes", {}).get(lane, (0, 0, 0))
        return first, after, count

    def _set_mark(self, lane: str, first: int, after: int, count: int) -> None:
        self._facts["lanes"] = {**self._facts.get("lanes", {}), lane: [first, after, count]}

    def _shorten(self, lane: str) -> None:
        first, after, count = self._mark(lane)
        while first < after and _key(lane, first) not in self._entries:
            first += 1
        self._set_mark(lane, first, after, count - 1)


def _key(lane: str, number: int) -> str:
    return f"{lane}|{number:012d}"
