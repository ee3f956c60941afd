"""What a search has found, in order, before anybody knows which part of it is wanted.

``Indexed`` leaves counting, sorting and cutting to the database, and loads no row that isn't shown. ``Listed`` has
looked into every row that an index couldn't rule out, up to a limit, and remembers the places of those that match.

Rule: reads the store, whose lock the caller holds; knows nothing of pages and cursors. May not import ``faults``,
``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from scimrig_simulator import limits
from scimrig_simulator.scim.errors import TOO_MANY, ScimError
from scimrig_simulator.server.sorting import AGE, Order, Position
from scimrig_simulator.server.store import Row, Store
from scimrig_simulator.server.where import Condition

_BATCH = 500
_FEW = 2_000
"""Rows that are sorted at no cost worth choosing an index for."""

Judge = Callable[[Sequence[Row]], Iterator[Position]]
"""Says of rows which of them match, by their places."""


class Matches(Protocol):
    """A result as a whole. A walk begins behind a position (None: at the very end) and goes one row at a time."""

    @property
    def total(self) -> int: ...
    def part(self, offset: int, count: int) -> list[Row]: ...
    def walk(self, position: Position | None, forward: bool, limit: int) -> list[Position]: ...


@dataclass(frozen=True)
class Indexed:
    """The rows of an exact condition, in an order that is a column's. kinds: that are asked for as a whole, if so."""

    store: Store
    condition: Condition
    order: Order
    kinds: Sequence[str] = ()

    @cached_property
    def total(self) -> int:
        """How many there are."""
        if self.kinds:
            return self.store.tally(self.kinds)
        return self.store.count(self.condition.sql, self.condition.values)

    def part(self, offset: int, count: int) -> list[Row]:
        """At most ``count`` rows after the first ``offset``."""
        if offset >= self.total or count == 0:
            return []
        if self.kinds and self.order.column == AGE:
            return self.store.page(self.kinds, offset, count)
        terms = self.order.terms(few=self.total <= _FEW)
        if not offset:
            return self.store.rows(self.condition.sql, self.condition.values, terms, count)
        sql = f"SELECT seq FROM resource WHERE tenant = ? AND {self.condition.sql} ORDER BY {terms} LIMIT ? OFFSET ?"
        found = self.store.execute(sql, (self.store.tenant, *self.condition.values, count, offset))
        return loaded(self.store, [seq for (seq,) in found])

    def walk(self, position: Position | None, forward: bool, limit: int) -> list[Position]:
        """At most ``limit`` places after a position, or before it, the nearest first."""
        found: list[Position] = []
        key = "NULL" if self.order.column == AGE else self.order.column
        terms = self.order.terms(forward, few=self.total <= _FEW)
        for stretch, values in self.order.beyond(position, forward):
            if len(found) == limit:
                break
            sql = f"""SELECT {key}, seq FROM resource WHERE tenant = ? AND {self.condition.sql} AND {stretch}
                      ORDER BY {terms} LIMIT ?"""
            bound = (self.store.tenant, *self.condition.values, *values, limit - len(found))
            found += [(key, seq) for key, seq in self.store.execute(sql, bound)]
        return found


@dataclass(frozen=True, slots=True)
class Listed:
    """Places that were looked at one by one, in order."""

    store: Store
    places: list[Position] = field(repr=False)
    order: Order

    @property
    def total(self) -> int:
        """How many there are."""
        return len(self.places)

    def part(self, offset: int, count: int) -> list[Row]:
        """At most ``count`` rows after the first ``offset``."""
        return loaded(self.store, [seq for _, seq in self.places[offset : offset + count]])

    def walk(self, position: Position | None, forward: bool, limit: int) -> list[Position]:
        """At most ``limit`` places after a position, or before it, the nearest first."""
        ahead = self.places if forward else self.places[::-1]
        if position is not None and forward:
            ahead = [place for place in ahead if self.order.before(position, place)]
        elif position is not None:
            ahead = [place for place in ahead if self.order.before(place, position)]
        return ahead[:limit]


def listed(store: Store, condition: Condition, order: Order, judge: Judge) -> Listed:
    """Look into all rows that a condition leaves. Raises ScimError 400 tooMany where those are too many."""
    candidates = store.count(condition.sql, condition.values)
    if candidates > limits.SCAN:
        raise ScimError(
            400, TOO_MANY, f"{candidates} resources would have to be read to answer this, and {limits.SCAN} is the "
            "limit. Add a condition on id, userName, externalId, displayName, emails.value, active or meta, "
            "or sort by one of those that have a single value.",
        )  # fmt: skip
    sql = f"SELECT seq FROM resource WHERE tenant = ? AND {condition.sql} ORDER BY {'+' * (candidates <= _FEW)}seq"
    seqs = [seq for (seq,) in store.execute(sql, (store.tenant, *condition.values))]
    places = [
        place
        for start in range(0, len(seqs), _BATCH)
        for place in judge(loaded(store, seqs[start : start + _BATCH]))
    ]
    return Listed(store, order.sorted(places), order)


def loaded(store: Store, seqs: Sequence[int]) -> list[Row]:
    """The rows with these seqs, in this order."""
    found: dict[int, Row] = {}
    for start in range(0, len(seqs), _BATCH):
        batch = seqs[start : start + _BATCH]
        marks = ", ".join("?" * len(batch))
        found.update({row.seq: row for row in store.rows(f"seq IN ({marks})", batch)})
    return [found[seq] for seq in seqs if seq in found]
