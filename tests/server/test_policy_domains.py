"""Who may be provisioned: users of registered domains (D2), and only they; letting go is always possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.wire import Reply

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def verdict(reply: Reply) -> tuple[int, str | None]:
    return reply.status, reply.resource().get("scimType")


def create(tenant: Any, address: str) -> Reply:
    body = {"schemas": [USER], "userName": "joe", "emails": [{"value": address, "primary": True}]}
    return tenant.send("POST", "/Users", body=body)


def switch(active: bool) -> dict[str, Any]:
    return {"op": "replace", "path": "active", "value": active}


@pytest.mark.parametrize("address", ["joe@acme.test", "joe@ACME.TEST", "joe@acme.test."])
def test_a_user_of_a_registered_domain_is_created(tenant: Any, address: str) -> None:
    reply = create(tenant, address)
    assert reply.status == 201
    assert reply.resource()["emails"][0]["value"] == address


@pytest.mark.parametrize(
    "address", ["joe@other.test", "joe@ext.acme.test", "joe@notacme.test", "joe@x@acme.test", "joe"]
)
def test_anybody_else_is_refused_and_leaves_no_trace(tenant: Any, address: str) -> None:
    assert verdict(create(tenant, address)) == (400, "invalidValue")
    assert tenant.get("/Users")["totalResults"] == 0
    assert tenant.told() == []


def test_a_user_without_an_address_is_refused(tenant: Any) -> None:
    assert verdict(tenant.send("POST", "/Users", body={"schemas": [USER], "userName": "joe"})) == (400, "invalidValue")


def test_a_user_name_that_is_an_address_will_do(tenant: Any) -> None:
    assert tenant.user("joe@acme.test")["userName"] == "joe@acme.test"
    body = {"schemas": [USER], "userName": "joe@other.test"}
    assert verdict(tenant.send("POST", "/Users", body=body)) == (400, "invalidValue")


def test_before_a_domain_is_registered_nobody_comes_in(make_tenant: Callable[..., Any]) -> None:
    tenant = make_tenant(domains=())
    assert verdict(create(tenant, "joe@acme.test")) == (400, "invalidValue")
    tenant.manage("PUT", "/domains", {"domains": ["other.test", "acme.test"]})
    assert create(tenant, "joe@acme.test").status == 201


def test_groups_have_no_domain(make_tenant: Callable[..., Any]) -> None:
    assert make_tenant(domains=()).group("Crew")["displayName"] == "Crew"


# The domain is given up later: who is here can be let go, and nothing else


@pytest.fixture
def orphaned(tenant: Any) -> Any:
    """A tenant whose domain is gone while ada (active) and ben (not) are here."""
    tenant.ada, tenant.ben = tenant.person("ada"), tenant.person("ben", active=False)
    tenant.manage("PUT", "/domains", {"domains": ["other.test"]})
    tenant.told()
    return tenant


def test_profile_writes_are_refused(orphaned: Any) -> None:
    title = {"op": "replace", "path": "title", "value": "Lead"}
    for user in (orphaned.ada, orphaned.ben):
        assert verdict(orphaned.patch(f"/Users/{user['id']}", title)) == (400, "invalidValue")
        assert verdict(orphaned.put(user, title="Lead")) == (400, "invalidValue")
        assert orphaned.get(f"/Users/{user['id']}") == user
    assert orphaned.told() == []


def test_coming_back_is_refused(orphaned: Any) -> None:
    path = f"/Users/{orphaned.ben['id']}"
    assert verdict(orphaned.patch(path, switch(True))) == (400, "invalidValue")
    assert verdict(orphaned.put(orphaned.ben, active=True)) == (400, "invalidValue")
    assert orphaned.get(path)["active"] is False


@pytest.mark.parametrize("how", ["patch", "put"])
def test_switching_off_is_not(orphaned: Any, how: str) -> None:
    path = f"/Users/{orphaned.ada['id']}"
    for _ in range(2):  # and once more, since IdPs repeat themselves
        done = orphaned.patch(path, switch(False)) if how == "patch" else orphaned.put(orphaned.ada, active=False)
        assert done.status == 200
        assert orphaned.get(path)["active"] is False
    assert orphaned.told() == [("user_deleted", orphaned.ada["id"])]


def test_deleting_is_not(orphaned: Any) -> None:
    for user in (orphaned.ada, orphaned.ben):
        assert orphaned.send("DELETE", f"/Users/{user['id']}").status == 204
    assert orphaned.told() == [("user_deleted", orphaned.ada["id"])]


def test_taking_somebody_out_of_a_group_is_not(orphaned: Any) -> None:
    crew = orphaned.group("Crew", orphaned.ada)
    assert orphaned.patch(f"/Groups/{crew['id']}", {"op": "remove", "path": "members"}).status == 200
