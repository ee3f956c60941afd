"""Discovery: what the server says about itself is complete and true (RFC 7644 §4, RFC 7643 §5 to §7)."""

from __future__ import annotations

from typing import Any

import pytest

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def test_the_features_declared_are_those_there_are(client: Any) -> None:
    config = client.get("/ServiceProviderConfig")
    supported = {name for name, value in config.items() if isinstance(value, dict) and value.get("supported")}
    assert supported == {"patch", "filter", "changePassword", "etag"}
    assert config["filter"]["maxResults"] == 200
    assert config["bulk"] == {"supported": False, "maxOperations": 0, "maxPayloadSize": 0}
    assert [scheme["type"] for scheme in config["authenticationSchemes"]] == ["oauthbearertoken"]
    assert config["schemas"] == [f"{CORE}ServiceProviderConfig"]


def test_resource_types_and_their_schemas(client: Any) -> None:
    kinds = client.get("/ResourceTypes")
    assert kinds["totalResults"] == 2
    found = {kind["name"]: (kind["endpoint"], kind["schema"]) for kind in kinds["Resources"]}
    assert found == {"User": ("/Users", f"{CORE}User"), "Group": ("/Groups", f"{CORE}Group")}
    assert kinds["Resources"][0]["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    served = {schema["id"] for schema in client.get("/Schemas")["Resources"]}
    assert {f"{CORE}User", f"{CORE}Group", ENTERPRISE} <= served


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes"])
def test_each_item_is_readable_at_its_location(client: Any, path: str) -> None:
    for item in client.get(path)["Resources"]:
        assert item["schemas"]
        assert item["meta"]["location"] == f"http://127.0.0.1:8080/scim/v2{path}/{item['id']}"
        assert client.get(f"{path}/{item['id']}") == item
        assert client.get(f"{path}/{item['id'].replace(':', '%3A')}") == item


@pytest.mark.parametrize("path", ["/Schemas/urn:nope", "/ResourceTypes/Nope"])
def test_unknown_items_are_404(client: Any, path: str) -> None:
    assert client.send("GET", path).status == 404


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"])
def test_a_filter_on_discovery_is_403(client: Any, path: str) -> None:
    assert client.send("GET", path, {"filter": 'id eq "x"'}).status == 403


@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig", f"/Schemas/{CORE}User"])
def test_discovery_needs_no_token_but_a_wrong_one_is_refused(client: Any, path: str) -> None:
    assert client.send("GET", path, headers={"Authorization": None}).status == 200
    assert client.send("GET", path, headers={"Authorization": "Bearer wrong"}).status == 401


def test_paging_parameters_are_ignored_here(client: Any) -> None:
    assert client.get("/Schemas", startIndex="2", count="1") == client.get("/Schemas")
