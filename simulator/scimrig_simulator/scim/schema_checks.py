"""What is wrong with one Schema or ResourceType document (RFC 7643 §6, §7), by itself.

Each check yields sentences that say where (file and JSON pointer), what is wrong, and what would be right. An unknown
key is a mistake: a misspelt ``mutabilty`` would otherwise pass for readWrite.

Rule: pure, and looks at one document at a time; what documents say of each other is for ``schema_files``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from scimrig_simulator.scim import urns

Mistakes: TypeAlias = Iterator[str]
Check: TypeAlias = Callable[[Any], str | None]

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9:._~/?#@!$&'*+,;=%-]+")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9$_-]*")
_TYPE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ENDPOINT = re.compile(r"/?[A-Za-z][A-Za-z0-9._~-]*")
_MESSAGES = "urn:ietf:params:scim:api:messages:"

TYPES = ("string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex")


@dataclass(frozen=True, slots=True)
class Place:
    """A value in a file: the file's name and a JSON pointer (RFC 6901), "" for the whole."""

    file: str
    pointer: str = ""

    def at(self, *keys: str | int) -> Place:
        """A place inside this one."""
        steps = "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)
        return replace(self, pointer=self.pointer + steps)

    def mistake(self, words: str) -> str:
        """The sentence that tells of a mistake here."""
        return f"{self.file}: {self.pointer}: {words}" if self.pointer else f"{self.file}: {words}"


def meant(word: str, known: Iterable[str]) -> str:
    """How a sentence about an unknown word ends: what was probably meant, or what there is."""
    from difflib import get_close_matches

    folded = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[close[0]]!r}?" if close else f"; there is {', '.join(sorted(folded.values()))}"


def schema_mistakes(data: Mapping[str, Any], place: Place) -> Mistakes:
    """What is wrong with a Schema document."""
    yield from _members(data, place, _SCHEMA, ("id", "attributes"))
    yield from _schemas_member(data, place, urns.SCHEMA)
    yield from _attributes(data.get("attributes"), place.at("attributes"), nested=False)


def resource_type_mistakes(data: Mapping[str, Any], place: Place) -> Mistakes:
    """What is wrong with a ResourceType document."""
    yield from _members(data, place, _RESOURCE_TYPE, ("name", "endpoint", "schema"))
    yield from _schemas_member(data, place, urns.RESOURCE_TYPE)
    name, id = data.get("name"), data.get("id")
    if isinstance(name, str) and isinstance(id, str) and id != name:
        yield place.at("id").mistake(f"{id!r} isn't the name; a resource type is served as {name!r}, so leave it out")
    seen: set[str] = set()
    for number, extension in enumerate(_items(data.get("schemaExtensions"))):
        where = place.at("schemaExtensions", number)
        if not isinstance(extension, dict):
            yield where.mistake('an extension is an object such as {"schema": "urn:…", "required": false}')
            continue
        yield from _members(extension, where, _EXTENSION, ("schema", "required"))
        urn = str(extension.get("schema")).lower()
        if urn in seen:
            yield where.at("schema").mistake(f"{extension['schema']} is an extension of it already; name it once")
        seen.add(urn)


def _attributes(given: Any, place: Place, nested: bool) -> Mistakes:
    seen: dict[str, int] = {}
    for number, data in enumerate(_items(given)):
        where = place.at(number)
        if not isinstance(data, dict):
            yield where.mistake('an attribute is an object such as {"name": "serialNumber", "type": "string"}')
            continue
        yield from _members(data, where, _ATTRIBUTE, ("name",))
        name = data.get("name")
        if isinstance(name, str):
            yield from _name_mistakes(name, where.at("name"), nested)
            if name.lower() in seen:
                first = place.at(seen[name.lower()]).pointer
                words = f"{name!r} is defined already, at {first}; names compare case-insensitively"
                yield where.at("name").mistake(words)
            seen.setdefault(name.lower(), number)
        yield from _consistency(data, where, nested)


def _name_mistakes(name: str, place: Place, nested: bool) -> Mistakes:
    if not _ATTRIBUTE_NAME.fullmatch(name) and not (nested and name == "$ref"):
        words = f"{name!r} is no attribute name; it starts with a letter, and letters, digits, '$', '-' and '_' follow"
        yield place.mistake(words)


