"""Saboteurs of how a resource looks on the wire.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from scimrig_simulator.calls import Answer, Call, Resource
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import Seams
from scimrig_simulator.wire import encode_json


class _NoLocation(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        answer.headers.pop("Location", None)
        return super().emit(call, answer)


NO_LOCATION = Fault(
    "no-location", "201 comes without Location",
    "A created resource doesn't say where it is.",
    ("CREA-07",), _NoLocation,
)


class _LocationRelative(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        if "meta" in shown:
            shown["meta"] = {**shown["meta"], "location": urlsplit(resource["meta"]["location"]).path}
        return shown

    def emit(self, call: Call, answer: Answer) -> Answer:
        if "Location" in answer.headers:
            answer.headers["Location"] = urlsplit(answer.headers["Location"]).path
        return super().emit(call, answer)


LOCATION_RELATIVE = Fault(
    "location-relative", "Location and meta.location are relative",
    "Clients that follow meta.location need the absolute URI of the resource.",
    ("READ-01",), _LocationRelative,
)


class _IdMissing(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        shown.pop("id", None)
        return shown


ID_MISSING = Fault(
    "id-missing", "Resources carry no id",
    "An IdP can't link what it has created, and can never change it.",
    ("CREA-07",), _IdMissing,
)


class _SchemasMissing(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        shown.pop("schemas", None)
        return shown


SCHEMAS_MISSING = Fault(
    "schemas-missing", "Resources carry no schemas",
    "Entra can't deserialize a resource that doesn't say what it is.",
    ("READ-03",), _SchemasMissing,
)


class _ExtensionUndeclared(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        return {**super().render(call, resource, resource_type), "schemas": [resource_type.schema.id]}


EXTENSION_UNDECLARED = Fault(
    "extension-undeclared", "schemas doesn't name the extension that the body holds",
    "Enterprise data comes without its URN in schemas; Entra refuses to read the user.",
    ("READ-03",), _ExtensionUndeclared,
)


class _MetaMissing(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        shown.pop("meta", None)
        return shown


META_MISSING = Fault(
    "meta-missing", "Resources carry no meta",
    "Neither type nor location nor time of change of a resource can be read.",
    ("TYPE-04",), _MetaMissing,
)


class _CreatedMoves(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        return _with_meta(super().render(call, resource, resource_type), "created", resource["meta"]["lastModified"])


CREATED_MOVES = Fault(
    "created-moves", "meta.created moves with every change",
    "Nobody can tell when an account was made.",
    ("TYPE-04",), _CreatedMoves,
)


class _LastModifiedFrozen(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        return _with_meta(super().render(call, resource, resource_type), "lastModified", resource["meta"]["created"])


LAST_MODIFIED_FROZEN = Fault(
    "last-modified-frozen", "meta.lastModified never moves",
    "Who reads only what has changed since the last visit sees no change at all.",
    ("GRP-14", "TYPE-04"), _LastModifiedFrozen,
)


def _with_meta(shown: Resource, name: str, value: str) -> Resource:
    return {**shown, "meta": {**shown["meta"], name: value}} if "meta" in shown else shown


class _EtagMismatch(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        if "ETag" in answer.headers:
            answer.headers["ETag"] = f'W/"{len(answer.headers["ETag"])}-x"'
        return super().emit(call, answer)


ETAG_MISMATCH = Fault(
    "etag-mismatch", "The ETag header and meta.version differ",
    "A client that keeps one of them and sends it in If-Match never succeeds.",
    ("ETAG-03",), _EtagMismatch,
)


class _PasswordReturned(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        return {**shown, "password": resource["password"]} if "password" in resource else shown


PASSWORD_RETURNED = Fault(
    "password-returned", "The password is returned",
    "A user who was created with a password comes back with its hash.",
    ("CREA-05",), _PasswordReturned,
)


class _NullAttributes(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        empty: Resource = {
            attribute.name: [] if attribute.multi_valued else None
            for attribute in resource_type.schema.attributes
            if attribute.returned == "default"
        }
        return {**empty, **super().render(call, resource, resource_type)}


NULL_ATTRIBUTES = Fault(
    "null-attributes", "Unassigned attributes come back as null and []",
    "The RFC allows it, but parsers of IdPs have choked on it.",
    ("READ-04",), _NullAttributes,
)


class _DiscoveryBareArray(Seams):
    def discover(self, call: Call) -> None:
        call.notes["discovery"] = True
        super().discover(call)

    def emit(self, call: Call, answer: Answer) -> Answer:
        if "discovery" in call.notes and isinstance(answer.body, dict) and "Resources" in answer.body:
            answer.body = encode_json(answer.body["Resources"])
        return super().emit(call, answer)


DISCOVERY_BARE_ARRAY = Fault(
    "discovery-bare-array", "/Schemas and /ResourceTypes answer with a bare array",
    "Attribute discovery expects a ListResponse.",
    ("DISC-03",), _DiscoveryBareArray,
)
