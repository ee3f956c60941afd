"""Sample receivers of webhooks: a sound one, the same one broken by name, and sound but awkward variants of it.

Rule: a table of names; classes are loaded when they are asked for. May not import ``server``, ``idp`` or ``faults``.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scimrig_simulator.receivers.receiver import Receiver
    from scimrig_simulator.receivers.sabotage import Twist

__all__ = ["chosen", "fault_names", "twist", "variant_names"]


def fault_names() -> tuple[str, ...]:
    """Names of the faults."""
    from scimrig_simulator.receivers.sabotage import FAULTS

    return tuple(FAULTS)


def variant_names() -> tuple[str, ...]:
    """Names of the variants."""
    from scimrig_simulator.receivers.sabotage import VARIANTS

    return tuple(VARIANTS)


def twist(what: str, name: str) -> Twist:
    """The ``fault`` or ``variant`` of this name. Raises ValueError that suggests the nearest one."""
    from scimrig_simulator.receivers.sabotage import FAULTS, VARIANTS

    table = FAULTS if what == "fault" else VARIANTS
    if name not in table:
        near = get_close_matches(name, table, 1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(table)}."
        raise ValueError(f"There is no {what} of the sample receiver called {name!r}. {hint}")
    return table[name]


def chosen(fault: str | None = None, variant: str | None = None) -> type[Receiver]:
    """The class of the sound receiver, or of the one broken or varied by name. Raises ValueError."""
    from scimrig_simulator.receivers.receiver import Receiver

    if fault is not None:
        return twist("fault", fault).receiver
    return Receiver if variant is None else twist("variant", variant).receiver
