"""Why a user isn't there (CAP-39): each code is provoked, and read from the one call that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.policy.rules import Rules
from scimrig_simulator.server.diagnosis import Findings, diagnosed
from scimrig_simulator.wire import BY_THE_BOOK, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def diagnosis(tenant: Any, **query: str) -> dict[str, Any]:
    text = "&".join(f"{name}={value}" for name, value in query.items())
    reply = tenant.management.exchange(Send("GET", "/diagnose", text, BY_THE_BOOK))
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.resource()
    return found


def verdict(tenant: Any, **query: str) -> tuple[bool, list[str]]:
    found = diagnosis(tenant, **query)
    return found["appears"], found["reasons"]


def send(tenant: Any, name: str, address: str | None = None, **more: Any) -> int:
    emails = {} if address is None else {"emails": [{"value": address, "primary": True}]}
    return int(tenant.send("POST", "/Users", body={"schemas": [USER], "userName": name, **emails, **more}).status)


# Each code


def test_who_is_here_appears_and_nothing_stands_in_the_way(tenant: Any) -> None:
    tenant.person("ada")
    found = diagnosis(tenant, email="ADA@acme.test")
    assert (found["email"], found["appears"], found["reasons"]) == ("ADA@acme.test", True, [])
    assert [step["answer"] for step in found["steps"]] == ["yes"] * 6


def test_never_sent(tenant: Any) -> None:
    tenant.person("ada")
    assert verdict(tenant, email="ben@acme.test") == (False, ["never_sent"])


def test_email_missing(tenant: Any) -> None:
    assert send(tenant, "joe", externalId="x-7") == 400
    assert verdict(tenant, user_name="JOE") == (False, ["email_missing"])
    assert verdict(tenant, external_id="x-7") == (False, ["email_missing"])


def test_domain_not_registered(tenant: Any) -> None:
    assert send(tenant, "joe", "joe@other.test") == 400
    assert verdict(tenant, email="joe@other.test") == (False, ["domain_not_registered"])
    assert verdict(tenant, email="eve@other.test") == (False, ["never_sent", "domain_not_registered"])


def test_a_domain_that_came_too_late_has_to_be_followed_by_the_user(tenant: Any) -> None:
    send(tenant, "joe", "joe@other.test")
    tenant.manage("PUT", "/domains", {"domains": ["acme.test", "other.test"]})
    found = diagnosis(tenant, email="joe@other.test")
    assert found["reasons"] == ["domain_not_registered"]
    assert "send the user again" in found["steps"][2]["detail"]
    assert send(tenant, "joe", "joe@other.test") == 201
    assert verdict(tenant, email="joe@other.test") == (True, [])


def test_duplicate(tenant: Any) -> None:
    tenant.person("ada")
    assert send(tenant, "ada", "ada.two@acme.test") == 409
    assert verdict(tenant, email="ada.two@acme.test") == (False, ["duplicate"])


@pytest.mark.parametrize("asked", ["new@acme.test", "ada@acme.test"])
def test_email_immutable(tenant: Any, asked: str) -> None:
    ada = tenant.person("ada")
    assert tenant.put(ada, emails=[{"value": "new@acme.test", "primary": True}]).status == 400
    assert verdict(tenant, email=asked) == (asked == "ada@acme.test", ["email_immutable"])


def test_what_was_refused_doesnt_count_once_the_user_was_written_to(tenant: Any) -> None:
    ada = tenant.person("ada")
    tenant.put(ada, emails=[{"value": "new@acme.test", "primary": True}])
    tenant.put(ada, title="Lead")
    assert verdict(tenant, email="ada@acme.test") == (True, [])


def test_who_was_switched_off_or_deleted_is_told_apart_from_who_never_came(tenant: Any) -> None:
    ada = tenant.person("ada")
    tenant.patch(f"/Users/{ada['id']}", {"op": "replace", "path": "active", "value": False})
    assert verdict(tenant, email="ada@acme.test") == (False, ["deactivated"])
    tenant.send("DELETE", f"/Users/{ada['id']}")
    assert verdict(tenant, email="ada@acme.test") == (False, ["deleted"])


# Tokens and switches


@pytest.fixture
def house(make_house: Callable[..., Any]) -> Any:
    """A server with the tenant acme, whose domain acme.test is registered."""
    made = make_house("acme", policy="scalekit", poster=lambda *_: None)
    made.guests["acme"].manage("PUT", "/domains", {"domains": ["acme.test"]})
    return made


def as_owner(house: Any) -> Any:
    """Somebody who can ask whatever becomes of the tenant's tokens."""
    return house.guest("acme", house.issue("acme")["token"])


