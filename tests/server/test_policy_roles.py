"""Roles follow from groups (D3), and access from being switched on (CAP-27): at every look, and from nothing else."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def crew(tenant: Any) -> Any:
    """Ada, and the groups Eng (developer), Ops (admin) and Club (no role); ada is in none of them."""
    tenant.ada = tenant.person("ada")
    tenant.eng, tenant.ops, tenant.club = (tenant.group(name) for name in ("Eng", "Ops", "Club"))
    give(tenant, tenant.eng, "developer")
    give(tenant, tenant.ops, "admin")
    return tenant


def give(tenant: Any, group: dict[str, Any], role: str) -> None:
    assert tenant.manage("PUT", f"/roles/map/{group['id']}", {"role": role}).resource() == {"role": role}


def join(tenant: Any, group: dict[str, Any], member: dict[str, Any]) -> None:
    operation = {"op": "add", "path": "members", "value": [{"value": member["id"]}]}
    assert tenant.patch(f"/Groups/{group['id']}", operation).status == 200


def leave(tenant: Any, group: dict[str, Any], member: dict[str, Any]) -> None:
    operation = {"op": "remove", "path": f'members[value eq "{member["id"]}"]'}
    assert tenant.patch(f"/Groups/{group['id']}", operation).status == 200


def test_in_no_mapped_group_one_has_the_default_role(crew: Any) -> None:
    assert crew.roles(crew.ada) == ["member"]
    join(crew, crew.club, crew.ada)
    assert crew.roles(crew.ada) == ["member"]


def test_mapped_groups_give_their_roles_instead(crew: Any) -> None:
    join(crew, crew.eng, crew.ada)
    assert crew.roles(crew.ada) == ["developer"]
    join(crew, crew.ops, crew.ada)
    assert crew.roles(crew.ada) == ["admin", "developer"]


def test_a_role_goes_with_the_membership(crew: Any) -> None:
    for group in (crew.eng, crew.ops):
        join(crew, group, crew.ada)
    leave(crew, crew.eng, crew.ada)
    assert crew.roles(crew.ada) == ["admin"]
    leave(crew, crew.ops, crew.ada)
    assert crew.roles(crew.ada) == ["member"]


def test_a_role_goes_with_the_group_and_with_its_mapping(crew: Any) -> None:
    for group in (crew.eng, crew.ops):
        join(crew, group, crew.ada)
    assert crew.send("DELETE", f"/Groups/{crew.eng['id']}").status == 204
    assert crew.roles(crew.ada) == ["admin"]
    assert crew.managed("/roles") == {"default": "member", "map": {crew.ops["id"]: "admin"}}
    assert crew.manage("DELETE", f"/roles/map/{crew.ops['id']}").status == 204
    assert crew.roles(crew.ada) == ["member"]


def test_a_group_mapped_later_gives_its_role_to_who_is_in_it(crew: Any) -> None:
    join(crew, crew.club, crew.ada)
    give(crew, crew.club, "guest")
    assert crew.roles(crew.ada) == ["guest"]
    give(crew, crew.club, "host")
    assert crew.roles(crew.ada) == ["host"]


def test_a_group_keeps_its_role_under_another_name(crew: Any) -> None:
    join(crew, crew.eng, crew.ada)
    assert crew.put(crew.get(f"/Groups/{crew.eng['id']}"), displayName="Engineering").status == 200
    assert crew.roles(crew.ada) == ["developer"]


def test_a_role_reaches_through_nested_groups_as_groups_of_a_user_do(crew: Any) -> None:
    join(crew, crew.club, crew.ada)
    join(crew, crew.eng, crew.club)
    assert crew.roles(crew.ada) == ["developer"]


def test_roles_that_an_idp_sends_are_no_roles(crew: Any) -> None:
    assert crew.put(crew.ada, roles=[{"value": "admin"}]).status == 200
    assert crew.roles(crew.ada) == ["member"]


def test_the_default_role_is_what_it_is_set_to(crew: Any) -> None:
    assert crew.manage("PUT", "/roles", {"default": "reader"}).resource()["default"] == "reader"
    assert crew.roles(crew.ada) == ["reader"]


def access(tenant: Any, id: str) -> tuple[bool, str]:
    shown = tenant.managed(f"/users/{id}/access")
    return shown["allowed"], shown["reason"]


def test_who_is_switched_off_or_gone_may_not_come_in(crew: Any) -> None:
    path = f"/Users/{crew.ada['id']}"
    assert access(crew, crew.ada["id"]) == (True, "")
    crew.patch(path, {"op": "replace", "path": "active", "value": False})
    assert access(crew, crew.ada["id"]) == (False, "deactivated")
    crew.patch(path, {"op": "replace", "path": "active", "value": True})
    assert access(crew, crew.ada["id"]) == (True, "")
    crew.send("DELETE", path)
    assert access(crew, crew.ada["id"]) == (False, "unknown")


def test_who_was_never_said_to_be_active_may_come_in(crew: Any) -> None:
    assert access(crew, crew.person("ben", active=None)["id"]) == (True, "")


def test_a_group_is_no_user(crew: Any) -> None:
    assert access(crew, crew.eng["id"]) == (False, "unknown")
    assert crew.manage("GET", f"/users/{crew.eng['id']}/roles").status == 404
