"""What a sound server holds after an act beside what the target shows, attribute by attribute.

There is no survey before an act by hand. What a target keeps is learned from what it shows: an attribute that it never
had a value for is not offered and only told of; one that it has shown once, or that this very act changes, counts.
What IdPs depend on always counts (``frame.STRICT``).

Rule: pure; the comparing itself is ``frame.py``'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from scimrig import frame
from scimrig.evidence import Reading, Sight
from scimrig.observe import NOT_LOOKED
from scimrig.survey import BARE_EMAIL, COMPOSED, TYPED_EMAIL, Survey
from scimrig_simulator.idp.intent import Intent
from scimrig_simulator.scim import paths, schemas
from scimrig_simulator.wire import Json

_COMPOSABLE = ("name.formatted", "displayName")


@dataclass(frozen=True, slots=True)
class Compared:
    """One attribute. ``state``: as-it-should | wrong | not-kept (told, not judged); ``changed``: by this act."""

    path: str
    should: str
    shows: str
    state: str
    changed: bool


def compared(
    intent: Intent, before: Sight | None, after: Sight, survey: Survey, keys: Mapping[str, str]
) -> tuple[Compared, ...]:
    """Every attribute that the intent names, in its order; nothing where the row is not, or should not be, there.

    keys: id → what we call its row, for members
    """
    resource = after.by_id.resource or after.by_filter.resource or after.in_list.resource
    if not intent.exists or resource is None:
        return ()
    rows = schemas.builtin().resource_type(intent.kind)
    old = before.by_id.resource if before is not None else None
    misses = frame.missed(intent.kind, True, intent.values, intent.members, before, after, survey)
    wrong = {miss.path for miss in misses if miss.kind == "effect"}
    values: dict[str, Json] = dict(intent.values)
    if intent.members is not None:
        values["members"] = sorted(intent.members)
    lines = []
    for path, should in values.items():
        shows = _shown(path, resource, rows)
        counts = path == "members" or frame.judged(path, survey)
        known = survey.normalised.get(path) == COMPOSED
        fine = path not in wrong and (counts or known or shows == _plain(should))
        state = "wrong" if path in wrong else "as-it-should" if fine else "not-kept"
        changed = old is None or _shown(path, old, rows) != shows
        lines.append(Compared(path, words(_plain(should), keys), words(shows, keys), state, changed))
    return tuple(lines)


def learned(survey: Survey, intent: Intent | None, held: Intent | None, after: Sight | None, *, forced: bool) -> Survey:
    """What the target keeps, now that it has shown a row.

    held:   what was in force before the act, None where nothing was
    forced: whether the values that this act changes count although the target never kept them
    """
    resource = None if after is None else after.by_id.resource
    if intent is None or resource is None or not intent.exists:
        return survey
    rows = schemas.builtin().resource_type(intent.kind)
    kept, dropped = dict.fromkeys(survey.kept), dict.fromkeys(survey.dropped)
    for path, value in intent.values.items():
        if paths.select(resource, path, rows):
            dropped.pop(path, None)
            kept[path] = None
        elif path not in kept and value is not None:
            dropped[path] = None
    if TYPED_EMAIL in dropped and paths.select(resource, BARE_EMAIL, rows):
        kept[BARE_EMAIL] = None
    if forced and held is not None:
        before = held.values
        for path in [path for path in dropped if path in before and intent.values.get(path) != before[path]]:
            if path != TYPED_EMAIL or BARE_EMAIL not in kept:
                dropped.pop(path)
                kept[path] = None
    normalised = {**survey.normalised, **_composed(intent.values, resource, rows)}
    return replace(survey, kept=tuple(kept), dropped=tuple(dropped), normalised=normalised)


def readable(sight: Sight, told: list[str]) -> Sight:
    """A sight without the ways of looking that the target does not offer; ``told`` gets a sentence about each."""
    if sight.by_id.state != "found":
        return sight

    def only_told(reading: Reading, how: str) -> Reading:
        if reading.state != "unreadable":
            return reading
        told.append(f"{sight.kind}s could not be looked up {how}: {reading.note}.")
        return NOT_LOOKED

    naming = "userName" if sight.kind == "User" else "displayName"
    return replace(
        sight, by_filter=only_told(sight.by_filter, f"by {naming}"), in_list=only_told(sight.in_list, "in their list")
    )


def words(value: Json, keys: Mapping[str, str]) -> str:
    """A value for a person to read; ids by their ``keys``."""
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(sorted(words(item, keys) for item in value))
    return keys.get(value, value) if isinstance(value, str) else str(value)


def _plain(value: Json) -> Json:
    return value if value != "" else None


def _shown(path: str, resource: Mapping[str, Any], rows: schemas.ResourceType) -> Json:
    if path == "members":
        members = next((value for name, value in resource.items() if name.lower() == path), None)
        items = members if isinstance(members, list) else []
        return sorted(str(item.get("value")) for item in items if isinstance(item, dict))
    found = paths.select(dict(resource), path, rows)
    return found[0] if len(found) == 1 else (found or None)


def _composed(values: Mapping[str, Json], resource: dict[str, Any], rows: schemas.ResourceType) -> dict[str, str]:
    """Names that the server makes from the parts, where it shows another whole than it was sent."""
    parts = [str(values[part]) for part in ("name.givenName", "name.familyName") if values.get(part)]
    found = {}
    for path in _COMPOSABLE:
        shown = _shown(path, resource, rows)
        differs = path in values and bool(parts) and shown != values[path]
        if differs and isinstance(shown, str) and all(part in shown for part in parts):
            found[path] = COMPOSED
    return found
