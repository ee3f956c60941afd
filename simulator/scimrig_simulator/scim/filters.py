"""Filters: text → expression → text, and whether a resource matches (RFC 7644 §3.4.2.2).

Rule: the door to ``expressions`` (the nodes), ``grammar`` (the syntax) and ``matching`` (the meaning); no rules of its
own but the canonical spelling.
"""

from __future__ import annotations

import json
from types import UnionType
from typing import Any

from scimrig_simulator.scim.expressions import (
    And,
    AttrPath,
    Compare,
    Filter,
    Literal,
    Not,
    Or,
    Present,
    ValuePath,
    operands,
)
from scimrig_simulator.scim.grammar import MAX_DEPTH, MAX_LENGTH, MAX_TERMS, SyntaxProblem, read_filter
from scimrig_simulator.scim.matching import FilterError, Predicate, predicate
from scimrig_simulator.scim.schemas import ResourceType

__all__ = [
    "MAX_DEPTH", "MAX_LENGTH", "MAX_TERMS", "And", "AttrPath", "Compare", "Filter", "FilterError", "Literal", "Not",
    "Or", "Predicate", "Present", "ValuePath", "matches", "parse_filter", "predicate", "to_text",
]


def parse_filter(text: str) -> Filter:
    """The expression a filter text stands for. Raises FilterError with the 1-based position and what was expected."""
    try:
        return read_filter(text)
    except SyntaxProblem as problem:
        raise FilterError(problem.position, problem.words) from None


def matches(expression: Filter, resource: dict[str, Any], resource_type: ResourceType) -> bool:
    """Whether one resource matches. For many resources make the ``predicate`` once. Raises FilterError."""
    return predicate(expression, resource_type)(resource)


def to_text(expression: Filter) -> str:
    """The canonical text: lower-case operators, and parentheses only where they are needed."""
    if isinstance(expression, And | Or):
        word, weaker = (" or ", Or) if isinstance(expression, Or) else (" and ", And | Or)
        first, *others = operands(expression)
        return word.join((_within(first, Or), *(_within(other, weaker) for other in others)))
    if isinstance(expression, Not):
        return f"not ({to_text(expression.expr)})"
    if isinstance(expression, Present):
        return f"{expression.attr} pr"
    if isinstance(expression, ValuePath):
        return f"{expression.attr}[{to_text(expression.filter)}]"
    return f"{expression.attr} {expression.op} {json.dumps(expression.value, ensure_ascii=False)}"


def _within(expression: Filter, weaker: type | UnionType) -> str:
    text = to_text(expression)
    return f"({text})" if isinstance(expression, weaker) else text
