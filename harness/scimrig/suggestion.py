"""The tail of an error about a name nobody knows: what was probably meant, or what there is.

Rule: pure, and imports nothing of this project, so that every strict reader may use it.
"""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'base_url'?`` where a known name is close (case does not count), else ``; known are …``.

    At most sixteen names are listed; "" where nothing is known at all.
    """
    from difflib import get_close_matches

    names = sorted(set(known))
    folded = {name.lower(): name for name in names}
    wanted = word.lower()
    close = get_close_matches(wanted, folded, n=1, cutoff=0.6) or [
        name for name in folded if len(wanted) > 2 and (name.startswith(wanted) or wanted.startswith(name))
    ]
    if close:
        return f"; did you mean {folded[close[0]]!r}?"
    if not names:
        return ""
    return f"; known are {', '.join(names[:16])}" + (" …" if len(names) > 16 else "")
