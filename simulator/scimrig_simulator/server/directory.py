"""The operations on resources: create, read, search, replace, patch, delete (RFC 7644 §3.3 to §3.6).

Rule: each operation is one transaction, so that a check and the write it allows can't be parted; wherever the protocol
has a say, the seams are asked. Knows no HTTP beyond status codes and headers of an ``Answer``. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from scimrig_simulator.clock import Clock
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.filters import Filter
from scimrig_simulator.scim.schemas import Definitions, ResourceType
from scimrig_simulator.seams import Answer, Call, Page, Resource, Seams, Window
from scimrig_simulator.server import preconditions, queries
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.policy import Policy
from scimrig_simulator.server.store import Row, Store


@dataclass(frozen=True, slots=True)
class Directory:
    """The users and groups of one server. policy: has a say in writes and tells of them; None under ``open``."""

    store: Store
    seams: Seams
    definitions: Definitions
    clock: Clock
    policy: Policy | None = None

    # One resource

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

    # Many resources

    def browse(self, call: Call) -> Answer:
        """GET of a collection, or of the root: all types."""
        return self._search(call, queries.from_parameters(call.query))

    def search(self, call: Call) -> Answer:
        """POST to ``/.search``, of a collection or of the root."""
        return self._search(call, queries.from_search(self.seams.parse(call)))

    def _search(self, call: Call, query: queries.Query) -> Answer:
        call.listing = True
        call.projection = self.seams.project(call, query.attributes, query.excluded)
        wanted = self.seams.filter(call, query.filter)
        window = self.seams.window(call, query.start, query.count)
        kinds = [call.resource_type] if call.resource_type else list(self.definitions.resource_types)
        names = [kind.name for kind in kinds]
        with self.store.lock:
            if wanted is None:
                total = self.store.tally(names)
                rows: Sequence[Row] = self.store.page(names, window.start - 1, window.count)
            else:
                found = self._matches(call, wanted, query.filter or "", kinds)
                total, rows = len(found), _part(found, window)
            resources = self._portraits(call, rows)
        shown = [
            self.seams.render(call, resource, self.definitions.resource_type(row.kind))
            for row, resource in zip(rows, resources, strict=True)
        ]
        return Answer(200, self.seams.listing(call, Page(shown, total, window.start)))

    def _matches(self, call: Call, wanted: Filter, text: str, kinds: Sequence[ResourceType]) -> list[Row]:
        desk = self._desk(call)
        mentions = text.lower()
        groups = "groups" in mentions or "version" in mentions  # a user's version covers the groups
        fits = {kind.name: self.seams.match(call, wanted, kind) for kind in kinds}
        names = list(fits)
        candidates = queries.candidates(self.store, names, wanted)
        found: list[Row] = []
        for batch in self.store.each(names) if candidates is None else [candidates]:
            resources = desk.portraits(batch, members="members" in mentions, groups=groups)
            for row, resource in zip(batch, resources, strict=True):
                resource.pop("password", None)  # nothing may be learnt about it by asking (RFC 7643 §7)
                if fits[row.kind](resource):
                    found.append(row)
        return found

    def _portraits(self, call: Call, rows: Sequence[Row]) -> Sequence[Resource]:
        return self._desk(call).portraits(rows, members=not call.projection.leaves_out("members"))

    def _desk(self, call: Call) -> Desk:
        return Desk(self.store, self.definitions, self.clock, call.base_url)

    def _read_projection(self, call: Call) -> None:
        call.projection = self.seams.project(call, *queries.wanted_attributes(call.query))


def _part(rows: Sequence[Row], window: Window) -> Sequence[Row]:
    return rows[window.start - 1 : window.start - 1 + window.count]

