"""How large one resource may be: the length of its values, and how many an attribute has.

Rule: pure; the numbers are in ``limits``. Looks at what clients write, never at what the server makes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimrig_simulator import limits
from scimrig_simulator.scim.errors import invalid_value
from scimrig_simulator.scim.schemas import Attribute, ResourceType, Schema

_LONGEST = {"reference": limits.BLOB, "binary": limits.BLOB}


def check_sizes(resource: Mapping[str, Any], kind: ResourceType) -> None:
    """Raises ScimError (400 ``invalidValue``) where a stored resource has a value too long, or too many of them."""
    if not _suspect(resource):
        return
    for name, value in resource.items():
        attribute = kind.attribute(name)
        if attribute is not None:
            _check(value, attribute, name)
        elif (extension := kind.extension(name)) is not None and isinstance(value, Mapping):
            _check_extension(value, extension)


def _suspect(value: Any) -> bool:
    """Whether something in it may be too large for some attribute; nearly always nothing is."""
    if isinstance(value, str):
        return len(value) > limits.TEXT
    if isinstance(value, dict):
        return any(map(_suspect, value.values()))
    return isinstance(value, list) and (len(value) > limits.VALUES or any(map(_suspect, value)))


def _check_extension(part: Mapping[str, Any], schema: Schema) -> None:
    for name, value in part.items():
        attribute = schema.attribute(name)
        if attribute is not None:
            _check(value, attribute, f"{schema.id}:{name}")


def _check(value: Any, attribute: Attribute, place: str) -> None:
    if attribute.mutability == "readOnly":
        return
    if isinstance(value, list):
        if len(value) > limits.VALUES and attribute.identity is None:
            raise invalid_value(f"{place} may have {limits.VALUES} values at most, not {len(value)}")
        for item in value:
            _check(item, attribute, place)
    elif isinstance(value, str):
        longest = _LONGEST.get(attribute.type, limits.TEXT)
        if len(value) > longest:
            raise invalid_value(f"{place} may have {longest} characters at most, not {len(value)}")
    elif isinstance(value, Mapping):
        for name, item in value.items():
            sub = attribute.sub(name)
            if sub is not None:
                _check(item, sub, f"{place}.{name}")
