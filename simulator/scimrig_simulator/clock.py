"""Time that can be held still.

One clock serves a whole run: on ``ref:`` the driver and the server share it, and a 40-minute cycle costs nothing.

Rule: whoever needs to know or wait asks a clock; nothing else in the simulator or the harness calls ``time``.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """``now()`` in seconds since the epoch, ``sleep(seconds)``, ``stopwatch()`` in seconds from an arbitrary start."""

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    def stopwatch(self) -> float: ...


class SystemClock:
    """Wall time."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def stopwatch(self) -> float:
        return time.monotonic()


class VirtualClock:
    """Time that moves only when somebody sleeps. Safe to share by threads.

    start: seconds since the epoch
    tick:  seconds that pass each time somebody looks, so that two writes do not fall into one instant
    """

    def __init__(self, start: float = 1_767_225_600.0, tick: float = 0.0) -> None:  # 2026-01-01T00:00:00Z
        self._now = start
        self._tick = tick
        self._lock = threading.Lock()

    def now(self) -> float:
        with self._lock:
            self._now += self._tick
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self._now += max(0.0, seconds)

    def stopwatch(self) -> float:
        return self.now()


def printed(seconds: float) -> str:
    """Seconds since the epoch as SCIM prints a time: UTC, milliseconds, "Z" (RFC 7643 §2.3.5)."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
