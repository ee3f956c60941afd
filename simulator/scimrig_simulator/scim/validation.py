"""A whole resource as a client sends it in POST and PUT → the resource as it is stored.

Names in any case come out in schema case and schema order; what is readOnly is ignored (RFC 7644 §3.3, §3.5.1), what
is unknown too; ``schemas`` is made from what is there, never taken over.

Rule: pure and all or nothing. Uniqueness and references to other resources are the store's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scimrig_simulator.scim.coercion import Leniency, check_primary, stored
from scimrig_simulator.scim.compare import member, normal_form
from scimrig_simulator.scim.errors import invalid_syntax, invalid_value, not_mutable
from scimrig_simulator.scim.schemas import Attribute, ResourceType, Schema, common_schema
from scimrig_simulator.scim.tolerances import NESTED_READ_ONLY

_LENIENCY: Leniency = frozenset({NESTED_READ_ONLY})
_ABSENT = object()


def accept(body: Any, resource_type: ResourceType, *, existing: dict[str, Any] | None = None) -> dict[str, Any]:
    """The resource to store for a POST (``existing`` None) or a PUT over ``existing``; neither argument is changed.

    A PUT keeps what the client cannot see or set: readOnly attributes (``id``, ``meta``, ``groups``) and a writeOnly
    one that is left out. Everything else that is left out is gone (RFC 7644 §3.5.1); what a server defaults, such as
    ``active``, is for the caller. Raises ScimError: 400 ``invalidSyntax``, ``invalidValue`` or ``mutability``.
    """
    if not isinstance(body, dict):
        raise invalid_syntax("The body must be a JSON object: the resource")
    _check_schemas(body, resource_type)
    before = existing or {}
    resource: dict[str, Any] = {}
    for attribute in (*common_schema().attributes, *resource_type.schema.attributes):
        if attribute.name != "schemas":
            _take(resource, attribute, _given(body, attribute.name), before.get(attribute.name), attribute.name)
    for extension in resource_type.extensions:
        schema = extension.schema
        part = _extension(_given(body, schema.id), schema, before.get(schema.id) or {})
        if part:
            resource[schema.id] = part
        elif extension.required:
            raise invalid_value(f"{schema.id} is required")
    return settle(resource, resource_type)


def settle(resource: dict[str, Any], resource_type: ResourceType) -> dict[str, Any]:
    """A stored resource put in order: ``schemas`` from its content, attributes in schema order, nothing unassigned.

    Raises ScimError (400 ``invalidValue``) where a required attribute is missing or two values are primary.
    """
    settled: dict[str, Any] = {"schemas": [resource_type.schema.id]}
    names = ("id", "externalId", *(attribute.name for attribute in resource_type.schema.attributes))
    for name in names:
        if resource.get(name) not in (None, [], {}):
            settled[name] = resource[name]
    for extension in resource_type.extensions:
        part = _ordered(resource.get(extension.schema.id), extension.schema)
        if part:
            settled["schemas"].append(extension.schema.id)
            settled[extension.schema.id] = part
    if "meta" in resource:
        settled["meta"] = resource["meta"]
    _check_whole(settled, resource_type)
    return settled


def identical(a: Mapping[str, Any], b: Mapping[str, Any], resource_type: ResourceType) -> bool:
    """Whether two stored resources are the same but for ``meta``: a write of ``b`` over ``a`` would change nothing.

    Strings count letter by letter: ``Ada`` over ``ada`` is a change to store, although a filter takes them as equal.
    The order of several values is none.
    """
    homes: list[tuple[Mapping[str, Any], Mapping[str, Any], Schema]] = [
        (a, b, common_schema()), (a, b, resource_type.schema),
    ]
    homes += [(a.get(e.schema.id) or {}, b.get(e.schema.id) or {}, e.schema) for e in resource_type.extensions]
    return all(
        normal_form(one.get(attribute.name), attribute, verbatim=True)
        == normal_form(other.get(attribute.name), attribute, verbatim=True)
        for one, other, schema in homes
        for attribute in schema.attributes
        if attribute.name != "meta"
    )


def _take(into: dict[str, Any], attribute: Attribute, value: Any, before: Any, place: str) -> None:
    """One attribute of a body by its mutability (RFC 7643 §7)."""
    if attribute.mutability == "readOnly" or (attribute.mutability == "writeOnly" and value is _ABSENT):
        accepted = before
    else:
        accepted = None if value is _ABSENT else stored(value, attribute, place, _LENIENCY)
    if attribute.mutability == "immutable" and before is not None:
        if accepted is not None and normal_form(accepted, attribute) != normal_form(before, attribute):
            raise not_mutable(f"{place} is immutable and has another value already; send that or leave it out")
        accepted = before
    if accepted is not None:
        into[attribute.name] = accepted


def _extension(given: Any, schema: Schema, before: Mapping[str, Any]) -> dict[str, Any]:
    if given is _ABSENT or given is None:
        given = {}
    if not isinstance(given, dict):
        raise invalid_value(f"{schema.id} takes an object with the attributes of the extension")
    part: dict[str, Any] = {}
    for attribute in schema.attributes:
        place = f"{schema.id}:{attribute.name}"
        _take(part, attribute, _given(given, attribute.name), before.get(attribute.name), place)
    return part


def _given(body: Mapping[str, Any], name: str) -> Any:
    """A member of a body in any case. Raises ScimError where it stands there twice, in different cases."""
    wanted = name.lower()
    found = [value for key, value in body.items() if key.lower() == wanted]
    if len(found) > 1:
        raise invalid_syntax(f"{name} is given more than once; attribute names are case-insensitive")
    return found[0] if found else _ABSENT


def _check_schemas(body: Mapping[str, Any], resource_type: ResourceType) -> None:
    """URNs we don't know may stand there (entra:6); the one of the resource type must. Absent is tolerated."""
    given = member(body, "schemas")
    if given is None:
        return
    if not isinstance(given, list) or not given or not all(isinstance(urn, str) for urn in given):
        raise invalid_syntax("schemas takes a non-empty array of URNs")
    if resource_type.schema.id.lower() not in {urn.lower() for urn in given}:
        raise invalid_syntax(f"schemas must name {resource_type.schema.id}: this is {resource_type.endpoint}")


def _ordered(part: Any, schema: Schema) -> dict[str, Any]:
    held = part if isinstance(part, dict) else {}
    names = (attribute.name for attribute in schema.attributes)
    return {name: held[name] for name in names if held.get(name) not in (None, [], {})}


def _check_whole(resource: Mapping[str, Any], resource_type: ResourceType) -> None:
    homes: list[tuple[Mapping[str, Any], Schema]] = [(resource, resource_type.schema)]
    homes += [(resource[e.schema.id], e.schema) for e in resource_type.extensions if e.schema.id in resource]
    for home, schema in homes:
        for attribute in schema.attributes:
            value = home.get(attribute.name)
            _check_required(attribute, value, attribute.name)
            if isinstance(value, list):
                check_primary(value, attribute.name)


def _check_required(attribute: Attribute, value: Any, place: str) -> None:
    """An attribute of the client's that is required is there; so are the required parts of a value that is there."""
    if attribute.mutability == "readOnly":
        return
    if attribute.required and (value is None or (isinstance(value, str) and not value.strip())):
        raise invalid_value(f"{place} is required and must not be empty")
    for element in value if isinstance(value, list) else [value]:
        if isinstance(element, Mapping):
            for sub in attribute.sub_attributes:
                _check_required(sub, element.get(sub.name), f"{place}.{sub.name}")
