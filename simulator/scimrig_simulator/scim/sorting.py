"""By what resources are sorted: a path and a resource type → the value of each resource that decides its place.

Values compare as RFC 7644 §3.4.2.3 says: strings by caseExact, dateTimes as instants, several values by the primary
one, else the first, and whatever has none comes last. Rule: pure; never raises on what a resource holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from scimrig_simulator.scim.compare import fold, instant, member
from scimrig_simulator.scim.errors import INVALID_PATH, ScimError
from scimrig_simulator.scim.expressions import AttrPath
from scimrig_simulator.scim.schemas import Located, ResourceType

Key: TypeAlias = str | int | float | None
"""What a resource is sorted by; None where it has no value. dateTimes are microseconds since the epoch."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def sort_place(path: AttrPath, kind: ResourceType) -> Located | None:
    """The simple attribute that ``sortBy`` means, None where the type has none of that name that may be seen.

    A complex attribute with several values is sorted by its ``value``. Raises ScimError 400 invalidPath for any other
    complex one, and for what has no order.
    """
    place = kind.locate(path)
    if place is None or "never" in (place.attribute.returned, place.leaf.returned):
        return None
    if place.leaf.type == "complex":
        value = place.leaf.sub("value") if place.leaf.multi_valued else None
        if value is None:
            subs = ", ".join(f"{path}.{sub.name}" for sub in place.leaf.sub_attributes[:3])
            raise _unsortable(f"sortBy: '{path}' is complex; name one of its sub-attributes, such as {subs}.")
        place = Located(place.extension, place.attribute, value)
    if place.leaf.type == "binary":
        raise _unsortable(f"sortBy: '{path}' is binary, which has no order.")
    return place


def sort_key(resource: Mapping[str, Any], place: Located | None) -> Key:
    """What a resource is sorted by. A value that isn't of the attribute's type counts as none."""
    if place is None:
        return None
    home = resource if place.extension is None else member(resource, place.extension.id)
    value = _deciding(member(home, place.attribute.name))
    if place.sub is not None:
        value = _deciding(member(value, place.sub.name))
    leaf = place.leaf
    if leaf.type in ("boolean", "integer", "decimal"):
        return value if isinstance(value, int | float) else None
    if not isinstance(value, str):
        return None
    if leaf.type == "dateTime":
        return _microseconds(value)
    return fold(value) if leaf.type == "string" and not leaf.case_exact else value


def rank(key: Key, seq: int) -> tuple[bool, bool, str | int | float, int]:
    """The place of a resource in ascending order. seq: decides among equals."""
    return (key is None, isinstance(key, str), 0 if key is None else key, seq)


def _deciding(value: Any) -> Any:
    """Of several values the primary one, else the first (RFC 7644 §3.4.2.3)."""
    if not isinstance(value, list):
        return value
    primary = (item for item in value if member(item, "primary") is True)
    return next(primary, value[0] if value else None)


def _microseconds(text: str) -> int | None:
    try:
        return (instant(text) - _EPOCH) // timedelta(microseconds=1)
    except ValueError:
        return None


def _unsortable(detail: str) -> ScimError:
    return ScimError(400, INVALID_PATH, detail)
