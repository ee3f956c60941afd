"""JSON Schemas of resources and messages, for the OpenAPI document: what SCIM's schemas say, in JSON Schema 2020-12.

A resource has two. What a client sends is described by the letter, without what only the server writes; the server
takes more than that (names in any case, whatever ``scim.tolerances`` lets pass). What it gets has no password and
requires next to nothing, since ``attributes`` may leave all but the id out (RFC 7644 §3.9).

Rule: pure; every limit is that of ``limits``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from scimrig_simulator import limits
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.bulk import METHODS
from scimrig_simulator.scim.schemas import Attribute, ResourceType, Schema, common_schema

JsonSchema: TypeAlias = dict[str, Any]

_TEXT: JsonSchema = {"type": "string"}
_NUMBER: JsonSchema = {"type": "integer"}
_URI: JsonSchema = {"type": "string", "format": "uri"}

_BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$"

_PLAIN: dict[str, JsonSchema] = {
    "string": _TEXT, "boolean": {"type": "boolean"}, "integer": _NUMBER, "decimal": {"type": "number"},
}  # fmt: skip
_FORMAL = _PLAIN | {
    "dateTime": {"type": "string", "format": "date-time"},
    "reference": {"type": "string", "format": "uri-reference"},
    "binary": {"type": "string", "contentEncoding": "base64", "pattern": _BASE64},
}
_AS_WRITTEN = _PLAIN | {  # a client may write more than that (RFC 7643 §2.3)
    "dateTime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)?$"},
    "reference": {"type": "string", "pattern": r'^([^\u0000- \u007f<>"{}|\\^`%]|%[0-9A-Fa-f]{2})*$'},
    "binary": {"type": "string", "pattern": "^[A-Za-z0-9+/_-]*={0,2}$"},
}

_SCIM_TYPES = (
    "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue",
    "invalidCursor", "expiredCursor", "invalidCount",
)  # fmt: skip
"""Keywords of RFC 7644 Table 9 and RFC 9865 §2.1, as far as this server uses them."""

_SAMPLES = {
    "userName": "ada@example.com", "givenName": "Ada", "familyName": "Lovelace", "value": "ada@example.com",
    "displayName": "Engines", "externalId": "A-1815",
}  # fmt: skip
_SAMPLED = frozenset({"name", "emails", *_SAMPLES} - {"displayName"})
_SAMPLE_OF: Mapping[str, Any] = {
    "string": "A-1815", "boolean": True, "integer": 1815, "decimal": 18.15, "dateTime": "2024-06-01T12:00:00Z",
    "reference": "https://example.com/1815", "binary": "QWRh",
}  # fmt: skip


def reference(name: str) -> JsonSchema:
    """A reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


# Resources


def sent(kind: ResourceType) -> JsonSchema:
    """What a client sends in POST and PUT."""
    schema = _object(_own(kind), sent=True)
    for extension in kind.extensions:
        schema["properties"][extension.schema.id] = _object(extension.schema.attributes, sent=True)
    urn, required = kind.schema.id, [extension.schema.id for extension in kind.extensions if extension.required]
    schema["properties"] = {"schemas": _schemas(kind), **schema["properties"]}
    schema["properties"]["schemas"]["contains"] = {"const": urn}
    schema["required"] = ["schemas", *schema.get("required", ()), *required]
    return {"description": f"{_sentence(kind.schema.description)} as it is sent", **schema, "examples": [example(kind)]}


def shown(kind: ResourceType) -> JsonSchema:
    """What a client gets: nothing that no schema defines."""
    schema = _object(_own(kind), sent=False)
    for extension in kind.extensions:
        schema["properties"][extension.schema.id] = _object(extension.schema.attributes, sent=False)
    schema["properties"] = {"schemas": _schemas(kind), **schema["properties"]}
    return {"description": _sentence(kind.schema.description), **schema, "required": ["schemas", "id"]}


def described(schema: Schema) -> JsonSchema:
    """A discovery document, whole as it always is; one may hold more, as the Schema of schemas does."""
    common = [attribute for attribute in common_schema().attributes if attribute.name in ("id", "meta")]
    found = _object((*common, *schema.attributes), sent=False, whole=True)
    found["properties"] = {"schemas": _message(schema.id), **found["properties"]}
    found["required"] = ["schemas", *found.get("required", ()), "meta"]
    return {"description": _sentence(schema.description), **found}


def example(kind: ResourceType) -> JsonSchema:
    """A resource as it may be sent: what is required, and what says who it is."""
    extensions = [extension.schema for extension in kind.extensions if extension.required]
    sample = {"schemas": [kind.schema.id, *(schema.id for schema in extensions)], **_sample_of(_own(kind))}
    return sample | {schema.id: _sample_of(schema.attributes) for schema in extensions}


def _own(kind: ResourceType) -> tuple[Attribute, ...]:
    """The attributes of a resource itself, ``schemas`` left out."""
    common = tuple(attribute for attribute in common_schema().attributes if attribute.name != "schemas")
    return (*common, *kind.schema.attributes)


