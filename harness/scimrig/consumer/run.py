"""A run of consumer mode: plays its cases one by one against a receiver, and yields records as they happen.

Rule: whatever happens, the last record is the footer. Everybody whom a case brought is told to have left at its end.
"""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from scimrig import __version__
from scimrig.channels import Hooks
from scimrig.consumer.api import DirectoryApi
from scimrig.consumer.cases import Case, load
from scimrig.consumer.letters import Letter, spelt
from scimrig.consumer.post import ways
from scimrig.consumer.signer import Signer
from scimrig.consumer.source import Source
from scimrig.consumer.stage import Blocked, Hand, Stage, attempts
from scimrig.consumer.target import ConsumerTarget
from scimrig.courier import Courier, PauseTooLongError, Redactor, Stopped
from scimrig.evidence import CaseEnded, CaseStarted, Exchange, Leftover, Record, RunEnded, RunStarted
from scimrig.hooks import HookError
from scimrig.rows import Rows
from scimrig.target_error import TargetError
from scimrig.wakeful import WakefulClock
from scimrig_simulator.clock import Clock, SystemClock, VirtualClock
from scimrig_simulator.wire import FailureKind, Send, send
from scimrig_simulator.workforce.company import Company

DIALECT = "webhooks"
"""The column of the report: there is no IdP in a delivery."""
LADDER = (0.25, 1.0, 2.0)
"""Seconds before each further attempt at a delivery that found no ear: short, since somebody waits."""
FIRST = "consumer/genuine/joiner"
"""The case that says whether a receiver takes anything at all."""

_NOBODY = frozenset({FailureKind.REFUSED, FailureKind.UNRESOLVED, FailureKind.TLS, FailureKind.NOT_HTTP})

_DONE = None
_Out: TypeAlias = "queue.Queue[Record | BaseException | None]"


@dataclass(frozen=True, slots=True)
class ConsumerPlan:
    """What is played against what.

    timeout: seconds for a declared call;  ladder: seconds before each further attempt at a delivery
    """

    target: ConsumerTarget
    cases: tuple[Case, ...]
    seed: int
    timeout: float
    run: str
    prefix: str
    ladder: tuple[float, ...] = LADDER


