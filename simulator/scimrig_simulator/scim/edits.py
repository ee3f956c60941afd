"""What one operation of a PATCH does at one attribute (RFC 7644 §3.5.2.1 to §3.5.2.3).

An ``Edit`` says where: the object that holds the attribute, the attribute, a condition on its values, a sub-attribute.
``assign`` serves add and replace, ``remove`` remove. Mutability is that of the schema; marking one value primary
unmarks the others (§3.5.2).

Rule: changes ``Edit.home`` in place and nothing else: ``patch`` owns the copy and throws it away on an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.scim import tolerances
from scimrig_simulator.scim.coercion import (
    Leniency,
    boolean,
    check_primary,
    element_key,
    is_primary,
    stored,
    stored_single,
)
from scimrig_simulator.scim.compare import normal_form, same_value
from scimrig_simulator.scim.errors import invalid_value, no_target, not_mutable
from scimrig_simulator.scim.expressions import And, Compare, Filter, Not, Or
from scimrig_simulator.scim.matching import comparisons, element_predicate
from scimrig_simulator.scim.schemas import Attribute


@dataclass(frozen=True, slots=True)
class Edit:
    """One place to change. ``place`` names it in errors; ``creates``: a value that no condition finds is made."""

    home: dict[str, Any]
    attribute: Attribute
    condition: Filter | None
    sub: Attribute | None
    place: str
    leniency: Leniency
    creates: bool = False


def assign(edit: Edit, value: Any, *, add: bool) -> None:
    """Add or replace at a place. Raises ScimError: ``invalidValue``, ``mutability`` or ``noTarget``."""
    name, before = edit.attribute.name, None
    if edit.attribute.mutability == "immutable":
        before = deepcopy(edit.home.get(name))
    _assign(edit, value, add)
    if before is not None and not same_value(before, edit.home.get(name), edit.attribute):
        raise not_mutable(f"{edit.place} is immutable and has another value already")


def _assign(edit: Edit, value: Any, add: bool) -> None:
    if edit.condition is not None:
        _assign_where(edit, edit.condition, value, add)
    elif edit.attribute.multi_valued and edit.sub is not None:
        _assign_each(edit, edit.sub, value, add)
    elif edit.attribute.multi_valued:
        _assign_values(edit, value, add)
    elif edit.attribute.type == "complex":
        _assign_complex(edit, value, add)
    else:
        _assign_simple(edit, value, add)


def remove(edit: Edit, value: Any = None) -> None:
    """Remove at a place; what isn't there is no error (rfc-notes 5). ``value`` counts where that is tolerated.

    Raises ScimError: ``mutability``, or ``invalidValue`` for a ``value`` that names nothing.
    """
    if edit.sub is not None:
        for element in _matching(edit):
            if element.get(edit.sub.name) is not None:
                _guard_removal(edit.sub, f"{edit.place}.{edit.sub.name}")
                del element[edit.sub.name]
        _store(edit, _values(edit))
    elif edit.condition is not None:
        gone = _among(_matching(edit))
        _store(edit, [held for held in _values(edit) if not gone(held)], removing=True)
    elif value is not None and tolerances.REMOVE_VALUE in edit.leniency and _lists(edit.attribute):
        gone = _listed(edit, value if isinstance(value, list) else [value])
        _store(edit, [held for held in _values(edit) if not gone(held)], removing=True)
    else:
        _store(edit, [], removing=True)


# --- add and replace


def _assign_simple(edit: Edit, value: Any, add: bool) -> None:
    new = stored(value, edit.attribute, edit.place, edit.leniency)
    if new is not None or not add:
        _store(edit, [] if new is None else [new])


def _assign_complex(edit: Edit, value: Any, add: bool) -> None:
    """Sub-attributes that aren't mentioned stay (RFC 7644 §3.5.2.3; for add see rfc-notes 12)."""
    if value is None:
        if not add:
            _store(edit, [])
        return
    held = edit.home.get(edit.attribute.name) or {}
    if edit.sub is not None:
        _set_sub(held, edit.sub, value, edit, add)
    else:
        _merge(held, value, edit, add)
    _store(edit, [held] if held else [])


def _assign_values(edit: Edit, value: Any, add: bool) -> None:
    given = value if value is None or isinstance(value, list) else [value]
    new: list[Any] = stored(given, edit.attribute, edit.place, edit.leniency) or []
    if not add:
        _store(edit, new)
        return
    values = _values(edit)
    _demote(values, _join(values, new, edit.attribute), edit.place)
    _store(edit, values)