def _object(attributes: Iterable[Attribute], sent: bool, whole: bool = False) -> JsonSchema:
    """An object with these attributes. whole: all that is required is there, and what isn't known may be."""
    seen = [one for one in attributes if (one.mutability != "readOnly" if sent else one.returned != "never")]
    required = [one.name for one in seen if one.required] if sent or whole else []
    schema: JsonSchema = {"type": "object", "properties": {one.name: _attribute(one, sent, whole) for one in seen}}
    if required:
        schema["required"] = required
    if not sent and not whole:
        schema["additionalProperties"] = False
    return schema


def _attribute(attribute: Attribute, sent: bool, whole: bool) -> JsonSchema:
    schema = _value(attribute, sent, whole)
    if attribute.multi_valued:
        schema = {"type": "array", "items": schema}
        if sent and attribute.identity is None:
            schema["maxItems"] = limits.VALUES
        if attribute.sub("primary") is not None:
            first = {"properties": {"primary": {"const": True}}, "required": ["primary"]}
            schema |= {"contains": first, "minContains": 0, "maxContains": 1}
    schema = {"description": _traits(attribute), **schema}
    if attribute.mutability in ("readOnly", "writeOnly"):
        schema[attribute.mutability] = True
    return schema


def _value(attribute: Attribute, sent: bool, whole: bool) -> JsonSchema:
    """One value of an attribute."""
    if attribute.type == "complex":
        schema = _object(attribute.sub_attributes, sent, whole)
        if sent and attribute.identity is not None:
            schema["required"] = ["value"]
        return schema
    forms = _FORMAL if sent or attribute.mutability == "readOnly" else _AS_WRITTEN
    schema = dict(forms[attribute.type])
    if attribute.canonical_values:
        schema["examples"] = list(attribute.canonical_values)
    if sent and attribute.required and attribute.type == "string":
        schema["pattern"] = r"\S"
    return schema


def _traits(attribute: Attribute) -> str:
    """What an attribute is for, and what JSON Schema has no word for."""
    traits = [
        "never changes" if attribute.mutability == "immutable" else "",
        "unique" if attribute.uniqueness != "none" else "",
        "returned on request only" if attribute.returned == "request" else "",
        "always returned" if attribute.returned == "always" else "",
    ]
    told = ", ".join(trait for trait in traits if trait)
    return f"{_sentence(attribute.description or attribute.name)}{f' ({told})' if told else ''}"


def _schemas(kind: ResourceType) -> JsonSchema:
    known = [kind.schema.id, *(extension.schema.id for extension in kind.extensions)]
    items = {"type": "string", "enum": known}
    return {"description": "Whose attributes it has", "type": "array", "items": items, "minItems": 1}


def _sample_of(attributes: Iterable[Attribute]) -> JsonSchema:
    wanted = [one for one in attributes if one.mutability != "readOnly" and (one.required or one.name in _SAMPLED)]
    return {one.name: _sample(one) for one in wanted}


def _sample(attribute: Attribute) -> Any:
    value = _SAMPLE_OF.get(attribute.type)
    if attribute.type == "complex":
        subs = attribute.sub_attributes
        value = _sample_of(subs) or {sub.name: _sample(sub) for sub in subs if sub.mutability != "readOnly"}
    elif attribute.type == "string":
        value = _SAMPLES.get(attribute.name, value)
    return [value] if attribute.multi_valued else value


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".")


# Messages


def list_of(item: JsonSchema, most: int | None = None) -> JsonSchema:
    """A ListResponse of such resources, ``most`` of them at most (RFC 7644 §3.4.2, RFC 9865 §2)."""
    resources: JsonSchema = {"type": "array", "items": item}
    if most is not None:
        resources["maxItems"] = most
    return {
        "allOf": [reference("message.ListResponse")], "type": "object", "properties": {"Resources": resources},
    }  # fmt: skip


def messages() -> dict[str, JsonSchema]:
    """The messages of RFC 7644 by name, error and list included."""
    return {
        "message.Error": _closed(
            urns.ERROR, "Why a request was refused (RFC 7644 §3.12)", ("status", "detail"),
            status={"type": "string", "pattern": "^[45][0-9][0-9]$"},
            scimType={"type": "string", "enum": list(_SCIM_TYPES)}, detail=_TEXT,
        ),
        "message.ListResponse": _list_response(),
        "message.PatchOp": _patch_op(),
        "message.SearchRequest": _search_request(),
        "message.BulkRequest": _bulk_request(),
        "message.BulkResponse": _bulk_response(),
    }  # fmt: skip


def _list_response() -> JsonSchema:
    words = "One page of a result (RFC 7644 §3.4.2); startIndex where pages go by index, else the cursors there are"
    return _closed(
        urns.LIST_RESPONSE, words, ("totalResults", "itemsPerPage", "Resources"),
        totalResults={"type": "integer", "minimum": 0}, startIndex={"type": "integer", "minimum": 1},
        itemsPerPage={"type": "integer", "minimum": 0}, nextCursor=_TEXT, previousCursor=_TEXT,
        Resources={"type": "array", "items": {"type": "object"}},
    )  # fmt: skip


