"""Microsoft Entra, without the flag (``entra``) and with ``aadOptscim062020`` (``entra-flag``): GET, compare, PATCH.

The tables are in ``entra_knobs.py``, the shapes of operations in ``entra_patch.py``. Reactions follow "Reaction rules
in executable form" of idp-dialects.md. Cycles are not played here: one act is one object's turn within a cycle.

Rule: a flow never raises on an answer; every one ends in an outcome.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers, attributes, entra_knobs, entra_patch
from scimrig_simulator.idp.engine import Engine, group_path, guid, label, subject_key, user_path
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.mapping import Values, differences, typed, without_empty
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.scim.urns import ENTERPRISE, ENTRA_GROUP, GROUP, USER
from scimrig_simulator.wire import CREDENTIALS, LENGTH, PLUS, Flow, Headers, Json, Reply, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

_NO_MEMBERS = ("excludedAttributes", "members")
_MISSING = "HTTP/404 Not Found response was returned rather than the expected HTTP/200"


class EntraEngine(Engine):
    """Speaks ``entra``, or ``entra-flag`` with ``flag``."""

    query = PLUS
    _clears = False  # nothing is sent for a value that the source lost (entra:4 [M5])

    def __init__(
        self, seed: int, memory: Memory | None = None, *, flag: bool = False, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(seed, entra_knobs.ENTRA_FLAG if flag else entra_knobs.ENTRA, memory, settings)
        self._shape: entra_patch.Shape = entra_patch.E1 if flag else entra_patch.E0

    def headers(self, body: bool) -> Headers:
        lines = (("Authorization", CREDENTIALS), ("ADSCIMVersion", f"2024-03-01 {guid(self.seed, 'activity')}"))
        return (*lines, ("Content-Type", entra_knobs.CONTENT_TYPE), ("Content-Length", LENGTH)) if body else lines

    def external_id(self, person: Person) -> str:
        """mailNickname; a rename leaves it alone."""
        return person.login

    # Users -----------------------------------------------------------------------------------------------------------

    def connect(self) -> Flow[Outcome]:
        self._begin("connect")
        query = [("filter", f"userName eq {filter_string(guid(self.seed, 'test query'))}")]
        reply = yield from self._send("GET", "/Users", "test query: nobody has this userName", query=query)
        if not reply.ok:
            why = _MISSING if reply.status == 404 else answers.raw(reply)
            return _quarantined(why)
        fault = answers.listing(reply).fault
        return _quarantined(_incompatible(fault)) if fault else Outcome("done", True)

    def assign(self, person: Person) -> Flow[Outcome]:
        self._begin("assign")
        self._switch(person, on=True)
        return (yield from self._provision(person, active=person.active))

    def update(self, person: Person) -> Flow[Outcome]:
        self._begin("update")
        return (yield from self._provision(person, active=self._is_active(person)))

    def rename(self, person: Person) -> Flow[Outcome]:
        self._begin("rename")
        return (yield from self._provision(person, active=self._is_active(person)))

    def reactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("reactivate")
        self._switch(person, on=True)
        return (yield from self._provision(person, active=True))

    def deactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("deactivate")
        if not self._linked(person):
            return Outcome("object-error", False, f"{person.user_name} is not linked at the target; assign it first")
        return (yield from self._disable(person))

    def delete(self, person: Person) -> Flow[Outcome]:
        self._begin("delete")
        id = self._linked(person)
        if not id:
            return Outcome("object-error", False, f"{person.user_name} is not linked at the target; assign it first")
        outcome = yield from self._disable(person)
        if not outcome.ok:
            return outcome
        reply = yield from self._send("DELETE", user_path(id), f"hard delete of {label(person)}")
        if reply.status == 404:
            self._touch("delete-404")
        elif not reply.ok:
            return _object_error(reply, id)
        self._forget(person)
        return Outcome("done", True, id=id)

    def _disable(self, person: Person) -> Flow[Outcome]:
        """Soft delete: ``active`` false, once (entra:5)."""
        id = self._linked(person)
        if subject_key(person) in self._off:
            return Outcome("unchanged", True, id=id)
        body = entra_patch.body([self._shape.replace("active", False)])
        reply = yield from self._send("PATCH", user_path(id), f"disable {label(person)}", body=body)
        if not reply.ok:
            return _object_error(reply, id)
        self._switch(person, on=False)
        return Outcome("done", True, id=id)

    def _provision(self, person: Person, *, active: bool) -> Flow[Outcome]:
        """Known id: read and compare. Otherwise, or where it is gone: look up, link or create (entra:3, entra:4)."""
        id = self._linked(person)
        if id:
            reply = yield from self._send("GET", user_path(id), f"read {label(person)} to compare")
            held = answers.parsed(reply)
            if reply.ok and not held.fault:
                return (yield from self._patch_differences(person, held.value, active, "updated"))
            if reply.status != 404:
                return _deserialise(held.fault, id) if reply.ok else _object_error(reply, id)
            self._touch("unknown-id")
            self._forget(person)
        query = [("filter", f"userName eq {filter_string(person.user_name)}")]
        reply = yield from self._send("GET", "/Users", f"look {label(person)} up by userName", query=query)
        found, trouble = _only_match(reply, f"userName {person.user_name}")
        if trouble is not None:
            return trouble
        if found is None:
            return (yield from self._create(person, active))
        self._link(person, answers.identifier(found))
        return (yield from self._patch_differences(person, found, active, "linked"))

    def _create(self, person: Person, active: bool) -> Flow[Outcome]:
        body = self._user_body(person, active)
        reply = yield from self._send("POST", "/Users", f"create {label(person)}", body=body)
        id, trouble = _created(reply)
        if trouble is not None:
            return trouble
        self._link(person, id)
        return Outcome("created" if reply.status == 201 else "linked", True, id=id)

    def _patch_differences(self, person: Person, held: dict[str, Any], active: bool, state: str) -> Flow[Outcome]:
        id = self._linked(person)
        values: dict[str, Json] = {"active": active, **self._values(person)}
        changes = [change for change in differences(held, values) if change[1] != ""]
        if not changes:
            return Outcome("linked" if state == "linked" else "unchanged", True, id=id)
        for knob in self._shape.unusual(changes):
            self._touch(knob)
        body = entra_patch.body(self._shape.user(changes))
        reply = yield from self._send("PATCH", user_path(id), f"bring {label(person)} up to date", body=body)
        return Outcome(state, True, id=id) if reply.ok else _object_error(reply, id)

    def _values(self, person: Person) -> Values:
        """In the order of operations: displayName, emails, userName, name parts, then the rest (entra:4)."""
        return {
            "displayName": person.display_name,
            attributes.WORK_EMAIL: person.email,
            "userName": person.user_name,
            "name.givenName": person.given_name,
            "name.familyName": person.family_name,
            "name.formatted": _joined(person),
            "title": person.title,
            "preferredLanguage": person.locale,
            **attributes.addresses(person),
            **attributes.phones(person),
            "externalId": self.external_id(person),
            **attributes.enterprise(person),
        }

    def _user_body(self, person: Person, active: bool) -> dict[str, Any]:
        return without_empty({
            "schemas": [USER, ENTERPRISE],
            "externalId": self.external_id(person),
            "userName": person.user_name,
            "active": active,
            "displayName": person.display_name,
            "emails": typed({"primary": True, "type": "work", "value": person.email}),
            "meta": {"resourceType": "User"},
            "name": {"formatted": _joined(person), "familyName": person.family_name, "givenName": person.given_name},
            "title": person.title,
            "preferredLanguage": person.locale,
            **attributes.body(person),
            "roles": [],
        })

    # Groups ----------------------------------------------------------------------------------------------------------

    def _provision_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        id = self.group_id(team)
        if id:
            reply = yield from self._read_group(team)
            held = answers.parsed(reply)
            if reply.ok and not held.fault:
                return (yield from self._bring_group(team, members, held.value, "updated"))
            if reply.status != 404:
                return _deserialise(held.fault, id) if reply.ok else _object_error(reply, id)
            self._touch("unknown-id")
            self._forget_group(team)
        query = [_NO_MEMBERS, ("filter", f"displayName eq {filter_string(team.display_name)}")]
        reply = yield from self._send("GET", "/Groups", f"look the group {team.display_name} up by name", query=query)
        found, trouble = _only_match(reply, f"displayName {team.display_name}")
        if trouble is not None:
            return trouble
        if found is None:
            return (yield from self._create_group(team, members))
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
        id, trouble = _created(reply)
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
            body = entra_patch.body([self._shape.single(change) for change in changes])
            reply = yield from self._send("PATCH", group_path(id), f"name the group {team.display_name}", body=body)
            if not reply.ok:
                return _object_error(reply, id)
            outcome = Outcome(state, True, id=id)
        return (yield from self._bring_members(team, members, outcome, read=state == "linked"))

    def _bring_members(self, team: Team, members: Sequence[Person], outcome: Outcome, *, read: bool) -> Flow[Outcome]:
        """Adds, then removes; ``read``: the group was not read yet in this act (EN-GROUP-ADD begins with a GET)."""
        joiners = [self._linked(person) for person in self._joiners(team, members)]
        leavers = self._leavers(team, members)
        if not joiners and not leavers:
            return outcome
        if read:
            reply = yield from self._read_group(team)
            if not reply.ok:
                return _object_error(reply, outcome.id)
        for operations, what in ((self._shape.join(joiners), "add"), (self._shape.leave(leavers), "remove")):
            if operations:
                purpose = f"{what} members of {team.display_name}"
                body = entra_patch.body(operations)
                reply = yield from self._send("PATCH", group_path(outcome.id), purpose, body=body)
                if not reply.ok:
                    return _object_error(reply, outcome.id)
        self._members[subject_key(team)] = self._known(members)
        return outcome if outcome.state in ("created", "linked") else Outcome("updated", True, id=outcome.id)

    def _read_group(self, team: Team) -> Flow[Reply]:
        path = group_path(self.group_id(team))
        return self._send("GET", path, f"read the group {team.display_name} without members", query=[_NO_MEMBERS])

    def _group_external_id(self, team: Team) -> str:
        return guid(self.seed, "group", subject_key(team))


def plain(seed: int, memory: Memory | None = None, **settings: str) -> EntraEngine:
    """The engine for ``entra``."""
    return EntraEngine(seed, memory, settings=settings)


def flagged(seed: int, memory: Memory | None = None, **settings: str) -> EntraEngine:
    """The engine for ``entra-flag``."""
    return EntraEngine(seed, memory, flag=True, settings=settings)


def _joined(person: Person) -> str:
    """name.formatted as the default mapping joins it: "First Last" (entra:3)."""
    return " ".join(part for part in (person.given_name, person.family_name) if part)


def _only_match(reply: Reply, what: str) -> tuple[dict[str, Any] | None, Outcome | None]:
    """The one row of a look-up, None where there is none; or the outcome that ends the object's turn."""
    if reply.status == 404:
        return None, Outcome("object-error", False, f"{_MISSING}. {answers.raw(reply)}")
    if not reply.ok:
        return None, _object_error(reply, "")
    found = answers.listing(reply)
    if found.fault:
        return None, _deserialise(found.fault, "")
    if found.total > 1 or (found.total == 1 and len(found.rows) > 1):
        count = max(found.total, len(found.rows))
        words = f"DuplicateTargetEntries: {count} objects at the target match {what}; the object is skipped"
        return None, Outcome("object-error", False, words)
    if found.total <= 0:
        return None, None
    if not found.first_id:
        return None, _deserialise("the resource has no id", "")
    return found.rows[0], None


