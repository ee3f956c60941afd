"""Saboteurs that believe what a client says: headers, keys of JavaScript engines.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from scimrig_simulator.calls import Call, Resource
from scimrig_simulator.faults.patching import Operation, operations, path_of, rewritten
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import Seams

_PROTOTYPES = ("__proto__", "constructor.prototype")


class _LocationFollowsHost(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        host = call.headers.get("x-forwarded-host")
        if host is not None and "meta" in shown:
            location = urlsplit(resource["meta"]["location"])._replace(netloc=host).geturl()
            shown["meta"] = {**shown["meta"], "location": location}
        return shown


LOCATION_FOLLOWS_HOST = Fault(
    "location-follows-host", "Locations are built from X-Forwarded-Host, whoever sends it",
    "A client can make the server hand out links to a host of its choice.",
    ("READ-02",), _LocationFollowsHost,
)


class _PrototypePollution(Seams):
    def __init__(self) -> None:
        self._inherited: Resource = {}

    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        rest = rewritten(body, self._without_prototypes)
        return super().patch(call, resource, rest) if operations(rest) or not operations(body) else resource

    def _without_prototypes(self, operation: Operation) -> Operation | None:
        value, path = operation.get("value"), path_of(operation)
        if path.startswith(_PROTOTYPES):
            self._inherit(path, value)
            return None
        if path or not isinstance(value, dict):
            return operation
        for name in [name for name in value if name.startswith(_PROTOTYPES)]:
            self._inherit(name, value[name])
        rest = {name: item for name, item in value.items() if not name.startswith(_PROTOTYPES)}
        return {**operation, "value": rest} if rest else None

    def _inherit(self, path: str, value: Any) -> None:
        if isinstance(value, dict):
            self._inherited.update(value)
        else:
            self._inherited[path.rpartition(".")[2]] = value

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        return {**super().render(call, resource, resource_type), **self._inherited}


PROTOTYPE_POLLUTION = Fault(
    "prototype-pollution", "A path through __proto__ changes every object of the server",
    "One PATCH sets a value that all accounts inherit from then on.",
    ("SEC-05",), _PrototypePollution,
)
