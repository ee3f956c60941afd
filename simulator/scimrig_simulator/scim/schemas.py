"""Schemas and resource types: what attributes there are and what rules hold for each (RFC 7643 §2, §6, §7).

The definitions are data (``data/*.json``, in the form that /Schemas serves); this module reads them and looks names up.
Names compare case-insensitively (RFC 7643 §2.1), URNs too.

Rule: immutable once loaded. Knows nothing of requests.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.expressions import AttrPath

_CASED = frozenset({"string", "reference", "binary"})
_ALWAYS_EXACT = frozenset({"reference", "binary"})


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """One attribute or sub-attribute, with the characteristics of RFC 7643 §7.

    canonical_values are suggestions, as that section calls them: another value is taken, and none is put into their
    spelling, since an IdP compares what it reads with what it sent and would write "Work" again in every cycle.
    key: the name in lower case.
    identity: the sub-attribute that says which value this is, where it cannot change: ``value`` of ``members``.
    """

    name: str
    type: str
    multi_valued: bool = False
    required: bool = False
    case_exact: bool = False
    mutability: str = "readWrite"
    returned: str = "default"
    uniqueness: str = "none"
    canonical_values: tuple[str, ...] = ()
    reference_types: tuple[str, ...] = ()
    description: str = ""
    sub_attributes: tuple[Attribute, ...] = ()
    key: str = field(init=False, repr=False)
    identity: Attribute | None = field(init=False, repr=False)
    _subs: Mapping[str, Attribute] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", self.name.lower())
        object.__setattr__(self, "_subs", _by_name(self.sub_attributes))
        value = self.sub("value") if self.multi_valued else None
        identifies = value is not None and value.mutability == "immutable"
        object.__setattr__(self, "identity", value if identifies else None)

    def sub(self, name: str) -> Attribute | None:
        """A sub-attribute by name, in any case; None where there is none."""
        return self._subs.get(name.lower())

    def to_json(self) -> dict[str, Any]:
        """As /Schemas serves it."""
        served: dict[str, Any] = {
            "name": self.name, "type": self.type, "multiValued": self.multi_valued,
            "description": self.description, "required": self.required,
        }
        if self.type in _CASED:
            served["caseExact"] = self.case_exact
        served |= {"mutability": self.mutability, "returned": self.returned, "uniqueness": self.uniqueness}
        if self.canonical_values:
            served["canonicalValues"] = list(self.canonical_values)
        if self.reference_types:
            served["referenceTypes"] = list(self.reference_types)
        if self.sub_attributes:
            served["subAttributes"] = [sub.to_json() for sub in self.sub_attributes]
        return served


@dataclass(frozen=True, slots=True, eq=False)
class Schema:
    """A named set of attributes."""

    id: str
    name: str
    description: str
    attributes: tuple[Attribute, ...]
    _index: Mapping[str, Attribute] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", _by_name(self.attributes))

    def attribute(self, name: str) -> Attribute | None:
        """An attribute by name, in any case; None where there is none."""
        return self._index.get(name.lower())

    def to_json(self, location: str) -> dict[str, Any]:
        """As /Schemas serves it; ``location`` is its URL (RFC 7643 §7)."""
        return {
            "schemas": [urns.SCHEMA], "id": self.id, "name": self.name, "description": self.description,
            "attributes": [attribute.to_json() for attribute in self.attributes],
            "meta": {"resourceType": "Schema", "location": location},
        }


@dataclass(frozen=True, slots=True)
class Extension:
    """A schema that a resource type may carry beside its own."""

    schema: Schema
    required: bool = False


@dataclass(frozen=True, slots=True)
class Located:
    """Where a path leads: the extension it lies in (None = the resource itself), the attribute, its sub-attribute."""

    extension: Schema | None
    attribute: Attribute
    sub: Attribute | None = None

    @property
    def leaf(self) -> Attribute:
        """The attribute that holds the value."""
        return self.sub if self.sub is not None else self.attribute

    @property
    def name(self) -> str:
        """The path in the schema's spelling: "emails.value", "urn:…:Device:assetTag"."""
        prefix = f"{self.extension.id}:" if self.extension is not None else ""
        suffix = f".{self.sub.name}" if self.sub is not None else ""
        return f"{prefix}{self.attribute.name}{suffix}"


@dataclass(frozen=True, slots=True, eq=False)
class ResourceType:
    """A kind of resource: its endpoint ("/Users"), its schema, its extensions (RFC 7643 §6)."""

    name: str
    endpoint: str
    description: str
    schema: Schema
    extensions: tuple[Extension, ...] = ()

    def attribute(self, name: str) -> Attribute | None:
        """An attribute of the resource itself, common ones included; None where there is none."""
        return self.schema.attribute(name) or common_schema().attribute(name)

    def extension(self, urn: str) -> Schema | None:
        """The schema of an extension by its URN, in any case."""
        wanted = urn.lower()
        return next((e.schema for e in self.extensions if e.schema.id.lower() == wanted), None)

    def container(self, text: str) -> Schema | None:
        """The schema of this type that a text names as a whole, in any case; None where it names none."""
        return self.schema if text.lower() == self.schema.id.lower() else self.extension(text)

    def locate(self, path: AttrPath) -> Located | None:
        """Where a path leads, None where it names nothing that this resource type has (RFC 7644 §3.10)."""
        extension: Schema | None = None
        if path.uri is None or path.uri.lower() == self.schema.id.lower():
            attribute = self.attribute(path.name)
        else:
            extension = self.extension(path.uri)
            attribute = extension.attribute(path.name) if extension is not None else None
        if attribute is None or path.sub is None:
            return Located(extension, attribute) if attribute is not None else None
        sub = attribute.sub(path.sub)
        return Located(extension, attribute, sub) if sub is not None else None

    def find(self, path: AttrPath) -> Attribute | None:
        """The attribute or sub-attribute that a path names; common attributes included, None where unknown."""
        located = self.locate(path)
        return located.leaf if located is not None else None

    def to_json(self, location: str) -> dict[str, Any]:
        """As /ResourceTypes serves it; ``location`` is its URL."""
        served: dict[str, Any] = {
            "schemas": [urns.RESOURCE_TYPE], "id": self.name, "name": self.name, "endpoint": self.endpoint,
            "description": self.description, "schema": self.schema.id,
        }
        if self.extensions:
            served["schemaExtensions"] = [{"schema": e.schema.id, "required": e.required} for e in self.extensions]
        return served | {"meta": {"resourceType": "ResourceType", "location": location}}


