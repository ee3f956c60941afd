"""What a client asks to find: the parameters of a GET, or the SearchRequest of a POST, in one form.

Rule: reads and refuses; looks nothing up. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.scim.compare import fold
from scimrig_simulator.scim.errors import invalid_value
from scimrig_simulator.scim.filters import And, Compare, Filter
from scimrig_simulator.seams import Resource
from scimrig_simulator.server.store import Row, Store


@dataclass(frozen=True, slots=True)
class Query:
    """A search as asked for; None where a parameter is absent. start: 1-based, may still be out of bounds."""

    filter: str | None = None
    start: int | None = None
    count: int | None = None
    attributes: Sequence[str] | None = None
    excluded: Sequence[str] | None = None


def from_parameters(parameters: Mapping[str, str]) -> Query:
    """The query of a GET on many resources (RFC 7644 §3.4.2). Raises ScimError 400 invalidValue."""
    attributes, excluded = wanted_attributes(parameters)
    return Query(
        filter=parameters.get("filter"),
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
        raise invalid_value(f"{name} must be a whole number, not {text!r}.") from None


def _names(text: str | None) -> list[str] | None:
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def _of_type(given: Mapping[str, Any], name: str, wanted: type) -> Any:
    value = given.get(name.lower())
    if value is None:
        return None
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise invalid_value(f"{name} must be a {'whole number' if wanted is int else 'string'}.")
    return max(-1, min(2**31, value)) if isinstance(value, int) else value


def _list(given: Mapping[str, Any], name: str) -> list[str] | None:
    value = given.get(name.lower())
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise invalid_value(f"{name} must be an array of attribute names.")
    return value


def candidates(store: Store, kinds: Sequence[str], wanted: Filter) -> list[Row] | None:
    """Rows among which all matches are, found by an index; None where the filter needs a scan.

    They still have to be matched: an index knows one clause of the filter at most.
    """
    if isinstance(wanted, And):
        found = candidates(store, kinds, wanted.left)
        return candidates(store, kinds, wanted.right) if found is None else found
    if not isinstance(wanted, Compare) or wanted.op != "eq" or wanted.attr.sub is not None or wanted.attr.uri:
        return None
    if not isinstance(wanted.value, str):
        return None
    match wanted.attr.name.lower():
        case "username":
            return store.keyed(kinds, "user_name", fold(wanted.value))
        case "displayname":
            return store.keyed(kinds, "display_name", fold(wanted.value))
        case "externalid":
            return store.keyed(kinds, "external_id", wanted.value)
        case "id":
            return store.keyed(kinds, "id", wanted.value)
    return None
