"""What can happen in a company, and where it leaves a person.

Rule: plain data, no imports of this project.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

DAY = 86_400
"""Seconds of a day: the company's clocks know no summer time and no leap second."""


class Kind(Enum):
    """What happened. Its value stands in logs.

    ONBOARDED: hired with many others on one Monday morning; CONTRACTED: hired with an address of a foreign domain
    MOVED:     another title and department, sometimes another team
    MARRIED:   another family name, user name and e-mail; the login stays
    MANAGER:   reports to somebody else, because it was decided so or because a manager left or came back
    REHIRED:   back with the login and the user name of before
    TOMBSTONED: the account of somebody who left is soft-deleted: 32 hex digits stand in front of the user name
    PURGED:    that account is due to be deleted for good
    TEAM_CREATED: out of a part of another team; TEAM_MERGED: into another; TEAM_DISSOLVED: its members have none now
    """

    HIRED = "hired"
    ONBOARDED = "onboarded"
    CONTRACTED = "contracted"
    MOVED = "moved"
    MARRIED = "married"
    MANAGER = "manager"
    LEFT_FOR_A_WHILE = "left-for-a-while"
    RETURNED = "returned"
    TERMINATED = "terminated"
    TOMBSTONED = "tombstoned"
    REHIRED = "rehired"
    PURGED = "purged"
    TEAM_CREATED = "team-created"
    TEAM_RENAMED = "team-renamed"
    TEAM_MERGED = "team-merged"
    TEAM_DISSOLVED = "team-dissolved"


class Standing(Enum):
    """Where somebody stands: LEFT is to be deprovisioned, PURGED to be deleted."""

    NOT_YET = "not-yet"
    EMPLOYED = "employed"
    ON_LEAVE = "on-leave"
    LEFT = "left"
    PURGED = "purged"


STANDING_AFTER = {
    Kind.HIRED: Standing.EMPLOYED,
    Kind.ONBOARDED: Standing.EMPLOYED,
    Kind.CONTRACTED: Standing.EMPLOYED,
    Kind.LEFT_FOR_A_WHILE: Standing.ON_LEAVE,
    Kind.RETURNED: Standing.EMPLOYED,
    Kind.TERMINATED: Standing.LEFT,
    Kind.REHIRED: Standing.EMPLOYED,
    Kind.PURGED: Standing.PURGED,
}
"""What a person's standing becomes by a kind; a kind that is not here leaves it."""

IN_SERVICE = (Standing.EMPLOYED, Standing.ON_LEAVE)
"""Who has a manager and a team: whoever is on leave keeps both."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One change of the company.

    at:     seconds since the start of day 0
    person: the number of whom it is about, None where it is about a team
    team:   the number of the team that it is about, None where it is about a person
    teams:  numbers of the teams whose members or name change by it; a merger names the one that goes first
    """

    at: int
    kind: Kind
    person: int | None = None
    team: int | None = None
    teams: tuple[int, ...] = ()
