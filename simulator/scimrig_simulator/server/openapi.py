"""The OpenAPI 3.1 document of a server: every path and method there is, whatever resource types it was built with.

Statuses are those that the operation can really end with. 405 isn't among them, since no operation is asked for then;
500 isn't either, since a server that is right never says it.

Rule: pure; made from the definitions and ``limits``, so that it can't disagree with them. What resources and messages
look like is for ``openapi_schemas.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from scimrig_simulator import limits
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.bodies import PLAIN_JSON
from scimrig_simulator.scim.schemas import Definitions, ResourceType, builtin, unique_places
from scimrig_simulator.server import openapi_schemas
from scimrig_simulator.server.health import LIVE, READY
from scimrig_simulator.server.openapi_schemas import JsonSchema, list_of, reference
from scimrig_simulator.wire import SCIM_JSON

PLACE = "/openapi.json"

Part: TypeAlias = dict[str, Any]

_ABOUT = f"""SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) as the reference server speaks it.

A tenant with a name finds the same below its name: /NAME{{base_path}}. HEAD is answered wherever GET is. Attributes are
named in any case, and unknown ones are left out. What there is below /manage is no part of SCIM, and not told of here.

At most: {limits.BODY} bytes of a body; {limits.HEAD} bytes of request line and headers; {limits.NESTING} levels of
JSON; {limits.TEXT} characters of a value; {limits.BLOB} characters of a reference or a binary value."""

_ERRORS: Mapping[int, str] = {
    400: "What was sent is wrong; scimType and detail say in which way",
    401: "No token, or one that isn't valid here",
    403: "Discovery takes no filter (RFC 7644 §4)",
    404: "There is no such thing",
    406: f"The client takes neither {SCIM_JSON} nor {PLAIN_JSON}",
    408: f"Nothing more of the request came for {limits.ARRIVAL:g} s",
    409: "Another resource has a value that must be unique",
    412: "The condition of If-Match or If-None-Match doesn't hold",
    413: f"The body has more than {limits.BODY} bytes",
    415: "The body is no JSON in UTF-8, or compressed",
    431: f"Request line and headers have more than {limits.HEAD} bytes",
    501: "A provisioning token stands for no user (RFC 7644 §3.11)",
    503: "Not just now: the store can't be used, or the server is about to stop",
}
_UNREAD = (400, 408, 431)
"""Errors of a request that isn't understood, wherever it goes."""

_COMMON = (*_UNREAD, 401, 406, 503)
_WITH_BODY = (413, 415)
_ALL = "All types"

_SEARCH_WORDS = {
    "filter": "Which resources are wanted (RFC 7644 §3.4.2.2)",
    "sortBy": "The attribute that they are sorted by; in the order of creation without",
    "sortOrder": "ascending unless said otherwise",
    "startIndex": "1-based number of the first one that is wanted; less than 1 counts as 1",
    "count": f"How many are wanted: {limits.USUAL_PAGE} unless said otherwise, {limits.LARGEST_PAGE} at most",
    "cursor": "Of the page that is wanted, empty for the first one (RFC 9865)",
    "attributes": "The attributes that are wanted, and no others",
    "excludedAttributes": "Attributes that aren't wanted; not together with attributes",
}
_PROJECTION = ("attributes", "excludedAttributes")
_CONDITIONS = ("If-Match", "If-None-Match")
_TAGS = r'^(\*|(W/)?"[^"]*"( *, *(W/)?"[^"]*")*)$'


def document(definitions: Definitions, base_path: str) -> Part:
    """The document of a server with these definitions; base_path as in ``app.Settings``."""
    kinds = definitions.resource_types
    about = {"title": "SCIM 2.0 reference server", "version": "2.0", "description": _ABOUT.format(base_path=base_path)}
    tags = [*(kind.name for kind in kinds), _ALL, "Discovery", "Health"]
    return {
        "openapi": "3.1.0",
        "info": about,
        "servers": [{"url": base_path, "description": "The tenant without a name"}],
        "security": [{"bearer": []}],
        "tags": [{"name": name} for name in tags],
        "paths": _paths(definitions),
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "description": "A token of the tenant"}},
            "schemas": _schemas(definitions),
            "parameters": _parameters(),
            "headers": _headers(),
            "responses": {str(status): _error(status) for status in _ERRORS},
        },
    }  # fmt: skip


# Paths


def _paths(definitions: Definitions) -> Part:
    paths = _origin() | _discovery(definitions)
    for kind in definitions.resource_types:
        paths[kind.endpoint] = _collection(kind)
        paths[f"{kind.endpoint}/.search"] = {"post": _search(kind.name)}
        paths[f"{kind.endpoint}/{{id}}"] = _item(kind)
    paths["/"] = {"get": _browse()}
    paths["/.search"] = {"post": _search()}
    paths["/Bulk"] = {"post": _bulk()}
    paths["/Me"] = {method: _me(method) for method in ("get", "post", "put", "patch", "delete")}
    return paths


