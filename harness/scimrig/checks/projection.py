"""Standing check on ``attributes`` and ``excludedAttributes`` (RFC 7644 §3.9, rfc-notes 39).

Rule: ``id``, ``schemas`` and ``meta`` may always be there; so may attributes that we don't know. A server may publish
``returned: always`` for the few that identify an account: these are warnings. Both parameters at once are undefined.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scimrig.checks.answer import Answer, Row, same, unassigned
from scimrig.checks.check import Check, Problem
from scimrig.verdicts import Severity, Status
from scimrig_simulator.scim.compare import member
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.paths import parse_attr_path
from scimrig_simulator.scim.schemas import Attribute, ResourceType

_ALWAYS = frozenset({"schemas", "id", "meta"})
_PERHAPS_ALWAYS = frozenset({"userName", "displayName", "active", "externalId"})
_WITH_ANY_SUB = frozenset({"value", "$ref", "type", "primary", "display"})


@dataclass(frozen=True, slots=True)
class Named:
    """An attribute that a request names. ``urn``: "" = the resource itself; ``name``: "" = the whole extension."""

    urn: str
    name: str
    sub: str


def projection(answer: Answer) -> list[Problem] | None:
    asked = answer.asked
    texts = asked.attributes or asked.excluded
    if not answer.rows or texts is None or not asked.clear or (asked.attributes and asked.excluded):
        return None
    found: list[Problem] = []
    for row in answer.rows:
        named = _named(texts, row.resource_type)
        if named is None:
            return None
        found += _extra(row, named) if asked.attributes else _left(row, named)
    return found


def _named(texts: tuple[str, ...], kind: ResourceType) -> list[Named] | None:
    """What the names stand for; None where one is no name, or names the whole resource."""
    found = []
    for text in texts:
        if same(text, kind.schema.id):
            return None
        schema = kind.extension(text)
        if schema is not None:
            found.append(Named(schema.id, "", ""))
            continue
        try:
            path = parse_attr_path(text)
        except ScimError:
            return None
        own = path.uri is None or same(path.uri, kind.schema.id)
        found.append(Named("" if own else str(path.uri), path.name, path.sub or ""))
    return found


def _extra(row: Row, named: list[Named]) -> Iterator[Problem]:
    """With ``attributes``: the minimum set and what was named, nothing else that is returned by default."""
    for urn, attribute, value in _attributes(row):
        wanted = [n for n in named if same(n.urn, urn) and (not n.name or same(n.name, attribute.name))]
        label = attribute.name
        if wanted:
            subs = [n.sub for n in wanted]
            extra = [] if "" in subs else _other_subs(attribute, value, subs)
            if extra:
                title = f"{row.where}{label}.{subs[0]} was asked for, {label} shows {', '.join(extra)} too"
                grade = Status.WARN if attribute.multi_valued else None
                expected = f"{label} with {', '.join(subs)} only"
                yield Problem(
                    title, expected, ", ".join(extra), f"sub-attributes of {label}", grade, "RFC7644-3.10-R03"
                )
        elif not (urn and any(not n.urn and same(n.name, label) for n in named)):  # unqualified: rfc-notes 32
            grade = Status.WARN if label in _PERHAPS_ALWAYS else None
            title = f"{row.where}{label} is returned, though `attributes` does not name it"
            expected = "id and " + ", ".join(f"{n.name}.{n.sub}".rstrip(".") or n.urn for n in named)
            shape = "identifying attribute not asked for" if grade else "attribute not asked for"
            yield Problem(title, expected, f"{label} is there", shape, grade, "RFC7644-3.9-R01")


def _left(row: Row, named: list[Named]) -> Iterator[Problem]:
    """With ``excludedAttributes``: what was named is gone, but for what is returned always."""
    for urn, attribute, value in _attributes(row):
        for name in named:
            if not same(name.urn, urn) or (name.name and not same(name.name, attribute.name)):
                continue
            label = f"{attribute.name}.{name.sub}" if name.sub else attribute.name
            if name.sub and not _shows(value, name.sub):
                continue
            grade = Status.WARN if attribute.name in _PERHAPS_ALWAYS or _fixed(attribute, name.sub) else None
            title = f"{row.where}{label} is returned, though `excludedAttributes` names it"
            actual = f"{label} with {len(value)} values" if isinstance(value, list) else f"{label} is there"
            yield Problem(title, f"no {label}", actual, f"excluded {label}", grade)


def _attributes(row: Row) -> Iterator[tuple[str, Attribute, Any]]:
    """Assigned attributes that are returned by default: (URN of the extension or "", definition, value)."""
    for key, value in row.resource.items():
        extension = row.resource_type.extension(key) if ":" in key else None
        held: Mapping[str, Any] = value if extension is not None and isinstance(value, dict) else {key: value}
        for name, item in held.items():
            attribute = extension.attribute(name) if extension is not None else row.resource_type.attribute(name)
            if attribute is None or unassigned(item) or attribute.name in _ALWAYS or attribute.returned != "default":
                continue
            yield extension.id if extension is not None else "", attribute, item


def _other_subs(attribute: Attribute, value: Any, wanted: list[str]) -> list[str]:
    """Sub-attributes shown that nobody asked for; what identifies a value of a list may go with any of them."""
    found: dict[str, None] = {}
    for item in value if isinstance(value, list) else [value]:
        for name, held in item.items() if isinstance(item, dict) else ():
            tolerated = attribute.multi_valued and name in _WITH_ANY_SUB
            known = attribute.sub(name)
            if (
                known is not None
                and not unassigned(held)
                and not tolerated
                and not any(same(name, sub) for sub in wanted)
            ):
                found[name] = None
    return list(found)


def _shows(value: Any, sub: str) -> bool:
    items = value if isinstance(value, list) else [value]
    return any(isinstance(item, dict) and not unassigned(member(item, sub)) for item in items)


def _fixed(attribute: Attribute, sub: str) -> bool:
    found = attribute.sub(sub) if sub else None
    return found is not None and (
        found.returned == "always" or (attribute.multi_valued and found.name in _WITH_ANY_SUB)
    )


CHECKS = (
    Check(
        "projection",
        "attributes and excludedAttributes are obeyed",
        "RFC7644-3.4.2.5-R02",
        Severity.BREAKS,
        "Entra, which excludes members on every look-up of a group: large groups time out otherwise",
        "Users and Groups that were asked for in part",
        projection,
    ),
)
