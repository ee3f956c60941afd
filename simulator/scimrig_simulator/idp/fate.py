"""What becomes of an act at a target that promises not to take everything: applied, refused or ignored.

A request is taken whole or not at all, so that a refused act leaves what was held before it, and an ignored address
leaves the rest of the request applied. Whatever was refused stays pending in the engine, as it does in the real IdP.

Rule: intents and promises alone decide; no dialect is named, nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from scimrig_simulator.idp.attributes import WORK_EMAIL
from scimrig_simulator.idp.intent import Intent
from scimrig_simulator.idp.promises import Promises
from scimrig_simulator.wire import Json

CHANGE = "policy.email_change"
DOMAIN = "policy.allowed_domains"


def address(values: Mapping[str, Json]) -> str:
    """The address that somebody is known by: the work e-mail, else a userName that is one, else ""."""
    for name in (WORK_EMAIL, "userName"):
        value = values.get(name)
        if isinstance(value, str) and value and (name == WORK_EMAIL or value.count("@") == 1):
            return value
    return ""


def fated(
    intent: Intent, held: Intent | None, promises: Promises, *, parts: bool, granted: Mapping[str, Json]
) -> Intent:
    """The intent of an act as a sound server with these promises brings it about.

    held:    what was in force before the act, None where that is not known
    parts:   the act switches off or deletes, which no promise about domains stands in the way of
    granted: what the act's requests before the one with the address have brought about by then
    """
    stays = held is not None and held.exists
    before = held.values if held is not None and stays else {}
    old, new = address(before), address({**before, **intent.values})
    changed = bool(old) and intent.exists and old.casefold() != new.casefold()
    if changed and promises.email_change == "ignore":
        as_before = _address_of(before, intent.values)
        return replace(intent, values={**intent.values, **as_before}, fate="ignored", key=CHANGE)
    told = stays or "userName" in intent.values  # else nobody knows which address this is about
    foreign = told and intent.exists and not parts and not promises.takes(new)
    if not foreign and not (changed and promises.email_change == "reject"):
        return intent
    kept = {**before, **granted} if stays else {}
    return Intent(intent.kind, stays, kept, fate="refused", key=DOMAIN if foreign else CHANGE)


def _address_of(before: Mapping[str, Json], wanted: Mapping[str, Json]) -> dict[str, Json]:
    """The held address, for the attribute by which the act would change it."""
    carrier = WORK_EMAIL if before.get(WORK_EMAIL) or wanted.get(WORK_EMAIL) else "userName"
    return {carrier: before.get(carrier)}
