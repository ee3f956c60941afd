"""HTML that is safe by the way it is made: whatever isn't markup already is escaped when it becomes part of some.

Rule: knows elements, not what stands in them; a page needs nothing from anywhere else, and no script. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from typing import TypeAlias

_VOID = frozenset({"br", "input", "meta"})


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Attribute: TypeAlias = str | bool | int | None


def tag(name: str, /, *inside: str, **attributes: Attribute) -> Html:
    """An element. Text inside is escaped unless it is ``Html``; ``class_`` is class, ``aria_label`` is aria-label.

    An attribute that is True has no value, one that is False or None isn't there.
    """
    told = "".join(_attribute(key, value) for key, value in attributes.items() if value not in (None, False))
    if name in _VOID:
        return Html(f"<{name}{told}>")
    return Html(f"<{name}{told}>{join(*inside)}</{name}>")


def join(*parts: str) -> Html:
    """Parts one after the other."""
    return Html("".join(part if isinstance(part, Html) else escape(part) for part in parts))


def _attribute(key: str, value: Attribute) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'


_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; color: #1b1f24; background: #fff; margin: 0 auto; max-width: 60rem;
  padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2.5rem; border-bottom: 1px solid #8b949e; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem .3rem 0; }
th, dt { font-weight: 600; } dl { display: grid; grid-template-columns: max-content auto; gap: .3rem 1rem; }
dd { margin: 0; } code { overflow-wrap: anywhere; background: #eef1f4; padding: .1rem .3rem; }
form { margin: .5rem 0; } label { display: block; margin-top: .5rem; } td label { position: absolute; left: -99rem; }
input, select, button { font: inherit; padding: .3rem .5rem; border: 1px solid #59636e; border-radius: .25rem; }
button { background: #0b5cad; color: #fff; border-color: #0b5cad; } button.quiet { background: #fff; color: #0b5cad; }
:focus-visible { outline: 3px solid #b35900; outline-offset: 2px; }
.good { border-left: .3rem solid #1a7f37; padding-left: .7rem; } .bad { border-left: .3rem solid #b42318;
  padding-left: .7rem; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; form-action 'self'; base-uri 'none'; frame-ancestors *"
)
"""The Content-Security-Policy of a page: it may be framed, and loads and runs nothing (CAP-16)."""


def page(title: str, *inside: str) -> bytes:
    """A whole page."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", Html(_STYLE)),
    )
    whole = tag("html", head, tag("body", tag("main", tag("h1", title), *inside)), lang="en")
    return f"<!DOCTYPE html>{whole}".encode("utf-8", "replace")


def table(caption: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Html:
    """A table with a caption and a row of heads."""
    return tag(
        "table",
        tag("caption", caption),
        tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))),
        tag("tbody", *(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)),
    )


def listing(pairs: dict[str, str]) -> Html:
    """Names and what they stand for."""
    return tag("dl", *(join(tag("dt", name), tag("dd", value)) for name, value in pairs.items()))
