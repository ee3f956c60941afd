"""Conditional requests: If-Match and If-None-Match against a resource's version (RFC 7644 §3.14, RFC 9110 §13).

SCIM's tags are weak, and its own examples send them in If-Match, so both fields compare weakly here (rfc-notes 51).
Rule: decides, and changes nothing. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from scimrig_simulator.scim.errors import ScimError

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def check(headers: Mapping[str, str], version: str, reading: bool) -> bool:
    """True where a GET may be answered 304. Raises ScimError 412 where the condition of a request doesn't hold.

    headers: names in lower case. version: current ETag of the resource.
    """
    if "if-match" in headers and not _names(headers["if-match"], version):
        raise ScimError(412, None, f"The resource has changed: its version is {version} now. Read it again.")
    if "if-none-match" in headers and _names(headers["if-none-match"], version):
        if reading:
            return True
        raise ScimError(412, None, f"If-None-Match names the current version, {version}.")
    return False


def _names(field: str, version: str) -> bool:
    return field.strip() == "*" or _TAG.findall(version)[0] in _TAG.findall(field)
