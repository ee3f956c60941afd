"""One IdP's life with a company: happenings are told to its job, and what the job has to do is played.

Rule: the job says what is done and when, the engine how. What is committed is a moment between two acts of each worker,
so that whoever goes on from it sends what would have been sent anyway.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from scimrig.courier import Redactor, Stopped
from scimrig.simulating.figures import Figures, Snapshot
from scimrig.simulating.gateway import Gateway, Passage, in_words
from scimrig.simulating.pace import Pace
from scimrig.simulating.simlog import SimLog
from scimrig.simulating.state import StateFile
from scimrig.simulating.world import CompanyWorld, touched
from scimrig_simulator.clock import Clock, VirtualClock
from scimrig_simulator.drive import play
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.job import Job, Task
from scimrig_simulator.workforce.happenings import DAY, Happening

PATIENT_DAYS = 5
"""Simulated days on which acts are played and nothing gets better, after which the job will not settle any more."""
LAST_DAY = 45
"""Simulated days after the last happening by which it is settled, or never will be: quarantine takes 28."""

_COMMIT_ACTS, _COMMIT_SECONDS = 500, 1.0
_BODY = 4000  # characters of a request's body that are kept for explanations
_PASSWORD = re.compile(r'"password":"[^"]*"?')


@dataclass(frozen=True, slots=True)
class Means:
    """What a life is played with.

    clock: the target's own; wall: for the view and for commits;  epoch: seconds since 1970 of the start of day 0
    """

    gateway: Gateway
    state: StateFile
    log: SimLog
    figures: Figures
    pace: Pace
    clock: Clock
    wall: Clock
    stop: threading.Event
    redactor: Redactor
    epoch: float
    workers: int = 4


class Life:
    """Plays it. ``idp``: what this IdP is called in views. Goes on where the state file says that it stopped."""

    def __init__(self, idp: str, job: Job, world: CompanyWorld, means: Means) -> None:
        self.idp, self.job, self.world, self.means = idp, job, world, means
        self.timeline = world.timeline
        self.end = self.timeline.days * DAY
        state = means.state
        self.now = float(state.marked("now", 0.0))
        self.phase = str(state.marked("phase", "living"))
        self._told_at, self._told = state.marked("told", [0, 0])
        self._retried = int(state.marked("retried", 0))
        self._last, self._wrote = state.table("last"), state.table("wrote")
        self._committed, self._uncommitted = means.wall.stopwatch(), 0
        self._committing = threading.Lock()
        self._pool = ThreadPoolExecutor(means.workers, thread_name_prefix=idp)

    def play(self) -> bool:
        """Live, then settle. False where the run was asked to end before; the state is safe either way."""
        means = self.means
        means.pace.start(self.now)
        try:
            done = (self.phase != "living" or self._live()) and self._settle()
        except Stopped:
            done = False
        finally:
            self._pool.shutdown()
            self._commit()
        return done

    def snapshot(self) -> Snapshot:
        """How far it has come."""
        figures, state, pace = self.means.figures, self.job.state, self.means.pace
        shown = pace.shown(self.now) if self.phase in ("living", "settling") else self.now
        date = datetime.combine(self.timeline.start, datetime.min.time()) + timedelta(seconds=int(shown))
        latency = figures.latency
        return Snapshot(
            self.idp, date.isoformat(timespec="minutes"), int(shown // DAY), self.timeline.days, self.phase,
            figures.requests, figures.acts, figures.failed_acts, figures.rate(self.means.wall.stopwatch()),
            (latency.percentile(0.5), latency.percentile(0.95), latency.percentile(0.99)),
            state.phase, state.pending + state.delayed, state.failed, state.escrowed, figures.errors, figures.ours,
            tuple(self.timeline.words(happening) for happening in tuple(figures.happened)), pace.behind(self.now),
        )

    # Living -----------------------------------------------------------------------------------------------------------

    def _live(self) -> bool:
        stream = self._stream()
        happening = next(stream, None)
        while True:
            upcoming = [self.job.next(self.now), None if happening is None else float(happening.at)]
            moment = min((one for one in upcoming if one is not None), default=float(self.end))
            if moment >= self.end:
                break
            if not self._come_to(moment):
                return False
            while happening is not None and happening.at <= self.now:
                self._tell(happening)
                happening = next(stream, None)
            self._turn()
        self.now = max(self.now, float(self.end))
        self.phase = "settling"
        return not self.means.stop.is_set()

    def _stream(self) -> Iterator[Happening]:
        """What has not been told yet."""
        stream = self.timeline.happenings(self._told_at)
        skip = self._told
        while skip:
            next(stream)
            skip -= 1
        return stream

    def _tell(self, happening: Happening) -> None:
        for kind, number in touched(self.timeline, happening):
            self.job.tell("User" if kind == "User" else "Group", number, self.now)
        self._told = self._told + 1 if happening.at == self._told_at else 1
        self._told_at = happening.at
        self.means.figures.happened.append(happening)
        self._commit_where_due(1)

    def _settle(self) -> bool:
        """No more happenings, no more chaos: play on until nothing is left to do, or nothing gets better any more."""
        self.means.gateway.chaos.calm()
        if self.phase == "settling":
            best, useless, last = self._open(), 0, self.end + LAST_DAY * DAY
            while best and useless < PATIENT_DAYS and self.now < last:
                played, midnight = self.means.figures.acts, (self.now // DAY + 1) * DAY
                while (moment := self.job.next(self.now)) is not None and moment < midnight:
                    if not self._come_to(moment):
                        return False
                    self._turn()
                    if not self._open():
                        break
                if not self._open():
                    break
                if not self._come_to(midnight):
                    return False
                self._turn()
                useless = 0 if self._open() < best else useless + (self.means.figures.acts > played)
                best = min(best, self._open())
            self.phase = "reading"
        return not self.means.stop.is_set()

    def _open(self) -> int:
        state = self.job.state
        return state.pending + state.delayed + state.failed + state.escrowed

    def _come_to(self, moment: float) -> bool:
        """Let simulated time pass up to ``moment``; the admin presses Retry once a day. False = asked to end."""
        if not self.means.pace.reach(moment):
            return False
        self.now = max(self.now, moment)
        self.world.at = min(int(self.now), self.end - 1)
        if isinstance(self.means.clock, VirtualClock):
            self.means.clock.sleep(max(0.0, self.means.epoch + self.now - self.means.clock.now()))
        today = int(self.now // DAY)
        if today > self._retried:
            self.job.retry(self.now)
            self._retried = today
        return True

    # Playing ----------------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Play what is due. Raises Stopped where the run is asked to end: what is left stays due."""
        for tasks in self.job.turns(self.now):
            self._play_all(tasks)
            self._commit_where_due(0)

    def _play_all(self, tasks: Sequence[Task]) -> None:
        queue, lock = iter(tasks), threading.Lock()

        def work() -> None:
            while not self.means.stop.is_set():
                with lock:
                    task = next(queue, None)
                if task is None:
                    return
                self._play(task)
            raise Stopped

        if len(tasks) == 1 or self.means.workers == 1:
            work()
            return
        working = [self._pool.submit(work) for _ in range(min(self.means.workers, len(tasks)))]
        failures = [one for each in working if (one := each.exception()) is not None]
        for failure in sorted(failures, key=lambda one: isinstance(one, Stopped)):
            raise failure

    def _play(self, task: Task) -> None:
        subject = f"{task.kind}:{task.number}"
        passage = Passage(self.means.gateway, f"{subject}/{task.act}/{self.now}")
        outcome = play(task.flow, passage, self.means.clock)
        self.job.ended(task, outcome, self.now)
        self._remember(subject, task, outcome, passage)
        self.means.figures.played(outcome.ok)
        self._commit_where_due(1)

    def _remember(self, subject: str, task: Task, outcome: Outcome, passage: Passage) -> None:
        """What the report will need to explain a difference, and the log's line."""
        words = self.means.redactor.text(outcome.words) if outcome.words else ""
        last = "" if passage.last is None or outcome.ok else self.means.redactor.text(in_words(passage.last))
        self._last[subject] = [task.act, outcome.state, outcome.ok, words, self.now, last]
        if passage.wrote is not None:
            body = (passage.wrote[0].content or b"").decode("utf-8", "replace")
            body = _PASSWORD.sub('"password":""', body[:_BODY])
            self._wrote[f"{subject}/{task.act}"] = [self.now, in_words(passage.wrote), body]
        self.means.log.task(
            {
                "at": self.now, "kind": task.kind, "number": task.number, "act": task.act, "state": outcome.state,
                "ok": outcome.ok, "words": words, "answers": passage.statuses,
            },
            outcome.ok,
        )

    # Keeping ----------------------------------------------------------------------------------------------------------

    def _commit_where_due(self, acts: int) -> None:
        self._uncommitted += acts
        late = self.means.wall.stopwatch() - self._committed > _COMMIT_SECONDS
        if (late or self._uncommitted >= _COMMIT_ACTS) and self._committing.acquire(blocking=False):
            try:
                self._commit()
            finally:
                self._committing.release()

    def _commit(self) -> None:
        state = self.means.state
        marks = {"now": self.now, "phase": self.phase, "told": [self._told_at, self._told], "retried": self._retried}
        for name, value in marks.items():
            state.mark(name, value)
        state.commit()
        self._committed, self._uncommitted = self.means.wall.stopwatch(), 0

