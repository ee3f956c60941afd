"""The IdP's own directory at the simulated moment, as its job asks about it.

Rule: it says what is so in the company; what an IdP makes of that is the job's affair.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scimrig_simulator.idp.job import Scope
from scimrig_simulator.workforce.happenings import STANDING_AFTER, Happening, Standing
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.team import Team
from scimrig_simulator.workforce.timeline import Timeline

_SCOPES: dict[Standing, Scope] = {
    Standing.NOT_YET: "unknown", Standing.EMPLOYED: "in", Standing.ON_LEAVE: "off", Standing.LEFT: "out",
    Standing.PURGED: "deleted",
}  # fmt: skip


class CompanyWorld:
    """A ``World`` (``idp/job.py``). ``at``: seconds since the start of day 0, set by whoever plays."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline, self.at = timeline, 0

    def person(self, number: int) -> Person:
        """Raises ValueError for somebody who is not hired yet."""
        return self.timeline.person(number, self.at)

    def scope(self, number: int) -> Scope:
        """Who is employed has the app; an account on leave is disabled, and who has left lost the app."""
        return _SCOPES[self.timeline.standing(number, self.at)]

    def team(self, number: int) -> Team | None:
        """None where it is gone."""
        return self.timeline.team(number, self.at)

    def members(self, number: int) -> Sequence[Person]:
        """Those of a team who have the app."""
        at, standing = self.at, self.timeline.standing
        return [self.person(n) for n in self.timeline.members(number, at) if standing(n, at) is Standing.EMPLOYED]

    def people(self) -> Iterator[int]:
        """Everybody who was ever hired."""
        return self.timeline.numbers(self.at)

    def teams(self) -> Iterator[int]:
        """Every team that was ever there."""
        return self.timeline.teams(self.at)


def touched(timeline: Timeline, happening: Happening) -> Iterator[tuple[str, int]]:
    """Whom an IdP hears of: the person, and every team whose name or members with the app change."""
    teams = list(happening.teams)
    if happening.person is not None:
        yield "User", happening.person
        if happening.kind in STANDING_AFTER and happening.at > 0:
            teams += _teams_around(timeline, happening.person, happening.at)
    yield from (("Group", team) for team in dict.fromkeys(teams))


def _teams_around(timeline: Timeline, person: int, at: int) -> list[int]:
    """Whoever is on leave keeps the team, and their account is disabled."""
    around = (timeline.team_of(person, at - 1), timeline.team_of(person, at))
    return [team for team in around if team is not None]