def test_token_unknown(house: Any) -> None:
    assert send(house.guest("acme", "made-up"), "ada", "ada@acme.test") == 401
    assert verdict(house.guests["acme"], email="ada@acme.test") == (False, ["never_sent", "token_unknown"])


def test_token_expired(house: Any) -> None:
    idp = house.guest("acme", house.issue("acme", expires_in=60)["token"])
    house.clock.sleep(61)
    assert send(idp, "ada", "ada@acme.test") == 401
    assert verdict(house.guests["acme"], email="ada@acme.test")[1] == ["never_sent", "token_expired"]


def test_token_inactive(house: Any) -> None:
    idp = house.guests["acme"]
    new = house.manage("POST", "/tenants/acme/tokens:regenerate", {}).resource()["token"]
    assert send(idp, "ada", "ada@acme.test") == 401
    owner = house.guest("acme", new)
    assert verdict(owner, email="ada@acme.test")[1] == ["never_sent", "token_inactive"]
    assert send(owner, "ada", "ada@acme.test") == 201
    assert verdict(owner, email="ada@acme.test") == (True, []), "a request has succeeded since"


def test_an_idp_that_only_reads_is_told_of_too(house: Any) -> None:
    assert house.guest("acme", "made-up").send("GET", "/Users").status == 401
    found = diagnosis(house.guests["acme"], email="ada@acme.test")
    assert found["reasons"] == ["never_sent", "token_unknown"]
    assert found["steps"][3]["at"] == "2026-01-01T00:00:00.000Z"


def test_reading_with_a_good_token_shows_that_it_is_good(house: Any) -> None:
    house.guest("acme", "made-up").send("GET", "/Users")
    house.clock.sleep(5)
    house.guests["acme"].get("/Users")
    assert verdict(house.guests["acme"], email="ada@acme.test") == (False, ["never_sent"])


@pytest.mark.parametrize(("switch", "code"), [("scim", "scim_disabled"), ("directory", "directory_disabled")])
def test_what_is_switched_off_is_told(house: Any, switch: str, code: str) -> None:
    assert house.manage("PUT", f"/tenants/acme/{switch}", {"enabled": False}).status == 200
    guest = house.guests["acme"]
    assert send(guest, "ada", "ada@acme.test") == 403
    assert verdict(guest, email="ada@acme.test") == (False, ["never_sent", code])
    house.manage("PUT", f"/tenants/acme/{switch}", {"enabled": True})
    assert send(guest, "ada", "ada@acme.test") == 201
    assert verdict(guest, email="ada@acme.test") == (True, [])


# What may be asked


def test_somebody_has_to_be_missed(tenant: Any) -> None:
    assert tenant.manage("GET", "/diagnose").status == 400


def test_asking_leaves_no_trace(tenant: Any) -> None:
    before = tenant.managed("/audit")
    diagnosis(tenant, email="ada@acme.test")
    assert tenant.managed("/audit") == before


# The conclusion alone


def test_without_tokens_nobody_can_have_sent_anything() -> None:
    steps = diagnosed(Findings(None, "ada@acme.test", Rules(("acme.test",)), tokens="token_expired"))
    assert [step.answer for step in steps] == ["no", "yes", "yes", "no", "yes", "yes"]
    assert steps[3].reasons == ("token_expired",)


def test_what_isnt_known_is_said_to_be_unknown() -> None:
    steps = diagnosed(Findings(None, "", Rules()))
    assert [step.answer for step in steps] == ["no", "unknown", "unknown", "yes", "yes", "yes"]
