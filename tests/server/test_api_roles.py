"""Roles that the API sets, roles that groups give, and which of them stands when (D3, CAP-31 to CAP-35)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.seams import Seams

USERS = "/organizations/org_ref/users"
MEMBERS = "/memberships/organizations/org_ref/users"


@pytest.fixture
def crew(tenant: Any) -> Any:
    """Ada in Eng (developer); Ben; the groups Ops (admin) and Club (no role)."""
    tenant.ada, tenant.ben = tenant.person("ada"), tenant.person("ben")
    tenant.eng, tenant.ops, tenant.club = tenant.group("Eng", tenant.ada), tenant.group("Ops"), tenant.group("Club")
    for group, role in ((tenant.eng, "developer"), (tenant.ops, "admin")):
        tenant.manage("PUT", f"/roles/map/{group['id']}", {"role": role})
    tenant.told()
    return tenant


def held(tenant: Any, user: dict[str, Any]) -> list[str]:
    """The roles of a user, as both sides show them."""
    roles = [role["name"] for role in tenant.told_by_api(f"{USERS}/usr_{user['id']}/roles")["roles"]]
    assert roles == tenant.roles(user)
    return roles


def give(tenant: Any, user: dict[str, Any], *roles: str) -> Any:
    body = {"roles": [{"role_name": role} for role in roles]}
    return tenant.api("POST", f"{USERS}/usr_{user['id']}/roles", body)


def take(tenant: Any, user: dict[str, Any], role: str) -> Any:
    return tenant.api("DELETE", f"{USERS}/usr_{user['id']}/roles/{role}")


def join(tenant: Any, group: dict[str, Any], member: dict[str, Any]) -> None:
    operation = {"op": "add", "path": "members", "value": [{"value": member["id"]}]}
    assert tenant.patch(f"/Groups/{group['id']}", operation).status == 200


def leave(tenant: Any, group: dict[str, Any], member: dict[str, Any]) -> None:
    assert tenant.patch(f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{member["id"]}"]'})


def refused(reply: Any) -> tuple[int, str]:
    return reply.status, reply.resource()["details"][0]["error_code"]


def test_a_role_that_is_given_is_added(crew: Any) -> None:
    reply = give(crew, crew.ada, "auditor", "guest")
    assert [role["name"] for role in reply.resource()["roles"]] == ["auditor", "developer", "guest"]
    assert held(crew, crew.ada) == ["auditor", "developer", "guest"]
    assert give(crew, crew.ben, "auditor").status == 200
    assert held(crew, crew.ben) == ["auditor", "member"]


def test_a_role_that_is_taken_is_gone_and_the_default_is_what_is_left(crew: Any) -> None:
    give(crew, crew.ada, "auditor")
    assert take(crew, crew.ada, "developer").status == 204
    assert held(crew, crew.ada) == ["auditor"]
    assert take(crew, crew.ada, "auditor").status == 204
    assert held(crew, crew.ada) == ["member"]
    assert refused(take(crew, crew.ada, "auditor")) == (404, "ROLE_NOT_FOUND")
    assert refused(take(crew, crew.ada, "member")) == (400, "DEFAULT_ROLE")
    give(crew, crew.ben, "guest")
    assert take(crew, crew.ben, "member").status == 204
    assert held(crew, crew.ben) == ["guest"]


def test_a_membership_can_be_given_its_roles_whole(crew: Any) -> None:
    place = f"{MEMBERS}/usr_{crew.ada['id']}"
    reply = crew.api("PATCH", place, {"roles": [{"name": "guest"}], "metadata": {"a": "1"}})
    (membership,) = reply.resource()["user"]["memberships"]
    assert ([role["name"] for role in membership["roles"]], membership["metadata"]) == (["guest"], {"a": "1"})
    assert held(crew, crew.ada) == ["guest"]
    assert refused(crew.api("PATCH", place, {"roles": []})) == (400, "INVALID_ROLE")
    assert crew.api("PATCH", place, {"metadata": {}}).resource()["user"]["memberships"][0]["metadata"] == {}
    assert held(crew, crew.ada) == ["guest"]


def test_whose_roles_change_is_told_of_once(crew: Any) -> None:
    give(crew, crew.ada, "auditor")
    crew.clock.sleep(5)
    assert crew.receiver.events[-1]["data"]["roles"] == [{"role_name": "auditor"}, {"role_name": "developer"}]
    assert crew.told() == [("user_updated", crew.ada["id"])]
    give(crew, crew.ada, "auditor")
    assert crew.told() == []
    take(crew, crew.ada, "auditor")
    assert crew.told() == [("user_updated", crew.ada["id"])]


@pytest.mark.parametrize(
    "change",
    [
        lambda crew: join(crew, crew.club, crew.ada),
        lambda crew: leave(crew, crew.eng, crew.ada),
        lambda crew: join(crew, crew.eng, crew.club) or join(crew, crew.club, crew.ada),
        lambda crew: crew.send("DELETE", f"/Groups/{crew.eng['id']}"),
        lambda crew: crew.manage("DELETE", f"/roles/map/{crew.eng['id']}"),
        lambda crew: crew.manage("PUT", f"/roles/map/{crew.eng['id']}", {"role": "engineer"}),
        lambda crew: [crew.put(crew.get(f"/Users/{crew.ada['id']}"), active=on) for on in (False, True)],
    ],
    ids=["joined", "left", "nested", "deleted", "unmapped", "mapped anew", "away and back"],
)
def test_the_next_change_of_a_user_s_groups_or_a_return_decides_anew(crew: Any, change: Callable[[Any], Any]) -> None:
    give(crew, crew.ada, "auditor")
    give(crew, crew.ben, "auditor")
    change(crew)
    assert "auditor" not in held(crew, crew.ada)
    assert held(crew, crew.ben) == ["auditor", "member"], "nobody else's"


@pytest.mark.parametrize(
    "change",
    [
        lambda crew: crew.put(crew.get(f"/Users/{crew.ada['id']}"), title="Lead"),
        lambda crew: crew.put(crew.get(f"/Groups/{crew.eng['id']}"), displayName="Engineering"),
        lambda crew: join(crew, crew.club, crew.ben),
        lambda crew: crew.manage("PUT", "/roles", {"default": "reader"}),
        lambda crew: crew.put(crew.get(f"/Groups/{crew.eng['id']}")),
    ],
    ids=["profile", "group renamed", "another's group", "default", "no change"],
)
def test_every_other_change_leaves_what_the_api_has_set(crew: Any, change: Callable[[Any], Any]) -> None:
    give(crew, crew.ada, "auditor")
    change(crew)
    assert held(crew, crew.ada) == ["auditor", "developer"]


def test_what_an_invited_user_was_given_stays_until_the_groups_decide(crew: Any) -> None:
    reply = crew.api("POST", USERS, {"email": "joe@acme.test", "membership": {"roles": [{"name": "guest"}]}})
    invited = reply.resource()["user"]["id"].removeprefix("usr_")
    assert give(crew, {"id": invited}, "auditor").status == 200
    assert take(crew, {"id": invited}, "guest").status == 204
    joe = crew.person("joe")
    assert held(crew, joe) == ["auditor"]
    join(crew, crew.ops, joe)
    assert held(crew, joe) == ["admin"]


@pytest.mark.parametrize("body", [{}, {"roles": []}, {"roles": "x"}, {"roles": [{}]}, {"roles": [{"role_name": " "}]}])
def test_a_role_needs_a_name(crew: Any, body: Any) -> None:
    assert crew.api("POST", f"{USERS}/usr_{crew.ada['id']}/roles", body).status == 400
    assert held(crew, crew.ada) == ["developer"]


def test_nobody_has_roles_in_an_organization_they_are_not_in(crew: Any) -> None:
    crew.manage("PUT", "/tenants/acme")
    other = f"/organizations/org_acme/users/usr_{crew.ada['id']}/roles"
    assert refused(crew.api("GET", other)) == (404, "USER_NOT_FOUND")
    assert refused(crew.api("POST", other, {"roles": [{"role_name": "x"}]})) == (404, "USER_NOT_FOUND")
    assert refused(crew.api("DELETE", f"{other}/developer")) == (404, "USER_NOT_FOUND")
    assert held(crew, crew.ada) == ["developer"]


def test_every_change_of_roles_is_on_record(crew: Any) -> None:
    give(crew, crew.ada, "auditor")
    take(crew, crew.ada, "auditor")
    entries = [entry for entry in crew.managed("/audit")["entries"] if entry["actor"]["type"] == "api"]
    assert [entry["action"] for entry in entries] == ["user.assign_roles", "user.remove_role"]
    told = {"attribute": "roles", "before": ["developer"], "after": ["auditor", "developer"]}
    assert entries[0]["changes"] == [told]


def test_the_default_role_of_an_organization_can_be_set_over_the_api(crew: Any) -> None:
    reply = crew.api("PATCH", "/organizations/org_ref/roles:set_defaults", {"default_member_role": "reader"})
    assert reply.status == 200
    assert held(crew, crew.ben) == ["reader"]
    assert crew.told() == [("user_updated", crew.ben["id"])]


# A group that goes (CAP-33)


@pytest.mark.parametrize("size", [1, 50])
def test_when_a_group_is_deleted_each_former_member_is_told_of_once(tenant: Any, size: int) -> None:
    people = [tenant.person(f"p{number}") for number in range(size)]
    group = tenant.group("Eng", *people)
    tenant.manage("PUT", f"/roles/map/{group['id']}", {"role": "developer"})
    tenant.told()
    assert tenant.send("DELETE", f"/Groups/{group['id']}").status == 204
    wanted = [("group_deleted", group["id"]), *(("user_updated", person["id"]) for person in people)]
    assert sorted(tenant.told()) == sorted(wanted)
    assert {tuple(tenant.roles(person)) for person in people} == {("member",)}


@pytest.mark.parametrize("order", ["join first", "leave first"])
def test_who_moves_from_one_department_to_another_ends_in_the_role_of_the_new_one(crew: Any, order: str) -> None:
    steps = [lambda: join(crew, crew.ops, crew.ada), lambda: leave(crew, crew.eng, crew.ada)]
    for step in steps if order == "join first" else reversed(steps):
        step()
    assert held(crew, crew.ada) == ["admin"]


# Roles that an IdP sends (CAP-34a)


def test_roles_that_an_idp_sends_are_kept_as_sent_and_give_nothing(crew: Any) -> None:
    roles = [{"value": "admin", "primary": True}]
    assert crew.put(crew.ada, roles=roles).resource()["roles"] == roles
    add = {"op": "add", "path": "roles", "value": [{"value": "owner"}]}
    assert crew.patch(f"/Users/{crew.ada['id']}", add).status == 200
    assert held(crew, crew.ada) == ["developer"]
    crew.clock.sleep(5)
    data = crew.receiver.events[-1]["data"]
    assert data["roles"] == [{"role_name": "developer"}]
    assert [role["value"] for role in data["raw_attributes"]["roles"]] == ["admin", "owner"]
    assert held(crew, crew.person("joe", roles=roles)) == ["member"]


# Saboteurs


def test_what_is_given_can_be_lost_or_kept_for_ever(make_tenant: Callable[..., Any]) -> None:
    class Loses(Seams):
        def grant(self, before: Any, after: Any) -> Any:
            return before

    class Keeps(Seams):
        def forgets(self, user_id: str) -> bool:
            return False

    for seams, roles in ((Loses(), ["member"]), (Keeps(), ["guest", "member"])):
        tenant = make_tenant(seams=seams)
        ada = tenant.person("ada")
        give(tenant, ada, "guest")
        tenant.group("Crew", ada)
        assert tenant.roles(ada) == roles
