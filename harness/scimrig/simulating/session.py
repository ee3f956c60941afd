"""Simulations side by side: each IdP with its own target, state and log, and what is shown of all of them meanwhile.

Rule: whatever ends one of them, the others come to an orderly stop and every state is safe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from scimrig.courier import Redactor, Stopped
from scimrig.simulating.chaos import Chaos
from scimrig.simulating.comparing import Comparison
from scimrig.simulating.explaining import Records
from scimrig.simulating.figures import Figures, Snapshot
from scimrig.simulating.gateway import Cap, Gateway, Ours
from scimrig.simulating.living import Life, Means
from scimrig.simulating.observer import Observer
from scimrig.simulating.order import Order
from scimrig.simulating.pace import Pace
from scimrig.simulating.places import Place
from scimrig.simulating.report import Convergence
from scimrig.simulating.simlog import SimLog
from scimrig.simulating.state import Parameters, Shelf, StateFile
from scimrig.simulating.world import CompanyWorld
from scimrig_simulator import idp
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.job import Job
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.timeline import Timeline

_LOOK = 0.25  # seconds between two looks at how it goes
_TOGGLES = ("create", "update", "deactivate", "groups")


class Simulation:
    """One IdP's simulation, from its state file on. ``place``: the way to its target."""

    def __init__(
        self, name: str, place: Place, state: StateFile, parameters: Parameters, log: SimLog, order: Order,
        stop: threading.Event,
    ) -> None:
        self.name, self.place, self.state, self.parameters, self.log = name, place, state, parameters, log
        self._shelf = Shelf(state, "idp")
        self.figures = Figures()
        self.engine = idp.engage(parameters.dialect, parameters.seed, self._shelf)
        self.engine.nobody = f"{parameters.prefix}nobody@{parameters.domain}"
        company = Company(parameters.seed, parameters.domain, parameters.prefix)
        start = date.fromisoformat(parameters.start)
        self.world = CompanyWorld(Timeline(company, parameters.people, parameters.days, start))
        wall = SystemClock()
        self.ours = ours_of(state, parameters)
        chaos = Chaos(
            place.transport, place.dead, parameters.chaos, parameters.seed, place.clock, self.figures.disturbed,
            self.ours.echoed,
        )
        self.gateway = Gateway(place.transport, chaos, self.ours, Cap(order.rate, wall), self.figures, wall)
        self.observer = Observer(self.gateway.exchange, place.clock)
        epoch = datetime.combine(start, datetime.min.time(), UTC).timestamp()
        self.life = Life(name, Job(self.engine, self.world, 0.0), self.world, Means(
            self.gateway, state, log, self.figures, Pace(order.speed, stop, wall), place.clock, wall, stop,
            Redactor.of(place.target.credentials, *place.target.secrets), epoch, order.workers,
        ))

    @property
    def where(self) -> str:
        """The target, as a user knows it."""
        target = self.place.target
        return target.base_url if target.ref is None else target.name

    def compare(self) -> Convergence:
        """The directory as desired against the target as read back."""
        job = self.life.job
        records = Records(self.engine, job.state, self.state.table("last"), self.state.table("wrote"))
        comparison = Comparison(
            self._undisturbed(), self.world, records, self.state, self.ours, self.observer,
            self.place.target.declared.promises,
        )
        found = comparison.compare()
        self.state.mark("phase", "reading")
        self.state.commit()
        self.log.note("convergence", found.to_json())
        return found

    def close(self, state: str) -> None:
        """End the log and close what was opened; the state file stays."""
        self.log.end(state)
        self.log.close()
        self.state.close()
        self.gateway.close()

    def _undisturbed(self) -> Engine:
        """An engine with the same beliefs, and with every toggle on: what the directory wants."""
        on = {toggle: "on" for toggle in _TOGGLES if not self.engine.on(toggle)}
        name, settings = idp.read(self.parameters.dialect)
        return idp.engage(name, self.parameters.seed, self._shelf, **{**settings, **on})


def ours_of(state: StateFile, parameters: Parameters) -> Ours:
    """The rows that a simulation has made."""
    return Ours(state.table("made"), state.table("echoes"), parameters.prefix)


def live(simulations: Sequence[Simulation], stop: threading.Event, show: Callable[[list[Snapshot]], None]) -> bool:
    """Play them side by side. False where they were interrupted. Raises what any of them raises."""
    failures: list[BaseException] = []
    done: list[bool] = []

    def play(simulation: Simulation) -> None:
        try:
            done.append(simulation.life.play())
        except BaseException as failure:
            failures.append(failure)
            stop.set()

    threads = [threading.Thread(target=play, args=(one,), name=one.name) for one in simulations]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        next(thread for thread in threads if thread.is_alive() or thread is threads[-1]).join(_LOOK)
        show([one.life.snapshot() for one in simulations])
    for failure in failures:
        raise failure
    return all(done)


def compared(simulations: Sequence[Simulation]) -> list[tuple[Simulation, Convergence]]:
    """What came of each, once all have come to their end; those before an interruption."""
    found: list[tuple[Simulation, Convergence]] = []
    for one in simulations:
        try:
            found.append((one, one.compare()))
        except Stopped:
            break
    return found
