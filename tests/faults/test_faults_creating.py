"""Faults of POST and PUT: each test states what a sound server does and what the broken one does."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"


def id_of(path: str) -> str:
    return path.rpartition("/")[2]


def create(server: Any, **attributes: Any) -> Any:
    return server.send("POST", "/Users", {"schemas": [USER], **attributes})


@pytest.mark.breaks("create-200", sound=(201, "ada"), broken=(200, "ada"))
def test_answer_to_a_create(server: Any, expected: Any) -> None:
    reply = create(server, userName="ada")
    assert (reply.status, reply.resource()["userName"]) == expected


@pytest.mark.breaks("user-name-missing", sound=(400, []), broken=(201, [None]))
def test_without_a_user_name(server: Any, expected: Any) -> None:
    status = create(server, displayName="Ada").status
    assert (status, [user.get("userName") for user in server.get("/Users")["Resources"]]) == expected


@pytest.mark.breaks("name-required", sound=[201, 201], broken=[400, 201])
def test_without_a_name(server: Any, expected: Any) -> None:
    assert [create(server, userName="ada").status, create(server, userName="b", name={"givenName": "B"}).status] == (
        expected
    )


@pytest.mark.breaks("two-primaries", sound=(400, 0), broken=(201, 2))
def test_two_primaries(server: Any, expected: Any) -> None:
    emails = [{"value": f"{where}@example.com", "type": where, "primary": True} for where in ("work", "home")]
    reply = create(server, userName="ada", emails=emails)
    assert (reply.status, sum("primary" in email for email in reply.resource().get("emails", []))) == expected
    assert create(server, userName="ben", emails=emails[:1]).resource()["emails"] == emails[:1]


@pytest.mark.breaks("unknown-attributes-kept", sound=None, broken=True)
def test_an_unknown_attribute(server: Any, expected: Any) -> None:
    assert server.get(server.user("ada", isAdmin=True)).get("isAdmin") is expected


@pytest.mark.breaks("client-id-taken", sound=("ada", 2), broken=("mallory", 1))
def test_the_id_of_another(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    server.user("mallory", id=id_of(ada))
    assert (server.get(ada)["userName"], server.get("/Users")["totalResults"]) == expected


@pytest.mark.breaks("external-id-as-id", sound=("ada", 2), broken=("mallory", 1))
def test_an_external_id_of_another(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    server.user("mallory", externalId=id_of(ada))
    assert (server.get(ada)["userName"], server.get("/Users")["totalResults"]) == expected


@pytest.mark.breaks("deleted-name-reserved", sound=[204, 201], broken=[204, 409])
def test_the_name_of_somebody_deleted(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    assert [server.send("DELETE", ada).status, create(server, userName="Ada").status] == expected


# PUT


@pytest.mark.breaks("put-204", sound=(200, True, "Lead"), broken=(204, False, "Lead"))
def test_answer_to_a_put(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    reply = server.send("PUT", ada, {"schemas": [USER], "userName": "ada", "title": "Lead"})
    assert (reply.status, bool(reply.body), server.get(ada)["title"]) == expected


@pytest.mark.breaks("put-creates", sound=(404, 0), broken=(200, 1))
def test_put_of_nobody(server: Any, expected: Any) -> None:
    status = server.send("PUT", "/Users/nobody", {"schemas": [USER], "userName": "ada"}).status
    assert (status, server.get("/Users")["totalResults"]) == expected


@pytest.mark.breaks("put-recreates", sound=("Lead", 2), broken=("Lead", 1))
def test_membership_after_put(server: Any, expected: Any) -> None:
    ada, ben = server.user("ada"), server.user("ben")
    group = server.group("Crew", ada, ben)
    server.send("PUT", ada, {"schemas": [USER], "userName": "ada", "title": "Lead"})
    assert (server.get(ada)["title"], len(server.get(group)["members"])) == expected
