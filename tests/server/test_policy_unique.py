"""An address is that of one user of the organization, switched off or not (CAP-06), and a user has one (CAP-04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.seams import Seams

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def post(tenant: Any, user_name: str, *addresses: str, **more: Any) -> tuple[int, str]:
    """Status and scimType; the first address is the primary one."""
    emails = [{"value": address, "primary": place == 0} for place, address in enumerate(addresses)]
    body = {"schemas": [USER], "userName": user_name, **({"emails": emails} if emails else {}), **more}
    reply = tenant.send("POST", "/Users", body=body)
    return reply.status, reply.resource().get("scimType", "")


CREATED, TAKEN, REFUSED = (201, ""), (409, "uniqueness"), (400, "invalidValue")


@pytest.mark.parametrize("address", ["ada@acme.test", "ADA@acme.test", "ada@ACME.TEST"])
def test_an_address_that_another_user_is_known_by_is_taken(tenant: Any, address: str) -> None:
    tenant.person("ada")
    tenant.told()
    assert post(tenant, "eve", address) == TAKEN
    assert tenant.get("/Users")["totalResults"] == 1
    assert tenant.told() == []


def test_a_user_who_is_switched_off_keeps_the_address(tenant: Any) -> None:
    tenant.person("ada", active=False)
    assert post(tenant, "eve", "ada@acme.test") == TAKEN


def test_the_address_of_a_user_who_is_deleted_is_free(tenant: Any) -> None:
    ada = tenant.person("ada")
    tenant.send("DELETE", f"/Users/{ada['id']}")
    assert post(tenant, "eve", "ada@acme.test") == CREATED


def test_a_user_name_that_is_the_address_counts_and_one_that_is_not_does_not(tenant: Any) -> None:
    tenant.user("ada@acme.test")
    assert post(tenant, "eve", "ada@acme.test") == TAKEN
    assert post(tenant, "ben@acme.test", "benjamin@acme.test") == CREATED
    assert post(tenant, "eve", "ben@acme.test") == CREATED, "nobody is known by it"


def test_further_addresses_are_nobody_s_own(tenant: Any) -> None:
    assert post(tenant, "ada", "ada@acme.test", "team@acme.test") == CREATED
    assert post(tenant, "ben", "ben@acme.test", "team@acme.test", "ada@acme.test") == CREATED
    assert post(tenant, "eve", "team@acme.test") == CREATED


def test_a_user_may_be_written_to_without_being_in_its_own_way(tenant: Any) -> None:
    ada = tenant.person("ada")
    assert tenant.put(ada, title="Lead").status == 200
    assert tenant.put(ada, emails=[{"value": "ADA@acme.test", "primary": True}], title="Clerk").status == 200


def test_another_organization_has_addresses_of_its_own(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", policy="scalekit")
    for client in (house, house.guests["acme"]):
        client.manage("PUT", "/domains", {"domains": ["acme.test"]})
        assert post(client, "ada", "ada@acme.test") == CREATED


def test_without_a_policy_an_address_may_be_several_users_own(client: Any) -> None:
    assert [post(client, name, "ada@acme.test") for name in ("ada", "eve")] == [CREATED, CREATED]


def test_of_a_foreign_domain_nobody_learns_whether_the_address_is_taken(tenant: Any) -> None:
    tenant.api("POST", "/organizations/org_ref/users", {"email": "joe@contractor.test"})
    assert post(tenant, "joe", "joe@contractor.test") == REFUSED


def test_who_had_no_address_can_not_take_another_s(
    make_client: Callable[..., Any], make_tenant: Callable[..., Any], tmp_path: Any
) -> None:
    path = str(tmp_path / "db")
    ada = make_client(db=path).user("ada", active=True)
    tenant = make_tenant(db=path)
    tenant.person("ben")
    tenant.api("POST", "/organizations/org_ref/users", {"email": "joe@acme.test"})
    for address in ("ben@acme.test", "joe@acme.test"):
        reply = tenant.put(ada, emails=[{"value": address}])
        assert (reply.status, reply.resource()["scimType"]) == TAKEN
    assert tenant.put(ada, emails=[{"value": "ada@acme.test"}]).status == 200


@pytest.mark.parametrize(
    ("body", "answer", "email"),
    [
        ({"emails": [{"value": "x@acme.test"}, {"value": "y@acme.test", "primary": True}]}, CREATED, "y@acme.test"),
        ({"emails": [{"value": "x@acme.test"}, {"value": "y@other.test"}]}, CREATED, "x@acme.test"),
        ({"userName": "z@acme.test"}, CREATED, "z@acme.test"),
        ({"userName": "z@acme.test", "emails": []}, CREATED, "z@acme.test"),
        ({"userName": "z@acme.test", "emails": [{"type": "work"}]}, CREATED, "z@acme.test"),
        ({"userName": "z@acme.test", "emails": [{"value": "x@other.test"}]}, REFUSED, ""),
        ({"emails": [{"value": "x@acme.test"}, {"value": "y@other.test", "primary": True}]}, REFUSED, ""),
        ({}, REFUSED, ""), ({"emails": []}, REFUSED, ""), ({"emails": [{"type": "work"}]}, REFUSED, ""),
        ({"userName": "two words@acme.test"}, REFUSED, ""),
    ],
)  # fmt: skip
def test_the_address_is_the_primary_one_else_the_first_else_the_user_name(
    tenant: Any, body: dict[str, Any], answer: tuple[int, str], email: str
) -> None:
    reply = tenant.send("POST", "/Users", body={"schemas": [USER], "userName": "joe", **body})
    assert (reply.status, reply.resource().get("scimType", "")) == answer
    if email:
        assert tenant.managed(f"/normalized/{reply.resource()['id']}")["email"] == email


def test_a_refused_user_is_told_apart_by_the_reason_on_record(tenant: Any) -> None:
    tenant.person("ada")
    post(tenant, "eve", "ada@acme.test")
    post(tenant, "joe")
    post(tenant, "joe", "joe@other.test")
    tenant.put(tenant.person("ben"), emails=[{"value": "new@acme.test"}])
    reasons = [entry["reason"] for entry in tenant.managed("/audit")["entries"] if entry["outcome"] == "rejected"]
    assert reasons == ["duplicate", "email_missing", "domain_not_registered", "email_immutable"]


def test_a_saboteur_may_let_an_address_be_taken_twice(make_tenant: Callable[..., Any]) -> None:
    class Shares(Seams):
        def taken(self, email: str, holders: Any) -> None:
            pass

    tenant = make_tenant(seams=Shares())
    tenant.person("ada")
    assert post(tenant, "eve", "ada@acme.test") == CREATED
