"""A client by the book (RFC 7643, RFC 7644): look up, POST, PATCH by simple paths or PUT, DELETE.

Update by PATCH reads the user first and replaces what differs, one operation an attribute; a multi-valued attribute is
replaced whole. With ``profile_update="put"`` it sends the object it read, changed. Groups always use PATCH: add to
``members``, remove by value path.

Rule: a flow never raises on an answer; every one ends in an outcome. Nothing that the RFC leaves open is relied upon.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from scimrig_simulator.idp import answers, attributes, rfc_knobs
from scimrig_simulator.idp.intent import Intent, Outcome
from scimrig_simulator.idp.mapping import Values, differences, merged, operations, typed, without_empty
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.subjects import group_path, guid, label, subject_key, user_path
from scimrig_simulator.idp.walking import WalkingEngine
from scimrig_simulator.scim.urns import ENTERPRISE, GROUP, PATCH_OP, USER
from scimrig_simulator.wire import BY_THE_BOOK, PERCENT_20, Flow, Headers, Json, Reply, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

_BODY_LINES = frozenset({"Content-Type", "Content-Length"})


class RfcEngine(WalkingEngine):
    """Speaks ``rfc``, by PATCH or by PUT (the knob ``profile-update``)."""

    query = PERCENT_20
    _switch_acts = frozenset({"deactivate", "reactivate"})

    def __init__(self, seed: int, memory: Memory | None = None, **settings: str) -> None:
        self._puts = settings.get("profile-update") == "put"
        super().__init__(seed, rfc_knobs.RFC_PUT if self._puts else rfc_knobs.RFC, memory, settings)

    def headers(self, body: bool) -> Headers:
        return tuple(line for line in BY_THE_BOOK if body or line[0] not in _BODY_LINES)

    def external_id(self, person: Person) -> str:
        return guid(self.seed, "person", subject_key(person))

    def expected_group(self, team: Team, members: Sequence[Person], act: str = "set_members") -> Intent:
        intent = super().expected_group(team, members, act)
        if subject_key(team) in self._group_names or not self.group_id(team):
            return intent
        # A group that came about by other means keeps the name and externalId it has: only its members are sent.
        return Intent("Group", members=intent.members)

    # Users -----------------------------------------------------------------------------------------------------------

    def connect(self) -> Flow[Outcome]:
        self._begin("connect")
        query = [("startIndex", "1"), ("count", "1")]
        reply = yield from self._send("GET", "/Users", "read one user to see that we may", query=query)
        fault = answers.raw(reply) if not reply.ok else answers.listing(reply).fault
        return Outcome("object-error", False, f"GET /Users: {fault}") if fault else Outcome("done", True)

    def assign(self, person: Person) -> Flow[Outcome]:
        self._begin("assign")
        return (yield from self._assign(person))

    def _assign(self, person: Person) -> Flow[Outcome]:
        self._switch(person, on=True)
        found, trouble = yield from self._look_up(person)
        if trouble is not None:
            return trouble
        if found is None:
            return (yield from self._create(person))
        self._link(person, answers.identifier(found))
        if not self.on("update"):
            return Outcome("linked", True, id=self._linked(person))
        return (yield from self._update(person, self._with_active(person, person.active), "linked"))

    def update(self, person: Person) -> Flow[Outcome]:
        self._begin("update")
        return (yield from self._update_linked(person))

    def rename(self, person: Person) -> Flow[Outcome]:
        self._begin("rename")
        return (yield from self._update_linked(person))

    def deactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("deactivate")
        return (yield from self._switch_off(person))

    def _switch_off(self, person: Person) -> Flow[Outcome]:
        outcome = yield from self._set_active(person, False)
        if outcome.ok:
            self._switch(person, on=False)
        return outcome

    def unassign(self, person: Person) -> Flow[Outcome]:
        self._begin("unassign")
        how = self._parting()
        if how == "delete":
            return (yield from self._drop(person))
        if not how:
            return Outcome("unchanged", True, id=self._linked(person))
        return (yield from self._switch_off(person))

    def reactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("reactivate")
        outcome = yield from self._set_active(person, True)
        if outcome.ok:
            self._switch(person, on=True)
        return outcome

    def delete(self, person: Person) -> Flow[Outcome]:
        self._begin("delete")
        return (yield from self._drop(person))

    def _drop(self, person: Person) -> Flow[Outcome]:
        id = self._linked(person)
        if not id:
            return _not_linked(person)
        reply = yield from self._send("DELETE", user_path(id), f"delete {label(person)}")
        if not reply.ok:
            return _error(f"delete {person.user_name}", reply, id)
        self._forget(person)
        return Outcome("done", True, id=id)

    def _look_up(self, person: Person) -> Flow[tuple[dict[str, Any] | None, Outcome | None]]:
        query = [("filter", f"userName eq {filter_string(person.user_name)}")]
        reply = yield from self._send("GET", "/Users", f"look {label(person)} up by userName", query=query)
        return _first_match(reply, f"look {person.user_name} up")

    def _create(self, person: Person) -> Flow[Outcome]:
        if not self.on("create"):
            return Outcome("skipped", True, f"{person.user_name} is not created: create is switched off")
        body = self._user_body(person)
        reply = yield from self._send("POST", "/Users", f"create {label(person)}", body=body)
        id, trouble = _created(reply, f"create {person.user_name}", "/Users/")
        if trouble is not None:
            return trouble
        self._link(person, id)
        self._note_sent(person, [path for path, value in self._values(person).items() if value != ""])
        return Outcome("created" if reply.status == 201 else "linked", True, id=id)

    def _update_linked(self, person: Person) -> Flow[Outcome]:
        if not self._linked(person):
            return _not_linked(person)
        return (yield from self._update(person, self._with_active(person, self._is_active(person)), "updated"))

    def _set_active(self, person: Person, on: bool) -> Flow[Outcome]:
        id = self._linked(person)
        if not id:
            return _not_linked(person)
        if self._puts:
            return (yield from self._update(person, {"active": on}, "done"))
        body = _patch([{"op": "replace", "path": "active", "value": on}])
        purpose = f"{'activate' if on else 'deactivate'} {label(person)}"
        reply = yield from self._send("PATCH", user_path(id), purpose, body=body)
        return Outcome("done", True, id=id) if reply.ok else _error(purpose, reply, id)

    def _update(self, person: Person, values: Values, state: str) -> Flow[Outcome]:
        """Read, then PATCH what differs, or PUT the whole; nothing is sent where nothing differs."""
        id = self._linked(person)
        reply = yield from self._send("GET", user_path(id), f"read {label(person)} before the update")
        held = answers.parsed(reply)
        if not reply.ok or held.fault:
            return _error(f"read {person.user_name}", reply, id, held.fault)
        changes = differences(held.value, values)
        if not changes:
            return Outcome("linked" if state == "linked" else "unchanged", True, id=id)
        wanted, cleared = merged(held.value, values, blank=False)
        purpose = f"update {label(person)}"
        if self._puts:
            reply = yield from self._send("PUT", user_path(id), purpose, body=wanted)
        else:
            body = _patch(operations(changes, wanted))
            reply = yield from self._send("PATCH", user_path(id), purpose, body=body)
        if not reply.ok:
            return _error(purpose, reply, id)
        self._note_sent(person, [*cleared, *(path for path, value in values.items() if value != "")])
        return Outcome(state, True, id=id)

    def _bring(self, person: Person) -> Flow[Outcome]:
        """As a cycle does it: read and compare, and write what differs."""
        if not self._linked(person):
            return (yield from self._assign(person))
        self._switch(person, on=True)
        if not self.on("update"):
            return Outcome("unchanged", True, id=self._linked(person))
        return (yield from self._update(person, self._with_active(person, person.active), "updated"))

    def _switch_off_by_id(self, id: str) -> Flow[tuple[Reply, str]]:
        if self._puts:
            return (yield from super()._switch_off_by_id(id))
        body = _patch([{"op": "replace", "path": "active", "value": False}])
        return (yield from self._send("PATCH", user_path(id), "switch somebody off who is gone", body=body)), ""

    def _trouble(self, what: str, reply: Reply, fault: str = "", *, id: str = "") -> Outcome:
        return _error(what, reply, id, fault)

    def _with_active(self, person: Person, active: bool) -> Values:
        return {**self._values(person), "active": active}

    def _values(self, person: Person) -> Values:
        return {"externalId": self.external_id(person), **attributes.profile(person)}

    def _user_body(self, person: Person) -> dict[str, Any]:
        mapped = attributes.body(person)
        return without_empty({
            "schemas": [USER, *(urn for urn in mapped if urn == ENTERPRISE)],
            "externalId": self.external_id(person),
            "userName": person.user_name,
            "name": {"formatted": person.formatted, "familyName": person.family_name,
                     "givenName": person.given_name, "middleName": person.middle_name},
            "displayName": person.display_name,
            "title": person.title,
            "locale": person.locale,
            "active": person.active,
            "emails": typed({"value": person.email, "type": "work", "primary": True}),
            **mapped,
        })

    # Groups ----------------------------------------------------------------------------------------------------------

    def rename_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        self._begin("rename_group")
        if self.group_id(team):  # whatever the group was called before, it is this act that names it
            self._group_names.setdefault(subject_key(team), "")
        return (yield from self._provision_group(team, members))

    def _provision_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        if self.group_id(team):
            return (yield from self._change_group(team, members, [], "updated"))
        query = [("filter", f"displayName eq {filter_string(team.display_name)}")]
        reply = yield from self._send("GET", "/Groups", f"look the group {team.display_name} up by name", query=query)
        found, trouble = _first_match(reply, f"look the group {team.display_name} up")
        if trouble is not None:
            return trouble
        if found is None:
            return (yield from self._create_group(team, members))
        self._link_group(team, answers.identifier(found))
        self._members[subject_key(team)] = {id: id for id in _member_ids(found)}
        self._group_names[subject_key(team)] = str(found.get("displayName", team.display_name))
        values: dict[str, Json] = {"externalId": self._group_external_id(team)}
        return (yield from self._change_group(team, members, operations(differences(found, values), values), "linked"))

    def _create_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        body: dict[str, Any] = {
            "schemas": [GROUP],
            "externalId": self._group_external_id(team),
            "displayName": team.display_name,
        }
        joiners = self._joiners(team, members)
        if joiners:
            body["members"] = self._member_values(joiners)
        reply = yield from self._send("POST", "/Groups", f"create the group {team.display_name}", body=body)
        id, trouble = _created(reply, f"create the group {team.display_name}", "/Groups/")
        if trouble is not None:
            return trouble
        self._link_group(team, id)
        self._members[subject_key(team)] = self._known(members)
        self._group_names[subject_key(team)] = team.display_name
        return Outcome("created" if reply.status == 201 else "linked", True, id=id)

    def _change_group(self, team: Team, members: Sequence[Person], before: list[dict[str, Json]],
                      state: str) -> Flow[Outcome]:
        """One PATCH: what goes ``before``, a new name, leavers by value path, then one add of all joiners."""
        id = self.group_id(team)
        key = subject_key(team)
        asked = list(before)
        if self._group_names.get(key, team.display_name) != team.display_name:
            asked.append({"op": "replace", "path": "displayName", "value": team.display_name})
        for member in self._leavers(team, members):
            asked.append({"op": "remove", "path": f"members[value eq {filter_string(member)}]"})
        joiners = self._joiners(team, members)
        if joiners:
            asked.append({"op": "add", "path": "members", "value": self._member_values(joiners)})
        if not asked:
            return Outcome("linked" if state == "linked" else "unchanged", True, id=id)
        purpose = f"change the group {team.display_name}"
        reply = yield from self._send("PATCH", group_path(id), purpose, body=_patch(asked))
        if not reply.ok:
            return _error(purpose, reply, id)
        self._members[key] = self._known(members)
        if key in self._group_names:
            self._group_names[key] = team.display_name
        return Outcome(state, True, id=id)

    def _member_values(self, members: Sequence[Person]) -> list[Json]:
        return [{"value": self._linked(person)} for person in members]

    def _group_external_id(self, team: Team) -> str:
        return guid(self.seed, "group", subject_key(team))


def _patch(operations: Sequence[dict[str, Json]]) -> dict[str, Json]:
    return {"schemas": [PATCH_OP], "Operations": list(operations)}


def _first_match(reply: Reply, what: str) -> tuple[dict[str, Any] | None, Outcome | None]:
    """The first row of a look-up, None for an empty list; or the outcome of one that failed.

    404 is a failure: a query that matches nothing is answered 200 with totalResults 0 (RFC 7644 §3.4.2).
    """
    if not reply.ok:
        return None, _error(what, reply, "")
    found = answers.listing(reply)
    if found.fault or (found.total > 0 and not found.first_id):
        return None, _error(what, reply, "", found.fault or "the first of Resources has no id")
    return (found.rows[0] if found.total > 0 else None), None


def _created(reply: Reply, what: str, folder: str) -> tuple[str, Outcome | None]:
    """The id of what was created: from the body, failing that from Location (RFC 7644 §3.3: a body is a SHOULD)."""
    if not reply.ok:
        return "", _error(what, reply, "")
    id = answers.identifier(answers.parsed(reply).value)
    if not id:
        _, found, rest = (reply.header("Location") or "").rpartition(folder)
        id = unquote(rest) if found else ""
    if not id:
        return "", _error(what, reply, "", "neither the body's id nor Location says what was created")
    return id, None


def _member_ids(group: dict[str, Any]) -> list[str]:
    members = group.get("members")
    rows = members if isinstance(members, list) else []
    return [row["value"] for row in rows if isinstance(row, dict) and isinstance(row.get("value"), str)]


def _error(what: str, reply: Reply, id: str, fault: str = "") -> Outcome:
    said = fault if fault and reply.ok else answers.raw(reply)
    return Outcome("object-error", False, f"Could not {what}: {said}", id)


def _not_linked(person: Person) -> Outcome:
    return Outcome("object-error", False, f"{person.user_name} has no id at the target; assign the person first")
