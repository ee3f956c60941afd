"""Discovery: what the server says about itself is complete and true (RFC 7644 §4, RFC 7643 §5 to §7)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

CORE = "urn:ietf:params:scim:schemas:core:2.0:"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def test_the_features_declared_are_those_there_are(client: Any) -> None:
    config = client.get("/ServiceProviderConfig")
    supported = {name for name, value in config.items() if isinstance(value, dict) and value.get("supported")}
    assert supported == {"patch", "bulk", "filter", "changePassword", "sort", "etag"}
    assert config["filter"]["maxResults"] == 200
    assert config["bulk"] == {"supported": True, "maxOperations": 1000, "maxPayloadSize": 1048576}
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


@pytest.mark.parametrize(
    "query",
    [
        {"sortBy": "id", "sortOrder": "descending"}, {"attributes": "name"}, {"excludedAttributes": "description"},
        {"attributes": "id", "excludedAttributes": "name"}, {"startIndex": "x", "count": "-1"}, {"cursor": ""},
        {"nonsense": "1"},
    ],
)
@pytest.mark.parametrize("path", ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig", "/ResourceTypes/User"])
def test_other_parameters_are_ignored_too(client: Any, path: str, query: dict[str, str]) -> None:
    assert client.get(path, **query) == client.get(path)


@pytest.mark.parametrize(
    ("path", "id"),
    [
        (f"/Schemas/{CORE.lower()}user", f"{CORE}User"), (f"/Schemas/{ENTERPRISE.upper()}", ENTERPRISE),
        ("/ResourceTypes/user", "User"), ("/ResourceTypes/GROUP/", "Group"),
    ],
)
def test_names_and_urns_are_found_in_any_case(client: Any, path: str, id: str) -> None:
    assert client.get(path)["id"] == id


@pytest.mark.parametrize("path", [f"/Schemas/{CORE}User", "/ResourceTypes/User"])
def test_a_filter_on_one_document_is_403_as_well(client: Any, path: str) -> None:
    reply = client.send("GET", path, {"filter": 'name eq "User"'})
    assert reply.status == 403
    assert reply.resource()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


@pytest.mark.parametrize("path", ["/Schemas", f"/Schemas/{CORE}User", "/ResourceTypes", "/ServiceProviderConfig"])
def test_head_has_the_headers_of_get_and_no_body(client: Any, path: str) -> None:
    get, head = client.send("GET", path), client.send("HEAD", path)
    assert (head.status, head.body) == (200, b"")
    assert head.header("Content-Type") == "application/scim+json"
    assert head.header("Content-Length") == str(len(get.body))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", ["/Schemas", f"/Schemas/{CORE}User", "/ResourceTypes/User", "/ServiceProviderConfig"])
def test_discovery_documents_can_not_be_changed(client: Any, method: str, path: str) -> None:
    before = client.get(path)
    reply = client.send(method, path, body={})
    assert reply.status == 405
    assert reply.header("Allow") == "GET, HEAD"
    assert client.get(path) == before


def test_lists_are_list_responses_with_everything_on_one_page(client: Any) -> None:
    for path in ("/Schemas", "/ResourceTypes"):
        listed = client.get(path)
        assert listed["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
        assert listed["totalResults"] == listed["itemsPerPage"] == len(listed["Resources"])
        assert listed["startIndex"] == 1


def test_every_schema_that_is_named_is_served(client: Any) -> None:
    served = {schema["id"] for schema in client.get("/Schemas")["Resources"]}
    for kind in client.get("/ResourceTypes")["Resources"]:
        assert {kind["schema"], *(one["schema"] for one in kind.get("schemaExtensions", []))} <= served
        assert kind["description"]
    assert set(client.get("/ServiceProviderConfig")["schemas"]) <= served
    assert not any("messages" in urn for urn in served)


def _every(attributes: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for attribute in attributes:
        yield attribute
        yield from _every(attribute.get("subAttributes", []))


def test_every_attribute_is_described_in_full(client: Any) -> None:
    """RFC 7643 §7: name, type, multiValued; legal values; complex ones with sub-attributes, references with types."""
    for schema in client.get("/Schemas")["Resources"]:
        assert schema["schemas"] == [f"{CORE}Schema"]
        for attribute in _every(schema["attributes"]):
            where = f"{schema['id']}: {attribute['name']}"
            assert {"name", "type", "multiValued", "description", "required"} <= attribute.keys(), where
            assert attribute["mutability"] in ("readOnly", "readWrite", "immutable", "writeOnly"), where
            assert attribute["returned"] in ("always", "never", "default", "request"), where
            assert attribute["uniqueness"] in ("none", "server", "global"), where
            assert ("subAttributes" in attribute) == (attribute["type"] == "complex"), where
            assert ("referenceTypes" in attribute) == (attribute["type"] == "reference"), where
            assert None not in attribute.values(), where


def test_the_config_has_every_attribute_that_its_schema_requires(client: Any) -> None:
    config = client.get("/ServiceProviderConfig")
    schema = client.get(f"/Schemas/{CORE}ServiceProviderConfig")
    for attribute in schema["attributes"]:
        value = config.get(attribute["name"])
        assert value is not None or not attribute["required"], attribute["name"]
        for one in value if isinstance(value, list) else [value or {}]:
            named = {sub["name"] for sub in attribute.get("subAttributes", [])}
            needed = {sub["name"] for sub in attribute.get("subAttributes", []) if sub["required"]}
            assert not isinstance(one, dict) or needed <= one.keys() <= named or not one, attribute["name"]
    assert config.keys() - {"schemas", "meta"} <= {attribute["name"] for attribute in schema["attributes"]}