class ConsumerRun:
    """One run of a plan; iterate over it once."""

    def __init__(self, plan: ConsumerPlan) -> None:
        self.plan = plan
        self._stop = threading.Event()
        self._state, self._reason = "complete", ""
        self._out: _Out = queue.Queue()
        self._numbers = itertools.count(1)
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
        threading.Thread(target=self._conduct, name="scimrig-consumer", daemon=True).start()
        bug: BaseException | None = None
        try:
            while (record := self._out.get()) is not _DONE:
                if isinstance(record, BaseException):
                    bug = bug or record
                    self._state, self._reason = "error", f"a bug in scimrig: {type(bug).__name__}"
                    continue
                self._exchanged += isinstance(record, Exchange)
                self._played += isinstance(record, CaseEnded)
                yield record
        finally:
            self._stop.set()  # whoever listens may leave early
        elapsed = round(wall.stopwatch() - start, 3)
        yield RunEnded(self._state, self._reason, self._played, self._exchanged, elapsed)
        if bug is not None:
            raise bug

    def _conduct(self) -> None:
        """In a thread of its own, so that the one that listens stays free for signals."""
        try:
            self._whole_run()
        except TargetError as unusable:
            self._state, self._reason = "error", str(unusable)
            for case in self.plan.cases:
                self._out.put(_case_started(case))
                self._out.put(CaseEnded(case.name, "error", f"not played: {unusable}"))
        except BaseException as bug:
            self._out.put(bug)
        finally:
            self._out.put(_DONE)

    def _whole_run(self) -> None:
        target, plan = self.plan.target, self.plan
        clock: Clock = VirtualClock(tick=0.001) if target.embedded else WakefulClock(self._stop)
        source = Source(
            Company(plan.seed, target.email_domain, plan.prefix), plan.prefix.strip("-") or "rig",
            str(target.declared.setting("consumer.organization_id")),
            str(target.declared.setting("consumer.directory_id")),
        )
        api = DirectoryApi(source.answer, target.declared.value("consumer.public_url") or "")
        if not target.embedded and target.declared.value("consumer.reconcile") is not None:
            api.listen(str(target.declared.setting("consumer.listen")))
        deliveries, calls = ways(target, clock, api, plan.timeout)
        make = _Couriers(target, clock, deliveries, calls, self._numbers, self._out, self._stop)
        signer = Signer(target.secret, target.signing, target.scheme)
        hand = Hand(target, source, signer, clock, make.courier, make.caller, api.url, self._out.put, plan.ladder)
        try:
            deaf = self._knock(hand)
            for case in plan.cases:
                self._case(case, hand, "" if case.id == FIRST else deaf)
        finally:
            deliveries.close()
            calls.close()
            api.close()

    def _knock(self, hand: Hand) -> str:
        """Whether an ordinary delivery is taken and has its effect: why no other case has any point, "" where it does.

        Raises TargetError where nobody is there.
        """
        asked = Send("GET", hand.target.url, headers=(("accept", "*/*"),), purpose="is anybody there?")
        reply, _ = hand.courier("").play(send(asked), "sender")
        if reply.failure is not None and reply.failure.kind in _NOBODY:
            raise TargetError(f"the receiver cannot be reached: {reply.failure.detail}")
        first = next(case for case in load() if case.id == FIRST)
        try:
            return Stage(first, hand, "knock/", quiet=True).play()
        except HookError as trouble:
            raise TargetError(str(trouble)) from None
        finally:
            self._clear("knock/", hand)

    def _case(self, case: Case, hand: Hand, deaf: str) -> None:
        self._out.put(_case_started(case))
        state, reason = "played", ""
        lacking = hand.target.declared.missing(_needs(case, hand.target))
        lacking = lacking or case.unsendable(hand.signer.parts, hand.signer.family)
        if self._stop.is_set():
            state, reason = "skip", "not played: the run ended before it"
        elif lacking:
            state, reason = "skip", lacking
        elif deaf:
            reason = f"an ordinary delivery is not taken or has no effect, which {FIRST} judges: {deaf}"
            state = "blocked"
        else:
            try:
                Stage(case, hand, f"{case.name}/").play()
            except Blocked as blocked:
                state, reason = "blocked", str(blocked)
            except (HookError, PauseTooLongError) as trouble:
                state, reason = "error", str(trouble)
            except Stopped:
                state, reason = "skip", "not played to its end: the run was asked to end"
            self._clear(f"{case.name}/", hand)
        self._out.put(CaseEnded(case.name, state, reason))

    def _clear(self, prefix: str, hand: Hand) -> None:
        """Tell that everybody has left whose key begins so."""
        if hand.target.embedded:
            return
        courier = hand.courier("")
        for somebody in [one for one in hand.source.people.values() if one.key.startswith(prefix)]:
            if not somebody.exists:
                continue
            now = hand.clock.now()
            hand.source.happened("user_deleted", somebody.key, {}, now)
            payload = hand.source.event("user_deleted", somebody.key, {}, now)
            letter = Letter("user_deleted", somebody.key, payload["id"], spelt(payload, "compact"))
            purpose = f"{somebody.data['name']} has left"
            (replies, _), _ = courier.play(attempts(letter, hand, purpose, hand.ladder), "keeper")
            reply = replies[-1]
            if not reply.ok:
                why = reply.failure.detail if reply.failure is not None else f"user_deleted was answered {reply.status}"
                self._out.put(Leftover(somebody.id, str(somebody.data["email"]), why))


@dataclass(frozen=True, slots=True)
class _Couriers:
    """Makes couriers; all share the numbering, and what must not be written down."""

    target: ConsumerTarget
    clock: Clock
    deliveries: Hooks
    calls: Hooks
    numbers: Iterator[int]
    out: _Out
    stop: threading.Event

    def courier(self, case: str) -> Courier:
        """For deliveries."""
        return self._made(case, self.deliveries)

    def caller(self, case: str) -> Courier:
        """For declared calls."""
        return self._made(case, self.calls)

    def _made(self, case: str, way: Hooks) -> Courier:
        redactor = Redactor.of(*self.target.secrets)
        rows = Rows(None, {})
        return Courier(
            way, self.clock, rows, redactor, self.out.put, None, self.numbers, case, DIALECT, self.stop.is_set, way
        )


def _started(plan: ConsumerPlan) -> RunStarted:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return RunStarted(
        __version__, plan.run, plan.target.name, plan.target.url, plan.prefix, plan.seed, (DIALECT,), (DIALECT,), now,
        declared=dict(plan.target.declared.data), command="consumer",
    )


def _needs(case: Case, target: ConsumerTarget) -> tuple[str, ...]:
    """What must be declared: a receiver elsewhere reaches the directory API only where the owner says how."""
    far = target.declared.distant and "consumer.reconcile" in case.needs
    return (*case.needs, "consumer.public_url") if far else case.needs


def _case_started(case: Case) -> CaseStarted:
    about: dict[str, Any] = {}
    return CaseStarted(
        case.name, case.id, DIALECT, about, case.title, case.area, case.severity, case.cites, case.tags, case.hurts,
        False,
    )
