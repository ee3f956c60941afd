"""Who is in which team.

Everybody has a seat in a team of the start: by a shuffle of all people at first, by another one after each move. What
has become of that team since is the team's matter (``team_lives``), so that a merger moves nobody one by one. Whoever
sits in a team is found by walking those shuffles back.

Rule: a pure function of the lives of people and teams.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from scimrig_simulator.workforce.happenings import DAY, IN_SERVICE, Kind
from scimrig_simulator.workforce.lives import MOVED_EARLY, MOVING, Lives
from scimrig_simulator.workforce.splitmix import draw, high
from scimrig_simulator.workforce.team_lives import TeamLives

# One field, one number; they never change.
_HOME, _OFFSHOOT, _ELSEWHERE = 130, 131, 132
_DESTINATION = 1000  # and one more for each period of moving

_SIZES = (12, 8, 16, 150, *(10, 14, 12, 5, 19, 12, 9, 15, 11, 13) * 6)
"""Of the first 64 teams at the start, of the next 64, and so on; the last of all has whoever is left."""
_BOUNDS = tuple(accumulate(_SIZES))


def staffed(people: int) -> int:
    """How many teams it takes to seat so many people."""
    return _team_at(people - 1) + 1


def _team_at(rank: int) -> int:
    rounds, rest = divmod(rank, _BOUNDS[-1])
    return rounds * len(_SIZES) + bisect_right(_BOUNDS, rest)


def _ranks_of(team: int) -> tuple[int, int]:
    rounds, index = divmod(team, len(_SIZES))
    end = rounds * _BOUNDS[-1] + _BOUNDS[index]
    return end - _SIZES[index], end


class Membership:
    """The teams' members."""

    def __init__(self, lives: Lives, teams: TeamLives) -> None:
        self._lives, self._teams, self._intake = lives, teams, lives.intake

    def team_of(self, n: int, at: int) -> int | None:
        """The team of ``n``; None before they come, after they leave, and once their team is dissolved."""
        if self._lives.standing(n, at) not in IN_SERVICE:
            return None
        seat = self._seat(n, at)
        team = next((t for t in self._teams.offshoots(seat, at) if self._joins(n, t)), seat)
        return self._teams.heir(team, at)

    def members(self, t: int, at: int) -> list[int]:
        """The numbers of those in ``t``, on leave or not, ascending; none of a team that is not there."""
        if not self._teams.exists(t, at) or t == self._teams.empty:
            return []
        seats = [t] if t < self._teams.staffed else [self._teams.parent(t)]
        if t < self._teams.staffed and self._teams.heir(t ^ 1, at) == t:
            seats.append(t ^ 1)  # merged into this one
        found = {n for seat in seats if seat < self._teams.staffed for n in self._seated(seat, at)}
        return sorted(n for n in found if self.team_of(n, at) == t)

    def touched_by_creation(self, t: int) -> tuple[int, ...]:
        """``t`` and the teams whose members it takes over."""
        at, parent = self._teams.created(t), self._teams.parent(t)
        sources = [self._teams.heir(older, at) for older in (parent, *self._teams.offshoots(parent, at))]
        return (t, *sorted({source for source in sources if source is not None} - {t}))

    def _seat(self, n: int, at: int) -> int:
        moves = [when for when, kind in self._lives.life(n) if kind is Kind.MOVED and when <= at]
        for when in reversed(moves):
            if self._goes_elsewhere(n, when):
                rank, size, _ = self._intake.rank(_DESTINATION + when // DAY // MOVING.period, n)
                return rank * self._teams.staffed // size
        rank, size, block = self._intake.rank(_HOME, n)
        return _team_at(rank) if block == 0 else rank * self._teams.staffed // size

    def _seated(self, seat: int, at: int) -> Iterator[int]:
        """Whoever has that seat by then, among others who had it or will have it."""
        day = at // DAY
        yield from self._intake.between(_HOME, 0, *_ranks_of(seat))
        for block in self._intake.blocks(day):
            if block > 0:
                yield from self._intake.stretch(_HOME, block, seat, self._teams.staffed)
            for period in range(day // MOVING.period + 1):
                yield from self._intake.stretch(_DESTINATION + period, block, seat, self._teams.staffed)

    def _goes_elsewhere(self, n: int, at: int) -> bool:
        """Every other move is one to another team as well."""
        return n == MOVED_EARLY or draw(self._intake.row(n) ^ at, _ELSEWHERE) & 1 == 0

    def _joins(self, n: int, offshoot: int) -> bool:
        """A third of a team makes the new one."""
        return high(draw(self._intake.row(n) ^ offshoot, _OFFSHOOT), 3) == 0
