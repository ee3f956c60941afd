"""The body of a request as it is sent: what it may be said to be, and bytes → JSON object.

Rule: pure. Nothing that leaves here is nested so deeply, or holds such a number, that whoever works on it could fail
over it.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from scimrig_simulator import limits
from scimrig_simulator.scim.errors import ScimError, invalid_syntax
from scimrig_simulator.wire import SCIM_JSON, Json

PLAIN_JSON = "application/json"

_NO_BRACKET = bytes(byte for byte in range(256) if byte not in b"[]{}")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_CHARSET = re.compile(r';\s*charset\s*=\s*"?([^";\s]+)', re.IGNORECASE)


def check_media_type(value: str | None) -> None:
    """Raise ScimError 415 unless a body is said to be UTF-8 JSON; one without a type is taken for SCIM JSON."""
    if not value:
        return
    media = value.partition(";")[0].strip().lower()
    if media not in (SCIM_JSON, PLAIN_JSON):
        raise ScimError(415, None, f"Send the body as {SCIM_JSON} or {PLAIN_JSON}, not {media!r}.")
    charset = _CHARSET.search(value)
    if charset and charset[1].lower() not in ("utf-8", "utf8", "us-ascii"):
        raise ScimError(415, None, f"Send the body in UTF-8, not in {charset[1]!r}.")


def check_coding(value: str | None) -> None:
    """Raise ScimError 415 for a compressed body, which this server doesn't take (RFC 9110 §8.4)."""
    if value and value.strip().lower() != "identity":
        detail = f"Send the body as it is, not with Content-Encoding {value[:40]!r}."
        raise ScimError(415, None, detail, (("Accept-Encoding", "identity"),))


def json_object(content: bytes) -> dict[str, Any]:
    """Bytes → JSON object. Raises ScimError 400 invalidSyntax that says what is wrong with them."""
    if not content.strip():
        raise invalid_syntax("The request needs a JSON body, and this one is empty.")
    try:
        value: Json = _DECODER.decode(content.decode("utf-8-sig"))
        if _SURROGATE.search(content):  # an unpaired surrogate is no character and can't be stored
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise invalid_syntax(f"The body is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise invalid_syntax("The body must be a JSON object.")
    if _looks_nested(content, limits.NESTING) and _nested(value, limits.NESTING):
        raise _too_deep()
    return value


def _looks_nested(content: bytes, levels: int) -> bool:
    """Whether brackets are left when pairs were taken away innermost first: quick, and right but for strings."""
    brackets = content.translate(None, _NO_BRACKET)
    for _ in range(levels):
        fewer = brackets.replace(b"{}", b"").replace(b"[]", b"")
        if not fewer or fewer == brackets:
            return bool(fewer)
        brackets = fewer
    return True


def _nested(value: Json, levels: int) -> bool:
    """Whether arrays and objects stand inside one another more than ``levels`` deep."""
    level: list[Any] = [value]
    for _ in range(levels):
        inner = (item.values() if isinstance(item, dict) else item for item in level)
        level = [item for items in inner for item in items if isinstance(item, dict | list)]
        if not level:
            return False
    return True


def _too_deep() -> ScimError:
    return invalid_syntax(f"The JSON body is nested too deeply: {limits.NESTING} levels at most.")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _fraction(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > limits.DIGITS:
        raise ValueError(f"a number has more than {limits.DIGITS} digits")
    return int(text)


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_fraction, parse_int=_whole)
