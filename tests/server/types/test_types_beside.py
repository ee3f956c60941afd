"""Types from files beside users and groups, and how large a resource may be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scimrig_simulator.scim.schema_files import merge
from scimrig_simulator.scim.schemas import Definitions, builtin

DEVICE = "urn:example:params:scim:schemas:core:1.0:Device"
ASSET = "urn:example:params:scim:schemas:extension:1.0:Asset"


# Beside users and groups


def test_a_device_may_be_a_member_of_a_group(served: Any, laptop: dict[str, Any]) -> None:
    group = served.group("Crew", laptop)
    (member,) = group["members"]
    assert (member["value"], member["$ref"]) == (laptop["id"], laptop["meta"]["location"])
    assert served.send("DELETE", f"/Devices/{laptop['id']}").status == 204
    assert "members" not in served.get(f"/Groups/{group['id']}")


def test_a_policy_for_users_leaves_devices_alone(make_tenant: Callable[..., Any], definitions: Definitions) -> None:
    tenant = make_tenant(definitions=definitions)
    reply = tenant.send("POST", "/Devices", body={"schemas": [DEVICE], "serialNumber": "1", "displayName": "x"})
    stored = reply.resource()
    assert tenant.put(stored, displayName="renamed").status == 200
    assert tenant.send("DELETE", f"/Devices/{stored['id']}").status == 204
    assert tenant.told() == []


NASTY = [
    {
        "id": "urn:example:Nasty", "name": "Nasty", "attributes": [
            {"name": "userName", "type": "string", "caseExact": True}, {"name": "displayName", "type": "integer"},
            {"name": "active", "type": "string"}, {"name": "emails", "type": "string", "multiValued": True},
        ],
    },
    {"name": "Nasty", "endpoint": "/Nasties", "schema": "urn:example:Nasty"},
]


@pytest.fixture
def nasty(make_client: Callable[..., Any]) -> Iterator[Any]:
    """A type with names that users have, and other meanings."""
    return make_client(definitions=merge(builtin(), [("nasty.json", json.dumps(NASTY))]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "Ada"', 1), ('userName eq "ada"', 0), ('userName sw "A"', 1), ('userName sw "ad"', 0),
        ("displayName eq 5", 2), ("displayName gt 4", 2), ('active eq "TRUE"', 1), ('active sw "t"', 1),
        ('emails eq "A@example.com"', 1), ('emails co "EXAMPLE"', 1), ("active pr", 1), ("userName pr", 2),
    ],
)
def test_names_of_users_mean_what_the_schema_of_the_type_says(nasty: Any, text: str, expected: int) -> None:
    for body in (
        {"userName": "Ada", "displayName": 5, "active": "true", "emails": ["a@example.com"]},
        {"userName": "aDA", "displayName": 5},
    ):
        assert nasty.send("POST", "/Nasties", body=body).status == 201
    nasty.user("ada", displayName="5", active=True, emails=[{"value": "a@example.com"}])
    assert nasty.get("/Nasties", filter=text)["totalResults"] == expected


def test_a_username_that_needs_not_be_unique_may_be_had_twice(nasty: Any) -> None:
    for _ in range(2):
        assert nasty.send("POST", "/Nasties", body={"userName": "ada"}).status == 201


# Sizes


@pytest.mark.parametrize(
    ("name", "fits", "beyond"),
    [
        ("displayName", "x" * 65_536, "x" * 65_537),
        ("externalId", "x" * 65_536, "x" * 65_537),
        ("manual", "data:," + "x" * 200_000, "data:," + "x" * 262_144),
        ("certificate", "AAAA" * 65_536, "AAAA" * 65_537),
        ("tags", [str(n) for n in range(1000)], [str(n) for n in range(1001)]),
        ("owner", {"value": "x" * 65_536}, {"value": "x" * 65_537}),
        (ASSET, {"assetTag": "x" * 65_536}, {"assetTag": "x" * 65_537}),
    ],
)
def test_a_value_may_be_long_and_not_too_long(served: Any, name: str, fits: Any, beyond: Any) -> None:
    stored = served.another(1, **{name: fits})
    served.refused(served.put(stored, **{name: beyond}), 400, "invalidValue", "at most")
    operation = {"op": "replace", "path": name, "value": beyond}
    served.refused(served.patch(f"/Devices/{stored['id']}", operation), 400, "invalidValue", "at most")
    assert served.get(f"/Devices/{stored['id']}") == stored


def test_values_can_not_be_heaped_up_one_by_one(served: Any) -> None:
    stored = served.another(1, tags=[str(n) for n in range(1000)])
    operation = {"op": "add", "path": "tags", "value": ["one more"]}
    reply = served.patch(f"/Devices/{stored['id']}", operation)
    served.refused(reply, 400, "invalidValue", "1000 values at most, not 1001")


def test_a_group_may_have_more_members_than_that(served: Any) -> None:
    for n in range(1001):
        served.another(n)
    ids = [{"value": one["id"]} for page in range(6) for one in served.get(
        "/Devices", startIndex=str(1 + page * 200), count="200", attributes="id")["Resources"]]
    assert len(ids) == 1001
    reply = served.send("POST", "/Groups", body={"displayName": "All", "members": ids})
    assert reply.status == 201
    assert len(served.get(f"/Groups/{reply.resource()['id']}")["members"]) == 1001
