"""A run: knocks, surveys, plays every case on a few worker threads, clears away; yields records as they happen.

It knows no reporter and no IdP by name. ``stop()`` may be called from any thread or signal handler: the request at hand
is finished, our rows are cleared away, and the footer is yielded.

Rule: whatever happens, the last record is the footer, and what was found so far has been yielded before it.
"""

from __future__ import annotations

import itertools
import queue
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from scimrig import __version__, frame, survey
from scimrig.cast import plain_body
from scimrig.channels import Channels
from scimrig.courier import Courier, Redactor, Stopped
from scimrig.evidence import (
    CaseEnded,
    Exchange,
    Observed,
    Record,
    RunEnded,
    RunStarted,
    Surveyed,
)
from scimrig.hooks import HookError
from scimrig.observe import Watch
from scimrig.plan import Case, Plan, together
from scimrig.playable import alone
from scimrig.preparation import Preparation
from scimrig.receiver import ListenError
from scimrig.rows import JournalError, Rows, clear
from scimrig.sink import Sink, SinkSettings
from scimrig.stage import Stage, started
from scimrig.survey import Survey, UnusableTarget
from scimrig.target import Target, open_channels
from scimrig.wakeful import WakefulClock
from scimrig_simulator import idp
from scimrig_simulator.clock import Clock, SystemClock, VirtualClock
from scimrig_simulator.wire import FailureKind, Send, send
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.person import Person

_GONE_QUIET = frozenset({FailureKind.REFUSED, FailureKind.RESET, FailureKind.TIMEOUT, FailureKind.UNRESOLVED})
_DONE = None
_PLAIN_LOGIN = re.compile(r"[a-z0-9.-]+")
_Out: TypeAlias = "queue.Queue[Record | BaseException | None]"