def _assign_each(edit: Edit, sub: Attribute, value: Any, add: bool) -> None:
    values = _matching(edit)
    if not values:
        raise no_target(f"{edit.place} has no value whose {sub.name} could be set; add a whole value first")
    _write(edit, values, lambda element: _set_sub(element, sub, value, edit, add))


def _assign_where(edit: Edit, condition: Filter, value: Any, add: bool) -> None:
    found = _matching(edit)
    sub = edit.sub
    if not found:
        _create(edit, condition, value)
    elif sub is not None:
        _write(edit, found, lambda element: _set_sub(element, sub, value, edit, add))
    elif add and edit.attribute.type == "complex":
        _write(edit, found, lambda element: _merge(element, value, edit, add))
    else:
        _replace(edit, found, stored_single(value, edit.attribute, edit.place, edit.leniency))


def _replace(edit: Edit, found: list[Any], new: Any) -> None:
    """Matched values are replaced whole (RFC 7644 §3.5.2.3; rfc-notes 11)."""
    values: list[Any] = []
    written: list[Any] = []
    is_found = _among(found)
    for held in _values(edit):
        if not is_found(held):
            values.append(held)
        elif new is not None:
            values.append(deepcopy(new))
            written.append(values[-1])
    _demote(values, written, edit.place)
    _store(edit, values)


def _create(edit: Edit, condition: Filter, value: Any) -> None:
    """The value that ``type eq "work"`` describes, where it may be made up; else 400 ``noTarget`` (Table 9)."""
    attribute = edit.attribute
    readable = _readable(condition, attribute, edit.leniency)
    described = {term.attr.name: term.value for term in comparisons(readable) if term.op == "eq"}
    possible = attribute.multi_valued and attribute.type == "complex" and attribute.identity is None
    new = stored_single(described, attribute, edit.place, edit.leniency) if edit.creates and possible else None
    if new is None or not element_predicate(readable, attribute)(new):
        raise no_target(f"{edit.place}: no value matches the filter; add the whole value instead")
    if edit.sub is not None:
        _set_sub(new, edit.sub, value, edit, add=True)
    else:
        _merge(new, value, edit, add=True)
    values = _values(edit)
    _demote(values, _join(values, [new], attribute), edit.place)
    _store(edit, values)


def _write(edit: Edit, found: list[Any], change: Callable[[dict[str, Any]], None]) -> None:
    for element in found:
        change(element)
    values = _values(edit)
    _demote(values, found, edit.place)
    _store(edit, values)


def _set_sub(element: dict[str, Any], sub: Attribute, value: Any, edit: Edit, add: bool) -> None:
    place = f"{edit.place}.{sub.name}"
    given = [value] if sub.multi_valued and not isinstance(value, list | None) else value
    new = stored(given, sub, place, edit.leniency)
    held = element.get(sub.name)
    if new is None and add:
        return
    if sub.mutability == "immutable" and held is not None and not same_value(new, held, sub):
        raise not_mutable(f"{place} is immutable: remove the value and add another")
    if new is None:
        element.pop(sub.name, None)
    else:
        element[sub.name] = new


def _merge(element: dict[str, Any], value: Any, edit: Edit, add: bool) -> None:
    """The sub-attributes of an object into a value that is there."""
    attribute = edit.attribute
    bare = isinstance(value, str) and not attribute.multi_valued and attribute.sub("value") is not None
    if bare and tolerances.STRING_REFERENCE in edit.leniency:
        value = {"value": value}
    if not isinstance(value, Mapping):
        raise invalid_value(f"{edit.place} takes an object with its sub-attributes")
    for key, item in value.items():
        sub = attribute.sub(key)
        if sub is None:
            continue
        if sub.mutability != "readOnly":
            _set_sub(element, sub, item, edit, add)
        elif tolerances.NESTED_READ_ONLY not in edit.leniency:
            raise not_mutable(f"{edit.place}.{sub.name} is readOnly; leave it out")


def _join(values: list[Any], new: list[Any], attribute: Attribute) -> list[Any]:
    """Adds values that aren't there already (RFC 7644 §3.5.2.1); returns those that now stand for the new ones.

    A value with the same ``value`` and ``type`` is the same one with other words around it: it takes the new ones, so
    that no (type, value) stands twice (RFC 7643 §2.4).
    """
    there = {element_key(held, attribute): held for held in values}
    alike = {key: held for held in values if (key := _type_and_value(held, attribute)) is not None}
    written: list[Any] = []
    for item in new:
        held = there.get(element_key(item, attribute))
        similar = alike.get(_type_and_value(item, attribute))
        if held is None and similar is not None:
            similar.update(item)
            held = similar
        elif held is None:
            values.append(item)
            held = item
        written.append(held)
    return written


