"""Time that can be held still.

One clock serves a whole run: on ``ref:`` the driver and the server share it, and a 40-minute cycle costs nothing.

Rule: whoever needs to know or wait asks a clock; nothing else in the simulator or the harness calls ``time``.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Protocol

_log = logging.getLogger(__name__)


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
        _WALL.add(when, action)


class AdvancingClock:
    """Wall time that can be moved on, for tests of a server by its URL. Safe to share by threads.

    What falls due while it is moved on happens in order, each at its own moment, in the thread that moves it.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._moving = threading.Lock()
        self._alarms = _Alarms(self.now)

    def now(self) -> float:
        return time.time() + self._offset

    def sleep(self, seconds: float) -> None:
        time.sleep(max(0.0, seconds))

    def stopwatch(self) -> float:
        return time.monotonic()

    def at(self, when: float, action: Callable[[], None]) -> None:
        self._alarms.add(when, action)

    def advance(self, seconds: float) -> float:
        """Move time on and return what it is then; what is under way is waited for first."""
        with self._moving, self._alarms.held():
            end = self.now() + max(0.0, seconds)
            while (due := self._alarms.pop(end)) is not None:
                when, action = due
                self._move_to(when)
                action()
            self._move_to(end)
        return self.now()

    def _move_to(self, moment: float) -> None:
        self._offset += max(0.0, moment - self.now())


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


class _Alarms:
    """Calls actions when they are due, each in a thread of its own; threads that have done theirs are used again.

    now: the time, which passes by itself.
    """

    _SPARE = 4
    _LONGEST = 5.0  # seconds between two looks at the time, which somebody may have moved on

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._changed = threading.Condition()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._idle = 0
        self._busy = 0
        self._held = False

    def add(self, when: float, action: Callable[[], None]) -> None:
        with self._changed:
            heapq.heappush(self._due, (when, next(self._order), action))
            self._wake_one()

    def pop(self, end: float) -> tuple[float, Callable[[], None]] | None:
        """The first action due by ``end`` and its moment, which is not called by anybody else then."""
        with self._changed:
            if not self._due or self._due[0][0] > end:
                return None
            when, _, action = heapq.heappop(self._due)
            return when, action

    @contextmanager
    def held(self) -> Iterator[None]:
        """Call nobody meanwhile; begins once those who were called before are done."""
        with self._changed:
            self._held = True
            self._changed.wait_for(lambda: not self._busy)
        try:
            yield
        finally:
            with self._changed:
                self._held = False
                if self._due:
                    self._wake_one()

    def _wake_one(self) -> None:
        """Have somebody look at what is due. Lock held."""
        if self._idle:
            self._changed.notify_all()
        else:
            self._idle += 1  # until it runs, it counts as one that waits
            threading.Thread(target=self._work, daemon=True).start()  # what is due after the end is nobody's business

    def _work(self) -> None:
        while (action := self._next()) is not None:
            try:
                action()
            except Exception:
                _log.exception("what was due failed")
            with self._changed:
                self._busy -= 1
                if self._held:
                    self._changed.notify_all()
                if self._idle >= self._SPARE:
                    return
                self._idle += 1

    def _next(self) -> Callable[[], None] | None:
        """Wait for the next action; None where there is nothing to wait for, and another waits for it."""
        with self._changed:
            while True:
                waits = self._due and not self._held
                wait = self._due[0][0] - self._now() if waits else self._LONGEST
                if waits and wait <= 0:
                    break
                if not self._changed.wait(min(wait, self._LONGEST)) and not self._due:
                    self._idle -= 1
                    return None
            *_, action = heapq.heappop(self._due)
            self._idle -= 1
            self._busy += 1
            if self._due:
                self._wake_one()
            return action


_WALL = _Alarms(time.time)


def printed(seconds: float) -> str:
    """Seconds since the epoch as SCIM prints a time: UTC, milliseconds, "Z" (RFC 7643 §2.3.5)."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
