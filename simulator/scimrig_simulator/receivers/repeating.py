"""Faults of the sample receiver with repeats and load, and sound but awkward variants of it.

Rule: each class overrides what it breaks and asks ``super()`` for the rest.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from scimrig_simulator.receivers.distrusting import Timeless
from scimrig_simulator.receivers.mirroring import LastWins
from scimrig_simulator.receivers.receiver import Answer, Receiver
from scimrig_simulator.wire import Headers


class NoDedupe(Receiver):
    def repeated(self, id: str) -> bool:
        return False


class RepeatRefused(Receiver):
    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        return Answer(409) if self.repeated(id) else super().accepted(id, event)


class Race(Receiver):
    """Looks the id up, works, and only then notes it, with nothing to keep two requests apart."""

    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        if not self.repeated(id):
            time.sleep(0.03)
            with self.lock:
                self.take_in(event)
            self.remember(id)
        return self.thanks()


class SeenBeforeDone(Receiver):
    """Notes the id first; the work fails the first time, and the retry is taken for a repeat."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._tried: set[str] = set()

    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        if id not in self._tried:
            self._tried.add(id)
            self.remember(id)
            return Answer(503)
        return super().accepted(id, event)


class Replays(Receiver):
    """Neither ids nor times: whatever comes is done."""

    mirroring = LastWins

    def repeated(self, id: str) -> bool:
        return False


class TrustsForever(Replays):
    verifying = Timeless


class LosesUnderLoad(Receiver):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._busy = threading.Lock()
        self._count = 0

    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        with self._busy:
            self._count += 1
            lost = self._count % 25 == 0
        return self.thanks() if lost else super().accepted(id, event)


class NoContent(Receiver):
    def thanks(self) -> Answer:
        return Answer(204)


class Later(Receiver):
    """Verifies at once, works within a second."""

    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        self.clock.at(self.clock.now() + 0.3, lambda: self._work(id, event))
        return Answer(202)

    def _work(self, id: str, event: Mapping[str, Any]) -> None:
        super().accepted(id, event)


class Unavailable(Receiver):
    """Answers 503 to the first attempt at everything, and does nothing then."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._tried: set[str] = set()

    def accepted(self, id: str, event: Mapping[str, Any]) -> Answer:
        if id not in self._tried:
            self._tried.add(id)
            return Answer(503, headers=(("Retry-After", "1"),))
        return super().accepted(id, event)


class Unauthorized(Receiver):
    def refused(self, why: str, headers: Headers, body: bytes) -> Answer:
        return Answer(401)


class GetWelcome(Receiver):
    def not_a_delivery(self, method: str) -> Answer:
        return Answer(200, {"ok": True})
