"""Media types of answers: SCIM JSON, or plain JSON for whoever takes nothing else (RFC 7644 §3.8).

Rule: pure. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from functools import lru_cache

from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import PLAIN_JSON
from scimrig_simulator.wire import SCIM_JSON


@lru_cache(maxsize=256)
def answer_type(accept: str | None) -> str:
    """The media type to answer with. Raises ScimError 406 where the client takes neither."""
    if not accept or not accept.strip():
        return SCIM_JSON
    weights = dict(_range(part) for part in accept.split(","))
    best = max((SCIM_JSON, PLAIN_JSON), key=lambda media: _weight(media, weights))  # on a tie, the first
    if _weight(best, weights) <= 0:
        raise ScimError(406, None, f"This server answers in {SCIM_JSON} or {PLAIN_JSON}; accept one of them.")
    return best


def _range(part: str) -> tuple[str, float]:
    media, *parameters = (text.strip().lower() for text in part.split(";"))
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    try:
        return media, float(quality)
    except ValueError:
        return media, 1.0


def _weight(media: str, weights: dict[str, float]) -> float:
    """The most specific range decides (RFC 9110 §12.5.1)."""
    return next((weights[name] for name in (media, "application/*", "*/*") if name in weights), 0.0)