class Run:
    """One run of a plan; iterate over it once."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._stop = threading.Event()
        self._state, self._reason = "complete", ""
        self._out: _Out = queue.Queue()
        self._played = self._exchanged = 0

    def stop(self, state: str = "interrupted") -> None:
        """Ask the run to end early. ``state``: interrupted (a signal) or stopped (--fail-fast)."""
        if not self._stop.is_set():
            self._state = state
            self._stop.set()

    def __iter__(self) -> Iterator[Record]:
        wall = SystemClock()
        start = wall.stopwatch()
        yield _started(self.plan)
        conductor = threading.Thread(target=self._conduct, name="scimrig-run", daemon=True)
        conductor.start()
        bug: BaseException | None = None
        try:
            while (record := self._out.get()) is not _DONE:
                if isinstance(record, BaseException):
                    bug = bug or record  # raised at the very end: our rows are still to be cleared away
                    self._state, self._reason = "error", f"a bug in scimrig: {type(bug).__name__}"
                    continue
                if isinstance(record, Exchange):
                    self._exchanged += 1
                elif isinstance(record, CaseEnded):
                    self._played += 1
                yield record
        finally:
            self._stop.set()
        elapsed = round(wall.stopwatch() - start, 3)
        yield RunEnded(self._state, self._reason, self._played, self._exchanged, elapsed)
        if bug is not None:
            raise bug

    def _conduct(self) -> None:
        """In a thread of its own, so that the consumer stays free for signals."""
        try:
            self._whole_run()
        except JournalError as full:
            self._state, self._reason = "error", str(full)
        except BaseException as bug:
            self._out.put(bug)
        finally:
            self._out.put(_DONE)

    def _whole_run(self) -> None:
        plan = self.plan
        clock: Clock = WakefulClock(self._stop) if plan.target.ref is None else VirtualClock(tick=0.001)
        journal = None if plan.folder is None else plan.folder / "rows.ndjson"
        header = {"run": plan.run, "target": plan.target.name, "base_url": plan.target.base_url}
        rows = Rows(journal, header)
        redactor = Redactor.of(plan.target.credentials, *plan.target.secrets)
        sink = _sink(plan.target, clock, self._out, redactor)
        channels = open_channels(plan.target, plan.timeout, clock, None if sink is None else sink.post)
        make = _Couriers(plan, channels, clock, rows, redactor, sink, self._out, self._stop.is_set)
        preparation = Preparation(plan.target.declared, make.courier(""), sink)
        try:
            if sink is not None:
                sink.open()
            preparation.begin()
            self._play_all(self._survey(make), make)
        except Stopped:
            pass  # asked to end during the survey: nothing was judged yet
        except (UnusableTarget, JournalError, HookError, ListenError) as unusable:
            self._state, self._reason = "error", str(unusable)
        finally:
            make.clear(None)
            for left in preparation.end():
                self._out.put(left)
            channels.close()
            if sink is not None:
                sink.close()
            rows.close()

    def _survey(self, make: _Couriers) -> Survey:
        courier = make.courier("survey")
        company = Company(self.plan.seed, self.plan.domain, f"{self.plan.prefix}survey-")
        courier.play(survey.knock(self.plan.target.token_source), "survey")
        found, _ = courier.play(survey.explore(next(_plain(company)), company.team(1, "survey")), "survey")
        make.clear("survey")
        self._out.put(Surveyed(found.to_json()))
        return found

    def _play_all(self, found: Survey, make: _Couriers) -> None:
        """Several at a time; those during which no other may be played come afterwards, one by one."""
        plan = self.plan
        apart = {case.name for case in plan.cases if plan.jobs > 1 and alone(case.scenario, plan.target.declared)}
        self._play_some([case for case in plan.cases if case.name not in apart], plan.jobs, 0, found, make)
        self._play_some([case for case in plan.cases if case.name in apart], 1, plan.jobs, found, make)

    def _play_some(self, cases: Sequence[Case], jobs: int, first: int, found: Survey, make: _Couriers) -> None:
        """``first``: number of the first worker, which no other in the run has."""
        waiting: queue.SimpleQueue[tuple[Case, ...]] = queue.SimpleQueue()
        for group in together(cases):
            waiting.put(group)
        workers = [
            threading.Thread(target=self._work, args=(number, waiting, found, make), name=f"scimrig-worker-{number}")
            for number in range(first, first + min(jobs, len(cases)))
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        while not waiting.empty():
            for case in waiting.get():
                self._not_played(case)

    def _not_played(self, case: Case) -> None:
        """Every report names every case of the plan, also where the run ended before it."""
        self._out.put(started(case))
        state = "error" if self._state == "error" else "skip"
        self._out.put(CaseEnded(case.name, state, f"not played: {self._reason or 'the run ended before it'}"))

    def _work(
        self, number: int, waiting: queue.SimpleQueue[tuple[Case, ...]], found: Survey, make: _Couriers
    ) -> None:
        try:
            crowd = _Crowd(number, self.plan, found, make)
            while not self._stop.is_set():
                try:
                    cases = waiting.get_nowait()
                except queue.Empty:
                    break
                for case in cases:
                    if self._stop.is_set():
                        self._not_played(case)
                    else:
                        self._play_case(case, found, make, crowd)
        except Stopped:
            return
        except (UnusableTarget, JournalError) as unusable:
            if not self._stop.is_set():
                self._state, self._reason = "error", str(unusable)
                self._stop.set()
        except BaseException as bug:
            self._stop.set()
            self._out.put(bug)

    def _play_case(self, case: Case, found: Survey, make: _Couriers, crowd: _Crowd) -> None:
        offers = {feature for feature, offer in found.offers.items() if offer.state == "yes"}
        engine = idp.engage_for(case.dialect, case.engine_seed(self.plan.seed), offers)
        twin = None if case.twin is None else idp.engage_for(case.twin.other, 0, offers)
        watches = crowd.watches()
        courier = make.courier(case.name, case.dialect)
        stage = Stage(
            case, self.plan, found, engine, courier, watches, self._out.put, self.plan.target.declared, make.sink,
            twin,
        )
        stage.play()
        if make.quiet(case.name):
            make.courier("").play(survey.knock(self.plan.target.token_source), "keeper")  # gone for good? the run ends
        crowd.renew(stage.last)


def _sink(target: Target, clock: Clock, out: _Out, redactor: Redactor) -> Sink | None:
    """The receiver of webhooks; None where none are declared, or where the target could not reach it."""
    if target.declared.missing(["webhooks.signing", "webhooks.register|webhooks.public_url"]):
        return None
    sink = Sink(clock, out.put, redactor.text, SinkSettings.of(target.declared, in_process=target.ref is not None))
    sink.secret = target.webhook_secret
    return sink


class _Couriers:
    """Makes a courier for each case; all share the ways to the target, the rows and the numbering."""

    def __init__(
        self, plan: Plan, channels: Channels, clock: Clock, rows: Rows, redactor: Redactor, sink: Sink | None,
        out: _Out, stopped: Callable[[], bool],
    ) -> None:
        self._channels, self._clock, self.rows, self._redactor = channels, clock, rows, redactor
        self.sink, self._out, self._stopped = sink, out, stopped
        self._credentials = plan.target.credentials
        self._numbers = itertools.count(1)
        self._quiet: set[str] = set()

    def courier(self, case: str, dialect: str = "rfc") -> Courier:
        return Courier(
            self._channels.scim, self._clock, self.rows, self._redactor, self._emit, self._credentials, self._numbers,
            case, dialect, self._stopped, self._channels.hooks, self._channels.second, self._channels.client,
        )

    def quiet(self, case: str) -> bool:
        """True where the target did not answer a request of this case."""
        return case in self._quiet

    def clear(self, case: str | None) -> None:
        """Clear rows away; what stays is evidence too."""
        left, _ = self.courier(case or "").play(clear(self.rows, case), "keeper")
        for leftover in left:
            self._out.put(leftover)

    def _emit(self, exchange: Exchange) -> None:
        if exchange.failure is not None and exchange.failure.kind in _GONE_QUIET:
            self._quiet.add(exchange.case)
        self._out.put(exchange)


class _Crowd:
    """A worker's bystanders: two users and a group of both, whom no act is ever about."""

    def __init__(self, worker: int, plan: Plan, found: Survey, make: _Couriers) -> None:
        self._number, self._name = worker, f"bystanders-{worker}"
        self._plan, self._survey, self._make = plan, found, make
        self._generation = 0
        self._watches: tuple[Watch, ...] = ()
        self._first: Observed | None = None

    def watches(self) -> tuple[Watch, ...]:
        """The bystanders of the next case; made when there are none."""
        if not self._watches and self._survey.offer("users").state == "yes":
            self._watches = self._gather()
        return self._watches

    def renew(self, last: Observed) -> None:
        """Bystanders that a case has disturbed are replaced, so that the next case starts with sound ones."""
        seen = {sight.key: sight for sight in last.sights if sight.bystander}
        if self._first is None:
            self._first = last if seen else None
            return
        known = {sight.key: sight for sight in self._first.sights if sight.bystander}
        if any(key not in seen or frame.disturbed(known[key], seen[key], set()) for key in known if seen):
            self._watches, self._first = (), None

    def _gather(self) -> tuple[Watch, ...]:
        self._generation += 1
        prefix = f"{self._plan.prefix}by{self._number}-{self._generation}-"
        company = Company(self._plan.seed, self._plan.domain, prefix)
        courier = self._make.courier(self._name)
        watches = []
        for key, person in zip(("the first bystander", "the second bystander"), _plain(company), strict=False):
            reply, _ = courier.play(send(Send("POST", "/Users", body=plain_body(person), purpose=key)), "keeper")
            identifier = reply.resource().get("id")
            if reply.ok and isinstance(identifier, str):
                watches.append(Watch(key, "User", identifier, person.user_name, bystander=True))
        if self._survey.offer("groups").state == "yes":
            team = company.team(1, "the bystander group")
            body = plain_body(team, tuple(watch.id for watch in watches))
            reply, _ = courier.play(send(Send("POST", "/Groups", body=body, purpose=team.key)), "keeper")
            identifier = reply.resource().get("id")
            if reply.ok and isinstance(identifier, str):
                watches.append(Watch(team.key, "Group", identifier, team.display_name, bystander=True))
        return tuple(watches)


def _plain(company: Company) -> Iterator[Person]:
    """People whose login holds nothing that a target could stumble over: that is for scenarios to try."""
    people = (company.person(number) for number in itertools.count(1))
    return (person for person in people if _PLAIN_LOGIN.fullmatch(person.login))


def _started(plan: Plan) -> RunStarted:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return RunStarted(
        __version__, plan.run, plan.target.name, plan.target.base_url, plan.prefix, plan.seed,
        plan.dialects, plan.counted, now, declared=dict(plan.target.declared.data),
        twins=plan.twins, packs=plan.packs,
    )


