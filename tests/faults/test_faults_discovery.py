"""Faults of discovery: each test states what a sound server says of itself and what the broken one does."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Schema"


@pytest.mark.breaks("config-overstates", sound=(True, True, True), broken=(True, False, False))
def test_a_promise_of_etags(server: Any, expected: Any) -> None:
    promised = server.get("/ServiceProviderConfig")["etag"]["supported"]
    reply = server.send("GET", server.user("ada"))
    assert (promised, reply.header("ETag") is not None, "version" in reply.resource()["meta"]) == expected


@pytest.mark.breaks("config-incomplete", sound=set(), broken={"bulk", "changePassword"})
def test_members_of_the_configuration(server: Any, expected: Any) -> None:
    features = {"patch", "bulk", "filter", "changePassword", "sort", "etag"}
    assert features - server.get("/ServiceProviderConfig").keys() == expected


@pytest.mark.breaks("schema-without-schemas", sound=[SCHEMA], broken=None)
def test_schemas_of_a_schema(server: Any, expected: Any) -> None:
    assert {str(entry.get("schemas")) for entry in server.get("/Schemas")["Resources"]} == {str(expected)}


@pytest.mark.breaks("schema-by-id-404", sound=[200, 200, 200], broken=[404, 404, 200])
def test_one_schema(server: Any, expected: Any) -> None:
    paths = (f"/Schemas/{USER}", "/ResourceTypes/User", "/Schemas")
    assert [server.send("GET", path).status for path in paths] == expected


@pytest.mark.breaks("discovery-filter-ignored", sound=403, broken=200)
def test_a_filter_on_schemas(server: Any, expected: Any) -> None:
    assert server.send("GET", "/Schemas", filter=f'id eq "{USER}"').status == expected


@pytest.mark.breaks("user-name-read-only", sound="readWrite", broken="readOnly")
def test_mutability_of_user_name(server: Any, expected: Any) -> None:
    schema = next(entry for entry in server.get("/Schemas")["Resources"] if entry["id"] == USER)
    assert next(a["mutability"] for a in schema["attributes"] if a["name"] == "userName") == expected
    assert {a["mutability"] for a in schema["attributes"] if a["name"] == "displayName"} == {"readWrite"}
