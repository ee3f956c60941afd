"""What a filter selects: a filter and a resource type → a test for resources.

The types decide (RFC 7644 §3.4.2.2, Table 3): strings by caseExact, dateTimes as instants, no order among booleans and
binaries. Several values: any of them will do. Unassigned: as if null. All of this is settled once, before the first
resource is looked at, so that a bad combination is refused even where it would never be reached.

Rule: never raises on what a resource holds; only the filter can be at fault.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol

from scimrig_simulator.scim.compare import fold, instant, member
from scimrig_simulator.scim.errors import INVALID_FILTER, ScimError
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
from scimrig_simulator.scim.schemas import Attribute, Located, ResourceType

Predicate = Callable[[Any], bool]

_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
}
_SUBSTRING: dict[str, Callable[[str, str], bool]] = {
    "co": lambda whole, part: part in whole,
    "sw": lambda whole, part: whole.startswith(part),
    "ew": lambda whole, part: whole.endswith(part),
}
_OPERATORS: dict[str, dict[str, Callable[[Any, Any], bool]]] = {
    "string": _ORDER | _SUBSTRING,
    "reference": _ORDER | _SUBSTRING,
    "dateTime": _ORDER,
    "integer": _ORDER,
    "decimal": _ORDER,
    "boolean": {},
    "binary": {},
}


class FilterError(ScimError):
    """A filter that can't be served: 400 ``invalidFilter``. ``position`` is 1-based, 0 where none is known."""

    def __init__(self, position: int, detail: str) -> None:
        where = f"Filter, character {position}: " if position else "Filter: "
        super().__init__(400, INVALID_FILTER, where + detail)
        self.position = position


@dataclass(frozen=True, slots=True)
class _Reading:
    """How to get at an attribute: its definition, and its values in a resource (None = a value lacks it)."""

    attribute: Attribute
    values: Callable[[Any], list[Any]]
    missing: Literal = None


class _Scope(Protocol):
    """Where names are looked up: a whole resource, or one value of an attribute."""

    def read(self, path: AttrPath) -> _Reading | None: ...


def predicate(expression: Filter, resource_type: ResourceType) -> Predicate:
    """The test that a filter stands for, made once for many resources. Raises FilterError for a bad combination."""
    return _compile(expression, _ResourceScope(resource_type))


def element_predicate(expression: Filter, attribute: Attribute) -> Predicate:
    """The test for one value of an attribute: what ``[ ]`` holds. Raises FilterError."""
    return _compile(expression, _ElementScope(attribute))


def present(value: Any) -> bool:
    """Whether ``pr`` holds: false and 0 are values; null, "", [] and {} are none (Table 3)."""
    if isinstance(value, dict):
        return any(present(item) for item in value.values())
    if isinstance(value, list):
        return any(present(item) for item in value)
    return value is not None and value != ""


@dataclass(frozen=True, slots=True)
class _ResourceScope:
    resource_type: ResourceType

    def read(self, path: AttrPath) -> _Reading | None:
        located = self.resource_type.locate(path)
        if located is None or "never" in (located.attribute.returned, located.leaf.returned):
            return None  # what is never returned can't be guessed through filters either (RFC 7643 §4.1.1)
        return _Reading(located.leaf, lambda resource: _values(resource, located), _missing(located))


@dataclass(frozen=True, slots=True)
class _ElementScope:
    attribute: Attribute

    def read(self, path: AttrPath) -> _Reading | None:
        if path.uri is not None or path.sub is not None:
            return None
        if self.attribute.type != "complex":  # the values of a simple attribute go by the name "value"
            simple = Attribute("value", self.attribute.type, case_exact=self.attribute.case_exact)
            return _Reading(simple, lambda element: [element]) if path.name.lower() == "value" else None
        # sub-attributes that no schema of ours knows (``paths.select`` on a foreign attribute) are taken as strings
        defined = self.attribute.sub_attributes
        sub = self.attribute.sub(path.name) if defined else Attribute(path.name, "string")
        if sub is None or sub.returned == "never":
            return None
        name = sub.name
        missing = _missing(Located(None, self.attribute, sub))
        return _Reading(sub, lambda element: _listed(member(element, name)), missing)


def elements(container: Any, attribute: Attribute) -> list[Any]:
    """The values of an attribute in an object, as a list; a single one for an attribute that has no several."""
    return [item for item in _listed(member(container, attribute.name)) if item is not None]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _values(resource: Any, located: Located) -> list[Any]:
    container = resource if located.extension is None else member(resource, located.extension.id)
    found = elements(container, located.attribute)
    if located.sub is None:
        return found
    return [item for element in found for item in _listed(member(element, located.sub.name))]


def _missing(located: Located) -> Literal:
    """A ``primary`` that isn't there counts as false (RFC 7643 §2.4)."""
    is_primary = located.sub is not None and located.sub.name == "primary" and located.sub.type == "boolean"
    return False if is_primary and located.attribute.multi_valued else None


def _compile(expression: Filter, scope: _Scope) -> Predicate:
    if isinstance(expression, (And, Or)):
        return _compile_chain(expression, scope)
    if isinstance(expression, Not):
        inner = _compile(expression.expr, scope)
        return lambda resource: not inner(resource)
    if isinstance(expression, Present):
        reading = scope.read(expression.attr)
        return _compile_presence(reading)
    if isinstance(expression, ValuePath):
        return _compile_value_path(expression, scope)
    return _compile_comparison(expression, scope)


