"""Looks again until what is seen has settled, where the target's owner declares how long a write may take to show.

A server whose lists and searches follow its writes a little later is sound (``consistency.within`` in the target file).
So the observer waits until its three ways of looking agree with each other and with what the step was meant to leave;
when the time is up, what is seen then is judged like any other state. Where nothing is declared, one look is all.

Rule: it decides when to look and never what is right: whoever calls says what the step was meant to leave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from scimrig import frame
from scimrig.evidence import Reading, Sight
from scimrig_simulator.clock import Clock
from scimrig_simulator.scim import schemas

FIRST_PAUSE = 0.25
"""Seconds between the first look and the second; from then on each pause is longer by half than the one before it."""

Sights: TypeAlias = tuple[Sight, ...]
Seen: TypeAlias = tuple[Sights, tuple[int, ...]]
"""One look at all rows, and the numbers of the exchanges that it made."""

Look: TypeAlias = Callable[[], Seen]
Goal: TypeAlias = Callable[[Sights], bool]
"""Whether a state is the one that the step was meant to leave."""


def no_goal(sights: Sights) -> bool:
    """What is meant by a step that only has to agree with itself."""
    return True


def settled(look: Look, within: float, clock: Clock, goal: Goal = no_goal) -> Seen:
    """The first look that has settled, or the last one: the one that begins when ``within`` seconds are over.

    within: 0 = one look is all.  clock: that of the run.
    """
    begun = clock.stopwatch()
    end = begun + within
    pause = FIRST_PAUSE
    while True:
        seen = look()
        if within <= 0 or begun >= end or (agreed(seen[0]) and goal(seen[0])):
            return seen
        clock.sleep(max(0.0, min(pause, end - clock.stopwatch())))
        pause *= 1.5
        begun = clock.stopwatch()


def agreed(sights: Sights) -> bool:
    """Whether every way of looking at a row tells the same of it."""
    return all(map(_agrees, sights))


def _agrees(sight: Sight) -> bool:
    looked = [reading for reading in (sight.by_id, sight.by_filter, sight.in_list) if _says(reading)]
    if len({reading.state for reading in looked}) > 1 or sight.by_filter.count > 1:
        return False
    shown = [reading.resource for reading in looked if reading.resource is not None]
    return all(_same(sight.kind, shown[0], other) for other in shown[1:])


def _says(reading: Reading) -> bool:
    """A look-up that fails says nothing, and waiting makes it no better."""
    return reading.state in ("found", "absent")


def _same(kind: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two looks show one state: the time of its last change, else what both of them show.

    The first may show more than the second: a list may leave attributes out.
    """
    times = [_modified(resource) for resource in (one, other)]
    if None not in times and times[0] != times[1]:
        return False
    return not frame.contradictions(one, other, schemas.builtin().resource_type(kind))


def _modified(resource: Mapping[str, Any]) -> Any:
    meta = resource.get("meta")
    return meta.get("lastModified") if isinstance(meta, Mapping) else None