def _created(reply: Reply) -> tuple[str, Outcome | None]:
    """The id in the answer to a POST, or the outcome that ends the object's turn."""
    if not reply.ok:
        return "", _object_error(reply, "")
    held = answers.parsed(reply)
    id = answers.identifier(held.value)
    return id, None if id else _deserialise(held.fault or "the resource has no id", "")


def _object_error(reply: Reply, id: str) -> Outcome:
    said = answers.raw(reply)
    if reply.status == 401:
        return _quarantined(said, id)
    if reply.status == 400:
        words = (f"SystemForCrossDomainIdentityManagementBadRequest: {said}. This operation was retried 0 times. "
                 "It will be retried again after this date")
    elif reply.status == 409:
        words = f"The target already has such an object: {said}. Tried again in a later cycle"
    else:
        words = f"The target did not carry the request out: {said}. Tried again in the next cycle"
    return Outcome("object-error", False, words, id)


def _quarantined(why: str, id: str = "") -> Outcome:
    return Outcome("quarantined", False, f"EncounteredQuarantineException: {why}", id)


def _incompatible(fault: str) -> str:
    return ("SystemForCrossDomainIdentityManagementServiceIncompatible: We are not able to deserialize the resource "
            f"received from your SCIM endpoint: {fault}")


def _deserialise(fault: str, id: str) -> Outcome:
    return Outcome("object-error", False, _incompatible(fault), id)
