"""The three marks in front of a line that says how something is: fine, worth a look, broken.

Rule: a mark never stands alone for its meaning; the line says it in words too. In ASCII where it must be.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimrig_reports.terminal import Style, Terminal


@dataclass(frozen=True, slots=True)
class Mark:
    """``sign`` where the stream carries it, else ``plain``; ``style`` of the line's text, None for none."""

    sign: str
    plain: str
    style: Style | None = None


FINE = Mark("✓", "ok")
WORTH = Mark("!", "!", Style.WARN)
BROKEN = Mark("✗", "X", Style.BAD)


def label(terminal: Terminal, mark: Mark) -> str:
    """What stands in front of a line, as the stream can carry it; the same width for every mark."""
    return f"{mark.sign} " if terminal.carries(FINE.sign) else f"{mark.plain:<2} "
