"""Faults of what a server hasn't got: each test states what a sound server does and what the broken one does."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@pytest.mark.breaks("patch-501", sound=[200, 200, 204], broken=[501, 200, 204])
@pytest.mark.breaks("put-501", sound=[200, 200, 204], broken=[200, 501, 204])
@pytest.mark.breaks("delete-501", sound=[200, 200, 204], broken=[200, 200, 501])
def test_methods(server: Any, expected: Any) -> None:
    ada = server.user("ada")
    patched = server.patch(ada, {"op": "add", "path": "title", "value": "Lead"})
    put = server.send("PUT", ada, {"schemas": [USER], "userName": "ada"})
    assert [patched.status, put.status, server.send("DELETE", ada).status] == expected


@pytest.mark.breaks("groups-501", sound=[201, "/Groups"], broken=[501, "/Groups"])
def test_groups(server: Any, expected: Any) -> None:
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Crew"}
    kinds = server.get("/ResourceTypes")["Resources"]
    assert [server.send("POST", "/Groups", body).status, kinds[1]["endpoint"]] == expected


@pytest.mark.breaks("filter-501", sound=[200, 200], broken=[501, 200])
def test_filters(server: Any, expected: Any) -> None:
    assert [server.send("GET", "/Users", filter='userName eq "a"').status, server.send("GET", "/Users").status] == (
        expected
    )


@pytest.mark.breaks("config-404", sound=[200, 200, 200], broken=[404, 404, 404])
def test_discovery_documents(server: Any, expected: Any) -> None:
    paths = ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes")
    assert [server.send("GET", path).status for path in paths] == expected


@pytest.mark.breaks("extension-dropped", sound=(True, True), broken=(True, False))
@pytest.mark.breaks("attributes-dropped", sound=(True, True), broken=(False, True))
def test_what_is_stored(server: Any, expected: Any) -> None:
    user = server.get(server.user("ada", title="Lead", **{ENTERPRISE: {"department": "X"}}))
    assert ("title" in user, ENTERPRISE in user) == expected
    assert (ENTERPRISE in user["schemas"]) is expected[1]


@pytest.mark.breaks("email-type-dropped", sound={"value", "type"}, broken={"value"})
def test_an_email(server: Any, expected: Any) -> None:
    user = server.get(server.user("ada", emails=[{"value": "ada@example.com", "type": "work"}]))
    assert set(user["emails"][0]) == expected
