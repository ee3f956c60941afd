"""Microsoft Entra: without the flag (``entra``), with ``aadOptscim062020`` (``entra-flag``), and on demand.

The tables are in ``entra_knobs.py`` and ``entra_reactions.py``, the shapes of operations in ``entra_patch.py``, users
and groups in files of their own. Here is what is about many at once: a whole cycle, and account discovery. When a
cycle comes is not decided here.

Rule: a flow never raises on an answer; every one ends in an outcome.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

from scimrig_simulator.idp import answers, entra_knobs, entra_reading
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.idp.entra_groups import EntraGroups
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.subjects import subject_key
from scimrig_simulator.wire import Flow

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person

Turn: TypeAlias = tuple[str, Flow[Outcome]]
"""One object's turn in a cycle: what it is called, and its flow."""


class EntraEngine(EntraGroups):
    """Speaks all three dialects; which of them is in its table."""

    def cycle(self, directory: Directory) -> Flow[Outcome]:
        """Test query, users, groups, references; who is known and not in the directory is out of scope.

        Its words say how many objects were changed. An object that fails doesn't end the cycle, quarantine does.
        """
        self._begin("cycle")
        tested = yield from self._test()
        if not tested.ok:
            return tested
        objects: dict[str, bool] = {}  # what it is called → was anything written for it?
        failed: dict[str, Outcome] = {}
        for key, flow in self._turns(directory):
            before = self._writes
            outcome = yield from self._understood(flow)
            objects[key] = objects.get(key, False) or self._writes > before
            if outcome.state == "quarantined":
                return outcome
            if not outcome.ok:
                failed[key] = outcome
        if failed:
            first = next(iter(failed.values()))
            words = f"{len(failed)} of {len(objects)} objects failed; the first: {first.words}"
            return Outcome("object-error", False, words, means=first.means)
        changed = sum(objects.values())
        return Outcome("updated" if changed else "unchanged", True, f"{changed} of {len(objects)} objects changed")

    def _turns(self, directory: Directory) -> Iterator[Turn]:
        """Users first, groups after, references last (entra:6 [M3])."""
        present: set[str] = set()
        for person in directory.people:
            present.add(subject_key(person))
            yield f"user {subject_key(person)}", self._in_scope(person)
        yield from self._out_of_scope(present)
        if self.on("groups"):
            pushed: set[str] = set()
            for team, members in directory.teams:
                pushed.add(subject_key(team))
                yield f"group {subject_key(team)}", self._provision_group(team, members)
            for key in [key for key in self._groups if key not in pushed]:
                yield f"group {key}", self._remove_group(key, str(self._groups[key]), _name(key))
        for person in directory.people:
            if self.refers(person):
                yield f"user {subject_key(person)}", self._bring_manager(person)

    def _in_scope(self, person: Person) -> Flow[Outcome]:
        self._switch(person, on=True)
        self._left.pop(subject_key(person), None)
        return (yield from self._provision(person, person.active))

    def _out_of_scope(self, present: set[str]) -> Iterator[Turn]:
        """Disable who is known, still on and not present, unless too many would be (entra:5)."""
        if not self.on("deactivate") or not self._parting():
            return
        leavers = [key for key in self._users if key not in present and key not in self._gone and key not in self._off]
        threshold = self.setting("accidental-deletions")
        if threshold != "off" and len(leavers) > int(threshold):
            yield "accidental deletions", self._held_back(len(leavers), threshold)
            return
        for key in leavers:
            yield f"user {key}", self._no_longer_followed(key)

    def _no_longer_followed(self, key: str) -> Flow[Outcome]:
        outcome = yield from self._disable(key, str(self._users[key]), _name(key))
        if outcome.ok:
            self._left[key] = True
        return outcome

    def _held_back(self, count: int, threshold: str) -> Flow[Outcome]:
        yield from ()
        words = f"{count} users would be switched off, and the threshold for accidental deletions is {threshold}"
        return Outcome("object-error", False, f"{words}: held back until an admin lets it pass")

    def import_users(self) -> Flow[Outcome]:
        """Account discovery: pages of /Users until there are no more (entra:7 [M10], RFC 7644 §3.4.2.4)."""
        self._begin("import_users")
        self._touch("import-count")
        found: dict[str, None] = {}
        start, total = 1, 1
        while start <= total:
            query = [("startIndex", str(start)), ("count", self.setting("import-count"))]
            reply = yield from self._send("GET", "/Users", f"account discovery from row {start}", query=query)
            page = answers.listing(reply)
            if not reply.ok:
                return entra_reading.refusal(reply)
            if page.fault:
                return entra_reading.misread(page.fault)
            ids = [answers.identifier(row) for row in page.rows]
            fresh = dict.fromkeys(id for id in ids if id and id not in found)
            if not fresh:
                break
            found |= fresh
            start, total = start + len(ids), page.total
        self.imported = frozenset(found)
        return Outcome("done", True, f"{len(found)} accounts found")


def plain(seed: int, memory: Memory | None = None, **settings: str) -> EntraEngine:
    """The engine for ``entra``."""
    return EntraEngine(seed, entra_knobs.ENTRA, memory, settings)


def flagged(seed: int, memory: Memory | None = None, **settings: str) -> EntraEngine:
    """The engine for ``entra-flag``."""
    return EntraEngine(seed, entra_knobs.ENTRA_FLAG, memory, settings)


def on_demand(seed: int, memory: Memory | None = None, **settings: str) -> EntraEngine:
    """The engine for ``entra-on-demand``."""
    return EntraEngine(seed, entra_knobs.ENTRA_ON_DEMAND, memory, settings)


def _name(key: str) -> str:
    """How a transcript calls a subject of which only the key is known: the scenario's key, else the number."""
    number, _, name = key.partition(":")
    return name or number
