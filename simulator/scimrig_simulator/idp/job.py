"""The provisioning job: what an IdP does about a company that keeps changing, and when.

An engine plays one act; the job decides which, from what the directory says now and what the engine believes, and when:
at once, as an event-driven IdP does, or in cycles. It keeps what is pending, what failed and waits for another try, and
whether the IdP has put itself into quarantine. All of that lives in the engine's memory, so that it survives a restart
and doesn't grow in memory with the company.

    job.tell("User", 17, now)             # something about person 17 has changed
    for tasks in job.turns(now):          # phases; the tasks of one phase may be played at the same time
        for task in tasks:
            job.ended(task, play(task.flow), now)
    job.next(now)                         # the second at which there is something to do again

Rule: no I/O, no clock: whoever plays it says what time it is. No dialect by name: cadence, retries and quarantine are
knobs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.wire import Flow
from scimrig_simulator.workforce.person import Person
from scimrig_simulator.workforce.team import Team

Kind: TypeAlias = Literal["User", "Group"]
Scope: TypeAlias = Literal["in", "out", "deleted", "unknown"]
"""in: has the app · out: lost it (left, on leave, unassigned) · deleted: hard-deleted at the IdP · unknown: never had it"""


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


class Job:
    """One IdP's job on one target. ``world`` is asked whenever somebody's turn comes, so changes coalesce."""

    def __init__(self, engine: Engine, world: World, began: float) -> None:
        self.engine, self.world, self.began = engine, world, began

    def tell(self, kind: Kind, number: int, now: float) -> None:
        """Something about a person or a team has changed."""
        raise NotImplementedError

    def next(self, now: float) -> float | None:
        """When there is something to do again, in simulated seconds; None where nothing is pending."""
        raise NotImplementedError

    def turns(self, now: float) -> Iterator[Sequence[Task]]:
        """What is due now, phase by phase: the connection, people, teams, references. Each phase begins when the one
        before has ended; a phase may be long, and comes in several pieces.
        """
        raise NotImplementedError

    def ended(self, task: Task, outcome: Outcome, now: float) -> None:
        """A task has ended; called in any order, by any thread, before the next phase is asked for."""
        raise NotImplementedError

    def retry(self, now: float) -> int:
        """The admin presses Retry on all that failed; how many are tried again."""
        raise NotImplementedError
