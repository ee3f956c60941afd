"""What happens to one team, from the day it is there until it is merged or dissolved.

Teams of the start stand in pairs (0 and 1, 2 and 3 …): one of a pair may be merged into the other. A team that is
created later is made out of a part of an older one, its parent, and may be merged back into it. One team is empty for
good.

Rule: a pure function of the seed and the team's number, its pair and its parent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from scimrig_simulator.workforce.happenings import DAY, Kind
from scimrig_simulator.workforce.hiring import OPENING, WORKDAYS, workday
from scimrig_simulator.workforce.intake import YEAR, Intake, Matter
from scimrig_simulator.workforce.lives import REMEMBERED, scheduled
from scimrig_simulator.workforce.shuffle import Shuffle
from scimrig_simulator.workforce.splitmix import draw

MATTERS = (
    Matter(Kind.TEAM_RENAMED, 201, 3 * YEAR),
    Matter(Kind.TEAM_MERGED, 202, 8 * YEAR),
    Matter(Kind.TEAM_DISSOLVED, 203, 12 * YEAR),
)
_PARENT = 210  # one field, one number
_SEATS = 64  # teams whose offshoots are kept at hand: all of a team's members are asked for theirs
_A_YEAR = 5  # per cent of the teams of the start that are created anew in a year


@dataclass(frozen=True, slots=True)
class End:
    """When a team is gone, and which one its members belong to from then on; None where it was dissolved."""

    at: int
    into: int | None


class TeamLives:
    """The lives of a company's teams: ``staffed`` of the start that have members, then the empty one, then new ones."""

    def __init__(self, key: int, staffed: int, days: int, weekday: int) -> None:
        self.staffed, self.first = staffed, staffed + 1
        self._opening = workday(0, weekday)
        self.intake = Intake(key, self.first, self._created_daily(days, weekday), weekday, MATTERS)
        self._parents = Shuffle(draw(key, _PARENT), staffed)
        schedule = {0: (Kind.TEAM_RENAMED, 1), self.first: (Kind.TEAM_DISSOLVED, 4)}
        schedule[self.first + 1] = (Kind.TEAM_MERGED, 3)
        self._featured = {t: (kind, workday(index, weekday)) for t, (kind, index) in schedule.items()}
        # nothing else happens to these in the opening days, so that what is featured is sure to come
        self._sheltered = {0, 1, self.first, self.first + 1, self.parent(self.first), self.parent(self.first + 1)}
        self.end = lru_cache(maxsize=REMEMBERED)(self._end)
        self.offshoots = lru_cache(maxsize=_SEATS)(self._offshoots)

    @property
    def empty(self) -> int:
        """The team that never has a member."""
        return self.staffed

    def parent(self, t: int) -> int:
        """The team of the start that the later team ``t`` is made out of."""
        return self._parents.number((t - self.first) % self.staffed)

    def _offshoots(self, parent: int, at: int) -> tuple[int, ...]:
        """The teams that are made out of ``parent`` by that second, the latest first."""
        if parent >= self.staffed:
            return ()
        numbers = range(self.first + self._parents.rank(parent), self.intake.total, self.staffed)
        return tuple(t for t in reversed(numbers) if self.created(t) <= at)

    def created(self, t: int) -> int:
        """The second from which ``t`` is there. It grows with the number."""
        day, place = self.intake.came(t)
        if day < 0:
            return 0
        return day * DAY + 10 * 3600 + place * 6 * 3600 // len(self.intake.coming(day))

    def exists(self, t: int, at: int) -> bool:
        """Whether ``t`` is there at that second."""
        if t >= self.intake.total or self.created(t) > at:
            return False
        end = self.end(t)
        return end is None or end.at > at

    def heir(self, t: int, at: int) -> int | None:
        """The team that whoever was in ``t`` is in at that second, None where theirs was dissolved."""
        heir: int | None = t
        while heir is not None and (end := self.end(heir)) is not None and end.at <= at:
            heir = end.into
        return heir

    def renamings(self, t: int) -> list[int]:
        """The seconds at which ``t`` gets another name."""
        end, created = self.end(t), self.created(t)
        return [
            at for at, kind in self._turns(t)
            if kind is Kind.TEAM_RENAMED and at > created and (end is None or at < end.at)
        ]  # fmt: skip

    def events(self, t: int) -> Iterator[tuple[int, Kind]]:
        """Whatever happens to ``t`` after its creation."""
        for at in self.renamings(t):
            yield at, Kind.TEAM_RENAMED
        end = self.end(t)
        if end is not None:
            yield end.at, Kind.TEAM_DISSOLVED if end.into is None else Kind.TEAM_MERGED

    def concerned(self, day: int) -> list[int]:
        """The teams that something may happen to on ``day`` after their creation, ascending."""
        found = {t for matter in MATTERS for t in self.intake.due(matter, day)}
        found.update(t for t, (_, on) in self._featured.items() if on == day)
        return sorted(found)

    def _created_daily(self, days: int, weekday: int) -> list[int]:
        counts, workdays, before = [], 0, 0
        for day in range(-(-days // YEAR) * YEAR):
            workdays += (day + weekday) % 7 < 5
            by_now = workdays * self.staffed * _A_YEAR // (100 * WORKDAYS)
            counts.append(by_now - before + (2 if day == self._opening else 0))
            before = by_now
        return counts

    def _turns(self, t: int) -> list[tuple[int, Kind]]:
        turns = self.intake.turns(t)
        if t in self._sheltered:
            turns = [(day, matter) for day, matter in turns if day >= OPENING]
        if t in self._featured:
            kind, on = self._featured[t]
            turns += [(on, matter) for matter in MATTERS if matter.kind is kind]
        return scheduled(self.intake.row(t), turns)

    def _end(self, t: int) -> End | None:
        if t == self.empty:
            return None
        if t < self.staffed:
            return self._ends_of_pair(t & ~1).get(t)
        created, parent = self.created(t), self.parent(t)
        for at, kind in self._turns(t):
            if at > created and kind is Kind.TEAM_DISSOLVED:
                return End(at, None)
            if at > created and kind is Kind.TEAM_MERGED and self.exists(parent, at):
                return End(at, parent)
        return None

    def _ends_of_pair(self, even: int) -> dict[int, End]:
        pair = range(even, min(even + 2, self.staffed))
        turns = sorted((at, t, kind.value) for t in pair for at, kind in self._turns(t))
        ends: dict[int, End] = {}
        for at, t, kind in turns:
            other = t ^ 1
            if t in ends:
                continue
            if kind == Kind.TEAM_DISSOLVED.value:
                ends[t] = End(at, None)
            elif kind == Kind.TEAM_MERGED.value and other in pair and other not in ends:
                ends[t] = End(at, other)
        return ends
