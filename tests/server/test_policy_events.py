"""Which events a request causes (D4): one for each user and group whose state it has changed, in one order, or none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.seams import Seams

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


@pytest.fixture
def crew(tenant: Any) -> Any:
    """Ada and ben are here, and nothing is left to be told of it."""
    tenant.ada, tenant.ben = tenant.person("ada"), tenant.person("ben")
    assert tenant.told() == [("user_created", tenant.ada["id"]), ("user_created", tenant.ben["id"])]
    return tenant


def path_of(resource: dict[str, Any]) -> str:
    return f"/{resource['meta']['resourceType']}s/{resource['id']}"


def test_a_change_is_told_once(crew: Any) -> None:
    crew.patch(path_of(crew.ada), replace("title", "Lead"), replace("name.givenName", "Ada"))
    assert crew.told() == [("user_updated", crew.ada["id"])]
    crew.put(crew.ada, title="Countess")
    assert crew.told() == [("user_updated", crew.ada["id"])]


def test_a_write_that_changes_nothing_is_not_told(crew: Any) -> None:
    assert crew.put(crew.ada).status == 200
    assert crew.patch(path_of(crew.ada), replace("userName", "ada"), replace("active", True)).status == 200
    group = crew.group("Crew", crew.ada)
    crew.told()
    assert crew.put(group).status == 200
    again = {"op": "add", "path": "members", "value": [{"value": crew.ada["id"]}]}
    assert crew.patch(path_of(group), again).status == 200
    assert crew.told() == []


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "scim_type"),
    [
        ("POST", "/Users", {"userName": "ADA", "emails": [{"value": "ada2@acme.test"}]}, 409, "uniqueness"),
        ("POST", "/Users", {"userName": "joe", "emails": [{"value": "joe@other.test"}]}, 400, "invalidValue"),
        ("POST", "/Users", {"title": "nobody"}, 400, "invalidValue"),
        ("PATCH", "/Users/nobody", {"Operations": []}, 404, None),
        ("DELETE", "/Users/nobody", None, 404, None),
        ("POST", "/Groups", {"displayName": "Crew", "members": [{"value": "nobody"}]}, 400, "invalidValue"),
    ],
)
def test_a_refused_write_is_not_told(
    crew: Any, method: str, path: str, body: Any, status: int, scim_type: str | None
) -> None:
    schema = {"PATCH": PATCH_OP}.get(method, USER if path.startswith("/Users") else GROUP)
    refused = crew.send(method, path, body=None if body is None else {"schemas": [schema], **body})
    assert (refused.status, refused.resource().get("scimType")) == (status, scim_type)
    assert crew.told() == []


def test_switched_off_is_gone_and_switched_on_is_back(crew: Any) -> None:
    crew.patch(path_of(crew.ada), replace("active", False))
    crew.clock.sleep(5)
    assert [event["data"]["reason"] for event in crew.receiver.events] == ["deactivated"]
    assert crew.told() == [("user_deleted", crew.ada["id"])]
    crew.patch(path_of(crew.ada), replace("active", True))
    assert crew.told() == [("user_created", crew.ada["id"])]


def test_deleted_is_gone_once(crew: Any) -> None:
    crew.put(crew.ben, active=False)
    assert crew.told() == [("user_deleted", crew.ben["id"])]
    for user in (crew.ada, crew.ben):
        assert crew.send("DELETE", path_of(user)).status == 204
    crew.clock.sleep(5)
    assert [event["data"]["reason"] for event in crew.receiver.events] == ["deleted"]
    assert crew.told() == [("user_deleted", crew.ada["id"])]


def test_of_who_is_switched_off_nothing_is_told(crew: Any) -> None:
    joe = crew.person("joe", active=False)
    assert crew.told() == []
    crew.patch(path_of(joe), replace("title", "Lead"))
    group = crew.group("Crew", joe)
    assert crew.told() == [("group_created", group["id"])]
    crew.patch(path_of(joe), replace("active", True))
    crew.clock.sleep(5)
    (event,) = crew.receiver.events
    assert (event["type"].rpartition(".")[2], event["data"]["title"]) == ("user_created", "Lead")
    assert [place["name"] for place in event["data"]["groups"]] == ["Crew"]


def test_members_are_told_of_who_comes_and_goes_and_of_nobody_else(crew: Any) -> None:
    crew_ = crew.group("Crew", crew.ada)
    assert crew.told() == [("group_created", crew_["id"]), ("user_updated", crew.ada["id"])]
    crew.patch(path_of(crew_), {"op": "add", "path": "members", "value": [{"value": crew.ben["id"]}]})
    assert crew.told() == [("group_updated", crew_["id"]), ("user_updated", crew.ben["id"])]
    crew.patch(path_of(crew_), {"op": "remove", "path": f'members[value eq "{crew.ada["id"]}"]'})
    assert crew.told() == [("group_updated", crew_["id"]), ("user_updated", crew.ada["id"])]
    crew.patch(path_of(crew_), replace("members", [{"value": crew.ada["id"]}]))
    both = [("user_updated", crew.ada["id"]), ("user_updated", crew.ben["id"])]
    assert crew.told() == [("group_updated", crew_["id"]), *both]


def test_a_renamed_group_is_told_and_its_members_are_where_they_were(crew: Any) -> None:
    group = crew.group("Crew", crew.ada)
    crew.told()
    crew.patch(path_of(group), replace("displayName", "Band"))
    assert crew.told() == [("group_updated", group["id"])]


def test_a_deleted_group_is_told_with_everybody_who_was_in_it(crew: Any) -> None:
    group = crew.group("Crew", crew.ada, crew.ben)
    crew.manage("PUT", f"/roles/map/{group['id']}", {"role": "developer"})
    crew.told()
    crew.send("DELETE", path_of(group))
    crew.clock.sleep(5)
    roles = [event["data"].get("roles") for event in crew.receiver.events]
    assert roles == [None, [{"role_name": "member"}], [{"role_name": "member"}]]
    both = [("user_updated", crew.ada["id"]), ("user_updated", crew.ben["id"])]
    assert crew.told() == [("group_deleted", group["id"]), *both]


def test_members_of_a_nested_group_are_told_when_it_moves(crew: Any) -> None:
    inner = crew.group("Inner", crew.ada)
    outer = crew.group("Outer", crew.ben)
    crew.told()
    crew.patch(path_of(outer), {"op": "add", "path": "members", "value": [{"value": inner["id"]}]})
    assert crew.told() == [("group_updated", outer["id"]), ("user_updated", crew.ada["id"])]
    crew.send("DELETE", path_of(outer))
    both = [("user_updated", crew.ada["id"]), ("user_updated", crew.ben["id"])]
    assert crew.told() == [("group_deleted", outer["id"]), *both]


def test_a_large_group_tells_each_of_its_members(crew: Any) -> None:
    people = [crew.person(f"p{number}") for number in range(50)]
    crew.told()
    group = crew.group("Everybody", *people)
    assert crew.told() == [("group_created", group["id"]), *(("user_updated", person["id"]) for person in people)]


def test_an_event_holds_the_roles_that_the_request_has_led_to(crew: Any) -> None:
    group = crew.group("Eng")
    crew.manage("PUT", f"/roles/map/{group['id']}", {"role": "developer"})
    crew.told()
    crew.patch(path_of(group), {"op": "add", "path": "members", "value": [{"value": crew.ada["id"]}]})
    crew.clock.sleep(5)
    assert crew.receiver.events[-1]["data"]["roles"] == [{"role_name": "developer"}]


def test_nothing_is_sent_inside_the_request(crew: Any) -> None:
    crew.patch(path_of(crew.ada), replace("title", "Lead"))
    assert crew.receiver.events == []


def test_what_a_saboteur_keeps_is_not_told_as_gone(make_tenant: Callable[..., Any]) -> None:
    class Keeps(Seams):
        def delete(self, call: Any, rows: Any) -> None:
            pass

    tenant = make_tenant(seams=Keeps())
    ada = tenant.person("ada")
    tenant.told()
    assert tenant.send("DELETE", path_of(ada)).status == 204
    assert tenant.told() == []


def test_whose_roles_a_setting_changes_is_told_and_nobody_else(crew: Any) -> None:
    group = crew.group("Eng", crew.ada)
    crew.told()
    crew.manage("PUT", f"/roles/map/{group['id']}", {"role": "developer"})
    assert crew.told() == [("user_updated", crew.ada["id"])]
    crew.manage("PUT", f"/roles/map/{group['id']}", {"role": "developer"})
    assert crew.told() == []
    crew.manage("PUT", "/roles", {"default": "reader"})
    assert crew.told() == [("user_updated", crew.ben["id"])]
    crew.manage("DELETE", f"/roles/map/{group['id']}")
    assert crew.told() == [("user_updated", crew.ada["id"])]
    crew.manage("PUT", "/domains", {"domains": []})
    assert crew.told() == []


def test_a_setting_tells_nothing_of_who_is_switched_off(crew: Any) -> None:
    crew.put(crew.ben, active=False)
    crew.told()
    crew.manage("PUT", "/roles", {"default": "reader"})
    assert crew.told() == [("user_updated", crew.ada["id"])]
