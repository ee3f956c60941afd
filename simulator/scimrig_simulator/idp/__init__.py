"""The identity providers by name; an engine's module is imported when the engine is asked for.

    engage("okta", seed=7) · engage("rfc", seed=7, update="put")

Rule: importing this package imports no engine, so that ``--help`` and ``list dialects`` stay quick.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scimrig_simulator.idp.engine import Engine

DIALECTS: Mapping[str, str] = {
    "okta": "scimrig_simulator.idp.okta:OktaEngine",
    "entra": "scimrig_simulator.idp.entra:plain",
    "entra-flag": "scimrig_simulator.idp.entra:flagged",
    "google": "scimrig_simulator.idp.google:GoogleEngine",
    "rfc": "scimrig_simulator.idp.rfc:RfcEngine",
}
"""Dialect → ``module:factory``; a factory takes the seed, and options by name."""


def names() -> tuple[str, ...]:
    """The dialects, in the order of reports."""
    return tuple(DIALECTS)


def engage(name: str, seed: int, **options: Any) -> Engine:
    """A fresh engine for one case. ``options``: what the dialect's engine takes (``update="put"`` for rfc).

    Raises ValueError for a dialect that there is none of, with the nearest name, and for an option it does not take.
    """
    if name not in DIALECTS:
        near = difflib.get_close_matches(name, DIALECTS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(DIALECTS)}"
        raise ValueError(f"there is no dialect {name!r}: {hint}")
    module, _, factory = DIALECTS[name].partition(":")
    make = getattr(importlib.import_module(module), factory)
    try:
        made: Engine = make(seed, **options)
    except TypeError as refused:
        raise ValueError(f"dialect {name} does not take {', '.join(options) or 'this seed'}: {refused}") from None
    return made


def engage_for(name: str, seed: int, offers: Collection[str]) -> Engine:
    """An engine set up as its admin would set it up for a target that offers these features and no others.

    offers: features of the survey, such as "patch" and "groups"
    """
    if name == "rfc" and "patch" not in offers:
        return engage(name, seed, update="put")
    if name == "okta" and "groups" not in offers:
        return engage(name, seed, groups=False)
    return engage(name, seed)
