"""The primary e-mail address stays (D1): whoever wants another one is refused, whole, whatever way it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from scimrig_simulator.wire import Reply

HOME = {"value": "ada@home.test", "type": "home"}


def replace(path: str | None, value: Any, op: str = "replace") -> dict[str, Any]:
    return {"op": op, **({"path": path} if path else {}), "value": value}


def email(address: str, **more: Any) -> list[dict[str, Any]]:
    return [{"value": address, "type": "work", "primary": True, **more}]


CHANGES = {
    "replace emails": [replace("emails", email("new@acme.test"))],
    "by type": [replace('emails[type eq "work"].value', "new@acme.test")],
    "by primary": [replace("emails[primary eq true].value", "new@acme.test")],
    "add by type": [replace('emails[type eq "work"].value', "new@acme.test", "add")],
    "without a path": [replace(None, {"emails": email("new@acme.test")})],
    "dotted key": [replace(None, {'emails[type eq "work"].value': "new@acme.test"})],
    "another primary": [replace("emails", [{**HOME, "primary": True}], "add")],
    "add another primary": [replace('emails[type eq "home"]', {**HOME, "primary": True}, "add")],
    "in the whole list, without a path": [replace(None, {"emails": [HOME, *email("new@acme.test")], "title": "Lead"})],
    "remove the value": [{"op": "remove", "path": 'emails[type eq "work"].value'}],
    "in two steps": [{"op": "remove", "path": "emails"}, replace("emails", email("new@acme.test"), "add")],
    "remove": [{"op": "remove", "path": "emails"}],
    "remove by type": [{"op": "remove", "path": 'emails[type eq "work"]'}],
    "to a foreign domain": [replace('emails[type eq "work"].value', "ada@other.test")],
    "with a name": [replace("title", "Lead"), replace('emails[type eq "work"].value', "new@acme.test")],
    "with a farewell": [replace("active", False), replace('emails[type eq "work"].value', "new@acme.test")],
}


def assert_refused(tenant: Any, before: dict[str, Any], reply: Reply) -> None:
    """The whole request was: state, version and events are as before."""
    assert (reply.status, reply.resource().get("scimType")) == (400, "mutability")
    after = tenant.send("GET", f"/Users/{before['id']}")
    assert after.resource() == before
    assert after.header("ETag") == before["meta"]["version"]
    assert tenant.told() == []


@pytest.mark.parametrize("operations", CHANGES.values(), ids=CHANGES.keys())
def test_a_patch_that_changes_the_address_is_refused_whole(tenant: Any, operations: list[dict[str, Any]]) -> None:
    ada = tenant.person("ada")
    tenant.told()
    assert_refused(tenant, ada, tenant.patch(f"/Users/{ada['id']}", *operations))


@pytest.mark.parametrize(
    "wanted",
    [
        {"emails": email("new@acme.test")},
        {"emails": email("new@acme.test"), "title": "Lead"},
        {"emails": None},
        {"emails": []},
        {"emails": [{**HOME, "primary": True}, {"value": "ada@acme.test", "type": "work"}]},
        {"emails": [HOME, {"value": "ada@acme.test", "type": "work"}]},
        {"emails": None, "userName": "new@acme.test"},
    ],
)
def test_a_put_that_changes_the_address_is_refused_whole(tenant: Any, wanted: dict[str, Any]) -> None:
    ada = tenant.person("ada")
    tenant.told()
    assert_refused(tenant, ada, tenant.put(ada, **wanted))


@pytest.mark.parametrize("address", ["ADA@acme.test", "ada@ACME.TEST", "Ada@Acme.Test"])
def test_the_same_address_in_another_case_is_no_change(tenant: Any, address: str) -> None:
    ada = tenant.person("ada")
    path = f"/Users/{ada['id']}"
    tenant.told()
    assert tenant.put(ada, emails=email(address)).status == 200
    assert tenant.patch(path, replace('emails[type eq "work"].value', address)).status == 200
    assert tenant.get(path) == ada
    assert tenant.told() == []


def test_in_another_case_among_real_changes_the_address_keeps_its_letters(tenant: Any) -> None:
    ada = tenant.person("ada")
    after = tenant.put(ada, emails=email("ADA@acme.test", display="Ada"), title="Lead").resource()
    assert (after["title"], after["emails"]) == ("Lead", email("ada@acme.test", display="Ada"))


def test_another_address_beside_the_primary_one_is_no_change_of_it(tenant: Any) -> None:
    ada = tenant.person("ada")
    path = f"/Users/{ada['id']}"
    assert tenant.patch(path, replace("emails", [HOME], "add")).status == 200
    assert tenant.patch(path, replace('emails[type eq "home"].value', "ada@elsewhere.test")).status == 200
    assert tenant.put(ada, emails=[*email("ada@acme.test"), HOME]).status == 200
    assert tenant.patch(path, {"op": "remove", "path": 'emails[type eq "home"]'}).status == 200
    assert tenant.get(path)["emails"] == email("ada@acme.test")


def test_who_has_an_address_may_be_renamed(tenant: Any) -> None:
    ada = tenant.person("ada")
    assert tenant.put(ada, userName="lovelace@other.test").status == 200
    assert tenant.get(f"/Users/{ada['id']}")["userName"] == "lovelace@other.test"


@pytest.mark.parametrize("how", ["put", "flag", "element"])
def test_which_address_is_the_primary_one_stays_too(tenant: Any, how: str) -> None:
    """Both addresses are there before and afterwards; which of them counts is what would move."""
    ada = tenant.person("ada", emails=[*email("ada@acme.test"), {"value": "ada@home.test", "type": "home"}])
    path, moved = f"/Users/{ada['id']}", [{**ada["emails"][0], "primary": False}, {**ada["emails"][1], "primary": True}]
    tenant.told()
    if how == "put":
        reply = tenant.put(ada, emails=moved)
    elif how == "flag":
        reply = tenant.patch(path, replace('emails[type eq "home"].primary', True))
    else:
        reply = tenant.patch(path, replace('emails[type eq "home"]', moved[1]))
    assert_refused(tenant, ada, reply)


def test_an_entry_may_move_while_the_address_stays(tenant: Any) -> None:
    ada = tenant.person("ada")
    reordered = [HOME, *email("ada@acme.test")]
    assert tenant.put(ada, emails=reordered).resource()["emails"] == reordered
    retyped = [{"value": "ada@acme.test", "type": "other", "primary": True}, HOME]
    assert tenant.put(ada, emails=retyped).resource()["emails"] == retyped


def test_a_user_name_that_is_the_address_stays(tenant: Any) -> None:
    ada = tenant.user("ada@acme.test")
    tenant.told()
    for name in ("new@acme.test", "ada"):
        assert_refused(tenant, ada, tenant.put(ada, userName=name))
        assert_refused(tenant, ada, tenant.patch(f"/Users/{ada['id']}", replace("userName", name)))
    assert_refused(tenant, ada, tenant.put(ada, emails=email("new@acme.test")))
    assert tenant.put(ada, userName="ADA@acme.test").resource() == ada
    moved = tenant.put(ada, emails=email("ada@acme.test"))
    assert (moved.status, moved.resource()["emails"]) == (200, email("ada@acme.test"))


def test_everything_else_may_change(tenant: Any) -> None:
    ada = tenant.person("ada")
    path = f"/Users/{ada['id']}"
    assert tenant.patch(path, replace("title", "Lead"), replace("name.givenName", "Ada")).status == 200
    assert tenant.put(tenant.get(path), title="Countess", phoneNumbers=[{"value": "+1-555-0100"}]).status == 200
    assert tenant.get(path)["title"] == "Countess"


def test_without_a_policy_an_address_may_change(client: Any) -> None:
    ada = client.user("ada", emails=email("ada@acme.test"))
    assert client.put(ada, emails=email("new@other.test")).resource()["emails"] == email("new@other.test")
