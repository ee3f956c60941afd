"""Profiles of a directory's users, with what its attribute mappings make of them (CAP-24, CAP-25).

Rule: reads; what a profile is stands in ``policy/profile.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.calls import Resource
from scimrig_simulator.policy.profile import normalised
from scimrig_simulator.scim.paths import parse_path, select
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import Seams

HIDDEN = "never"
"""``returned`` of an attribute that nobody is shown, whatever it is mapped to."""


@dataclass(frozen=True, slots=True)
class Profiles:
    """How the users of one directory look. mappings: ``{"key": SCIM path, "map_to": name}`` each."""

    seams: Seams
    kind: ResourceType
    mappings: Sequence[Mapping[str, str]]

    def of(self, user: Resource) -> Mapping[str, Any]:
        """The profile of a user as represented; custom attributes are any JSON."""
        return self.seams.profile(user, normalised(user, self._custom(user)))

    def _custom(self, user: Resource) -> dict[str, Any]:
        found = {one["map_to"]: self._mapped(user, one["key"]) for one in self.mappings}
        return {name: value for name, value in found.items() if value is not None}

    def _mapped(self, user: Resource, key: str) -> Any:
        """What stands at a path: one value as it is, those of a multi-valued attribute in an array; None for none."""
        values = select(user, key, self.kind)
        return values if values and several(key, self.kind) else next(iter(values), None)


def several(key: str, kind: ResourceType) -> bool:
    """Whether a path leads to all values of a multi-valued attribute."""
    if kind.extension(key) is not None:
        return False
    path = parse_path(key)
    place = kind.locate(path.attr)
    return path.filter is None and place is not None and place.attribute.multi_valued


def readable(key: str, kind: ResourceType) -> bool:
    """Whether what stands at a path may be shown. Raises ScimError where it is no path."""
    if kind.extension(key) is not None:
        return False  # a whole extension may hold what isn't shown
    path = parse_path(key)
    place = kind.locate(path.attr)
    if place is None:
        return True
    sub = next((sub for sub in place.attribute.sub_attributes if sub.name.lower() == (path.sub or "").lower()), None)
    hidden = [place.attribute, place.leaf, *([sub] if sub is not None else place.attribute.sub_attributes)]
    return all(one.returned != HIDDEN for one in hidden)
