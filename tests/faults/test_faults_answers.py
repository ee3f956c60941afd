"""Faults of errors, of access, of how answers look: each test states what a sound and what a broken server does."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST_RESPONSE = "urn:ietf:params:scim:api:messages:2.0:ListResponse"


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


# Errors, and who may come in


@pytest.mark.breaks("no-auth", sound=[401, 401], broken=[200, 200])
def test_without_a_token(server: Any, expected: Any) -> None:
    values = (None, "Bearer wrong")
    assert [server.send("GET", "/Users", headers={"Authorization": value}).status for value in values] == expected


@pytest.mark.breaks("empty-bearer-accepted", sound=[401, 401, 401], broken=[200, 401, 401])
@pytest.mark.breaks("malformed-auth-500", sound=[401, 401, 401], broken=[500, 401, 401])
def test_an_empty_bearer(server: Any, expected: Any) -> None:
    values = ("Bearer ", "Bearer wrong", None)
    assert [server.send("GET", "/Users", headers={"Authorization": value}).status for value in values] == expected


@pytest.mark.breaks("401-without-challenge", sound='Bearer realm="scim", error="invalid_token"', broken=None)
def test_the_challenge(server: Any, expected: Any) -> None:
    assert server.send("GET", "/Users", headers={"Authorization": "Bearer x"}).header("WWW-Authenticate") == expected


@pytest.mark.breaks("token-echoed", sound=False, broken=True)
def test_the_token_in_an_error(server: Any, expected: Any) -> None:
    assert (b"s3cret" in server.send("GET", "/Users/nobody").body) is expected


@pytest.mark.breaks("error-html", sound="application/scim+json", broken="text/html; charset=utf-8")
def test_type_of_an_error(server: Any, expected: Any) -> None:
    assert server.send("GET", "/Users/nobody").header("Content-Type") == expected


@pytest.mark.breaks("error-status-number", sound="404", broken=404)
def test_status_in_an_error(server: Any, expected: Any) -> None:
    assert server.get("/Users/nobody")["status"] == expected


@pytest.mark.breaks("error-no-schemas", sound=True, broken=False)
def test_schemas_of_an_error(server: Any, expected: Any) -> None:
    assert ("schemas" in server.get("/Users/nobody")) is expected


def created_as(server: Any, media: str) -> int:
    body = {"schemas": [USER], "userName": media}
    return int(server.send("POST", "/Users", body, {"Content-Type": media}).status)


@pytest.mark.breaks("json-415", sound=[201, 201, 201], broken=[201, 415, 201])
@pytest.mark.breaks("charset-415", sound=[201, 201, 201], broken=[201, 201, 415])
@pytest.mark.breaks("scim-json-unparsed", sound=[201, 201, 201], broken=[400, 201, 400])
def test_media_types(server: Any, expected: Any) -> None:
    types = ("application/scim+json", "application/json", "application/scim+json; charset=utf-8")
    assert [created_as(server, media) for media in types] == expected


@pytest.mark.breaks("error-as-200", sound=(404, "404"), broken=(200, "404"))
def test_status_line_of_an_error(server: Any, expected: Any) -> None:
    reply = server.send("GET", "/Users/nobody")
    assert (reply.status, reply.resource()["status"]) == expected
    assert server.send("GET", "/Users", headers={"Authorization": None}).status == 401


@pytest.mark.breaks("html-as-success", sound=[(404, b"{"), (404, b"{")], broken=[(200, b"<"), (200, b"<")])
def test_what_is_not_there(server: Any, expected: Any) -> None:
    replies = [server.send("GET", path) for path in ("/Users/nobody", "/nowhere")]
    assert [(reply.status, reply.body[:1]) for reply in replies] == expected


@pytest.mark.breaks("405-without-allow", sound=(405, True), broken=(405, False))
@pytest.mark.breaks("method-500", sound=(405, True), broken=(500, False))
def test_a_method_that_is_not_taken(server: Any, expected: Any) -> None:
    reply = server.send("POST", server.user("ada"), {})
    assert (reply.status, reply.header("Allow") is not None) == expected


@pytest.mark.breaks("scim-type-unknown", sound="invalidFilter", broken="invalidFilterError")
def test_keyword_of_an_error(server: Any, expected: Any) -> None:
    assert server.get("/Users", filter="x")["scimType"] == expected


@pytest.mark.breaks("location-follows-host", sound="127.0.0.1:8080", broken="evil.example.net")
def test_host_of_a_location(server: Any, expected: Any) -> None:
    reply = server.send("GET", server.user("ada"), headers={"X-Forwarded-Host": "evil.example.net"})
    assert reply.resource()["meta"]["location"].split("/")[2] == expected


# On the wire


@pytest.mark.breaks("wrong-content-type", sound="application/scim+json", broken="text/html; charset=utf-8")
@pytest.mark.breaks("plain-json-answers", sound="application/scim+json", broken="application/json")
def test_type_of_an_answer(server: Any, expected: Any) -> None:
    assert server.get("/Users")["schemas"] == [LIST_RESPONSE]
    assert server.send("DELETE", server.user("ada")).header("Content-Type") is None
    assert server.send("GET", "/Users").header("Content-Type") == expected


@pytest.mark.breaks("no-location", sound=True, broken=False)
def test_location(server: Any, expected: Any) -> None:
    reply = server.send("POST", "/Users", {"schemas": [USER], "userName": "ada"})
    assert (reply.header("Location") == reply.resource()["meta"]["location"]) is expected


@pytest.mark.breaks("location-relative", sound=["http", "http"], broken=["/sci", "/sci"])
def test_kind_of_location(server: Any, expected: Any) -> None:
    reply = server.send("POST", "/Users", {"schemas": [USER], "userName": "ada"})
    assert [reply.header("Location")[:4], reply.resource()["meta"]["location"][:4]] == expected


@pytest.mark.breaks("id-missing", sound=set(), broken={"id"})
@pytest.mark.breaks("schemas-missing", sound=set(), broken={"schemas"})
@pytest.mark.breaks("meta-missing", sound=set(), broken={"meta"})
def test_what_a_resource_lacks(server: Any, expected: Any) -> None:
    body = {"schemas": [USER], "userName": "ada"}
    assert {"id", "schemas", "meta"} - server.send("POST", "/Users", body).resource().keys() == expected


@pytest.mark.breaks("extension-undeclared", sound=[USER, ENTERPRISE], broken=[USER])
def test_declared_schemas(server: Any, expected: Any) -> None:
    assert server.get(server.user("ada", **{ENTERPRISE: {"department": "X"}}))["schemas"] == expected


@pytest.mark.breaks("created-moves", sound=(True, True), broken=(False, True))
@pytest.mark.breaks("last-modified-frozen", sound=(True, True), broken=(True, False))
def test_times_stay_and_move(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    before = server.get(ada)["meta"]
    server.patch(ada, replace("title", "Lead"))
    after = server.get(ada)["meta"]
    assert (after["created"] == before["created"], after["lastModified"] > before["lastModified"]) == expected


@pytest.mark.breaks("etag-mismatch", sound=True, broken=False)
def test_etag(server: Any, expected: Any) -> None:
    reply = server.send("GET", server.user("ada"))
    assert (reply.header("ETag") == reply.resource()["meta"]["version"]) is expected


@pytest.mark.breaks("password-returned", sound=[False, False], broken=[True, True])
def test_the_password(server: Any, expected: Any) -> None:
    body = {"schemas": [USER], "userName": "ada", "password": "pa55"}
    created = server.send("POST", "/Users", body).resource()
    assert ["password" in resource for resource in (created, server.get("/Users")["Resources"][0])] == expected


@pytest.mark.breaks("null-attributes", sound=(False, False), broken=(True, True))
def test_nulls(server: Any, expected: Any) -> None:
    body = server.send("GET", server.user("ada")).body
    assert (b":null" in body, b":[]" in body) == expected


@pytest.mark.breaks("discovery-bare-array", sound=[dict, dict], broken=[list, list])
def test_discovery(server: Any, expected: Any) -> None:
    assert [type(server.send("GET", path).json()) for path in ("/Schemas", "/ResourceTypes")] == expected
