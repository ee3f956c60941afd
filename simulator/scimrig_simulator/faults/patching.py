"""Saboteurs of PATCH.

They see a body as clients send it: an op is told by its own words, ``op``, ``path`` and ``value``.
Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeAlias

from scimrig_simulator.calls import Answer, Call, Resource, Rows
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError, invalid_syntax, invalid_value, no_target
from scimrig_simulator.scim.expressions import Path
from scimrig_simulator.scim.paths import PathError, parse_path, select
from scimrig_simulator.scim.schemas import ResourceType
from scimrig_simulator.seams import Seams

Operation: TypeAlias = dict[str, Any]

_MANAGER = f"{urns.ENTERPRISE}:manager".lower()
_READ_ONLY = re.compile(r"(?:id|meta(?:\..+)?|groups(?:[.\[].+)?)", re.IGNORECASE)


def operations(body: Resource) -> list[Operation]:
    """The operations of a PATCH body, as far as they are objects."""
    held = body.get("Operations")
    return [item for item in held if isinstance(item, dict)] if isinstance(held, list) else []


def rewritten(body: Resource, change: Callable[[Operation], Operation | None]) -> Resource:
    """The body with every operation changed, or dropped where ``change`` returns None."""
    changed = (change(operation) for operation in operations(body))
    return {**body, "Operations": [operation for operation in changed if operation is not None]}


def op_of(operation: Operation) -> str:
    """``op`` in lower case."""
    return str(operation.get("op")).lower()


def path_of(operation: Operation) -> str:
    """``path``, empty where there is none."""
    path = operation.get("path")
    return path if isinstance(path, str) else ""


class _NoopPatch(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        super().patch(call, resource, body)
        return resource


NOOP_PATCH = Fault(
    "noop-patch", "PATCH answers 200 and changes nothing",
    "Every change by PATCH is taken for done, deactivation included; nothing of it is stored.",
    ("LIFE-01", "GRP-01"), _NoopPatch,
)


class _NoopPatchFails(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        after = super().patch(call, resource, body)
        if not self.changed(call, resource, after):
            raise invalid_value("Nothing to change.")
        return after


NOOP_PATCH_FAILS = Fault(
    "noop-patch-fails", "A PATCH that changes nothing is answered 400",
    "IdPs send the state they want again and again; the second time it is an error.",
    ("PATC-09",), _NoopPatchFails,
)


class _LowerCaseOpsOnly(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        for operation in operations(body):
            if operation.get("op") != op_of(operation):
                raise invalid_syntax(f"op must be add, replace or remove, not {operation.get('op')!r}.")
        return super().patch(call, resource, body)


LOWER_CASE_OPS_ONLY = Fault(
    "lower-case-ops-only", "Add, Replace and Remove in capitals are refused",
    "Entra without its compatibility flag sends every op with a capital; each of its changes is answered 400.",
    ("PATC-01",), _LowerCaseOpsOnly,
)


class _TruthyFalse(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        return super().patch(call, resource, rewritten(body, _truthy))


def _truthy(operation: Operation) -> Operation:
    value = operation.get("value")
    if path_of(operation).lower() == "active" and isinstance(value, str):
        return {**operation, "value": bool(value)}
    if isinstance(value, dict) and isinstance(value.get("active"), str):
        return {**operation, "value": {**value, "active": bool(value["active"])}}
    return operation


TRUTHY_FALSE = Fault(
    "truthy-false", '"False" is taken as true',
    'Entra switches a user off with the string "False"; the server sees a non-empty string: still active.',
    ("LIFE-02",), _TruthyFalse,
)


class _StringBooleanStored(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        after = super().patch(call, resource, body)
        for operation in operations(body):
            if path_of(operation).lower() == "active" and isinstance(operation.get("value"), str):
                after["active"] = operation["value"]
        return after


STRING_BOOLEAN_STORED = Fault(
    "string-boolean-stored", '"False" is stored as text',
    'active comes back as the string "False", which clients can\'t read as a boolean.',
    ("LIFE-02", "TYPE-03"), _StringBooleanStored,
)


class _PathlessRefused(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        if not all(path_of(operation) for operation in operations(body)):
            raise PathError(0, "every operation needs a path")
        return super().patch(call, resource, body)


PATHLESS_REFUSED = Fault(
    "pathless-refused", "An operation without path is refused",
    "Okta deactivates with {op: replace, value: {active: false}} and gets 400.",
    ("PATC-03",), _PathlessRefused,
)


class _DottedKeysLiteral(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        literal: Resource = {}
        rest = rewritten(body, lambda operation: _without_paths(operation, literal))
        after = super().patch(call, resource, rest) if rest["Operations"] else dict(resource)
        return {**after, **literal}

    def changed(self, call: Call, before: Resource, after: Resource) -> bool:
        return any("." in name for name in after) or super().changed(call, before, after)

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        literal = {name: value for name, value in resource.items() if "." in name and ":" not in name}
        return {**super().render(call, resource, resource_type), **literal}


def _without_paths(operation: Operation, literal: Resource) -> Operation | None:
    value = operation.get("value")
    if path_of(operation) or not isinstance(value, dict):
        return operation
    literal.update({name: item for name, item in value.items() if _is_path(name)})
    rest = {name: item for name, item in value.items() if not _is_path(name)}
    return {**operation, "value": rest} if rest else None


def _is_path(name: str) -> bool:
    return "." in name and name not in (urns.USER, urns.GROUP, urns.ENTERPRISE)


DOTTED_KEYS_LITERAL = Fault(
    "dotted-keys-literal", "A key like name.givenName is stored under that very name",
    "Entra with its flag sends keys that are paths; the server makes new members of them, and the name stays.",
    ("PATC-02",), _DottedKeysLiteral,
)


class _ValuePathAddRefused(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        for operation in operations(body):
            if op_of(operation) == "add" and "[" in path_of(operation):
                path = parse_path(path_of(operation))
                if not select(resource, Path(path.attr, path.filter), call.kind):
                    raise no_target(f"{path_of(operation)} selects nothing")
        return super().patch(call, resource, body)


VALUE_PATH_ADD_REFUSED = Fault(
    "value-path-add-refused", "add through a value filter without a match is refused",
    'Entra adds a first work address as emails[type eq "work"].value and gets 400 noTarget.',
    ("PATC-04",), _ValuePathAddRefused,
)


class _SiblingTouched(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        after = super().patch(call, resource, body)
        for operation in operations(body):
            path = parse_path(path_of(operation)) if "[" in path_of(operation) else None
            if path is not None and path.sub is not None and op_of(operation) == "replace":
                for element in select(after, Path(path.attr), call.kind):
                    element[path.sub] = operation.get("value")
        return after


SIBLING_TOUCHED = Fault(
    "sibling-touched", "A filtered replace changes all elements",
    'replace emails[type eq "work"].value also overwrites the home address.',
    ("PATC-06",), _SiblingTouched,
)


class _NotAtomic(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        done = resource
        try:
            for operation in operations(body):
                done = super().patch(call, done, {**body, "Operations": [operation]})
        except ScimError as error:
            call.notes["error"] = error
        return done if operations(body) else super().patch(call, resource, body)

    def emit(self, call: Call, answer: Answer) -> Answer:
        error = call.notes.pop("error", None)
        return super().emit(call, answer if error is None else self.fail(call, error))


NOT_ATOMIC = Fault(
    "not-atomic", "A PATCH that fails half-way keeps its first half",
    "The answer is an error, and the operations before the bad one are stored.",
    ("PATC-07",), _NotAtomic,
)


class _PatchErrorsSwallowed(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        try:
            return super().patch(call, resource, body)
        except ScimError:
            return resource


PATCH_ERRORS_SWALLOWED = Fault(
    "patch-errors-swallowed", "A PATCH that can't be done is answered 200",
    "Whatever is wrong with path, value or body, the client is told that it has been done.",
    ("PATC-08", "PATC-10"), _PatchErrorsSwallowed,
)


class _ReadonlyPatchable(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        rest = rewritten(body, lambda operation: None if _READ_ONLY.fullmatch(path_of(operation)) else operation)
        return super().patch(call, resource, rest) if rest["Operations"] else resource


READONLY_PATCHABLE = Fault(
    "readonly-patchable", "PATCH of id, meta or groups is answered as if it had been done",
    "A change of a readOnly attribute gets 200 where it must get 400 mutability.",
    ("PATC-10",), _ReadonlyPatchable,
)


def _manager(operation: Operation) -> bool:
    return path_of(operation).lower() == _MANAGER and isinstance(operation.get("value"), str)


class _ManagerStringRefused(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        if any(_manager(operation) for operation in operations(body)):
            raise invalid_value("manager is complex: send an object with value.")
        return super().patch(call, resource, body)


MANAGER_STRING_REFUSED = Fault(
    "manager-string-refused", "manager as a plain string is refused",
    "Entra patches manager with the bare id and gets 400, every cycle.",
    ("EXTN-02",), _ManagerStringRefused,
)


class _ManagerStringStored(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        after = super().patch(call, resource, body)
        for operation in operations(body):
            if _manager(operation) and operation["value"]:
                after[urns.ENTERPRISE]["manager"] = operation["value"]
        return after


MANAGER_STRING_STORED = Fault(
    "manager-string-stored", "manager as a plain string is stored as such",
    "The user comes back with a string for manager; Entra can't read it and sends it again for ever.",
    ("EXTN-02", "READ-03"), _ManagerStringStored,
)


class _UrnPathSplit(Seams):
    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        for operation in operations(body):
            if path_of(operation).lower().startswith("urn:"):
                raise PathError(0, f"there is no attribute {path_of(operation).partition('.')[0]!r}")
        return super().patch(call, resource, body)


URN_PATH_SPLIT = Fault(
    "urn-path-split", "The dot in a schema URN is taken for a path separator",
    "urn:…:enterprise:2.0:User:department is answered 400 invalidPath.",
    ("EXTN-01",), _UrnPathSplit,
)


def nameless(call: Call, rows: Rows) -> Resource:
    """A new resource under the id that a request names and nobody has; the id is all the name it gets."""
    name = "userName" if call.kind.schema.id == urns.USER else "displayName"
    return rows.create(call.kind, {"schemas": [call.kind.schema.id], "id": call.id, name: call.id})


class _PatchCreates(Seams):
    def find(self, call: Call, rows: Rows) -> Resource:
        try:
            return super().find(call, rows)
        except ScimError:
            if call.method != "PATCH" or call.id is None:
                raise
            return nameless(call, rows)


PATCH_CREATES = Fault(
    "patch-creates", "PATCH of an unknown id creates a resource",
    "Entra looks a user up again when it meets 404; here it goes on with a nameless new account.",
    ("PATC-16",), _PatchCreates,
)


class _Patch200Empty(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        if call.method == "PATCH" and answer.status == 200:
            answer.body = None
        return super().emit(call, answer)


PATCH_200_EMPTY = Fault(
    "patch-200-empty", "PATCH answers 200 with an empty body",
    "200 promises the resource; who mirrors the answer finds no JSON in it.",
    ("PATC-11",), _Patch200Empty,
)


class _StalePatchBody(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        if call.method == "PATCH" and call.before is not None:
            resource = {**call.before, "meta": resource["meta"]}
        return super().render(call, resource, resource_type)


STALE_PATCH_BODY = Fault(
    "stale-patch-body", "The answer to PATCH shows the old values",
    "Okta mirrors the answer, and takes the change for lost.",
    ("PATC-11",), _StalePatchBody,
)


class _SchemasEchoPatchop(Seams):
    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        shown = super().render(call, resource, resource_type)
        return {**shown, "schemas": [urns.PATCH_OP]} if call.method == "PATCH" else shown


SCHEMAS_ECHO_PATCHOP = Fault(
    "schemas-echo-patchop", "The answer to PATCH carries the schemas of the request",
    "schemas of the resource holds the PatchOp URN, so that a client can't tell what it has got.",
    ("READ-03",), _SchemasEchoPatchop,
)
