"""One engine for the IdPs that replace: look up, POST, PUT of the whole, and DELETE or active false by a setting.

What tells them apart is in their tables: each has a module with its knobs, its mapping and, where it has one, a shape
of its own for the body. What is unknown of an IdP is a knob here, so that it can be turned once somebody knows.

Rule: a flow never raises on an answer; every one ends in an outcome. Names no dialect.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from scimrig_simulator.idp import answers
from scimrig_simulator.idp.acts import Directory
from scimrig_simulator.idp.engine import NO_PROMISES
from scimrig_simulator.idp.intent import Intent, Outcome, in_force
from scimrig_simulator.idp.mapping import differences, merged, operations, slot
from scimrig_simulator.idp.memory import Memory
from scimrig_simulator.idp.promises import Promises
from scimrig_simulator.idp.replacing_groups import GroupKeeper
from scimrig_simulator.idp.replacing_knobs import grounds
from scimrig_simulator.idp.subjects import label, subject_key, user_path
from scimrig_simulator.scim.urns import PATCH_OP, USER
from scimrig_simulator.wire import (
    CREDENTIALS,
    LENGTH,
    PERCENT_20,
    PLUS,
    Flow,
    Headers,
    Json,
    Reply,
    filter_string,
    pause,
)

if TYPE_CHECKING:
    from scimrig_simulator.workforce.person import Person
    from scimrig_simulator.workforce.team import Team

_ATTEMPTS = 3  # in all, of an IdP that waits after a 429
Row = dict[str, Any]


class ReplacingEngine(GroupKeeper):
    """Speaks any dialect whose table ``replacing_knobs`` puts together.

    never:  act → why this IdP does not do it
    order:  the members of a User in the order in which they are sent; what is not named follows
    failed: what an admin reads of a task that failed, with {who} and {why}; unconnected: of a connection test
    """

    never: ClassVar[Mapping[str, str]] = {}
    order: ClassVar[Sequence[str]] = ("schemas", "externalId", "userName")
    failed: ClassVar[str] = "Provisioning of {who} failed: {why}"
    unconnected: ClassVar[str] = "The connection test failed: {why}"
    _switch_acts = frozenset()  # whoever is switched off is updated as a whole

    def __init__(self, seed: int, memory: Memory | None = None, **settings: str) -> None:
        super().__init__(seed, None, memory, settings)
        self.dialect = replace(self.dialect, acts=grounds(self.dialect.knobs, self.never))
        self.query = PLUS if self.setting("query-encoding").startswith("+") else PERCENT_20
        self._names = self._table("names")  # user key → name or address under which the target knows the person
        self._last = self._table("last")  # user key → digest of what was sent last

    def can(self, act: str) -> str:
        return self.never.get(act, "") or super().can(act)

    def play(
        self, act: str, who: Person | Team | None = None, members: Sequence[Person] = (),
        directory: Directory | None = None,
    ) -> Flow[Outcome]:
        return self._declined(act) if act in self.never else super().play(act, who, members, directory)

    def _declined(self, act: str) -> Flow[Outcome]:
        self._begin(act)
        yield from ()
        return Outcome("unsupported", False, self.never[act])

    def headers(self, body: bool) -> Headers:
        lines = [
            ("Accept", self.setting("accept")), ("Authorization", CREDENTIALS),
            ("User-Agent", self.setting("user-agent")),
        ]
        if body:
            lines += [("Content-Type", self.setting("content-type")), ("Content-Length", LENGTH)]
        return tuple(line for line in lines if line[1] != "none")

    def external_id(self, person: Person) -> str:
        return ""

    # What it means to leave behind -----------------------------------------------------------------------------------

    def expected_user(
        self, person: Person, act: str, promises: Promises = NO_PROMISES, held: Intent | None = None
    ) -> Intent:
        if act == "assign" and self._withheld(person):
            return Intent("User", exists=False) if held is None else in_force(held, held)
        return super().expected_user(person, self._comes_to(act), promises, held)

    def _intended(self, person: Person, act: str) -> Intent:
        intent = super()._intended(person, act)
        return replace(intent, whole=intent.exists and self.setting("profile-update") == "put")

    def _comes_to(self, act: str) -> str:
        """What an act that parts with somebody comes to: deactivate, delete, or "" for nothing."""
        knob = {"unassign": "out-of-scope", "deactivate": "on-suspend", "delete": "on-delete"}.get(act)
        if knob is None:
            return act
        if knob == "on-suspend":
            return self._settings.get(knob, "deactivate")
        how = self._settings.get(knob, self.setting("out-of-scope"))
        return "" if how == "leave" else how

    def _withheld(self, person: Person) -> bool:
        """Whether this IdP creates nobody who is inactive, and this is one."""
        return not person.active and not self._linked(person) and self._settings.get("provision-disabled") == "off"

    # Acts ------------------------------------------------------------------------------------------------------------

    def connect(self) -> Flow[Outcome]:
        self._begin("connect")
        test = self.setting("test-request")
        if test == "write":
            return (yield from self._try_writing())
        query = [("startIndex", "1")] if test == "read" else self._query(self.nobody)
        reply = yield from self._send("GET", "/Users", "test the connection", query=query)
        if test == "look-up" and reply.status == 404:
            return Outcome("done", True)
        fault = answers.listing(reply).fault if reply.ok else ""
        return Outcome("done", True) if reply.ok and not fault else self._trouble("", reply, fault)

    def assign(self, person: Person) -> Flow[Outcome]:
        self._begin("assign")
        return (yield from self._assign(person))

    def update(self, person: Person) -> Flow[Outcome]:
        self._begin("update")
        return (yield from self._change(person, self._is_active(person), "updated"))

    def rename(self, person: Person) -> Flow[Outcome]:
        self._begin("rename")
        return (yield from self._change(person, self._is_active(person), "updated"))

    def deactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("deactivate")
        return (yield from self._part(person, "deactivate"))

    def unassign(self, person: Person) -> Flow[Outcome]:
        self._begin("unassign")
        return (yield from self._part(person, "unassign"))

    def delete(self, person: Person) -> Flow[Outcome]:
        self._begin("delete")
        return (yield from self._part(person, "delete"))

    def reactivate(self, person: Person) -> Flow[Outcome]:
        self._begin("reactivate")
        self._switch(person, on=True)
        return (yield from self._change(person, True, "done"))

    # Users -----------------------------------------------------------------------------------------------------------

    def _assign(self, person: Person) -> Flow[Outcome]:
        self._switch(person, on=True)
        found, trouble = yield from self._find(person)
        if trouble is not None:
            return trouble
        return (yield from self._take_on(person, found)) if found else (yield from self._create(person))

    def _take_on(self, person: Person, id: str) -> Flow[Outcome]:
        """Link who was found, and bring them up to date unless updates are off."""
        self._link(person, id)
        if not self.on("update"):
            return Outcome("linked", True, id=id)
        return (yield from self._replace(person, person.active, "linked"))

    def _find(self, person: Person) -> Flow[tuple[str, Outcome | None]]:
        """Id of the first row of the look-up, "" for nobody; or the outcome of a look-up that failed."""
        name = self._names.get(subject_key(person), self._identity(person))
        reply = yield from self._send("GET", "/Users", f"look {label(person)} up", query=self._query(name))
        if reply.status == 404 and self.setting("look-up-404") == "nobody":
            self._touch("look-up-404")
            return "", None
        found = answers.listing(reply) if reply.ok else answers.Listing()
        if not reply.ok or found.fault or (found.total > 0 and not found.first_id):
            return "", self._trouble(person.user_name, reply, found.fault or "the user found has no id")
        return found.first_id if found.total > 0 else "", None

    def _create(self, person: Person) -> Flow[Outcome]:
        if not self.on("create"):
            return Outcome("skipped", True, f"{person.user_name} is not created: create is switched off")
        if self._withheld(person):
            return Outcome("skipped", True, f"{person.user_name} is not created: the user is inactive")
        body = self._body(person, person.active)
        reply = yield from self._send("POST", "/Users", f"create {label(person)}", body=body)
        held = answers.parsed(reply)
        id = answers.identifier(held.value) if reply.ok else ""
        if id:
            self._link(person, id)
            self._wrote(person, person.active)
            return Outcome("created" if reply.status == 201 else "linked", True, id=id)
        knob = "empty-201" if reply.ok else "conflict"
        if (reply.ok or reply.status == 409) and self.setting(knob) == "look-up":
            self._touch(knob)
            found, trouble = yield from self._find(person)
            if trouble is None and found:
                return (yield from self._take_on(person, found))
        return self._trouble(person.user_name, reply, held.fault or "the user created has no id")

    def _change(self, person: Person, active: bool, state: str) -> Flow[Outcome]:
        """The look-up where it comes first, then the change. Who is known and not found is changed by id."""
        if self._settings.get("look-up-first") == "on":
            id, trouble = yield from self._find(person)
            if trouble is not None:
                return trouble
            if id:
                self._link(person, id)
        if not self._linked(person):
            return self._unlinked(person)
        return (yield from self._replace(person, active, state))

    def _replace(self, person: Person, active: bool, state: str) -> Flow[Outcome]:
        id, how = self._linked(person), self.setting("profile-update")
        cleared: frozenset[str] = frozenset()
        body: Json = None
        if how == "put":
            body = self._body(person, active)
        else:
            reply = yield from self._send("GET", user_path(id), f"read {label(person)} before the update")
            held = answers.parsed(reply)
            if not reply.ok or held.fault:
                return (yield from self._unwritten(person, reply, held.fault))
            values = {**self._values(person), "active": active}
            body, cleared = merged(held.value, values, blank=False)
            if how == "patch":
                asked = operations(differences(held.value, values), body)
                body = {"schemas": [PATCH_OP], "Operations": asked} if asked else None
        if body is None:
            self._wrote(person, active)
            return Outcome("unchanged" if state == "updated" else state, True, id=id)
        method = "PATCH" if how == "patch" else "PUT"
        reply = yield from self._send(method, user_path(id), f"replace {label(person)}", body=body)
        if not reply.ok:
            return (yield from self._unwritten(person, reply, ""))
        self._wrote(person, active, cleared)
        return Outcome(state, True, id=id)

    def _unwritten(self, person: Person, reply: Reply, fault: str) -> Flow[Outcome]:
        """The outcome of a change that did not come about; somebody who is gone is made anew where a knob says so."""
        if reply.status == 404 and self.setting("unknown-id") == "re-creates":
            self._touch("unknown-id")
            self._forget(person)
            return (yield from self._create(person))
        return self._trouble(person.user_name, reply, fault, id=self._linked(person))

    def _part(self, person: Person, act: str) -> Flow[Outcome]:
        how = self._comes_to(act)
        if not how:
            yield from ()
            return Outcome("unchanged", True, id=self._linked(person))
        if how == "delete":
            return (yield from self._drop(person))
        outcome = yield from self._change(person, False, "done")
        if outcome.ok:
            self._switch(person, on=False)
        return outcome

    def _drop(self, person: Person) -> Flow[Outcome]:
        id = self._linked(person)
        if not id:
            return self._unlinked(person)
        reply = yield from self._send("DELETE", user_path(id), f"delete {label(person)}")
        if not reply.ok and not self._done_already(reply):
            return self._trouble(person.user_name, reply, id=id)
        self._forget(person)
        return Outcome("done", True, id=id)

    # A cycle ---------------------------------------------------------------------------------------------------------

    def _bring(self, person: Person) -> Flow[Outcome]:
        """As a cycle does it: nothing is sent of somebody who is as they were when something was sent last."""
        key, id = subject_key(person), self._linked(person)
        if not id:
            return (yield from self._assign(person))
        same = key not in self._off and self._last.get(key) == self._digest(person, person.active)
        self._switch(person, on=True)
        if same or not self.on("update"):
            return Outcome("unchanged", True, id=id)
        return (yield from self._change(person, person.active, "updated"))

    # What is sent ----------------------------------------------------------------------------------------------------

    def _identity(self, person: Person) -> str:
        """What a person is looked up by."""
        return person.email if self._settings.get("identifier") == "workEmail" else person.user_name

    def _query(self, name: str) -> list[tuple[str, str]]:
        """The look-up of that name, by the admin's own filter expression where there is one."""
        by = "emails" if self._settings.get("identifier") == "workEmail" else "userName"
        expression = self._settings.get("filter-expression", "none")
        if expression == "none":
            expression = f'{by} eq "%s"'
        paging = self._settings.get("paging-parameters", "none")
        extra = [] if paging == "none" else [pair.partition("=")[::2] for pair in paging.split("&")]
        return [("filter", expression.replace("%s", filter_string(name)[1:-1])), *extra]

    def _body(self, person: Person, active: bool) -> Row:
        """The resource as this IdP builds it, for POST and PUT."""
        built: Row = {"schemas": [USER]}
        for path, value in {**self._values(person), "active": active}.items():
            if value != "" or self._settings.get("empty-value") == '""':
                slot(path).write(built, value)
        return self._shaped({name: built[name] for name in (*self.order, *built) if name in built}, person)

    def _shaped(self, body: Row, person: Person) -> Row:
        """The body in the form that is this IdP's own."""
        return body

    def _try_writing(self) -> Flow[Outcome]:
        """A connection test that writes."""
        raise NotImplementedError

    def _wrote(self, person: Person, active: bool, cleared: frozenset[str] = frozenset()) -> None:
        self._names[subject_key(person)] = self._identity(person)
        self._last[subject_key(person)] = self._digest(person, active)
        self._note_sent(person, [*cleared, *(path for path, value in self._values(person).items() if value != "")])

    def _digest(self, person: Person, active: bool) -> str:
        told = repr([*self._values(person).items(), active])
        return hashlib.blake2b(told.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def _send(self, method: str, path: str, purpose: str, *, query: Sequence[tuple[str, str]] = (),
              body: Json = None) -> Flow[Reply]:
        """Send; wait after a 429 and send again where the knob ``rate-limit`` says so."""
        reply = yield from super()._send(method, path, purpose, query=query, body=body)
        for _ in range(_ATTEMPTS - 1):
            seconds = answers.retry_after(reply)
            if reply.status != 429 or seconds is None or self.setting("rate-limit") != "waits":
                break
            self._touch("rate-limit")
            yield from pause(seconds, f"429, Retry-After: {seconds}")
            reply = yield from super()._send(method, path, purpose, query=query, body=body)
        return reply

    def _done_already(self, reply: Reply) -> bool:
        if reply.status != 404 or self.setting("delete-404") != "done":
            return False
        self._touch("delete-404")
        return True

    def _trouble(self, what: str, reply: Reply, fault: str = "", *, id: str = "") -> Outcome:
        why = fault if reply.ok else answers.raw(reply)
        words = self.failed.format(who=what, why=why) if what else self.unconnected.format(why=why)
        return Outcome("task-failed", False, words, id)

    def _unlinked(self, person: Person) -> Outcome:
        why = "nothing is linked at the target; assign the user first"
        return Outcome("task-failed", False, self.failed.format(who=person.user_name, why=why))
