"""A job's rounds: whether it is connected, in quarantine or switched off, and when its next round is due.

A round is a cycle of an IdP that works in cycles; one that is event-driven makes a round whenever there is something to
do. Both begin by testing the connection; an IdP that quarantines its jobs tests it again in each round (entra:2 [M17]).

Rule: no clock: whoever asks says what time it is. All facts are in one table.
"""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

from scimrig_simulator.idp.cadence import Cadence
from scimrig_simulator.idp.memory import Table
from scimrig_simulator.idp.queue import NEVER

Phase: TypeAlias = Literal["connecting", "active", "quarantined", "off"]


class Rounds:
    """When the next round is, in seconds; ``facts`` is the table that they are kept in."""

    def __init__(self, facts: Table, cadence: Cadence, began: float) -> None:
        self._facts, self._cadence, self._began = facts, cadence, began

    @property
    def phase(self) -> Phase:
        """Where the job stands."""
        phase: Phase = self._facts.get("phase", "connecting")
        return phase

    @property
    def since(self) -> float:
        """The second at which the phase began."""
        return float(self._facts.get("since", self._began))

    @property
    def why(self) -> str:
        """What an admin would read of it, "" where all is well."""
        return str(self._facts.get("why", ""))

    @property
    def number(self) -> int:
        """Rounds that have begun."""
        return int(self._facts.get("round", 0))

    @property
    def tests(self) -> bool:
        """Whether this round begins with a test of the connection."""
        return self.phase != "active" or self._cadence.quarantine is not None

    @property
    def under_way(self) -> bool:
        """Whether a round is past the test of its connection and not over, be it that its process was ended in it."""
        return bool(self._facts.get("under-way"))

    @property
    def imports(self) -> float:
        """When the next import is due."""
        every = self._cadence.imports
        return float(self._facts.get("imported", self._began - every)) + every if every else NEVER

    def due(self, waiting: float) -> float:
        """When the next round is due; ``waiting``: when the first thing is that waits, ``NEVER`` where nothing does."""
        if self.phase == "off":
            return NEVER
        if self.phase == "quarantined":
            return min(self._due, self._lapse)
        if self.phase == "connecting" or self._cadence.every:
            return self._due
        return min(waiting, self.imports)

    def told(self, now: float) -> None:
        """There is something to bring: an idle job's next cycle is the one that would come next anyway."""
        if self._cadence.every and self.phase == "active" and self._due == NEVER:
            self._facts["due"] = self._next_cycle(now)

    def begin(self, now: float) -> bool:
        """Begin a round; False where the job is switched off because its quarantine has lasted too long."""
        if self.phase == "quarantined" and now >= self._lapse:
            self._enter("off", now, self.why)
        if self.phase == "off":
            return False
        if self.under_way:
            return True
        self._facts["under-way"] = not self.tests
        self._facts["round"] = self.number + 1
        self._facts["last"] = now
        return True

    def tested(self) -> None:
        """The connection works."""
        self._facts["under-way"] = True

    def imported(self, now: float) -> None:
        """An import has ended."""
        self._facts["imported"] = now

    def finish(self, now: float, why: str, waits: bool, *, afresh: bool = False) -> None:
        """A round is over.

        why: why it failed as a whole, "" where it didn't; waits: whether something will want another one
        afresh: the connection had been tested and found good before that: a quarantine begins, none goes on
        """
        began = float(self._facts["last"])
        self._facts["under-way"] = False
        if why:
            self._refuse(began, why, afresh)
            return
        if self.phase != "active":
            self._enter("active", began, "")
        if self._cadence.every:
            self._facts["due"] = self._next_cycle(now) if waits else NEVER

    def restart(self, now: float) -> None:
        """The admin has the job begin again, with a test of the connection."""
        self._enter("connecting", now, "")
        self._facts["due"] = now

    @property
    def _due(self) -> float:
        return float(self._facts.get("due", self._began + self._cadence.first))

    @property
    def _lapse(self) -> float:
        quarantine = self._cadence.quarantine
        return self.since + quarantine.limit if quarantine else NEVER

    def _refuse(self, began: float, why: str, afresh: bool) -> None:
        quarantine = self._cadence.quarantine
        if quarantine is None:
            self._enter("connecting", began if self.phase == "active" else self.since, why)
            wait = self._cadence.every or self._cadence.retry
            self._facts["due"] = NEVER if wait is None else began + wait
            return
        goes_on = self.phase == "quarantined" and not afresh
        attempts = int(self._facts.get("attempts", 0)) + 1 if goes_on else 0
        self._enter("quarantined", self.since if attempts else began, why)
        self._facts["attempts"] = attempts
        self._facts["due"] = began + quarantine.gap(attempts)

    def _enter(self, phase: Phase, now: float, why: str) -> None:
        facts: dict[str, Any] = {"phase": phase, "since": now, "why": why}
        for name, value in facts.items():
            self._facts[name] = value

    def _next_cycle(self, now: float) -> float:
        every, last = self._cadence.every, float(self._facts.get("last", self._began))
        return last + every * max(1, math.ceil((now - last) / every - 1e-9))
