"""What a scenario may say of a value, and whether the value is so.

A value that isn't an object is an equality (strings letter by letter, ``1`` is ``1.0``, ``true`` is not ``1``). An
object is made of matchers, which must all fit:

``is``                equals (objects too)
``not``               does not fit
``in``                equals one of these
``present, absent``   assigned in the sense of RFC 7643 §2.5: missing, null and ``[]`` are one
``type``              JSON type, ``integer`` included; or a list of types
``matches``           a regular expression is found somewhere in the string
``starts, ends``      of a string
``has``               a list holds such an element (each of a list of them), an object has such members
``size``              of a list, object or string: a number, or matchers; what is missing has size 0
``at_least, at_most`` of a number
``before, after``     an ISO 8601 instant

Rule: pure, no SCIM knowledge: values come selected, missing ones as ``ABSENT``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, TypeAlias

from scimrig.scenario.resolve import resolve


class _Absent(Enum):
    ABSENT = "absent"

    def __repr__(self) -> str:
        return "nothing"


ABSENT: Final = _Absent.ABSENT
"""Stands for a value that is not there at all."""

Reason: TypeAlias = str | None


def match(spec: Any, actual: Any, namespace: Mapping[str, Any] | None = None) -> Reason:
    """None where ``actual`` fits, else one line for a human.

    spec:      a literal, or an object of matchers; templates in it are filled in from ``namespace`` if given
    actual:    JSON, or ``ABSENT``
    Raises ValueError for an object with words that are no matchers, UnknownName for an unknown template.
    """
    return _match(spec if namespace is None else resolve(spec, namespace), actual)


def words() -> tuple[str, ...]:
    """The names of the matchers."""
    return tuple(_MATCHERS)


def show(value: Any, limit: int = 120) -> str:
    """A value for a human: compact JSON, shortened; ``nothing`` where there is none."""
    if value is ABSENT:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def same(left: Any, right: Any) -> bool:
    """JSON equality: ``true`` is not ``1``, ``1`` is ``1.0``, order counts in lists only."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)


def _match(spec: Any, actual: Any) -> Reason:
    if not isinstance(spec, Mapping):
        return None if same(spec, actual) else f"{show(actual)} is not {show(spec)}"
    for word, argument in spec.items():
        matcher = _MATCHERS.get(word)
        if matcher is None:
            raise ValueError(f"'{word}' is no matcher; known are {', '.join(_MATCHERS)}")
        reason = matcher(argument, actual)
        if reason is not None:
            return reason
    return None


def _is(argument: Any, actual: Any) -> Reason:
    return None if same(argument, actual) else f"{show(actual)} is not {show(argument)}"


def _not(argument: Any, actual: Any) -> Reason:
    return None if _match(argument, actual) is not None else f"{show(actual)} is what it must not be"


def _in(argument: Any, actual: Any) -> Reason:
    return None if any(same(choice, actual) for choice in argument) else f"{show(actual)} is none of {show(argument)}"


def _assigned(actual: Any) -> bool:
    return actual is not ABSENT and actual is not None and actual != []


def _present(argument: Any, actual: Any) -> Reason:
    if _assigned(actual) is bool(argument):
        return None
    return "there is no value" if argument else f"there is a value: {show(actual)}"


def _absent(argument: Any, actual: Any) -> Reason:
    return _present(not argument, actual)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def _type(argument: Any, actual: Any) -> Reason:
    wanted = [argument] if isinstance(argument, str) else list(argument)
    for name in wanted:
        if name not in _TYPES:
            raise ValueError(f"'{name}' is no JSON type; known are {', '.join(_TYPES)}")
    if any(_TYPES[name](actual) for name in wanted):
        return None
    return f"{show(actual)} is not of type {' or '.join(wanted)}"


def _matches(argument: Any, actual: Any) -> Reason:
    if isinstance(actual, str) and re.search(argument, actual):
        return None
    return f"{show(actual)} does not match /{argument}/"


def _starts(argument: Any, actual: Any) -> Reason:
    fits = isinstance(actual, str) and actual.startswith(argument)
    return None if fits else f"{show(actual)} does not start with {show(argument)}"


def _ends(argument: Any, actual: Any) -> Reason:
    fits = isinstance(actual, str) and actual.endswith(argument)
    return None if fits else f"{show(actual)} does not end with {show(argument)}"


def _has(argument: Any, actual: Any) -> Reason:
    if isinstance(actual, list):
        wanted = argument if isinstance(argument, list) else [argument]
        for one in wanted:
            if not any(_element(one, element) for element in actual):
                return f"{show(actual)} holds no {show(one)}"
        return None
    if isinstance(actual, Mapping) and isinstance(argument, Mapping):
        return _members(argument, actual)
    return f"{show(actual)} does not hold {show(argument)}"


def _element(wanted: Any, element: Any) -> bool:
    # An object element is spoken of by its members ({type: work}); "type" is a SCIM word there, no matcher.
    if isinstance(wanted, Mapping) and isinstance(element, Mapping):
        return _members(wanted, element) is None
    return _match(wanted, element) is None


def _members(wanted: Mapping[str, Any], actual: Mapping[str, Any]) -> Reason:
    for name, spec in wanted.items():
        reason = _match(spec, actual.get(name, ABSENT))
        if reason is not None:
            return f"{name}: {reason}"
    return None


def _size(argument: Any, actual: Any) -> Reason:
    if actual is ABSENT or actual is None:
        length = 0
    elif isinstance(actual, (list, str, Mapping)):
        length = len(actual)
    else:
        return f"{show(actual)} has no size"
    reason = _match(argument, length)
    return None if reason is None else f"size {reason}"


def _at_least(argument: Any, actual: Any) -> Reason:
    return None if _number(actual) and actual >= argument else f"{show(actual)} is not at least {show(argument)}"


def _at_most(argument: Any, actual: Any) -> Reason:
    return None if _number(actual) and actual <= argument else f"{show(actual)} is not at most {show(argument)}"


def _number(value: Any) -> bool:
    return _TYPES["number"](value)


def _before(argument: Any, actual: Any) -> Reason:
    return _instants(argument, actual, lambda left, right: left < right, "before")


def _after(argument: Any, actual: Any) -> Reason:
    return _instants(argument, actual, lambda left, right: left > right, "after")


def _instants(argument: Any, actual: Any, fits: Callable[[datetime, datetime], bool], word: str) -> Reason:
    limit = instant(argument)
    if limit is None:
        raise ValueError(f"{show(argument)} is no ISO 8601 instant with a zone")
    moment = instant(actual)
    if moment is None:
        return f"{show(actual)} is no instant"
    return None if fits(moment, limit) else f"{actual} is not {word} {argument}"


def instant(text: Any) -> datetime | None:
    """An ISO 8601 date-time with its zone, in UTC; None where it is none (a date alone, no zone)."""
    if not isinstance(text, str) or "T" not in text.upper():
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


_MATCHERS: Mapping[str, Callable[[Any, Any], Reason]] = {
    "is": _is, "not": _not, "in": _in, "absent": _absent, "present": _present, "type": _type, "matches": _matches,
    "starts": _starts, "ends": _ends, "has": _has, "size": _size, "at_least": _at_least, "at_most": _at_most,
    "before": _before, "after": _after,
}
