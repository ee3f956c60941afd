"""What one operation of a PATCH points at: an attribute, and those of its values that it is about (RFC 7644 §3.5.2).

A filter selects values, or what a ``remove`` lists where that is tolerated (entra:6).

Rule: reading only; what becomes of the values is for ``edits``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.scim.coercion import boolean
from scimrig_simulator.scim.compare import normal_form, same_value
from scimrig_simulator.scim.errors import invalid_value, no_target
from scimrig_simulator.scim.expressions import And, AttrPath, Compare, Filter, Not, Or, Present
from scimrig_simulator.scim.matching import element_predicate
from scimrig_simulator.scim.schemas import Attribute
from scimrig_simulator.scim.tolerances import Leniency


@dataclass(frozen=True, slots=True)
class Target:
    """One place in a resource.

    home: the object that holds the attribute.  condition: which of its values, None = all.  sub: a sub-attribute.
    place: its name in errors.  leniency: the tolerances that are granted.
    """

    home: dict[str, Any]
    attribute: Attribute
    condition: Filter | None
    sub: Attribute | None
    place: str
    leniency: Leniency

    def values(self) -> list[Any]:
        """The values of the attribute, the very objects; one for an attribute that has one."""
        held = self.home.get(self.attribute.name)
        if held is None:
            return []
        return list(held) if isinstance(held, list) else [held]

    def matching(self) -> list[Any]:
        """Those that the condition selects. Raises ScimError: ``invalidFilter`` or ``noTarget``, see ``readable``."""
        if self.condition is None:
            return self.values()
        meets = element_predicate(self.readable(self.condition), self.attribute)
        return [held for held in self.values() if meets(held)]

    def readable(self, condition: Filter) -> Filter:
        """``primary eq "True"`` as ``primary eq true`` where that is tolerated (entra:4).

        Raises ScimError ``noTarget`` where it asks for what no value has: ``not (colour pr)`` would mean them all.
        """
        if isinstance(condition, And | Or):
            return type(condition)(self.readable(condition.left), self.readable(condition.right))
        if isinstance(condition, Not):
            return Not(self.readable(condition.expr))
        if isinstance(condition, Compare | Present):
            sub = _compared(condition.attr, self.attribute)
            if sub is None:
                raise no_target(f"{self.place} has no sub-attribute '{condition.attr}', so no value can match")
            if isinstance(condition, Compare) and sub.type == "boolean":
                value = boolean(condition.value, self.leniency)
                return Compare(condition.op, condition.attr, value, condition.position)
        return condition

    def listed(self, items: list[Any]) -> Callable[[Any], bool]:
        """The test for the values that ``remove`` lists: ids for members, else all that is said of them.

        Raises ScimError (400 ``invalidValue``) for an item that names none.
        """
        if self.attribute.type != "complex":
            if any(item is None or isinstance(item, list | dict) for item in items):
                raise invalid_value(f"{self.place}: a value to remove is none of its values")
            wanted = {normal_form(item, self.attribute) for item in items}
            return lambda held: normal_form(held, self.attribute) in wanted
        identity = self.attribute.identity
        named = [self._named(item) for item in items]
        if identity is None:
            return lambda held: any(
                all(same_value(held.get(sub.name), part, sub) for sub, part in one) for one in named
            )
        ids = {normal_form(part, sub) for one in named for sub, part in one}
        return lambda held: normal_form(held.get("value"), identity) in ids

    def _named(self, item: Any) -> list[tuple[Attribute, Any]]:
        """What a listed value says of the value to remove, for members their id alone."""
        attribute = self.attribute
        given = {"value": item} if isinstance(item, str) else item
        if not isinstance(given, Mapping):
            raise invalid_value(f"{self.place}: a value to remove is an object such as {{\"value\": …}}")
        known = [
            (sub, part) for key, part in given.items() if part is not None and (sub := attribute.sub(key)) is not None
        ]
        if attribute.identity is not None:
            known = [(sub, part) for sub, part in known if sub is attribute.identity]
        if not known:
            raise invalid_value(f"{self.place}: a value to remove names none of its sub-attributes")
        return known


def among(some: list[Any]) -> Callable[[Any], bool]:
    """The test for being one of these very objects; plain values by equality."""
    objects = {id(value) for value in some if isinstance(value, dict)}
    plain = {value for value in some if not isinstance(value, dict)}
    return lambda value: id(value) in objects if isinstance(value, dict) else value in plain


def _compared(path: AttrPath, attribute: Attribute) -> Attribute | None:
    """What a filter in ``[ ]`` is about; the values of a simple attribute go by the name "value"."""
    if path.uri is not None or path.sub is not None:
        return None
    if attribute.type != "complex":
        return attribute if path.name.lower() == "value" else None
    return attribute.sub(path.name)
