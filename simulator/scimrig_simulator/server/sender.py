"""How webhooks are sent: jobs are handed over, and whoever hands them over is told how each ended.

Each endpoint has a lane of its own, so that none waits for another. How many jobs may be under way is bounded: an
endpoint that hangs has ``BESIDE`` at most, and once ``CROWD`` are under way in all, every endpoint still has one.

Rule: knows bytes and URLs; what they say, and what becomes of them afterwards, is for the outbox. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from scimrig_simulator.clock import Clock
from scimrig_simulator.server.lane import BESIDE, Lane
from scimrig_simulator.wire import Headers, Posted, Poster

TIMEOUT = 10.0
"""Seconds for a whole attempt (CAP-43)."""

CROWD = 256
"""How many jobs may be under way before every endpoint is held to one."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt. delivery: (number of the event, number of the endpoint).  number: of the attempt, from 1."""

    delivery: tuple[int, int]
    number: int
    url: str
    headers: Headers = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def endpoint(self) -> int:
        """The number of the endpoint."""
        return self.delivery[1]


@dataclass(frozen=True, slots=True)
class Sent:
    """How a job ended. began: seconds since the epoch.  duration: seconds."""

    posted: Posted
    began: float
    duration: float


Done: TypeAlias = Callable[[Job, Sent], None]


class Sender(Protocol):
    """Sends webhooks. pause: seconds between two batches, for whoever hands over many."""

    pause: float

    def ready(self) -> None:
        """There will be something to send soon."""

    def room(self, endpoint: int) -> int:
        """How many jobs an endpoint may have beyond those that are under way."""

    def send(self, jobs: Sequence[Job], done: Done) -> None:
        """Have jobs done, those of one endpoint in order; ``done`` is called once for each, in any thread."""

    def close(self) -> None:
        """Begin no further job."""


class UnderWay:
    """Counts what is under way, by endpoint. Safe to share by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[int] = Counter()
        self._total = 0

    def room(self, endpoint: int) -> int:
        """As ``Sender.room``."""
        with self._lock:
            return max(0, (BESIDE if self._total < CROWD else 1) - self._counts[endpoint])

    def began(self, jobs: Sequence[Job]) -> None:
        """These are under way now."""
        with self._lock:
            self._counts.update(job.endpoint for job in jobs)
            self._total += len(jobs)

    def ended(self, job: Job) -> None:
        """This one isn't any more."""
        with self._lock:
            self._total -= 1
            self._counts[job.endpoint] -= 1
            if not self._counts[job.endpoint]:
                del self._counts[job.endpoint]


class Lanes:
    """Sends in this process, by a poster that never raises, in the threads of a clock."""

    pause = 0.0

    def __init__(self, clock: Clock, poster: Poster) -> None:
        self._clock = clock
        self._poster = poster
        self._under_way = UnderWay()
        self._lock = threading.Lock()
        self._lanes: dict[int, Lane[tuple[Job, Done]]] = {}
        self.room = self._under_way.room

    def ready(self) -> None:
        """Nothing is to be prepared."""

    def send(self, jobs: Sequence[Job], done: Done) -> None:
        """As ``Sender.send``."""
        self._under_way.began(jobs)
        now = self._clock.now()
        for job in jobs:
            self._lane(job.endpoint).add(now, (job, done))

    def close(self) -> None:
        """As ``Sender.close``."""
        with self._lock:
            for lane in self._lanes.values():
                lane.close()

    def _lane(self, endpoint: int) -> Lane[tuple[Job, Done]]:
        with self._lock:
            if endpoint not in self._lanes:
                self._lanes[endpoint] = Lane(self._clock, self._work)
            return self._lanes[endpoint]

    def _work(self, task: tuple[Job, Done]) -> None:
        job, done = task
        began, watch = self._clock.now(), self._clock.stopwatch()
        posted = self._posted(job)
        sent = Sent(posted, began, max(0.0, self._clock.stopwatch() - watch))
        self._under_way.ended(job)
        done(job, sent)

    def _posted(self, job: Job) -> Posted:
        try:
            return self._poster(job.url, job.headers, job.body, TIMEOUT)
        except Exception as error:  # an attempt that fails in an unforeseen way is a failed attempt, not a lost event
            _log.exception("webhook to %s", job.url)
            return Posted(0, f"not sent: {type(error).__name__}")
