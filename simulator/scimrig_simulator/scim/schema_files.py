"""Schemas and resource types from JSON files, merged into those that are known.

A file holds Schema and ResourceType documents in the form of RFC 7643 §6 and §7: one, an array of them, or a
ListResponse as /Schemas and /ResourceTypes serve it. They may

- add a resource type: its schema, and a ResourceType document with the endpoint;
- extend a built-in one: a ResourceType document named User or Group takes the place of the built-in one, so it lists
  every extension that there shall be, the enterprise one too;
- replace a built-in schema, by its URN: attributes may come and go, but those that the server itself works with keep
  their shape (``_KEPT``).

Documents about discovery itself (ServiceProviderConfig, ResourceType, Schema) are passed over: they come with the
answers of servers, and what this server says of itself isn't for a file to say.

Rule: pure; texts come in, reading files is for the edge. All or nothing: every mistake is told, and none is let pass.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.scim import urns
from scimrig_simulator.scim.schema_checks import Mistakes, Place, meant, resource_type_mistakes, schema_mistakes
from scimrig_simulator.scim.schemas import (
    Attribute,
    Definitions,
    Extension,
    ResourceType,
    Schema,
    common_schema,
    schema_from_json,
)

RESERVED = ("/Me", "/Bulk", "/Schemas", "/ResourceTypes", "/ServiceProviderConfig")
"""Endpoints that mean something else everywhere (RFC 7644 §3.2)."""

_DISCOVERY = frozenset(urn.lower() for urn in (urns.SERVICE_PROVIDER_CONFIG, urns.RESOURCE_TYPE, urns.SCHEMA))
_ANY_REFERENCE = ("external", "uri")

_KEPT: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    urns.USER: {
        "userName": {"required": True, "case_exact": False, "mutability": "readWrite", "uniqueness": "server"},
        "password": {"mutability": "writeOnly", "returned": "never"},
        "groups": {"mutability": "readOnly"},
        "active": {"mutability": "readWrite"},
    },
    urns.GROUP: {
        "displayName": {"mutability": "readWrite"},
        "members": {"mutability": "readWrite"},
        "members.value": {"mutability": "immutable"},
    },
}
"""What an own version of a built-in schema keeps, where it has the attribute."""
_NEEDED = {urns.USER: ("userName",), urns.GROUP: ("displayName", "members", "members.value")}
"""What it must have."""


_APART = {"members": urns.GROUP, "groups": urns.USER}
"""What the server keeps apart from resources, and whose it is."""


class SchemaError(ValueError):
    """Files that can't be taken. ``mistakes``: one sentence each, with file, JSON pointer and what would be right."""

    def __init__(self, mistakes: Iterable[str]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n".join(self.mistakes))


@dataclass(frozen=True, slots=True)
class _Document:
    place: Place
    data: Mapping[str, Any]

    @property
    def is_schema(self) -> bool:
        return "attributes" in self.data or urns.SCHEMA in _urns(self.data)

    @property
    def about_discovery(self) -> bool:
        about = self.data.get("id") if self.is_schema else self.data.get("schema")
        return str(about).lower() in _DISCOVERY or urns.SERVICE_PROVIDER_CONFIG in _urns(self.data)


def merge(known: Definitions, files: Iterable[tuple[str, str]]) -> Definitions:
    """``known`` with what the files (name, text) add to it or replace. Raises SchemaError with all mistakes."""
    mistakes: list[str] = []
    documents: list[_Document] = []
    for name, text in files:
        try:
            documents += [one for one in _documents(Place(name), _parsed(name, text)) if not one.about_discovery]
        except SchemaError as error:
            mistakes += error.mistakes
    for document in documents:
        check = schema_mistakes if document.is_schema else resource_type_mistakes
        mistakes += check(document.data, document.place)
    if not mistakes:
        drawn = _Drawing.of(known, documents)
        mistakes += drawn.mistakes()
    if mistakes:
        raise SchemaError(mistakes)
    return drawn.definitions()


def _parsed(name: str, text: str) -> Any:
    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            keys = [key for key, _ in pairs]
            twice = next(key for key in keys if keys.count(key) > 1)
            raise SchemaError([Place(name).mistake(f"the key {twice!r} stands twice in one object")])
        return found

    try:
        return json.loads(text, object_pairs_hook=members)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SchemaError([Place(name).mistake(f"no JSON: {error.msg} ({where})")]) from None
    except RecursionError:
        raise SchemaError([Place(name).mistake("no schema is nested as deeply as this")]) from None


def _documents(place: Place, value: Any) -> Iterator[_Document]:
    """The documents in a file. Raises SchemaError for anything else."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            yield from _documents(place.at(number), item)
        return
    if not isinstance(value, dict):
        raise SchemaError([place.mistake("expected a Schema or ResourceType document, or several of them")])
    if urns.LIST_RESPONSE in _urns(value):
        if not isinstance(value.get("Resources"), list):
            raise SchemaError([place.mistake("a ListResponse has its documents in the array 'Resources'")])
        yield from _documents(place.at("Resources"), value["Resources"])
        return
    document = _Document(place, value)
    about = set(_urns(value)) - {urns.SCHEMA, urns.RESOURCE_TYPE, urns.SERVICE_PROVIDER_CONFIG}
    if about or not (document.is_schema or "endpoint" in value or "schema" in value or document.about_discovery):
        words = "neither a Schema (it has 'id' and 'attributes') nor a ResourceType ('name', 'endpoint' and 'schema')"
        raise SchemaError([place.mistake(words)])
    yield document


def _urns(data: Mapping[str, Any]) -> list[str]:
    given = data.get("schemas")
    return [urn for urn in given if isinstance(urn, str)] if isinstance(given, list) else []


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Known definitions and well-formed documents side by side; keys are URNs and names in lower case."""

    known: Definitions
    schemas: Mapping[str, Schema]
    own: tuple[tuple[Place, Schema], ...]
    types: tuple[_Document, ...]

    @classmethod
    def of(cls, known: Definitions, documents: Iterable[_Document]) -> _Drawing:
        listed = tuple(documents)
        own = tuple((one.place, schema_from_json(one.data)) for one in listed if one.is_schema)
        schemas = {schema.id.lower(): schema for schema in (*known.schemas, *(schema for _, schema in own))}
        return cls(known, schemas, own, tuple(one for one in listed if not one.is_schema))

    def definitions(self) -> Definitions:
        """The whole, where there are no mistakes."""
        kinds = {kind.name.lower(): self._renewed(kind) for kind in self.known.resource_types}
        kinds |= {document.data["name"].lower(): self._made(document.data) for document in self.types}
        return Definitions(tuple(self.schemas.values()), tuple(kinds.values()))

    def _renewed(self, kind: ResourceType) -> ResourceType:
        extensions = (Extension(self.schemas[e.schema.id.lower()], e.required) for e in kind.extensions)
        schema = self.schemas[kind.schema.id.lower()]
        return ResourceType(kind.name, kind.endpoint, kind.description, schema, tuple(extensions))

    def _made(self, data: Mapping[str, Any]) -> ResourceType:
        extensions = tuple(
            Extension(self.schemas[item["schema"].lower()], item["required"])
            for item in data.get("schemaExtensions", ())
        )
        schema = self.schemas[data["schema"].lower()]
        description = data.get("description") or schema.description
        return ResourceType(data["name"], _endpoint(data), description, schema, extensions)

    def mistakes(self) -> Mistakes:
        yield from _twice(((place, schema.id) for place, schema in self.own), "id")
        yield from _twice(((one.place, one.data["name"]) for one in self.types), "name")
        yield from _twice(((one.place, _endpoint(one.data)) for one in self.types), "endpoint")
        for document in self.types:
            yield from self._place_of_type(document)
            yield from self._schemas_of_type(document)
        for place, schema in self.own:
            yield from self._replacement(place, schema)
            yield from self._references(place, schema)
            yield from self._use(place, schema)

    def _place_of_type(self, document: _Document) -> Mistakes:
        """Name and endpoint of a resource type against those that are taken."""
        name, endpoint, place = document.data["name"], _endpoint(document.data), document.place
        if endpoint.lower() in {taken.lower() for taken in RESERVED}:
            yield place.at("endpoint").mistake(f"{endpoint} has a meaning of its own in SCIM; choose another")
        builtin = next((kind for kind in self.known.resource_types if kind.name.lower() == name.lower()), None)
        if builtin is None:
            taken = next((k for k in self.known.resource_types if k.endpoint.lower() == endpoint.lower()), None)
            if taken is not None:
                yield place.at("endpoint").mistake(f"{endpoint} is where {taken.name} is served; choose another")
            return
        said = {"name": name, "endpoint": endpoint, "schema": document.data["schema"]}
        kept = {"name": builtin.name, "endpoint": builtin.endpoint, "schema": builtin.schema.id}
        for key in kept:
            if said[key] != kept[key]:
                yield place.at(key).mistake(f"the built-in {builtin.name} keeps its {key}, {kept[key]}")

    def _schemas_of_type(self, document: _Document) -> Mistakes:
        """The schemas that a resource type names are there, and may be used so."""
        place, base = document.place, document.data["schema"].lower()
        named = [(place.at("schema"), document.data["schema"])]
        for number, item in enumerate(document.data.get("schemaExtensions", ())):
            named.append((place.at("schemaExtensions", number, "schema"), item["schema"]))
            if item["schema"].lower() == base:
                yield named[-1][0].mistake("that is its own schema, not an extension of it")
        usable = {key: schema.id for key, schema in self.schemas.items() if key not in _DISCOVERY}
        for where, urn in named:
            if urn.lower() not in usable:
                yield where.mistake(f"no schema {urn!r} is known or loaded{meant(urn, usable.values())}")
        if base == urns.GROUP.lower() and document.data["name"].lower() != "group":
            yield place.at("schema").mistake("only Group can have it, since the server keeps members for groups alone")
        for attribute in self.schemas[base].attributes if base in self.schemas else ():
            words = _taken(attribute, self.schemas[base])
            if words is not None:
                yield place.at("schema").mistake(f"its schema defines {attribute.name!r}{words}")

    def _replacement(self, place: Place, schema: Schema) -> Mistakes:
        """An own version of a built-in schema against what the server works with."""
        builtin = self.known.schema(schema.id)
        if builtin is None:
            return
        if schema.id != builtin.id:
            yield place.at("id").mistake(f"the built-in schema is spelled {builtin.id}")
        own = {spot.name.lower(): spot for spot in _spots(schema)}
        for name in _NEEDED.get(builtin.id, ()):
            if name.lower() not in own:
                yield place.at("attributes").mistake(f"{builtin.name} needs {name!r}: the server works with it")
        for original in _spots(builtin):
            mine = own.get(original.name.lower())
            kept = {"type": original.attribute.type, "multi_valued": original.attribute.multi_valued}
            kept |= _KEPT.get(builtin.id, {}).get(original.name, {})
            for trait, value in kept.items():
                if mine is not None and getattr(mine.attribute, trait) != value:
                    words = f"{original.name!r} of {builtin.name} keeps its {_camel(trait)}, {json.dumps(value)}"
                    yield place.at(*mine.steps).mistake(f"{words}: the server works with it")

    def _references(self, place: Place, schema: Schema) -> Mistakes:
        """referenceTypes name resource types, or the two words of RFC 7643 §7."""
        kinds = [kind.name for kind in self.known.resource_types] + [one.data["name"] for one in self.types]
        allowed = (*kinds, *_ANY_REFERENCE)
        for spot in _spots(schema):
            for word in spot.attribute.reference_types:
                if word not in allowed:
                    where = place.at(*spot.steps, "referenceTypes")
                    yield where.mistake(f"{word!r} is no resource type{meant(word, allowed)}")

    def _use(self, place: Place, schema: Schema) -> Mistakes:
        """A schema that no resource type has would do nothing."""
        used = {document.data["schema"].lower() for document in self.types}
        used |= {e["schema"].lower() for one in self.types for e in one.data.get("schemaExtensions", ())}
        replaced = {document.data["name"].lower() for document in self.types}
        for kind in self.known.resource_types:
            if kind.name.lower() not in replaced:
                used |= {kind.schema.id.lower(), *(e.schema.id.lower() for e in kind.extensions)}
        if schema.id.lower() not in used and self.known.schema(schema.id) is None:
            words = "no resource type has this schema; load a ResourceType document that names it in 'schema'"
            yield place.mistake(f"{schema.id}: {words} or 'schemaExtensions'")


def _twice(named: Iterable[tuple[Place, str]], key: str) -> Mistakes:
    seen: dict[str, Place] = {}
    for place, value in named:
        first = seen.setdefault(value.lower(), place)
        if first is not place:
            yield place.at(key).mistake(f"{value} is taken already, by {first.file} {first.pointer}".rstrip())


def _taken(attribute: Attribute, schema: Schema) -> str | None:
    """Why a resource can't have an attribute of this name, or of this shape; None where it can."""
    name = attribute.name.lower()
    if common_schema().attribute(name) is not None:
        return ", which every resource has already (RFC 7643 §3.1); leave it out there"
    if schema.id != _APART.get(name, schema.id):
        return f", which the server keeps for {_APART[name].rpartition(':')[2]} alone; give it another name"
    if name == "password" and (attribute.type, attribute.mutability) != ("string", "writeOnly"):
        return ", which the server keeps as a hash: make it a writeOnly string, or give it another name"
    return None


@dataclass(frozen=True, slots=True)
class _Spot:
    """An attribute or sub-attribute in a Schema document: its name ("members.value"), and the way to it."""

    name: str
    attribute: Attribute
    steps: tuple[str | int, ...]


def _spots(schema: Schema) -> Iterator[_Spot]:
    for number, attribute in enumerate(schema.attributes):
        steps = ("attributes", number)
        yield _Spot(attribute.name, attribute, steps)
        for n, sub in enumerate(attribute.sub_attributes):
            yield _Spot(f"{attribute.name}.{sub.name}", sub, (*steps, "subAttributes", n))


def _endpoint(data: Mapping[str, Any]) -> str:
    return "/" + str(data["endpoint"]).removeprefix("/")


def _camel(trait: str) -> str:
    first, *rest = trait.split("_")
    return first + "".join(word.title() for word in rest)
