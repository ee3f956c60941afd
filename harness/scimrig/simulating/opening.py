"""Opens simulations: new ones, and those that go on from their state files.

Rule: what does not go together is an OrderError before anything is sent; nothing is sent from here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from scimrig.courier import PATIENCE
from scimrig.simulating.order import DAYS, PEOPLE, SEED, START, Order, OrderError, Part
from scimrig.simulating.places import Place, behind_url, embedded
from scimrig.simulating.session import Simulation
from scimrig.simulating.simlog import SimLog
from scimrig.simulating.state import SIMULATE_DIR, Parameters, StateFile, folder_of, fresh_prefix
from scimrig.target import Target


@dataclass(frozen=True, slots=True)
class Opening:
    """How simulations are opened.

    state:   the file to keep the state in, None = below .scimrig, by target and IdP
    passing: a folder that is gone afterwards: the embedded server is, too
    """

    order: Order
    targets: Sequence[Target]
    resume: bool
    state: Path | None
    passing: Path

    def check(self) -> None:
        """Raises OrderError where there is nothing to go on with."""
        for part, target in zip(self.order.parts, self.targets, strict=True):
            if self.resume and not state_path(part, target, self.state, self.passing).exists():
                raise OrderError(f"nothing to go on with: no simulation of {part.name} was begun on {target.base_url}")

    def open(self, stop: threading.Event, tell: Callable[[str], None]) -> list[Simulation]:
        """Every simulation with its state and its way to the target. Raises OrderError, StateError, SimLogError."""
        opened: list[Simulation] = []
        try:
            for place, part, target in zip(self._places(stop, tell), self.order.parts, self.targets, strict=True):
                opened.append(self._open(place, part, target, stop))
        except BaseException:
            for one in opened:
                one.close("error")
            raise
        return opened

    def _places(self, stop: threading.Event, tell: Callable[[str], None]) -> list[Place]:
        """The way of each IdP to its target, in their order."""
        first = self.targets[0]
        if first.ref is not None:
            epoch = datetime.combine(START, datetime.min.time(), UTC).timestamp()
            return embedded(first, [part.name for part in self.order.parts], epoch, self.order.timeout)

        told: set[float] = set()

        def cut_short(seconds: float) -> None:
            if seconds not in told:
                told.add(seconds)
                tell(f"the target asks for {seconds:.0f} s of patience; scimrig goes on after {PATIENCE:.0f} s")

        return [behind_url(target, self.order.timeout, stop, cut_short) for target in self.targets]

    def _open(self, place: Place, part: Part, target: Target, stop: threading.Event) -> Simulation:
        path = state_path(part, target, self.state, self.passing)
        state = StateFile(path)
        try:
            parameters = self._resumed(part, target, state) if self.resume else self._fresh(part, target, state)
            folder = SIMULATE_DIR / "ref" if target.ref is not None else path.parent
            folder.mkdir(parents=True, exist_ok=True)
            log = SimLog(log_path(folder / path.name), fresh=not self.resume)
        except BaseException:
            state.close()
            raise
        log.note("simulation-started", {"resumed": self.resume, **asdict(parameters)})
        return Simulation(self._name(part), place, state, parameters, log, self.order, stop)

    def _resumed(self, part: Part, target: Target, state: StateFile) -> Parameters:
        held, order = state.parameters, self.order
        if held is None:
            raise OrderError(f"{state.path} holds no simulation: name another file with --state")
        unlike = held.unlike({
            "people": order.people, "days": order.days, "seed": order.seed, "chaos": order.chaos,
            "base_url": target.base_url, "dialect": part.dialect if ":" in part.dialect else None,
        })
        if unlike:
            raise OrderError(f"--resume goes on as the simulation began: {'; '.join(unlike)}")
        return held

    def _fresh(self, part: Part, target: Target, state: StateFile) -> Parameters:
        held, order = state.parameters, self.order
        if held is not None:
            how = "is done" if state.marked("phase") == "reading" else "was stopped"
            raise OrderError(
                f"a simulation of {held.people} people in {part.name} on {held.base_url} {how} ({state.path}): go on"
                " with --resume, or remove what it made with --sweep"
            )
        parameters = Parameters(
            part.dialect, target.base_url, order.people or PEOPLE, order.days or DAYS,
            SEED if order.seed is None else order.seed, START.isoformat(), target.email_domain,
            "rig-" if target.ref is not None else fresh_prefix(), order.chaos or {},
        )
        state.begin(parameters)
        return parameters

    def _name(self, part: Part) -> str:
        """What an IdP is called: its dialect, and its target where two are alike."""
        alike = sum(other.name == part.name for other in self.order.parts) > 1
        return f"{part.name}@{part.target}" if alike else part.name


def state_path(part: Part, target: Target, state: Path | None, passing: Path) -> Path:
    """Where the state of one IdP on one target is kept."""
    if state is not None:
        return state
    return (passing if target.ref is not None else folder_of(target.base_url)) / f"{part.name}.sqlite"


def log_path(state: Path) -> Path:
    """The log beside a state file."""
    return state.with_name(f"{state.stem}.log.ndjson")