@dataclass(frozen=True, slots=True, eq=False)
class Definitions:
    """All schemas and the resource types made of them."""

    schemas: tuple[Schema, ...]
    resource_types: tuple[ResourceType, ...]

    def schema(self, urn: str) -> Schema | None:
        """A schema by its URN, in any case."""
        wanted = urn.lower()
        return next((schema for schema in self.schemas if schema.id.lower() == wanted), None)

    def resource_type(self, name: str) -> ResourceType:
        """A resource type by name ("User"). Raises KeyError where there is none."""
        found = next((kind for kind in self.resource_types if kind.name == name), None)
        if found is None:
            raise KeyError(f"no resource type {name!r}; there are {', '.join(k.name for k in self.resource_types)}")
        return found

    def by_endpoint(self, endpoint: str) -> ResourceType | None:
        """A resource type by its endpoint ("/Users"); None where nothing is served there."""
        return next((kind for kind in self.resource_types if kind.endpoint == endpoint), None)


@lru_cache(maxsize=256)  # for the types of one server, asked at every write
def unique_places(kind: ResourceType) -> tuple[Located, ...]:
    """Where no two resources of a type may have the same value: uniqueness ``server`` or ``global`` (RFC 7643 §7).

    Both are enforced among the resources of one type and one tenant; a server can see no further. The userName of a
    User isn't among them: every store knows it by a key of its own.
    """
    return tuple(
        place for place in places(kind)
        if place.leaf.uniqueness != "none" and not (kind.schema.id == urns.USER and place.name == "userName")
    )


def places(kind: ResourceType) -> Iterator[Located]:
    """Every simple attribute and every sub-attribute of a resource type and its extensions, common ones left out."""
    homes: list[tuple[Schema | None, Schema]] = [(None, kind.schema)]
    homes += [(extension.schema, extension.schema) for extension in kind.extensions]
    for home, schema in homes:
        for attribute in schema.attributes:
            for sub in attribute.sub_attributes or (None,):
                yield Located(home, attribute, sub)


def attribute_from_json(data: Mapping[str, Any]) -> Attribute:
    """An attribute from the form that /Schemas serves. What RFC 7643 §2.2 gives a default may be left out.

    References and binaries are caseExact (§2.3.6, §2.3.7), and what is writeOnly is never returned (§7), said or not.
    """
    kind, mutability = data.get("type", "string"), data.get("mutability", "readWrite")
    return Attribute(
        name=data["name"], type=kind, multi_valued=data.get("multiValued", False),
        required=data.get("required", False), case_exact=data.get("caseExact", False) or kind in _ALWAYS_EXACT,
        mutability=mutability, returned="never" if mutability == "writeOnly" else data.get("returned", "default"),
        uniqueness=data.get("uniqueness", "none"), canonical_values=tuple(data.get("canonicalValues", ())),
        reference_types=tuple(data.get("referenceTypes", ())), description=data.get("description", ""),
        sub_attributes=tuple(attribute_from_json(sub) for sub in data.get("subAttributes", ())),
    )


def schema_from_json(data: Mapping[str, Any]) -> Schema:
    """A schema from the form that /Schemas serves. Raises KeyError where an ``id`` or ``name`` is missing."""
    attributes = tuple(attribute_from_json(item) for item in data.get("attributes", ()))
    return Schema(data["id"], data.get("name", data["id"]), data.get("description", ""), attributes)


@cache
def builtin() -> Definitions:
    """The definitions of RFC 7643: User, Group, the enterprise extension and the three discovery schemas."""
    files = ("user", "group", "enterprise_user", "service_provider_config", "resource_type", "schema")
    schemas = tuple(schema_from_json(_data(name)) for name in files)
    by_id = {schema.id: schema for schema in schemas}
    kinds = tuple(
        ResourceType(
            item["name"], item["endpoint"], item["description"], by_id[item["schema"]],
            tuple(Extension(by_id[e["schema"]], e["required"]) for e in item["schemaExtensions"]),
        )
        for item in _data("resource_types")["resourceTypes"]
    )
    return Definitions(schemas, kinds)


@cache
def common_schema() -> Schema:
    """``schemas``, ``id``, ``externalId`` and ``meta``, which every resource has (RFC 7643 §3.1). Never served."""
    return schema_from_json({"id": "common", **_data("common")})


def _data(name: str) -> Any:
    source = resources.files("scimrig_simulator.scim").joinpath("data", f"{name}.json")
    return json.loads(source.read_text("utf-8"))


def _by_name(attributes: Iterable[Attribute]) -> dict[str, Attribute]:
    return {attribute.name.lower(): attribute for attribute in attributes}
