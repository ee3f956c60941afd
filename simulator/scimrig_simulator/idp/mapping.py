"""Mapped attributes: where each stands in a resource, and how a client reads, writes and clears it there.

An IdP's own idea of a resource, kept apart from the server-side code that it is used to test: reading here is blunt
(type of the element, name of the member) and never raises.

Rule: knows plain JSON only. Imports ``wire`` alone.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from scimrig_simulator.wire import Json

Values: TypeAlias = Mapping[str, Json]
"""SCIM path → value, in the order in which a dialect maps; "" = the person has no such value."""

_PATH = re.compile(
    r'^(?:(?P<urn>urn:.+):)?(?P<name>[A-Za-z$]\w*)(?:\[type eq "(?P<type>\w+)"\])?(?:\.(?P<sub>\w+))?$'
)


@dataclass(frozen=True, slots=True)
class Slot:
    """One place in a resource: ``title``, ``name.givenName``, ``emails[type eq "work"].value``, ``urn:…:department``"""

    path: str
    urn: str
    name: str
    type: str
    sub: str

    @property
    def filtered(self) -> bool:
        """True for an element of a multi-valued attribute, chosen by its type."""
        return bool(self.type)

    def read(self, resource: Mapping[str, Any], *, loose: bool = False) -> Json:
        """The value, or None where it is unassigned. ``loose``: see ``_element``."""
        value = _member(self._holder(resource), self.name)
        if self.type:
            value = self._element(value, loose)
        if self.sub:
            value = _member(value, self.sub)
        return None if value in ("", [], {}) else value

    def write(self, resource: dict[str, Any], value: Json, *, loose: bool = False) -> None:
        """Set the value in place; what is missing on the way is created at the end of its object or array."""
        holder = resource
        if self.urn:
            holder = _object(resource, self.urn)
            _declare(resource, self.urn)
        if not self.sub:
            holder[_spelling(holder, self.name)] = value
            return
        if not self.type:
            part = _object(holder, self.name)
            part[_spelling(part, self.sub)] = value
            return
        name = _spelling(holder, self.name)
        if not isinstance(holder.get(name), list):
            holder[name] = []
        element = self._element(holder[name], loose)
        if element is None:
            element = {"value": value, "type": self.type} if self.sub == "value" else {"type": self.type}
            if self.name == "emails" and not any(isinstance(e, dict) and e.get("primary") for e in holder[name]):
                element["primary"] = True
            holder[name].append(element)
        element[_spelling(element, self.sub)] = value

    def clear(self, resource: dict[str, Any], *, loose: bool = False) -> None:
        """Take the value away in place; an element or object left with nothing to say goes too."""
        holder = self._holder(resource)
        if not isinstance(holder, dict):
            return
        name = _spelling(holder, self.name)
        target = self._element(holder.get(name), loose) if self.type else holder.get(name)
        if not self.sub:
            holder.pop(name, None)
        elif isinstance(target, dict):
            target.pop(_spelling(target, self.sub), None)
            self._tidy(holder, name, target)
        if self.urn and not holder:
            del resource[_spelling(resource, self.urn)]

    def _tidy(self, holder: dict[str, Any], name: str, target: dict[str, Any]) -> None:
        if self.type and not set(target) - {"type", "primary", "display"}:
            holder[name] = [element for element in holder[name] if element is not target]
        if not holder[name]:
            del holder[name]

    def _holder(self, resource: Mapping[str, Any]) -> Any:
        return _member(resource, self.urn) if self.urn else resource

    def _element(self, value: Any, loose: bool) -> dict[str, Any] | None:
        """The element of this type. ``loose``: failing that the primary one, failing that the first (okta:4)."""
        elements = [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []
        wanted = self.type.lower()
        for element in elements:
            if str(element.get("type")).lower() == wanted:
                return element
        if loose and self.name == "emails":
            primary = [element for element in elements if element.get("primary") is True]
            return next(iter(primary or elements), None)
        return None


@lru_cache(maxsize=1024)
def slot(path: str) -> Slot:
    """The slot that a path names. Raises ValueError for a path outside the forms that the dialects map."""
    match = _PATH.match(path)
    if match is None:
        raise ValueError(f"{path!r} is not a mapped path: use attr, attr.sub, attr[type eq \"x\"].sub or urn:…:attr")
    parts = {name: text or "" for name, text in match.groupdict().items()}
    return Slot(path, parts["urn"], parts["name"], parts["type"], parts["sub"])


def merged(received: Mapping[str, Any], values: Values, *, blank: bool) -> tuple[dict[str, Any], frozenset[str]]:
    """Read-modify-write: a copy of what was received with ``values`` set in it, key order kept.

    An empty value clears what is there: by "" with ``blank``, by leaving it out without. Returns the object and the
    paths that were cleared.
    """
    result: dict[str, Any] = copy.deepcopy(dict(received))
    cleared: set[str] = set()
    for path, value in values.items():
        place = slot(path)
        if value != "":
            place.write(result, value, loose=True)
        elif place.read(result, loose=True) is not None:
            cleared.add(path)
            if blank:
                place.write(result, "", loose=True)
            else:
                place.clear(result, loose=True)
    return result, frozenset(cleared)


def differences(held: Mapping[str, Any], values: Values) -> list[tuple[str, Json, Json]]:
    """Where the source differs from the server's copy: (path, wanted, held), in the order of ``values``.

    wanted "" = to be cleared; held None = the server's copy has no value.
    """
    found: list[tuple[str, Json, Json]] = []
    for path, wanted in values.items():
        has = slot(path).read(held)
        if not _same(wanted, has):
            found.append((path, wanted, has))
    return found


def operations(changes: Sequence[tuple[str, Json, Json]], wanted: Values) -> list[dict[str, Json]]:
    """Differences as PATCH operations: replace or remove by simple paths, a multi-valued attribute as a whole.

    wanted: the resource as it should be, for the attributes that go as a whole (RFC 7644 §3.5.2.3)
    """
    made: dict[str, dict[str, Json]] = {}
    for path, value, _ in changes:
        place = slot(path)
        target = place.name if place.filtered else path
        sent: Json = wanted.get(place.name) if place.filtered else value
        if sent in ("", None, []):
            made[target] = {"op": "remove", "path": target}
        else:
            made[target] = {"op": "replace", "path": target, "value": sent}
    return list(made.values())


def _same(wanted: Json, held: Json) -> bool:
    if wanted == "":
        return held is None
    if isinstance(wanted, bool):  # a server that keeps "True" has kept it (entra:4: booleans travel as strings)
        return held is wanted or (isinstance(held, str) and held.lower() == str(wanted).lower())
    return wanted == held


def without_empty(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body without members that have nothing in them: "", None and objects that are empty."""
    kept: dict[str, Any] = {}
    for name, value in body.items():
        trimmed = without_empty(value) if isinstance(value, dict) else value
        if trimmed not in ("", None, {}):
            kept[name] = trimmed
    return kept


def typed(*elements: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """A multi-valued attribute of typed elements; one that has only a type is left out, None where none is left."""
    full = [without_empty(element) for element in elements]
    return [element for element in full if set(element) - {"type", "primary"}] or None


def _member(value: Any, name: str) -> Any:
    return value.get(_spelling(value, name)) if isinstance(value, dict) else None


def _spelling(holder: Mapping[str, Any], name: str) -> str:
    """The member's name as the server spells it; attribute names ignore case (RFC 7643 §2.1)."""
    if name in holder:
        return name
    folded = name.lower()
    return next((key for key in holder if key.lower() == folded), name)


def _object(holder: dict[str, Any], name: str) -> dict[str, Any]:
    spelled = _spelling(holder, name)
    if not isinstance(holder.get(spelled), dict):
        holder[spelled] = {}
    inner: dict[str, Any] = holder[spelled]
    return inner


def _declare(resource: dict[str, Any], urn: str) -> None:
    """An extension's URN belongs into ``schemas`` (RFC 7643 §3.1)."""
    schemas = resource.get("schemas")
    if isinstance(schemas, list) and urn not in schemas:
        schemas.append(urn)
