"""The operations on one resource: create, read, replace, patch, delete (RFC 7644 §3.3, §3.4.1, §3.5, §3.6).

Rule: each operation is one transaction, so that a check and the write it allows can't be parted; wherever the protocol
has a say, the seams are asked. Knows no HTTP beyond status codes and headers of an ``Answer``. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from scimrig_simulator.clock import Clock
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.seams import Answer, Call, Resource, Seams
from scimrig_simulator.server import preconditions, queries
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.policy import Policy
from scimrig_simulator.server.store import Store


@dataclass(frozen=True, slots=True)
class Directory:
    """The users and groups of one server. policy: has a say in writes and tells of them; None under ``open``."""

    store: Store
    seams: Seams
    definitions: Definitions
    clock: Clock
    policy: Policy | None = None

    def create(self, call: Call) -> Answer:
        """POST to a collection."""
        self._read_projection(call)
        body = self.seams.parse(call)
        after = self.seams.accept(call, body, None)
        desk = self._desk(call)
        with self._writing(call):
            after = self._admitted(call, None, self.seams.store(call, None, after))
            self.seams.unique(call, after, desk)
            created = desk.create(call.kind, after)
            self._wrote(call, desk, None, created)
        answer = self._shown(call, created, 201)
        answer.headers["Location"] = created["meta"]["location"]
        return answer

    def read(self, call: Call) -> Answer:
        """GET of one resource; what the client leaves out of sight isn't loaded."""
        self._read_projection(call)
        desk = replace(self._desk(call), with_members=not call.projection.leaves_out("members"))
        with self.store.lock:
            resource = self.seams.find(call, desk)
        version = resource["meta"]["version"]
        if preconditions.check(call.headers, version, reading=True):
            return Answer(304, None, {"ETag": version})
        return self._shown(call, resource, 200)

    def put(self, call: Call) -> Answer:
        """PUT: the resource becomes what the body says."""
        return self._write(call, lambda before, body: self.seams.accept(call, body, before))

    def patch(self, call: Call) -> Answer:
        """PATCH: all operations, or none."""
        return self._write(call, lambda before, body: self.seams.patch(call, before, body))

    def _write(self, call: Call, make: Callable[[Resource, Resource], Resource]) -> Answer:
        self._read_projection(call)
        desk = self._desk(call)
        with self._writing(call):
            before = call.before = self.seams.find(call, desk)
            preconditions.check(call.headers, before["meta"]["version"], reading=False)
            after = make(before, self.seams.parse(call))
            after = self._admitted(call, before, self.seams.store(call, before, after))
            self.seams.unique(call, after, desk)
            after = desk.settled(call.kind, after, before)
            current = desk.replace(call.kind, after) if self.seams.changed(call, before, after) else before
            self._wrote(call, desk, before, current)
        return self._shown(call, current, 200)

    def delete(self, call: Call) -> Answer:
        """DELETE of one resource."""
        desk = self._desk(call)
        with self._writing(call):
            before = call.before = self.seams.find(call, desk)
            preconditions.check(call.headers, before["meta"]["version"], reading=False)
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

    def _wrote(self, call: Call, desk: Desk, before: Resource | None, after: Resource | None) -> None:
        if self.policy is not None:
            self.policy.wrote(call, desk, before, after)

    def _shown(self, call: Call, resource: Resource, status: int) -> Answer:
        version = resource["meta"]["version"]
        return Answer(status, self.seams.render(call, resource, call.kind), {"ETag": version})

    def _desk(self, call: Call) -> Desk:
        return Desk(self.store, self.definitions, self.clock, call.base_url)

    def _read_projection(self, call: Call) -> None:
        call.projection = self.seams.project(call, *queries.wanted_attributes(call.query))
