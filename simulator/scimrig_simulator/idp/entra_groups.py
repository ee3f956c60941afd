"""Groups of Entra: looked up and read without members, members added and removed by difference (entra:6).

Rule: a flow never raises on an answer. Members are never read back: who belongs is what was sent (entra:6).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers, entra_reading
from scimrig_simulator.idp.entra_client import NO_MEMBERS
from scimrig_simulator.idp.entra_patch import Operation
from scimrig_simulator.idp.entra_users import EntraUsers
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.knobs import Dialect
from scimrig_simulator.idp.mapping import differences
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.subjects import group_path, guid, subject_key
from scimrig_simulator.scim.urns import ENTRA_GROUP, GROUP
from scimrig_simulator.wire import Flow, Json, Reply, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team


class EntraGroups(EntraUsers):
    """Plays the acts about a team."""

    def __init__(
        self, seed: int, dialect: Dialect, memory: Memory | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(seed, dialect, memory, settings)
        self._doubts = self._table("doubts")  # team key → user key → id: added in a request that was not answered

    def push_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        return self._run("push_group", lambda: self._group_turn(team, members))

    def set_members(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        return self._run("set_members", lambda: self._group_turn(team, members))

    def rename_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        return self._run("rename_group", lambda: self._group_turn(team, members))

    def delete_group(self, team: Team) -> Flow[Outcome]:
        return self._run("delete_group", lambda: self._deleted_group(team))

    def _deleted_group(self, team: Team) -> Flow[Outcome]:
        id = self.group_id(team)
        if not id:
            yield from ()
            return Outcome("object-error", False, f"{team.display_name} is not linked at the target; push it first")
        return (yield from self._remove_group(subject_key(team), id, team.display_name))

    def _remove_group(self, key: str, id: str, name: str) -> Flow[Outcome]:
        reply = yield from self._send("DELETE", group_path(id), f"delete the group {name}")
        if reply.status == 404:
            self._touch("delete-404")
        elif not reply.ok:
            return entra_reading.refusal(reply, id)
        for table in (self._groups, self._members, self._doubts):
            table.pop(key, None)
        return Outcome("done", True, id=id)

    def _group_turn(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """The group, and on demand as many runs as it takes: each changes a few members at most (entra:1 [M7])."""
        outcome = yield from self._provision_group(team, members)
        if not self._on_demand or not outcome.ok:
            return outcome
        joiners, leavers = self._membership(team, members)
        for _ in range(-(-(len(joiners) + len(leavers)) // self._most())):
            tested = yield from self._test()
            again = (yield from self._provision_group(team, members)) if tested.ok else tested
            if not again.ok:
                return again
        return outcome

    def _provision_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        id = self.group_id(team)
        if id:
            reply = yield from self._read_group(team)
            held = answers.parsed(reply)
            if reply.ok and not held.fault:
                return (yield from self._bring_group(team, members, held.value, "updated"))
            if reply.ok:
                return entra_reading.misread(held.fault, id)
            if reply.status != 404:
                return entra_reading.refusal(reply, id)
            self._touch("unknown-id")
            if self.setting("unknown-id") == "fail":
                return entra_reading.stuck(reply, id)
        query = [NO_MEMBERS, ("filter", f"displayName eq {filter_string(team.display_name)}")]
        reply = yield from self._send("GET", "/Groups", f"look the group {team.display_name} up by name", query=query)
        found, trouble = entra_reading.only_match(reply, f"displayName {team.display_name}")
        if trouble is not None:
            return trouble
        if found is None:
            self._forget_group(team)
            return (yield from self._create_group(team, members))
        if answers.identifier(found) != id:
            self._link_group(team, answers.identifier(found))
        return (yield from self._bring_group(team, members, found, "linked"))

    def _create_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        body: dict[str, Json] = {
            "schemas": [GROUP, ENTRA_GROUP],
            "externalId": self._group_external_id(team),
            "displayName": team.display_name,
            "meta": {"resourceType": "Group"},
        }
        reply = yield from self._send("POST", "/Groups", f"create the group {team.display_name}", body=body)
        id, trouble = entra_reading.created(reply)
        if trouble is not None:
            return trouble
        self._link_group(team, id)
        return (yield from self._bring_members(team, members, Outcome("created", True, id=id), read=True))

    def _bring_group(self, team: Team, members: Sequence[Person], held: dict[str, Any], state: str) -> Flow[Outcome]:
        """Name and externalId where they differ, then the members."""
        id = self.group_id(team)
        values: dict[str, Json] = {"displayName": team.display_name, "externalId": self._group_external_id(team)}
        changes = differences(held, values)
        outcome = Outcome("linked" if state == "linked" else "unchanged", True, id=id)
        if changes:
            self._touch("group-rename")
            body = self._shape.body(self._shape.group(changes))
            reply = yield from self._send("PATCH", group_path(id), f"name the group {team.display_name}", body=body)
            if not reply.ok:
                return entra_reading.refusal(reply, id)
            outcome = Outcome(state, True, id=id)
        return (yield from self._bring_members(team, members, outcome, read=state == "linked"))

    def _bring_members(self, team: Team, members: Sequence[Person], outcome: Outcome, *, read: bool) -> Flow[Outcome]:
        """Adds, then removes; ``read``: the group was not read yet in this act (EN-GROUP-ADD begins with a GET)."""
        joiners, leavers = self._membership(team, members)
        if self._on_demand:
            joiners = joiners[:self._most()]
            leavers = leavers[:self._most() - len(joiners)]
        if not joiners and not leavers:
            return outcome
        if read:
            reply = yield from self._read_group(team)
            if not reply.ok:
                return entra_reading.refusal(reply, outcome.id)
        for join, batch in self._batches(joiners, leavers):
            body = self._shape.body(self._operations(batch, join=join))
            purpose = f"{'add' if join else 'remove'} members of {team.display_name}"
            reply = yield from self._send("PATCH", group_path(outcome.id), purpose, body=body)
            if not reply.ok:
                self._doubt(team, batch if join and reply.failure is not None else [])
                return entra_reading.refusal(reply, outcome.id)
            self._believe(team, batch, join=join)
        return outcome if outcome.state in ("created", "linked") else Outcome("updated", True, id=outcome.id)

    def _membership(self, team: Team, members: Sequence[Person]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Who is to be added and who to be removed: (user key, id) each."""
        joiners = [(subject_key(person), self._linked(person)) for person in self._joiners(team, members)]
        wanted = set(self._known(members).values())
        perhaps = {**self._doubts.get(subject_key(team), {}), **self._believed(team)}
        return joiners, [(key, id) for key, id in perhaps.items() if id not in wanted]

    def _batches(
        self, joiners: list[tuple[str, str]], leavers: list[tuple[str, str]]
    ) -> Iterator[tuple[bool, list[tuple[str, str]]]]:
        """The members of one request each: all that join, then all that leave, unless there is an upper bound."""
        bound = self.setting("members-per-request")
        for join, some in ((True, joiners), (False, leavers)):
            size = len(some) if bound == "unbounded" else max(1, int(bound))
            if len(some) > size:
                self._touch("members-per-request")
            for start in range(0, len(some), size or 1):
                yield join, some[start:start + size]

    def _operations(self, batch: list[tuple[str, str]], *, join: bool) -> list[Operation]:
        ids = [id for _, id in batch]
        return self._shape.join(ids) if join else self._shape.leave(ids)

    def _believe(self, team: Team, batch: list[tuple[str, str]], *, join: bool) -> None:
        """What was accepted is so, whatever becomes of the requests after it."""
        key, changed = subject_key(team), dict(batch)
        stay = {member: id for member, id in self._believed(team).items() if member not in changed}
        self._members[key] = {**stay, **changed} if join else stay
        if key in self._doubts:
            self._doubts[key] = {one: id for one, id in self._doubts[key].items() if one not in changed}

    def _doubt(self, team: Team, batch: list[tuple[str, str]]) -> None:
        """An add without an answer may have come through: who leaves after that is taken out all the same."""
        if batch:
            self._doubts[subject_key(team)] = {**self._doubts.get(subject_key(team), {}), **dict(batch)}

    def _link_group(self, team: Team, id: str) -> None:
        super()._link_group(team, id)
        self._doubts.pop(subject_key(team), None)

    def _most(self) -> int:
        return max(1, int(self.setting("members-limit")))

    def _read_group(self, team: Team) -> Flow[Reply]:
        path = group_path(self.group_id(team))
        return self._send("GET", path, f"read the group {team.display_name} without members", query=[NO_MEMBERS])

    def _group_external_id(self, team: Team) -> str:
        return guid(self.seed, "group", subject_key(team))
