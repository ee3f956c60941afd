"""What of a resource is returned: ``returned``, ``attributes`` and ``excludedAttributes`` (RFC 7644 §3.9).

Rule: a new resource comes out, the stored one is never changed. ``always`` survives everything, ``never`` nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from scimrig_simulator.scim.paths import PathError, parse_attr_path
from scimrig_simulator.scim.schemas import Attribute, ResourceType, Schema, common_schema


def project(
    resource: Mapping[str, Any],
    resource_type: ResourceType,
    attributes: Iterable[str] | None = None,
    excluded: Iterable[str] | None = None,
    written: Iterable[str] | None = None,
) -> dict[str, Any]:
    """The resource as it is returned. Names in any case, with or without URN, with sub-attributes; unknown ones are
    ignored. An empty list counts as none. With both lists, ``excluded`` cuts down what ``attributes`` asks for.
    written: what is returned on request only, and shown in the answer to its own write (RFC 7643 §7); unless
    ``attributes`` says what is wanted.
    """
    wanted = _Selection.of(attributes, resource_type)
    unwanted = _Selection.of(excluded, resource_type)
    also = _Selection.of(written, resource_type) if wanted is None else None
    shown: dict[str, Any] = {}
    for name, value in resource.items():
        attribute = resource_type.attribute(name)
        extension = resource_type.extension(name) if attribute is None else None
        if attribute is not None:
            home = common_schema() if common_schema().attribute(name) is not None else resource_type.schema
            marks = (_marks(wanted, home, name), _marks(unwanted, home, name), _marks(also, home, name))
            part = _attribute(value, attribute, *marks)
        elif extension is not None and isinstance(value, Mapping):
            part = _extension(value, extension, wanted, unwanted, also)
        else:
            continue
        if part is not None:
            shown[name] = part
    return shown


@dataclass(slots=True)
class _Selection:
    """Attributes by (schema, name): the sub-attributes named, "" for the whole attribute."""

    named: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)  # ids of schemas named as a whole

    @classmethod
    def of(cls, names: Iterable[str] | None, resource_type: ResourceType) -> _Selection | None:
        found = cls()
        asked = False
        for text in names or ():
            asked = True
            found.add(text.strip(), resource_type)
        return found if asked else None

    def add(self, text: str, resource_type: ResourceType) -> None:
        schemas = (resource_type.schema, *(extension.schema for extension in resource_type.extensions))
        self.whole |= {schema.id for schema in schemas if schema.id.lower() == text.lower()}
        try:
            located = resource_type.locate(parse_attr_path(text))
        except PathError:
            return  # names nothing, as an unknown attribute does
        if located is None:
            return
        name = located.attribute.name
        common = common_schema().attribute(name) is not None and located.extension is None
        home = located.extension or (common_schema() if common else resource_type.schema)
        sub = located.sub.name.lower() if located.sub is not None else _WHOLE
        self.named.setdefault((home.id, name.lower()), set()).add(sub)

    def marks(self, schema: Schema, name: str) -> set[str]:
        """What of an attribute is named: sub-attributes, ``_WHOLE``, or nothing."""
        named = self.named.get((schema.id, name.lower()), set())
        return named | {_WHOLE} if schema.id in self.whole else named


_WHOLE = ""
_Marks: TypeAlias = set[str] | None


def _marks(selection: _Selection | None, schema: Schema, name: str) -> _Marks:
    """How a selection touches an attribute (see ``_Selection.marks``), None where there is no selection."""
    return selection.marks(schema, name) if selection is not None else None


def _attribute(value: Any, attribute: Attribute, wanted: _Marks, unwanted: _Marks, also: _Marks) -> Any:
    """The value to return, None for nothing."""
    if attribute.returned == "never" or value is None or value == [] or value == {}:
        return None
    without, named = unwanted or set(), wanted or also or set()
    if attribute.returned != "always":
        if _WHOLE in without or (wanted is not None and not named):
            return None
        if attribute.returned == "request" and not named:
            return None
    if not attribute.sub_attributes:
        return deepcopy(value)
    narrowed = bool(wanted) and _WHOLE not in named and attribute.returned != "always"
    if isinstance(value, list):
        return [part for item in value if (part := _subs(item, attribute, named, without, narrowed))] or None
    return _subs(value, attribute, named, without, narrowed) or None


def _subs(value: Any, attribute: Attribute, named: set[str], without: set[str], narrowed: bool) -> Any:
    """One value; ``narrowed``: it comes with what is named of it only, else with what is returned by default, too."""
    if not isinstance(value, Mapping):
        return value
    shown: dict[str, Any] = {}
    for name, item in value.items():
        sub = attribute.sub(name)
        if sub is None or sub.returned == "never" or item is None:
            continue
        chosen = name.lower() in named or (not narrowed and sub.returned != "request")
        if sub.returned == "always" or (chosen and name.lower() not in without):
            shown[name] = deepcopy(item)
    return shown


def _extension(
    value: Mapping[str, Any],
    schema: Schema,
    wanted: _Selection | None,
    unwanted: _Selection | None,
    also: _Selection | None,
) -> dict[str, Any] | None:
    shown: dict[str, Any] = {}
    for name, item in value.items():
        attribute = schema.attribute(name)
        if attribute is None:
            continue
        marks = (_marks(wanted, schema, name), _marks(unwanted, schema, name), _marks(also, schema, name))
        part = _attribute(item, attribute, *marks)
        if part is not None:
            shown[name] = part
    return shown or None