def _consistency(data: Mapping[str, Any], place: Place, nested: bool) -> Mistakes:
    """What the characteristics of an attribute say together."""
    kind, subs = data.get("type", "string"), data.get("subAttributes")
    if kind == "complex" and nested:
        yield place.at("type").mistake("a sub-attribute can't be complex (RFC 7643 §2.3.8); make it simple")
    elif kind == "complex" and subs in (None, []):
        yield place.mistake("a complex attribute needs 'subAttributes'")
    elif kind != "complex" and subs:
        yield place.at("subAttributes").mistake(f"only a complex attribute has any, and this one is of type {kind}")
    elif kind == "complex":
        yield from _attributes(subs, place.at("subAttributes"), nested=True)
        yield from _usual_sub_attributes(data, place)
    if kind == "complex" and data.get("uniqueness", "none") != "none":
        yield place.at("uniqueness").mistake("a complex value can't be unique; say so of one of its sub-attributes")
    if kind != "reference" and data.get("referenceTypes"):
        yield place.at("referenceTypes").mistake(f"only a reference has any, and this one is of type {kind}")
    if kind not in ("string", "reference") and data.get("canonicalValues"):
        yield place.at("canonicalValues").mistake(f"they are strings, and this attribute is of type {kind}")
    if data.get("mutability") == "writeOnly" and data.get("returned", "never") != "never":
        yield place.at("returned").mistake("what is writeOnly is never returned; write 'never', or leave it out")


def _usual_sub_attributes(data: Mapping[str, Any], place: Place) -> Mistakes:
    """``primary`` and ``$ref`` mean the same everywhere (RFC 7643 §2.4)."""
    expected = {"$ref": "reference", **({"primary": "boolean"} if data.get("multiValued") is True else {})}
    for number, sub in enumerate(_items(data.get("subAttributes"))):
        wanted = expected.get(str(sub.get("name")).lower()) if isinstance(sub, dict) else None
        if wanted is not None and (sub.get("type", "string") != wanted or sub.get("multiValued") is True):
            words = f"{sub['name']!r} is a single {wanted} (RFC 7643 §2.4); give another meaning another name"
            yield place.at("subAttributes", number).mistake(words)


def _members(data: Mapping[str, Any], place: Place, known: Mapping[str, Check], needed: Iterable[str]) -> Mistakes:
    """Unknown and missing keys, and values that aren't of the kind that the key takes."""
    for key, value in data.items():
        check = known.get(key)
        if check is None:
            yield place.at(key).mistake(f"{key!r} is unknown here{meant(key, known)}")
            continue
        words = "null says nothing; leave the key out" if value is None else check(value)
        if words is not None:
            yield place.at(key).mistake(words)
    for key in needed:
        if key not in data:
            yield place.mistake(f"{key!r} is missing")


def _schemas_member(data: Mapping[str, Any], place: Place, urn: str) -> Mistakes:
    """The printed samples of RFC 7643 §8.7 leave ``schemas`` out, so it may be missing."""
    if "schemas" in data and data["schemas"] != [urn]:
        yield place.at("schemas").mistake(f"it must be [{urn!r}]")


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return None if isinstance(value, str) else "it must be a string"


def _filled(value: Any) -> str | None:
    return None if isinstance(value, str) and value.strip() else "it must be a string that isn't empty"


def _flag(value: Any) -> str | None:
    return None if isinstance(value, bool) else "it must be true or false"


def _array(value: Any) -> str | None:
    return None if isinstance(value, list) else "it must be an array"


def _texts(value: Any) -> str | None:
    fine = isinstance(value, list) and all(isinstance(item, str) and item for item in value)
    if not fine:
        return "it must be an array of strings"
    return None if len(set(value)) == len(value) else "it names a value twice"


def _anything(value: Any) -> str | None:
    return None


def _one_of(*allowed: str) -> Check:
    def check(value: Any) -> str | None:
        if isinstance(value, str):
            return None if value in allowed else f"{value!r} is none of its values{meant(value, allowed)}"
        return f"it must be one of {', '.join(allowed)}"

    return check


def _matching(pattern: re.Pattern[str], words: str) -> Check:
    return lambda value: None if isinstance(value, str) and pattern.fullmatch(value) else words


def _schema_id(value: Any) -> str | None:
    if not isinstance(value, str) or not _URI.fullmatch(value):
        return "it must be a URI such as urn:example:params:scim:schemas:Device"
    return "that is a message, not a schema of resources" if value.lower().startswith(_MESSAGES) else None


_SCHEMA: Mapping[str, Check] = {
    "schemas": _array, "id": _schema_id, "name": _filled, "description": _text, "attributes": _array, "meta": _anything,
}
_RESOURCE_TYPE: Mapping[str, Check] = {
    "schemas": _array, "id": _filled, "description": _text, "schemaExtensions": _array, "meta": _anything,
    "name": _matching(_TYPE_NAME, "it must start with a letter, and letters, digits, '-' and '_' may follow"),
    "endpoint": _matching(_ENDPOINT, "it must be one path segment below the base URL, such as /Devices"),
    "schema": _schema_id,
}
_EXTENSION: Mapping[str, Check] = {"schema": _schema_id, "required": _flag}
_ATTRIBUTE: Mapping[str, Check] = {
    "name": _filled, "type": _one_of(*TYPES), "multiValued": _flag, "description": _text, "required": _flag,
    "caseExact": _flag, "mutability": _one_of("readOnly", "readWrite", "immutable", "writeOnly"),
    "returned": _one_of("always", "never", "default", "request"), "uniqueness": _one_of("none", "server", "global"),
    "canonicalValues": _texts, "referenceTypes": _texts, "subAttributes": _array,
}
