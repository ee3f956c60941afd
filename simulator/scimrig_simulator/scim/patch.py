"""PATCH: operations on a copy of a resource, all or none (RFC 7644 §3.5.2).

Finds out where each operation points: a path, a whole schema by its URN, or without a path the members of ``value``.
What happens there is ``edits``'s; what is bent for real clients stands in ``tolerances``.

Rule: the resource given is never touched; an error leaves nothing behind. The harness must not import this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.scim import tolerances
from scimrig_simulator.scim.coercion import by_name, copied
from scimrig_simulator.scim.compare import member, same_value
from scimrig_simulator.scim.edits import assign, remove
from scimrig_simulator.scim.errors import ScimError, invalid_value, no_target, not_mutable
from scimrig_simulator.scim.expressions import AttrPath, Path
from scimrig_simulator.scim.messages import Operation, patch_ops
from scimrig_simulator.scim.paths import PathError, parse_path
from scimrig_simulator.scim.schemas import Attribute, Located, ResourceType, Schema
from scimrig_simulator.scim.targets import Target
from scimrig_simulator.scim.tolerances import Leniency
from scimrig_simulator.scim.validation import settle


def apply_patch(
    resource: dict[str, Any], body: Any, resource_type: ResourceType, *, leniency: Leniency = tolerances.STANDARD
) -> dict[str, Any]:
    """A new resource with the operations of ``body`` applied to a stored one in order.

    ``leniency``: the tolerances that are granted; none of them = by the letter.
    ``meta`` is as before; whether anything changed at all says ``validation.identical``.
    Raises ScimError: 400 with ``invalidSyntax``, ``invalidPath``, ``invalidFilter``, ``invalidValue``, ``mutability``
    or ``noTarget`` (Table 9); the detail names the operation, 1-based.
    """
    draft = _Draft(copied(resource), resource_type, leniency)
    for operation in patch_ops(body, leniency):
        try:
            draft.run(operation)
        except ScimError as error:
            detail = f"Operation {operation.number}: {error.detail}"
            raise ScimError(error.status, error.scim_type, detail, error.headers) from error
    return settle(draft.resource, resource_type)


@dataclass(frozen=True, slots=True)
class _Draft:
    """The copy that operations work on."""

    resource: dict[str, Any]
    kind: ResourceType
    leniency: Leniency

    def run(self, operation: Operation) -> None:
        if operation.op != "remove" and not operation.valued:
            raise invalid_value(f"{operation.op} needs a value")
        if operation.path is not None:
            self.at_path(operation, operation.path, operation.value)
        elif operation.op == "remove":
            raise no_target("remove needs a path (RFC 7644 §3.5.2.2)")
        elif isinstance(operation.value, dict):
            by_name(operation.value)
            for key, value in operation.value.items():
                self.at_key(operation, key, value)
        else:
            raise invalid_value("Without a path, value takes an object with the attributes to set")

    def at_key(self, operation: Operation, key: str, value: Any) -> None:
        """One member of a ``value`` without a path."""
        attribute = self.kind.attribute(key)
        schema = self.kind.container(key)
        if schema is not None:
            self.at_schema(operation, schema, value)
        elif attribute is None:
            if tolerances.PATH_KEYS not in self.leniency:
                raise PathError(0, f"'{key}' is no attribute of {self.kind.name}")
            self.at_path(operation, key, value)
        elif attribute.name == "schemas":
            self.declared(operation, value, foreign=tolerances.UNKNOWN_SCHEMAS in self.leniency)
        elif attribute.mutability == "readOnly":
            self.echoed(attribute, value, self.resource)
        else:
            self.edit(operation, Located(None, attribute), Path(AttrPath(None, attribute.name)), value)

    def at_schema(self, operation: Operation, schema: Schema, value: Any) -> None:
        """A whole schema by its URN: the container of an extension, or the resource's own attributes."""
        if operation.op == "remove" or (operation.op == "replace" and value is None):
            self.without(schema)
        elif isinstance(value, dict):
            by_name(value)
            for key, item in value.items():
                self.in_schema(operation, schema, key, item)
        elif value is not None:
            raise invalid_value(f"{schema.id} takes an object with the attributes to set")

    def in_schema(self, operation: Operation, schema: Schema, key: str, value: Any) -> None:
        """One member of the object of a schema."""
        own = schema is self.kind.schema
        attribute = self.kind.attribute(key) if own else schema.attribute(key)
        if own and attribute is not None:
            self.at_key(operation, key, value)
        elif attribute is not None and attribute.mutability == "readOnly":
            self.echoed(attribute, value, self.resource.get(schema.id))
        elif attribute is not None:
            self.edit(operation, Located(schema, attribute), Path(AttrPath(schema.id, attribute.name)), value)
        elif key.lower() == "schemas" and tolerances.EXTENSION_SCHEMAS in self.leniency:
            self.declared(operation, value, foreign=True)
        elif tolerances.PATH_KEYS in self.leniency:
            self.at_path(operation, f"{schema.id}:{key}", value)
        else:
            raise PathError(0, f"'{key}' is no attribute of {schema.id}")

    def without(self, schema: Schema) -> None:
        """Takes an extension away; attributes that it must have go with it, those that can't change can't go."""
        if schema is self.kind.schema:
            raise not_mutable(f"{schema.id} can't be removed: it is what the resource is made of")
        held = self.resource.get(schema.id) or {}
        fixed = [a.name for a in schema.attributes if a.mutability in ("readOnly", "immutable") and a.name in held]
        if fixed:
            raise not_mutable(f"{schema.id} can't be removed: its {fixed[0]} can't change")
        if any(extension.required and extension.schema is schema for extension in self.kind.extensions):
            raise not_mutable(f"{schema.id} is required and can't be removed (RFC 7644 §3.5.2.2)")
        self.resource.pop(schema.id, None)

    def at_path(self, operation: Operation, text: str, value: Any) -> None:
        schema = self.kind.container(text)
        if schema is not None:
            self.at_schema(operation, schema, value)
            return
        path = parse_path(text)
        located = self.kind.locate(path.attr)
        if located is None:
            raise PathError(0, f"'{path.attr}' names no attribute of {self.kind.name}")
        if located.attribute.name == "schemas" and located.extension is None:
            self.declared(operation, value, foreign=False)
            return
        if path.filter is not None and not located.attribute.multi_valued:
            raise PathError(0, f"'{located.attribute.name}' has one value; leave out the [ ]")
        if path.sub is not None:
            sub = located.attribute.sub(path.sub)
            if sub is None:
                raise PathError(0, f"'{located.attribute.name}' has no sub-attribute '{path.sub}'")
            located = Located(located.extension, located.attribute, sub)
        for touched in (located.attribute, located.leaf):
            if touched.mutability == "readOnly":
                raise not_mutable(f"{touched.name} is readOnly")
        self.edit(operation, located, path, value)

    def edit(self, operation: Operation, located: Located, path: Path, value: Any) -> None:
        urn = located.extension.id if located.extension is not None else ""
        home = self.resource.setdefault(urn, {}) if urn else self.resource
        attribute = located.attribute
        place = f"{urn}:{attribute.name}" if urn else attribute.name
        target = Target(home, attribute, path.filter, located.sub, place, self.leniency)
        if operation.op == "remove":
            remove(target, value)
        else:
            assign(target, value, add=operation.op == "add")

    def echoed(self, attribute: Attribute, value: Any, home: Any) -> None:
        """A readOnly attribute in a ``value``: let pass where it says what is (rfc-notes 14, okta:6)."""
        held = member(home, attribute.name)
        if isinstance(value, Mapping) and isinstance(held, Mapping):
            same = all(same_value(member(held, key), part, attribute.sub(key)) for key, part in value.items())
        else:
            same = same_value(held, value, attribute)
        if not same or tolerances.READ_ONLY_ECHO not in self.leniency:
            raise not_mutable(f"{attribute.name} is readOnly; leave it out")

    def declared(self, operation: Operation, value: Any, *, foreign: bool) -> None:
        """``schemas`` follows from the attributes, so there is nothing to do but to check it.

        ``foreign``: it may hold what the resource type doesn't have.
        """
        if operation.op == "remove":
            raise not_mutable("schemas follows from the attributes; remove those of the extension instead")
        for urn in value if isinstance(value, list) else [value]:
            if not isinstance(urn, str) or (self.kind.container(urn) is None and not foreign):
                raise invalid_value(f"schemas of {self.kind.name} can't hold {urn!r}")
