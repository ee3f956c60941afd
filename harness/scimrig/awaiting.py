"""Plays the steps about webhooks: ``sink`` (what is answered), ``await`` (an event comes) and ``silence`` (none does).

Whoever plays a case tells what was done last (``LastAct``) and calls ``settle`` before anything that is to stay silent,
so that what earlier writes are announced by is not taken for it. All waiting is sleeping on the run's clock in small
steps: on virtual time what is due meanwhile is sent by that.

Rule: it judges nothing; what was waited for goes into the log as ``StepPlayed.seen``, what came as ``Delivered``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig import envelope
from scimrig.courier import PauseTooLongError, Stopped
from scimrig.declarations import Declarations
from scimrig.sink import Sink
from scimrig_simulator.clock import Clock

SILENCE = 2.0
"""Seconds of nothing after which a write counts as not announced."""

SETTLED = 1.0
"""Seconds of nothing after which earlier writes count as announced."""

_LONGEST_SETTLING = 10.0
_LEAST = 1.0  # what is left to wait for, however much time went by since the act
_SHORTEST_NAP, _LONGEST_NAP = 0.02, 1.0
_SHORTEST_STEP, _LONGEST_STEP = 0.2, 120.0
_NAP = 0.02  # of the time waited so far: short waits are exact, a ladder of hours takes few looks


@dataclass(frozen=True, slots=True)
class LastAct:
    """What was done last, before a step that waits.

    words:    "deactivate", or what a probe sends ("PATCH /Users/{id}");  status: of its last answer, 0 for none
    answered: when that had come, on the run's clock;  position: ``Sink.position`` before it was asked
    """

    words: str
    status: int
    answered: float
    position: int

    def to_json(self) -> dict[str, Any]:
        return {"words": self.words, "status": self.status, "answered": self.answered, "position": self.position}


class Waiting:
    """Plays these steps for one case; make it when the case begins.

    stopped:  whether the run was asked to end (waiting then ends with ``Stopped``)
    patience: seconds that anybody waits on this clock for a single thing; a longer ladder ends the case as an error
    advance:  moves the target's clock on, and ours; None where nobody can. Long naps are taken by it, in steps that
              are short beside what a receiver allows a timestamp to be off
    """

    def __init__(
        self, sink: Sink, clock: Clock, declared: Declarations, stopped: Callable[[], bool] = lambda: False,
        patience: float = math.inf, advance: Callable[[float], None] | None = None,
    ) -> None:
        self._advance = advance
        self._sink, self._clock, self._declared = sink, clock, declared
        self._stopped, self._patience = stopped, patience
        self._looked = sink.position
        self._since = sink.position  # nobody of this case was spoken of before

    def set_answers(self, marks: Collection[str], answers: Sequence[int | str]) -> dict[str, Any]:
        """Play ``sink: {ada: [500, 200]}``; returns ``seen``."""
        self._sink.answer(marks, answers)
        return {"answers": [str(answer) for answer in answers]}

    def await_event(self, marks: Collection[str], event: str, attempts: int, act: LastAct) -> dict[str, Any]:
        """Play ``await: {about: ada, event: user_created, attempts: 1}``; returns ``seen``.

        Ends as soon as the event has come and, for more than one attempt, something about them was tried so often.
        event: its name in the target file, "" for any.  Raises PauseTooLongError.
        """
        limit = self.limit(attempts)
        if self._soonest(attempts) > self._patience:
            raise self._too_long(attempts, limit)
        self._until(lambda: self._come(marks, event, 1, act), self._left(self.limit(1), act))
        come = self._come(marks, event, 1, act)
        if come and attempts > 1:
            self._until(lambda: self._come(marks, event, attempts, act) or self._overdue(marks, act), limit)
        if not come and self.limit(1) > self._patience:
            raise self._too_long(1, self.limit(1))
        return {**self._seen(marks, act), "event": event, "attempts": attempts, "limit": self.limit(1)}

    def keep_silence(self, marks: Collection[str], act: LastAct) -> dict[str, Any]:
        """Play ``silence: ada``; returns ``seen``. Ends early where something new has come."""
        sure = surest(marks)

        def broken() -> bool:
            return bool(envelope.unheard(self._sink.about(sure, self._since), act.position, self._declared))

        self._until(broken, SILENCE)
        return {**self._seen(sure, act), "limit": SILENCE}

    def settle(self, marks: Collection[str], *, since: int = 0, announced: bool = False) -> None:
        """Wait until earlier writes about somebody have been announced, before an act that is to stay silent.

        since:     ``Sink.position`` before the first of them
        announced: whether one of them is announced by a target that keeps its word (they were made in this case): then
                   its first delivery is waited for, as long as it may take
        """
        if announced and not self._sink.about(marks, since):
            self._until(lambda: bool(self._sink.about(marks, since)), min(self.limit(1), self._patience))
        quiet = slept = 0.0
        while quiet < SETTLED and slept < _LONGEST_SETTLING:
            before = self._sink.position
            self._nap(0.1)
            slept += 0.1
            quiet = 0.0 if self._sink.about(marks, before) else quiet + 0.1

    def let_pass(self, seconds: float) -> None:
        """Have time pass in small steps, so that what is due meanwhile is sent when it is due."""
        self._until(lambda: False, seconds)

    def limit(self, attempts: int) -> float:
        """Seconds after an act within which attempt ``attempts`` of its event has been made, tolerances included."""
        seconds = float(self._declared.setting("webhooks.max_first_attempt_ms")) / 1000
        for attempt in range(2, attempts + 1):
            due = envelope.delay(attempt, self._declared)
            hung = float(self._declared.setting("webhooks.timeout_s")) + 1  # the attempt before it may go unanswered
            seconds += hung if due is None else hung + due + envelope.leeway(due)
        return round(seconds, 3)

    def _soonest(self, attempts: int) -> float:
        """Seconds before which attempt ``attempts`` is not to be expected."""
        return sum(envelope.delay(attempt, self._declared) or 0.0 for attempt in range(2, attempts + 1))

    def _too_long(self, attempts: int, limit: float) -> PauseTooLongError:
        return PauseTooLongError(
            f"attempt {attempts} of a webhook may take {limit:g} s by what is declared; scimrig waits"
            f" {self._patience:g} s at most"
        )

    def _left(self, limit: float, act: LastAct) -> float:
        left = max(limit - (self._clock.now() - act.answered), min(limit, _LEAST))
        return min(left, self._patience)

    def _news(self, marks: Collection[str], act: LastAct) -> list[envelope.Told]:
        return envelope.news(self._sink.about(marks, self._since), act.position, self._declared)

    def _overdue(self, marks: Collection[str], act: LastAct) -> bool:
        """Whether nothing that found no ear will be tried again."""
        unheard = [one for one in self._news(marks, act) if envelope.failed(one.last, self._declared)]
        now = self._clock.now()
        return bool(unheard) and all(envelope.overdue(one, now, self._declared) for one in unheard)

    def _come(self, marks: Collection[str], event: str, attempts: int, act: LastAct) -> bool:
        """Whether the event has come, and something about them as often as it was to be tried."""
        news = self._news(marks, act)
        told = any(envelope.is_event(one.first, event, self._declared) for one in news)
        return told and any(len(one.attempts) >= attempts for one in news)

    def _seen(self, marks: Collection[str], act: LastAct) -> dict[str, Any]:
        return {
            "marks": sorted(marks), "act": act.to_json(), "since": self._since, "last": self._sink.position,
            "until": round(self._clock.now(), 6),
        }

    def _until(self, done: Callable[[], bool], seconds: float) -> None:
        """Nap until ``done`` or until ``seconds`` have been slept.

        What was slept is counted, not what the clock says: on virtual time others who sleep move it on for everybody.
        """
        slept = 0.0
        while not done() and slept < seconds:
            nap = min(max(_SHORTEST_NAP, slept * _NAP), self._longest, seconds - slept)
            self._nap(nap)
            slept += nap

    @property
    def _longest(self) -> float:
        if self._advance is not None:
            return _LONGEST_STEP
        return _LONGEST_NAP if self._patience < math.inf else math.inf

    def _nap(self, seconds: float) -> None:
        if self._stopped():
            raise Stopped
        if self._advance is None or seconds < _SHORTEST_STEP:
            self._clock.sleep(seconds)
            return
        self._advance(seconds)
        self._clock.sleep(_NAP)
        position = self._sink.position
        if self._sink.hangs(self._looked):  # its sender waits for an answer on wall time, whatever clocks say
            self._clock.sleep(float(self._declared.setting("webhooks.timeout_s")) + 1)
        self._looked = position


def surest(marks: Collection[str]) -> tuple[str, ...]:
    """The marks that nobody else may have by chance, where there are any; all of them where there are none."""
    return tuple(sorted(mark for mark in marks if envelope.strong(mark))) or tuple(sorted(marks))

