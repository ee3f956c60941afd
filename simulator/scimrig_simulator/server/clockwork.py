"""Moving the server's clock on, for tests by URL: /manage/clock:advance, of a server that was started so.

It takes the token that the server was started with. Whatever falls due meanwhile has happened when the answer comes.

Rule: there is no such path where the clock is the wall's. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from scimrig_simulator.clock import AdvancingClock, Clock, printed
from scimrig_simulator.server.operations import Asked, Body, Operation, Trouble, only

PLACE = "/manage/clock:advance"

FURTHEST = 10 * 365 * 86_400
"""Seconds by which the clock can be moved on at a time."""


def operations(clock: Clock) -> tuple[Operation, ...]:
    """The table; empty where the clock can't be moved."""
    if not isinstance(clock, AdvancingClock):
        return ()

    def advance(asked: Asked) -> Body:
        seconds = only(asked.body, "seconds")
        plain = isinstance(seconds, int | float) and not isinstance(seconds, bool)
        if not plain or not 0 <= seconds <= FURTHEST:
            raise Trouble(400, f"'seconds' must be a number from 0 to {FURTHEST}.")
        return {"now": printed(clock.advance(seconds))}

    return (Operation("ManageAdvanceClock", "POST", PLACE, advance),)
