"""The clock of a run over the wire: wall time with limited patience, which can be moved on with the target's own.

Rule: it moves on only by what the target's clock was moved on by, through the call that its owner declares.
"""

from __future__ import annotations

import threading

from scimrig.courier import bear
from scimrig_simulator.clock import SystemClock


class WakefulClock(SystemClock):
    """Wall time with limited patience; a pause ends when the run is asked to."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._ahead = 0.0

    def now(self) -> float:
        return super().now() + self._ahead

    def sleep(self, seconds: float) -> None:
        bear(seconds)
        self._stop.wait(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        """Be so many seconds further on from here, since the target is."""
        self._ahead += seconds
