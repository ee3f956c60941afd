"""Time that can be held still.

One clock serves a whole run: on ``ref:`` the driver and the server share it, and a 40-minute cycle costs nothing.

Rule: whoever needs to know or wait asks a clock; nothing else in the simulator or the harness calls ``time``.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """``now()`` in seconds since the epoch, ``sleep(seconds)``, ``stopwatch()`` in seconds from an arbitrary start.

    ``at(when, action)`` has ``action`` called once ``now()`` has come to ``when``, never before ``at`` returns: by a
    thread of its own on wall time, by whoever sleeps on virtual time.
    """

    def now(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...
    def stopwatch(self) -> float: ...
    def at(self, when: float, action: Callable[[], None]) -> None: ...


class SystemClock:
    """Wall time."""

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def stopwatch(self) -> float:
        return time.monotonic()

    def at(self, when: float, action: Callable[[], None]) -> None:
        timer = threading.Timer(max(0.0, when - time.time()), action)
        timer.daemon = True  # what is due after the end of the process is nobody's business
        timer.start()


class VirtualClock:
    """Time that moves only when somebody sleeps; what is due meanwhile happens in order. Safe to share by threads.

    One thread sleeps at a time, so that nobody hurries time past what another's sleep has only begun to do. Whoever
    sleeps may therefore hold no lock that an action needs.

    start: seconds since the epoch
    tick:  seconds that pass each time somebody looks, so that two writes do not fall into one instant
    """

    def __init__(self, start: float = 1_767_225_600.0, tick: float = 0.0) -> None:  # 2026-01-01T00:00:00Z
        self._now = start
        self._tick = tick
        self._lock = threading.Lock()
        self._sleeping = threading.RLock()  # an action may sleep too
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        with self._lock:
            self._now += self._tick
            return self._now

    def sleep(self, seconds: float) -> None:
        with self._sleeping:
            with self._lock:
                end = self._now + max(0.0, seconds)
            while (action := self._next(end)) is not None:
                action()  # may look, sleep and plan more

    def _next(self, end: float) -> Callable[[], None] | None:
        """The first action due by ``end``, time moved on to it; None where there is none, time moved on to the end."""
        with self._lock:
            if not self._due or self._due[0][0] > end:
                self._now = max(self._now, end)
                return None
            when, _, action = heapq.heappop(self._due)
            self._now = max(self._now, when)
            return action

    def at(self, when: float, action: Callable[[], None]) -> None:
        with self._lock:
            heapq.heappush(self._due, (when, next(self._order), action))

    def stopwatch(self) -> float:
        return self.now()


def printed(seconds: float) -> str:
    """Seconds since the epoch as SCIM prints a time: UTC, milliseconds, "Z" (RFC 7643 §2.3.5)."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
