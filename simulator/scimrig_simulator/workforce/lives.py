"""What happens to one person, from hire to purge: a pure function of the seed and their number.

Each matter of life has its turn once in a period (``intake``). Whether it comes to pass follows from the life so far:
nobody who has left marries, and nobody leaves who is on leave. What follows from a matter (a return, a purge) comes a
fixed number of days later, one of a few, so that whoever has something on a day is found by going those days back.

Rule: nothing here depends on what was asked before; what is remembered is bounded and can be lost.
"""

from __future__ import annotations

from functools import lru_cache

from scimrig_simulator.workforce.happenings import DAY, STANDING_AFTER, Kind, Standing
from scimrig_simulator.workforce.hiring import OPENING, hired_daily, onboarded, workday
from scimrig_simulator.workforce.intake import YEAR, Intake, Matter
from scimrig_simulator.workforce.splitmix import draw, high, low

REMEMBERED = 2048
"""Lives that are kept at hand."""

_MORNING, _WORKING_HOURS = 8 * 3600, 10 * 3600


MOVING = Matter(Kind.MOVED, 101, 4 * YEAR)
LEAVING = Matter(Kind.LEFT_FOR_A_WHILE, 104, 12 * YEAR)
PARTING = Matter(Kind.TERMINATED, 105, 7 * YEAR)
MATTERS = (MOVING, Matter(Kind.MARRIED, 102, 40 * YEAR), Matter(Kind.MANAGER, 103, 6 * YEAR), LEAVING, PARTING)

# One field, one number; they never change.
_AWAY, _FAREWELL, _CONTRACT = 110, 111, 112

_LEAVES = (7, 14, 28, 84)  # days; whole weeks, so that a return falls on a workday as well
_TOMBSTONES = (1, 3)
_COMEBACKS = (7, 14, 21)
PURGE = 30
"""Days from leaving until the account is deleted for good, as Entra has it (entra:5 [M1])."""

_SHELTERED = 16  # so many have nothing else happen to them in the opening days than what is featured
_FEATURED = {
    4: (Kind.MOVED, 1),
    5: (Kind.MARRIED, 2),
    6: (Kind.LEFT_FOR_A_WHILE, 0),
    7: (Kind.TERMINATED, 0),
    8: (Kind.TERMINATED, 1),
    12: (Kind.MANAGER, 3),
}
"""Person → what is sure to happen to them, on which workday."""
REHIRED_EARLY, MARRIED_EARLY, MOVED_EARLY = 7, 5, 4

Life = tuple[tuple[int, Kind], ...]
"""Seconds and kinds, in order; the first is the hire."""


