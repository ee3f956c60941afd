"""The operations on many resources: GET of a collection or the root, POST to ``/.search`` (RFC 7644 §3.4.2, §3.4.3).

Rule: reads only; wherever the protocol has a say, the seams are asked. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scimrig_simulator.clock import Clock
from scimrig_simulator.scim.filters import Filter
from scimrig_simulator.scim.schemas import Definitions, ResourceType
from scimrig_simulator.seams import Answer, Call, Page, Resource, Seams, Window
from scimrig_simulator.server import queries
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.store import Row, Store


@dataclass(frozen=True, slots=True)
class Search:
    """Finds the users and groups of one server."""

    store: Store
    seams: Seams
    definitions: Definitions
    clock: Clock

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


def _part(rows: Sequence[Row], window: Window) -> Sequence[Row]:
    return rows[window.start - 1 : window.start - 1 + window.count]
