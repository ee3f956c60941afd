"""Offboarding: who is switched off or gone has no session any more, and leaves no ghost (CAP-26, CAP-27)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.seams import Seams
from scimrig_simulator.wire import BY_THE_BOOK, Send

MEMBERS = "/memberships/organizations/org_ref/users"


def sign_in(tenant: Any, user: dict[str, Any]) -> str:
    reply = tenant.manage("POST", f"/users/{user['id']}/sessions")
    assert reply.status == 201, reply.body
    return str(reply.resource()["token"])


def seen(tenant: Any, token: str) -> int:
    """How the application answers a session."""
    reply = tenant.management.exchange(Send("GET", "/session", "", (*BY_THE_BOOK, ("X-Session", token)), None))
    return int(reply.status)


def switch(tenant: Any, user: dict[str, Any], on: bool) -> None:
    operation = {"op": "replace", "path": "active", "value": on}
    assert tenant.patch(f"/Users/{user['id']}", operation).status == 200


def test_a_session_is_that_of_its_user(tenant: Any) -> None:
    ada = tenant.person("ada")
    token = sign_in(tenant, ada)
    reply = tenant.management.exchange(Send("GET", "/session", "", (*BY_THE_BOOK, ("X-Session", token)), None))
    assert (reply.status, reply.resource()) == (200, {"user_id": ada["id"]})
    assert [seen(tenant, wrong) for wrong in ("", token[:-1], "é")] == [401, 401, 401]
    assert tenant.manage("GET", "/session").status == 401


def test_who_is_not_there_or_switched_off_can_not_sign_in(tenant: Any) -> None:
    off = tenant.person("off", active=False)
    assert tenant.manage("POST", f"/users/{off['id']}/sessions").status == 403
    assert tenant.manage("POST", "/users/x/sessions").status == 404


@pytest.mark.parametrize("how", ["patch", "put", "delete", "api"])
def test_every_session_of_a_leaver_ends_with_the_answer(tenant: Any, how: str) -> None:
    ada, ben = tenant.person("ada"), tenant.person("ben")
    mine, other = [sign_in(tenant, ada) for _ in range(3)], sign_in(tenant, ben)
    if how == "patch":
        switch(tenant, ada, False)
    elif how == "put":
        tenant.put(ada, active=False)
    elif how == "delete":
        tenant.send("DELETE", f"/Users/{ada['id']}")
    else:
        tenant.api("DELETE", f"{MEMBERS}/usr_{ada['id']}")
    assert [seen(tenant, token) for token in mine] == [401, 401, 401]
    assert seen(tenant, other) == 200


def test_who_comes_back_has_to_sign_in_again(tenant: Any) -> None:
    ada = tenant.person("ada")
    token = sign_in(tenant, ada)
    switch(tenant, ada, False)
    switch(tenant, ada, True)
    assert seen(tenant, token) == 401
    assert seen(tenant, sign_in(tenant, ada)) == 200


def test_a_write_that_switches_nobody_off_ends_nothing(tenant: Any) -> None:
    ada = tenant.person("ada")
    token = sign_in(tenant, ada)
    tenant.put(ada, title="Lead")
    tenant.put(ada, active=False, emails=[{"value": "new@acme.test", "primary": True}])  # refused as a whole
    assert seen(tenant, token) == 200


def test_a_session_is_good_in_its_own_directory_only(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", policy="scalekit")
    house.manage("PUT", "/domains", {"domains": ["acme.test"]})
    ada = house.user("ada", emails=[{"value": "ada@acme.test"}])
    assert seen(house.guests["acme"], sign_in(house, ada)) == 401


def test_a_leaver_leaves_no_ghost(tenant: Any) -> None:
    ada = tenant.person("ada", externalId="x-1")
    crew = tenant.group("Crew", ada, tenant.person("ben"))
    sign_in(tenant, ada)
    tenant.api("PATCH", f"/users/usr_{ada['id']}", {"external_id": "app-7"})
    tenant.api("POST", f"/organizations/org_ref/users/usr_{ada['id']}/roles", {"roles": [{"role_name": "guest"}]})
    store = tenant.app._tenants._store
    tables = ("resource", "membership", "term", "granted", "noted", "session", "mapped_role", "invited")
    assert any(_mentions(store, table, ada["id"]) for table in tables)
    assert tenant.send("DELETE", f"/Users/{ada['id']}").status == 204
    assert [table for table in tables if _mentions(store, table, ada["id"])] == []
    assert [member["display"] for member in tenant.get(f"/Groups/{crew['id']}")["members"]] == ["ben"]
    assert tenant.manage("GET", f"/users/{ada['id']}/roles").status == 404
    listed = tenant.told_by_api("/organizations/org_ref/directories/dir_ref/users")["users"]
    assert [user["preferred_username"] for user in listed] == ["ben"]
    assert tenant.get("/Users", filter='emails.value eq "ada@acme.test"')["totalResults"] == 0
    again = tenant.person("ada", externalId="x-1")
    assert again["id"] != ada["id"]
    assert tenant.roles(again) == ["member"]


def _mentions(store: Any, table: str, id: str) -> bool:
    return any(id in map(str, row) for row in store.execute(f"SELECT * FROM {table}").fetchall())


class Keeps(Seams):
    """Doesn't end sessions, and asks nobody who comes with one."""

    def offboard(self, user_id: str) -> bool:
        return False

    def session(self, user: Any) -> bool:
        return True


class Revives(Seams):
    """Asks at the door only, so that a session is good again when its user is."""

    def offboard(self, user_id: str) -> bool:
        return False


@pytest.mark.parametrize(("seams", "off", "back"), [(Keeps(), 200, 200), (Revives(), 401, 200)])
def test_sessions_can_be_sabotaged(make_tenant: Callable[..., Any], seams: Seams, off: int, back: int) -> None:
    tenant = make_tenant(seams=seams)
    ada = tenant.person("ada")
    token = sign_in(tenant, ada)
    switch(tenant, ada, False)
    assert seen(tenant, token) == off
    switch(tenant, ada, True)
    assert seen(tenant, token) == back
