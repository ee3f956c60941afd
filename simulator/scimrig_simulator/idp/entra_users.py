"""Users of Entra: looked up, read, compared, patched; disabled before they are deleted (entra:3, entra:4, entra:5).

Reactions follow "Reaction rules in executable form" of idp-dialects.md.

Rule: a flow never raises on an answer; every one ends in an outcome. Nothing is ever PUT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers, attributes, entra_extra, entra_reading
from scimrig_simulator.idp.engine import NO_PROMISES
from scimrig_simulator.idp.entra_manager import EntraManager
from scimrig_simulator.idp.entra_patch import Change, Operation
from scimrig_simulator.idp.intent import Intent, Outcome, in_force
from scimrig_simulator.idp.knobs import Dialect
from scimrig_simulator.idp.mapping import Values, differences, typed, without_empty
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.promises import Promises
from scimrig_simulator.idp.subjects import label, subject_key, user_path
from scimrig_simulator.scim.urns import ENTERPRISE, USER
from scimrig_simulator.wire import Flow, Json, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person


class EntraUsers(EntraManager):
    """Plays the acts about a person."""

    def __init__(
        self, seed: int, dialect: Dialect, memory: Memory | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(seed, dialect, memory, settings)
        self._roles = self._table("roles")  # user key → path → value: app roles that a sound server now holds
        self._left = self._table("left")  # user keys: unassigned, no longer followed
        path = self.setting("custom-attribute")
        self._custom = None if path == "none" else entra_extra.custom(path)
        self._form = self.setting("roles")

    def external_id(self, person: Person) -> str:
        """mailNickname; a rename leaves it alone."""
        return person.login

    # Acts ------------------------------------------------------------------------------------------------------------

    def assign(self, person: Person) -> Flow[Outcome]:
        return self._run("assign", lambda: self._followed(person, person.active))

    def reactivate(self, person: Person) -> Flow[Outcome]:
        return self._run("reactivate", lambda: self._followed(person, True))

    def update(self, person: Person) -> Flow[Outcome]:
        return self._run("update", lambda: self._brought(person, self._is_active(person)))

    def rename(self, person: Person) -> Flow[Outcome]:
        return self._run("rename", lambda: self._brought(person, self._is_active(person)))

    def deactivate(self, person: Person) -> Flow[Outcome]:
        return self._run("deactivate", lambda: self._disabled(person))

    def unassign(self, person: Person) -> Flow[Outcome]:
        return self._run("unassign", lambda: self._unassigned(person))

    def delete(self, person: Person) -> Flow[Outcome]:
        return self._run("delete", lambda: self._deleted(person))

    def _followed(self, person: Person, active: bool) -> Flow[Outcome]:
        """Somebody is in scope, perhaps again."""
        self._switch(person, on=True)
        self._left.pop(subject_key(person), None)
        return (yield from self._brought(person, active))

    def _brought(self, person: Person, active: bool) -> Flow[Outcome]:
        """The user, then the references that can be sent by now."""
        outcome = yield from self._provision(person, active)
        if not outcome.ok or not self.refers(person):
            return outcome
        referred = yield from self._bring_manager(person)
        return outcome if referred.ok and outcome.state != "unchanged" else referred

    def _disabled(self, person: Person) -> Flow[Outcome]:
        id = self._linked(person)
        return (yield from self._disable(subject_key(person), id, label(person))) if id else self._unlinked(person)

    def _disable(self, key: str, id: str, who: str) -> Flow[Outcome]:
        """Soft delete: ``active`` false, once (entra:5)."""
        if key in self._off:
            return Outcome("unchanged", True, id=id)
        body = self._shape.body([self._shape.replace("active", False)])
        reply = yield from self._send("PATCH", user_path(id), f"disable {who}", body=body)
        if not reply.ok:
            return entra_reading.refusal(reply, id)
        self._off[key] = True
        return Outcome("done", True, id=id)

    def _unassigned(self, person: Person) -> Flow[Outcome]:
        """Out of scope: switched off or left alone, and no longer followed (entra:5 [M3, M9])."""
        id = self._linked(person)
        if not id:
            return self._unlinked(person)
        if not self._parting():
            self._left[subject_key(person)] = True
            return Outcome("skipped", True, f"SkipOutOfScopeDeletions: {label(person)} stays as they are", id)
        outcome = yield from self._disable(subject_key(person), id, label(person))
        if outcome.ok:
            self._left[subject_key(person)] = True
        return outcome

    def _deleted(self, person: Person) -> Flow[Outcome]:
        id = self._linked(person)
        if not id:
            return self._unlinked(person)
        key = subject_key(person)
        if key in self._left:
            return Outcome("unchanged", True, f"{label(person)} was unassigned before and is no longer followed", id)
        if key not in self._off and self.setting("hard-delete") == "missed":
            tested = yield from self._test()
            missed = Outcome("unchanged", True, f"{label(person)} was purged before a cycle saw them", id)
            return missed if tested.ok else tested
        outcome = yield from self._disable(key, id, label(person))
        if not outcome.ok:
            return outcome
        reply = yield from self._send("DELETE", user_path(id), f"hard delete of {label(person)}")
        if reply.status == 404:
            self._touch("delete-404")
        elif not reply.ok:
            return entra_reading.refusal(reply, id)
        self._forget(person)
        return Outcome("done", True, id=id)

    # A user's turn ---------------------------------------------------------------------------------------------------

    def _provision(self, person: Person, active: bool) -> Flow[Outcome]:
        """Known id: read and compare. Otherwise, or where it is gone: look up, link or create (entra:3, entra:4)."""
        id = self._linked(person)
        if id:
            reply = yield from self._send("GET", user_path(id), f"read {label(person)} to compare")
            held = answers.parsed(reply)
            if reply.ok and not held.fault:
                return (yield from self._patch_differences(person, held.value, active, "updated"))
            if reply.ok:
                return entra_reading.misread(held.fault, id)
            if reply.status != 404:
                return entra_reading.refusal(reply, id)
            self._touch("unknown-id")
            if self.setting("unknown-id") == "fail":
                return entra_reading.stuck(reply, id)
        return (yield from self._match(person, active))

    def _match(self, person: Person, active: bool) -> Flow[Outcome]:
        """Look up by each matching attribute, the first hit counts; nobody there: forget the id, if any, and create."""
        for attribute in self._matching:
            value = self._values(person)[attribute]
            if value == "":
                continue
            query = [("filter", f"{attribute} eq {filter_string(str(value))}")]
            reply = yield from self._send("GET", "/Users", f"look {label(person)} up by {attribute}", query=query)
            found, trouble = entra_reading.only_match(reply, f"{attribute} {value}")
            if trouble is not None:
                return trouble
            if found is not None:
                self._link(person, answers.identifier(found))
                return (yield from self._linked_now(person, found, active))
        if self._linked(person):
            self._forget(person)
        return (yield from self._create(person, active))

    def _linked_now(self, person: Person, found: dict[str, Any], active: bool) -> Flow[Outcome]:
        """Bring up to date who was just found: from the look-up's answer, or from a read of their own."""
        if self.setting("look-up-compared") == "read":
            id = self._linked(person)
            reply = yield from self._send("GET", user_path(id), f"read {label(person)} to compare")
            held = answers.parsed(reply)
            if not reply.ok:
                return entra_reading.refusal(reply, id)
            if held.fault:
                return entra_reading.misread(held.fault, id)
            found = held.value
        return (yield from self._patch_differences(person, found, active, "linked"))

    def _create(self, person: Person, active: bool) -> Flow[Outcome]:
        if not self.on("create"):
            return Outcome("skipped", True, f"{self.dialect.title} sends nothing: create is switched off")
        body = self._user_body(person, active)
        if self._custom is not None and person.employee_number:
            self._custom.write(body, person.employee_number)
        body["roles"], roles = entra_extra.created_roles(self._form, entra_extra.roles_of(person, self._form))
        reply = yield from self._send("POST", "/Users", f"create {label(person)}", body=body)
        id, trouble = entra_reading.created(reply)
        if trouble is not None:
            return trouble
        self._link(person, id)
        self._note_roles(person, roles)
        self._note([path for path, value in self._values(person).items() if value != ""], person)
        return Outcome("created" if reply.status == 201 else "linked", True, id=id)

    def _patch_differences(self, person: Person, held: dict[str, Any], active: bool, state: str) -> Flow[Outcome]:
        id = self._linked(person)
        self._note_manager(person, held)
        changes = self._changes(person, held, active)
        operations, roles = self._role_changes(person, held)
        operations = [*(self._shape.user(changes) if changes else ()), *operations]
        if not operations:
            self._note_roles(person, roles)
            return Outcome("linked" if state == "linked" else "unchanged", True, id=id)
        for knob in self._shape.unusual(changes):
            self._touch(knob)
        body = self._shape.body(operations)
        reply = yield from self._send("PATCH", user_path(id), f"bring {label(person)} up to date", body=body)
        if not reply.ok:
            return entra_reading.refusal(reply, id)
        self._note_roles(person, roles)
        self._note([path for path, _, _ in changes], person)
        return Outcome(state, True, id=id)

    def _changes(self, person: Person, held: dict[str, Any], active: bool) -> list[Change]:
        """The differences that the admin's toggles let pass; nothing for a value that the source lost [M5]."""
        values: dict[str, Json] = {"active": active} if self.on("deactivate") else {}
        if not self.on("update"):
            return list(differences(held, values))
        found = list(differences(held, {**values, **self._values(person)}))
        if self._custom is not None and person.employee_number not in ("", self._custom.read(held)):
            found.append((self._custom.path, person.employee_number, self._custom.read(held)))
        return [change for change in found if change[1] != "" or self.setting("empty-values") == "remove"]

    def _role_changes(self, person: Person, held: dict[str, Any]) -> tuple[list[Operation], dict[str, Json]]:
        if not self.on("update"):
            return [], {}
        as_created = self.setting("roles-patch") == "as-created"
        roles = entra_extra.roles_of(person, self._form)
        return entra_extra.role_changes(self._form, roles, held, self._shape, self.seed, as_created=as_created)

    def _note_roles(self, person: Person, roles: Mapping[str, Json]) -> None:
        if roles:
            self._roles[subject_key(person)] = dict(roles)

    def _note(self, paths: list[str], person: Person) -> None:
        """What was sent is of interest only where it can be taken away again."""
        if self.setting("empty-values") == "remove":
            self._note_sent(person, paths)

    # What it means to leave behind -----------------------------------------------------------------------------------

    def expected_user(
        self, person: Person, act: str, promises: Promises = NO_PROMISES, held: Intent | None = None
    ) -> Intent:
        there = held is not None and held.exists
        if there and act in ("assign", "reactivate") and not self.on("update"):
            back: dict[str, Json] = {"active": self._leaves_active(person, act)} if self.on("deactivate") else {}
            return in_force(held, Intent("User", values=back))
        intent = super().expected_user(person, act, promises, held)
        if held is None or not there or self.on("deactivate") or not intent.exists:
            return intent
        kept = {name: value for name, value in intent.values.items() if name != "active"}
        active = {"active": held.values["active"]} if "active" in held.values else {}
        return Intent(intent.kind, values={**kept, **active}, fate=intent.fate, key=intent.key)

    def _intended(self, person: Person, act: str) -> Intent:
        if act == "delete" and not self._goes(person):
            return Intent("User", values={"active": False} if subject_key(person) in self._off else {})
        intent = super()._intended(person, act)
        if not intent.exists or act in self._switch_acts:
            return intent
        values = {**intent.values, **self._roles.get(subject_key(person), {}), **self._expected_manager(person)}
        if self._custom is not None and person.employee_number:
            values[self._custom.path] = person.employee_number
        return Intent("User", values=values)

    def _goes(self, person: Person) -> bool:
        """Whether a delete takes them away: not for who is no longer followed, nor for who was purged too soon."""
        key = subject_key(person)
        return key in self._gone or not (key in self._left or self.setting("hard-delete") == "missed")

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
        })


def _joined(person: Person) -> str:
    """name.formatted as the default mapping joins it: "First Last" (entra:3)."""
    return " ".join(part for part in (person.given_name, person.family_name) if part)