class Lives:
    """Everybody's lives: ``people`` at second 0, and whoever is hired in the years that hold ``days``."""

    def __init__(self, key: int, people: int, days: int, weekday: int) -> None:
        self.intake = Intake(key, people, hired_daily(people, days, weekday), weekday, MATTERS)
        self._people, self._weekday = people, weekday
        self._opening = workday(0, weekday)
        self._featured = {n: (kind, workday(index, weekday)) for n, (kind, index) in _FEATURED.items() if n < people}
        self.life = lru_cache(maxsize=REMEMBERED)(self._life)
        self._standings = lru_cache(maxsize=REMEMBERED)(self._stood)
        self._total = self.intake.total

    def hire(self, n: int) -> tuple[int, Kind]:
        """When and how ``n`` is hired."""
        day, place = self.intake.came(n)
        if day < 0:
            return 0, Kind.CONTRACTED if self.is_contractor(n) else Kind.HIRED
        mass = onboarded(day, self._people, self._weekday)
        if place < mass:  # all of them within the first minute
            return day * DAY + 9 * 3600 + place * 60 // mass, Kind.ONBOARDED
        ordinary = len(self.intake.coming(day)) - mass
        at = day * DAY + 9 * 3600 + 1800 + (place - mass) * 7 * 3600 // ordinary
        return at, Kind.CONTRACTED if self.is_contractor(n) else Kind.HIRED

    def is_contractor(self, n: int) -> bool:
        """One in 24 of the first staff, one in eight of those hired one by one later, nobody of a mass onboarding."""
        bits = draw(self.intake.row(n), _CONTRACT)
        day, place = self.intake.came(n)
        if day < 0:
            return high(bits, 24) == 0
        if place < onboarded(day, self._people, self._weekday):
            return False
        return high(bits, 8) == 0 or self._is_last_of_opening(n)

    def is_namesake(self, n: int) -> bool:
        """One in 20 of those who come later is called like somebody of the first staff."""
        if n < self._people:
            return False
        return low(draw(self.intake.row(n), _CONTRACT), 20) == 0 or self._is_last_of_opening(n + 1)

    def _is_last_of_opening(self, n: int) -> bool:
        return n == self.intake.coming(self._opening)[-1]

    def concerned(self, day: int) -> list[int]:
        """Whoever may have something happen on ``day`` but a hire, ascending; their lives tell whether it does."""
        found = {n for matter in MATTERS for n in self._due(matter, day)}
        for days in _LEAVES:
            turns = [(n, self._second(n, day - days, LEAVING)) for n in self._due(LEAVING, day - days)]
            found.update(n for n, at in turns if self._leave(n, at) == days)
        for days in (*_TOMBSTONES, *_COMEBACKS, PURGE):
            turns = [(n, self._second(n, day - days, PARTING)) for n in self._due(PARTING, day - days)]
            found.update(n for n, at in turns if any(when // DAY == day for when, _ in self._farewell(n, at)))
        return sorted(found)

    def standing(self, n: int, at: int) -> Standing:
        """Where ``n`` stands at a second; whoever never comes is NOT_YET for good."""
        standing = Standing.NOT_YET
        for when, becomes in self._standings(n) if n < self._total else ():
            if when > at:
                break
            standing = becomes
        return standing

    def _stood(self, n: int) -> tuple[tuple[int, Standing], ...]:
        """Where ``n`` stands from which second on."""
        return tuple((at, STANDING_AFTER[kind]) for at, kind in self.life(n) if kind in STANDING_AFTER)

    def _due(self, matter: Matter, day: int) -> list[int]:
        featured = [n for n, (kind, on) in self._featured.items() if kind is matter.kind and on == day]
        return [*self.intake.due(matter, day), *featured]

    def _life(self, n: int) -> Life:
        events = [self.hire(n)]
        busy = events[0][0]  # until when nothing of their own can happen to them
        for at, kind in self._turns(n):
            if at <= busy:
                continue
            if kind is Kind.TERMINATED:
                events += self._farewell(n, at)
            elif kind is Kind.LEFT_FOR_A_WHILE:
                events += [(at, kind), (at + self._leave(n, at) * DAY, Kind.RETURNED)]
            else:
                events.append((at, kind))
                continue
            busy, last = events[-1]
            if last is Kind.PURGED:
                break
        return tuple(events)

    def _turns(self, n: int) -> list[tuple[int, Kind]]:
        turns = self.intake.turns(n)
        if n < _SHELTERED:
            turns = [(day, matter) for day, matter in turns if day >= OPENING]
            if n in self._featured:
                kind, on = self._featured[n]
                turns += [(on, matter) for matter in MATTERS if matter.kind is kind]
        if not turns:
            return []
        return scheduled(self.intake.row(n), turns)

    def _second(self, n: int, day: int, matter: Matter) -> int:
        return _second(self.intake.row(n), day, matter)

    def _leave(self, n: int, at: int) -> int:
        if at < OPENING * DAY and n < _SHELTERED:
            return _LEAVES[0]
        return _LEAVES[high(draw(self.intake.row(n) ^ at, _AWAY), len(_LEAVES))]

    def _farewell(self, n: int, at: int) -> list[tuple[int, Kind]]:
        """Half of the accounts are soft-deleted, one leaver in eight comes back before the purge."""
        bits = draw(self.intake.row(n) ^ at, _FAREWELL)
        tombstone, comeback = bits & 1, bits >> 1 & 7 == 0
        tombstone_days = _TOMBSTONES[low(bits, len(_TOMBSTONES))] if tombstone else 0
        comeback_days = _COMEBACKS[high(bits, len(_COMEBACKS))] if comeback else 0
        if at < OPENING * DAY and n < _SHELTERED:
            tombstone_days, comeback_days = _TOMBSTONES[0], _COMEBACKS[0] if n == REHIRED_EARLY else 0
        events = [(at, Kind.TERMINATED)]
        if tombstone_days:
            events.append((at + tombstone_days * DAY, Kind.TOMBSTONED))
        if comeback_days:
            return [*events, (at + comeback_days * DAY, Kind.REHIRED)]
        return [*events, (at + PURGE * DAY, Kind.PURGED)]


def scheduled(row: int, turns: list[tuple[int, Matter]]) -> list[tuple[int, Kind]]:
    """The seconds of the working hours on which those turns come, in order."""
    found = [(_second(row, day, matter), matter.kind) for day, matter in turns]
    return sorted(found, key=lambda turn: (turn[0], turn[1].value)) if len(found) > 1 else found


def _second(row: int, day: int, matter: Matter) -> int:
    return day * DAY + _MORNING + high(draw(row ^ day, matter.field), _WORKING_HOURS)