def _patch_op() -> JsonSchema:
    path = {"type": "string", "minLength": 1, "examples": ["externalId", "name.familyName", 'emails[type eq "work"]']}
    value = {"description": "Of the type that the path wants; without a path, an object with attributes"}
    put = {"op": {"type": "string", "enum": ["add", "replace"]}, "path": path, "value": value}
    take = {"op": {"type": "string", "const": "remove"}, "path": path}
    operation = {
        "type": "object",
        "oneOf": [{"properties": put, "required": ["op", "value"]}, {"properties": take, "required": ["op", "path"]}],
    }  # fmt: skip
    operations = {"type": "array", "items": operation, "minItems": 1}
    change = {"op": "replace", "path": "externalId", "value": "A-1816"}
    sample = {"schemas": [urns.PATCH_OP], "Operations": [change]}
    words = "Changes, all of them or none (RFC 7644 §3.5.2)"
    schema = _open(urns.PATCH_OP, words, ("Operations",), Operations=operations)
    return schema | {"examples": [sample]}


def _search_request() -> JsonSchema:
    sample = {"schemas": [urns.SEARCH_REQUEST], "filter": 'externalId eq "A-1815"', "count": 10}
    schema = _open(urns.SEARCH_REQUEST, "A search that no URL shows (RFC 7644 §3.4.3)", (), **search_terms())
    return schema | {"examples": [sample]}


def search_terms() -> dict[str, JsonSchema]:
    """What a search may ask for, by name: a member of a SearchRequest, or a parameter of a GET."""
    names = {"type": "array", "items": _TEXT, "maxItems": limits.NAMES}
    return {
        "filter": {"type": "string", "maxLength": limits.FILTER_LENGTH},
        "sortBy": {"type": "string", "minLength": 1, "examples": ["meta.lastModified", "externalId"]},
        "sortOrder": {"type": "string", "enum": ["ascending", "descending"]},
        "startIndex": _NUMBER,
        "count": _NUMBER,
        "cursor": {"type": "string", "examples": [""]},
        "attributes": names,
        "excludedAttributes": names,
    }


def _bulk_request() -> JsonSchema:
    operation = {
        "type": "object", "required": ["method", "path"],
        "properties": {
            "method": {"type": "string", "enum": list(METHODS)},
            "bulkId": {"description": "Other operations refer to what a POST creates by it; every POST has one",
                       "type": "string", "minLength": 1},
            "version": {"description": "As in If-Match", "type": "string"},
            "path": {"type": "string", "examples": ["/Users", "/Users/2819c223"]},
            "data": {"description": "The body of the single request; all but DELETE have one", "type": "object"},
        },
    }  # fmt: skip
    operations = {"type": "array", "items": operation, "minItems": 1, "maxItems": limits.BULK_OPERATIONS}
    sample = {
        "schemas": [urns.BULK_REQUEST], "failOnErrors": 1,
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "ada",
             "data": {"schemas": [urns.USER], "userName": "ada@example.com"}},
            {"method": "POST", "path": "/Groups", "bulkId": "engines",
             "data": {"schemas": [urns.GROUP], "displayName": "Engines", "members": [{"value": "bulkId:ada"}]}},
        ],
    }  # fmt: skip
    errors = {"description": "After how many errors to stop", "type": "integer", "minimum": 1}
    words = "Many operations in one request (RFC 7644 §3.7)"
    schema = _open(urns.BULK_REQUEST, words, ("Operations",), failOnErrors=errors, Operations=operations)
    return schema | {"examples": [sample]}


def _bulk_response() -> JsonSchema:
    properties = {
        "location": _URI, "method": _TEXT, "bulkId": _TEXT, "version": _TEXT,
        "status": {"type": "string", "pattern": "^[1-5][0-9][0-9]$"}, "response": reference("message.Error"),
    }  # fmt: skip
    result = {"type": "object", "required": ["status"], "properties": properties, "additionalProperties": False}
    operations = {"type": "array", "items": result, "maxItems": limits.BULK_OPERATIONS}
    words = "How the operations of a job have ended (RFC 7644 §3.7.3)"
    return _closed(urns.BULK_RESPONSE, words, ("Operations",), Operations=operations)


def _open(urn: str, description: str, required: Iterable[str], **properties: JsonSchema) -> JsonSchema:
    """A message that a client sends; members that aren't known mean nothing."""
    return {
        "description": description, "type": "object", "required": ["schemas", *required],
        "properties": {"schemas": _message(urn), **properties},
    }  # fmt: skip


def _closed(urn: str, description: str, required: Iterable[str], **properties: JsonSchema) -> JsonSchema:
    """A message that the server sends."""
    return {**_open(urn, description, required, **properties), "additionalProperties": False}


def _message(urn: str) -> JsonSchema:
    return {"type": "array", "items": {"type": "string", "const": urn}, "minItems": 1}
