"""Saboteurs of what the server says about itself.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from scimrig_simulator.calls import Answer, Call, Resource
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import Seams


def _document(answer: Answer, urn: str) -> Resource:
    """A copy of the discovery document that an answer carries; empty where it carries another."""
    body = answer.body
    return deepcopy(body) if isinstance(body, dict) and body.get("schemas") == [urn] else {}


def _entries(answer: Answer, urn: str) -> list[Resource]:
    """The entries of a catalogue that an answer carries, to be changed in place."""
    listed: Any = answer.body.get("Resources") if isinstance(answer.body, dict) else None
    return [entry for entry in listed or () if isinstance(entry, dict) and entry.get("schemas") == [urn]]


class _ConfigOverstates(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        if "meta" in shown:
            shown["meta"] = {name: value for name, value in shown["meta"].items() if name != "version"}
        return shown

    def emit(self, call: Call, answer: Answer) -> Answer:
        answer.headers.pop("ETag", None)
        return super().emit(call, answer)


CONFIG_OVERSTATES = Fault(
    "config-overstates", "ServiceProviderConfig promises ETags, and no resource has one",
    "A client that believes the flag waits for a version to guard its writes with.",
    ("DISC-02",), _ConfigOverstates,
)


class _ConfigIncomplete(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        config = _document(answer, urns.SERVICE_PROVIDER_CONFIG)
        if config:
            answer.body = {name: value for name, value in config.items() if name not in ("bulk", "changePassword")}
        return super().emit(call, answer)


CONFIG_INCOMPLETE = Fault(
    "config-incomplete", "ServiceProviderConfig doesn't speak of bulk and changePassword",
    "Typed clients fail on a document that lacks required members.",
    ("DISC-02",), _ConfigIncomplete,
)


class _SchemaWithoutSchemas(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        for urn in (urns.SCHEMA, urns.RESOURCE_TYPE):
            for entry in _entries(answer, urn):
                del entry["schemas"]
        return super().emit(call, answer)


SCHEMA_WITHOUT_SCHEMAS = Fault(
    "schema-without-schemas", "Entries of /Schemas and /ResourceTypes don't say what they are",
    "Without schemas in each entry a client that reads by schema finds none.",
    ("DISC-03",), _SchemaWithoutSchemas,
)


class _SchemaById404(Seams):
    def discover(self, call: Call) -> None:
        super().discover(call)
        if call.id is not None:
            raise ScimError(404, None, "Read the whole list instead.")


SCHEMA_BY_ID_404 = Fault(
    "schema-by-id-404", "One schema or resource type can't be read by its name",
    "/Schemas lists them all, /Schemas/{urn} is answered 404.",
    ("DISC-05",), _SchemaById404,
)


class _DiscoveryFilterIgnored(Seams):
    def discover(self, call: Call) -> None:
        pass


DISCOVERY_FILTER_IGNORED = Fault(
    "discovery-filter-ignored", "A filter on a discovery endpoint is ignored",
    "Who filters /Schemas gets all of them, and takes the first for the one asked for.",
    ("DISC-06",), _DiscoveryFilterIgnored,
)


class _UserNameReadOnly(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        for entry in _entries(answer, urns.SCHEMA):
            if entry["id"] == urns.USER:
                entry["attributes"] = [_frozen(attribute) for attribute in entry["attributes"]]
        return super().emit(call, answer)


def _frozen(attribute: Resource) -> Resource:
    return {**attribute, "mutability": "readOnly"} if attribute["name"] == "userName" else attribute


USER_NAME_READ_ONLY = Fault(
    "user-name-read-only", "/Schemas says that userName is readOnly",
    "An IdP that reads the schema no longer sends a userName.",
    ("DISC-04",), _UserNameReadOnly,
)
