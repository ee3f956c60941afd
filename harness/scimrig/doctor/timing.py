"""Does the target's clock agree with ours, and how fast does it answer?

Rule: pure; it is given times and judges nothing but them.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from scimrig.doctor.line import Line, broken, fine, worth
from scimrig_simulator.wire import Reply

TOLERABLE = 5
"""Seconds of difference that nobody minds; a Date header counts whole seconds only."""
TOLERATED = 300
"""Seconds beyond which signed webhooks and short-lived tokens are refused (Standard Webhooks: five minutes)."""
SLOW = 1.0
"""Seconds from which a median answer is worth a look."""
_OFFSET = re.compile(r"(?:Z|[+-]\d\d:?\d\d)\Z")


def skew(reply: Reply, now: float) -> int | None:
    """Seconds by which the target's ``Date`` is ahead of ours; None where it sends none. ``now``: when it came."""
    try:
        said = parsedate_to_datetime(reply.header("Date") or "")
    except ValueError:
        return None
    moment = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
    return round(moment.timestamp() - (now - reply.elapsed / 2) + 0.5)  # it cuts fractions off: half a second too early


def clock(seconds: int | None) -> Line:
    """How the target's clock is, from the ``skew`` of one of its answers."""
    if seconds is None:
        return worth("clock", "no Date header, so nobody can tell",
                     "send one (RFC 9110 §6.6.1); a proxy or the web server usually does")
    return _apart("clock", seconds, f"its clock is {_words(seconds)}",
                  "have both machines set their clocks by NTP: signed webhooks and tokens are refused by then")


def created(text: object, now: float, seconds: int | None) -> Line | None:
    """What ``meta.created`` of a user made ``now`` says of the clock that writes it; None where it says nothing.

    seconds: the ``skew`` of the Date header, which was told already
    """
    if not isinstance(text, str):
        return None
    if not _OFFSET.search(text):
        return worth("clock", f"meta.created is {text!r}, without a time zone",
                     'end it in "Z": without an offset every reader guesses another moment (RFC 7643 §2.3.5)')
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        return worth("clock", f"meta.created is {text!r}, which is no xsd:dateTime", "see RFC 7643 §2.3.5")
    apart = round(said.timestamp() - now)
    if abs(apart) <= TOLERABLE or (seconds is not None and abs(apart - seconds) <= TOLERABLE):
        return None
    return _apart("clock", apart, f"meta.created is {_words(apart)}, though the Date header is not",
                  "write UTC, or the right offset: a local time that says Z is a common cause")


def speed(elapsed: Sequence[float]) -> Line:
    """How long answers took, in seconds each."""
    median, slowest = statistics.median(elapsed), max(elapsed)
    text = f"{_ms(median)} in the middle, {_ms(slowest)} at most, over {len(elapsed)} requests"
    if median < SLOW:
        return fine("speed", text)
    return worth("speed", text, "a run sends thousands of requests; --idp and -k play fewer, --jobs 4 several at once")


def _apart(topic: str, seconds: int, text: str, advice: str) -> Line:
    if abs(seconds) <= TOLERABLE:
        return fine(topic, text)
    return (worth if abs(seconds) <= TOLERATED else broken)(topic, text, advice)


def _words(seconds: int) -> str:
    if abs(seconds) <= 1:
        return "right"
    direction = "ahead of ours" if seconds > 0 else "behind ours"
    return f"{abs(seconds)} s {direction}"


def _ms(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "under 1 ms"
