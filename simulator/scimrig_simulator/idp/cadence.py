"""When a job does what: cycles, retries, delays and quarantine, as the knobs of a dialect say.

Rule: no dialect by name. What a dialect's table doesn't say is in ``DEFAULTS``, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from scimrig_simulator.idp.engine import Engine
from scimrig_simulator.idp.quarantine import Quarantine

DEFAULTS: Mapping[str, str] = {
    "cadence": "0",  # event-driven
    "first-cycle": "0",
    "task-retry": "never",
    "escrow-gap": "",  # no escrow: what failed waits for task-retry
    "reschedule": "1800",
    "deactivate-delay": "0",
    "delete-delay": "0",
    "import-every": "0",
    "unchanged": "skipped",  # nothing is sent of somebody of whom nothing that is mapped has changed
    "quarantine-cadence": "",  # there is no quarantine
    "quarantine-days": "28",
    "quarantine-share": "40",
    "quarantine-least": "5000",
    "quarantine-most": "40000",
    "quarantine-absolute": "60000",
}

_LONGEST = 32  # cycles in escrow: 21 hours and 20 minutes where there is one every 40 minutes


@dataclass(frozen=True, slots=True)
class Cadence:
    """When a job does what; all times in seconds.

    every:      from the beginning of one cycle to that of the next, 0 = event-driven: at once
    first:      from the job's beginning to its first cycle, or its first try at connecting
    retry:      after which a failed task comes again by itself, None = when an admin presses Retry
    gaps:       cycles for which an object waits in escrow after its first failure, the second …, the last repeating;
                () = there is no escrow, and what failed waits for ``retry``
    reschedule: after which a task that was rescheduled comes again
    delays:     act → how long the IdP waits with it
    imports:    between two imports, 0 = none
    compares:   whether somebody who was told of is read and compared even where nothing that is mapped has changed
    """

    every: float = 0.0
    first: float = 0.0
    retry: float | None = None
    gaps: tuple[int, ...] = ()
    reschedule: float = 1800.0
    delays: Mapping[str, float] = field(default_factory=dict)
    imports: float = 0.0
    compares: bool = False
    quarantine: Quarantine | None = None


def cadence_of(engine: Engine) -> Cadence:
    """What the knobs of an engine say. Raises ValueError for one that is no number, saying which."""
    every, retry = _number(engine, "cadence"), _setting(engine, "task-retry")
    switched_off = _number(engine, "deactivate-delay")
    return Cadence(
        every=every,
        first=_number(engine, "first-cycle"),
        retry=None if retry == "never" else max(1.0, _number(engine, "task-retry")),
        gaps=_gaps(engine, every),
        reschedule=max(1.0, _number(engine, "reschedule")),
        delays={"unassign": switched_off, "deactivate": switched_off, "delete": _number(engine, "delete-delay")},
        imports=_number(engine, "import-every"),
        compares=_setting(engine, "unchanged") == "compared",
        quarantine=_quarantine(engine),
    )


def _gaps(engine: Engine, every: float) -> tuple[int, ...]:
    """The first gap in cycles, then twice as long each time, up to a day or so."""
    seconds = _numbers(engine, "escrow-gap")
    if not every or not seconds:
        return ()
    gaps = [max(1, round(seconds[0] / every))]
    while gaps[-1] < _LONGEST:
        gaps.append(min(2 * gaps[-1], _LONGEST))
    return tuple(gaps)


def _quarantine(engine: Engine) -> Quarantine | None:
    cadence = _numbers(engine, "quarantine-cadence")
    if not cadence:
        return None
    return Quarantine(
        cadence=cadence,
        days=_number(engine, "quarantine-days"),
        share=_number(engine, "quarantine-share"),
        least=int(_number(engine, "quarantine-least")),
        most=int(_number(engine, "quarantine-most")),
        absolute=int(_number(engine, "quarantine-absolute")),
    )


def _setting(engine: Engine, knob: str) -> str:
    try:
        return engine.setting(knob)
    except KeyError:
        return DEFAULTS[knob]


def _number(engine: Engine, knob: str) -> float:
    return _read(engine, knob, _setting(engine, knob))


def _numbers(engine: Engine, knob: str) -> tuple[float, ...]:
    return tuple(_read(engine, knob, part) for part in _setting(engine, knob).replace(",", " ").split())


def _read(engine: Engine, knob: str, text: str) -> float:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"dialect {engine.dialect.name}: knob {knob} is {text!r}: write a whole number")
    return float(text)
