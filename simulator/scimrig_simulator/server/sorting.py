"""In which order results come: by ``sortBy`` and ``sortOrder``, or as they were created (RFC 7644 §3.4.2.3).

What has no value comes last, and the first created comes first among equals; descending is the same order backwards, so
that one index serves both. Rule: pure; reads rows and resources, runs no statement. May not import ``faults``, ``idp``
or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from scimrig_simulator.calls import Resource
from scimrig_simulator.scim.errors import INVALID_PATH, ScimError, invalid_value
from scimrig_simulator.scim.paths import parse_attr_path
from scimrig_simulator.scim.schemas import Located, ResourceType
from scimrig_simulator.scim.sorting import Key, rank, sort_key, sort_place
from scimrig_simulator.server import where

AGE = "seq"
"""The column of the order in which resources were created."""

Position: TypeAlias = tuple[Key, int]
"""The place of a row: what it is sorted by, and its seq."""

Clause: TypeAlias = tuple[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Order:
    """An order of results; without places, that in which they were created.

    places: what each type is sorted by, None for one that has no such attribute.
    column: the column that holds just that, None where it has to be read from resources.
    """

    places: Mapping[str, Located | None] = field(default_factory=dict)
    column: str | None = AGE
    descending: bool = False

    def position(self, resource: Resource, kind: str, seq: int) -> Position:
        """The place of a resource."""
        return sort_key(resource, self.places.get(kind)), seq

    def sorted(self, positions: Sequence[Position]) -> list[Position]:
        """Positions in this order."""
        return sorted(positions, key=_rank, reverse=self.descending)

    def before(self, one: Position, other: Position) -> bool:
        """Whether one comes before the other."""
        return _rank(other) < _rank(one) if self.descending else _rank(one) < _rank(other)

    def beyond(self, position: Position | None, forward: bool) -> list[Clause]:
        """SQL for what follows a position (or comes before it, the nearest first), in pieces that follow one another.

        Each piece is one stretch of an index: rows of the same value, of further values, and of none.
        """
        ascending = forward is not self.descending
        if self.column == AGE or self.column is None:
            return [("1", ())] if position is None else [(f"seq {_sign(ascending)} ?", (position[1],))]
        valued, unassigned = f"{self.column} IS NOT NULL", f"{self.column} IS NULL"
        if position is None:
            return [(valued, ()), (unassigned, ())] if ascending else [(unassigned, ()), (valued, ())]
        key, seq = position
        sign = _sign(ascending)
        if key is None:
            rest: list[Clause] = [] if ascending else [(valued, ())]
            return [(f"{unassigned} AND seq {sign} ?", (seq,)), *rest]
        rest = [(unassigned, ())] if ascending else []
        same, further = (f"{self.column} = ? AND seq {sign} ?", (key, seq)), (f"{self.column} {sign} ?", (key,))
        return [same, further, *rest]

    def terms(self, forward: bool = True, few: bool = False) -> str:
        """The words of ``ORDER BY``. few: sorting costs nothing, so that no index is chosen for its order."""
        ascending = forward is not self.descending
        way, free = ("" if ascending else " DESC"), ("+" if few else "")
        if self.column == AGE or self.column is None:
            return f"{free}seq{way}"
        return f"{free}{self.column}{way} NULLS {'LAST' if ascending else 'FIRST'}, seq{way}"


def order(sort_by: str | None, sort_order: str | None, kinds: Sequence[ResourceType]) -> Order:
    """The order that a client asks for. Raises ScimError 400 invalidPath or invalidValue.

    A ``sortOrder`` without ``sortBy`` has nothing to apply to, but must be one.
    """
    if sort_order is not None and sort_order.lower() not in ("ascending", "descending"):
        raise invalid_value(f"sortOrder must be 'ascending' or 'descending', not {sort_order!r}.")
    if sort_by is None:
        return Order()
    path = parse_attr_path(sort_by)
    places = {kind.name: sort_place(path, kind) for kind in kinds}
    if not any(places.values()):
        names = " or ".join(kind.name for kind in kinds)
        raise ScimError(400, INVALID_PATH, f"sortBy: no {names} has an attribute {sort_by!r}.")
    held = {where.column(place, kind) for kind in kinds if (place := places[kind.name]) is not None}
    column = held.pop() if len(held) == 1 else None
    return Order(places, None if column is None else column.name, (sort_order or "").lower() == "descending")


def _sign(ascending: bool) -> str:
    return ">" if ascending else "<"


def _rank(position: Position) -> tuple[bool, bool, str | int | float, int]:
    return rank(*position)
