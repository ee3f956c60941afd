"""What of a resource is returned: ``returned``, ``attributes`` and ``excludedAttributes`` (RFC 7644 §3.9).

Rule: a new resource comes out, the stored one is never changed. ``always`` survives everything, ``never`` nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from scimrig_simulator.scim.expressions import AttrPath
from scimrig_simulator.scim.paths import PathError, parse_attr_path
from scimrig_simulator.scim.schemas import Attribute, ResourceType, Schema, common_schema


def project(
    resource: Mapping[str, Any],
    resource_type: ResourceType,
    attributes: Iterable[str] | None = None,
    excluded: Iterable[str] | None = None,
) -> dict[str, Any]:
    """The resource as it is returned. Names in any case, with or without URN, with sub-attributes; unknown ones are
    ignored. An empty list counts as none. With both lists, ``excluded`` cuts down what ``attributes`` asks for.
    """
    wanted = _Selection.of(attributes, resource_type)
    unwanted = _Selection.of(excluded, resource_type)
    shown: dict[str, Any] = {}
    for name, value in resource.items():
        attribute = resource_type.attribute(name)
        extension = resource_type.extension(name) if attribute is None else None
        if attribute is not None:
            home = common_schema() if common_schema().attribute(name) is not None else resource_type.schema
            part = _attribute(value, attribute, _mark(wanted, home, name), _mark(unwanted, home, name))
        elif extension is not None and isinstance(value, Mapping):
            part = _extension(value, extension, wanted, unwanted)
        else:
            continue
        if part is not None:
            shown[name] = part
    return shown


@dataclass(slots=True)
class _Selection:
    """Attributes by (schema, name): the sub-attributes named, or None for the whole attribute."""

    named: dict[tuple[str, str], set[str] | None] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)  # ids of schemas named as a whole

    @classmethod
    def of(cls, names: Iterable[str] | None, resource_type: ResourceType) -> _Selection | None:
        found = cls()
        asked = False
        for text in names or ():
            asked = True
            try:
                found.add(parse_attr_path(text.strip()), resource_type)
            except PathError:
                continue  # names nothing, as an unknown attribute does
        return found if asked else None

    def add(self, path: AttrPath, resource_type: ResourceType) -> None:
        container = resource_type.container(path)
        located = resource_type.locate(path)
        if container is not None:
            self.whole.add(container.id)
        if located is None:
            return
        name = located.attribute.name
        common = common_schema().attribute(name) is not None and located.extension is None
        home = located.extension or (common_schema() if common else resource_type.schema)
        key = (home.id, name.lower())
        if located.sub is None:
            self.named[key] = None
        elif self.named.setdefault(key, set()) is not None:
            subs = self.named[key] or set()
            self.named[key] = subs | {located.sub.name.lower()}


_NOTHING: frozenset[str] = frozenset()


def _mark(selection: _Selection | None, schema: Schema, name: str) -> bool | set[str] | None:
    """How a selection touches an attribute: None = no selection, True = whole, False = not at all, or its subs."""
    if selection is None:
        return None
    if schema.id in selection.whole:
        return True
    key = (schema.id, name.lower())
    if key not in selection.named:
        return False
    return selection.named[key] or True


def _attribute(
    value: Any, attribute: Attribute, wanted: bool | set[str] | None, unwanted: bool | set[str] | None
) -> Any:
    """The value to return, None for nothing."""
    if attribute.returned == "never" or value is None or value == [] or value == {}:
        return None
    if attribute.returned != "always":
        if unwanted is True or wanted is False:
            return None
        if wanted is None and attribute.returned == "request":
            return None
    if not attribute.sub_attributes:
        return deepcopy(value)
    only = wanted if isinstance(wanted, set) else None
    without = unwanted if isinstance(unwanted, set) else _NOTHING
    if isinstance(value, list):
        return [part for item in value if (part := _subs(item, attribute, only, without))] or None
    return _subs(value, attribute, only, without) or None


def _subs(value: Any, attribute: Attribute, only: set[str] | None, without: Iterable[str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    shown: dict[str, Any] = {}
    for name, item in value.items():
        sub = attribute.sub(name)
        if sub is None or sub.returned == "never" or item is None:
            continue
        asked = only is not None and name.lower() in only
        by_default = only is None and sub.returned != "request"
        if sub.returned == "always" or ((asked or by_default) and name.lower() not in without):
            shown[name] = deepcopy(item)
    return shown


def _extension(
    value: Mapping[str, Any], schema: Schema, wanted: _Selection | None, unwanted: _Selection | None
) -> dict[str, Any] | None:
    shown: dict[str, Any] = {}
    for name, item in value.items():
        attribute = schema.attribute(name)
        if attribute is None:
            continue
        part = _attribute(item, attribute, _mark(wanted, schema, name), _mark(unwanted, schema, name))
        if part is not None:
            shown[name] = part
    return shown or None
