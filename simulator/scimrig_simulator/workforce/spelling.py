"""Names as a login writes them: ASCII, lower case.

Rule: pure text, no imports of this project.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 40
"""Characters of a login before its number; an e-mail's local part may have 64 (RFC 5321 §4.5.3.1.1)."""

# letters that Unicode does not take apart into a base letter and a mark
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i", "ŋ": "ng"}
)
_NOT_ALLOWED = re.compile(r"[^a-z0-9'-]+")


def ascii_name(name: str) -> str:
    """``García Márquez`` → ``garcia-marquez``, ``O'Brien`` → ``o'brien``; a typographic apostrophe (’) is dropped.

    Raises ValueError where nothing is left: such a name needs a romanized form beside it.
    """
    folded = unicodedata.normalize("NFKD", name.lower()).translate(_LETTERS)
    bare = "".join(letter for letter in folded if not unicodedata.combining(letter))
    spelled = _NOT_ALLOWED.sub("", re.sub(r"\s+", "-", bare)).strip("-'")
    if not spelled:
        raise ValueError(f"{name!r} has no ASCII spelling: write it as [name, romanized name]")
    return spelled


def login(given: str, family: str) -> str:
    """``given.family`` from two ASCII names, at most ``LONGEST`` characters; a single name is not repeated."""
    text = f"{given}.{family}" if family and given != family else given
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip(".-'")
