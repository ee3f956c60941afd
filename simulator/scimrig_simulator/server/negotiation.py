"""Media types of answers: SCIM JSON, or plain JSON for whoever takes nothing else (RFC 7644 §3.8, RFC 9110 §12.5.1).

Parameters of a media range but its weight are no reason to refuse: there is one form of an answer, in UTF-8.
Rule: pure. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import re
from functools import lru_cache

from scimrig_simulator.scim.bodies import PLAIN_JSON
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.wire import SCIM_JSON

_ANYTHING = "*/*"
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_WEIGHT = re.compile(r"(?:\d(?:\.\d*)?|\.\d+)")
_WORTH_KEEPING = 200


def answer_type(accept: str | None) -> str:
    """The media type to answer with. Raises ScimError 406 where the client takes neither."""
    if not accept:
        return SCIM_JSON
    return _remembered(accept) if len(accept) <= _WORTH_KEEPING else _negotiated(accept)


def _negotiated(accept: str) -> str:
    weights: dict[str, float] = {}
    for part in _QUOTED.sub('""', accept).split(","):
        media, weight = _range(part)
        if media:  # a list may have empty elements (RFC 9110 §5.6.1)
            weights[media] = max(weight, weights.get(media, 0.0))
    if not weights:
        return SCIM_JSON
    best = max((SCIM_JSON, PLAIN_JSON), key=lambda media: _weight(media, weights))  # on a tie, the first
    if _weight(best, weights) <= 0:
        raise ScimError(406, None, f"This server answers in {SCIM_JSON} or {PLAIN_JSON}; accept one of them.")
    return best


_remembered = lru_cache(maxsize=256)(_negotiated)


def _range(part: str) -> tuple[str, float]:
    """A media range and its weight, 1 where it has none that can be read. ``*`` alone is an old way to say ``*/*``."""
    media, *parameters = (text.strip().lower() for text in part.split(";"))
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    weight = float(quality) if _WEIGHT.fullmatch(quality) else 1.0
    return _ANYTHING if media == "*" else media, min(weight, 1.0)


def _weight(media: str, weights: dict[str, float]) -> float:
    """The most specific range decides (RFC 9110 §12.5.1)."""
    return next((weights[name] for name in (media, "application/*", _ANYTHING) if name in weights), 0.0)
