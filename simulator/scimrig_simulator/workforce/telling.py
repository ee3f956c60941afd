"""One line about what happens, for people to read.

Rule: asks a timeline for what was before and what is now; decides nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scimrig_simulator.workforce.happenings import Happening, Kind

if TYPE_CHECKING:
    from scimrig_simulator.workforce.timeline import Timeline

_PEOPLE = {
    Kind.HIRED: "{now.display_name} is hired as {now.title} in {now.department}",
    Kind.ONBOARDED: "{now.display_name} starts with the others of this Monday, as {now.title} in {now.department}",
    Kind.CONTRACTED: "{now.display_name} comes as a contractor: {now.user_name}",
    Kind.MOVED: "{now.display_name} moves to {now.department} as {now.title}",
    Kind.MARRIED: "{was.display_name} marries and is now {now.display_name}: {now.user_name}",
    Kind.LEFT_FOR_A_WHILE: "{now.display_name} goes on leave",
    Kind.RETURNED: "{now.display_name} is back from leave",
    Kind.TERMINATED: "{now.display_name} leaves the company",
    Kind.TOMBSTONED: "{now.display_name}'s account is soft-deleted: {now.user_name}",
    Kind.REHIRED: "{now.display_name} is hired again, still as {now.user_name}",
    Kind.PURGED: "{now.display_name}'s account is to be deleted for good",
}


def told(timeline: Timeline, happening: Happening) -> str:
    """The line. Raises ValueError for a happening that is not of this timeline."""
    if happening.person is None:
        return _of_team(timeline, happening)
    n, at = happening.person, happening.at
    now = timeline.person(n, at)
    if happening.kind is Kind.MANAGER:
        if now.manager is None:
            return f"{now.display_name} reports to nobody any more"
        return f"{now.display_name} reports to {timeline.person(now.manager, at).display_name} from now on"
    was = timeline.person(n, at - 1) if happening.kind is Kind.MARRIED else now
    line = _PEOPLE[happening.kind].format(now=now, was=was)
    if happening.kind is Kind.MOVED and happening.teams:
        team = timeline.team_of(n, at)
        return f"{line}, to the team {_name(timeline, team, at)}" if team is not None else line
    return line


def _of_team(timeline: Timeline, happening: Happening) -> str:
    t, at = happening.team, happening.at
    if t is None:
        raise ValueError(f"{happening} is about nobody")
    if happening.kind is Kind.TEAM_CREATED:
        size = len(timeline.members(t, at))
        return f"the team {_name(timeline, t, at)} is there, with {size} members"
    was = _name(timeline, t, at - 1)
    if happening.kind is Kind.TEAM_RENAMED:
        return f"the team {was} is called {_name(timeline, t, at)} from now on"
    if happening.kind is Kind.TEAM_MERGED:
        return f"the team {was} is merged into {_name(timeline, happening.teams[1], at)}"
    return f"the team {was} is dissolved"


def _name(timeline: Timeline, t: int, at: int) -> str:
    team = timeline.team(t, at)
    if team is None:
        raise ValueError(f"there is no team {t} at second {at}")
    return team.display_name
