"""Groups of the IdPs that replace: found by name, their members brought by PATCH or by PUT, as the knobs have it.

Rule: a flow never raises on an answer; names no dialect.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers
from scimrig_simulator.idp.intent import Intent, Outcome
from scimrig_simulator.idp.knobs import Dialect
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.subjects import group_path, subject_key
from scimrig_simulator.idp.walking import WalkingEngine
from scimrig_simulator.scim.urns import GROUP, PATCH_OP
from scimrig_simulator.wire import Flow, Json, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

Row = dict[str, Any]


class GroupKeeper(WalkingEngine):
    """Plays the acts on teams. An engine whose dialect has none of them never comes here."""

    def __init__(
        self, seed: int, dialect: Dialect | None = None, memory: Memory | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(seed, dialect, memory, settings)
        self._others = self._table("others")  # team key → ids of members that a group had when it was found

    def expected_group(self, team: Team, members: Sequence[Person], act: str = "set_members") -> Intent:
        intent = super().expected_group(team, members, act)
        if not intent.exists:
            return intent
        key = subject_key(team)
        sends_name = self._replaces_groups() or not self.group_id(team)
        name = team.display_name if sends_name else self._group_names.get(key, "")
        wanted = (intent.members or frozenset()) | frozenset(self._others.get(key, ()))
        values: dict[str, Json] = {"displayName": name} if name else {}
        return replace(intent, values=values, members=wanted, whole=self._replaces_groups())

    def rename_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        self._begin("rename_group")
        if self.group_id(team):  # whatever the group was called before, it is this act that names it
            self._group_names.setdefault(subject_key(team), "")
        return (yield from self._provision_group(team, members))

    def _provision_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        if self.group_id(team):
            return (yield from self._change_group(team, members, "updated"))
        found, trouble = yield from self._find_group(team)
        if trouble is not None:
            return trouble
        if found is None:
            return (yield from self._create_group(team, members))
        key = subject_key(team)
        self._link_group(team, answers.identifier(found))
        self._group_names[key] = str(found.get("displayName", ""))
        if not self._replaces_groups():
            ours = set(self._known(members).values())
            there = _member_ids(found)
            self._members[key] = {id: id for id in there if id in ours}
            self._others[key] = [id for id in there if id not in ours]
        return (yield from self._change_group(team, members, "linked"))

    def _find_group(self, team: Team) -> Flow[tuple[Row | None, Outcome | None]]:
        """The group of that name, None where there is none; or the outcome of a look-up that failed."""
        name = team.display_name
        if self.setting("group-look-up") == "walk":
            rows, trouble = yield from self._walk("/Groups", f"read all groups to find {name}")
            named = (row for row in rows if row.get("displayName") == name)
            found = next((row for row in named if answers.identifier(row)), None)
            return found, trouble
        query = [("filter", f"displayName eq {filter_string(name)}")]
        reply = yield from self._send("GET", "/Groups", f"look the group {name} up by name", query=query)
        if reply.status == 404 and self.setting("look-up-404") == "nobody":
            return None, None
        page = answers.listing(reply) if reply.ok else answers.Listing()
        if not reply.ok or page.fault or (page.total > 0 and not page.first_id):
            return None, self._trouble(name, reply, page.fault or "the group found has no id")
        return (page.rows[0] if page.total > 0 else None), None

    def _create_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        bare = self.setting("group-create") == "bare"
        body = self._group_body(team, () if bare else members)
        reply = yield from self._send("POST", "/Groups", f"create the group {team.display_name}", body=body)
        held = answers.parsed(reply)
        id = answers.identifier(held.value) if reply.ok else ""
        if not id:
            return self._trouble(team.display_name, reply, held.fault or "the group created has no id")
        self._link_group(team, id)
        self._group_names[subject_key(team)] = team.display_name
        self._others.pop(subject_key(team), None)
        if not bare:
            self._members[subject_key(team)] = self._known(members)
        return (yield from self._change_group(team, members, "created"))

    def _change_group(self, team: Team, members: Sequence[Person], state: str) -> Flow[Outcome]:
        """Bring name and members; nothing is sent where nothing differs from what is known of the group."""
        id, key = self.group_id(team), subject_key(team)
        renamed = self._renames() and self._group_names.get(key, team.display_name) != team.display_name
        joiners, leavers = self._joiners(team, members), self._leavers(team, members)
        if not renamed and not joiners and not leavers and (state != "linked" or not self._replaces_groups()):
            return Outcome("unchanged" if state == "updated" else state, True, id=id)
        purpose = f"change the group {team.display_name}"
        if self._replaces_groups():
            body = self._group_body(team, members)
            reply = yield from self._send("PUT", group_path(id), purpose, body=body)
        else:
            asked = self._operations(team, joiners, leavers, renamed=renamed)
            body = {"schemas": [PATCH_OP], "Operations": asked}
            reply = yield from self._send("PATCH", group_path(id), purpose, body=body)
        if not reply.ok:
            return self._trouble(team.display_name, reply, id=id)
        self._members[key] = self._known(members)
        if renamed or self._replaces_groups():
            self._group_names[key] = team.display_name
        return Outcome(state, True, id=id)

    def _operations(
        self, team: Team, joiners: Sequence[Person], leavers: Sequence[str], *, renamed: bool
    ) -> list[dict[str, Json]]:
        asked: list[dict[str, Json]] = []
        if renamed:
            asked.append({"op": "replace", "path": "displayName", "value": team.display_name})
        if leavers and self.setting("remove-member") == "by-value":
            asked.append({"op": "remove", "path": "members", "value": [{"value": id} for id in leavers]})
        elif leavers:
            asked += [{"op": "remove", "path": f"members[value eq {filter_string(id)}]"} for id in leavers]
        if joiners:
            asked.append({"op": "add", "path": "members", "value": self._member_objects(joiners)})
        return asked

    def _group_body(self, team: Team, members: Sequence[Person]) -> Row:
        """A group as it is sent whole. Its members are all those that are known at the target."""
        body: Row = {"schemas": [GROUP], "displayName": team.display_name}
        linked = [person for person in members if self._linked(person)]
        return {**body, "members": self._member_objects(linked)} if linked or self.group_id(team) else body

    def _member_objects(self, members: Sequence[Person]) -> list[Json]:
        shown = self.setting("member-object") == "value-display"
        return [{"value": self._linked(person), **({"display": person.user_name} if shown else {})}
                for person in members]

    def _replaces_groups(self) -> bool:
        return self.setting("membership") in ("put", "overwrite")

    def _renames(self) -> bool:
        return "rename_group" in self.dialect.acts


def _member_ids(group: Row) -> list[str]:
    members = group.get("members")
    rows = members if isinstance(members, list) else []
    return [row["value"] for row in rows if isinstance(row, dict) and isinstance(row.get("value"), str)]
