"""How many are hired on which day.

Rule: pure arithmetic on integers; no imports of this project but ``intake`` and ``splitmix``.
"""

from __future__ import annotations

from scimrig_simulator.workforce.intake import YEAR

WORKDAYS = 260
"""Of a year, about."""
OPENING = 10
"""Days from the start within which everything that can happen happens to somebody, however small the company."""

_A_YEAR = 6  # per cent of the first staff that are hired one by one in a year
_MASS = 100  # one in so many of the first staff is how many come on a Monday of mass onboarding
_FOUR_WEEKS = 28


def workday(index: int, weekday: int) -> int:
    """The day of the ``index``-th workday (0, 1 …) of the first two weeks; day 0 is that ``weekday``, Monday is 0."""
    return [day for day in range(2 * OPENING) if (day + weekday) % 7 < 5][index]


def onboarded(day: int, people: int, weekday: int) -> int:
    """How many of those hired on ``day`` are a mass onboarding: on every fourth Monday, never on day 0."""
    monday = 7 - weekday  # the first one after day 0
    return max(3, people // _MASS) if day >= monday and (day - monday) % _FOUR_WEEKS == 0 else 0


def hired_daily(people: int, days: int, weekday: int) -> list[int]:
    """How many are hired on each day of as many whole years as hold ``days``.

    Two on the first workday, so that there is a namesake and a contractor.
    """
    counts, done, before = [], 0, 0
    opening = workday(0, weekday)
    for day in range(-(-days // YEAR) * YEAR):
        done += (day + weekday) % 7 < 5
        by_now = done * people * _A_YEAR // (100 * WORKDAYS)
        extra = 2 if day == opening else 0
        counts.append(by_now - before + extra + onboarded(day, people, weekday))
        before = by_now
    return counts
