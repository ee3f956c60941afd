"""Values by which a resource is found or told apart, as text that is equal exactly where the values are.

``comparable`` makes the text of one value by the rules of its attribute: folded unless caseExact, dateTimes as
instants, 1 and 1.0 the same. ``unique_values`` makes those that no two resources of a type may share.

Rule: pure; reads resources as they are stored (names in schema case). Whoever keeps an index keeps these texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from scimrig_simulator.scim.compare import composed, fold, instant
from scimrig_simulator.scim.schemas import Attribute, Located, ResourceType, unique_places

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unique_values(resource: Mapping[str, Any], kind: ResourceType) -> Iterator[tuple[str, str]]:
    """(name, comparable text) of every value that no other resource of this type may have (RFC 7643 §7, uniqueness).

    The name is ``Located.name``: "serialNumber", "urn:…:Device:assetTag", "ports.mac". A pair may come twice, where a
    resource has a value twice. The userName of a User isn't among them (see ``unique_places``).
    """
    for place in unique_places(kind):
        for value in values_at(resource, place):
            text = comparable(value, place.leaf)
            if text is not None:
                yield place.name, text


def values_at(resource: Mapping[str, Any], place: Located) -> Iterator[Any]:
    """All values that a stored resource has at a place, one by one; none where it has none."""
    home: Any = resource if place.extension is None else resource.get(place.extension.id)
    held = home.get(place.attribute.name) if isinstance(home, Mapping) else None
    for element in held if isinstance(held, list) else [held]:
        found = element
        if place.sub is not None:
            found = element.get(place.sub.name) if isinstance(element, Mapping) else None
        yield from (item for item in (found if isinstance(found, list) else [found]) if item is not None)


def comparable(value: Any, attribute: Attribute) -> str | None:
    """The text of a simple value that all values equal to it have, None for a complex or unassigned one.

    Never raises: a value of the wrong type is equal to itself alone.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, int):
        return str(value)
    return _text(value, attribute) if isinstance(value, str) else None


def _text(value: str, attribute: Attribute) -> str:
    if attribute.type == "dateTime":
        try:
            return str((instant(value) - _EPOCH) // timedelta(microseconds=1))
        except ValueError:
            return value
    if attribute.type == "string" and not attribute.case_exact:
        return fold(value)
    return composed(value)
