"""The lane of one endpoint: jobs are done when they are due, in order, and none waits for one that takes its time.

Jobs run one after the other, so that an endpoint which answers at once is told of things in the order in which they
happened. A job that takes longer than ``PATIENCE`` is overtaken: it goes on beside the lane. As long as the endpoint
stays that slow, whoever is next doesn't wait at all. So one that hangs costs the others a fraction of a second, once.

Rule: waits nowhere and owns no thread: it asks the clock to be called, and works in whatever thread the clock calls it.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from scimrig_simulator.clock import Clock

PATIENCE = 0.5
"""Seconds for which a job may keep the lane to itself."""

BESIDE = 32
"""How many overtaken jobs may be under way; above that, the lane waits for one of them."""

_log = logging.getLogger(__name__)
Job = TypeVar("Job")


class Lane(Generic[Job]):
    """Calls ``work(job)`` for each job that was added, once, when it is due. Safe to share by threads."""

    def __init__(self, clock: Clock, work: Callable[[Job], None]) -> None:
        self._clock = clock
        self._work = work
        self._lock = threading.Lock()
        self._waiting: list[tuple[float, int, Job]] = []
        self._numbers = itertools.count(1)
        self._turn = 0  # number of the job that holds the lane, 0 where it is free
        self._began = 0.0
        self._beside = 0
        self._slow = False
        self._alarm: float | None = None
        self._closed = False

    def add(self, when: float, job: Job) -> None:
        """Have a job done at ``when`` (seconds since the epoch); those of one moment in the order of adding."""
        with self._lock:
            if not self._closed:
                heapq.heappush(self._waiting, (when, next(self._numbers), job))
                self._plan()

    def close(self) -> None:
        """Start no further job; those under way go on."""
        with self._lock:
            self._closed = True
            self._waiting.clear()

    def _plan(self) -> None:
        """See to it that the clock calls when the next job is due, or may overtake the one under way. Lock held."""
        if not self._waiting or (self._turn and self._beside >= BESIDE):
            return
        when = self._waiting[0][0]
        if self._turn:
            when = max(when, self._began + self._patience)
        if self._alarm is None or when < self._alarm:
            self._alarm = when
            self._clock.at(when, lambda: self._wake(when))

    @property
    def _patience(self) -> float:
        return 0.0 if self._slow else PATIENCE

    def _wake(self, alarm: float) -> None:
        """The clock calls: do what is due, one job after the other, until overtaken or until nothing is due."""
        with self._lock:
            if self._alarm == alarm:
                self._alarm = None
            taken = self._overtake() if self._turn else self._take()
        while taken is not None:
            turn, began, job = taken
            try:
                self._work(job)
            except Exception:  # one job's mishap must not stop the others
                _log.exception("webhook %s", job)
            with self._lock:
                taken = self._take() if self._finished(turn, began) else None

    def _overtake(self) -> tuple[int, float, Job] | None:
        if self._beside >= BESIDE or self._clock.now() < self._began + self._patience:
            self._plan()
            return None
        taken = self._take()
        if taken is not None:
            self._slow = True
            self._beside += 1
            self._plan()  # anew, now that nobody is waited for
        return taken

    def _take(self) -> tuple[int, float, Job] | None:
        """The next job that is due, which then holds the lane; None where there is none. Lock held."""
        now = self._clock.now()
        taken = None
        if self._waiting and self._waiting[0][0] <= now:
            _, number, job = heapq.heappop(self._waiting)
            self._turn, self._began = number, now
            taken = (number, now, job)
        self._plan()
        return taken

    def _finished(self, turn: int, began: float) -> bool:
        """Note that a job is done; True where it held the lane to the end. Lock held."""
        self._slow = self._clock.now() - began >= PATIENCE
        if self._turn == turn:
            self._turn = 0
            return True
        self._beside -= 1
        self._plan()
        return False
