"""Other ways to print what a body says: what a sender may have signed in place of the bytes that it sent.

Rule: pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_LARGEST = 256 * 1024  # bytes of a body that is printed again, forty times


def renderings(body: bytes) -> Iterator[tuple[str, bytes]]:
    """(in words, bytes): other ways to print what a body says. Each differs from the body and from those before it."""
    seen = {body}
    for words, other in _renderings(body):
        if other not in seen:
            seen.add(other)
            yield words, other


def _renderings(body: bytes) -> Iterator[tuple[str, bytes]]:
    yield "the body without the white space around it", body.strip()
    yield "the body with a line break behind it", body + b"\n"
    if len(body) > _LARGEST:
        return
    try:
        value = json.loads(body.decode("utf-8-sig"))
        for order, sort in (("", False), (", members sorted by name", True)):
            for layout, style in _LAYOUTS:
                for spelling, ascii, spelled in _SPELLINGS:
                    text = json.dumps(value, sort_keys=sort, ensure_ascii=ascii, **style)
                    for was, becomes in spelled:
                        text = text.replace(was, becomes)
                    words = f"the payload printed again ({layout}{order}{spelling})"
                    yield words, text.encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):  # no JSON, or none that Python prints
        return


_LAYOUTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("without blanks", {"separators": (",", ":")}),
    ('with a blank behind each "," and ":"', {}),
    ("indented by 2", {"indent": 2}),
    ("indented by 4", {"indent": 4}),
)
# "/" stands only inside strings of JSON, and so do "<", ">" and "&": replacing them in the text is safe
_SLASH = (("/", "\\/"),)
_HTML = (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"))
_SPELLINGS: tuple[tuple[str, bool, tuple[tuple[str, str], ...]], ...] = (
    ("", False, ()),
    (", other letters than ASCII as \\u escapes", True, ()),
    (', "/" as "\\/" and other letters than ASCII as \\u escapes', True, _SLASH),
    (', "/" as "\\/"', False, _SLASH),
    (', "<", ">" and "&" as \\u escapes', False, _HTML),
)
