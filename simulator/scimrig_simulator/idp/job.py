"""The provisioning job: what an IdP does about a company that keeps changing, and when.

An engine plays one act; the job decides which, from what the directory says now and what was last brought (``ledger``),
and when: at once, as an event-driven IdP does, or in cycles (``cadence``). It keeps what is pending, what failed and
waits for another try, and whether the IdP has put itself into quarantine. All of that lives in the engine's memory, so
that it survives a restart and doesn't grow in memory with the company.

    job.tell("User", 17, now)             # something about person 17 has changed
    for tasks in job.turns(now):          # phases; the tasks of one phase may be played at the same time
        for task in tasks:
            job.ended(task, play(task.flow), now)
    job.next(now)                         # the second at which there is something to do again
    job.state                             # for whoever watches

Rule: no I/O, no clock: whoever plays it says what time it is. No dialect by name: cadence, retries and quarantine are
knobs.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from scimrig_simulator.idp.cadence import Cadence, cadence_of
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.ledger import PARTINGS, Ledger, Plan
from scimrig_simulator.idp.queue import NEVER, Queue
from scimrig_simulator.idp.rounds import Phase, Rounds
from scimrig_simulator.wire import Flow
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.team import Team

Kind: TypeAlias = Literal["User", "Group"]
Scope: TypeAlias = Literal["in", "off", "out", "deleted", "unknown"]
"""in: has the app · off: has it, and the account is disabled, suspended or soft-deleted · out: lost it (left, on leave,
unassigned) · deleted: hard-deleted at the IdP · unknown: never had it
"""

PIECE = 200
"""So many people and members are held at a time."""

PHASES = ("User", "Group", "Reference")
NOW, AGAIN, FAILED, GAP = "now", "again", "failed", "gap"
"""Lanes are called by phase and by what an item waits for: ``User.now``, ``Group.failed``, ``User.gap4`` (cycles)."""


class World(Protocol):
    """The IdP's own directory as it stands now."""

    def person(self, number: int) -> Person: ...
    def scope(self, number: int) -> Scope: ...
    def team(self, number: int) -> Team | None: ...
    def members(self, number: int) -> Sequence[Person]: ...


@dataclass(frozen=True, slots=True)
class Task:
    """One act that is to be played now. ``kind`` "" and ``number`` -1 for an act about nobody."""

    kind: Kind | Literal[""]
    number: int
    act: str
    flow: Flow[Outcome]


@dataclass(frozen=True, slots=True)
class State:
    """How a job is doing.

    phase:    connecting: nothing is brought before the connection has been tested · off: until an admin presses Retry
    since:    the second at which the phase began; until: at which it is tried again, None where nobody knows
    why:      what an admin would read, "" where all is well
    pending, delayed, failed, escrowed: things that wait for their turn, for a delay to pass, for an admin or the next
              retry, for a later cycle
    rounds:   that have begun: cycles, or an event-driven job's turns
    counts:   outcomes of the last round by state, with "failed" for all that did
    """

    phase: Phase
    since: float
    until: float | None
    why: str
    pending: int
    delayed: int
    failed: int
    escrowed: int
    rounds: int
    counts: Mapping[str, int]


@dataclass(slots=True)
class _Flight:
    """A task that has been handed out: what it is about, and whether that has changed again meanwhile."""

    item: str
    plan: Plan
    told: bool = False