def _compile_chain(expression: And | Or, scope: _Scope) -> Predicate:
    tests = [_compile(term, scope) for term in operands(expression)]
    if isinstance(expression, And):
        return lambda resource: all(test(resource) for test in tests)
    return lambda resource: any(test(resource) for test in tests)


def _compile_value_path(expression: ValuePath, scope: _Scope) -> Predicate:
    reading = scope.read(expression.attr)
    if reading is None:
        return lambda resource: False
    attribute = reading.attribute
    if not attribute.multi_valued and attribute.type != "complex":
        raise FilterError(expression.position, f"'{attribute.name}' has a single plain value; compare it without [ ]")
    inner = element_predicate(expression.filter, attribute)
    return lambda resource: any(inner(value) for value in reading.values(resource) if value is not None)


def _compile_presence(reading: _Reading | None) -> Predicate:
    """``pr``; what is never returned is no presence of the value that holds it."""
    if reading is None:
        return lambda resource: False
    values = reading.values
    secret = {sub.name.lower() for sub in reading.attribute.sub_attributes if sub.returned == "never"}
    if not secret:
        return lambda resource: any(present(value) for value in values(resource))

    def shown(value: Any) -> Any:
        is_object = isinstance(value, Mapping)
        return [item for name, item in value.items() if name.lower() not in secret] if is_object else value

    return lambda resource: any(present(shown(value)) for value in values(resource))


def _compile_comparison(expression: Compare, scope: _Scope) -> Predicate:
    found = scope.read(expression.attr)
    if expression.value is None:
        return _compile_null(expression, found)
    reading = _comparable(expression, found)
    if reading is None:
        return lambda resource: expression.op == "ne"  # nothing has it: unassigned everywhere (RFC 7644 §3.4.2.1)
    key = _key(reading.attribute)
    try:
        wanted = key(expression.value)
    except (TypeError, ValueError) as problem:
        raise FilterError(expression.position, f"'{expression.attr}' {problem}") from None
    test = _test(expression, reading.attribute, key, wanted)
    values, missing = reading.values, reading.missing

    def met(resource: Any) -> bool:
        return any(test(missing if value is None else value) for value in values(resource))

    # where there is no value at all, nothing is identical to the operand (RFC 7643 §2.5)
    return met if expression.op != "ne" else lambda resource: not values(resource) or met(resource)


def _comparable(expression: Compare, reading: _Reading | None) -> _Reading | None:
    """A complex attribute with several values compares by its ``value`` (RFC 7644 Figure 2: ``emails co …``)."""
    if reading is None or reading.attribute.type != "complex":
        return reading
    attribute, outer = reading.attribute, reading.values
    value = attribute.sub("value") if attribute.multi_valued else None
    if value is None:
        such = f", such as {expression.attr}.{attribute.sub_attributes[0].name}" if attribute.sub_attributes else ""
        raise FilterError(
            expression.position, f"'{expression.attr}' is complex; compare one of its sub-attributes{such}"
        )
    if value.returned == "never":
        return None
    return _Reading(value, lambda resource: [member(element, value.name) for element in outer(resource)])


def _compile_null(expression: Compare, reading: _Reading | None) -> Predicate:
    """``eq null`` asks for unassigned, ``ne null`` for ``pr`` (RFC 7643 §2.5); complex attributes can be asked, too."""
    if expression.op not in ("eq", "ne"):
        raise FilterError(expression.position, f"null takes eq and ne only, not '{expression.op}'")
    is_present = _compile_presence(reading)
    return is_present if expression.op == "ne" else lambda resource: not is_present(resource)


def _test(expression: Compare, attribute: Attribute, key: Callable[[Any], Any], wanted: Any) -> Predicate:
    op = expression.op
    if op == "eq":
        return lambda value: _keyed(key, value) == wanted
    if op == "ne":
        return lambda value: _keyed(key, value) != wanted
    compare = _OPERATORS[attribute.type].get(op)
    if compare is None:
        raise FilterError(
            expression.position, f"'{expression.attr}' is of type {attribute.type}, which doesn't take '{op}'; "
            f"it takes {', '.join(['eq', 'ne', *_OPERATORS[attribute.type], 'pr'])}",
        )

    def test(value: Any) -> bool:
        actual = _keyed(key, value)
        return actual is not None and compare(actual, wanted)

    return test


def _keyed(key: Callable[[Any], Any], value: Any) -> Any:
    """The comparable form of what a resource holds; None for a value that isn't of the attribute's type."""
    try:
        return None if value is None else key(value)
    except (TypeError, ValueError):
        return None


def _key(attribute: Attribute) -> Callable[[Any], Any]:
    """How values of a type compare. The function raises TypeError or ValueError for a value of another type."""
    if attribute.type == "boolean":
        return _boolean
    if attribute.type in ("integer", "decimal"):
        return _number
    if attribute.type == "dateTime":
        return lambda value: instant(_string(value))
    if attribute.type == "string" and not attribute.case_exact:
        return lambda value: fold(_string(value))
    return _string


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("takes a string in double quotes")
    return value


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("takes true or false, without quotes")
    return value


def _number(value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("takes a number, without quotes")
    return value


def comparisons(expression: Filter) -> Iterable[Compare]:
    """The ``attr op value`` terms of a filter that is their conjunction and nothing else; empty for any other."""
    if isinstance(expression, Compare):
        return (expression,)
    if not isinstance(expression, And):
        return ()
    parts = [tuple(comparisons(term)) for term in operands(expression)]
    return tuple(chain.from_iterable(parts)) if all(parts) else ()
