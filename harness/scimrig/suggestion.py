"""The tail of an error about a name nobody knows: what was probably meant, or what there is.

Rule: pure, and imports nothing of this project, so that every strict reader may use it.
"""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'base_url'?`` where a known name is close, else ``; known: …`` (at most a dozen names)."""
    from difflib import get_close_matches

    names = sorted(set(known))
    close = get_close_matches(word, names, n=1, cutoff=0.6) or [
        name for name in names if len(word) > 2 and (name.startswith(word) or word.startswith(name))
    ]
    if close:
        return f"; did you mean {close[0]!r}?"
    if not names:
        return ""
    shown = ", ".join(names[:12])
    return f"; known: {shown}" + (" …" if len(names) > 12 else "")
