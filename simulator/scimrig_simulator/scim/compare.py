"""When two values are the same: by the schema's rules, not by their text.

caseExact decides about case, dateTimes are instants, an unassigned value is null, absent or empty alike (RFC 7643
§2.5), several values have no order (§2.4), and a ``primary`` of false is none.

Rule: pure. The harness compares with this; it must not depend on how the server stores anything.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal

from scimrig_simulator.scim.schemas import Attribute

_DATE_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T)(?:(24:00:00(?:\.0+)?)|[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)"
    r"(Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?"
)
_MARKS = 256
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDTHS = {  # fullwidth and halfwidth characters → the ordinary ones
    ord(odd): chr(int(unicodedata.decomposition(odd).split()[1], 16))
    for odd in map(chr, (0x3000, *range(0xFF01, 0xFFEF)))
    if unicodedata.decomposition(odd).startswith(("<wide>", "<narrow>"))
}


def fold(text: str) -> str:
    """The form in which strings that aren't caseExact compare: of one width, case-folded, in NFC.

    That is how userNames MUST be prepared (RFC 7644 §5; RFC 7613 §3.2, UsernameCaseMapped); the others follow suit.
    """
    if text.isascii():
        return text.lower()
    return composed(_normalized("NFD", text.translate(_WIDTHS)).casefold())


def composed(text: str) -> str:
    """In NFC: what looks the same is the same."""
    return _normalized("NFC", text)


def _normalized(form: Literal["NFC", "NFD"], text: str) -> str:
    """Text with hundreds of marks on one letter stays as it is: it says nothing, and to sort n marks takes n² steps."""
    if len(text) > _MARKS and not text.isascii() and _too_many_marks().search(text):
        return text
    return unicodedata.normalize(form, text)


@cache
def _too_many_marks() -> re.Pattern[str]:
    """So many combining characters in a row; UAX #15 calls a text safe that has 30 at most."""
    marks = "".join(letter for letter in map(chr, range(sys.maxunicode + 1)) if unicodedata.combining(letter))
    return re.compile(f"[{re.escape(marks)}]{{{_MARKS}}}")


def instant(text: str) -> datetime:
    """An xsd:dateTime as a point in time, to the microsecond; UTC where it names no offset (RFC 7643 §2.3.5).

    Hour 24 is the midnight after, as there; years are those from 0001 to 9999. Raises ValueError.
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a dateTime such as 2024-06-01T12:00:00Z")
    day, midnight, offset = found.groups()
    try:
        if midnight is not None:
            parsed = datetime.fromisoformat(f"{day}00:00:00{offset or ''}") + timedelta(days=1)
        else:
            parsed = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as problem:
        raise ValueError(f"{text!r} is no dateTime: {problem}") from None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def member(container: object, name: str) -> Any:
    """A member of an object by name, in any case; None where it is absent or there is no object."""
    if not isinstance(container, Mapping):
        return None
    if name in container:
        return container[name]
    wanted = name.lower()
    return next((value for key, value in container.items() if key.lower() == wanted), None)


def same_value(a: Any, b: Any, attribute: Attribute | None = None) -> bool:
    """Whether two values of an attribute (or sub-attribute) are the same; without a definition, as plain JSON.

    Never raises on values of the wrong type: those are the same only where they are equal.
    """
    return bool(normal_form(a, attribute) == normal_form(b, attribute))


def normal_form(value: Any, attribute: Attribute | None = None, *, verbatim: bool = False) -> Any:
    """What two same values have in common, for ``==`` and hashing; None for an unassigned one.

    ``verbatim`` keeps the case of strings and the text of dates: for "is there anything to store?".
    """
    if value is None:
        return None
    if isinstance(value, list):
        element = None if attribute is None or not attribute.multi_valued else attribute
        forms = [form for item in value if (form := _single(item, element, verbatim)) is not None]
        return ("list", *sorted(forms, key=repr)) if forms else None
    return _single(value, attribute, verbatim)


def _single(value: Any, attribute: Attribute | None, verbatim: bool) -> Any:
    if isinstance(value, str):
        return ("text", _text(value, attribute, verbatim))
    if isinstance(value, list):
        return normal_form(value, None, verbatim=verbatim)
    if isinstance(value, Mapping):
        return _complex(value, attribute, verbatim)
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return None if value is None else ("number", value)


def _complex(value: Mapping[str, Any], attribute: Attribute | None, verbatim: bool) -> Any:
    parts: dict[str, Any] = {}
    for key, item in value.items():
        sub = attribute.sub(key) if attribute is not None else None
        if item is False and key.lower() == "primary":
            continue
        form = normal_form(item, sub, verbatim=verbatim)
        if form is not None:
            parts[key.lower()] = form
    return ("object", *sorted(parts.items())) if parts else None


def _text(value: str, attribute: Attribute | None, verbatim: bool) -> Any:
    if attribute is None or verbatim:
        return value
    if attribute.type == "dateTime":
        try:
            return instant(value) - _EPOCH  # whatever the offset, written in one way
        except ValueError:
            return value
    if attribute.type == "string" and not attribute.case_exact:
        return fold(value)
    return composed(value)
