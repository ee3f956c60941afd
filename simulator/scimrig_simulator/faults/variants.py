"""Variants: servers that are sound, and awkward. Nothing may fail on them.

Here those that offer less than the whole of SCIM, and say so. What they make of values is in ``variants_stored.py``,
when an answer comes and how fresh it is in ``variants_timed.py``.

Rule: what a variant does, the RFC allows; each says where. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scimrig_simulator.calls import Admits, Answer, Call, Resource, Rows, Window
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.filters import Filter, Predicate
from scimrig_simulator.scim.schemas import Definitions, ResourceType
from scimrig_simulator.seams import Seams

_CONDITIONS = frozenset({"if-match", "if-none-match"})
_SMALL_PAGE = 50


class _Patch204(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        if call.method == "PATCH" and answer.status == 200 and call.projection.attributes is None:
            answer.status, answer.body = 204, None
        return super().emit(call, answer)


PATCH_204 = Fault(
    "patch-204", "PATCH is answered 204, without a body",
    "Nothing: RFC 7644 §3.5.2 leaves the choice, unless the client asks for attributes.",
    seams=_Patch204,
)


class _NoSchemas(Seams):
    def discover(self, call: Call) -> None:
        raise ScimError(404, None, "There is no discovery here.")


NO_SCHEMAS = Fault(
    "no-schemas", "There is no discovery: /Schemas, /ResourceTypes and /ServiceProviderConfig are 404",
    "Nothing that a provisioning client needs: no IdP but Entra's gallery reads them.",
    seams=_NoSchemas,
)


class _UsersOnly(Seams):
    def definitions(self, known: Definitions) -> Definitions:
        schemas = tuple(schema for schema in known.schemas if schema.id != urns.GROUP)
        kinds = tuple(kind for kind in known.resource_types if kind.schema.id != urns.GROUP)
        return Definitions(schemas, kinds)


USERS_ONLY = Fault(
    "users-only", "There are users and no groups",
    "Nothing: a server declares which resource types it has.",
    seams=_UsersOnly,
)


class _NoExtension(Seams):
    def definitions(self, known: Definitions) -> Definitions:
        schemas = tuple(schema for schema in known.schemas if schema.id != urns.ENTERPRISE)
        return Definitions(schemas, tuple(_plain(kind) for kind in known.resource_types))

    def patch(self, call: Call, resource: Resource, body: Resource) -> Resource:
        """Ignores what speaks of the extension, as a create does (rfc-notes 45)."""
        listed = body.get("Operations")
        if not isinstance(listed, list) or not any(map(_extended, listed)):
            return super().patch(call, resource, body)
        rest = [operation for operation in map(_without_extension, listed) if operation is not None]
        return super().patch(call, resource, {**body, "Operations": rest}) if rest else resource


def _plain(kind: ResourceType) -> ResourceType:
    kept = tuple(extension for extension in kind.extensions if extension.schema.id != urns.ENTERPRISE)
    return replace(kind, extensions=kept)


def _extended(operation: Any) -> bool:
    """Whether an operation speaks of the extension: in its path, or in a key of its value."""
    path, value = (operation.get("path"), operation.get("value")) if isinstance(operation, dict) else (None, None)
    if isinstance(path, str):
        return _of_extension(path)
    return isinstance(value, dict) and any(map(_of_extension, value))


def _without_extension(operation: Any) -> Any:
    """The operation without what it says of the extension, None where it says nothing else."""
    if not _extended(operation):
        return operation
    value = operation.get("value")
    rest = {key: item for key, item in value.items() if not _of_extension(key)} if isinstance(value, dict) else {}
    return {**operation, "value": rest} if rest and "path" not in operation else None


def _of_extension(path: str) -> bool:
    return path.lower().startswith(urns.ENTERPRISE.lower())


NO_EXTENSION = Fault(
    "no-extension", "There is no enterprise extension: what is sent of it is ignored and not returned",
    "Nothing: extensions are optional (RFC 7643 §3.3), and /Schemas and /ResourceTypes don't name it.",
    seams=_NoExtension,
)


class _PutOnly(Seams):
    def find(self, call: Call, rows: Rows) -> Resource:
        if call.method == "PATCH":
            raise ScimError(501, None, "PATCH is not implemented; replace the resource with PUT.")
        return super().find(call, rows)

    def emit(self, call: Call, answer: Answer) -> Answer:
        return super().emit(call, _told(answer, "patch", {"supported": False}))


PUT_ONLY = Fault(
    "put-only", "PATCH is not implemented (501), and ServiceProviderConfig says so",
    "Nothing by the book: PATCH is optional (RFC 7644 §3.5.2). Entra can't work with it, and the rig says so.",
    seams=_PutOnly,
)


class _Page50(Seams):
    def window(self, call: Call, start: int | None, count: int | None) -> Window:
        wanted = super().window(call, start, _SMALL_PAGE if count is None else count)
        return replace(wanted, count=min(wanted.count, _SMALL_PAGE))

    def emit(self, call: Call, answer: Answer) -> Answer:
        pages = {"cursor": True, "index": True, "defaultPageSize": _SMALL_PAGE, "maxPageSize": _SMALL_PAGE}
        told = _told(answer, "pagination", pages)
        return super().emit(call, _told(told, "filter", {"supported": True, "maxResults": _SMALL_PAGE}))


PAGE_50 = Fault(
    "page-50", "A page never holds more than 50 resources, however many are asked for",
    "Nothing: a server may return fewer than count (RFC 7644 §3.4.2.4), and startIndex leads on.",
    seams=_Page50,
)


class _NoEtag(Seams):
    def authorize(self, call: Call, admits: Admits) -> None:
        """Conditions go unread, as in a server that knows no versions."""
        super().authorize(call, admits)
        call.headers = {name: value for name, value in call.headers.items() if name not in _CONDITIONS}

    def match(self, call: Call, wanted: Filter, resource_type: ResourceType) -> Predicate:
        fits = super().match(call, wanted, resource_type)
        return lambda resource: fits(_unversioned(resource))

    def render(self, call: Call, resource: Resource, resource_type: ResourceType) -> Resource:
        return super().render(call, _unversioned(resource), resource_type)

    def emit(self, call: Call, answer: Answer) -> Answer:
        answer.headers.pop("ETag", None)
        return super().emit(call, _told(answer, "etag", {"supported": False}))


def _unversioned(resource: Resource) -> Resource:
    meta = {name: value for name, value in resource["meta"].items() if name != "version"}
    return {**resource, "meta": meta}


NO_ETAG = Fault(
    "no-etag", "There are no ETags: neither the header nor meta.version, and etag.supported is false",
    "Nothing: versions are optional (RFC 7644 §3.14).",
    seams=_NoEtag,
)


def _told(answer: Answer, feature: str, says: Resource) -> Answer:
    """The answer; where it is ServiceProviderConfig, with these words about a feature (RFC 7643 §5)."""
    body = answer.body
    if isinstance(body, dict) and body.get("schemas") == [urns.SERVICE_PROVIDER_CONFIG]:
        answer.body = {**body, feature: says}
    return answer
