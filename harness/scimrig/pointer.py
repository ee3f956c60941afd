"""JSON Pointer (RFC 6901) with ``*`` as a segment for "each".

Rule: a look-up, never code; a place that is not there is found as None, so that a matcher can say ``absent``.
"""

from __future__ import annotations

from collections.abc import Iterator

from scimrig_simulator.wire import Json


def find(document: Json, pointer: str) -> Iterator[tuple[str, Json]]:
    """(place, value) of everything a pointer means; ``*`` over an empty list or object means nothing at all."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    yield from _find(document, parts, "")


def _find(value: Json, parts: list[str], place: str) -> Iterator[tuple[str, Json]]:
    if not parts:
        yield place, value
        return
    head, rest = parts[0], parts[1:]
    here = f"{place}/{head}"
    if head == "*":
        items = enumerate(value) if isinstance(value, list) else (value.items() if isinstance(value, dict) else ())
        for key, item in items:
            yield from _find(item, rest, f"{place}/{key}")
    elif isinstance(value, dict):
        yield from _find(value.get(head), rest, here)
    elif isinstance(value, list) and head.isdigit() and int(head) < len(value):
        yield from _find(value[int(head)], rest, here)
    else:
        yield from _find(None, [], here)
