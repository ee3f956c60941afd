"""What one operation of a PATCH does at one attribute (RFC 7644 §3.5.2.1 to §3.5.2.3).

``assign`` serves add and replace, ``remove`` remove; a ``Target`` says where. Mutability is that of the schema; marking
one value primary unmarks the others (§3.5.2).

Rule: changes ``Target.home`` in place and nothing else: ``patch`` owns the copy and throws it away on an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from scimrig_simulator.scim import tolerances
from scimrig_simulator.scim.coercion import (
    check_primary,
    copied,
    element_key,
    is_primary,
    stored,
    stored_single,
    twice,
)
from scimrig_simulator.scim.compare import normal_form, same_value
from scimrig_simulator.scim.errors import invalid_value, no_target, not_mutable
from scimrig_simulator.scim.expressions import Filter
from scimrig_simulator.scim.matching import comparisons, element_predicate
from scimrig_simulator.scim.schemas import Attribute
from scimrig_simulator.scim.targets import Target, among


def assign(target: Target, value: Any, *, add: bool) -> None:
    """Add or replace at a place. Raises ScimError: ``invalidValue``, ``mutability`` or ``noTarget``."""
    with _unless_immutable(target):
        if target.condition is not None:
            _assign_where(target, target.condition, value, add)
        elif target.attribute.multi_valued and target.sub is not None:
            _assign_each(target, target.sub, value, add)
        elif target.attribute.multi_valued:
            _assign_values(target, value, add)
        elif target.attribute.type == "complex":
            _assign_complex(target, value, add)
        else:
            _assign_simple(target, value, add)


def remove(target: Target, value: Any = None) -> None:
    """Remove at a place; what isn't there is no error (rfc-notes 5). ``value`` counts where that is tolerated.

    Raises ScimError: ``mutability``, ``noTarget`` for a filter about what can't be there, ``invalidValue`` for a
    ``value`` that names nothing.
    """
    with _unless_immutable(target):
        if target.sub is not None:
            for element in target.matching():
                if element.get(target.sub.name) is not None:
                    _guard_removal(target.sub, f"{target.place}.{target.sub.name}")
                    del element[target.sub.name]
            _store(target, target.values(), removing=True)
        elif target.condition is not None:
            gone = among(target.matching())
            _store(target, [held for held in target.values() if not gone(held)], removing=True)
        elif value is not None and tolerances.REMOVE_VALUE in target.leniency and target.attribute.multi_valued:
            gone = target.listed(value if isinstance(value, list) else [value])
            _store(target, [held for held in target.values() if not gone(held)], removing=True)
        else:
            _store(target, [], removing=True)


@contextmanager
def _unless_immutable(target: Target) -> Iterator[None]:
    """An immutable attribute takes a first value, and no other (RFC 7644 §3.5.2)."""
    name, before = target.attribute.name, None
    if target.attribute.mutability == "immutable":
        before = copied(target.home.get(name))
    yield
    if before is not None and not same_value(before, target.home.get(name), target.attribute):
        raise not_mutable(f"{target.place} is immutable and has another value already")


# --- add and replace


def _assign_simple(target: Target, value: Any, add: bool) -> None:
    new = stored(value, target.attribute, target.place, target.leniency)
    if new is not None or not add:
        _store(target, [] if new is None else [new])


def _assign_complex(target: Target, value: Any, add: bool) -> None:
    """Sub-attributes that aren't mentioned stay (RFC 7644 §3.5.2.3; for add see rfc-notes 12)."""
    held = target.home.get(target.attribute.name) or {}
    if target.sub is not None:
        _set_sub(held, target.sub, value, target, add)
    else:
        value = _referred(target, value)
        if value is None:
            held = held if add else {}
        else:
            _merge(held, value, target, add)
    _store(target, [held])


def _referred(target: Target, value: Any) -> Any:
    """A bare id as the reference that it stands for, where that is tolerated; an empty one as none (entra:10)."""
    bare = isinstance(value, str) and target.attribute.sub("value") is not None
    if not bare or tolerances.STRING_REFERENCE not in target.leniency:
        return value
    return {"value": value} if value else None


def _assign_values(target: Target, value: Any, add: bool) -> None:
    for item in value if isinstance(value, list) else [value]:
        _check_named(target, item)
    new: list[Any] = stored(value, target.attribute, target.place, target.leniency) or []
    if not add:
        _store(target, new)
        return
    values = target.values()
    _demote(values, _join(values, new, target.attribute), target.place)
    _store(target, values)


def _assign_each(target: Target, sub: Attribute, value: Any, add: bool) -> None:
    """Every value; where there is none, a first one: what doesn't exist is added (RFC 7644 §3.5.2.1, §3.5.2.3)."""
    values = target.values() or ([{}] if target.attribute.identity in (None, sub) else [])
    if not values:
        raise no_target(f"{target.place} has no value whose {sub.name} could be set; add a whole value first")
    for element in values:
        _set_sub(element, sub, value, target, add)
    _demote(values, values, target.place)
    _store(target, values)


def _assign_where(target: Target, condition: Filter, value: Any, add: bool) -> None:
    found = target.matching()
    if not found:
        _create(target, condition, value, add)
        return
    sub = target.sub
    if sub is None and (not add or target.attribute.type != "complex"):
        _replace(target, found, value)
        return
    for element in found:
        if sub is not None:
            _set_sub(element, sub, value, target, add)
        elif value is not None:
            _merge(element, value, target, add)
    values = target.values()
    _demote(values, found, target.place)
    _store(target, values)


