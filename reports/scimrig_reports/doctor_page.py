"""The page of ``scimrig doctor``: a line for each thing that was looked at, with what to do where it is not well.

Rule: it prints lines that it is given, one by one, so that a slow target is no empty screen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from scimrig.doctor.line import Line, Mark
from scimrig_reports import marks
from scimrig_reports.terminal import Style, Terminal

_MARKS = {Mark.FINE: marks.FINE, Mark.WORTH: marks.WORTH, Mark.BROKEN: marks.BROKEN}
_TOPIC = 12


class DoctorPage:
    """Prints on ``stream``."""

    def __init__(self, stream: TextIO, color: bool) -> None:
        self._terminal = Terminal(stream, color)

    def begins(self, target: str) -> None:
        """The headline."""
        self._terminal.prose(f"scimrig doctor: {target}", style=Style.BOLD)
        self._terminal.stream.flush()

    def line(self, line: Line) -> None:
        """One thing that was looked at."""
        terminal = self._terminal
        mark = _MARKS[line.mark]
        label = f"{marks.label(terminal, mark)}{line.topic:<{_TOPIC}}"
        terminal.prose(line.text, label=label, style=mark.style)
        if line.advice:
            terminal.prose(line.advice, " " * len(label), "→ " if terminal.carries("→") else "-> ")
        terminal.stream.flush()

    def paste(self, lines: Sequence[str]) -> None:
        """Lines for the target file, to be copied as they are."""
        if lines:
            self._terminal.line()
        for line in lines:
            code, hash_sign, comment = line.partition("   # ")
            self._terminal.painted((code, None), (f"  # {comment}" if hash_sign else "", Style.FAINT))

    def ends(self, lines: Sequence[Line], exit_code: int) -> None:
        """The last line: what it comes to."""
        counts = Counter(line.mark for line in lines)
        broken, worth = counts[Mark.BROKEN], counts[Mark.WORTH]
        looks = f"{worth} worth a look" if worth else ""
        if broken:
            word, style, text = "BROKEN", Style.BAD, f"{broken} broken" + (f", {looks}" if looks else "")
        else:
            word, style, text = "OK", Style.GOOD, f"nothing is broken{f', {looks}' if looks else ''}"
        if any(line.unreachable for line in lines):
            word, text = "UNREACHABLE", "nothing more can be seen from here"
        self._terminal.line()
        self._terminal.painted((word, style), (f" · {text} · exit {exit_code}", None))
        self._terminal.stream.flush()
