"""Filters as SQL: they select what ``scim.filters`` selects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.scim.expressions import And, AttrPath, Compare, Filter, Not, Or, Present, ValuePath
from scimrig_simulator.scim.filters import FilterError, parse_filter, predicate
from scimrig_simulator.scim.schemas import Definitions, ResourceType, builtin, schema_from_json
from scimrig_simulator.server import where
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.store import Store

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
DEVICE_URN = "urn:example:scim:schemas:Device"
STOCK_URN = "urn:example:scim:schemas:extension:Stock"

DEVICE = schema_from_json({
    "id": DEVICE_URN, "name": "Device", "attributes": [
        {"name": "serialNumber", "type": "string", "uniqueness": "server"},
        {"name": "licence", "type": "string", "uniqueness": "global", "caseExact": True},
        {"name": "slot", "type": "integer", "uniqueness": "server"},
        {"name": "displayName", "type": "string", "caseExact": True},
        {"name": "active", "type": "string"},
        {"name": "ports", "type": "complex", "multiValued": True, "subAttributes": [
            {"name": "mac", "type": "string", "uniqueness": "server"}, {"name": "speed", "type": "integer"},
        ]},
    ],
})
STOCK = schema_from_json({
    "id": STOCK_URN, "name": "Stock", "attributes": [
        {"name": "assetTag", "type": "string", "uniqueness": "server"},
        {"name": "userName", "type": "string"},
    ],
})


@cache
def definitions() -> Definitions:
    known = builtin()
    extension = replace(known.resource_types[0].extensions[0], schema=STOCK)
    device = ResourceType("Device", "/Devices", "Things with a plug", DEVICE, (extension,))
    return Definitions((*known.schemas, DEVICE, STOCK), (*known.resource_types, device))


# What is stored

ODD = (
    "", "%", "_", "a%", "a_b", "A", "a", "ab", "aB", "b", "'", '"', "\\", "a'b", "\x00", "a\x00b", "a\x00", "ä", "Ä",
    "a\u0308", "ß", "SS", "ẞ", "İ", "i\u0307", "ı", "K", "k", "ﬀ", "FF", "Ａ", "é", "e\u0301", "ς", "Σ", "😀", "\ud7ff",
    "\ue000", "\U0010ffff", "a\U0010ffff", "a\U0010ffffb", "id-1", "ID-1", "user", "User", "Group", "true", "1",
)
words = st.one_of(st.sampled_from(ODD), st.tuples(st.sampled_from(ODD), st.sampled_from(ODD)).map("".join))
elements = st.fixed_dictionaries(
    {}, optional={"value": words, "type": st.sampled_from(["work", "HOME"]), "primary": st.booleans()}
)
users = st.fixed_dictionaries(
    {"schemas": st.just([USER_URN])},
    optional={
        "userName": words, "externalId": words, "displayName": words, "active": st.booleans(), "title": words,
        "emails": st.lists(elements, min_size=1, max_size=3), "name": st.fixed_dictionaries({"familyName": words}),
    },
)
groups = st.fixed_dictionaries(
    {"schemas": st.just(["urn:ietf:params:scim:schemas:core:2.0:Group"])},
    optional={"displayName": words, "externalId": words, "members": st.sets(st.integers(1, 6), min_size=1)},
)
devices = st.fixed_dictionaries(
    {"schemas": st.just([DEVICE_URN])},
    optional={
        "serialNumber": words, "licence": words, "slot": st.integers(0, 2), "displayName": words, "active": words,
        "ports": st.lists(st.fixed_dictionaries({}, optional={"mac": words}), min_size=1, max_size=2),
        STOCK_URN: st.fixed_dictionaries({}, optional={"assetTag": words, "userName": words}),
    },
)
populations = st.lists(
    st.one_of(users.map(lambda one: ("User", one)), groups.map(lambda one: ("Group", one)),
              devices.map(lambda one: ("Device", one))),
    min_size=1, max_size=6,
)  # fmt: skip


STORE = Store()


class Discarded(Exception):
    """Ends a transaction of which nothing is to stay."""


@contextmanager
def filed(population: list[tuple[str, dict[str, Any]]]) -> Iterator[Desk]:
    """A store with these resources, for a while: their ids are id-1, id-2, …, and they are a second apart."""
    clock = VirtualClock(start=1_767_225_600.0)
    desk = Desk(STORE, definitions(), clock, "http://127.0.0.1/scim/v2")
    with suppress(Discarded), STORE.transaction():
        for number, (kind, resource) in enumerate(population, 1):
            members = {f"id-{one}" for one in resource.get("members", ()) if one < number}
            given = {**resource, "id": f"id-{number}"}
            given.pop("members", None)
            if members:
                given["members"] = [{"value": one, "display": one} for one in sorted(members)]
            desk.create(definitions().resource_type(kind), given)
            clock.sleep(1)
        yield desk
        raise Discarded


# What is asked

PATHS = (
    "id", "ID", "externalId", "userName", "USERNAME", f"{USER_URN}:userName", f"{USER_URN.upper()}:USERNAME",
    "displayName", "active", "title", "name.familyName", "emails", "emails.value", "emails.type", "emails.primary",
    "meta.resourceType", "meta.created", "meta.lastModified", "meta.version", "members", "members.value",
    "groups.value", "groups", "serialNumber", "licence", "slot", "ports.mac",
    f"{STOCK_URN}:assetTag", f"{STOCK_URN}:userName", "assetTag", "nonsense", "password", "schemas", "name", "meta",
)  # fmt: skip
TIMES = (
    "2026-01-01T00:00:00Z", "2026-01-01T00:00:01.0Z", "2026-01-01T01:00:02+01:00", "2026-01-01T00:00:01.000001Z",
    "2026-01-01T00:00:00.999999Z", "2025-12-31T23:59:59", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
)
values = st.one_of(words, st.sampled_from(TIMES), st.sampled_from([True, False, None, 0, 1, 2.5]), st.just("\ud800"))


def path(text: str) -> AttrPath:
    uri, colon, rest = text.rpartition(":")
    name, _, sub = rest.partition(".")
    return AttrPath(uri if colon else None, name, sub or None)


OPERATORS = ("eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le")
comparisons = st.builds(Compare, st.sampled_from(OPERATORS), st.sampled_from(PATHS).map(path), values)
inner = st.one_of(
    st.builds(Compare, st.sampled_from(OPERATORS), st.sampled_from(["value", "VALUE", "type"]).map(path), values),
    st.builds(Present, st.sampled_from(["value", "type"]).map(path)),
)
inners = st.recursive(
    inner, lambda some: st.one_of(st.builds(And, some, some), st.builds(Or, some, some), st.builds(Not, some)),
    max_leaves=3,
)  # fmt: skip
terms = st.one_of(
    comparisons, st.builds(Present, st.sampled_from(PATHS).map(path)),
    st.builds(ValuePath, st.sampled_from(["emails", "members", "groups", "ports", "EMAILS", "name"]).map(path), inners),
)  # fmt: skip
conditions = st.recursive(
    terms, lambda some: st.one_of(st.builds(And, some, some), st.builds(Or, some, some), st.builds(Not, some)),
    max_leaves=5,
)  # fmt: skip


def selected(desk: Desk, wanted: Filter | None, kinds: list[ResourceType]) -> tuple[list[str], bool]:
    found = where.either({kind.name: where.condition(wanted, kind, desk.store.tenant) for kind in kinds})
    return [row.id for row in desk.store.rows(found.sql, found.values)], found.exact


def matching(desk: Desk, wanted: Filter, kinds: list[ResourceType]) -> list[str]:
    """The oracle: every representation is looked at. Refused filters are none of our business here."""
    names = [kind.name for kind in kinds]
    rows = [row for batch in desk.store.each(names) for row in batch]
    try:
        tests = {kind.name: predicate(wanted, kind) for kind in kinds}
    except FilterError:
        assume(False)
    resources = [
        {name: value for name, value in resource.items() if name != "password"} for resource in desk.portraits(rows)
    ]
    return [row.id for row, resource in zip(rows, resources, strict=True) if tests[row.kind](resource)]


def agreed(desk: Desk, wanted: Filter, kinds: list[ResourceType]) -> None:
    expected = matching(desk, wanted, kinds)
    found, exact = selected(desk, wanted, kinds)
    if exact:
        assert found == expected
    else:
        assert set(expected) <= set(found)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], max_examples=150)
@given(population=populations, wanted=conditions, kind=st.sampled_from(["User", "Group", "Device", None]))
def test_a_filter_in_sql_selects_what_it_selects_in_memory(
    population: list[tuple[str, dict[str, Any]]], wanted: Filter, kind: str | None
) -> None:
    kinds = [definitions().resource_type(kind)] if kind else list(definitions().resource_types)
    with filed(population) as desk:
        agreed(desk, wanted, kinds)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=1_000)
@given(population=populations, wanted=conditions, kind=st.sampled_from(["User", "Group", "Device", None]))
def test_many_filters_in_sql_select_what_they_select_in_memory(
    population: list[tuple[str, dict[str, Any]]], wanted: Filter, kind: str | None
) -> None:
    kinds = [definitions().resource_type(kind)] if kind else list(definitions().resource_types)
    with filed(population) as desk:
        agreed(desk, wanted, kinds)


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("name", ["userName", "externalId", "emails.value", "serialNumber"])
def test_every_operator_on_every_odd_text_is_exact_and_right(operator: str, name: str) -> None:
    kind = "Device" if name == "serialNumber" else "User"
    held: list[dict[str, Any]] = [{"emails": [{"value": text}]} if "." in name else {name: text} for text in ODD]
    kinds = [definitions().resource_type(kind)]
    with filed([(kind, {"schemas": [], **one}) for one in [*held, {}]]) as desk:
        for text in ODD:
            wanted = Compare(operator, path(name), text)
            found, exact = selected(desk, wanted, kinds)
            assert exact is not (operator == "ne" and "." in name)
            assert not exact or found == matching(desk, wanted, kinds), text


@pytest.mark.parametrize(
    "text",
    [
        'userName eq "ada"', 'externalId eq "x"', 'id eq "x"', 'emails.value eq "x"', 'emails eq "x"',
        'emails[value eq "x"]', "active eq true", "not (active eq false)", 'meta.created gt "2026-01-01T00:00:00Z"',
        'userName sw "a" and active ne true', 'not (userName eq "a" or displayName co "b")', "externalId eq null",
        "emails.value pr", 'groups.value eq "x"', f'{USER_URN.upper()}:USERNAME eq "a"', 'meta.resourceType eq "User"',
        'nonsense eq "x"', 'not (nonsense eq "x")', 'userName eq "a" and nonsense pr',
    ],
)  # fmt: skip
def test_what_the_indexes_know_needs_no_second_look(text: str) -> None:
    assert where.condition(parse_filter(text), definitions().resource_type("User"), 0).exact


@pytest.mark.parametrize(
    "text", ['title eq "x"', 'emails.value ne "x"', 'emails[type eq "work" and value eq "x"]', 'not (title eq "x")']
)
def test_what_they_do_not_know_does(text: str) -> None:
    assert not where.condition(parse_filter(text), definitions().resource_type("User"), 0).exact


@pytest.mark.parametrize("depth", [20, 50])
def test_a_deeply_nested_filter_is_no_trouble_for_the_database(depth: int) -> None:
    two = [("User", {"schemas": [], "userName": name}) for name in ("ada", "ben")]
    wanted: Filter = parse_filter('userName eq "ada"')
    for level in range(depth):
        wanted = Not(wanted) if level % 2 else And(Or(wanted, Present(path("active"))), Present(path("id")))
    with filed(two) as desk:
        agreed(desk, wanted, [definitions().resource_type("User")])


def test_200_names_at_once_are_200_look_ups() -> None:
    wanted = parse_filter(" or ".join(f'userName eq "U{number}"' for number in range(200)))
    with filed([("User", {"schemas": [], "userName": f"u{number}"}) for number in range(20)]) as desk:
        found, exact = selected(desk, wanted, [definitions().resource_type("User")])
    assert exact
    assert found == [f"id-{number}" for number in range(1, 21)]


def test_a_filter_with_more_values_than_a_statement_takes_is_left_to_memory() -> None:
    text = " or ".join(['groups.value eq "x"'] * 200)
    users = [replace(definitions().resource_type("User"), endpoint=f"/Users{number}") for number in range(40)]
    found = where.either({user.endpoint: where.condition(parse_filter(text), user, 0) for user in users})
    assert (found.exact, len(found.values)) == (False, 40)
