"""Simulations in this process, on a reference server that outlives them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from scimrig.simulating.order import START, Order
from scimrig.simulating.places import Place
from scimrig.simulating.session import Simulation, live
from scimrig.simulating.simlog import SimLog
from scimrig.simulating.state import Parameters, StateFile
from scimrig.target import RefSpec, Target, from_argument, reference_app
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import InProcessTransport
from scimrig_simulator.wire import BY_THE_BOOK, Reply, Send

PREFIX = "rig-"
EPOCH = 1_767_571_200.0  # 2026-01-05T00:00:00Z


@dataclass(slots=True)
class Tap:
    """A transport that hears what goes through it; ``stop_at`` sets ``stop`` with that request."""

    transport: InProcessTransport
    heard: list[Send] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    stop_at: int = 0

    def exchange(self, request: Send) -> Reply:
        self.heard.append(request)
        if len(self.heard) == self.stop_at:
            self.stop.set()
        return self.transport.exchange(request)

    def close(self) -> None:
        pass


class House:
    """A reference server with one tenant, on virtual time."""

    def __init__(self, spec: RefSpec) -> None:
        found = from_argument("ref:", None, {})
        self.target: Target = replace(found, ref=spec)
        self.clock = VirtualClock(EPOCH, 0.001)
        self.app = reference_app(spec, token=found.token or "", clock=self.clock)
        self.tap = Tap(self.transport(found.credentials))

    def transport(self, credentials: str | None) -> InProcessTransport:
        return InProcessTransport(self.app, self.target.base_url, credentials, self.clock)

    def place(self) -> Place:
        return Place(self.target, self.tap, self.transport("Bearer gone"), self.clock)

    def play(self, simulation: Simulation) -> bool:
        """Play it to its end, or until it is stopped."""
        return live([simulation], self.tap.stop, lambda snapshots: None)

    def rows(self, collection: str) -> list[dict[str, Any]]:
        """Everything that the server holds, read by a client that is not the simulation's."""
        transport, found, start = self.transport(self.target.credentials), [], 1
        while True:
            page = transport.exchange(Send("GET", collection, f"startIndex={start}&count=100", BY_THE_BOOK)).resource()
            found += page.get("Resources", [])
            start += 100
            if start > page["totalResults"]:
                return found


@pytest.fixture
def house() -> Iterator[Callable[..., House]]:
    """``house()`` or ``house(fault="…")``: a fresh server."""
    made: list[House] = []

    def build(**twist: str) -> House:
        made.append(House(RefSpec(**twist)))
        return made[-1]

    yield build
    for one in made:
        one.transport(None).close()


@pytest.fixture
def simulation(tmp_path: Path) -> Callable[..., Simulation]:
    """``simulation(house, "okta", name="first")``: one on that server, from its state file on where there is one."""

    def open(
        house: House, dialect: str, *, name: str = "one", people: int = 20, days: int = 10,
        chaos: dict[str, float] | None = None, workers: int = 1, seed: int = 7,
    ) -> Simulation:
        state = StateFile(tmp_path / f"{name}.sqlite")
        parameters = state.parameters
        fresh = parameters is None
        if parameters is None:
            parameters = Parameters(dialect, house.target.base_url, people, days, seed, START.isoformat(),
                                    "example.com", PREFIX, chaos or {})
            state.begin(parameters)
        log = SimLog(tmp_path / f"{name}.log.ndjson", fresh=fresh)
        log.note("simulation-started", {"dialect": dialect, "base_url": house.target.base_url})
        return Simulation(dialect, house.place(), state, parameters, log, Order(workers=workers), house.tap.stop)

    return open
