"""One value brought into the form in which it is stored: names in schema case, types checked, nothing unassigned left.

What a type accepts is RFC 7643 §2.3. An unassigned value (null, [], {}) comes back as None (§2.5). Sub-attributes that
the schema doesn't know are left out; readOnly ones are the server's and are left out or refused. canonicalValues are
suggestions (§2.3.1, §7), and a value stays as it was written.

Rule: one attribute at a time; what holds between attributes is for ``validation``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from scimrig_simulator.scim import tolerances
from scimrig_simulator.scim.compare import instant, normal_form
from scimrig_simulator.scim.errors import ScimError, invalid_syntax, invalid_value, not_mutable
from scimrig_simulator.scim.schemas import Attribute
from scimrig_simulator.scim.tolerances import Leniency

_SHORT = 256
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)(={0,2})")
_NO_URI = re.compile(r'[\x00-\x20\x7f<>"{}|\\^`]|%(?![0-9A-Fa-f]{2})')


def stored(value: Any, attribute: Attribute, place: str, leniency: Leniency) -> Any:
    """The value as it is stored, None where it is unassigned. ``place`` names it in errors ("emails").

    Several values: duplicates are dropped (RFC 7643 §2.4), and ``primary`` may be true once.
    Raises ScimError: 400 ``invalidValue``; ``mutability`` for a readOnly sub-attribute that isn't tolerated.
    """
    if value is None:
        return None
    if not attribute.multi_valued:
        return stored_single(value, attribute, place, leniency)
    if not isinstance(value, list):
        alone = isinstance(value, dict) == (attribute.type == "complex")
        if not alone or tolerances.SINGLE_VALUE not in leniency:
            raise invalid_value(f"{place} has several values: send an array, not {_kind(value)}")
        value = [value]
    if len(value) == 1:  # as usual; nothing to compare it with
        element = stored_single(value[0], attribute, f"{place}[1]", leniency)
        return None if element is None else [element]
    found: dict[Any, Any] = {}
    for number, item in enumerate(value, 1):
        element = stored_single(item, attribute, f"{place}[{number}]", leniency)
        if element is not None:
            found.setdefault(element_key(element, attribute), element)
    values = list(found.values())
    check_primary(values, place)
    return values or None


def stored_single(value: Any, attribute: Attribute, place: str, leniency: Leniency) -> Any:
    """One value of an attribute as it is stored, whether or not the attribute has several. Raises ScimError."""
    if value is None:
        return None
    if attribute.type == "complex":
        return _stored_complex(value, attribute, place, leniency)
    if attribute.type == "boolean":
        value = boolean(value, leniency)
    problem = _CHECKS[attribute.type](value)
    if problem is not None:
        raise invalid_value(f"{place} {problem}, not {_kind(value)}")
    return value


def boolean(value: Any, leniency: Leniency) -> Any:
    """``"False"`` as false where that is tolerated; anything else as it is."""
    if tolerances.STRING_BOOLEAN in leniency and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    return value


def _stored_complex(value: Any, attribute: Attribute, place: str, leniency: Leniency) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        raise invalid_value(f"{place} is complex: send an object with its sub-attributes, not {_kind(value)}")
    given: dict[str, Any] = {}
    for key, item in value.items():
        sub = attribute.sub(key)
        if sub is None:
            continue
        if sub.name in given:
            raise twice(f"{place}.{sub.name}")
        if sub.mutability == "readOnly" and attribute.mutability != "readOnly":
            if tolerances.NESTED_READ_ONLY not in leniency:
                raise not_mutable(f"{place}.{sub.name} is readOnly; leave it out")
            continue
        given[sub.name] = stored(item, sub, f"{place}.{sub.name}", leniency)
    ordered = {sub.name: given[sub.name] for sub in attribute.sub_attributes if given.get(sub.name) is not None}
    if ordered and attribute.identity is not None and "value" not in ordered:
        raise invalid_value(f"{place} needs a value: the id of what it stands for")
    return ordered or None


def by_name(value: Mapping[str, Any]) -> dict[str, Any]:
    """The members of an object by their names in lower case.

    Raises ScimError (400 ``invalidSyntax``) where one is there twice, in different cases.
    """
    found = {key.lower(): item for key, item in value.items()}
    if len(found) < len(value):
        names = sorted(value, key=str.lower)
        raise twice(next(one for one, other in pairwise(names) if one.lower() == other.lower()))
    return found


def twice(place: str) -> ScimError:
    """400 ``invalidSyntax``: one attribute is given twice, in different cases."""
    return invalid_syntax(f"{place} is given more than once; attribute names are case-insensitive (RFC 7643 §2.1)")


def copied(value: Any) -> Any:
    """A value of its own, as deep as it goes; JSON only."""
    if isinstance(value, dict):
        return {key: copied(item) for key, item in value.items()}
    return [copied(item) for item in value] if isinstance(value, list) else value


def element_key(element: Any, attribute: Attribute) -> Any:
    """What stored values that are one have in common, hashable: members by their id, others by every sub-attribute.

    ``display``, ``type`` and ``$ref`` of a member are the server's to make (rfc-notes 4).
    """
    if attribute.identity is not None and isinstance(element, Mapping):
        return normal_form(element.get("value"), attribute.identity)
    if isinstance(element, dict) and all(map(_is_short, element.values())):
        return _key_of(attribute, frozenset(element.items()))
    return normal_form([element], attribute)


@lru_cache(maxsize=4096)  # a PATCH of many operations asks for the same values again with each of them
def _key_of(attribute: Attribute, parts: frozenset[tuple[str, Any]]) -> Any:
    return normal_form([dict(parts)], attribute)


def _is_short(value: Any) -> bool:
    """Whether a stored value is a plain one that may be remembered."""
    return isinstance(value, bool) or (isinstance(value, str) and len(value) <= _SHORT)


def check_primary(values: list[Any], place: str) -> None:
    """Raises ScimError (400 ``invalidValue``) where more than one value is primary (RFC 7643 §2.4)."""
    if sum(1 for value in values if is_primary(value)) > 1:
        raise invalid_value(f"{place} has more than one primary value; mark one at most")


def is_primary(value: Any) -> bool:
    """Whether a stored value is the primary one; absent counts as false."""
    return isinstance(value, dict) and value.get("primary") is True


def _text_problem(value: Any) -> str | None:
    if not isinstance(value, str):
        return "takes a string"
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return "takes a string of whole characters"
    return None


def _date_time_problem(value: Any) -> str | None:
    try:
        instant(value if isinstance(value, str) else "")
    except ValueError:
        return "takes a dateTime such as 2024-06-01T12:00:00Z"
    return None


def _reference_problem(value: Any) -> str | None:
    """A URI, absolute or relative (RFC 7643 §2.3.7): nothing that RFC 3986 excludes but letters beyond ASCII."""
    problem = _text_problem(value)
    return problem if problem is not None or _NO_URI.search(value) is None else "takes a URI"


def _binary_problem(value: Any) -> str | None:
    """base64 or base64url; the padding may be left off, but not be wrong (RFC 7643 §2.3.6; RFC 4648 §4, §5)."""
    found = _BASE64.fullmatch(value) if isinstance(value, str) else None
    if found is not None:
        padding = len(found[1])
        spare = (len(value) - padding) % 4
        if spare != 1 and padding in (0, -spare % 4):
            return None
    return "takes a binary value in base64"


def _decimal_problem(value: Any) -> str | None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return None if number else "takes a number"


_CHECKS: Mapping[str, Callable[[Any], str | None]] = {
    "string": _text_problem,
    "reference": _reference_problem,
    "boolean": lambda value: None if isinstance(value, bool) else "takes true or false",
    "integer": lambda value: None if isinstance(value, int) and not isinstance(value, bool) else "takes an integer",
    "decimal": _decimal_problem,
    "dateTime": _date_time_problem,
    "binary": _binary_problem,
}

_KINDS = {
    bool: "a boolean", str: "a string", list: "an array", dict: "an object", int: "a number", float: "a number",
}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "null")
