"""Okta's catalogue (OIN) app: profile by GET and PUT, ``active`` and membership by PATCH, never a DELETE.

The table is in ``okta_knobs.py``. Reactions follow "Reaction rules in executable form" of idp-dialects.md; the words
are those that an Okta admin reads (okta:8 [O16, O17]).

Rule: a flow never raises on an answer; every one ends in an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers, attributes, okta_knobs
from scimrig_simulator.idp.engine import Engine, group_path, label, subject_key, token, user_path
from scimrig_simulator.idp.intent import Intent, Outcome
from scimrig_simulator.idp.mapping import Values, merged, typed, without_empty
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.scim.urns import ENTERPRISE, GROUP, PATCH_OP, USER
from scimrig_simulator.wire import PERCENT_20, Flow, Headers, Json, Reply, filter_string, pause

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

_BODY_LINES = frozenset({"Content-Type", "Content-Length"})
_PAGING = (("startIndex", "1"), ("count", okta_knobs.PAGE))


class OktaEngine(Engine):
    """Speaks ``okta``."""

    dialect = okta_knobs.OKTA
    query = PERCENT_20
    _drops_users = False

    def __init__(self, seed: int, memory: Memory | None = None, **settings: str) -> None:
        super().__init__(seed, None, memory, settings)
        self._probes_groups = self.on("groups")
        self._wide = self.setting("wide-mapping") == "on"

    def headers(self, body: bool) -> Headers:
        return tuple(line for line in okta_knobs.HEADERS if body or line[0] not in _BODY_LINES)

    def external_id(self, person: Person) -> str:
        return "00u" + token(17, self.seed, "okta user", subject_key(person))

    def _intended(self, person: Person, act: str) -> Intent:
        intent = super()._intended(person, act)
        if act not in ("update", "rename"):
            return intent
        # A profile push leaves `active` alone (okta:4 [O2]) and echoes the externalId that the server has.
        sent = self._sent.get(subject_key(person), ())
        echoed = ("active", "externalId")
        return Intent("User", values={k: v for k, v in intent.values.items() if k not in echoed or k in sent})

    def _granted(self, act: str, held: Intent) -> Values:
        """Whoever is found inactive is activated by a PATCH of its own before the profile is pushed (okta:5)."""
        activates = act in ("assign", "reactivate") and held.values.get("active") is False
        return {"active": True} if activates else {}

    # Users -----------------------------------------------------------------------------------------------------------

    def connect(self) -> Flow[Outcome]:
        self._begin("connect")
        users = (("startIndex", "1"), ("count", "2"))
        reply = yield from self._send("GET", "/Users", "test the credentials: read users", query=users)
        fault = _unfit(reply)
        if not fault and self._probes_groups:
            self._touch("group-probe")
            reply = yield from self._send("GET", "/Groups", "test the credentials: read groups", query=_PAGING)
            fault = _unfit(reply)
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

    def delete(self, person: Person) -> Flow[Outcome]:
        self._begin("delete")
        if subject_key(person) in self._off:  # deleting somebody who is deactivated sends nothing (okta:5)
            return Outcome("unchanged", True, id=self._linked(person))
        return (yield from self._switch_off(person))

    def _provision(self, person: Person) -> Flow[Outcome]:
        """The assignment flow: look up, link or create, activate, push (okta:3, okta:5)."""
        phase = f"Error while verifying if user {person.user_name} exists"
        query = (("filter", f"userName eq {filter_string(person.user_name)}"), *_PAGING)
        reply = yield from self._ask("GET", "/Users", f"look {label(person)} up by userName", query=query)
        if reply.status == 404:
            return (yield from self._create(person))
        if not reply.ok:
            return self._failed(person, phase, _refused(reply))
        found = answers.listing(reply)
        if found.fault:
            return self._failed(person, phase, found.fault)
        if found.total <= 0:
            return (yield from self._create(person))
        if not found.first_id:
            return self._failed(person, phase, "the user found has no id")
        self._link(person, found.first_id)
        if found.rows[0].get("active") is False:
            hindrance = yield from self._activate(person)
            if hindrance is not None:
                return hindrance
        return (yield from self._push_profile(person, linking=True))

    def _create(self, person: Person) -> Flow[Outcome]:
        body = self._user_body(person)
        reply = yield from self._ask("POST", "/Users", f"create {label(person)}", body=body)
        phase = f"Error while creating user {person.user_name}"
        if not reply.ok:
            return self._failed(person, phase, _refused(reply))
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
        reply = yield from self._ask("PATCH", user_path(self._linked(person)), f"activate {label(person)}",
                                     body=_active(True))
        refusal = _refusal(reply, known=True)
        if refusal:
            return self._failed(person, f"Error while reactivating user {person.user_name}", refusal)
        return self._delayed(person) if _inactive(reply) else None

    def _push_profile(self, person: Person, *, linking: bool = False) -> Flow[Outcome]:
        """Read, set what is mapped, send the whole object back (okta:4)."""
        id = self._linked(person)
        phase = f"Error while updating user {person.user_name}"
        if not id:
            return self._failed(person, phase, "the user is not linked to the app; assign it first")
        reply = yield from self._ask("GET", user_path(id), f"read {label(person)} before the update")
        held = answers.parsed(reply)
        if not reply.ok or held.fault:
            return self._failed(person, phase, _refused(reply, known=True) if not reply.ok else held.fault)
        if linking:
            if held.value.get("active") is False:
                return self._delayed(person)
            self._switch(person, on=True)  # seen to be on, whatever becomes of the profile
        body, paths = self._merge(person, held.value, linking)
        reply = yield from self._ask("PUT", user_path(id), f"push the profile of {label(person)}", body=body)
        refusal = _refusal(reply, known=True)
        if refusal:
            return self._failed(person, phase, refusal)
        self._note_sent(person, paths)
        if not linking:
            return Outcome("updated", True, id=id)
        if _inactive(reply):
            return self._delayed(person)
        self._note_sent(person, ["active"])
        return Outcome("linked", True, id=id)

    def _merge(self, person: Person, held: dict[str, Any], linking: bool) -> tuple[dict[str, Any], list[str]]:
        """The object to PUT, and the paths that carry a value of ours or were cleared."""
        values = {path: value for path, value in self._values(person).items() if path != "locale" or value != ""}
        if not linking:
            values.pop("externalId")
        if self._wide:
            self._touch("wide-mapping")
        body, cleared = merged(held, values, blank=True)
        return body, [*cleared, *(path for path, value in values.items() if value != "")]

    def _switch_off(self, person: Person) -> Flow[Outcome]:
        id = self._linked(person)
        phase = f"Error while deactivating user {person.user_name}"
        if not id:
            return self._failed(person, phase, "the user is not linked to the app; assign it first")
        reply = yield from self._ask("PATCH", user_path(id), f"deactivate {label(person)}", body=_active(False))
        refusal = _refusal(reply, known=True)
        if refusal:
            return self._failed(person, phase, refusal)
        self._switch(person, on=False)
        self._note_sent(person, ["active"])
        return Outcome("done", True, id=id)

    # Groups ----------------------------------------------------------------------------------------------------------

    def push_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        self._begin("push_group")
        if not self.group_id(team):
            return (yield from self._first_push(team, members))
        refusal = yield from self._rename_group(team)
        if not refusal:
            refusal = yield from self._replace_members(team, members)
        return self._pushed(team, refusal, "updated")

    def set_members(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        self._begin("set_members")
        if not self.group_id(team):
            return (yield from self._first_push(team, members))
        if not self._joiners(team, members) and not self._leavers(team, members):
            return Outcome("unchanged", True, id=self.group_id(team))
        refusal = yield from self._change_members(team, members)
        return self._pushed(team, refusal, "updated")

    def _first_push(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        query = (("filter", f"displayName eq {filter_string(team.display_name)}"), *_PAGING)
        reply = yield from self._ask("GET", "/Groups", f"look the group {team.display_name} up by name", query=query)
        found = answers.listing(reply) if reply.ok else answers.Listing()
        if not reply.ok and reply.status != 404:
            return self._pushed(team, _refused(reply), "")
        if found.fault:
            return self._pushed(team, found.fault, "")
        if found.total <= 0:
            return (yield from self._create_group(team, members))
        if not found.first_id:
            return self._pushed(team, "the group found has no id", "")
        self._link_group(team, found.first_id)
        refusal = yield from self._replace_members(team, members)
        return self._pushed(team, refusal, "linked")

    def _create_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        body: dict[str, Json] = {"schemas": [GROUP], "displayName": team.display_name, "members": []}
        reply = yield from self._ask("POST", "/Groups", f"create the group {team.display_name}", body=body)
        if not reply.ok:
            return self._pushed(team, _refused(reply), "")
        held = answers.parsed(reply)
        id = answers.identifier(held.value)
        if not id:
            return self._pushed(team, held.fault or "Create new group returned a group without id.", "")
        self._link_group(team, id)
        refusal = ""
        if self._joiners(team, members):
            refusal = yield from self._change_members(team, members)
        return self._pushed(team, refusal, "created")

    def _change_members(self, team: Team, members: Sequence[Person]) -> Flow[str]:
        """The rename that goes with every membership change, then the change; why it was refused, or ""."""
        refusal = yield from self._rename_group(team)
        if refusal:
            return refusal
        operations: list[dict[str, Json]] = [
            {"op": "remove", "path": f"members[value eq {filter_string(id)}]"} for id in self._leavers(team, members)
        ]
        joiners = self._joiners(team, members)
        if joiners:
            operations.append({"op": "add", "path": "members", "value": self._member_objects(joiners)})
        refusal = yield from self._patch_group(team, operations, f"change the members of {team.display_name}")
        if not refusal:
            self._members[subject_key(team)] = self._known(members)
        return refusal

    def _replace_members(self, team: Team, members: Sequence[Person]) -> Flow[str]:
        everybody = self._member_objects([person for person in members if self._linked(person)])
        operation: dict[str, Json] = {"op": "replace", "path": "members", "value": everybody}
        refusal = yield from self._patch_group(team, [operation], f"push all members of {team.display_name}")
        if not refusal:
            self._members[subject_key(team)] = self._known(members)
        return refusal

    def _rename_group(self, team: Team) -> Flow[str]:
        value: dict[str, Json] = {"id": self.group_id(team), "displayName": team.display_name}
        operation: dict[str, Json] = {"op": "replace", "value": value}
        return (yield from self._patch_group(team, [operation], f"name the group {team.display_name}"))

    def _patch_group(self, team: Team, operations: Sequence[dict[str, Json]], purpose: str) -> Flow[str]:
        body: dict[str, Json] = {"schemas": [PATCH_OP], "Operations": list(operations)}
        reply = yield from self._ask("PATCH", group_path(self.group_id(team)), purpose, body=body)
        return _refusal(reply)

    def _member_objects(self, members: Sequence[Person]) -> list[Json]:
        return [{"value": self._linked(person), "display": person.user_name} for person in members]

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
            "password": token(8, self.seed, "password", subject_key(person)),
            "active": True,
        })

    def _failed(self, person: Person, phase: str, why: str) -> Outcome:
        words = f"Automatic provisioning of user {person.user_name} to app SCIM failed: {phase}: {why}"
        return Outcome("task-failed", False, words, self._linked(person))

    def _delayed(self, person: Person) -> Outcome:
        self._touch("still-inactive")
        words = (f"Automatic provisioning of user {person.user_name} to app failed due to delay in reactivating remote "
                 "User. Rescheduling provision job.")
        return Outcome("task-failed", False, words, self._linked(person))

    def _pushed(self, team: Team, refusal: str, state: str) -> Outcome:
        if not refusal:
            return Outcome(state, True, id=self.group_id(team))
        words = f"Group push mapping for {team.display_name} is in Error state: {refusal}"
        return Outcome("task-failed", False, words, self.group_id(team))


def _active(on: bool) -> dict[str, Json]:
    return {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": {"active": on}}]}


def _refused(reply: Reply, *, known: bool = False) -> str:
    """``known``: asked for an id that Okta has; a 404 has words of its own then (okta:4 [O16])."""
    reason = "Matching user not found" if known and reply.status == 404 else answers.reason(reply)
    return f"{reason}. Errors reported by remote server: {answers.detail(reply)}"


def _refusal(reply: Reply, *, known: bool = False) -> str:
    """Why a PUT or PATCH failed, "" where it did not: 200 with JSON, or 2xx with nothing (okta:5, okta:8)."""
    if not reply.ok:
        return _refused(reply, known=known)
    return answers.parsed(reply).fault if reply.body.strip() else ""


def _inactive(reply: Reply) -> bool:
    return answers.parsed(reply).value.get("active") is False


def _unfit(reply: Reply) -> str:
    """Why an answer to the credentials test is not what Okta wants, "" where it is (okta:2)."""
    if not reply.ok:
        return _refused(reply)
    return answers.listing(reply).fault or answers.uneven(reply)