def _collection(kind: ResourceType) -> Part:
    body = _body(f"{kind.name}.sent", openapi_schemas.example(kind))
    return {
        "get": _browse(kind.name),
        "post": _operation(
            f"create{kind.name}", f"Create a {kind.name}", kind.name,
            {201: _shown(kind, "Created", "ETag", "Location")},
            (*_COMMON, *_WITH_BODY, *_clash(kind)), _PROJECTION, body,
        ),
    }  # fmt: skip


def _item(kind: ResourceType) -> Part:
    name = kind.name
    errors = (*_COMMON, 404, 412)
    writes = (*errors, *_WITH_BODY, *_clash(kind))
    parameters = (*_PROJECTION, *_CONDITIONS)
    patched = {200: _shown(kind, "As it is now", "ETag")}
    if kind.schema.id == urns.GROUP:
        patched[204] = _answer("Done; a large group isn't shown again", None, "ETag")
    return {
        "parameters": [{"$ref": "#/components/parameters/id"}],
        "get": _operation(
            f"read{name}", f"Read a {name}", name,
            {200: _shown(kind, "As it is", "ETag"), 304: _answer("If-None-Match names its version", None, "ETag")},
            errors, parameters,
        ),
        "put": _operation(
            f"replace{name}", f"Replace a {name}: what isn't sent is taken away", name,
            {200: _shown(kind, "As it is now", "ETag")}, writes, parameters,
            _body(f"{name}.sent", openapi_schemas.example(kind)),
        ),
        "patch": _operation(
            f"patch{name}", f"Change a {name}", name, patched, writes, parameters, _body("message.PatchOp")
        ),
        "delete": _operation(
            f"delete{name}", f"Delete a {name}", name, {204: _answer("Gone")}, errors, _CONDITIONS
        ),
    }  # fmt: skip


def _browse(name: str = "") -> Part:
    words = f"Find resources of type {name}" if name else "Find resources of all types"
    terms = tuple(openapi_schemas.search_terms())
    return _operation(f"list{name}", words, name or _ALL, {200: _found(name)}, _COMMON, terms)


def _search(name: str = "") -> Part:
    words = f"Find resources of type {name} by what no URL shows" if name else "Find resources by what no URL shows"
    body = _body("message.SearchRequest")
    return _operation(f"search{name}", words, name or _ALL, {200: _found(name)}, (*_COMMON, *_WITH_BODY), (), body)


def _bulk() -> Part:
    done = _answer("How each operation has ended", reference("message.BulkResponse"))
    words = f"Do up to {limits.BULK_OPERATIONS} operations in one request"
    body = _body("message.BulkRequest")
    return _operation("bulk", words, _ALL, {200: done}, (*_COMMON, *_WITH_BODY), (), body)


def _me(method: str) -> Part:
    return _operation(f"{method}Me", "Not supported", _ALL, {}, (*_UNREAD, 401, 501, 503))


def _discovery(definitions: Definitions) -> Part:
    lists = {
        "ResourceTypes": ("message.ResourceType", [kind.name for kind in definitions.resource_types]),
        "Schemas": ("message.Schema", [schema.id for schema in definitions.schemas]),
    }
    config = reference("message.ServiceProviderConfig")
    paths: Part = {"/ServiceProviderConfig": {"get": _told("ServiceProviderConfig", "What the server can do", config)}}
    for name, (item, ids) in lists.items():
        paths[f"/{name}"] = {"get": _told(name, f"All {name}", list_of(reference(item)))}
        one = _told(f"{name}ById", f"One of {name}", reference(item), 404)
        known = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "enum": ids}}
        paths[f"/{name}/{{id}}"] = {"parameters": [known], "get": one}
    return paths


def _told(name: str, words: str, schema: JsonSchema, *errors: int) -> Part:
    """A discovery operation, which needs no token."""
    found = _operation(f"get{name}", words, "Discovery", {200: _answer(words, schema)}, (*_COMMON, 403, *errors))
    return found | {"security": [{}, {"bearer": []}]}


def _origin() -> Part:
    """What is served beside SCIM, for whoever runs the server: no token, plain JSON."""
    status: JsonSchema = {"type": "object", "required": ["status"], "properties": {"status": {"type": "string"}}}
    ready = _plain("Not ready", status)
    ready["content"][SCIM_JSON] = {"schema": reference("message.Error")}
    pages = {
        LIVE: ("getLivez", "Whether the server is alive", {200: _plain("Alive", status)}),
        READY: ("getReadyz", "Whether it can do its work", {200: _plain("Ready", status), 503: ready}),
        PLACE: ("getOpenapi", "This document", {200: _plain("An OpenAPI 3.1 document", {"type": "object"})}),
    }
    return {
        path: {"servers": [{"url": "/"}], "get": {**_operation(id, words, "Health", answers, _UNREAD), "security": []}}
        for path, (id, words, answers) in pages.items()
    }


