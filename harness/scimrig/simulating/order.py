"""What ``scimrig simulate`` is asked to do, read from its words.

Rule: pure; whatever is wrong is an OrderError that says what to write instead. Nothing is sent from here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from scimrig.simulating.chaos import KINDS, RATE
from scimrig.suggestion import did_you_mean
from scimrig_simulator import idp

PEOPLE, DAYS, SEED, WORKERS = 500, 30, 1, 4
START = date(2026, 1, 5)
"""A Monday."""

_RATE = re.compile(r"(\d+(?:\.\d+)?)(?:/s)?")


class OrderError(ValueError):
    """The order cannot be followed as it stands; the text says what to write."""


@dataclass(frozen=True, slots=True)
class Part:
    """One IdP: its dialect with the knobs that are turned; the target that it has for itself, "" for the common one."""

    dialect: str
    target: str = ""

    @property
    def name(self) -> str:
        """The dialect without its knobs."""
        return idp.base(self.dialect)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be simulated and how fast. None = not said: the state's own when a simulation is resumed.

    speed: simulated seconds a second, None = as fast as the work is done;  rate: requests a second, None = any
    """

    people: int | None = None
    days: int | None = None
    seed: int | None = None
    chaos: dict[str, float] | None = None
    speed: float | None = None
    rate: float | None = None
    workers: int = WORKERS
    timeout: float = 30.0
    parts: tuple[Part, ...] = field(default_factory=tuple)


def parts(texts: Sequence[str]) -> tuple[Part, ...]:
    """``okta:create=off@staging`` → dialect and target, for each ``--idp``. Raises OrderError."""
    found = []
    for text in texts:
        dialect, at, target = text.partition("@")
        if at and not target:
            raise OrderError(f"--idp {text}: after @ stands a URL or a name from scimrig.toml")
        try:
            idp.engage(dialect, 0)
        except ValueError as unknown:
            raise OrderError(f"--idp {text}: {unknown}") from None
        found.append(Part(dialect, target))
    twice = sorted({f"{one.name}@{one.target}" for one in found if [(o.name, o.target) for o in found].count(
        (one.name, one.target)) > 1})
    if twice:
        raise OrderError(
            f"--idp names {twice[0].rstrip('@')} twice for one target: give each a target of its own, such as"
            f" --idp {twice[0].partition('@')[0]}@https://other.example.com/scim/v2"
        )
    return tuple(found)


def chaos(texts: Sequence[str]) -> dict[str, float]:
    """``lost=0.1`` → kind and rate, for each ``--chaos``; ``all`` is every kind. Raises OrderError."""
    rates: dict[str, float] = {}
    for text in texts:
        kind, equals, share = text.partition("=")
        rate = _share(text, share) if equals else RATE
        if kind != "all" and kind not in KINDS:
            raise OrderError(f"--chaos {text}: there is no kind {kind!r}{did_you_mean(kind, KINDS)}"
                             f" (kinds are all, {', '.join(KINDS)})")
        rates.update(dict.fromkeys(KINDS, rate) if kind == "all" else {kind: rate})
    if sum(rates.values()) > 1:
        raise OrderError(f"--chaos: the rates are {sum(rates.values()):g} together; a request can have one fate, so"
                         " they may be 1 at most")
    return {kind: rates[kind] for kind in KINDS if kind in rates}


def _share(text: str, share: str) -> float:
    try:
        rate = float(share)
    except ValueError:
        rate = math.nan
    if not 0 < rate <= 1:
        raise OrderError(f"--chaos {text}: after = stands the share of requests, above 0 and up to 1, such as =0.05")
    return rate


def rate(text: str) -> float:
    """``25/s`` → requests a second. Raises OrderError."""
    match = _RATE.fullmatch(text.strip())
    if match is None or float(match[1]) <= 0:
        raise OrderError(f"--rate {text}: write requests a second, such as 25/s")
    return float(match[1])
