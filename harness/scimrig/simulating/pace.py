"""Two times: the simulated one, in which the company lives and its IdP has its cycles, and the target's own.

Simulated time passes at so many seconds a second, or as fast as the work is done. What the target asks to wait for is
lived on its own clock: on wall time, with limited patience; on the embedded server's virtual clock, at once.

Rule: every wait ends when the run is asked to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from scimrig.courier import PATIENCE, Stopped
from scimrig_simulator.clock import Clock, SystemClock

A_DAY_A_MINUTE = 1440.0
REAL_TIME = 1.0


class Pace:
    """How fast simulated time passes. ``speed``: simulated seconds a second, None = without waiting."""

    def __init__(self, speed: float | None, stop: threading.Event, wall: Clock) -> None:
        self._speed, self._stop, self._wall = speed, stop, wall
        self._began = wall.stopwatch()
        self._from = 0.0

    def start(self, moment: float) -> None:
        """Simulated time stands at ``moment`` now."""
        self._from, self._began = moment, self._wall.stopwatch()

    def reach(self, moment: float) -> bool:
        """Wait until ``moment`` has come. False where the run was asked to end meanwhile."""
        if self._speed is not None:
            wait = self._began + (moment - self._from) / self._speed - self._wall.stopwatch()
            if wait > 0:
                self._stop.wait(wait)
        return not self._stop.is_set()

    def shown(self, reached: float) -> float:
        """The simulated moment that a view shows between two things that happen."""
        return reached if self._speed is None else max(reached, self._due())

    def behind(self, reached: float) -> float:
        """Simulated seconds by which the work is late."""
        return 0.0 if self._speed is None else max(0.0, self._due() - reached)

    def _due(self) -> float:
        return self._from + (self._wall.stopwatch() - self._began) * (self._speed or 0.0)


class TargetClock(SystemClock):
    """Wall time for a target behind a URL. ``tell`` gets the seconds of a wait that was cut short.

    A wait that the end of the run cuts off raises Stopped: its act is played again another time.
    """

    def __init__(self, stop: threading.Event, tell: Callable[[float], None]) -> None:
        self._stop, self._tell = stop, tell

    def sleep(self, seconds: float) -> None:
        if seconds > PATIENCE:
            self._tell(seconds)
        if self._stop.wait(min(max(0.0, seconds), PATIENCE)):
            raise Stopped
