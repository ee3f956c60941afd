"""Faults of roles. Each test states which roles somebody has on a sound server, and which on the broken one."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.breaks("role-kept-without-group", sound=["member"], broken=["developer"])
def test_after_the_group_is_deleted(policed: Any, expected: Any) -> None:
    ada = policed.person()
    team = policed.team("developer", ada)
    assert policed.roles(ada) == ["developer"]
    policed.send("DELETE", f"/scim/v2{team}")
    assert policed.roles(ada) == expected


@pytest.mark.breaks("role-kept-without-mapping", sound=["member"], broken=["developer"])
def test_after_the_group_gives_it_no_longer(policed: Any, expected: Any) -> None:
    ada = policed.person()
    team = policed.team("developer", ada)
    assert policed.roles(ada) == ["developer"]
    policed.send("DELETE", f"/manage/roles/map/{team.rpartition('/')[2]}")
    assert policed.roles(ada) == expected


@pytest.mark.breaks("role-mapped-by-name", sound=["developer"], broken=["member"])
def test_after_the_group_got_another_name(policed: Any, expected: Any) -> None:
    ada = policed.person()
    team = policed.team("developer", ada)
    assert policed.patch(team, {"op": "replace", "path": "displayName", "value": "Builders"}).ok
    assert policed.roles(ada) == expected


@pytest.mark.breaks("role-lost-on-return", sound=["developer"], broken=["member"])
def test_after_leave(policed: Any, expected: Any) -> None:
    ada = policed.person()
    policed.team("developer", ada)
    assert [policed.set(ada, "active", value) for value in (False, True)] == [200, 200]
    assert policed.roles(ada) == expected


@pytest.mark.breaks("sent-roles-honoured", sound=["member"], broken=["admin"])
def test_with_roles_of_the_idps(policed: Any, expected: Any) -> None:
    assert policed.roles(policed.person(roles=[{"value": "admin"}])) == expected


@pytest.mark.breaks("granted-roles-lost", sound=(["admin", "developer"], ["member"]),
        broken=(["developer"], ["member"]))  # fmt: skip
@pytest.mark.breaks("granted-roles-for-ever", sound=(["admin", "developer"], ["member"]),
        broken=(["admin", "developer"], ["admin", "developer"]))  # fmt: skip
def test_with_one_of_the_apis_and_after_the_groups_change(policed: Any, expected: Any) -> None:
    ada = policed.person()
    team = policed.team("developer", ada)
    place = f"{policed.api}/users/usr_{ada}/roles"
    assert policed.send("POST", place, {"roles": [{"role_name": "admin"}]}).ok
    given = policed.roles(ada)
    policed.patch(team, {"op": "remove", "path": "members"})
    assert (given, policed.roles(ada)) == expected
