"""The identity providers by name; an engine's module is imported when the engine is asked for.

    engage("okta", seed=7) · engage("rfc", seed=7, profile_update="put") · engage("rfc:profile_update=put", seed=7)

Rule: importing this package imports no engine, so that ``--help`` and ``list dialects`` stay quick.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scimrig_simulator.idp.engine import Engine
    from scimrig_simulator.idp.memory import Memory

DIALECTS: Mapping[str, str] = {
    "okta": "scimrig_simulator.idp.okta:OktaEngine",
    "okta-template": "scimrig_simulator.idp.okta:template",
    "okta-wizard": "scimrig_simulator.idp.okta:wizard",
    "entra": "scimrig_simulator.idp.entra:plain",
    "entra-flag": "scimrig_simulator.idp.entra:flagged",
    "entra-on-demand": "scimrig_simulator.idp.entra:on_demand",
    "google": "scimrig_simulator.idp.google:GoogleEngine",
    "onelogin": "scimrig_simulator.idp.onelogin:OneLoginEngine",
    "jumpcloud": "scimrig_simulator.idp.jumpcloud:JumpCloudEngine",
    "pingfederate": "scimrig_simulator.idp.pingfederate:PingFederateEngine",
    "pingone": "scimrig_simulator.idp.pingone:PingOneEngine",
    "ad-connect": "scimrig_simulator.idp.ad_connect:AdConnectEngine",
    "ldap-gateway": "scimrig_simulator.idp.ldap_gateway:LdapGatewayEngine",
    "rfc": "scimrig_simulator.idp.rfc:RfcEngine",
}
"""Dialect → ``module:factory``; a factory takes the seed, a memory, and settings of knobs by name."""

_WITHOUT_PATCH = {
    "rfc": ("profile-update", "put"), "pingfederate": ("membership", "put"), "pingone": ("membership", "overwrite"),
}
"""Dialect → the knob that its admin turns for a target without PATCH, and to what."""

CORE = ("okta", "entra", "entra-flag", "google", "rfc")
"""The dialects that a run plays where nobody says otherwise."""


def names() -> tuple[str, ...]:
    """The dialects, in the order of reports."""
    return tuple(DIALECTS)


def several(text: str) -> list[str]:
    """Dialects with commas between, knobs included: ``okta:create=off,groups=off,entra`` → two of them."""
    found: list[str] = []
    for part in text.split(","):
        if found and "=" in part and ":" not in part:
            found[-1] += f",{part}"
        else:
            found.append(part)
    return found


def base(dialect: str) -> str:
    """The dialect without the knobs that were turned: ``okta:profile_update=patch`` → ``okta``."""
    return dialect.partition(":")[0]


def read(dialect: str) -> tuple[str, dict[str, str]]:
    """``okta:profile_update=patch,create=off`` → its name, and knob → value. Raises ValueError."""
    name, colon, rest = dialect.partition(":")
    settings: dict[str, str] = {}
    for part in rest.split(",") if colon else ():
        knob, equals, value = part.partition("=")
        if not equals or not knob.strip():
            raise ValueError(f"{dialect!r}: write knobs as {name}:KNOB=VALUE,KNOB=VALUE, such as {name}:create=off")
        settings[knob.strip().replace("_", "-")] = value.strip()
    if name not in DIALECTS:
        near = difflib.get_close_matches(name, DIALECTS, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(DIALECTS)}"
        raise ValueError(f"there is no dialect {name!r}: {hint}")
    return name, settings


def engage(dialect: str, seed: int, memory: Memory | None = None, **settings: str) -> Engine:
    """A fresh engine. ``settings``: knobs that are turned (``profile_update="put"``), as in the dialect's own name.

    Raises ValueError for a dialect that there is none of, with the nearest name, and for a knob or a value that it
    does not have.
    """
    name, turned = read(dialect)
    turned |= {knob.replace("_", "-"): value for knob, value in settings.items()}
    module, _, factory = DIALECTS[name].partition(":")
    made: Engine = getattr(importlib.import_module(module), factory)(seed, memory, **turned)
    return made


def engage_for(dialect: str, seed: int, offers: Collection[str]) -> Engine:
    """An engine set up as its admin would set it up for a target that offers these features and no others.

    offers: features of the survey, such as "patch" and "groups"
    """
    name, turned = read(dialect)
    knob, value = _WITHOUT_PATCH.get(name, ("", ""))
    if knob and "patch" not in offers and knob not in turned:
        return engage(dialect, seed, None, **{knob: value})
    if name.startswith("okta") and "groups" not in offers and "groups" not in turned:
        return engage(dialect, seed, groups="off")
    return engage(dialect, seed)
