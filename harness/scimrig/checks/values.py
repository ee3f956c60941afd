"""Standing checks on values: JSON types, nulls, primary, values that stand twice, values of memberships.

Rule: the definitions of RFC 7643 §4 judge the attributes that they name; null, absent and [] are one state (§2.5) and
always sound. Attributes of the server's own are not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from scimrig.checks.answer import Answer, Row, shown, unassigned
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity
from scimrig_simulator.scim.compare import member
from scimrig_simulator.scim.schemas import Attribute

_ELSEWHERE = frozenset({"schemas", "id", "meta", "password"})
"""Checked by ``resource-schemas``, ``resource-id``, ``resource-meta``, ``returned-never``."""

_WORDS = {
    "string": "a string", "boolean": "true or false", "integer": "an integer", "decimal": "a number",
    "dateTime": "a string", "reference": "a string", "binary": "a string", "complex": "an object",
}  # fmt: skip


def types(answer: Answer) -> list[Problem] | None:
    if not answer.rows:
        return None
    found = []
    for row in answer.rows:
        for path, attribute, value in _attributes(row):
            found += list(_type(row.where, path, attribute, value))
    return found


def _attributes(row: Row) -> Iterator[tuple[str, Attribute, Any]]:
    """Every assigned member whose definition we know: (path, definition, value)."""
    for key, value in row.resource.items():
        if value is None or key.casefold() in _ELSEWHERE:
            continue
        extension = row.resource_type.extension(key) if ":" in key else None
        if extension is not None and isinstance(value, dict):
            for name, held in value.items():
                attribute = extension.attribute(name)
                if attribute is not None and held is not None:
                    yield f"{extension.name}:{attribute.name}", attribute, held
            continue
        attribute = row.resource_type.attribute(key)
        if attribute is not None:
            yield attribute.name, attribute, value


def _type(where: str, path: str, attribute: Attribute, value: Any) -> Iterator[Problem]:
    if attribute.multi_valued:
        if not isinstance(value, list):
            title = f"{where}{path} is {_kind(value)}; a multi-valued attribute is an array"
            yield Problem(title, "an array", shown(value), f"attribute {path}", requirement="RFC7643-2.4-R01")
            return
        for item in value:
            yield from _single(where, path, attribute, item)
    elif value != []:  # an empty array stands for unassigned
        yield from _single(where, path, attribute, value)


def _single(where: str, path: str, attribute: Attribute, value: Any) -> Iterator[Problem]:
    if value is None:
        return
    if not _fits(attribute.type, value):
        expected = _WORDS.get(attribute.type, attribute.type)
        title = f"{where}{path} is {_kind(value)} {shown(value, 30)}; expected {expected}"
        boolean = "RFC7643-2.3.2-R01" if attribute.type == "boolean" else ""
        yield Problem(title, expected, shown(value), f"attribute {path}", requirement=boolean)
    elif attribute.type == "complex" and isinstance(value, dict):
        for name, held in value.items():
            sub = attribute.sub(name)
            if sub is not None and held is not None:
                yield from _type(where, f"{path}.{sub.name}", sub, held)


def _fits(kind: str, value: Any) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind in ("integer", "decimal"):
        whole = isinstance(value, int) and not isinstance(value, bool)
        return whole or (kind == "decimal" and isinstance(value, float))
    if kind == "complex":
        return isinstance(value, dict)
    return isinstance(value, str) if kind in _WORDS else True


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "the boolean"
    if isinstance(value, (int, float)):
        return "the number"
    return "the string" if isinstance(value, str) else "an array" if isinstance(value, list) else "an object"


def nulls(answer: Answer) -> list[Problem] | None:
    """READ-04: legal (RFC 7643 §2.5), but parsers of IdPs choke on it. [] is left alone: rfc-notes 3 calls it sound."""
    if not answer.rows:
        return None
    for row in answer.rows:
        names = [name for name, value in _members(row.resource) if value is None or value == {}]
        if names:
            listed = ", ".join(name or shown(name) for name in names[:6]) + (" …" if len(names) > 6 else "")
            title = f"{row.where}unassigned attributes are rendered as null or {{}}"
            return [Problem(title, "unassigned attributes left out", listed, "null attributes")]
    return []


def _members(resource: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Members and their members, two levels deep: that is as deep as SCIM goes."""
    for key, value in resource.items():
        yield key, value
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                for name, held in item.items():
                    yield f"{key}.{name}", held


