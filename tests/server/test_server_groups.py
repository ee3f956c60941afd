"""Groups and membership: both ends always agree (RFC 7643 §4.1.2, §4.2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from scimrig_simulator.scim.schemas import Attribute, Definitions, Extension, Schema, builtin

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def members(client: Any, group: dict[str, Any]) -> list[str]:
    return [member["value"] for member in client.get(f"/Groups/{group['id']}").get("members", [])]


def test_a_member_says_who_it_is(client: Any) -> None:
    ada = client.user("ada", displayName="Ada L.")
    group = client.group("Crew", ada)
    location = f"http://127.0.0.1:8080/scim/v2/Users/{ada['id']}"
    assert group["members"] == [{"value": ada["id"], "$ref": location, "type": "User", "display": "Ada L."}]


def test_a_member_is_displayed_as_the_client_once_said_and_else_by_its_name(client: Any) -> None:
    ada, ben = client.user("ada"), client.user("ben")
    group = client.group("Crew", ada)
    path = f"/Groups/{group['id']}"
    client.patch(path, {"op": "add", "path": "members", "value": [{"value": ben["id"], "display": "Uncle Ben"}]})
    for user in (ada, ben):
        client.patch(f"/Users/{user['id']}", {"op": "add", "path": "displayName", "value": "New"})
    assert [member["display"] for member in client.get(path)["members"]] == ["New", "Uncle Ben"]
    client.patch(path, {"op": "replace", "path": "members", "value": [
        {"value": ada["id"], "display": "Countess"}, {"value": ben["id"]},
    ]})
    assert [member["display"] for member in client.get(path)["members"]] == ["Countess", "Uncle Ben"]


def test_a_user_mirrors_the_groups(client: Any) -> None:
    ada = client.user("ada")
    group = client.group("Crew", ada)
    location = f"http://127.0.0.1:8080/scim/v2/Groups/{group['id']}"
    mirror = {"value": group["id"], "$ref": location, "display": "Crew", "type": "direct"}
    assert client.get(f"/Users/{ada['id']}")["groups"] == [mirror]
    client.patch(f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{ada["id"]}"]'})
    assert "groups" not in client.get(f"/Users/{ada['id']}")


def test_a_nested_group_shows_its_users_as_indirect(client: Any) -> None:
    ada = client.user("ada")
    inner = client.group("Inner", ada)
    outer = client.group("Outer", inner)
    assert outer["members"][0]["type"] == "Group"
    found = [(group["display"], group["type"]) for group in client.get(f"/Users/{ada['id']}")["groups"]]
    assert found == [("Inner", "direct"), ("Outer", "indirect")]


def test_a_group_can_t_be_a_member_of_itself(client: Any) -> None:
    crew = client.group("Crew")
    reply = client.patch(f"/Groups/{crew['id']}", {"op": "add", "path": "members", "value": [{"value": crew["id"]}]})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")


def test_two_groups_may_hold_each_other_and_nobody_walks_in_circles(client: Any) -> None:
    """RFC 7644 §3.7.1 has a client make such a pair."""
    ada = client.user("ada")
    inner = client.group("Inner", ada)
    outer = client.group("Outer", inner)
    add = {"op": "add", "path": "members", "value": [{"value": outer["id"]}]}
    assert client.patch(f"/Groups/{inner['id']}", add).status == 200
    groups = client.get(f"/Users/{ada['id']}")["groups"]
    assert [(group["display"], group["type"]) for group in groups] == [("Inner", "direct"), ("Outer", "indirect")]


def test_who_adds_one_to_a_large_group_isn_t_sent_all_the_others(client: Any) -> None:
    """RFC 7644 §3.5.2 leaves the choice between 200 and 204, unless attributes are asked for."""
    crowd = [client.user(f"u{number}") for number in range(101)]
    group = client.group("Crew", *crowd[:100])
    path = f"/Groups/{group['id']}"
    add = {"op": "add", "path": "members", "value": [{"value": crowd[100]["id"]}]}
    reply = client.patch(path, add)
    assert (reply.status, reply.body) == (204, b"")
    after = client.get(path)
    assert [member["value"] for member in after["members"]] == [user["id"] for user in crowd]
    assert reply.header("ETag") == after["meta"]["version"] != group["meta"]["version"]
    patch = {"op": "add", "path": "externalId", "value": "x"}
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [patch]}
    shown = client.send("PATCH", path, {"attributes": "displayName"}, body)
    assert (shown.status, shown.resource()["displayName"]) == (200, "Crew")
    assert client.patch(path, {"op": "remove", "path": f'members[value eq "{crowd[0]["id"]}"]'}).status == 200


def test_a_schema_whose_urn_ends_in_a_number_is_no_member(make_client: Callable[..., Any]) -> None:
    """Its URN reads as no attribute path, and stands where one could; whoever is a member stays one, once."""
    desk = Schema("urn:example:desk:2.0", "Desk", "", (Attribute("room", "string"),))
    user, group = builtin().resource_types
    group = replace(group, extensions=(Extension(desk),))
    client = make_client(definitions=Definitions((*builtin().schemas, desk), (user, group)))
    ada = client.user("ada")
    path = f"/Groups/{client.group('Crew', ada)['id']}"
    reply = client.patch(
        path,
        {"op": "add", "path": "members", "value": [{"value": ada["id"]}]},
        {"op": "add", "path": desk.id, "value": {"room": "12"}},
    )
    after = client.get(path)
    assert (reply.status, after[desk.id]) == (200, {"room": "12"})
    assert [member["value"] for member in after["members"]] == [ada["id"]]


def test_two_groups_may_share_a_name(client: Any) -> None:
    client.group("Crew")
    client.group("crew")
    assert client.get("/Groups", filter='displayName eq "CREW"')["totalResults"] == 2


@pytest.mark.parametrize("how", ["POST", "PUT", "PATCH"])
def test_an_unknown_member_is_refused_by_name(client: Any, how: str) -> None:
    group = client.group("Crew")
    path = "/Groups" if how == "POST" else f"/Groups/{group['id']}"
    if how == "PATCH":
        reply = client.patch(path, {"op": "add", "path": "members", "value": [{"value": "nobody"}]})
    else:
        reply = client.send(how, path, body={"schemas": [GROUP], "displayName": "X", "members": [{"value": "nobody"}]})
    assert (reply.status, reply.resource()["scimType"]) == (400, "invalidValue")
    assert "nobody" in reply.resource()["detail"]
    assert client.get("/Groups")["Resources"] == [group]


def test_a_member_is_held_once_however_often_it_is_sent(client: Any) -> None:
    ada = client.user("ada")
    group = client.group("Crew", ada, ada)
    assert members(client, group) == [ada["id"]]
    again = {"op": "add", "path": "members", "value": [{"value": ada["id"]}]}
    assert client.patch(f"/Groups/{group['id']}", again).resource()["meta"] == group["meta"]


def test_members_keep_the_order_in_which_they_came(client: Any) -> None:
    users = [client.user(name) for name in ("ada", "ben", "cyn")]
    group = client.group("Crew", *users[:2])
    client.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": [{"value": users[2]["id"]}]})
    client.patch(f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{users[0]["id"]}"]'})
    assert members(client, group) == [users[1]["id"], users[2]["id"]]


def test_entra_s_null_ref_is_tolerated(client: Any) -> None:
    ada = client.user("ada")
    group = client.group("Crew")
    add = {"op": "Add", "path": "members", "value": [{"$ref": None, "value": ada["id"]}]}
    assert client.patch(f"/Groups/{group['id']}", add).status == 200
    assert members(client, group) == [ada["id"]]


def test_deleting_a_user_takes_it_out_of_its_groups_and_changes_them(client: Any) -> None:
    ada, ben = client.user("ada"), client.user("ben")
    group, other = client.group("Crew", ada, ben), client.group("Others", ben)
    client.clock.sleep(60)
    client.send("DELETE", f"/Users/{ada['id']}")
    after = client.get(f"/Groups/{group['id']}")
    assert members(client, group) == [ben["id"]]
    assert after["meta"]["lastModified"] == "2026-01-01T00:01:00.000Z"
    assert after["meta"]["version"] != group["meta"]["version"]
    assert client.get(f"/Groups/{other['id']}") == other


def test_deleting_a_group_leaves_its_users(client: Any) -> None:
    ada = client.user("ada")
    group = client.group("Crew", ada)
    client.send("DELETE", f"/Groups/{group['id']}")
    assert client.get(f"/Users/{ada['id']}") == ada


def test_excluded_members_are_left_out_and_all_else_stays(client: Any) -> None:
    group = client.group("Crew", client.user("ada"))
    lean = {name: value for name, value in group.items() if name != "members"}
    assert client.get(f"/Groups/{group['id']}", excludedAttributes="members") == lean
    assert client.get("/Groups", excludedAttributes=f"{GROUP}:members")["Resources"] == [lean]
    assert client.get("/Groups", attributes="displayName,members.value")["Resources"][0]["members"] == [
        {"value": group["members"][0]["value"]}
    ]


def test_a_group_is_found_by_a_member(client: Any) -> None:
    ada = client.user("ada")
    group = client.group("Crew", ada)
    client.group("Others")
    for text in (f'members.value eq "{ada["id"]}"', f'members[value eq "{ada["id"]}"]'):
        found = client.get("/Groups", filter=text, excludedAttributes="members")["Resources"]
        assert [item["id"] for item in found] == [group["id"]]
    assert client.names(filter='groups.display eq "crew"') == ["ada"]


def test_a_large_group_keeps_every_member(client: Any) -> None:
    users = [client.user(f"u{number}") for number in range(600)]
    group = client.group("Crowd", *users)
    out = {"op": "remove", "path": f'members[value eq "{users[0]["id"]}"]'}
    client.patch(f"/Groups/{group['id']}", out)
    assert members(client, group) == [user["id"] for user in users[1:]]
