"""What is counted while a simulation goes on, in a space that does not grow.

Rule: numbers and a few words; it sends nothing and prints nothing. Safe to share by threads.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

from scimrig_simulator.wire import FailureKind, Reply
from scimrig_simulator.workforce.happenings import Happening

_FIRST, _STEP = 0.0001, 1.15  # seconds; a bucket is 15 % wider than the one before
_BUCKETS = 100  # up to some 100 s
_KINDS = 40
RECENT = 3
"""Happenings that the view still knows."""


class Histogram:
    """How long answers took, to 15 %."""

    def __init__(self) -> None:
        self._counts = [0] * _BUCKETS
        self.total = 0

    def add(self, seconds: float) -> None:
        """One answer."""
        index = 0 if seconds <= _FIRST else min(int(math.log(seconds / _FIRST, _STEP)) + 1, _BUCKETS - 1)
        self._counts[index] += 1
        self.total += 1

    def percentile(self, share: float) -> float:
        """Seconds within which that share (0 … 1) of the answers came; 0 where none did."""
        wanted, seen = share * self.total, 0
        for index, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return float(_FIRST * _STEP**index)
        return 0.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """How far one IdP has come, for a view.

    date:      simulated, ISO 8601 without a zone; day: of ``days``, counted from 0; phase: living | settling | reading
    rate:      requests a second of late; latency: p50, p95 and p99 in seconds
    job:       state of its job in words ("active", "quarantined"), and how many subjects are pending, failed, escrowed
    errors:    kind ("409", "timeout") → how often, the most frequent first; ours: what chaos did, likewise
    happened:  the last happenings in words;  behind: simulated seconds that the target's slowness has cost
    """

    idp: str
    date: str
    day: int
    days: int
    phase: str
    requests: int
    acts: int
    failed_acts: int
    rate: float
    latency: tuple[float, float, float]
    job: str
    pending: int
    failed: int
    escrowed: int
    errors: tuple[tuple[str, int], ...]
    ours: tuple[tuple[str, int], ...]
    happened: tuple[str, ...]
    behind: float = 0.0


class Figures:
    """The counters of one IdP."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.latency = Histogram()
        self.requests = self.acts = self.failed_acts = 0
        self._errors: dict[str, int] = {}
        self._ours: dict[str, int] = {}
        self._lately: deque[tuple[float, int]] = deque(maxlen=20)
        self.happened: deque[Happening] = deque(maxlen=RECENT)

    def answered(self, reply: Reply, seconds: float) -> None:
        """One request has its answer."""
        with self._lock:
            self.requests += 1
            self.latency.add(seconds)
            if not reply.ok:
                _count(self._errors, reply.failure.kind.value if reply.failure else str(reply.status))

    def held_back(self) -> None:
        """A request would have changed somebody else's row, and was not sent."""
        with self._lock:
            _count(self._errors, FailureKind.HELD_BACK.value)

    def disturbed(self, kind: str) -> None:
        """Chaos has had its way with a request."""
        with self._lock:
            _count(self._ours, kind)

    def played(self, ok: bool) -> None:
        """One act has ended."""
        with self._lock:
            self.acts += 1
            self.failed_acts += not ok

    def rate(self, moment: float) -> float:
        """Requests a second since the looks of late. ``moment``: of a stopwatch."""
        with self._lock:
            self._lately.append((moment, self.requests))
            (before, then), (now, by_now) = self._lately[0], self._lately[-1]
            return (by_now - then) / (now - before) if now > before else 0.0

    @property
    def errors(self) -> tuple[tuple[str, int], ...]:
        """Kinds of errors, the most frequent first."""
        with self._lock:
            return _sorted(self._errors)

    @property
    def ours(self) -> tuple[tuple[str, int], ...]:
        """What chaos did."""
        with self._lock:
            return _sorted(self._ours)


def _count(counts: dict[str, int], kind: str) -> None:
    if kind in counts or len(counts) < _KINDS:
        counts[kind] = counts.get(kind, 0) + 1


def _sorted(counts: dict[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
