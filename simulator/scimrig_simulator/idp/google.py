"""Google Workspace's automatic provisioning: look up, GET, PUT. Google pushes no groups.

Google publishes no protocol page: but for the look-up's line and the headers everything here is inferred, and says so
(google:10). What a sound server refuses in this dialect can't be blamed with certainty.

Rule: a flow never raises on an answer; every one ends in an outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scimrig_simulator.idp import answers, attributes
from scimrig_simulator.idp.engine import (
    GROUP_ACTS,
    Engine,
    label,
    subject_key,
    user_path,
)
from scimrig_simulator.idp.intent import Outcome
from scimrig_simulator.idp.knobs import Dialect, Knob, ground, toggles
from scimrig_simulator.idp.mapping import Values, merged, typed, without_empty
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.scim.urns import ENTERPRISE, USER
from scimrig_simulator.wire import CREDENTIALS, LENGTH, PERCENT_20, Flow, Headers, Json, filter_string

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

_USER_AGENT = "Google-Auto-Provisioning"
_NO_GROUPS = "Google pushes no groups: they only narrow who is provisioned (google:6)"

KNOBS = (
    Knob("user-agent", _USER_AGENT, "observed", "google:1 [G3]"),
    Knob("content-type", "application/json, on bodies only", "observed", "google:1 [G3]"),
    Knob("header-order", "Authorization, User-Agent, Content-Type, Content-Length", "inferred", "google:1"),
    Knob("query-encoding", "%20 %22 %40", "observed", "google:1 [G4]"),
    Knob("look-up", "userName eq the primary e-mail, startIndex=1, no count", "observed", "google:3 [G4]"),
    Knob("test-request", "GET /Users?startIndex=1", "inferred", "google:2"),
    Knob("look-up-404", "taken as nobody found", "inferred", "google:3"),
    Knob("link-or-create", "found: update; nobody: POST", "inferred", "google:3"),
    Knob("create-body", "schemas userName name emails active, then what is mapped", "inferred", "google:3"),
    Knob("external-id", "none", "inferred", "google:3"),
    Knob("profile-update", "look-up, GET by id, PUT of the object received", "inferred", "google:4"),
    Knob("empty-value", "left out of the PUT", "inferred", "google:4"),
    Knob("suspend", "the update with active false", "inferred", "google:5"),
    Knob("delete", "DELETE by id", "inferred", "google:5"),
    Knob("delete-404", "taken as done", "inferred", "google:5"),
    Knob("groups", "none", "doc", "google:6 [G1, G2; observed G5]"),
    *toggles("inferred", "google:5 [G2]", out_of_scope="deactivate", others=("delete",), groups=False),
    Knob("errors", "shown in the app's provisioning log; retries unknown", "inferred", "google:7"),
)

_WIRE = "user-agent content-type query-encoding"
_UPDATE = f"{_WIRE} look-up profile-update empty-value"

GOOGLE = Dialect("google", "Google Workspace", KNOBS, {
    "connect": ground(2, "users", f"{_WIRE} test-request"),
    "assign": ground(3, "users filter", f"{_WIRE} look-up link-or-create create-body external-id"),
    "update": ground(4, "users filter put", _UPDATE),
    "rename": ground(4, "users filter put", _UPDATE),
    "deactivate": ground(5, "users filter put", f"{_UPDATE} suspend"),
    "reactivate": ground(5, "users filter put", f"{_UPDATE} suspend"),
    "delete": ground(5, "users delete", f"{_WIRE} delete"),
})


class GoogleEngine(Engine):
    """Speaks ``google``."""

    dialect = GOOGLE
    query = PERCENT_20
    _switch_acts = frozenset()  # suspending is a whole update

    def __init__(self, seed: int, memory: Memory | None = None, **settings: str) -> None:
        super().__init__(seed, None, memory, settings)
        self._names = self._table("names")  # user key → userName under which the target knows the person

    def can(self, act: str) -> str:
        return _NO_GROUPS if act in GROUP_ACTS else super().can(act)

    def headers(self, body: bool) -> Headers:
        lines = (("Authorization", CREDENTIALS), ("User-Agent", _USER_AGENT))
        return (*lines, ("Content-Type", "application/json"), ("Content-Length", LENGTH)) if body else lines

    def external_id(self, person: Person) -> str:
        return ""

    def connect(self) -> Flow[Outcome]:
        self._begin("connect")
        reply = yield from self._send("GET", "/Users", "test the token: read users", query=[("startIndex", "1")])
        fault = answers.raw(reply) if not reply.ok else answers.listing(reply).fault
        if fault:
            return Outcome("task-failed", False, f"The app's token or endpoint URL could not be verified: {fault}")
        return Outcome("done", True)

    def assign(self, person: Person) -> Flow[Outcome]:
        self._begin("assign")
        self._switch(person, on=True)
        id, trouble = yield from self._find(person)
        if trouble is not None:
            return trouble
        if not id:
            return (yield from self._create(person))
        self._link(person, id)
        return (yield from self._replace(person, person.active, "linked"))

    def update(self, person: Person) -> Flow[Outcome]:
        self._begin("update")
        return (yield from self._change(person, self._is_active(person), "updated"))

    def rename(self, person: Person) -> Flow[Outcome]:
        self._begin("rename")
        return (yield from self._change(person, self._is_active(person), "updated"))

    def deactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("deactivate")
        outcome = yield from self._change(person, False, "done")
        if outcome.ok:
            self._switch(person, on=False)
        return outcome

    def reactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("reactivate")
        self._switch(person, on=True)
        return (yield from self._change(person, True, "done"))

    def delete(self, person: Person) -> Flow[Outcome]:
        self._begin("delete")
        id = self._linked(person)
        if not id:
            return _failed(person, "nothing is linked at the app; assign the user first")
        reply = yield from self._send("DELETE", user_path(id), f"delete {label(person)}")
        if reply.status == 404:
            self._touch("delete-404")
        elif not reply.ok:
            return _failed(person, answers.raw(reply), id)
        self._forget(person)
        return Outcome("done", True, id=id)

    def push_group(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        yield from ()
        return Outcome("unsupported", False, _NO_GROUPS)

    def set_members(self, team: Team, members: Sequence[Person]) -> Flow[Outcome]:
        return self.push_group(team, members)

    def _find(self, person: Person) -> Flow[tuple[str, Outcome | None]]:
        """Id of the first row of the look-up, "" for nobody; or the outcome of a look-up that failed."""
        name = self._names.get(subject_key(person), person.user_name)
        query = [("filter", f"userName eq {filter_string(name)}"), ("startIndex", "1")]
        reply = yield from self._send("GET", "/Users", f"look {label(person)} up by primary e-mail", query=query)
        if reply.status == 404:
            self._touch("look-up-404")
            return "", None
        if not reply.ok:
            return "", _failed(person, answers.raw(reply))
        found = answers.listing(reply)
        if found.fault or (found.total > 0 and not found.first_id):
            return "", _failed(person, found.fault or "the user found has no id")
        return found.first_id if found.total > 0 else "", None

    def _create(self, person: Person) -> Flow[Outcome]:
        reply = yield from self._send("POST", "/Users", f"create {label(person)}", body=_user_body(person))
        if not reply.ok:
            return _failed(person, answers.raw(reply))
        held = answers.parsed(reply)
        id = answers.identifier(held.value)
        if not id:
            return _failed(person, held.fault or "the user created has no id")
        self._link(person, id)
        self._wrote(person, [path for path, value in self._values(person).items() if value != ""])
        return Outcome("created" if reply.status == 201 else "linked", True, id=id)

    def _change(self, person: Person, active: bool, state: str) -> Flow[Outcome]:
        """GW-UPDATE: the look-up, then GET and PUT. Who is known and not found is still asked for by id."""
        id, trouble = yield from self._find(person)
        if trouble is not None:
            return trouble
        if id:
            self._link(person, id)
        if not self._linked(person):
            return _failed(person, "the app has no such user; assign it first")
        return (yield from self._replace(person, active, state))

    def _replace(self, person: Person, active: bool, state: str) -> Flow[Outcome]:
        id = self._linked(person)
        reply = yield from self._send("GET", user_path(id), f"read {label(person)} before the update")
        held = answers.parsed(reply)
        if not reply.ok or held.fault:
            return _failed(person, held.fault if reply.ok else answers.raw(reply), id)
        body, cleared = merged(held.value, {**self._values(person), "active": active}, blank=False)
        reply = yield from self._send("PUT", user_path(id), f"replace {label(person)}", body=body)
        if not reply.ok:
            return _failed(person, answers.raw(reply), id)
        self._wrote(person, [*cleared, *(path for path, value in self._values(person).items() if value != "")])
        return Outcome(state, True, id=id)

    def _wrote(self, person: Person, paths: Sequence[str]) -> None:
        self._names[subject_key(person)] = person.user_name
        self._note_sent(person, paths)

    def _values(self, person: Person) -> Values:
        return {
            "userName": person.user_name,
            "name.givenName": person.given_name,
            "name.familyName": person.family_name,
            attributes.WORK_EMAIL: person.email,
            "title": person.title,
            **attributes.addresses(person),
            **attributes.phones(person),
            **attributes.enterprise(person),
        }


def _user_body(person: Person) -> dict[str, Any]:
    mapped = attributes.body(person)
    schemas: list[Json] = [USER, *(urn for urn in mapped if urn == ENTERPRISE)]
    return without_empty({
        "schemas": schemas,
        "userName": person.user_name,
        "name": {"givenName": person.given_name, "familyName": person.family_name},
        "emails": typed({"value": person.email, "type": "work", "primary": True}),
        "active": person.active,
        "title": person.title,
        **mapped,
    })


def _failed(person: Person, why: str, id: str = "") -> Outcome:
    return Outcome("task-failed", False, f"Provisioning of {person.user_name} failed: {why}", id)
