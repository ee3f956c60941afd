"""The stream a report is printed on: how wide it is, which characters it can carry, whether colour helps.

Colour is a hint on top of words, never the message. What a server sent is made harmless before it reaches a terminal:
control characters and text-direction marks are shown as escapes.

Rule: it knows text and nothing about SCIM, findings or runs.
"""

from __future__ import annotations

import os
import shutil
import textwrap
from enum import StrEnum
from typing import TextIO

NARROWEST = 40
WITHOUT_TERMINAL = 100

_PLAIN = str.maketrans(
    {
        "–": "-", "—": "-", "…": "...", "→": "->", "·": "-", "│": "|", "─": "-", "§": "section ", "×": "x",
        "“": '"', "”": '"', "‘": "'", "’": "'", "≥": ">=", "≤": "<=",
    }
)
_HIDDEN = {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0xFEFF)}
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0))}
_VISIBLE = {**_CONTROLS, **_HIDDEN, 0x09: "    "}


class Style(StrEnum):
    """Ways to stress a word, as SGR parameters."""

    BAD = "1;31"
    WARN = "33"
    GOOD = "32"
    FAINT = "2"
    BOLD = "1"


class Terminal:
    """A text stream and what it can do.

    color: True or False as asked; None = only on a terminal, where neither NO_COLOR is set nor TERM says ``dumb``
    width: columns; None = the terminal's own, else 100. Never below 40.
    """

    def __init__(self, stream: TextIO, color: bool | None = None, width: int | None = None) -> None:
        self.stream = stream
        self.tty = bool(stream.isatty()) and os.environ.get("TERM") != "dumb"
        self.color = (self.tty and not os.environ.get("NO_COLOR")) if color is None else color
        if width is None:
            width = shutil.get_terminal_size((WITHOUT_TERMINAL, 24)).columns if self.tty else WITHOUT_TERMINAL
        self.width = max(width, NARROWEST)
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._symbols = self.carries("–…→·│─§×")

    def plain(self, text: str) -> str:
        """``text`` as this stream can carry it: harmless, and in ASCII where it must be. Line ends stay."""
        text = visible(text)
        if not self._symbols:
            text = text.translate(_PLAIN)
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding, "replace")

    def paint(self, text: str, style: Style | None) -> str:
        """``text`` with colour where there is colour."""
        return f"\x1b[{style}m{text}\x1b[0m" if self.color and style is not None and text else text

    def line(self, text: str = "", style: Style | None = None) -> None:
        """One line, as wide as it is: for commands that will be copied."""
        self.stream.write(self.paint(self.plain(text).replace("\n", " "), style) + "\n")

    def painted(self, *parts: tuple[str, Style | None]) -> None:
        """One line made of parts of different styles."""
        self.stream.write("".join(self.paint(self.plain(text), style) for text, style in parts).rstrip() + "\n")

    def prose(self, text: str, indent: str = "", label: str = "", style: Style | None = None) -> None:
        """Wrapped text; further lines stand under the first one, behind the label."""
        head = indent + label
        for paragraph in self.plain(text).splitlines() or [""]:
            lines = textwrap.wrap(paragraph, max(self.width - len(head), 20), break_on_hyphens=False) or [""]
            for piece in lines:
                self.stream.write(head + self.paint(piece, style) + "\n")
                head = " " * len(head)

    def verbatim(self, text: str, indent: str) -> None:
        """One line of somebody else's text, folded where it is too long; blanks in it are kept."""
        room = max(self.width - len(indent), 20)
        plain = self.plain(text)
        for start in range(0, max(len(plain), 1), room):
            self.stream.write((indent + plain[start : start + room]).rstrip() + "\n")

    def carries(self, symbols: str) -> bool:
        """Whether the stream's encoding has these characters."""
        try:
            symbols.encode(self._encoding)
        except (UnicodeEncodeError, LookupError):
            return False
        return True


def visible(text: str) -> str:
    """Control characters, text-direction marks and lone surrogates as escapes (``\\x1b``); line feeds stay."""
    return text.translate(_VISIBLE).encode("utf-8", "backslashreplace").decode("utf-8")
