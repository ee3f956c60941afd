"""A company that keeps changing: what happens on which second, and what is the case at any.

Both are pure functions of the seed. The events of a day are found without a look at the days before or at everybody,
so a stream can begin anywhere, and memory does not grow with the company.

Rule: integers only, no I/O, no clock, no order of a set or a dict of our own making. The same seed gives the same
bytes on every machine and every Python.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterator
from datetime import date

from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.happenings import DAY, Happening, Kind, Standing
from scimrig_simulator.workforce.lives import Lives
from scimrig_simulator.workforce.membership import Membership, staffed
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.records import Records
from scimrig_simulator.workforce.reporting import Reporting
from scimrig_simulator.workforce.splitmix import draw, mix
from scimrig_simulator.workforce.team import Team
from scimrig_simulator.workforce.team_lives import TeamLives
from scimrig_simulator.workforce.telling import told

# One field, one number; they never change.
_PEOPLE, _TEAMS = 140, 141

_KINDS = {kind: place for place, kind in enumerate(Kind)}
_MANAGERS_GO = (Kind.TERMINATED, Kind.REHIRED)


class Timeline:
    """``days`` of a company whose first staff counts ``people``; day 0 is ``start``.

    Seconds count from the start of day 0, and a state is the one after everything that happens on its second. Nothing
    depends on ``days`` but where the stream ends. Raises ValueError for fewer than one person or one day.
    """

    def __init__(self, company: Company, people: int, days: int, start: date) -> None:
        if people < 1 or days < 1:
            raise ValueError(f"a company has at least one person for one day, not {people} for {days}")
        self.company, self.people, self.days, self.start = company, people, days, start
        key = mix(company.seed & 0xFFFFFFFFFFFFFFFF)
        self._lives = Lives(draw(key, _PEOPLE), people, days, start.weekday())
        self._team_lives = TeamLives(draw(key, _TEAMS), staffed(people), days, start.weekday())
        self._membership = Membership(self._lives, self._team_lives)
        self._reporting = Reporting(self._lives)
        self._records = Records(company, people, self._lives)

    def happenings(self, since: int = 0, until: int | None = None) -> Iterator[Happening]:
        """What happens from second ``since`` to before ``until`` (by default to the end), in order.

        On one second people stand before teams, by number. The first staff comes at second 0, their teams after them.
        """
        end = self.days * DAY if until is None else min(until, self.days * DAY)
        if since <= 0 < end:
            yield from self._first()
        for day in range(max(since, 0) // DAY, -(-end // DAY)):
            for happening in heapq.merge(self._arrivals(day), self._changes(day), key=_order):
                if since <= happening.at < end:
                    yield happening

    def person(self, n: int, at: int) -> Person:
        """``n`` as HR knows them, not active on leave or after leaving. Raises ValueError before they are hired."""
        return self._records.person(n, at, self.manager(n, at))

    def standing(self, n: int, at: int) -> Standing:
        """Where ``n`` stands."""
        return self._lives.standing(n, at)

    def manager(self, n: int, at: int) -> int | None:
        """The number of ``n``'s manager, always a smaller one, somebody in service; leavers keep the one they had."""
        return self._reporting.manager(n, at)

    def team(self, t: int, at: int) -> Team | None:
        """Team ``t`` under the name it has then; None while it is not there yet, and when it is gone."""
        if not self._team_lives.exists(t, at):
            return None
        renamed = sum(when <= at for when in self._team_lives.renamings(t))
        return self.company.team(t, version=renamed)

    def team_of(self, n: int, at: int) -> int | None:
        """The number of ``n``'s team; None before they come, after they leave, and once their team is dissolved."""
        return self._membership.team_of(n, at)

    def members(self, t: int, at: int) -> list[int]:
        """The numbers of those in team ``t``, ascending: whoever is on leave stays a member, a leaver does not."""
        return self._membership.members(t, at)

    def numbers(self, at: int) -> Iterator[int]:
        """Everybody who was ever hired by then, ascending."""
        if at < 0:
            return iter(range(0))
        today = self._lives.intake.coming(at // DAY)
        by_now = bisect_right(today, at, key=lambda n: self._lives.hire(n)[0])
        return iter(range(today.start + by_now))

    def teams(self, at: int) -> Iterator[int]:
        """Every team that was ever there by then, ascending."""
        if at < 0:
            return iter(range(0))
        today = self._team_lives.intake.coming(at // DAY)
        return iter(range(today.start + bisect_right(today, at, key=self._team_lives.created)))

    def words(self, happening: Happening) -> str:
        """One line that tells it: "Zoë Smith marries and is now Zoë Müller"."""
        return told(self, happening)

    def _first(self) -> Iterator[Happening]:
        for n in range(self.people):
            yield Happening(0, self._lives.hire(n)[1], n)
        for t in range(self._team_lives.first):
            yield Happening(0, Kind.TEAM_CREATED, None, t, (t,))

    def _arrivals(self, day: int) -> Iterator[Happening]:
        for n in self._lives.intake.coming(day):
            at, kind = self._lives.hire(n)
            yield Happening(at, kind, n, None, _known(self.team_of(n, at)))

    def _changes(self, day: int) -> list[Happening]:
        found = list(self._of_teams(day))
        for n in self._lives.concerned(day):
            for at, kind in self._lives.life(n)[1:]:
                if at // DAY == day:
                    found += self._of_person(n, at, kind)
        # the same change of managers can follow from two departures on one second
        return list(dict.fromkeys(sorted(found, key=_order)))

    def _of_person(self, n: int, at: int, kind: Kind) -> Iterator[Happening]:
        if kind is Kind.MANAGER:
            yield from self._new_manager(n, at)
        elif kind is Kind.MOVED or kind in _MANAGERS_GO:
            before, now = self.team_of(n, at - 1), self.team_of(n, at)
            yield Happening(at, kind, n, None, _known(before, now) if before != now else ())
        else:
            yield Happening(at, kind, n)
        if kind in _MANAGERS_GO:
            for report in self._reporting.touched(n, at):
                yield from self._new_manager(report, at)

    def _new_manager(self, n: int, at: int) -> Iterator[Happening]:
        if self.manager(n, at) != self.manager(n, at - 1):
            yield Happening(at, Kind.MANAGER, n)

    def _of_teams(self, day: int) -> Iterator[Happening]:
        for t in self._team_lives.intake.coming(day):
            touched = self._membership.touched_by_creation(t)
            yield Happening(self._team_lives.created(t), Kind.TEAM_CREATED, None, t, touched)
        for t in self._team_lives.concerned(day):
            for at, kind in self._team_lives.events(t):
                if at // DAY == day:
                    end = self._team_lives.end(t)
                    into = end.into if end is not None and kind is Kind.TEAM_MERGED else None
                    yield Happening(at, kind, None, t, _known(t, into))


def _known(*teams: int | None) -> tuple[int, ...]:
    return tuple(team for team in teams if team is not None)


def _order(happening: Happening) -> tuple[int, bool, int, int]:
    about = happening.person if happening.person is not None else happening.team
    return happening.at, happening.person is None, about or 0, _KINDS[happening.kind]
