"""One line of the doctor's page.

Rule: plain data.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How something is."""

    FINE = "fine"
    WORTH = "worth a look"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Line:
    """What was looked at, how it is, and what to do about it ("" for nothing).

    unreachable: nothing of the target could be looked at
    """

    mark: Mark
    topic: str
    text: str
    advice: str = ""
    unreachable: bool = False


def fine(topic: str, text: str) -> Line:
    return Line(Mark.FINE, topic, text)


def worth(topic: str, text: str, advice: str) -> Line:
    return Line(Mark.WORTH, topic, text, advice)


def broken(topic: str, text: str, advice: str) -> Line:
    return Line(Mark.BROKEN, topic, text, advice)