def _type_and_value(element: Any, attribute: Attribute) -> Any:
    """What tells values of ``emails`` and its like apart; None where there is nothing of the kind."""
    value, kind = attribute.sub("value"), attribute.sub("type")
    if value is None or kind is None or attribute.identity is not None or element.get("value") is None:
        return None
    return normal_form(element["value"], value), normal_form(element.get("type"), kind)


def _demote(values: list[Any], written: list[Any], place: str) -> None:
    """A value just written as primary takes that mark from all others (RFC 7644 §3.5.2)."""
    is_written = _among(written)
    marked = [value for value in values if is_primary(value) and is_written(value)]
    check_primary(marked, place)
    if marked:
        for value in values:
            if is_primary(value) and value is not marked[0]:
                value["primary"] = False


# --- what all of them use


def _values(edit: Edit) -> list[Any]:
    """The values of the attribute, the very objects; one for an attribute that has one."""
    held = edit.home.get(edit.attribute.name)
    if held is None:
        return []
    return list(held) if isinstance(held, list) else [held]


def _matching(edit: Edit) -> list[Any]:
    if edit.condition is None:
        return _values(edit)
    meets = element_predicate(_readable(edit.condition, edit.attribute, edit.leniency), edit.attribute)
    return [held for held in _values(edit) if meets(held)]


def _readable(condition: Filter, attribute: Attribute, leniency: Leniency) -> Filter:
    """``primary eq "True"`` as ``primary eq true`` where that is tolerated (entra:4)."""
    if isinstance(condition, And | Or):
        left = _readable(condition.left, attribute, leniency)
        return type(condition)(left, _readable(condition.right, attribute, leniency))
    if isinstance(condition, Not):
        return Not(_readable(condition.expr, attribute, leniency))
    if isinstance(condition, Compare):
        sub = attribute.sub(condition.attr.name)
        if sub is not None and sub.type == "boolean":
            return Compare(condition.op, condition.attr, boolean(condition.value, leniency), condition.position)
    return condition


def _lists(attribute: Attribute) -> bool:
    """Whether the attribute has several values with sub-attributes, of which some can be named."""
    return attribute.multi_valued and attribute.type == "complex"


def _among(some: list[Any]) -> Callable[[Any], bool]:
    """The test for being one of these very objects; plain values by equality."""
    objects = {id(value) for value in some if isinstance(value, dict)}
    plain = {value for value in some if not isinstance(value, dict)}
    return lambda value: id(value) in objects if isinstance(value, dict) else value in plain


def _listed(edit: Edit, items: list[Any]) -> Callable[[Any], bool]:
    """The test for the values that ``remove`` lists: ids for members, else every sub-attribute that is given."""
    identity = edit.attribute.identity
    named = [_named(edit, item) for item in items]
    if identity is None:
        return lambda held: any(all(same_value(held.get(sub.name), part, sub) for sub, part in one) for one in named)
    ids = {normal_form(part, sub) for one in named for sub, part in one}
    return lambda held: normal_form(held.get("value"), identity) in ids


def _named(edit: Edit, item: Any) -> list[tuple[Attribute, Any]]:
    """What a listed value says of the value to remove, for members their id alone. Raises ScimError."""
    attribute = edit.attribute
    given = {"value": item} if isinstance(item, str) else item
    if not isinstance(given, Mapping):
        raise invalid_value(f"{edit.place}: a value to remove is an object such as {{\"value\": …}}")
    known = [(sub, part) for key, part in given.items() if part is not None and (sub := attribute.sub(key)) is not None]
    if attribute.identity is not None:
        known = [(sub, part) for sub, part in known if sub is attribute.identity]
    if not known:
        raise invalid_value(f"{edit.place}: a value to remove names none of its sub-attributes")
    return known


def _store(edit: Edit, values: list[Any], *, removing: bool = False) -> None:
    """Puts values back, each once; the last one gone leaves the attribute unassigned (RFC 7644 §3.5.2.2)."""
    name = edit.attribute.name
    once = {element_key(value, edit.attribute): value for value in reversed(values) if value not in (None, {}, [])}
    left = list(reversed(once.values()))
    if left:
        edit.home[name] = left if edit.attribute.multi_valued else left[0]
        return
    if removing and edit.home.get(name) is not None:
        _guard_removal(edit.attribute, edit.place)
    edit.home.pop(name, None)


def _guard_removal(attribute: Attribute, place: str) -> None:
    if attribute.required or attribute.mutability == "immutable":
        why = "required" if attribute.required else "immutable"
        raise not_mutable(f"{place} is {why} and can't be removed (RFC 7644 §3.5.2.2)")
