"""What ``scimrig explain`` and ``scimrig list`` say about consumer mode: its cases, and twists of the sample receiver.

Rule: words from the catalogues; it decides nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scimrig.consumer.cases import Case
    from scimrig_simulator.receivers.sabotage import Twist


def case_rows() -> list[tuple[str, str]]:
    """(id, title) of every case."""
    return list({case.id: case.title for case in _cases()}.items())


def twist_rows() -> list[tuple[str, str]]:
    """(name, title) of every way to break or vary the sample receiver."""
    return [(f"receiver:{name}", one.title) for name, one in sorted(_twists().items())]


def tell_case(name: str, cite: Callable[[str], str]) -> Iterator[str]:
    """The lines about a case."""
    rows = [case for case in _cases() if case.id == name]
    case = rows[0]
    yield f"{case.id} · consumer mode · {case.area} · {case.severity}"
    yield case.title
    yield f"Hurts: {case.hurts}"
    yield ""
    yield f"Promised by: {case.promise}"
    if case.needs:
        yield f"Needs: {', '.join(case.needs)}"
    if len(rows) > 1:
        yield f"Rows: {', '.join(one.name.partition('row=')[2].rstrip(']') for one in rows)}"
    yield "Steps:"
    yield from (f"  {number}. {_told(step)}" for number, step in enumerate((*case.before, *case.steps), start=1))
    yield "Cites:"
    yield from (f"  {cite(one)}" for one in case.cites)
    yield ""
    yield f"Rerun: {shlex.join(['scimrig', 'consumer', '-k', case.id])}"


def tell_twist(name: str) -> Iterator[str]:
    """The lines about a fault or variant of the sample receiver."""
    from scimrig_simulator.receivers import fault_names

    bare = name.removeprefix("receiver:")
    kind = "fault" if bare in fault_names() else "variant"
    one = _twists()[bare]
    yield f"{bare} · {kind} of the sample receiver of webhooks"
    yield one.title
    if one.breaks:
        yield f"Breaks: {one.breaks}"
    yield ""
    yield f"Judge it: scimrig consumer ref:{kind}={bare}"
    yield f"Serve it: scimrig receiver --{kind} {bare}"


def _told(step: Mapping[str, Any]) -> str:
    words = [f"{name} {_value(value)}" for name, value in step.items() if name not in ("row", "quiet")]
    return ", ".join(words)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{name} {_value(item)}" for name, item in value.items()) + ")"
    return " and ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _cases() -> tuple[Case, ...]:
    from scimrig.consumer.cases import load

    return load()


def _twists() -> dict[str, Twist]:
    from scimrig_simulator.receivers.sabotage import FAULTS, VARIANTS

    return {**FAULTS, **VARIANTS}
