"""Resources of a type from a file are told apart, found and sorted by their schema alone (RFC 7643 §7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

DEVICE = "urn:example:params:scim:schemas:core:1.0:Device"
ASSET = "urn:example:params:scim:schemas:extension:1.0:Asset"
BADGE = "urn:example:params:scim:schemas:extension:1.0:Badge"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
LAPTOP: dict[str, Any] = json.loads(Path(__file__).with_name("laptop.json").read_text("utf-8"))
DER = LAPTOP["certificate"]


# Uniqueness and case


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        ({"serialNumber": "A"}, {"serialNumber": "A"}, "serialNumber"),
        ({"hostName": "Host"}, {"hostName": "hOST"}, "hostName"),
        ({"hostName": "straße"}, {"hostName": "STRASSE"}, "hostName"),
        ({"hostName": "e\u0301"}, {"hostName": "\u00c9"}, "hostName"),
        (
            {"interfaces": [{"value": "aa"}, {"value": "bb"}]},
            {"interfaces": [{"value": "cc"}, {"value": "BB"}]},
            "interfaces.value",
        ),
        ({ASSET: {"assetTag": "t"}}, {ASSET: {"assetTag": "T"}}, f"{ASSET}:assetTag"),
    ],
)
def test_two_devices_never_share_a_unique_value(
    served: Any, first: dict[str, Any], second: dict[str, Any], name: str
) -> None:
    one = served.another(1, **first)
    body = {"schemas": [DEVICE], "displayName": "x", "serialNumber": "SN-2", **second}
    served.refused(served.send("POST", "/Devices", body=body), 409, "uniqueness", name)
    assert served.get("/Devices")["totalResults"] == 1
    if "serialNumber" not in second:
        two = served.another(2)
        served.refused(served.put(two, **second), 409, "uniqueness", name)
        operation = {"op": "add", "value": second}
        served.refused(served.patch(f"/Devices/{two['id']}", operation), 409, "uniqueness", name)
        assert served.get(f"/Devices/{two['id']}") == two
        assert served.send("DELETE", f"/Devices/{two['id']}").status == 204
    assert served.put(one).status == 200
    assert served.send("DELETE", f"/Devices/{one['id']}").status == 204
    assert served.send("POST", "/Devices", body=body).status == 201


def test_a_unique_value_that_was_given_up_is_free(served: Any) -> None:
    one = served.another(1, hostName="a")
    assert served.put(one, hostName="b").status == 200
    served.another(2, hostName="A")
    served.refused(served.put(one, hostName="a"), 409, "uniqueness")


def test_one_device_may_have_a_unique_value_twice(served: Any) -> None:
    stored = served.another(1, interfaces=[{"value": "aa", "type": "wifi"}, {"value": "AA", "type": "ethernet"}])
    assert [interface["value"] for interface in stored["interfaces"]] == ["aa", "AA"]


def test_caseexact_values_differ_by_case(served: Any) -> None:
    served.another(1, serialNumber="sn")
    served.another(2, serialNumber="SN")
    assert served.found('serialNumber eq "sn"') == ["sn"]


def test_a_number_in_an_extension_of_users_is_unique(served: Any) -> None:
    ada = served.user("ada", **{BADGE: {"number": 7}})
    body = {"schemas": [USER, BADGE], "userName": "bob", BADGE: {"number": 7}}
    served.refused(served.send("POST", "/Users", body=body), 409, "uniqueness", f"{BADGE}:number")
    assert served.put(ada).status == 200
    served.user("bob", **{BADGE: {"number": 8}})


# Search


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("slots gt 1", ["b"]), ("slots eq 1.0", ["a"]), ("weight lt 1.5", ["a"]), ("active eq true", ["b"]),
        ('boughtAt ge "2024-01-01T00:00:00Z"', ["b"]), ('boughtAt eq "2023-12-31T23:00:00Z"', ["a"]),
        ('kind eq "LAPTOP"', ["a"]), ('tags eq "blue"', ["a"]), ('tags eq "BLUE"', []), ("tags pr", ["a", "b"]),
        (f'certificate eq "{DER}"', ["a"]), (f'certificate eq "{DER.lower()}"', []),
        ('manual sw "https://example.com"', ["a"]), ('manual sw "HTTPS"', []),
        ('interfaces[type eq "wifi" and speed gt 500]', ["a"]), ('interfaces.value eq "aa"', ["a"]),
        ("interfaces[primary eq true]", ["a"]), (f'{ASSET}:assetTag eq "T1"', ["a"]), (f"{ASSET}:price ge 2.5", ["b"]),
        (f'{ASSET}:warranty.until gt "2026-01-01T00:00:00Z"', ["b"]), (f"not ({ASSET}:warranty pr)", ["a"]),
        ('owner.value eq "u-1"', ["a"]), ('owner.value eq "U-1"', []),
        ('displayName eq "STRASSE"', ["b"]), ('hostName eq "A.example.com"', ["a"]), ('serialNumber eq "A"', []),
        ('externalId eq "e-1"', ["a"]), ('meta.resourceType eq "Device"', ["a", "b"]), ('nothing eq "x"', []),
    ],
)
def test_filters_follow_the_types_of_the_schema(served: Any, text: str, expected: list[str]) -> None:
    served.another(
        1, serialNumber="a", externalId="e-1", hostName="a.EXAMPLE.com", slots=1, weight=1, active=False,
        boughtAt="2024-01-01T00:00:00+01:00", kind="laptop", interfaces=[
            {"value": "AA", "type": "wifi", "speed": 866, "primary": True}, {"value": "BB", "speed": 10},
        ], **{ASSET: {"assetTag": "t1"}},
    )
    served.another(
        2, serialNumber="b", externalId="E-1", displayName="Straße", slots=2, weight=1.5, active=True,
        kind=None, boughtAt="2024-01-01T00:00:00", tags=["red"], certificate="AAAA", manual=None, owner=None,
        **{ASSET: {"assetTag": "t2", "price": 2.5, "warranty": {"until": "2027-01-01T00:00:00Z"}}},
    )
    assert served.found(text) == expected


def test_search_works_at_a_type_from_a_file(served: Any, laptop: dict[str, Any]) -> None:
    body = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": "slots eq 0", "attributes": ["weight"],
    }
    reply = served.send("POST", "/Devices/.search", body=body).resource()
    assert [one["weight"] for one in reply["Resources"]] == [1.25]
    assert served.send("POST", "/.search", body=body).resource()["totalResults"] == 1


def test_attributes_cut_down_to_sub_attributes(served: Any, laptop: dict[str, Any]) -> None:
    shown = served.get(f"/Devices/{laptop['id']}", attributes=f"interfaces.speed,{ASSET}:warranty.until")
    assert shown["interfaces"] == [{"speed": 866}, {"speed": 1000}]
    assert shown[ASSET] == {"warranty": {"until": "2027-06-01T00:00:00Z"}}
    assert "displayName" not in shown


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("slots", ["b", "a", "c"]), ("weight", ["c", "b", "a"]), ("boughtAt", ["a", "c", "b"]),
        ("displayName", ["a", "b", "c"]), (f"{ASSET}:price", ["b", "c", "a"]), ("interfaces", ["c", "b", "a"]),
        ("owner.since", ["b", "a", "c"]),
    ],
)
def test_a_list_is_sorted_by_the_type_of_the_attribute(served: Any, by: str, expected: list[str]) -> None:
    """Numbers by size, dateTimes in time, several values by the primary one (RFC 7644 §3.4.2.3)."""
    served.another(
        1, serialNumber="a", displayName="alpha", slots=10, weight=10.5, active=True,
        boughtAt="2024-01-01T00:00:00+02:00", owner={"value": "x", "since": "2024-01-02T00:00:00Z"},
        interfaces=[{"value": "a"}, {"value": "z", "primary": True}], **{ASSET: {"assetTag": "1", "price": 100}},
    )
    served.another(
        2, serialNumber="b", displayName="BETA", slots=9, weight=9, active=True,
        boughtAt="2024-01-01T00:00:00Z", owner={"value": "x", "since": "2024-01-01T00:00:00Z"},
        interfaces=[{"value": "m"}], **{ASSET: {"assetTag": "2", "price": 9.5}},
    )
    served.another(
        3, serialNumber="c", displayName="gamma", slots=11, weight=-1, active=False,
        boughtAt="2023-12-31T23:30:00Z", owner={"value": "x", "since": "2024-01-03T00:00:00Z"},
        interfaces=[{"value": "b"}, {"value": "c"}], **{ASSET: {"assetTag": "3", "price": 10}},
    )
    assert [one["serialNumber"] for one in served.get("/Devices", sortBy=by)["Resources"]] == expected


def test_bulk_works_on_types_from_files(served: Any, laptop: dict[str, Any]) -> None:
    body = {"schemas": [DEVICE], "serialNumber": "SN-2", "displayName": "x", "owner": {"value": "bulkId:ada"}}
    job = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Devices", "bulkId": "new", "data": body},
            {"method": "POST", "path": "/Users", "bulkId": "ada", "data": {"schemas": [USER], "userName": "ada"}},
            {"method": "POST", "path": "/Devices", "bulkId": "clash", "data": {**body, "serialNumber": "SN-1a"}},
            {"method": "DELETE", "path": f"/Devices/{laptop['id']}"},
        ],
    }
    done = served.send("POST", "/Bulk", body=job).resource()["Operations"]
    assert [operation["status"] for operation in done] == ["201", "201", "409", "204"]
    assert done[2]["response"]["scimType"] == "uniqueness"
    (left,) = served.get("/Devices")["Resources"]
    assert left["owner"] == {"value": served.get("/Users")["Resources"][0]["id"]}
