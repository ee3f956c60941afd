"""Conditional requests: If-Match and If-None-Match against a resource's version (RFC 7644 §3.14, RFC 9110 §13).

SCIM's tags are weak, and its own examples send them in If-Match, so both fields compare weakly here (rfc-notes 51).
Rule: decides, and changes nothing. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NoReturn

from scimrig_simulator.scim.errors import ScimError

_TAG = re.compile(r'(?:W/)?("[^"]*")')
_ANY = "*"
_SHOWN = 40


def check(headers: Mapping[str, str], version: str, reading: bool) -> bool:
    """True where a GET may be answered 304. Raises ScimError 412 where the condition of a request doesn't hold.

    headers: names in lower case. version: current ETag of the resource. A field that holds anything but tags is a 400:
    nobody knows what its sender wants to be sure of. Only a GET goes on without such an If-None-Match, harmlessly.
    """
    wanted, unwanted = (headers.get(name) for name in ("if-match", "if-none-match"))
    if wanted is not None and not _names(_tags(wanted) or _unreadable("If-Match", wanted), version):
        raise ScimError(412, None, f"The resource has changed: its version is {version} now. Read it again.")
    if unwanted is None:
        return False
    tags = _tags(unwanted)
    if reading:
        return _names(tags, version)
    if _names(tags or _unreadable("If-None-Match", unwanted), version):
        raise ScimError(412, None, f"If-None-Match names the current version, {version}.")
    return False


def _names(tags: list[str], version: str) -> bool:
    return _ANY in tags or version.removeprefix("W/") in tags


def _tags(field: str) -> list[str]:
    """The tags of a field, without their weakness, or ``*``; none where anything else stands there."""
    if field.strip() == _ANY:
        return [_ANY]
    return [] if _TAG.sub("", field).strip(" \t,") else _TAG.findall(field)


def _unreadable(name: str, field: str) -> NoReturn:
    detail = f'{name} takes * or entity tags in double quotes, as in W/"1", not {field[:_SHOWN]!r}.'
    raise ScimError(400, None, detail)
