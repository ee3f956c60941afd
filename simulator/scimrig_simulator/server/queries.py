"""What a client asks to find: the parameters of a GET, or the SearchRequest of a POST, in one form.

Rule: reads and refuses; looks nothing up. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator import limits
from scimrig_simulator.calls import Resource
from scimrig_simulator.scim.errors import INVALID_VALUE, ScimError, invalid_value
from scimrig_simulator.scim.expressions import And, Filter, Not, Or, ValuePath, operands


@dataclass(frozen=True, slots=True)
class Query:
    """A search as asked for; None where a parameter is absent. start: 1-based, may still be out of bounds.

    cursor: an empty one asks for the first page of a walk by cursors (RFC 9865 §2).
    """

    filter: str | None = None
    sort_by: str | None = None
    sort_order: str | None = None
    cursor: str | None = None
    start: int | None = None
    count: int | None = None
    attributes: Sequence[str] | None = None
    excluded: Sequence[str] | None = None


def from_parameters(parameters: Mapping[str, str]) -> Query:
    """The query of a GET on many resources (RFC 7644 §3.4.2). Raises ScimError 400 invalidValue."""
    attributes, excluded = wanted_attributes(parameters)
    return Query(
        filter=parameters.get("filter"),
        sort_by=parameters.get("sortBy"),
        sort_order=parameters.get("sortOrder"),
        cursor=parameters.get("cursor"),
        start=_integer(parameters, "startIndex"),
        count=_integer(parameters, "count"),
        attributes=attributes,
        excluded=excluded,
    )


def wanted_attributes(parameters: Mapping[str, str]) -> tuple[list[str] | None, list[str] | None]:
    """The lists ``attributes`` and ``excludedAttributes`` of any request (RFC 7644 §3.9), None where absent."""
    return _names(parameters.get("attributes")), _names(parameters.get("excludedAttributes"))


def from_search(body: Resource) -> Query:
    """The query in the body of a POST to ``/.search`` (RFC 7644 §3.4.3). Raises ScimError 400 invalidValue."""
    given = {name.lower(): value for name, value in body.items() if value is not None}
    return Query(
        filter=_of_type(given, "filter", str),
        sort_by=_of_type(given, "sortBy", str),
        sort_order=_of_type(given, "sortOrder", str),
        cursor=_of_type(given, "cursor", str),
        start=_of_type(given, "startIndex", int),
        count=_of_type(given, "count", int),
        attributes=_list(given, "attributes"),
        excluded=_list(given, "excludedAttributes"),
    )


def _integer(parameters: Mapping[str, str], name: str) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    try:
        return max(-1, min(2**31, int(text)))
    except ValueError:
        raise _wrong(name, f"{name} must be a whole number, not {text[: limits.SHOWN]!r}.", parameters) from None


def _wrong(name: str, detail: str, given: Mapping[str, Any]) -> ScimError:
    """A count that is none has a keyword of its own where pages go by cursor (RFC 9865 §2.1)."""
    return ScimError(400, "invalidCount" if name == "count" and "cursor" in given else INVALID_VALUE, detail)


def _names(text: str | None) -> list[str] | None:
    return None if text is None else _few([name.strip() for name in text.split(",") if name.strip()])


def _few(names: list[str]) -> list[str]:
    if len(names) > limits.NAMES:
        raise invalid_value(f"A list of attributes may have {limits.NAMES} names at most, not {len(names)}.")
    return names


def _of_type(given: Mapping[str, Any], name: str, wanted: type) -> Any:
    value = given.get(name.lower())
    if value is None:
        return None
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise _wrong(name, f"{name} must be a {'whole number' if wanted is int else 'string'}.", given)
    return max(-1, min(2**31, value)) if isinstance(value, int) else value


def _list(given: Mapping[str, Any], name: str) -> list[str] | None:
    value = given.get(name.lower())
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid_value(f"{name} must be an array of attribute names.")
    return _few(value)


def words(wanted: Filter | None) -> frozenset[str]:
    """The names of attributes and sub-attributes in a filter, in lower case."""
    if wanted is None:
        return frozenset()
    if isinstance(wanted, And | Or):
        return frozenset().union(*(words(term) for term in operands(wanted)))
    if isinstance(wanted, Not):
        return words(wanted.expr)
    inner = words(wanted.filter) if isinstance(wanted, ValuePath) else frozenset()
    return inner | {name.lower() for name in (wanted.attr.name, wanted.attr.sub) if name is not None}


def words_of_path(path: str | None) -> frozenset[str]:
    """The names in a path that can be read, in lower case."""
    return frozenset((path or "").rpartition(":")[2].lower().split("."))
