"""The operations on many resources: GET of a collection or the root, POST to ``/.search`` (RFC 7644 §3.4.2, §3.4.3).

What an index answers for sure is counted, sorted and cut by the database; whatever else a filter or an order asks for
is read and looked into (``matches.py``). Rule: reads only; wherever the protocol has a say, the seams are asked: what a
saboteur has to say about matching is heard for every row. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from scimrig_simulator.calls import Answer, Call, Page, Projection, Window
from scimrig_simulator.clock import Clock
from scimrig_simulator.scim.errors import ScimError, invalid_value
from scimrig_simulator.scim.filters import Filter
from scimrig_simulator.scim.schemas import Definitions, ResourceType
from scimrig_simulator.seams import Seams
from scimrig_simulator.server import cursors, queries, sorting, where
from scimrig_simulator.server.cursors import Cursor, Seal
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.matches import Indexed, Matches, listed, loaded
from scimrig_simulator.server.queries import Query
from scimrig_simulator.server.sorting import Order, Position
from scimrig_simulator.server.store import Row, Store
from scimrig_simulator.wire import encode_json


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

    def _search(self, call: Call, query: Query) -> Answer:
        call.listing = True
        call.projection = self.seams.project(call, query.attributes, query.excluded)
        kinds = [call.resource_type] if call.resource_type else list(self.definitions.resource_types)
        order = sorting.order(query.sort_by, query.sort_order, kinds)
        wanted = self.seams.filter(call, query.filter)
        seal, cursor = self._cursor(query, kinds)
        window = self._window(call, query, cursor)
        with self.store.reading():
            matches = self._matches(call, wanted, order, kinds, query)
            if window.cursor is None or seal is None:
                rows = matches.part(window.start - 1, window.count)
                page = Page([], matches.total, window.start)
            else:
                places, ends = _walked(matches, replace(cursor, count=window.count))
                rows = loaded(self.store, [seq for _, seq in places])
                page = Page([], matches.total, 1, {name: seal.written(end) for name, end in ends.items()})
            return self._shown(call, rows, page)

    # Which part is wanted

    def _cursor(self, query: Query, kinds: Sequence[ResourceType]) -> tuple[Seal | None, Cursor]:
        if query.cursor is None:
            return None, Cursor()
        if query.start is not None and query.start > 1:
            raise invalid_value("Send either startIndex or cursor; a cursor holds its place itself.")
        common = cursors.search([kind.name for kind in kinds], query.filter, query.sort_by, query.sort_order)
        seal = Seal(cursors.key(self.store), common, self.clock.now())
        return seal, seal.read(query.cursor)

    def _window(self, call: Call, query: Query, cursor: Cursor) -> Window:
        """The bounds that the seams give. A page of a cursor is as long as the first one, also where nobody says so."""
        call.cursor = query.cursor
        count = cursor.count if query.cursor and query.count is None else query.count
        window = self.seams.window(call, query.start, count)
        if query.cursor and window.count != cursor.count:
            raise ScimError(400, "invalidCount", f"count was {cursor.count} on the first page and can't change.")
        return window

    # What there is

    def _matches(
        self, call: Call, wanted: Filter | None, order: Order, kinds: Sequence[ResourceType], query: Query
    ) -> Matches:
        fits = {} if wanted is None else {kind.name: self.seams.match(call, wanted, kind) for kind in kinds}
        grouping = self.definitions.by_endpoint("/Groups") is not None
        found = {kind.name: where.condition(wanted, kind, self.store.tenant, grouping) for kind in kinds}
        held = {name: condition for name, condition in found.items() if condition != where.NOTHING}
        condition = where.either(held)
        if order.column is not None and (wanted is None or (condition.exact and type(self.seams) is Seams)):
            whole = all(held[name] == where.every(name) for name in held)
            return Indexed(self.store, condition, order, tuple(held) if whole else ())
        desk = self._desk(call)
        words = queries.words(wanted) | queries.words_of_path(query.sort_by)

        def judge(rows: Sequence[Row]) -> Iterator[Position]:
            groups = "groups" in words or "version" in words  # a user's version covers the groups
            resources = desk.portraits(rows, members="members" in words, groups=groups)
            for row, resource in zip(rows, resources, strict=True):
                resource.pop("password", None)  # nothing may be learnt about it by asking (RFC 7643 §7)
                if not fits or fits[row.kind](resource):
                    yield order.position(resource, row.kind, row.seq)

        return listed(self.store, condition, order, judge)

    # How it looks

    def _shown(self, call: Call, rows: Sequence[Row], page: Page) -> Answer:
        """The page with these rows; where nobody wants to look into them, the very texts that are stored."""
        desk = self._desk(call)
        if type(self.seams) is Seams and call.projection == Projection():
            texts = desk.texts(rows)
            empty = encode_json(self.seams.listing(call, page) | {"itemsPerPage": len(texts)})
            return Answer(200, b"".join((empty.removesuffix(b"]}"), ",".join(texts).encode(), b"]}")))
        resources = desk.portraits(rows, members=not call.projection.leaves_out("members"))
        shown = [
            self.seams.render(call, resource, self.definitions.resource_type(row.kind))
            for row, resource in zip(rows, resources, strict=True)
        ]
        return Answer(200, self.seams.listing(call, replace(page, resources=shown)))

    def _desk(self, call: Call) -> Desk:
        return Desk(self.store, self.definitions, self.clock, call.base_url)


def _walked(matches: Matches, cursor: Cursor) -> tuple[list[Position], dict[str, Cursor]]:
    """The places on the page of a cursor, and the cursors of the pages beside it (RFC 9865 §2).

    There is one for the next page wherever there is a next page, and none for a page before the first.
    """
    count, forward = cursor.count, cursor.forward
    if count == 0:
        return [], {}
    found = matches.walk(cursor.position, forward, count + 1)
    more, found = len(found) > count, found[:count]
    if not found:  # whatever was there is gone: on the way back, the first page is next
        return [], {} if forward or not matches.total else {"nextCursor": Cursor(None, True, count)}
    behind = cursor.position is not None and bool(matches.walk(found[0], not forward, 1))
    back, on = Cursor(found[0], not forward, count), Cursor(found[-1], forward, count)
    if not forward:
        found, back, on, behind, more = found[::-1], on, back, more, behind
    ends = {"previousCursor": back} if behind else {}
    return found, ends | ({"nextCursor": on} if more else {})
