"""Faults of what is stored: each test states what a sound server answers and what the broken one does."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"


def status_of(reply: Any) -> tuple[int, str | None]:
    return reply.status, reply.resource().get("scimType")


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


@pytest.mark.breaks("duplicate-created", sound=(409, "uniqueness"), broken=(201, None))
@pytest.mark.breaks("duplicate-is-400", sound=(409, "uniqueness"), broken=(400, None))
def test_a_duplicate(server: Any, expected: Any) -> None:
    server.user("ada")
    assert status_of(server.send("POST", "/Users", {"schemas": [USER], "userName": "ada"})) == expected


@pytest.mark.breaks("duplicate-case-sensitive", sound=[409, 409], broken=[409, 201])
def test_a_duplicate_in_another_case(server: Any, expected: Any) -> None:
    server.user("ada")
    bodies = [{"schemas": [USER], "userName": name} for name in ("ada", "ADA")]
    assert [server.send("POST", "/Users", body).status for body in bodies] == expected


@pytest.mark.breaks("external-id-dropped", sound="x", broken=None)
def test_the_external_id(server: Any, expected: Any) -> None:
    assert server.get(server.user("ada", externalId="x")).get("externalId") == expected


@pytest.mark.breaks("unicode-mangled", sound="Zoë", broken="Zo?")
def test_an_accent(server: Any, expected: Any) -> None:
    assert server.get(server.user("ada", name={"givenName": "Zoë"}))["name"]["givenName"] == expected


@pytest.mark.breaks("names-in-capitals", sound={"givenName": "Zoë"}, broken={"givenName": "ZOË"})
def test_letters_of_a_name(server: Any, expected: Any) -> None:
    assert server.get(server.user("ada", name={"givenName": "Zoë"}))["name"] == expected


@pytest.mark.breaks("attribute-names-case-sensitive", sound="Ada", broken=None)
def test_a_name_in_another_case(server: Any, expected: Any) -> None:
    assert server.get(server.user("ada", DISPLAYNAME="Ada")).get("displayName") == expected


@pytest.mark.breaks("deactivate-ignored", sound=[False, False], broken=[True, True])
def test_deactivated(server: Any, expected: Any) -> None:
    ada, ben = server.user("ada", active=True), server.user("ben", active=True)
    server.patch(ada, replace("active", False))
    server.send("PUT", ben, {"schemas": [USER], "userName": "ben", "active": False})
    assert [server.get(path)["active"] for path in (ada, ben)] == expected


@pytest.mark.breaks("reactivate-fails", sound=(200, True), broken=(400, False))
def test_reactivated(server: Any, expected: Any) -> None:
    ada = server.user("ada", active=False)
    assert (server.patch(ada, replace("active", True)).status, server.get(ada)["active"]) == expected


@pytest.mark.breaks("rename-ignored", sound=["lovelace", "bob"], broken=["ada", "ben"])
def test_renamed(server: Any, expected: Any) -> None:
    ada, ben = server.user("ada"), server.user("ben")
    server.patch(ada, replace("userName", "lovelace"))
    server.send("PUT", ben, {"schemas": [USER], "userName": "bob"})
    assert [server.get(path)["userName"] for path in (ada, ben)] == expected


@pytest.mark.breaks("update-wipes-phones", sound=("Lead", 1), broken=("Lead", 0))
def test_phones_after_an_update(server: Any, expected: Any) -> None:
    ada = server.user("ada", phoneNumbers=[{"value": "+1-555-0100", "type": "work"}])
    server.patch(ada, replace("title", "Lead"))
    after = server.get(ada)
    assert (after["title"], len(after.get("phoneNumbers", []))) == expected


@pytest.mark.breaks("cleared-value-kept", sound=[None, None, {"familyName": "L"}],
        broken=["Lead", "Countess", {"familyName": "L", "givenName": "A"}])  # fmt: skip
def test_cleared(server: Any, expected: Any) -> None:
    ada = server.user("ada", title="Lead", nickName="Countess", name={"givenName": "A", "familyName": "L"})
    removals = [{"op": "remove", "path": path} for path in ("title", "name.givenName")]
    for operation in (*removals, replace("nickName", None)):
        assert server.patch(ada, operation).status == 200
    after = server.get(ada)
    assert [after.get("title"), after.get("nickName"), after["name"]] == expected


@pytest.mark.breaks("put-ignored", sound=(200, "Lead"), broken=(200, None))
def test_put(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    reply = server.send("PUT", ada, {"schemas": [USER], "userName": "ada", "title": "Lead"})
    assert (reply.status, server.get(ada).get("title")) == expected


@pytest.mark.breaks("put-reenables", sound=False, broken=True)
def test_put_without_active(server: Any, expected: Any) -> None:
    ada = server.user("ada", active=False)
    server.send("PUT", ada, {"schemas": [USER], "userName": "ada"})
    assert server.get(ada)["active"] == expected


@pytest.mark.breaks("id-changes-on-put", sound=True, broken=False)
def test_id_after_put(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    shown = server.send("PUT", ada, {"schemas": [USER], "userName": "ada"}).resource()["id"]
    assert (shown == id_of(ada)) is expected


@pytest.mark.breaks("delete-keeps", sound=(204, 404), broken=(204, 200))
def test_deleted(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert (server.send("DELETE", ada).status, server.send("GET", ada).status) == expected


@pytest.mark.breaks("delete-twice-204", sound=[204, 404], broken=[204, 204])
def test_deleted_twice(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert [server.send("DELETE", ada).status for _ in range(2)] == expected


@pytest.mark.breaks("delete-answers-200", sound=(204, False), broken=(200, True))
def test_answer_to_delete(server: Any, expected: Any) -> None:
    reply = server.send("DELETE", server.user("ada"))
    assert (reply.status, bool(reply.body)) == expected


@pytest.mark.breaks("noop-touches", sound=True, broken=False)
def test_meta_after_a_noop(server: Any, expected: Any) -> None:
    ada = server.user("ada", title="Lead")
    before = server.get(ada)["meta"]
    assert (server.patch(ada, replace("title", "Lead")).resource()["meta"] == before) is expected


@pytest.mark.breaks("group-name-reserved", sound=201, broken=409)
def test_a_name_given_up(server: Any, expected: Any) -> None:
    server.patch(server.group("Crew"), replace("displayName", "Team"))
    assert server.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "Other"}).status == 201
    assert server.send("POST", "/Groups", {"schemas": [GROUP], "displayName": "crew"}).status == expected
