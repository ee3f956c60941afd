"""What is shown of resources of a type from a file, and of the type itself (RFC 7643 §6, §7)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[3] / "examples" / "schemas"
DEVICE = "urn:example:params:scim:schemas:core:1.0:Device"
ASSET = "urn:example:params:scim:schemas:extension:1.0:Asset"
BADGE = "urn:example:params:scim:schemas:extension:1.0:Badge"


# Returned


def test_returned_always_survives_every_projection(served: Any, laptop: dict[str, Any]) -> None:
    place = f"/Devices/{laptop['id']}"
    assert served.get(place, attributes="weight").keys() - {"schemas", "meta"} == {"id", "serialNumber", "weight"}
    assert "serialNumber" in served.get(place, excludedAttributes="serialNumber,displayName")


def test_returned_request_is_shown_when_asked_for_only(served: Any) -> None:
    stored = served.device(history="bought", interfaces=[{"value": "AA", "counters": [1, 2], "secret": "k"}])
    place = f"/Devices/{stored['id']}"
    plain = served.get(place)
    assert "history" not in plain
    assert plain["interfaces"] == [{"value": "AA"}]
    asked = served.get(place, attributes="history,interfaces.counters,interfaces.secret")
    assert asked["history"] == "bought"
    assert asked["interfaces"] == [{"counters": [1, 2]}]
    assert served.get("/Devices", attributes="HISTORY")["Resources"][0]["history"] == "bought"
    assert "history" not in served.get("/Devices", filter="history pr")["Resources"][0]


def test_what_is_returned_on_request_is_shown_in_the_answer_to_its_own_write(served: Any) -> None:
    """RFC 7643 §7: whoever names it in a POST, PUT or PATCH gets it back in the answer."""
    stored = served.device(history="bought", interfaces=[{"value": "AA", "counters": [1, 2]}])
    assert (stored["history"], stored["interfaces"]) == ("bought", [{"value": "AA", "counters": [1, 2]}])
    place = f"/Devices/{stored['id']}"
    renamed = served.patch(place, {"op": "replace", "path": "displayName", "value": "x"}).resource()
    assert "history" not in renamed
    told = served.patch(place, {"op": "replace", "path": "history", "value": "sold"}).resource()
    assert told["history"] == "sold"
    assert told["interfaces"] == [{"value": "AA"}]
    assert "history" not in served.put(renamed).resource()
    assert served.put(renamed, history="lost").resource()["history"] == "lost"
    cut = served.send("PATCH", place, {"attributes": "weight"}, {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "history", "value": "found"}],
    })
    assert "history" not in cut.resource()


def test_returned_never_of_a_sub_attribute_is_never_shown(served: Any) -> None:
    stored = served.device(interfaces=[{"value": "AA", "secret": "hush"}])
    assert "hush" not in json.dumps([stored, served.get(f"/Devices/{stored['id']}", attributes="interfaces.secret")])
    assert served.found('interfaces.secret eq "hush"') == []
    assert served.found('interfaces[secret eq "hush"]') == []


def test_an_attribute_of_the_users_extension_may_be_returned_on_request(served: Any) -> None:
    user = served.user("ada", **{BADGE: {"number": 7, "floors": [1, 2], "clearance": "staff"}})
    place = f"/Users/{user['id']}"
    assert user[BADGE] == {"number": 7, "floors": [1, 2], "clearance": "staff"}
    assert served.get(place)[BADGE] == {"number": 7, "floors": [1, 2]}
    assert served.get(place, attributes=f"{BADGE}:clearance")[BADGE] == {"clearance": "staff"}
    assert BADGE in served.get(place)["schemas"]


# Discovery


def test_loaded_types_and_schemas_are_served_as_they_were_written(served: Any) -> None:
    documents = {one["id"]: one for one in served.get("/Schemas")["Resources"]}
    for document in json.loads((FOLDER / "device.json").read_text("utf-8")):
        if "attributes" not in document:
            continue
        shown = documents[document["id"]]
        assert (shown["name"], shown["description"]) == (document["name"], document["description"])
        _assert_said(document["attributes"], shown["attributes"])
    kinds = {kind["name"]: kind for kind in served.get("/ResourceTypes")["Resources"]}
    assert kinds["Device"]["endpoint"] == "/Devices"
    assert kinds["Device"]["schema"] == DEVICE
    assert kinds["Device"]["schemaExtensions"] == [{"schema": ASSET, "required": False}]
    assert {"schema": BADGE, "required": False} in kinds["User"]["schemaExtensions"]
    assert served.get(f"/Schemas/{ASSET}") == documents[ASSET]


def _assert_said(written: list[dict[str, Any]], shown: list[dict[str, Any]]) -> None:
    assert [one["name"] for one in written] == [one["name"] for one in shown]
    for one, other in zip(written, shown, strict=True):
        simple = {key: value for key, value in one.items() if key != "subAttributes"}
        assert simple.items() <= other.items() or all(other[key] == value for key, value in simple.items())
        assert {"multiValued", "required", "mutability", "returned", "uniqueness", "description"} <= other.keys()
        _assert_said(one.get("subAttributes", []), other.get("subAttributes", []))
