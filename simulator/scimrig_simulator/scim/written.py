"""What a write names of the attributes that are returned on request only: the answer to it shows them (RFC 7643 §7).

Rule: pure. A word of the body that could be an attribute's name counts as one: showing too much would still be no
more than a client may ask for, showing too little would hide what it has just written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from scimrig_simulator.scim.schemas import Located, ResourceType, places

_WORD = re.compile(r"[\w$-]+")


def shown_after(body: Any, kind: ResourceType) -> tuple[str, ...]:
    """Paths of the attributes with ``returned: request`` that a POST, PUT or PATCH body names."""
    asked = _on_request(kind)
    if not asked:
        return ()
    words = {word.lower() for text in _names(body) for word in _WORD.findall(text)}
    return tuple(
        place.name
        for place in asked
        if place.attribute.name.lower() in words and (place.sub is None or place.sub.name.lower() in words)
    )


@lru_cache(maxsize=256)
def _on_request(kind: ResourceType) -> tuple[Located, ...]:
    return tuple(
        place for place in places(kind)
        if place.leaf.returned == "request" or (place.sub is not None and place.attribute.returned == "request")
    )


def _names(value: Any) -> Iterator[str]:
    """Keys at any depth, and the paths of a PATCH."""
    for key, item in value.items() if isinstance(value, dict) else ():
        yield key
        if key.lower() == "path" and isinstance(item, str):
            yield item
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _names(item)
