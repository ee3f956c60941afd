"""Okta: the catalogue (OIN) app, the template apps and the App Integration Wizard. Never a DELETE of a user.

The tables are in ``okta_knobs.py`` and ``okta_reactions.py``. Reactions follow "Reaction rules in executable form" of
idp-dialects.md; the words are those that an Okta admin reads (okta:8 [O16, O17]).

Rule: a flow never raises on an answer; every one ends in an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers, attributes, okta_import, okta_knobs
from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.intent import Intent, Outcome
from scimrig_simulator.idp.knobs import Dialect
from scimrig_simulator.idp.mapping import Values, differences, merged, slot, typed, without_empty
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.okta_groups import GroupPush
from scimrig_simulator.idp.okta_words import inactive, refusal, refused, unfit
from scimrig_simulator.idp.subjects import label, subject_key, token, user_path
from scimrig_simulator.scim.urns import ENTERPRISE, PATCH_OP, USER
from scimrig_simulator.wire import PERCENT_20, PLUS, Flow, Headers, Json, Reply, filter_string, pause

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

_BODY_LINES = frozenset({"Content-Type", "Content-Length"})


class OktaEngine(Engine):
    """Speaks ``okta``, ``okta-template`` and ``okta-wizard``: one state machine, three tables."""

    dialect = okta_knobs.OKTA
    paging = (("startIndex", "1"), ("count", str(okta_knobs.PAGE)))
    _drops_users = False

    def __init__(
        self, seed: int, memory: Memory | None = None, dialect: Dialect = okta_knobs.OKTA, **settings: str
    ) -> None:
        super().__init__(seed, dialect, memory, settings)
        verbs = (self.setting(knob) for knob in ("profile-update", "deactivation", "membership"))
        self.dialect = replace(self.dialect, acts=okta_knobs.acts(*verbs))
        self.query = PLUS if self.setting("query-encoding") == "+" else PERCENT_20
        self._wide = self.setting("wide-mapping") == "on"
        self._push = GroupPush(self)

    def can(self, act: str) -> str:
        return "Okta works change by change: there is no cycle (okta:1)" if act == "cycle" else super().can(act)

    def headers(self, body: bool) -> Headers:
        return tuple(line for line in okta_knobs.HEADERS if body or line[0] not in _BODY_LINES)

    def external_id(self, person: Person) -> str:
        return "00u" + token(17, self.seed, "okta user", subject_key(person))

    def expected_group(self, team: Team, members: Sequence[Person], act: str = "set_members") -> Intent:
        if act == "delete_group" and self.setting("group-delete") == "leave":
            return Intent("Group")
        return super().expected_group(team, members, act)

    def _intended(self, person: Person, act: str) -> Intent:
        intent = super()._intended(person, act)
        if act in ("assign", "reactivate") and not self.on("update"):  # whoever was found has kept their profile
            sent = {"active", *self._sent.get(subject_key(person), ())}
            return replace(intent, values={k: v for k, v in intent.values.items() if k in sent})
        if act not in ("update", "rename"):
            return intent
        # A profile push leaves `active` alone (okta:4 [O2]) and echoes the externalId that the server has.
        sent = self._sent.get(subject_key(person), ())
        echoed = ("active", "externalId")
        return Intent("User", values={k: v for k, v in intent.values.items() if k not in echoed or k in sent})

    def _granted(self, act: str, held: Intent) -> Values:
        """Whoever is found inactive is activated by a request of its own before the profile is pushed (okta:5)."""
        activates = act in ("assign", "reactivate") and held.values.get("active") is False
        return {"active": True} if activates and self.setting("activate") == "switch" else {}

    # Users -----------------------------------------------------------------------------------------------------------

    def connect(self) -> Flow[Outcome]:
        self._begin("connect")
        users = (("startIndex", "1"), ("count", "2"))
        reply = yield from self._send("GET", "/Users", "test the credentials: read users", query=users)
        fault = unfit(reply)
        if not fault and self.on("groups"):
            self._touch("group-probe")
            reply = yield from self._send("GET", "/Groups", "test the credentials: read groups", query=self.paging)
            fault = unfit(reply)
        if fault:
            return Outcome("task-failed", False, f"Test API Credentials failed: {fault}")
        return Outcome("done", True)

    def assign(self, person: Person) -> Flow[Outcome]:
        self._begin("assign")
        return (yield from self._provision(person))

    def reactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("reactivate")
        return (yield from self._provision(person))

    def update(self, person: Person) -> Flow[Outcome]:
        self._begin("update")
        return (yield from self._push_profile(person))

    def rename(self, person: Person) -> Flow[Outcome]:
        self._begin("rename")
        return (yield from self._push_profile(person))

    def deactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("deactivate")
        return (yield from self._switch_off(person))

    def unassign(self, person: Person) -> Flow[Outcome]:
        self._begin("unassign")
        return (yield from self._part(person))

    def delete(self, person: Person) -> Flow[Outcome]:
        self._begin("delete")
        return (yield from self._part(person))

    def import_users(self) -> Flow[Outcome]:
        self._begin("import_users")
        found = yield from okta_import.read_all(
            lambda method, path, purpose, query: self._ask(method, path, purpose, query=query), okta_knobs.PAGE,
            groups=self.on("groups"), entitlements=self.setting("entitlements") == "on",
        )
        self.imported = frozenset(found.users)
        if found.short:
            self._touch("short-page")
        if found.refusal:
            return Outcome("task-failed", False, f"The import of users and groups failed: {found.refusal}")
        return Outcome("done", True, f"imported {len(found.users)} active users and {len(found.groups)} groups")

    def _provision(self, person: Person) -> Flow[Outcome]:
        """The assignment flow: look up, link or create, activate, push (okta:3, okta:5)."""
        phase = f"Error while verifying if user {person.user_name} exists"
        query = (("filter", f"userName eq {filter_string(person.user_name)}"), *self.paging)
        reply = yield from self._ask("GET", "/Users", f"look {label(person)} up by userName", query=query)
        if reply.status == 404:
            return (yield from self._create(person))
        if not reply.ok:
            return self._failed(person, phase, refused(reply))
        found = answers.listing(reply)
        if found.fault:
            return self._failed(person, phase, found.fault)
        if found.total <= 0:
            return (yield from self._create(person))
        if not found.first_id:
            return self._failed(person, phase, "the user found has no id")
        self._link(person, found.first_id)
        if found.rows[0].get("active") is False and self.setting("activate") == "switch":
            hindrance = yield from self._activate(person)
            if hindrance is not None:
                return hindrance
        if not self.on("update"):
            self._switch(person, on=True)
            return Outcome("linked", True, id=found.first_id)
        return (yield from self._push_profile(person, linking=True))

    def _create(self, person: Person) -> Flow[Outcome]:
        if not self.on("create"):
            return Outcome("skipped", True, "Okta sends nothing: create is switched off")
        body = self._user_body(person)
        reply = yield from self._ask("POST", "/Users", f"create {label(person)}", body=body)
        phase = f"Error while creating user {person.user_name}"
        if not reply.ok:
            again = reply.status == 409 and self.setting("conflict") == "retry"
            return self._failed(person, phase, refused(reply), "rescheduled" if again else "task-failed")
        held = answers.parsed(reply)
        if held.fault and reply.body.strip():
            return self._failed(person, phase, held.fault)
        id = answers.identifier(held.value)
        if not id:
            return self._failed(person, phase, "Create new user returned empty user.")
        self._link(person, id)
        self._switch(person, on=True)
        self._note_sent(person, ["active", *(path for path, value in self._values(person).items() if value != "")])
        return Outcome("created" if reply.status == 201 else "linked", True, id=id)

    def _activate(self, person: Person) -> Flow[Outcome | None]:
        """Switch somebody on who was found inactive; the outcome where that fails, else None."""
        self._touch("activate")
        hindrance, reply = yield from self._set_active(person, True)
        if hindrance:
            return self._failed(person, f"Error while reactivating user {person.user_name}", hindrance)
        return self._delayed(person) if reply is not None and inactive(reply) else None

    def _push_profile(self, person: Person, *, linking: bool = False) -> Flow[Outcome]:
        """Read, set what is mapped, send the whole object back, or what has changed of it (okta:4)."""
        id = self._linked(person)
        phase = f"Error while updating user {person.user_name}"
        if not id:
            return self._failed(person, phase, "the user is not linked to the app; assign it first")
        reply = yield from self._ask("GET", user_path(id), f"read {label(person)} before the update")
        held = answers.parsed(reply)
        if not reply.ok or held.fault:
            return self._failed(person, phase, refused(reply, known=True) if not reply.ok else held.fault)
        if linking:
            if held.value.get("active") is False and self.setting("activate") == "switch":
                return self._delayed(person)
            self._switch(person, on=True)  # seen to be on, or switched on with the profile
        answer, paths = yield from self._send_profile(person, held.value, linking)
        hindrance = "" if answer is None else refusal(answer, known=True)
        if hindrance:
            return self._failed(person, phase, hindrance)
        self._note_sent(person, paths)
        if self.setting("password-sync") == "on" and not self._puts_profile:
            self._touch("password-sync")
            hindrance = refusal((yield from self._patch(person, {"password": self._password(person)}, "password")))
            if hindrance:
                return self._failed(person, phase, hindrance)
        if not linking:
            return Outcome("updated" if answer is not None else "unchanged", True, id=id)
        if answer is not None and inactive(answer):
            return self._delayed(person)
        self._note_sent(person, ["active"])
        return Outcome("linked", True, id=id)

    def _send_profile(
        self, person: Person, held: dict[str, Any], linking: bool
    ) -> Flow[tuple[Reply | None, list[str]]]:
        """The answer, None where there is nothing to send; and the paths that carry a value of ours or were cleared."""
        values = {path: value for path, value in self._values(person).items() if path != "locale" or value != ""}
        if not linking:
            values.pop("externalId")
        elif self.setting("activate") == "profile" and held.get("active") is False:
            self._touch("activate")
            values["active"] = True
        if self._wide:
            self._touch("wide-mapping")
        paths = [path for path, value in values.items() if value != ""]
        if not self._puts_profile:
            return (yield from self._patch_profile(person, held, values, paths))
        body, cleared = merged(held, values, blank=True)
        if self.setting("password-sync") == "on":
            self._touch("password-sync")
            body["password"] = self._password(person)
        reply = yield from self._ask(
            "PUT", user_path(self._linked(person)), f"push the profile of {label(person)}", body=body
        )
        return reply, [*cleared, *paths]

    def _patch_profile(
        self, person: Person, held: dict[str, Any], values: Values, paths: list[str]
    ) -> Flow[tuple[Reply | None, list[str]]]:
        """What has changed, as members of one object: a changed part of a complex attribute brings the whole of it."""
        if "patch-body" in self._settings:
            self._touch("patch-body")
        body, cleared = merged(held, values, blank=True)
        names = {(slot(path).urn or slot(path).name) for path, _, _ in differences(held, values)}
        changed = {name: value for name, value in body.items() if name in names}
        if not changed:
            return None, paths
        return (yield from self._patch(person, changed, "profile")), [*cleared, *paths]

    @property
    def _puts_profile(self) -> bool:
        return self.setting("profile-update") == "put"

    def _part(self, person: Person) -> Flow[Outcome]:
        """Unassign, or delete at Okta's own end: who is deactivated already is sent nothing about (okta:5)."""
        if subject_key(person) in self._off:
            return Outcome("unchanged", True, id=self._linked(person))
        return (yield from self._switch_off(person))

    def _switch_off(self, person: Person) -> Flow[Outcome]:
        phase = f"Error while deactivating user {person.user_name}"
        if not self._linked(person):
            return self._failed(person, phase, "the user is not linked to the app; assign it first")
        hindrance, _ = yield from self._set_active(person, False)
        if hindrance:
            return self._failed(person, phase, hindrance)
        self._switch(person, on=False)
        self._note_sent(person, ["active"])
        return Outcome("done", True, id=self._linked(person))

    def _set_active(self, person: Person, on: bool) -> Flow[tuple[str, Reply | None]]:
        """By PATCH, or by PUT of the object received; why it failed, or "", and the last answer."""
        what = "activate" if on else "deactivate"
        if self.setting("deactivation") == "patch":
            reply = yield from self._patch(person, {"active": on}, what)
            return refusal(reply, known=True), reply
        path = user_path(self._linked(person))
        reply = yield from self._ask("GET", path, f"read {label(person)} before the update")
        held = answers.parsed(reply)
        if not reply.ok or held.fault:
            return (refused(reply, known=True) if not reply.ok else held.fault), reply
        body, _ = merged(held.value, {"active": on}, blank=True)
        reply = yield from self._ask("PUT", path, f"{what} {label(person)}", body=body)
        return refusal(reply, known=True), reply

    def _patch(self, person: Person, value: dict[str, Any], what: str) -> Flow[Reply]:
        """A replace without a path (okta:5, OK-PASSWORD)."""
        purpose = f"{what} {label(person)}" if what in ("activate", "deactivate") else f"push {label(person)}'s {what}"
        body: dict[str, Json] = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": value}]}
        return self._ask("PATCH", user_path(self._linked(person)), purpose, body=body)

    # Groups ----------------------------------------------------------------------------------------------------------

    def push_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        self._begin("push_group")
        return (yield from self._push.push(team, members))

    def set_members(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        self._begin("set_members")
        return (yield from self._push.bring(team, members))

    def rename_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        self._begin("rename_group")
        return (yield from self._push.rename(team, members))

    def delete_group(self, team: Team) -> Flow[Outcome]:
        self._begin("delete_group")
        return (yield from self._push.delete(team))

    # Common ----------------------------------------------------------------------------------------------------------

    def _ask(self, method: str, path: str, purpose: str, *, query: Sequence[tuple[str, str]] = (),
             body: Json = None) -> Flow[Reply]:
        """Send; after a 429 wait and send again, ten attempts in all (okta:8 [O2])."""
        backoff = okta_knobs.WAIT
        for _ in range(okta_knobs.ATTEMPTS - 1):
            reply = yield from self._send(method, path, purpose, query=query, body=body)
            if reply.status != 429:
                return reply
            given = answers.retry_after(reply)
            if given is not None:
                yield from pause(given, f"429, Retry-After: {given}")
            else:
                yield from pause(backoff, "429 without a Retry-After that is a whole number of seconds")
                backoff *= 2
        return (yield from self._send(method, path, purpose, query=query, body=body))

    def _leaves_active(self, person: Person, act: str) -> bool:
        # Okta assigns nobody who is inactive at its own end, so whoever it has pushed and not switched off is active.
        return act in ("assign", "reactivate") or subject_key(person) not in self._off

    def _values(self, person: Person) -> Values:
        values: dict[str, Json] = {
            "userName": person.user_name,
            "name.givenName": person.given_name,
            "name.middleName": person.middle_name,
            "name.familyName": person.family_name,
            attributes.WORK_EMAIL: person.email,
            "displayName": person.display_name,
            "locale": person.locale,
            "title": person.title,
            "externalId": self.external_id(person),
        }
        if self._wide:
            values |= attributes.phones(person) | attributes.addresses(person) | attributes.enterprise(person)
        return values

    def _user_body(self, person: Person) -> dict[str, Any]:
        wide = attributes.body(person) if self._wide else {}
        if wide:
            self._touch("wide-mapping")
        return without_empty({
            "schemas": [USER, *(urn for urn in wide if urn == ENTERPRISE)],
            "userName": person.user_name,
            "name": {"givenName": person.given_name, "middleName": person.middle_name,
                     "familyName": person.family_name},
            "emails": typed({"primary": True, "value": person.email, "type": "work"}),
            "displayName": person.display_name,
            "locale": person.locale or okta_knobs.LOCALE,
            "title": person.title,
            **wide,
            "externalId": self.external_id(person),
            "groups": [],
            "password": self._password(person),
            "active": True,
        })

    def _password(self, person: Person) -> str:
        return token(8, self.seed, "password", subject_key(person))

    def _failed(self, person: Person, phase: str, why: str, state: str = "task-failed") -> Outcome:
        words = f"Automatic provisioning of user {person.user_name} to app SCIM failed: {phase}: {why}"
        return Outcome(state, False, words, self._linked(person))

    def _delayed(self, person: Person) -> Outcome:
        self._touch("still-inactive")
        words = (f"Automatic provisioning of user {person.user_name} to app failed due to delay in reactivating remote "
                 "User. Rescheduling provision job.")
        return Outcome("rescheduled", False, words, self._linked(person), self.reads_as("still inactive"))


def template(seed: int, memory: Memory | None = None, **settings: str) -> OktaEngine:
    """The engine for ``okta-template``."""
    return OktaEngine(seed, memory, okta_knobs.TEMPLATE, **settings)


def wizard(seed: int, memory: Memory | None = None, **settings: str) -> OktaEngine:
    """The engine for ``okta-wizard``."""
    return OktaEngine(seed, memory, okta_knobs.WIZARD, **settings)
