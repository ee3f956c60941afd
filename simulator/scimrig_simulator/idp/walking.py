"""What engines have in common that read lists to their end and go through a whole directory: import and cycle.

A cycle brings everybody who has the app, parts with who has lost it, and brings the teams. What it need not write, a
subclass knows: from what it sent last, or from reading first.

Rule: it builds no request but the pages of a list; names no dialect.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Intent, Outcome
from scimrig_simulator.idp.knobs import Dialect
from scimrig_simulator.idp.mapping import merged
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.subjects import group_path, subject_key, user_path
from scimrig_simulator.wire import Flow, Reply

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

_SHOWN = 3  # failures of a cycle that its outcome tells


class WalkingEngine(Engine):
    """Plays ``import_users``, ``cycle`` and ``delete_group``; subclasses bring and part with single people."""

    def __init__(
        self, seed: int, dialect: Dialect | None = None, memory: Memory | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(seed, dialect, memory, settings)
        self._group_names = self._table("group_names")  # team key → the name that the group has at the target

    def import_users(self) -> Flow[Outcome]:
        self._begin("import_users")
        rows, trouble = yield from self._walk("/Users", "read all users")
        self.imported = frozenset(answers.identifier(row) for row in rows)
        if trouble is None and self.on("groups") and "groups" in self.setting("import"):
            _, trouble = yield from self._walk("/Groups", "read all groups")
        return trouble or Outcome("done", True)

    def cycle(self, directory: Directory) -> Flow[Outcome]:
        self._begin("cycle")
        seen: set[str] = set()
        failures: list[str] = []
        for person in directory.people:
            seen.add(subject_key(person))
            outcome = yield from self._bring(person)
            failures += [] if outcome.ok else [outcome.words]
        for key in self._strangers_to(seen):
            outcome = yield from self._part_with(key, str(self._users[key]))
            failures += [] if outcome.ok else [outcome.words]
        if self.on("groups") and not self.can("push_group"):
            failures += yield from self._bring_teams(directory.teams)
        if not failures:
            return Outcome("done", True)
        return Outcome("task-failed", False, f"{len(failures)} failed: {'; '.join(failures[:_SHOWN])}")

    def delete_group(self, team: Team) -> Flow[Outcome]:
        self._begin("delete_group")
        return (yield from self._drop_group(subject_key(team), team.display_name))

    def _intended(self, person: Person, act: str) -> Intent:
        if act == "assign" and not self.on("update") and subject_key(person) not in self._sent:
            return Intent("User")  # linked, and left as it was found
        return super()._intended(person, act)

    def _strangers_to(self, seen: set[str]) -> list[str]:
        """Keys of people who are provisioned, and whom the directory no longer has."""
        if not self.on("deactivate") or not self._parting():
            return []
        return [key for key in self._users if key not in seen and key not in self._gone and key not in self._off]

    def _bring_teams(self, teams: Iterable[tuple[Team, Iterable[Person]]]) -> Flow[list[str]]:
        """Bring these teams, delete the groups of all others; why what failed did."""
        outcomes = []
        seen: set[str] = set()
        for team, members in teams:
            seen.add(subject_key(team))
            outcomes.append((yield from self._provision_group(team, list(members))))
        if not self.can("delete_group"):
            for key in [key for key in self._groups if key not in seen]:
                outcomes.append((yield from self._drop_group(key, key)))
        return [outcome.words for outcome in outcomes if not outcome.ok]

    def _drop_group(self, key: str, name: str) -> Flow[Outcome]:
        id = str(self._groups.get(key, ""))
        if not id:
            return Outcome("unchanged", True)
        reply = yield from self._send("DELETE", group_path(id), f"delete the group {name}")
        if not reply.ok and not self._done_already(reply):
            return self._trouble(name, reply, id=id)
        for table in (self._groups, self._members, self._group_names):
            table.pop(key, None)
        return Outcome("done", True, id=id)

    def _walk(self, path: str, purpose: str) -> Flow[tuple[list[dict[str, Any]], Outcome | None]]:
        """All rows of a list, page by page, and the outcome where a page cannot be read."""
        size = self.setting("page-size")
        count = [("count", size)] if size.isdigit() else []
        rows: list[dict[str, Any]] = []
        known: set[str] = set()
        while True:
            paged = [("startIndex", str(len(rows) + 1)), *count] if rows or count else []
            reply = yield from self._send("GET", path, purpose, query=paged)
            page = answers.listing(reply) if reply.ok else answers.Listing()
            if not reply.ok or page.fault:
                return rows, self._trouble(purpose, reply, page.fault)
            fresh = {answers.identifier(row) for row in page.rows} - known
            rows += page.rows
            known |= fresh
            if len(rows) >= page.total or not fresh:  # a server that shows the same page for ever ends the walk
                return rows, None

    def _bring(self, person: Person) -> Flow[Outcome]:
        """Create or change somebody, or send nothing where nothing has changed."""
        raise NotImplementedError

    def _part_with(self, key: str, id: str) -> Flow[Outcome]:
        """Somebody whom the directory does not have any more: switched off or deleted, by the knob."""
        deletes, fault = self._parting() == "delete", ""
        if deletes:
            reply = yield from self._send("DELETE", user_path(id), "delete somebody who is gone from the directory")
        else:
            reply, fault = yield from self._switch_off_by_id(id)
        if fault or (not reply.ok and not (deletes and self._done_already(reply))):
            return self._trouble(id, reply, fault, id=id)
        (self._gone if deletes else self._off)[key] = True
        return Outcome("done", True, id=id)

    def _switch_off_by_id(self, id: str) -> Flow[tuple[Reply, str]]:
        """Switch somebody off of whom the id is left and nothing else: what is there goes back with active false.

        Returns the last reply, and what is wrong with a body that was read.
        """
        reply = yield from self._send("GET", user_path(id), "read somebody who is gone from the directory")
        held = answers.parsed(reply)
        if not reply.ok or held.fault:
            return reply, held.fault if reply.ok else ""
        body, _ = merged(held.value, {"active": False}, blank=False)
        reply = yield from self._send("PUT", user_path(id), "switch somebody off who is gone", body=body)
        return reply, ""

    def _done_already(self, reply: Reply) -> bool:
        """Whether a refused DELETE counts as done."""
        return False

    def _trouble(self, what: str, reply: Reply, fault: str = "", *, id: str = "") -> Outcome:
        """The outcome of a request that ended an act. ``fault``: what is wrong with a 2xx."""
        raise NotImplementedError