# What paths are made of


def _operation(
    id: str,
    summary: str,
    tag: str,
    answers: Mapping[int, Part],
    errors: Iterable[int],
    parameters: Sequence[str] = (),
    body: Part | None = None,
) -> Part:
    """An operation. errors, parameters: by their keys among the components."""
    responses = dict(answers) | {status: {"$ref": f"#/components/responses/{status}"} for status in errors}
    operation: Part = {"operationId": id, "summary": summary, "tags": [tag]}
    if parameters:
        operation["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in parameters]
    if body is not None:
        operation["requestBody"] = body
    return operation | {"responses": {str(status): responses[status] for status in sorted(responses)}}


def _clash(kind: ResourceType) -> tuple[int, ...]:
    """409, where a resource type has anything that must be unique."""
    return (409,) if kind.schema.id == urns.USER or unique_places(kind) else ()


def _body(schema: str, example: Any = None) -> Part:
    media: Part = {"schema": reference(schema)}
    if example is not None:
        media["example"] = example
    return {"required": True, "content": dict.fromkeys((SCIM_JSON, PLAIN_JSON), media)}


def _shown(kind: ResourceType, description: str, *headers: str) -> Part:
    return _answer(description, reference(kind.name), *headers)


def _found(name: str) -> Part:
    return _answer("One page of what there is", reference(f"{name}.list" if name else "message.AnyList"))


def _answer(description: str, schema: JsonSchema | None = None, *headers: str) -> Part:
    """An answer in whichever of the two media types the client likes better; None for one without a body."""
    answer: Part = {"description": description}
    if headers:
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    if schema is not None:
        answer["content"] = {media: {"schema": schema} for media in (SCIM_JSON, PLAIN_JSON)}
    return answer


def _plain(description: str, schema: JsonSchema) -> Part:
    return {"description": description, "content": {PLAIN_JSON: {"schema": schema}}}


# Components


def _schemas(definitions: Definitions) -> Part:
    """All schemas by name. A resource type's has its name; other names have a dot, which no type's has."""
    kinds = definitions.resource_types
    schemas: Part = {}
    for kind in kinds:
        schemas[kind.name] = openapi_schemas.shown(kind)
        schemas[f"{kind.name}.sent"] = openapi_schemas.sent(kind)
        schemas[f"{kind.name}.list"] = list_of(reference(kind.name), limits.LARGEST_PAGE)
    schemas["message.AnyList"] = list_of({"anyOf": [reference(kind.name) for kind in kinds]}, limits.LARGEST_PAGE)
    for urn in (urns.SERVICE_PROVIDER_CONFIG, urns.RESOURCE_TYPE, urns.SCHEMA):
        schema = builtin().schema(urn)
        assert schema is not None
        schemas[f"message.{schema.name}"] = openapi_schemas.described(schema)
    return schemas | openapi_schemas.messages()


def _parameters() -> Part:
    terms = openapi_schemas.search_terms().items()
    parameters: Part = {
        name: {"name": name, "in": "query", "description": _SEARCH_WORDS[name], "schema": schema}
        for name, schema in terms
    }
    for name in _PROJECTION:
        parameters[name] |= {"style": "form", "explode": False}
    parameters["filter"]["example"] = 'externalId eq "A-1815"'
    for name, words in zip(_CONDITIONS, ("It has one of these versions", "It has none of these versions"), strict=True):
        tags = {"type": "string", "pattern": _TAGS, "examples": ["*", 'W/"1"']}
        parameters[name] = {"name": name, "in": "header", "description": words, "schema": tags}
    id = {"type": "string", "minLength": 1}
    return parameters | {"id": {"name": "id", "in": "path", "required": True, "schema": id}}


def _headers() -> Part:
    described = {
        "ETag": ("The version of the resource", {"type": "string", "pattern": '^W/"[^"]+"$'}),
        "Location": ("The URI of the resource", {"type": "string", "format": "uri"}),
        "WWW-Authenticate": ("The challenge", {"type": "string", "pattern": "^Bearer "}),
        "Retry-After": ("Seconds until it may be tried again", {"type": "integer", "minimum": 0}),
    }
    return {
        name: {"description": words, "required": True, "schema": schema} for name, (words, schema) in described.items()
    }


def _error(status: int) -> Part:
    headers = {401: "WWW-Authenticate", 503: "Retry-After"}
    sample = {"schemas": [urns.ERROR], "status": str(status), "detail": _ERRORS[status]}
    error: Part = {"description": _ERRORS[status]}
    if status in headers:
        error["headers"] = {headers[status]: {"$ref": f"#/components/headers/{headers[status]}"}}
    return error | {"content": {SCIM_JSON: {"schema": reference("message.Error"), "example": sample}}}
