"""Attribute paths and filters as data: what the grammar makes, what matching and PATCH work on.

Rule: plain frozen data. No parsing, no evaluation, no imports of the project; chains of any length don't recurse.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

Literal: TypeAlias = str | int | float | bool | None

COMPARISONS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
"""The operators of RFC 7644 Table 3 that take a value; ``pr`` takes none."""


@dataclass(frozen=True, slots=True)
class AttrPath:
    """``urn:…:User:name.familyName`` taken apart; names as written (they compare case-insensitively).

    The last colon parts the URI from the name (RFC 7644 §3.10), so a bare schema URN reads as a name, too: see ``urn``.
    """

    uri: str | None
    name: str
    sub: str | None = None

    def __str__(self) -> str:
        prefix = f"{self.uri}:" if self.uri is not None else ""
        return f"{prefix}{self.name}.{self.sub}" if self.sub is not None else f"{prefix}{self.name}"

    @property
    def urn(self) -> str | None:
        """The whole text where it could be the id of a schema, None where it can't."""
        return f"{self.uri}:{self.name}" if self.uri is not None and self.sub is None else None


@dataclass(frozen=True, slots=True)
class And:
    left: Filter
    right: Filter


@dataclass(frozen=True, slots=True)
class Or:
    left: Filter
    right: Filter


@dataclass(frozen=True, slots=True)
class Not:
    expr: Filter


@dataclass(frozen=True, slots=True)
class Present:
    """``attr pr``. ``position``, 1-based, is where it stood in the text; 0 where it never stood in one."""

    attr: AttrPath
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """``attr op value``; ``op`` in lower case, ``value`` as JSON has it."""

    op: str
    attr: AttrPath
    value: Literal
    position: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class ValuePath:
    """``attr[filter]``: one and the same value of ``attr`` meets the filter."""

    attr: AttrPath
    filter: Filter
    position: int = field(default=0, compare=False, repr=False)


Filter: TypeAlias = And | Or | Not | Present | Compare | ValuePath


def operands(expression: And | Or) -> list[Filter]:
    """``a``, ``b`` and ``c`` of ``a and b and c`` (or of ``a or b or c``), however long; what stands in parentheses
    on the right is one of them."""
    kind = type(expression)
    found: list[Filter] = []
    head: Filter = expression
    while isinstance(head, kind):
        found.append(head.right)
        head = head.left
    return [head, *reversed(found)]


@dataclass(frozen=True, slots=True)
class Path:
    """What a PATCH operation points at: ``attr``, ``attr[filter]`` or ``attr[filter].sub``."""

    attr: AttrPath
    filter: Filter | None = None
    sub: str | None = None
