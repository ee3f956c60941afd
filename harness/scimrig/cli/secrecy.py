"""The secrets that this process knows, and text without them: the last guard before a traceback is kept.

Rule: exchanges are redacted where they are recorded (``courier.py``); this is for everything else that is written.
"""

from __future__ import annotations

import os

REDACTED = "[redacted]"
SHORTEST = 4
"""A shorter token is not hidden: its letters stand in every second word."""

_secrets: set[str] = set()


def remember(secret: str | None) -> None:
    """A token that must not be written anywhere from now on."""
    if secret is not None and len(secret) >= SHORTEST:
        _secrets.add(secret)


def without_secrets(text: str) -> str:
    """``text`` without the tokens this process was given, SCIMRIG_TOKEN included."""
    remember(os.environ.get("SCIMRIG_TOKEN", "").strip())
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, REDACTED)
    return text
