"""What a resource is sorted by (RFC 7644 §3.4.2.3)."""

from __future__ import annotations

from typing import Any

import pytest

from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.scim.paths import parse_attr_path
from scimrig_simulator.scim.schemas import ResourceType, builtin, schema_from_json
from scimrig_simulator.scim.sorting import rank, sort_key, sort_place

USER, GROUP = builtin().resource_types
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
METER = ResourceType("Meter", "/Meters", "Things that count", schema_from_json({
    "id": "urn:example:Meter", "name": "Meter", "attributes": [
        {"name": "reading", "type": "decimal"}, {"name": "serial", "type": "string", "caseExact": True},
        {"name": "readings", "type": "integer", "multiValued": True}, {"name": "secret", "returned": "never"},
        {"name": "vault", "type": "complex", "returned": "never", "subAttributes": [{"name": "code"}]},
        {"name": "read", "type": "dateTime"}, {"name": "seal", "type": "binary"},
    ],
}))  # fmt: skip


def key(path: str, resource: dict[str, Any], kind: ResourceType = USER) -> Any:
    return sort_key(resource, sort_place(parse_attr_path(path), kind))


def in_order(path: str, *resources: dict[str, Any], kind: ResourceType = USER) -> list[int]:
    """The numbers of these resources, from 0, in ascending order."""
    ranks = [rank(key(path, resource, kind), number) for number, resource in enumerate(resources)]
    return [number for *_, number in sorted(ranks)]


def test_strings_sort_without_regard_to_case() -> None:
    assert in_order("userName", *({"userName": name} for name in ("b", "A", "c", "B"))) == [1, 0, 3, 2]
    assert in_order("name.familyName", *({"name": {"familyName": name}} for name in ("Émile", "e\u0301mil"))) == [1, 0]


def test_strings_that_are_case_exact_sort_by_code_point() -> None:
    assert in_order("externalId", {"externalId": "b"}, {"externalId": "B"}, {"externalId": "a"}) == [1, 2, 0]
    assert in_order("serial", {"serial": "z"}, {"serial": "Z"}, kind=METER) == [1, 0]


def test_numbers_sort_as_numbers_and_instants_as_instants() -> None:
    assert in_order("reading", {"reading": 10}, {"reading": 9.5}, {"reading": -1}, kind=METER) == [2, 1, 0]
    times = ("2026-01-01T12:00:00+02:00", "2026-01-01T11:00:00Z", "2026-01-01T10:00:00.5Z")
    assert in_order("read", *({"read": time} for time in times), kind=METER) == [0, 2, 1]


def test_false_comes_before_true() -> None:
    assert in_order("active", {"active": True}, {"active": False}, {}) == [1, 0, 2]


def test_what_has_no_value_comes_last_and_equals_stay_in_their_order() -> None:
    rows = ({}, {"title": "x"}, {"title": None}, {"title": "X"})
    assert in_order("title", *rows) == [1, 3, 0, 2]


def test_of_several_values_the_primary_decides_else_the_first() -> None:
    primary = {"emails": [{"value": "z@x"}, {"value": "A@x", "primary": True}]}
    assert key("emails.value", primary) == "a@x"
    assert key("emails", primary) == "a@x"
    assert key("emails.value", {"emails": [{"value": "z@x"}, {"value": "a@x", "primary": False}]}) == "z@x"
    assert key("readings", {"readings": [3, 1]}, METER) == 3
    assert key("emails.value", {"emails": []}) is None
    assert key("emails.value", {"emails": [{"type": "work"}, {"value": "a@x"}]}) is None


def test_extensions_are_reached_by_their_urn_in_any_case() -> None:
    assert key(f"{ENTERPRISE.upper()}:DEPARTMENT", {ENTERPRISE: {"department": "Sales"}}) == "sales"
    assert key(f"{ENTERPRISE}:manager.value", {ENTERPRISE: {"manager": {"value": "Abc"}}}) == "abc"


@pytest.mark.parametrize("value", [5, [5], {"a": 1}, True, [None]])
def test_a_value_of_another_type_counts_as_none(value: Any) -> None:
    assert key("title", {"title": value}) is None


def test_a_date_that_is_none_counts_as_none() -> None:
    assert key("read", {"read": "yesterday"}, METER) is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [("nonsense", USER), ("password", USER), ("userName", GROUP), ("secret", METER), ("vault.code", METER)],
)  # fmt: skip
def test_what_is_not_there_or_never_shown_has_no_place(path: str, kind: ResourceType) -> None:
    assert sort_place(parse_attr_path(path), kind) is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [("name", USER), ("addresses", USER), ("meta", USER), ("x509Certificates.value", USER), ("seal", METER)],
)  # fmt: skip
def test_what_has_no_order_is_refused(path: str, kind: ResourceType) -> None:
    with pytest.raises(ScimError) as caught:
        sort_place(parse_attr_path(path), kind)
    assert (caught.value.status, caught.value.scim_type) == (400, "invalidPath")