def primary_once(answer: Answer) -> list[Problem] | None:
    """rfc-notes 18: two primaries stored = FAIL; absent counts as false."""
    found, reached = [], False
    for row, path, values in _multi_valued(answer):
        reached = True
        primaries = [value for value in values if member(value, "primary") is True]
        if len(primaries) > 1:
            title = f"{row.where}{len(primaries)} values of {path} are primary"
            actual = shown([member(value, "value") for value in primaries])
            found.append(Problem(title, "at most one", actual, f"attribute {path}"))
    return found if reached else None


def values_once(answer: Answer) -> list[Problem] | None:
    """rfc-notes 4: a value stored twice = WARN. Members compare by ``value`` alone: the rest is made by the server."""
    found, reached = [], False
    for row, path, values in _multi_valued(answer):
        reached = True
        seen: set[tuple[str, str]] = set()
        for item in values:
            value, kind = member(item, "value"), member(item, "type")
            if not isinstance(value, str):
                continue
            pair = (value, kind.casefold() if isinstance(kind, str) and path != "members" else "")
            if pair in seen:
                what = "a member stands twice in the group" if path == "members" else f"a value stands twice in {path}"
                found.append(Problem(f"{row.where}{what}", "each once", shown(value), f"attribute {path}"))
            seen.add(pair)
    return found if reached else None


def _multi_valued(answer: Answer) -> Iterator[tuple[Row, str, list[Mapping[str, Any]]]]:
    """The multi-valued complex attributes of all rows, the server's own included; their values that are objects."""
    for row in answer.rows:
        for key, value in row.resource.items():
            if isinstance(value, list) and key != "schemas":
                objects: list[Mapping[str, Any]] = [item for item in value if isinstance(item, dict)]
                if objects:
                    yield row, key, objects


def membership_values(answer: Answer) -> list[Problem] | None:
    if not answer.rows or not answer.asked.whole:
        return None
    found, reached = [], False
    for row in answer.rows:
        name, requirement = ("members", "") if row.resource_type.name == "Group" else ("groups", "RFC7643-4.1.2-R05")
        held = member(row.resource, name)
        for item in held if isinstance(held, list) else []:
            reached = True
            value = member(item, "value") if isinstance(item, dict) else "x"
            if unassigned(value) or value == "":
                title = f"{row.where}an element of {name} has no value"
                found.append(Problem(title, "the id of a resource", shown(item), name, requirement=requirement))
    return found if reached else None


CHECKS = (
    Check(
        "types",
        "Values have the JSON type of their attribute",
        "RFC7643-2.3-R02",
        Severity.BREAKS,
        "Okta's and Entra's parsers; an account whose active is the string \"false\" counts as active",
        "every attribute of a User or Group that RFC 7643 defines",
        types,
        "any resource",
    ),
    Check(
        "nulls",
        "Unassigned attributes are left out",
        "RFC7643-2.5-R03",
        Severity.COSMETIC,
        "parsers of Okta and Entra that take null for a value",
        "members of every User and Group",
        nulls,
        "any resource",
    ),
    Check(
        "primary-once",
        "At most one value is primary",
        "RFC7643-2.4-R02",
        Severity.DRIFT,
        "whoever takes the primary e-mail for the login",
        "multi-valued attributes",
        primary_once,
        "any resource",
    ),
    Check(
        "values-once",
        "No value stands twice",
        "RFC7643-2.4-R06",
        Severity.DRIFT,
        "IdPs that count members, and removals that leave the twin behind",
        "multi-valued attributes",
        values_once,
        "any resource",
    ),
    Check(
        "membership-values",
        "Members and groups are named by id",
        "RFC7643-4.2-R03",
        Severity.BREAKS,
        "Okta's and Entra's comparison of memberships",
        "members of Groups and groups of Users",
        membership_values,
        "any resource",
    ),
)
