"""How much the reference server takes, in one place: what is beyond is refused with a clear error, and at no cost.

Rule: numbers and their units. Nothing here imports another module of this project.
"""

from __future__ import annotations

BODY = 1 << 20
"""Bytes of a request body (RFC 7644 §3.12: 413)."""

MANAGEMENT_BODY = 1 << 16
"""Bytes of a body below /manage."""

HEAD = 256 * 1024
"""Bytes of request line and headers, so large that an over-long filter meets its own limit (RFC 6585 §5: 431)."""

NESTING = 64
"""Arrays and objects inside one another in a JSON body: far from what SCIM needs, and from the end of the stack."""

DIGITS = 40
"""Characters of a whole number in JSON, or of a number in a filter."""

TEXT = 1 << 16
"""Characters of a string value."""

BLOB = 1 << 18
"""Characters of a reference, which may be a picture as a data: URI, or of a binary value."""

VALUES = 1000
"""Values of an attribute that has several; a group may have any number of members."""

FILTER_LENGTH = 16_384
"""Characters of a filter, or of a path."""

FILTER_DEPTH = 50
"""Parentheses, brackets and nots inside one another in a filter."""

FILTER_TERMS = 200
"""Comparisons and value paths in one filter."""

PATCH_OPERATIONS = 1000
"""Operations of one PATCH; one of them may add or remove any number of members."""

BULK_OPERATIONS = 1000
"""Operations of one bulk job (RFC 7644 §3.7.4: 413)."""

LARGEST_PAGE = 200
"""Resources on one page, whatever ``count`` asks for."""

USUAL_PAGE = 100
"""Resources on a page where ``count`` isn't given."""

SCAN = 100_000
"""Resources that one search reads where no index answers it (RFC 7644 §3.12: tooMany)."""

CURSOR_LIFETIME = 3600
"""Seconds for which a cursor can be followed (RFC 9865 §4, cursorTimeout)."""

NAMES = 500
"""Names in ``attributes`` or ``excludedAttributes``."""

SHOWN = 200
"""Characters of what a client sent that an error repeats."""

ARRIVAL = 30.0
"""Seconds without a byte after which a request that isn't complete is given up (RFC 9110 §15.5.9: 408)."""
