"""A whole resource as a client sends it in POST and PUT → the resource as it is stored.

Names in any case come out in schema case and schema order; what is readOnly is ignored (RFC 7644 §3.3, §3.5.1), what
is unknown too; ``schemas`` is made from what is there, never taken over.

Rule: pure and all or nothing. Uniqueness and references to other resources are the store's.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from scimrig_simulator.scim import tolerances
from scimrig_simulator.scim.coercion import by_name, check_primary, stored
from scimrig_simulator.scim.compare import normal_form
from scimrig_simulator.scim.errors import invalid_syntax, invalid_value, not_mutable
from scimrig_simulator.scim.schemas import Attribute, ResourceType, Schema, common_schema
from scimrig_simulator.scim.tolerances import Leniency

_ABSENT = object()


def accept(
    body: Any,
    resource_type: ResourceType,
    *,
    existing: dict[str, Any] | None = None,
    leniency: Leniency = tolerances.STANDARD,
) -> dict[str, Any]:
    """The resource to store for a POST (``existing`` None) or a PUT over ``existing``; neither argument is changed.

    A PUT keeps what the client cannot see or set: readOnly attributes (``id``, ``meta``, ``groups``) and a writeOnly
    one that is left out. Everything else that is left out is gone (RFC 7644 §3.5.1); what a server defaults, such as
    ``active``, is for the caller. ``leniency``: the tolerances that are granted.
    Raises ScimError: 400 ``invalidSyntax``, ``invalidValue`` or ``mutability``.
    """
    if not isinstance(body, dict):
        raise invalid_syntax("The body must be a JSON object: the resource")
    given = by_name(body)
    _check_schemas(given, resource_type, leniency)
    before = existing or {}
    resource: dict[str, Any] = {}
    allowed = leniency | {tolerances.NESTED_READ_ONLY}  # here it is the RFC itself that ignores them (§3.3, §3.5.1)
    for attribute in (*common_schema().attributes, *resource_type.schema.attributes):
        if (attribute.key in given or attribute.name in before) and attribute.name != "schemas":
            _take(resource, attribute, given, before, attribute.name, allowed)
    for extension in resource_type.extensions:
        schema = extension.schema
        part = _extension(given.get(schema.id.lower()), schema, before.get(schema.id) or {}, allowed)
        if part:
            resource[schema.id] = part
    return settle(resource, resource_type)


def settle(resource: dict[str, Any], resource_type: ResourceType) -> dict[str, Any]:
    """A stored resource put in order: ``schemas`` from its content, attributes in schema order, nothing unassigned.

    Raises ScimError (400 ``invalidValue``) where what is required is missing or two values are primary.
    """
    settled: dict[str, Any] = {"schemas": [resource_type.schema.id]}
    names = ("id", "externalId", *(attribute.name for attribute in resource_type.schema.attributes))
    for name in names:
        if _assigned(value := resource.get(name)):
            settled[name] = value
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
        _identical(one.get(attribute.name), other.get(attribute.name), attribute)
        for one, other, schema in homes
        for attribute in schema.attributes
        if attribute.name != "meta"
    )


def _identical(one: Any, other: Any, attribute: Attribute) -> bool:
    if one == other:
        return True
    return bool(normal_form(one, attribute, verbatim=True) == normal_form(other, attribute, verbatim=True))


def _take(
    into: dict[str, Any],
    attribute: Attribute,
    given: Mapping[str, Any],
    before: Mapping[str, Any],
    place: str,
    leniency: Leniency,
) -> None:
    """One attribute of a body by its mutability (RFC 7643 §7)."""
    value, held = given.get(attribute.key, _ABSENT), before.get(attribute.name)
    if attribute.mutability == "readOnly" or (attribute.mutability == "writeOnly" and value is _ABSENT):
        accepted = held
    else:
        accepted = None if value is _ABSENT else stored(value, attribute, place, leniency)
        accepted = _kept(attribute, accepted, held, place)
    if accepted is not None:
        into[attribute.name] = accepted


def _kept(attribute: Attribute, new: Any, held: Any, place: str) -> Any:
    """A new value over one that is held: what is immutable or readOnly stays, at any depth (RFC 7644 §3.5.1).

    The values of a multi-valued attribute come and go as wholes. Raises ScimError (400 ``mutability``).
    """
    if held is None:
        return new
    if attribute.mutability == "immutable":
        if new is not None and normal_form(new, attribute) != normal_form(held, attribute):
            raise not_mutable(f"{place} is immutable and has another value already; send that or leave it out")
        return held
    if attribute.mutability == "readOnly":
        return held
    if attribute.type != "complex" or attribute.multi_valued or new is None:
        return new
    parts = {
        sub.name: _kept(sub, new.get(sub.name), held.get(sub.name), f"{place}.{sub.name}")
        for sub in attribute.sub_attributes
    }
    return {name: part for name, part in parts.items() if part is not None}


def _extension(given: Any, schema: Schema, before: Mapping[str, Any], leniency: Leniency) -> dict[str, Any]:
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise invalid_value(f"{schema.id} takes an object with the attributes of the extension")
    members = by_name(given)
    part: dict[str, Any] = {}
    for attribute in schema.attributes:
        _take(part, attribute, members, before, f"{schema.id}:{attribute.name}", leniency)
    return part


def _check_schemas(given: Mapping[str, Any], resource_type: ResourceType, leniency: Leniency) -> None:
    """``schemas`` names the resource type's own, and every extension that is there (RFC 7643 §3, §3.3)."""
    urns = given.get("schemas")
    if urns is None and tolerances.ABSENT_SCHEMAS in leniency:
        return
    if not isinstance(urns, list) or not urns or not all(isinstance(urn, str) for urn in urns):
        raise invalid_syntax("schemas takes a non-empty array of URNs")
    named = {urn.lower() for urn in urns}
    own = resource_type.schema.id
    if own.lower() not in named:
        raise invalid_syntax(f"schemas must name {own}: this is {resource_type.endpoint}")
    extensions = {extension.schema.id.lower(): extension.schema.id for extension in resource_type.extensions}
    unknown = sorted(named - extensions.keys() - {own.lower()})
    if unknown and tolerances.UNKNOWN_SCHEMAS not in leniency:
        raise invalid_value(f"schemas: a {resource_type.name} has nothing of {unknown[0]}")
    undeclared = [urn for key, urn in extensions.items() if key not in named and given.get(key) is not None]
    if undeclared and tolerances.UNDECLARED_EXTENSION not in leniency:
        raise invalid_syntax(f"schemas must name {undeclared[0]}, since the body has attributes of it")


