"""The operations on one resource: create, read, replace, patch, delete (RFC 7644 §3.3, §3.4.1, §3.5, §3.6).

Rule: each operation is one transaction, so that a check and the write it allows can't be parted; wherever the protocol
has a say, the seams are asked. Knows no HTTP beyond status codes and headers of an ``Answer``. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from scimrig_simulator.calls import Answer, Call, Resource
from scimrig_simulator.clock import Clock
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.reach import members_named
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.seams import Seams
from scimrig_simulator.server import preconditions, queries
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.policy import Policy
from scimrig_simulator.server.store import Row, Store

ECHO = 100
"""A PATCH of a group with more members than this is answered without them: 204 (RFC 7644 §3.5.2)."""


@dataclass(frozen=True, slots=True)
class Directory:
    """The users and groups of one server. policy: has a say in writes and tells of them; None under ``open``.

    Where no saboteur sits at the seams, two things are done the quick way, with the same outcome: a resource that is
    shown whole goes out as the text that is stored, and a PATCH that names the members it is about sees no others.
    """

    store: Store
    seams: Seams
    definitions: Definitions
    clock: Clock
    policy: Policy | None = None

    @property
    def _sound(self) -> bool:
        return type(self.seams) is Seams

    def create(self, call: Call) -> Answer:
        """POST to a collection."""
        self._read_projection(call)
        body = self.seams.parse(call)
        after = self.seams.accept(call, body, None)
        desk = self._desk(call)
        with self._writing(call):
            after = self._admitted(call, None, self.seams.store(call, None, after))
            self.seams.unique(call, after, desk)
            row = desk.insert(call.kind, after)
            self._wrote(call, desk, None, row)
            answer = self._shown(call, desk, row, 201)
        answer.headers["Location"] = desk.location(row.kind, row.id)
        return answer

    def read(self, call: Call) -> Answer:
        """GET of one resource; what the client leaves out of sight isn't loaded."""
        self._read_projection(call)
        desk = self._desk(call)
        if call.projection.leaves_out("members"):
            desk = replace(desk, only=())
        with self.store.reading():
            if self._sound and not call.projection:
                row = desk.row(call.kind, call.id or "")
                if row is not None:
                    text, version = desk.text(row)
                    return self._unless_known(call, version) or Answer(200, text.encode(), {"ETag": version})
            resource = self.seams.find(call, desk)
        version = resource["meta"]["version"]
        known = self._unless_known(call, version)
        return known or Answer(200, self.seams.render(call, resource, call.kind), {"ETag": version})

    def _unless_known(self, call: Call, version: str) -> Answer | None:
        known = preconditions.check(call.headers, version, reading=True)
        return Answer(304, None, {"ETag": version}) if known else None

    def put(self, call: Call) -> Answer:
        """PUT: the resource becomes what the body says."""
        desk = self._desk(call)
        self._read_projection(call)
        with self._writing(call):
            before = self._found(call, desk)
            row = self._write(call, desk, before, self.seams.accept(call, self.seams.parse(call), before))
            return self._shown(call, desk, row, 200)

    def patch(self, call: Call) -> Answer:
        """PATCH: all operations, or none."""
        desk = self._desk(call)
        self._read_projection(call)
        with self._writing(call):
            if self._sound and call.kind.name == "Group":
                self._found(call, replace(desk, only=()))
                body = self.seams.parse(call)
                desk = replace(desk, only=members_named(body, call.kind, self.seams.tolerances))
                before = self._found(call, desk)
            else:
                before = self._found(call, desk)
                body = self.seams.parse(call)
            row = self._write(call, desk, before, self.seams.patch(call, before, body))
            if call.brief:
                return Answer(204, None, {"ETag": desk.text(row)[1]})
            return self._shown(call, replace(desk, only=None), row, 200)

    def _found(self, call: Call, desk: Desk) -> Resource:
        """The resource that a write is about. Raises ScimError 404 or 412."""
        before = call.before = self.seams.find(call, desk)
        preconditions.check(call.headers, before["meta"]["version"], reading=False)
        return before

    def _write(self, call: Call, desk: Desk, before: Resource, after: Resource) -> Row:
        """Store what a resource becomes, unless nothing changes; the row as it is then."""
        after = self._admitted(call, before, self.seams.store(call, before, after))
        self.seams.unique(call, after, desk)
        after = desk.settled(call.kind, after, before)
        changed = self.seams.changed(call, before, after)
        row = desk.replace(call.kind, after) if changed else desk.held(call.kind, before["id"])
        patched = call.method == "PATCH" and row.kind == "Group" and not call.projection
        call.brief = patched and self.store.crowded(row.id, ECHO)
        self._wrote(call, desk, before, row if changed else before)
        return row

    def delete(self, call: Call) -> Answer:
        """DELETE of one resource."""
        desk = self._desk(call)
        with self._writing(call):
            before = self._found(call, desk)
            self.seams.delete(call, desk)
            self._wrote(call, desk, before, None)
        return Answer(204)

    @contextmanager
    def _writing(self, call: Call) -> Iterator[None]:
        """The transaction of one write; a policy learns how it has ended."""
        if self.policy is None:
            with self.store.transaction():
                yield
            return
        try:
            with self.store.transaction():
                yield
        except ScimError as error:
            self.policy.refused(call, error)
            raise
        self.policy.committed()

    def _admitted(self, call: Call, before: Resource | None, after: Resource) -> Resource:
        return after if self.policy is None else self.policy.admit(call, before, after)

    def _wrote(self, call: Call, desk: Desk, before: Resource | None, after: Row | Resource | None) -> None:
        """Tell the policy; ``after`` is ``before`` where nothing has changed, else a row."""
        if self.policy is not None:
            self.policy.wrote(call, desk, before, desk.portrait(after) if isinstance(after, Row) else after)

    def _shown(self, call: Call, desk: Desk, row: Row, status: int) -> Answer:
        if self._sound and not call.projection:
            text, version = desk.text(row)
            return Answer(status, text.encode(), {"ETag": version})
        resource = desk.portrait(row)
        version = resource["meta"]["version"]
        return Answer(status, self.seams.render(call, resource, call.kind), {"ETag": version})

    def _desk(self, call: Call) -> Desk:
        return Desk(self.store, self.definitions, self.clock, call.base_url)

    def _read_projection(self, call: Call) -> None:
        call.projection = self.seams.project(call, *queries.wanted_attributes(call.query))
