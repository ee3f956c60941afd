"""After minus before must equal the intent: what an act did not do, and what it did besides.

Pure. It compares two looks at the target with what the act was meant to change, by the schema's rules (case, order of
multi-valued attributes, null = absent, server-made sub-attributes ignored). It finds "200, did nothing" and "200, did
more than asked" in every dialect, with no line written for either.

Rule: it knows rows and intents, no IdP, no scenario and no grade. What judges must not share the semantics of what it
judges: nothing here applies a PATCH.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig.evidence import Reading, Sight
from scimrig.survey import COMPOSED, TYPED_EMAIL, Survey
from scimrig_simulator.scim import compare, filters, paths, schemas, urns
from scimrig_simulator.scim.schemas import Attribute, ResourceType
from scimrig_simulator.wire import Json, filter_string

STRICT = frozenset({"username", "active", "externalid", "name", "emails", "members"})
"""Top-level attributes that an IdP depends on: compared whatever the survey found."""

SERVER_MADE = frozenset({"$ref", "display", "primary"})
"""Sub-attributes a server adds or moves by itself; no loss when they change."""

DERIVED = frozenset({"name.formatted", "displayname"})
"""What a server may recompute when a name changes: a new value is no finding, a lost one is."""

STILL_THERE = "it is still there"
_WAYS = (("by_id", "by id"), ("by_filter", "by filter"), ("in_list", "in the list"))


@dataclass(frozen=True, slots=True)
class Miss:
    """One way in which the target's state is not what it should be.

    kind:  effect (asked for, not there) | loss (there before, gone or changed unasked) | extra (came unasked)
           | found (a look-up that does not find it, or finds it still) | stale (one look-up shows old values)
           | bystander (a row that the act was not about has changed)
    where: by id | by filter | in the list
    """

    kind: str
    path: str
    expected: str
    actual: str
    where: str = "by id"


def missed(
    kind: str, exists: bool, values: Mapping[str, Json], members: Iterable[str] | None,
    before: Sight | None, after: Sight, survey: Survey, *, whole: bool = False,
) -> list[Miss]:
    """Everything about the act's own row that differs from its intent; [] when the act did exactly that.

    kind, exists, values, members, whole: the intent (``Intent.to_json``). before: None where the act made the row.
    """
    misses = list(_found(after, exists))
    resource = after.by_id.resource or after.by_filter.resource or after.in_list.resource
    if not exists or resource is None:
        return misses
    rows = schemas.builtin().resource_type(kind)
    wanted = dict(_wanted(kind, values, survey))
    misses += effect(resource, wanted, rows)
    if members is not None:
        misses += _members(resource, set(members))
    if before is not None and before.by_id.resource is not None and after.by_id.resource is not None:
        touched = [*values, "emails"] if TYPED_EMAIL in survey.dropped and TYPED_EMAIL in values else values
        besides = unasked(before.by_id.resource, after.by_id.resource, touched, rows, keep_members=members is None)
        misses += [miss for miss in besides if not (whole and miss.kind == "loss")]
    if not any(miss.kind == "effect" for miss in misses):
        misses += _stale(after, wanted, rows)
    return misses


def disturbed(before: Sight, after: Sight, gone: set[str]) -> list[Miss]:
    """What changed about a row that the act was not about. ``gone``: ids deleted, which may vanish from groups."""
    rows = schemas.builtin().resource_type(before.kind)
    for name, where in (("by_id", "by id"), ("in_list", "in the list")):
        first: Reading = getattr(before, name)
        second: Reading = getattr(after, name)
        if first.state != "found":
            continue
        if second.state == "absent":
            return [Miss("bystander", "", f"{after.key} still there", "it is gone", where)]
        if first.resource is None or second.resource is None:
            continue
        if first.resource == second.resource:
            return []
        misses = unasked(first.resource, second.resource, {}, rows, keep_members=False, besides=DERIVED)
        lost = _member_ids(first.resource) - gone - _member_ids(second.resource)
        new = _member_ids(second.resource) - _member_ids(first.resource)
        if "members" in second.resource or not _member_ids(first.resource) - gone:
            misses += [Miss("loss", "members", f"member {member} kept", "it is gone", where) for member in sorted(lost)]
        elif lost:
            misses.append(Miss("loss", "members", "the members kept", "no members at all", where))
        misses += [Miss("extra", "members", "no new member", f"member {member} came", where) for member in sorted(new)]
        return [Miss("bystander", miss.path, miss.expected, miss.actual, where) for miss in misses]
    return []


def contradictions(one: Mapping[str, Any], other: Mapping[str, Any], rows: ResourceType) -> list[str]:
    """Attributes of which ``other`` shows another value than ``one``; what it leaves out contradicts nothing."""
    found = []
    for name, attribute, first, second in pairs(one, other, rows):
        if name == "members":
            differs = _member_ids({name: first}) != _member_ids({name: second})
        else:
            differs = not compare.same_value(first, second, attribute)
        if differs and not unassigned(second):
            found.append(name)
    return found


def judged(path: str, survey: Survey) -> bool:
    """Whether an attribute counts: what IdPs depend on always, others as far as the survey found them kept."""
    top = _top(path)
    if top == "name":
        whole_only = "name.formatted" in survey.kept and path in survey.dropped  # RFC 7643 §4.1.1: a server may
        return not whole_only  # return only the formatted name
    if top in STRICT:
        return True
    if path in survey.dropped:
        return False
    return path in survey.kept or top in {_top(kept) for kept in survey.kept}


def lower_cased(kind: str, path: str, survey: Survey) -> bool:
    """Whether the survey found the target to keep values at a path in lower case."""
    if kind != "User":
        return False
    changed = (where for where, how in survey.normalised.items() if how.startswith("lower-case"))
    return any((_top(where), _sub(where)) == (_top(path), _sub(path)) for where in changed)


def _wanted(kind: str, values: Mapping[str, Json], survey: Survey) -> Iterator[tuple[str, Json]]:
    """The intent as far as the target can hold it: what the survey told once is not told again after every act."""
    for path, value in values.items():
        if kind == "User" and survey.normalised.get(path) == COMPOSED and not unassigned(value):
            continue
        if path == TYPED_EMAIL and path in survey.dropped and isinstance(value, str) and value:
            yield f"emails[value eq {filter_string(value)}].value", value
        elif judged(path, survey):
            yield path, value


def effect(resource: Mapping[str, Any], values: Mapping[str, Json], rows: ResourceType) -> list[Miss]:
    """The values that should be in a resource and are not. A None value means unassigned."""
    misses = []
    for path, expected in values.items():
        actual = paths.select(dict(resource), path, rows)
        if not _holds(expected, actual, leaf(path, rows)):
            misses.append(Miss("effect", path, in_words(expected), in_words(_one(actual))))
    return misses


def unasked(
    before: Mapping[str, Any], after: Mapping[str, Any], values: Iterable[str], rows: ResourceType,
    *, keep_members: bool, besides: frozenset[str] = DERIVED,
) -> list[Miss]:
    """What was lost, changed or added although no path of ``values`` names it; only attributes a client may write."""
    touched = [paths.parse_path(path) for path in values]
    misses: list[Miss] = []
    for name, attribute, old, new in pairs(before, after, rows):
        if name == "members" and not keep_members:
            continue
        named = [path for path in touched if speaks_of(path, name)]
        if attribute.multi_valued:
            misses += _items(name, attribute, _list(old), _list(new), named)
        elif not named and not compare.same_value(old, new, attribute):
            emptied = unassigned(new)
            if emptied or (not unassigned(old) and name.lower() not in besides):
                misses.append(Miss("loss", name, f"{in_words(old)} kept", "it is gone" if emptied else in_words(new)))
    return misses


def _items(
    name: str, attribute: Attribute, old: list[Json], new: list[Json], named: Sequence[paths.Path]
) -> Iterator[Miss]:
    """Values of a multi-valued attribute that came or went, apart from those that the named paths are about."""
    if any(path.filter is None for path in named):
        return
    about = [path.filter for path in named if path.filter is not None]
    for item in old:
        if not _matched(item, about, attribute) and not any(_same_item(item, other, attribute) for other in new):
            yield Miss("loss", name, f"{in_words(item)} kept", in_words(new) if new else "it is gone")
    for item in new:
        if not _matched(item, about, attribute) and not any(_same_item(item, other, attribute) for other in old):
            yield Miss("extra", name, f"no other value than {in_words(old)}", f"{in_words(item)} came")


def _found(after: Sight, exists: bool) -> Iterator[Miss]:
    for name, where in _WAYS:
        reading: Reading = getattr(after, name)
        if reading.state == "not-looked":
            continue
        if exists and reading.state != "found":
            yield Miss("found", "", f"{after.key} found {where}", reading.note or "not found", where)
        elif exists and name == "by_filter" and reading.count > 1:
            yield Miss("found", "", "one row", f"{reading.count} rows for one name", where)
        elif not exists and reading.state == "found":
            yield Miss("found", "", f"{after.key} not found {where} any more", STILL_THERE, where)
        elif not exists and reading.state == "unreadable":
            yield Miss("found", "", f"{after.key} not found {where} any more", reading.note, where)


def _stale(after: Sight, wanted: Mapping[str, Json], rows: ResourceType) -> Iterator[Miss]:
    """Look-ups that show another value than the row itself. What they leave out is no contradiction."""
    for name, where in _WAYS[1:]:
        reading: Reading = getattr(after, name)
        if reading.state == "found" and reading.resource is not None:
            for miss in effect(reading.resource, wanted, rows):
                if paths.select(reading.resource, miss.path, rows):
                    yield Miss("stale", miss.path, miss.expected, miss.actual, where)


def _members(resource: Mapping[str, Any], wanted: set[str]) -> Iterator[Miss]:
    items = _list(compare.member(resource, "members"))
    have = [str(item.get("value")) for item in items if isinstance(item, dict)]
    for member in sorted(wanted - set(have)):
        yield Miss("effect", "members", f"to hold {member}", f"without it ({len(have)} in all)")
    for member in sorted(set(have) - wanted):
        yield Miss("effect", "members", f"not to hold {member}", f"still with it ({len(have)} in all)")
    for member in sorted({member for member in have if have.count(member) > 1}):
        yield Miss("extra", "members", f"member {member} once", f"{have.count(member)} times")


def _holds(expected: Json, actual: list[Json], attribute: Attribute | None) -> bool:
    if unassigned(expected):
        return all(unassigned(value) for value in actual)
    if isinstance(expected, list):
        return compare.same_value(expected, actual, attribute)
    return bool(actual) and all(compare.same_value(expected, value, attribute) for value in actual)


def pairs(
    before: Mapping[str, Any], after: Mapping[str, Any], rows: ResourceType
) -> Iterator[tuple[str, Attribute, Json, Json]]:
    """(name, definition, old, new) of every attribute a client may write; complex ones by sub-attribute."""
    containers = [(schemas.common_schema(), "", before, after), (rows.schema, "", before, after)]
    for extension in rows.extensions:
        urn = extension.schema.id
        pair = compare.member(before, urn), compare.member(after, urn)
        containers.append((extension.schema, f"{urn}:", *pair))
    for schema, prefix, old, new in containers:
        for attribute in schema.attributes:
            if attribute.mutability in ("readOnly", "writeOnly") or attribute.name == "schemas":
                continue
            name = f"{prefix}{attribute.name}"
            first, second = compare.member(old, attribute.name), compare.member(new, attribute.name)
            if attribute.multi_valued or not attribute.sub_attributes:
                yield name, attribute, first, second
                continue
            for sub in attribute.sub_attributes:
                if sub.mutability != "readOnly" and sub.name.lower() not in SERVER_MADE:
                    pair = compare.member(first, sub.name), compare.member(second, sub.name)
                    yield f"{name}.{sub.name}", sub, *pair


def _matched(item: Json, about: Sequence[filters.Filter], attribute: Attribute) -> bool:
    """Whether a value filter selects this item; asked of ``select`` so that there is one reading of filters."""
    if not isinstance(item, dict):
        return False
    rows = schemas.builtin().resource_type("Group" if attribute.name == "members" else "User")
    holder = {attribute.name: [item]}
    found = (paths.select(holder, f"{attribute.name}[{filters.to_text(each)}]", rows) for each in about)
    return any(found)


def _same_item(one: Json, other: Json, attribute: Attribute) -> bool:
    return compare.same_value([_bare(one)], [_bare(other)], attribute)


def _bare(item: Json) -> Json:
    if not isinstance(item, dict):
        return item
    return {key: value for key, value in item.items() if key.lower() not in SERVER_MADE and not unassigned(value)}


def speaks_of(path: paths.Path, name: str) -> bool:
    """Whether a path is about the attribute ``name`` ("title", "name.givenName", "urn:…:User:department")."""
    attr = path.attr
    uri = attr.uri if attr.uri and attr.uri.lower() not in (urns.USER.lower(), urns.GROUP.lower()) else None
    full = f"{uri}:{attr.name}" if uri else attr.name
    sub = path.sub or attr.sub
    whole = full.lower()
    return name.lower() in (whole, f"{whole}.{sub}".lower()) or (sub is None and name.lower().startswith(f"{whole}."))


def leaf(path: str, rows: ResourceType) -> Attribute | None:
    """The definition of what a path ends in, None for what no schema has."""
    parsed = paths.parse_path(path)
    sub = parsed.sub or parsed.attr.sub
    return rows.find(paths.AttrPath(parsed.attr.uri, parsed.attr.name, sub))


def _top(path: str) -> str:
    parsed = paths.parse_path(path)
    return (parsed.attr.uri or parsed.attr.name).lower()


def _sub(path: str) -> str:
    parsed = paths.parse_path(path)
    return (parsed.sub or parsed.attr.sub or "").lower()


def _member_ids(resource: Mapping[str, Any]) -> set[str]:
    return {str(item.get("value")) for item in _list(compare.member(resource, "members")) if isinstance(item, dict)}


def _list(value: Json) -> list[Json]:
    if isinstance(value, list):
        return value
    return [] if unassigned(value) else [value]


def unassigned(value: Json) -> bool:
    """Null, absent and empty are one and the same (RFC 7643 §2.5)."""
    return value is None or value == "" or value == [] or value == {}


def _one(actual: list[Json]) -> Json:
    return actual[0] if len(actual) == 1 else (actual or None)


def in_words(value: Json) -> str:
    """A value as findings tell it."""
    if unassigned(value):
        return "unassigned"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) and " " not in value else repr(value)
