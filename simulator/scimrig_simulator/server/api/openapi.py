"""The OpenAPI 3.1 document of what can be asked for beside SCIM: the API for programs, and /manage.

Methods and paths are those of the tables of operations, so that none can be missing; what each takes and answers
stands in ``openapi_shapes.py``.

Rule: pure; words and form only. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from scimrig_simulator import limits
from scimrig_simulator.scim.bodies import PLAIN_JSON
from scimrig_simulator.server.api.openapi_shapes import OBJECTS, PARAMETERS, SHAPES, Shape
from scimrig_simulator.server.operations import Operation
from scimrig_simulator.wire import SCIM_JSON

PLACE = "/api/openapi.json"

Part: TypeAlias = dict[str, Any]

_MANAGEMENT = "/manage"
_FORM = "application/x-www-form-urlencoded"
_ABOUT = f"""What the reference server answers beside SCIM.

Below /api/v1, at /oauth/token and at /keys it is an API for programs, with names and shapes of the vendor's protocol.
Below /manage it is for people and tests, one tenant each: /NAME/manage is that of the tenant NAME. HEAD is answered
wherever GET is. A body has {limits.MANAGEMENT_BODY} bytes at most.

Values that are zero are said: a flag that is false, a count of 0, a text that is empty, a status that comes first.
The vendor's own JSON leaves them out; a client does well to read what isn't there as zero."""

_ERRORS: Mapping[int, str] = {
    400: "What was sent is wrong, or can't be done as things are; the message says in which way",
    401: "No token, or one that isn't valid here",
    403: "Whoever asks may not",
    404: "There is no such thing",
    408: f"Nothing more of the request came for {limits.ARRIVAL:g} s",
    409: "There is one already",
    413: f"The body has more than {limits.MANAGEMENT_BODY} bytes",
    415: "The body is no JSON in UTF-8, or compressed",
    431: f"Request line and headers have more than {limits.HEAD} bytes",
    503: "Not just now: the store can't be used, or the server is about to stop",
}
_UNREAD = (400, 408, 431, 503)
"""What whoever asks can meet before anybody looks at the path."""

_FORMS: Mapping[str, tuple[str, Iterable[int]]] = {
    "api": ("ApiError", _ERRORS), "manage": ("ManageError", _ERRORS), "oauth": ("OAuthError", (400, 401)),
}  # fmt: skip
_WORDS: Mapping[str, Part] = {
    "text": {"type": "string"},
    "name": {"type": "string", "maxLength": 500, "pattern": "\\S"},
    "role": {"type": "string", "maxLength": 100, "pattern": "\\S"},
    "flag": {"type": "boolean"},
    "count": {"type": "integer", "minimum": 0},
    "number": {"type": "number"},
    "time": {"type": "string", "format": "date-time"},
    "url": {"type": "string", "format": "uri"},
    "object": {"type": "object"},
    "any": {},
}


def document(operations: Iterable[Operation]) -> Part:
    """The document of these operations. Raises KeyError for one that has no shape."""
    paths: dict[str, Part] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation, SHAPES[operation.name])
    return {
        "openapi": "3.1.0",
        "info": {"title": "SCIM 2.0 reference server: beside SCIM", "version": "1.0", "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {
                "type": "http", "scheme": "bearer",
                "description": "The token that the server was started with; an access token of POST /oauth/token for"
                " the API; a token of the tenant below /manage",
            }},
            "schemas": {name: _object(fields) for name, fields in OBJECTS.items()},
            "responses": dict(_responses()),
        },
    }  # fmt: skip


def schema(notation: str) -> Part:
    """What a type of ``openapi_shapes`` stands for."""
    if notation.endswith("?"):
        return {"anyOf": [schema(notation[:-1]), {"type": "null"}]}
    if notation.startswith("["):
        return {"type": "array", "items": schema(notation[1:-1])}
    if notation.startswith("{"):
        return {"type": "object", "additionalProperties": schema(notation[1:-1])}
    if notation in _WORDS:
        return dict(_WORDS[notation])
    if notation in OBJECTS:
        return {"$ref": f"#/components/schemas/{notation}"}
    return {"type": "string", "enum": notation.split("|")}


def _object(fields: Mapping[str, str]) -> Part:
    """An object of an answer or a body: what it holds, and nothing else."""
    return {
        "type": "object",
        "required": [name for name in fields if not name.endswith("?")],
        "properties": {name.rstrip("?"): schema(kind) for name, kind in fields.items()},
        "additionalProperties": False,
    }


def _operation(operation: Operation, shape: Shape) -> Part:
    place = "manage" if operation.path.startswith(_MANAGEMENT) else "api"
    forms = {400: "oauth", 401: "oauth"} if operation.form else {}  # its own, by RFC 6749 §5.2
    answered = {"description": "Done"}
    if shape.answer:
        media = {PLAIN_JSON: {"schema": schema(shape.answer)}}
        answered = {"description": shape.summary, "content": media}  # type: ignore[dict-item]
    status = operation.status if shape.answer else 204
    refused = {error: f"{forms.get(error, place)}.{error}" for error in _errors(operation, shape)}
    responses = {error: {"$ref": f"#/components/responses/{name}"} for error, name in refused.items()}
    responses[status] = answered
    part: Part = {
        "operationId": operation.name, "summary": shape.summary, "tags": [shape.tag or place],
        "parameters": [*map(_variable, operation.variables), *map(_parameter, shape.query)],
        "responses": {str(key): responses[key] for key in sorted(responses)},
    }  # fmt: skip
    if operation.public:
        part["security"] = []
    if shape.body:
        media_type = _FORM if operation.form else PLAIN_JSON
        wanted = shape.body.removesuffix("?")
        content = {media_type: {"schema": schema(wanted)}}
        part["requestBody"] = {"required": wanted == shape.body, "content": content}
    return part


def _errors(operation: Operation, shape: Shape) -> set[int]:
    """What the operation can end with beside what is wanted."""
    errors = {*_UNREAD, *shape.errors}
    if not operation.public:
        errors.add(401)
    if operation.variables:
        errors.add(404)
    if operation.method in ("POST", "PUT", "PATCH"):
        errors |= {413, 415}
    return errors


def _variable(name: str) -> Part:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _parameter(name: str) -> Part:
    words, notation = PARAMETERS[name]
    place = "header" if name.startswith("x-") else "query"
    return {"name": name, "in": place, "description": words, "schema": schema(notation)}


def _responses() -> Iterator[tuple[str, Part]]:
    """Errors by place and status. Whoever speaks no HTTP, or to a server that stops, is answered as by SCIM."""
    for place, (form, statuses) in _FORMS.items():
        for status in statuses:
            content = {PLAIN_JSON: {"schema": schema(form)}}
            if status in _UNREAD:
                content[SCIM_JSON] = {"schema": {"type": "object"}}
            yield f"{place}.{status}", {"description": _ERRORS[status], "content": content}