def _ordered(part: Any, schema: Schema) -> dict[str, Any]:
    held = part if isinstance(part, dict) else {}
    names = (attribute.name for attribute in schema.attributes)
    return {name: value for name in names if _assigned(value := held.get(name))}


def _assigned(value: Any) -> bool:
    """Whether a stored value is one: null, [] and {} are none (RFC 7643 §2.5)."""
    return value is not None and (bool(value) or not isinstance(value, list | dict))


def _check_whole(resource: Mapping[str, Any], resource_type: ResourceType) -> None:
    homes: list[tuple[Mapping[str, Any], Schema]] = [(resource, resource_type.schema)]
    for extension in resource_type.extensions:
        if extension.schema.id in resource:
            homes.append((resource[extension.schema.id], extension.schema))
        elif extension.required:
            raise invalid_value(f"{extension.schema.id} is required (RFC 7643 §6)")
    for home, schema in homes:
        for attribute in _demanding(schema):
            value = home.get(attribute.name)
            if value is not None or attribute.required:
                _check_required(attribute, value, attribute.name)
        for name, value in home.items():
            if isinstance(value, list):
                check_primary(value, name)


@cache
def _demanding(schema: Schema) -> tuple[Attribute, ...]:
    """The attributes of which something is required: themselves, or a part of each value."""
    return tuple(one for one in schema.attributes if one.required or any(sub.required for sub in one.sub_attributes))


def _check_required(attribute: Attribute, value: Any, place: str) -> None:
    """An attribute of the client's that is required is there; so are the required parts of a value that is there."""
    if attribute.mutability == "readOnly":
        return
    if attribute.required and (value is None or (isinstance(value, str) and not value.strip())):
        raise invalid_value(f"{place} is required and must not be empty")
    needed = [sub for sub in attribute.sub_attributes if sub.required]
    if needed:
        for element in value if isinstance(value, list) else [value]:
            for sub in needed:
                _check_required(sub, element.get(sub.name), f"{place}.{sub.name}")