class Job:
    """One IdP's job on one target. ``world`` is asked whenever somebody's turn comes, so changes coalesce.

    cadence: that of the engine's knobs where None. Raises ValueError for a knob that is no number
    trouble: what failed and waits for another try, by item ("User:17"): act, tries, words, and since when
    """

    def __init__(self, engine: Engine, world: World, began: float, cadence: Cadence | None = None) -> None:
        self.engine, self.world, self.began = engine, world, began
        self.cadence = cadence or cadence_of(engine)
        self.trouble = engine.table("job_trouble")
        self._counted = engine.table("job_counts")
        self._waiting = engine.table("job_waiting")  # number of a person who isn't linked yet → items
        self._queue = Queue(engine.table("job_queue"), engine.table("job_places"), engine.table("job"))
        self._rounds = Rounds(engine.table("job"), self.cadence, began)
        self._ledger = Ledger(engine, world, self.cadence)
        self._lock = threading.RLock()
        self._flights: dict[str, _Flight] = {}
        self._seen = self._round = began  # what time it was last, and when this round began
        self._played = self._failed = 0  # objects of this round; references don't count
        self._halt = ""  # why this round goes no further
        self._barred = False  # it was an object that was refused the credentials, and not the test

    # What the player calls -------------------------------------------------------------------------------------------

    def tell(self, kind: Kind, number: int, now: float) -> None:
        """Something about a person or a team has changed."""
        if kind == "Group" and self.engine.can("push_group"):
            return
        with self._lock:
            flight = self._flights.get(f"{kind}:{number}")
            if flight is not None:
                flight.told = True
            self._enqueue(f"{kind}:{number}", now)

    def next(self, now: float) -> float | None:
        """When there is something to do again, in simulated seconds; None where nothing is pending.

        A cycle that would bring nothing is left out. What waits in escrow, or for a quarantine to end, is pending.
        """
        with self._lock:
            due = self._rounds.due(self._waits())
        return max(now, due) if due < NEVER else None

    def turns(self, now: float) -> Iterator[Sequence[Task]]:
        """What is due now, phase by phase: the connection, people, teams, references. Each phase begins when the one
        before has ended; a phase may be long, and comes in several pieces.
        """
        with self._lock:
            if not self._begin(now):
                return
        yield from self._introduction(now)
        for phase in PHASES:
            while not self._halt and (piece := self._piece(phase, now)):
                yield piece
                if self.cadence.quarantine and not self._halt:
                    self._halt = self.cadence.quarantine.flood(self._failed)
        with self._lock:
            self._finish()

    def ended(self, task: Task, outcome: Outcome, now: float) -> None:
        """A task has ended; called in any order, by any thread, before the next phase is asked for."""
        with self._lock:
            self._seen = max(self._seen, now)
            state = outcome.state if outcome.ok else "failed"
            self._counted[state] = self._counted.get(state, 0) + 1
            if not task.kind:
                self._introduced(task.act, outcome, now)
            elif (flight := self._flights.pop(f"{task.kind}:{task.number}", None)) is not None:
                self._settle(flight, outcome, now)

    def retry(self, now: float) -> int:
        """The admin presses Retry on all that failed, the connection included; how many are tried again.

        What waits in escrow isn't a task that an admin could retry: see ``restart``.
        """
        with self._lock:
            count = self._release_all(FAILED) + self._release_all(AGAIN)
            if self._rounds.phase == "connecting":
                self._rounds.restart(now)
            elif count:
                self._rounds.told(now)
            return count

    def restart(self, now: float) -> None:
        """The admin starts the job again: out of quarantine or switched off, and with nothing in escrow."""
        with self._lock:
            for what in (FAILED, AGAIN, GAP):
                self._release_all(what)
            self._rounds.restart(now)

    @property
    def state(self) -> State:
        """How the job is doing."""
        with self._lock:
            rounds, due = self._rounds, self._rounds.due(self._waits())
            counts = {lane: self._queue.count(lane) for lane in self._queue.lanes()}
            stopped = rounds.phase in ("connecting", "quarantined") and due < NEVER
            return State(
                phase="active" if rounds.phase == "connecting" and rounds.under_way else rounds.phase,
                since=rounds.since,
                until=due if stopped else None,
                why=rounds.why,
                pending=sum(count for lane, count in counts.items() if _what(lane) == NOW),
                delayed=sum(count for lane, count in counts.items() if _what(lane) in PARTINGS),
                failed=sum(count for lane, count in counts.items() if _what(lane) in (FAILED, AGAIN)),
                escrowed=sum(count for lane, count in counts.items() if _what(lane).startswith(GAP)),
                rounds=rounds.number,
                counts=dict(self._counted),
            )

    # A round ---------------------------------------------------------------------------------------------------------

    def _begin(self, now: float) -> bool:
        due = self._rounds.due(self._waits())
        if due > now or due >= NEVER or not self._rounds.begin(now):
            return False
        if self._rounds.phase == "quarantined":  # a try at leaving it is a try at everything
            self._release_all(GAP, forgive=False)
        self._flights.clear()
        self._counted.clear()
        self._seen = self._round = now
        self._played, self._failed, self._halt, self._barred = 0, 0, "", False
        return True

    def _introduction(self, now: float) -> Iterator[Sequence[Task]]:
        if self._rounds.tests and not self._rounds.under_way:
            self._halt = "the connection was not tested"  # until the test has ended well
            yield [Task("", -1, "connect", self.engine.play("connect"))]
        if not self._halt and self._rounds.imports <= now and not self.engine.can("import_users"):
            yield [Task("", -1, "import_users", self.engine.play("import_users"))]

    def _introduced(self, act: str, outcome: Outcome, now: float) -> None:
        if act == "connect":
            if outcome.ok:
                self._rounds.tested()
            self._halt = "" if outcome.ok else outcome.words or "the connection test failed"
        else:
            self._rounds.imported(now)

    def _piece(self, phase: str, now: float) -> list[Task]:
        """The next tasks of a phase, [] where there are none; about ``PIECE`` people and members in all."""
        tasks: list[Task] = []
        weight = 0
        with self._lock:
            for lane in self._queue.lanes():
                if not lane.startswith(f"{phase}."):
                    continue
                upto = self._rounds.number if _what(lane).startswith(GAP) else now
                for item in self._queue.ready(lane, upto):
                    task = self._handed_out(item, lane, now)
                    if task is not None:
                        tasks.append(task)
                        weight += 1 + len(self._flights[f"{task.kind}:{task.number}"].plan.members)
                    if weight >= PIECE:
                        return tasks
        return tasks

    def _handed_out(self, item: str, lane: str, now: float) -> Task | None:
        """The task that an item comes to; None where nothing is to be done about it, or not yet."""
        phase, number = _parsed(item)
        kind: Kind = "Group" if phase == "Group" else "User"
        if f"{kind}:{number}" in self._flights:
            return None
        plan = self._ledger.plan(phase, number)
        if plan is None:
            self._dismiss(item)
            if phase == "User" and self.world.scope(number) == "in":
                self._refer(self.world.person(number), now)
            elif phase == "Group" and self.world.team(number) is not None:
                self._await_members(item, self.world.members(number))
            return None
        delayed = f"{phase}.{plan.act}"
        delay = self.cadence.delays.get(plan.act, 0.0)
        if delay and lane != delayed and not plan.again:
            self._queue.put(item, delayed, now + delay)
            self._queue.drop(item, but=delayed)
            return None
        self._flights[f"{kind}:{number}"] = _Flight(item, plan)
        return Task(kind, number, plan.act, plan.flow(self.engine))

    def _finish(self) -> None:
        why = self._halt
        if not why and self.cadence.quarantine:
            why = self.cadence.quarantine.verdict(self._failed, self._played)
        self._rounds.finish(self._seen, why, self._waits() < NEVER, afresh=self._barred)

    # What becomes of a task ------------------------------------------------------------------------------------------

    def _settle(self, flight: _Flight, outcome: Outcome, now: float) -> None:
        item = flight.item
        phase, number = _parsed(item)
        follows = self._ledger.settle(flight.plan, outcome)
        if phase != "Reference":
            self._played += 1
            self._failed += not outcome.ok and outcome.state != "reference-error"
        if outcome.ok:
            self._dismiss(item)
        else:
            self._queue.drop(item)
            self._set_aside(item, flight.plan, outcome, now)
        if follows or flight.told:
            self._enqueue(item, now)
        if phase == "Group":
            self._await_members(item, flight.plan.members)
            return
        if self._ledger.linked(number):
            for other in self._waiting.pop(str(number), ()):
                self._enqueue(other, now)
        if phase == "User" and outcome.ok and flight.plan.act not in PARTINGS and isinstance(flight.plan.who, Person):
            self._refer(flight.plan.who, now)

    def _dismiss(self, item: str) -> None:
        self._queue.drop(item)
        self.trouble.pop(item, None)

    def _set_aside(self, item: str, plan: Plan, outcome: Outcome, now: float) -> None:
        """What failed waits: for a number of cycles, for a number of seconds, or for the admin."""
        if outcome.state == "quarantined" and self.cadence.quarantine:
            self._halt = outcome.words  # not this object's fault: it keeps its place
            self._barred = True
            self._enqueue(item, now)
            return
        tries = 1 + self.trouble.get(item, {}).get("tries", 0)
        self.trouble[item] = {"act": plan.act, "tries": tries, "words": outcome.words, "since": now}
        phase, _ = _parsed(item)
        gaps = self.cadence.gaps
        if gaps:
            gap = gaps[min(tries, len(gaps)) - 1]
            self._queue.put(item, f"{phase}.{GAP}{gap}", self._rounds.number + gap)
        elif outcome.state == "rescheduled":
            self._queue.put(item, f"{phase}.{AGAIN}", now + self.cadence.reschedule)
        else:
            retry, since = self.cadence.retry, self._round if self.cadence.every else now
            self._queue.put(item, f"{phase}.{FAILED}", NEVER if retry is None else since + retry)

    def _refer(self, person: Person, now: float) -> None:
        """Bring the references of somebody in the last phase, once those whom they refer to are linked."""
        if person.manager is not None and not self._ledger.linked(person.manager):
            if self.world.scope(person.manager) in ("in", "off"):  # who is on leave comes back
                self._await(person.manager, f"Reference:{person.number}")
        elif self.engine.refers(person):
            self._enqueue(f"Reference:{person.number}", now)

    # Lanes -----------------------------------------------------------------------------------------------------------

    def _enqueue(self, item: str, now: float) -> None:
        self._queue.put(item, f"{_parsed(item)[0]}.{NOW}", 0.0)
        self._rounds.told(now)

    def _await_members(self, item: str, members: Sequence[Person]) -> None:
        """A group is brought again once those of its members are linked who aren't yet."""
        for person in members:
            if not self._ledger.linked(person.number):
                self._await(person.number, item)

    def _await(self, number: int, item: str) -> None:
        waiting = self._waiting.get(str(number), [])
        if item not in waiting:
            self._waiting[str(number)] = [*waiting, item]

    def _waits(self) -> float:
        """When the first thing that waits is due, ``NEVER`` where nothing does; escrow counts cycles, and is early."""
        dues = (self._queue.due(lane) for lane in self._queue.lanes())
        return min((due for due in dues if due is not None), default=NEVER)

    def _release_all(self, what: str, *, forgive: bool = True) -> int:
        """Have what waits for this tried in the next round, ``forgive``: as if it had never failed; how much it is."""
        count = 0
        for lane in self._queue.lanes():
            if not _what(lane).startswith(what):
                continue
            now_lane = f"{lane.partition('.')[0]}.{NOW}"
            for item in self._queue.ready(lane, NEVER):
                self._queue.put(item, now_lane, 0.0)
                self._queue.drop(item, but=now_lane)
                if forgive:
                    self.trouble.pop(item, None)
                count += 1
        return count


def _parsed(item: str) -> tuple[str, int]:
    phase, _, number = item.partition(":")
    return phase, int(number)


def _what(lane: str) -> str:
    return lane.partition(".")[2]

