"""Resources of a type from a file are stored by their schema alone: types, required, mutability (RFC 7643 §7)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.scim.schema_files import merge
from scimrig_simulator.scim.schemas import builtin

FOLDER = Path(__file__).parents[3] / "examples" / "schemas"
DEVICE = "urn:example:params:scim:schemas:core:1.0:Device"
ASSET = "urn:example:params:scim:schemas:extension:1.0:Asset"
LAPTOP: dict[str, Any] = json.loads(Path(__file__).with_name("laptop.json").read_text("utf-8"))
WIFI, CABLE = LAPTOP["interfaces"]


# Create, read, replace, change, delete


def test_a_device_is_returned_as_it_was_sent(served: Any, laptop: dict[str, Any]) -> None:
    meta = laptop.pop("meta")
    id = laptop.pop("id")
    assert laptop == LAPTOP
    assert meta["resourceType"] == "Device"
    assert meta["location"] == f"http://127.0.0.1:8080/scim/v2/Devices/{id}"
    assert served.get(f"/Devices/{id}") == {**laptop, "id": id, "meta": meta}
    assert served.get("/Devices")["Resources"] == [{**laptop, "id": id, "meta": meta}]


def test_put_of_what_was_read_changes_nothing(served: Any, laptop: dict[str, Any]) -> None:
    served.clock.sleep(5)
    assert served.put(laptop).json() == laptop


def test_put_takes_away_what_it_leaves_out(served: Any, laptop: dict[str, Any]) -> None:
    put = served.put(laptop, **{"weight": None, "interfaces": None, "active": None, ASSET: None}).resource()
    assert put["schemas"] == [DEVICE]
    assert not {"weight", "interfaces", "active", ASSET} & put.keys()


def test_a_deleted_device_is_gone(served: Any, laptop: dict[str, Any]) -> None:
    assert served.send("DELETE", f"/Devices/{laptop['id']}").status == 204
    assert served.send("GET", f"/Devices/{laptop['id']}").status == 404
    assert served.device()["serialNumber"] == "SN-1a"


def test_a_device_is_no_user(served: Any, laptop: dict[str, Any]) -> None:
    assert served.send("GET", f"/Users/{laptop['id']}").status == 404
    assert served.get("/Users")["totalResults"] == 0
    assert served.get("/")["totalResults"] == 1


def test_names_come_in_any_case(served: Any) -> None:
    body = {"SCHEMAS": [DEVICE], "serialnumber": "x", "DISPLAYNAME": "y", ASSET.upper(): {"ASSETTAG": "z"}}
    shown = served.send("POST", "/Devices", body=body).resource()
    assert (shown["serialNumber"], shown["displayName"], shown[ASSET]) == ("x", "y", {"assetTag": "z"})


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ({"op": "replace", "path": "slots", "value": 3}, {"slots": 3}),
        ({"op": "replace", "value": {"weight": 2.5, "active": True}}, {"weight": 2.5, "active": True}),
        ({"op": "add", "path": "tags", "value": ["red", "Blue"]}, {"tags": ["Blue", "blue", "red"]}),
        ({"op": "remove", "path": 'interfaces[value eq "aa:bb"]'}, {"interfaces": [CABLE]}),
        ({"op": "remove", "path": "certificate"}, {"certificate": None}),
        ({"op": "replace", "path": "owner.value", "value": "u-2"}, {"owner": {**LAPTOP["owner"], "value": "u-2"}}),
        ({"op": "add", "path": f"{ASSET}:price", "value": 5}, {ASSET: {**LAPTOP[ASSET], "price": 5}}),
        ({"op": "remove", "path": ASSET}, {ASSET: None, "schemas": [DEVICE]}),
        (
            {"op": "replace", "path": 'interfaces[type eq "ETHERNET"].primary', "value": True},
            {"interfaces": [{**WIFI, "primary": False}, {**CABLE, "primary": True}]},
        ),
    ],
)
def test_patch_works_on_every_type(
    served: Any, laptop: dict[str, Any], operation: dict[str, Any], expected: dict[str, Any]
) -> None:
    reply = served.patch(f"/Devices/{laptop['id']}", operation)
    assert reply.status == 200, reply.body
    after = {name: reply.resource().get(name) for name in expected}
    if operation.get("path", "").endswith("primary"):  # false and absent are the same
        for interface in after["interfaces"]:
            interface.setdefault("primary", False)
    assert after == expected


# Required, types


@pytest.mark.parametrize("missing", ["serialNumber", "displayName"])
def test_what_is_required_must_be_there(served: Any, laptop: dict[str, Any], missing: str) -> None:
    body = {name: value for name, value in LAPTOP.items() if name != missing}
    served.refused(served.send("POST", "/Devices", body=body), 400, "invalidValue", missing)
    if missing == "displayName":
        removed = served.patch(f"/Devices/{laptop['id']}", {"op": "remove", "path": missing})
        served.refused(removed, 400, "mutability", missing)  # RFC 7644 §3.5.2.2
        served.refused(served.put(laptop, displayName=None), 400, "invalidValue", missing)


def test_a_required_sub_attribute_must_be_there_where_its_attribute_is(served: Any, laptop: dict[str, Any]) -> None:
    served.refused(served.put(laptop, owner={"since": "2024-06-02T00:00:00Z"}), 400, "invalidValue", "owner.value")
    served.refused(served.put(laptop, interfaces=[{"type": "wifi"}]), 400, "invalidValue", "interfaces")
    gone = served.patch(f"/Devices/{laptop['id']}", {"op": "remove", "path": "owner.value"})
    served.refused(gone, 400, "mutability", "value")
    assert served.put(laptop, owner=None).status == 200


def test_a_required_attribute_of_an_extension_is_asked_for_with_the_extension_only(served: Any) -> None:
    served.another(1)
    body = {**LAPTOP, ASSET: {"price": 3}}
    served.refused(served.send("POST", "/Devices", body=body), 400, "invalidValue", "assetTag")


def test_a_required_extension_must_be_there(make_devices: Callable[..., Any]) -> None:
    text = (FOLDER / "device.json").read_text("utf-8").replace('"required": false}]', '"required": true}]')
    client = make_devices(definitions=merge(builtin(), [("device.json", text)]))
    bare = {name: value for name, value in LAPTOP.items() if name != ASSET}
    client.refused(client.send("POST", "/Devices", body={**bare, "schemas": [DEVICE]}), 400, "invalidValue", ASSET)
    stored = client.device()
    client.refused(client.put(stored, **{ASSET: None}), 400, "invalidValue", ASSET)
    client.refused(client.patch(f"/Devices/{stored['id']}", {"op": "remove", "path": ASSET}), 400, "mutability", ASSET)
    assert client.get("/ResourceTypes/Device")["schemaExtensions"] == [{"schema": ASSET, "required": True}]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("slots", 1.5), ("slots", "1"), ("slots", True), ("weight", "1.5"), ("weight", True), ("active", "yes"),
        ("boughtAt", "yesterday"), ("boughtAt", "2024-06-01"), ("boughtAt", 5), ("certificate", "not base64!"),
        ("manual", 1), ("tags", [1]), ("owner", [{"value": "u-1"}]), ("interfaces", ["AA"]),
        ("interfaces", [{"value": "AA", "speed": "fast"}]), ("interfaces", [{"value": "AA", "up": 1}]),
        ("displayName", {"value": "x"}), ("displayName", ["x"]),
    ],
)
def test_a_value_of_another_type_is_refused_and_nothing_stored(
    served: Any, laptop: dict[str, Any], name: str, wrong: Any
) -> None:
    served.refused(served.put(laptop, **{name: wrong}), 400, "invalidValue", name)
    served.refused(
        served.patch(f"/Devices/{laptop['id']}", {"op": "replace", "path": name, "value": wrong}), 400, "invalidValue"
    )
    assert served.get(f"/Devices/{laptop['id']}") == laptop


@pytest.mark.parametrize(("name", "wrong"), [("tags", "blue"), ("owner", "u-1"), ("interfaces", {"value": "AA"})])
def test_by_the_letter_one_value_is_no_array_and_a_string_no_object(
    make_devices: Callable[..., Any], name: str, wrong: Any
) -> None:
    strict = make_devices(tolerances=frozenset())
    stored = strict.device()
    strict.refused(strict.put(stored, **{name: wrong}), 400, "invalidValue", name)
    operation = {"op": "replace", "path": name, "value": wrong}
    strict.refused(strict.patch(f"/Devices/{stored['id']}", operation), 400, "invalidValue", name)


def test_canonical_values_are_suggestions_and_kept_as_sent(served: Any, laptop: dict[str, Any]) -> None:
    assert laptop["kind"] == "Laptop"
    assert served.put(laptop, kind="toaster").resource()["kind"] == "toaster"


# Mutability


def test_an_immutable_attribute_keeps_its_first_value(served: Any, laptop: dict[str, Any]) -> None:
    served.refused(served.put(laptop, serialNumber="SN-2"), 400, "mutability", "serialNumber")
    served.refused(served.put(laptop, serialNumber="sn-1A"), 400, "mutability", "serialNumber")  # it is caseExact
    place = f"/Devices/{laptop['id']}"
    served.refused(served.patch(place, {"op": "replace", "path": "serialNumber", "value": "x"}), 400, "mutability")
    served.refused(served.patch(place, {"op": "remove", "path": "serialNumber"}), 400, "mutability")
    assert served.put(laptop).status == 200
    assert served.get(place)["serialNumber"] == "SN-1a"


def test_a_readonly_attribute_is_ignored_in_a_body_and_refused_in_a_patch(served: Any) -> None:
    stored = served.device(lastSeen="2024-01-01T00:00:00Z")
    assert "lastSeen" not in stored
    assert "lastSeen" not in served.put(stored, lastSeen="2024-01-01T00:00:00Z").resource()
    change = {"op": "add", "path": "lastSeen", "value": "2024-01-01T00:00:00Z"}
    served.refused(served.patch(f"/Devices/{stored['id']}", change), 400, "mutability", "lastSeen")


def test_a_writeonly_attribute_is_stored_kept_and_never_shown(served: Any) -> None:
    stored = served.device(unlockCode="4711")
    place = f"/Devices/{stored['id']}"
    replies = [
        served.get(place), served.get(place, attributes="unlockCode"), served.put(stored).resource(),
        served.patch(place, {"op": "replace", "path": "unlockCode", "value": "4712"}).resource(),
    ]
    assert "471" not in json.dumps([stored, *replies])
    assert served.found('unlockCode eq "4712"') == []
    assert served.found("unlockCode pr") == []
