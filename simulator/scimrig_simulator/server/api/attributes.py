"""Attribute mappings of a directory: what of SCIM becomes a custom attribute (CAP-25).

A mapping tells nothing by itself: the next event of a user, and whoever asks, has what it makes.

Rule: reads and sets; what a mapping makes of a user is for ``server/profiles.py``. May not import ``faults``, ``idp``
or ``drive``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.server.api.listings import directory_of
from scimrig_simulator.server.api.organizations import found
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, known, refusal, text
from scimrig_simulator.server.policy import USER
from scimrig_simulator.server.profiles import readable
from scimrig_simulator.server.recording import record

PLACE = "/api/v1/organizations/{organization_id}/directories/{id}/attributes"
MOST = 100

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}")


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    return (Operation("UpdateAttributes", "PUT", PLACE, _Attributes(house).set),)


@dataclass(frozen=True, slots=True)
class _Attributes:
    house: House

    def set(self, asked: Asked) -> Body:
        """PUT: these mappings and no others."""
        mappings = self._read(known(asked.body, "attributes"))
        with self.house.store.transaction():
            directory = directory_of(self.house, asked, "id")
            changed = self.house.organizations.adjust(directory, mappings=mappings)
            changes = [{"attribute": "mappings", "before": list(directory.mappings), "after": mappings}]
            told = {"type": "Directory", "id": directory.id}
            organization = found(self.house, asked.path["organization_id"])
            action = "directory.update_attributes"
            record(self.house, asked, action, organization, directory, told, changes, ("PUT", PLACE))
        return {"attribute_mappings": {"attributes": [dict(one) for one in changed.mappings]}}

    def _read(self, body: Body) -> list[dict[str, str]]:
        wanted = body.get("attributes")
        if not isinstance(wanted, list) or not all(isinstance(one, Mapping) for one in wanted):
            raise refusal(Code.INVALID_ARGUMENT, '\'attributes\' must be an array of {"key": …, "map_to": …}.')
        if len(wanted) > MOST:
            raise refusal(Code.INVALID_ARGUMENT, f"{MOST} attributes can be mapped at most.")
        mappings = [self._mapping(one) for one in wanted]
        names = [one["map_to"] for one in mappings]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise refusal(Code.INVALID_ARGUMENT, f"Two attributes are mapped to {twice!r}.")
        return mappings

    def _mapping(self, one: Mapping[str, Any]) -> dict[str, str]:
        key, name = text(known(one, "key", "map_to"), "key"), text(one, "map_to", longest=100)
        if _NAME.fullmatch(name) is None:
            raise refusal(Code.INVALID_ARGUMENT, f"{name!r} can't be mapped to: a name has letters, digits, '_.-'.")
        try:
            shown = readable(key, self.house.definitions.resource_type(USER))
        except ScimError as error:
            raise refusal(Code.INVALID_ARGUMENT, f"{key!r} is no attribute: {error.detail}") from None
        if not shown:
            raise refusal(Code.INVALID_ARGUMENT, f"{key!r} can't be mapped: it holds what nobody is shown.")
        return {"key": key, "map_to": name}
