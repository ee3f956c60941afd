"""Numbered things that come to the company in order: people who are hired, teams that are created.

So many are there at second 0, so many come on each day. Each year's newcomers are a block of numbers, and so are those
of the start; within a block, a ``Shuffle`` says on which days something happens to somebody. Nothing here is as long
as the company has people: there is a table of days, no other.

Rule: pure arithmetic on integers. Imports ``happenings``, ``shuffle`` and ``splitmix`` only.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from scimrig_simulator.workforce.happenings import Kind
from scimrig_simulator.workforce.shuffle import Shuffle
from scimrig_simulator.workforce.splitmix import draw, mix

YEAR = 365
_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Matter:
    """Something that everybody's turn comes to once in ``period`` days; ``field`` is its number in every draw."""

    kind: Kind
    field: int
    period: int


class Intake:
    """Who comes when, and on whose turn something is.

    key:     64 bits that decide every order
    first:   how many are there at second 0
    daily:   how many come on day 0, 1, 2 …, for whole years
    weekday: of day 0; Monday is 0
    matters: what everybody has turns of
    """

    def __init__(self, key: int, first: int, daily: Sequence[int], weekday: int, matters: Sequence[Matter]) -> None:
        self.key, self.first, self.horizon, self._weekday, self._matters = key, first, len(daily), weekday, matters
        self._before = list(accumulate(daily, initial=first))
        self._starts = [0, *self._before[::YEAR]]
        self._shuffles: dict[tuple[int, int], Shuffle] = {}
        blocks = range(len(self._starts) - 1)
        self._orders = [[(self._shuffle(matter.field, block), matter) for matter in matters] for block in blocks]

    @property
    def total(self) -> int:
        """How many there will ever have been."""
        return self._before[-1]

    def row(self, number: int) -> int:
        """The row that everything of ``number`` is drawn from."""
        return mix(self.key ^ number)

    def came(self, number: int) -> tuple[int, int]:
        """The day on which ``number`` comes, and how many have come before on that day; (-1, number) at the start."""
        if number < self.first:
            return -1, number
        day = bisect_right(self._before, number) - 1
        return day, number - self._before[day]

    def coming(self, day: int) -> range:
        """The numbers that come on ``day``."""
        if day >= self.horizon:
            return range(self.total, self.total)
        return range(self._before[day], self._before[day + 1])

    def turns(self, number: int) -> list[tuple[int, Matter]]:
        """The days on which it is ``number``'s turn, and with what; a turn at a weekend is put off to Monday."""
        block = bisect_right(self._starts, number) - 1
        place, found = number - self._starts[block], []
        for shuffle, matter in self._orders[block]:
            day = (shuffle.rank(place) * matter.period // shuffle.size + shuffle.key) % matter.period
            while day < self.horizon:
                weekday = (day + self._weekday) % 7
                found.append((day if weekday < _SATURDAY else day + 7 - weekday, matter))
                day += matter.period
        return found

    def due(self, matter: Matter, day: int) -> Iterator[int]:
        """Whose turn it is on ``day``, whether they have come by then or not."""
        weekday = (day + self._weekday) % 7
        if day < 0 or weekday >= _SATURDAY:
            return
        for of in range(max(0, day - 2) if weekday == 0 else day, day + 1):
            for block in self.blocks(of):
                part = (of - self._shuffle(matter.field, block).key) % matter.period
                yield from self.stretch(matter.field, block, part, matter.period)

    def rank(self, field: int, number: int) -> tuple[int, int, int]:
        """Where ``number`` stands in its block's order, how many stand there, and which block it is."""
        block = bisect_right(self._starts, number) - 1
        shuffle = self._shuffle(field, block)
        return shuffle.rank(number - self._starts[block]), shuffle.size, block

    def stretch(self, field: int, block: int, part: int, parts: int) -> Iterator[int]:
        """Who stands in the ``part``-th of ``parts`` equal stretches of an order: rank * parts // size == part."""
        size = self._starts[block + 1] - self._starts[block]
        return self.between(field, block, -(-part * size // parts), -(-(part + 1) * size // parts))

    def between(self, field: int, block: int, low: int, high: int) -> Iterator[int]:
        """Who stands at the ranks from ``low`` to below ``high`` of a block's order."""
        shuffle, start = self._shuffle(field, block), self._starts[block]
        return (start + shuffle.number(rank) for rank in range(low, min(high, shuffle.size)))

    def blocks(self, day: int) -> range:
        """The blocks of which somebody may have come by ``day``; block 0 is there from the start."""
        return range(min(day // YEAR + 2, len(self._starts) - 1))

    def _shuffle(self, field: int, block: int) -> Shuffle:
        shuffle = self._shuffles.get((field, block))
        if shuffle is None:
            size = self._starts[block + 1] - self._starts[block]
            shuffle = self._shuffles[field, block] = Shuffle(draw(mix(self.key ^ field), block), size)
        return shuffle