def _replace(target: Target, found: list[Any], value: Any) -> None:
    """Matched values are replaced whole (RFC 7644 §3.5.2.3; rfc-notes 11)."""
    _check_named(target, value)
    new = stored_single(value, target.attribute, target.place, target.leniency)
    fixed = new is not None and target.attribute.identity is not None
    if fixed and any(element_key(held, target.attribute) != element_key(new, target.attribute) for held in found):
        raise not_mutable(f"{target.place}: a value can't become another: remove it and add that one")
    values: list[Any] = []
    written: list[Any] = []
    is_found = among(found)
    for held in target.values():
        if not is_found(held):
            values.append(held)
        elif new is not None:
            values.append(copied(new))
            written.append(values[-1])
    _demote(values, written, target.place)
    _store(target, values)


def _create(target: Target, condition: Filter, value: Any, add: bool) -> None:
    """The value that ``type eq "work"`` describes, where it may be made up; else 400 ``noTarget`` (Table 9)."""
    attribute = target.attribute
    readable = target.readable(condition)
    possible = add and attribute.type == "complex" and attribute.identity is None
    new: dict[str, Any] | None = None
    if possible and tolerances.MISSING_ELEMENT in target.leniency:
        described = {term.attr.name: term.value for term in comparisons(readable) if term.op == "eq"}
        new = stored_single(described, attribute, target.place, target.leniency)
    if new is None or not element_predicate(readable, attribute)(new):
        raise no_target(f"{target.place}: no value matches the filter; add the whole value instead")
    if value is None:
        return
    if target.sub is not None:
        _set_sub(new, target.sub, value, target, add)
    else:
        _merge(new, value, target, add)
    values = target.values()
    _demote(values, _join(values, [new], attribute), target.place)
    _store(target, values)


def _set_sub(element: dict[str, Any], sub: Attribute, value: Any, target: Target, add: bool) -> None:
    place = f"{target.place}.{sub.name}"
    new = stored(value, sub, place, target.leniency)
    held = element.get(sub.name)
    if new is None and add:
        return
    if add and sub.multi_valued and held is not None:
        new = stored([*held, *new], sub, place, target.leniency)
    if sub.mutability == "immutable" and held is not None and not same_value(new, held, sub):
        raise not_mutable(f"{place} is immutable: remove the value and add another")
    if new is None:
        element.pop(sub.name, None)
    else:
        element[sub.name] = new


def _merge(element: dict[str, Any], value: Any, target: Target, add: bool) -> None:
    """The sub-attributes of an object into a value that is there."""
    attribute = target.attribute
    if not isinstance(value, Mapping):
        raise invalid_value(f"{target.place} takes an object with its sub-attributes")
    if value:
        _check_named(target, value)
    known = [(sub, item) for key, item in value.items() if (sub := attribute.sub(key)) is not None]
    if len({sub.name for sub, _ in known}) < len(known):
        raise twice(target.place)
    for sub, item in known:
        if sub.mutability != "readOnly":
            _set_sub(element, sub, item, target, add)
        elif tolerances.NESTED_READ_ONLY not in target.leniency:
            raise not_mutable(f"{target.place}.{sub.name} is readOnly; leave it out")


def _check_named(target: Target, value: Any) -> None:
    """An object that says nothing which could be written isn't a value: it would do nothing, or leave nothing behind.

    Raises ScimError: ``mutability`` where all it names is readOnly, else ``invalidValue``.
    """
    if target.attribute.type != "complex" or not isinstance(value, Mapping):
        return
    subs = [sub for key in value if (sub := target.attribute.sub(key)) is not None]
    if not subs:
        raise invalid_value(f"{target.place}: {{{', '.join(value)}}} names none of its sub-attributes")
    if all(sub.mutability == "readOnly" for sub in subs):
        raise not_mutable(f"{target.place}.{subs[0].name} is readOnly")


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
        kind = _type_and_value(item, attribute)
        if held is None and kind in alike:
            held = alike[kind]
            held.update(item)
        elif held is None:
            values.append(item)
            held = there[element_key(item, attribute)] = item
            if kind is not None:
                alike[kind] = item
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
    is_written = among(written)
    marked = [value for value in values if is_primary(value) and is_written(value)]
    check_primary(marked, place)
    if marked:
        for value in values:
            if is_primary(value) and value is not marked[0]:
                value["primary"] = False


# --- what both of them use


def _store(target: Target, values: list[Any], *, removing: bool = False) -> None:
    """Puts values back, each once; the last one gone leaves the attribute unassigned (RFC 7644 §3.5.2.2)."""
    name = target.attribute.name
    once = {element_key(value, target.attribute): value for value in reversed(values) if value not in (None, {}, [])}
    left = list(reversed(once.values()))
    if left:
        target.home[name] = left if target.attribute.multi_valued else left[0]
        return
    if removing and target.home.get(name) is not None:
        _guard_removal(target.attribute, target.place)
    target.home.pop(name, None)


def _guard_removal(attribute: Attribute, place: str) -> None:
    if attribute.required or attribute.mutability == "immutable":
        why = "required" if attribute.required else "immutable"
        raise not_mutable(f"{place} is {why} and can't be removed (RFC 7644 §3.5.2.2)")
