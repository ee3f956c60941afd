"""Okta's group push: create or link, rename, members in batches or as a whole, delete (okta:6).

Rule: one object that works on its engine's beliefs; the words that an admin reads are in here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from scimrig_simulator.idp import answers
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.okta_words import refusal, refused
from scimrig_simulator.idp.subjects import group_path, subject_key
from scimrig_simulator.scim.urns import GROUP, PATCH_OP
from scimrig_simulator.wire import Flow, Json, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.idp.okta import OktaEngine
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team


class GroupPush:
    """The group push of one engine."""

    def __init__(self, okta: OktaEngine) -> None:
        self._okta = okta
        self._patches = okta.setting("membership") == "patch"
        self._batch = int(okta.setting("batch-size"))

    def push(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """Create or link; a group that is linked already is pushed whole ("Push now")."""
        if not self._okta.group_id(team):
            return (yield from self._first_push(team, members))
        hindrance = yield from self._name(team, members)
        if not hindrance and self._patches:
            hindrance = yield from self._replace(team, members)
        return self._ended(team, hindrance, "updated")

    def bring(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """The members are now these."""
        okta = self._okta
        if not okta.group_id(team):
            return (yield from self._first_push(team, members))
        if not okta._joiners(team, members) and not okta._leavers(team, members):
            return Outcome("unchanged", True, id=okta.group_id(team))
        hindrance = yield from self._change(team, members)
        return self._ended(team, hindrance, "updated")

    def rename(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        """The team is called something else."""
        if not self._okta.group_id(team):
            return (yield from self._first_push(team, members))
        hindrance = yield from self._name(team, members)
        return self._ended(team, hindrance, "updated")

    def delete(self, team: Team) -> Flow[Outcome]:
        """The push is unlinked, and the group deleted or left."""
        okta = self._okta
        id = okta.group_id(team)
        if not id:
            return Outcome("unchanged", True)
        if okta.setting("group-delete") == "leave":
            okta._forget_group(team)
            return Outcome("skipped", True, "Okta sends nothing: the group is left in the target app", id)
        reply = yield from okta._ask("DELETE", group_path(id), f"delete the group {team.display_name}")
        if not reply.ok and reply.status != 404:
            return self._ended(team, refused(reply), "")
        okta._forget_group(team)
        return Outcome("done", True, id=id)

    def _first_push(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        okta = self._okta
        query = (("filter", f"displayName eq {filter_string(team.display_name)}"), *okta.paging)
        reply = yield from okta._ask("GET", "/Groups", f"look the group {team.display_name} up by name", query=query)
        found = answers.listing(reply) if reply.ok else answers.Listing()
        if not reply.ok and reply.status != 404:
            return self._ended(team, refused(reply), "")
        if found.fault:
            return self._ended(team, found.fault, "")
        if found.total <= 0:
            return (yield from self._create(team, members))
        if not found.first_id:
            return self._ended(team, "the group found has no id", "")
        okta._link_group(team, found.first_id)
        renames = okta.setting("link-renames") == "on" and found.rows[0].get("displayName") != team.display_name
        hindrance = ""
        if renames or not self._patches:
            hindrance = yield from self._name(team, members)
        if not hindrance and self._patches:
            hindrance = yield from self._replace(team, members)
        return self._ended(team, hindrance, "linked")

    def _create(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        okta = self._okta
        full = okta.setting("group-create") == "full"
        sent = self._objects(okta._joiners(team, members)) if full else []
        body: dict[str, Json] = {"schemas": [GROUP], "displayName": team.display_name, "members": sent}
        reply = yield from okta._ask("POST", "/Groups", f"create the group {team.display_name}", body=body)
        if not reply.ok:
            return self._ended(team, refused(reply), "")
        held = answers.parsed(reply)
        id = answers.identifier(held.value)
        if not id:
            return self._ended(team, held.fault or "Create new group returned a group without id.", "")
        okta._link_group(team, id)
        hindrance = ""
        if okta._joiners(team, members):
            hindrance = yield from self._change(team, members)
        return self._ended(team, hindrance, "created")

    def _change(self, team: Team, members: Sequence[Person]) -> Flow[str]:
        """The rename that goes with every membership change, then the change; why it was refused, or ""."""
        hindrance = yield from self._name(team, members)
        if hindrance or not self._patches:
            return hindrance
        for operations, changed in self._batches(team, members):
            hindrance = yield from self._patch(team, operations, f"change the members of {team.display_name}")
            if hindrance:
                return hindrance
            self._okta._members[subject_key(team)] = changed
        return ""

    def _batches(self, team: Team, members: Sequence[Person]) -> list[tuple[list[dict[str, Json]], dict[str, str]]]:
        """Operations of each request, and the members that are believed once it was taken."""
        okta, size = self._okta, self._batch
        believed = dict(okta._believed(team))
        joiners, leavers = okta._joiners(team, members), okta._leavers(team, members)
        if not size or len(joiners) + len(leavers) <= size:
            pieces = [(leavers, joiners)]
        else:
            pieces = [(leavers[at : at + size], []) for at in range(0, len(leavers), size)]
            pieces += [([], joiners[at : at + size]) for at in range(0, len(joiners), size)]
        made = []
        for gone, new in pieces:
            believed = {key: id for key, id in believed.items() if id not in gone} | okta._known(new)
            made.append((self._operations(gone, new), believed))
        return made

    def _operations(self, leavers: Sequence[str], joiners: Sequence[Person]) -> list[dict[str, Json]]:
        operations: list[dict[str, Json]] = [
            {"op": "remove", "path": f"members[value eq {filter_string(id)}]"} for id in leavers
        ]
        if joiners:
            operations.append({"op": "add", "path": "members", "value": self._objects(joiners)})
        return operations

    def _replace(self, team: Team, members: Sequence[Person]) -> Flow[str]:
        everybody = self._objects([person for person in members if self._okta._linked(person)])
        operation: dict[str, Json] = {"op": "replace", "path": "members", "value": everybody}
        hindrance = yield from self._patch(team, [operation], f"push all members of {team.display_name}")
        if not hindrance:
            self._okta._members[subject_key(team)] = self._okta._known(members)
        return hindrance

    def _name(self, team: Team, members: Sequence[Person]) -> Flow[str]:
        """Rename by PATCH; a wizard app sends name and members in one PUT."""
        okta = self._okta
        if self._patches:
            value: dict[str, Json] = {"id": okta.group_id(team), "displayName": team.display_name}
            return (yield from self._patch(team, [{"op": "replace", "value": value}],
                                           f"name the group {team.display_name}"))
        everybody = [person for person in members if okta._linked(person)]
        body: dict[str, Json] = {
            "schemas": [GROUP], "displayName": team.display_name, "members": self._objects(everybody)
        }
        path = group_path(okta.group_id(team))
        hindrance = refusal((yield from okta._ask("PUT", path, f"put the group {team.display_name}", body=body)))
        if not hindrance:
            okta._members[subject_key(team)] = okta._known(members)
        return hindrance

    def _patch(self, team: Team, operations: Sequence[dict[str, Json]], purpose: str) -> Flow[str]:
        body: dict[str, Json] = {"schemas": [PATCH_OP], "Operations": list(operations)}
        path = group_path(self._okta.group_id(team))
        return refusal((yield from self._okta._ask("PATCH", path, purpose, body=body)))

    def _objects(self, members: Sequence[Person]) -> list[Json]:
        return [{"value": self._okta._linked(person), "display": person.user_name} for person in members]

    def _ended(self, team: Team, hindrance: str, state: str) -> Outcome:
        if not hindrance:
            return Outcome(state, True, id=self._okta.group_id(team))
        words = f"Group push mapping for {team.display_name} is in Error state: {hindrance}"
        return Outcome("task-failed", False, words, self._okta.group_id(team))
