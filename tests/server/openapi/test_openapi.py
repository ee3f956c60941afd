"""The OpenAPI document: where it is served, and that it says of paths, types and limits what is so."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

BASE = "/scim/v2"
URN = "urn:ietf:params:scim:"
USER = f"{URN}schemas:core:2.0:User"
DEVICE = "urn:example:params:scim:schemas:core:1.0:Device"
ASSET = "urn:example:params:scim:schemas:extension:1.0:Asset"
BADGE = "urn:example:params:scim:schemas:extension:1.0:Badge"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE")


def inside(value: Any) -> Iterator[Any]:
    """A value and all that is in it."""
    yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from inside(item)


def addressed(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The operations of each path template by method, the server's own path in front."""
    found = {}
    for template, item in document["paths"].items():
        base = item.get("servers", document["servers"])[0]["url"].rstrip("/")
        methods = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
        found[base + template] = {name.upper(): item[name] for name in methods if name in item}
    return found


# Where it is


@pytest.mark.parametrize("authorization", [None, "Bearer s3cret", "Bearer nobody-s"])
def test_it_is_there_for_everybody(visitor: Any, authorization: str | None) -> None:
    headers = {"Authorization": authorization, "Accept": "text/html"}
    reply = visitor.send("GET", "/openapi.json", headers=headers)
    assert (reply.status, reply.header("Content-Type")) == (200, "application/json")
    assert reply.json()["openapi"].startswith("3.1.")
    head = visitor.send("HEAD", "/openapi.json", headers=headers)
    assert (head.status, head.body, head.header("Content-Length")) == (200, b"", str(len(reply.body)))


@pytest.mark.parametrize("method", [name for name in METHODS if name not in ("GET", "HEAD")])
def test_it_can_only_be_read(visitor: Any, method: str) -> None:
    reply = visitor.send(method, "/openapi.json")
    assert (reply.status, set(str(reply.header("Allow")).split(", "))) == (405, {"GET", "HEAD"})


def test_it_tells_nothing_of_what_is_stored(visitor: Any, document: dict[str, Any]) -> None:
    body = {"schemas": [USER], "userName": "ada"}
    assert visitor.send("POST", f"{BASE}/Users", body).status == 201
    assert visitor.send("PUT", "/manage/tenants/acme").status == 200
    assert visitor.send("GET", "/openapi.json").json() == document


# Its form; that it is OpenAPI 3.1 is for test_openapi_schemathesis


def test_its_schemas_are_json_schemas(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_it_refers_to_nothing_that_is_not_there(document: dict[str, Any]) -> None:
    named = [item["$ref"] for item in inside(document) if isinstance(item, dict) and "$ref" in item]
    wanted = {name for name in named if isinstance(name, str)}  # members have an attribute of that name
    components = document["components"]
    kinds = ("schemas", "parameters", "headers", "responses")
    there = {f"#/components/{kind}/{name}" for kind in kinds for name in components[kind]}
    assert wanted == there


def test_no_two_operations_have_one_name(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for item in addressed(document).values() for operation in item.values()]
    assert len(names) == len(set(names))


def test_examples_are_what_they_are_examples_of(document: dict[str, Any]) -> None:
    seen = 0
    components = document["components"]
    for name, schema in components["schemas"].items():
        for example in schema.get("examples", ()):
            seen += 1
            Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": components}).validate(example)
    assert seen == 6  # three types, PatchOp, SearchRequest and BulkRequest
    for item in inside(document["paths"]):
        if isinstance(item, dict) and "example" in item:
            Draft202012Validator({**item["schema"], "components": components}).validate(item["example"])


def test_example_resources_can_be_created(visitor: Any, document: dict[str, Any]) -> None:
    for endpoint, name in (("Users", "User"), ("Groups", "Group"), ("Devices", "Device")):
        (example,) = document["components"]["schemas"][f"{name}.sent"]["examples"]
        assert visitor.send("POST", f"{BASE}/{endpoint}", example).status == 201


# Paths


def test_it_has_the_endpoints_of_rfc_7644_table_2_for_each_type(document: dict[str, Any]) -> None:
    every = {f"{BASE}/{name}{rest}" for name in ("Users", "Groups", "Devices") for rest in ("", "/{id}", "/.search")}
    discovery = {f"{BASE}/{name}" for name in ("ServiceProviderConfig", "ResourceTypes", "Schemas")}
    single = {f"{BASE}/ResourceTypes/{{id}}", f"{BASE}/Schemas/{{id}}"}
    others = {f"{BASE}/", f"{BASE}/.search", f"{BASE}/Bulk", f"{BASE}/Me", "/livez", "/readyz", "/openapi.json"}
    assert set(addressed(document)) == every | discovery | single | others


def test_there_is_nothing_that_it_does_not_name(visitor: Any, document: dict[str, Any]) -> None:
    """TRACE is no method of SCIM: where there is something it is 405 (/Me: 501), and 404 where there is nothing."""
    words = ("Users", "Groups", "Devices", "ServiceProviderConfig", "ResourceTypes", "Schemas", "Bulk", "Me", ".search",
             "User", "livez", "x")  # fmt: skip
    templates = [re.sub(r"\\{id\\}", "[^/]+", re.escape(template)) for template in addressed(document)]
    known = re.compile("|".join(templates))
    for segments in (path for length in (1, 2, 3) for path in itertools.product(words, repeat=length)):
        path = "/".join((BASE, *segments))
        there = visitor.send("TRACE", path).status != 404
        assert there == bool(known.fullmatch(path)), path


def test_each_method_that_it_names_is_taken_and_no_other(visitor: Any, document: dict[str, Any]) -> None:
    body = {"schemas": [USER], "userName": "ada"}
    for template, operations in addressed(document).items():
        path = template.replace("{id}", USER if "Schemas" in template else "User")
        for method in METHODS:
            status = visitor.send(method, path, None if method in ("GET", "HEAD") else body).status
            if template.endswith("/Me"):
                assert status == 501
            elif method in operations or (method == "HEAD" and "GET" in operations):
                assert status != 405, (method, path)
                assert str(status) in operations["GET" if method == "HEAD" else method]["responses"], (method, path)
            else:
                assert status == 405, (method, path)


def test_the_servers_are_named_relative_to_wherever_it_was_found(document: dict[str, Any]) -> None:
    assert [server["url"] for server in document["servers"]] == [BASE]


def test_another_base_path_is_said(make_client: Any) -> None:
    from scimrig_simulator.in_process import InProcessTransport
    from scimrig_simulator.wire import Send

    client = make_client(base_url="http://127.0.0.1:8080/identity", base_path="/identity")
    transport = InProcessTransport(client.app, "http://127.0.0.1:8080", None, client.clock)
    found = transport.exchange(Send("GET", "/openapi.json", "", ())).resource()
    transport.close()
    assert found["servers"][0]["url"] == "/identity"
    assert "/NAME/identity" in found["info"]["description"]


# Resource types from files


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][name]
    return found


def test_a_type_from_a_file_is_described_by_its_schema(document: dict[str, Any]) -> None:
    sent, shown = schema(document, "Device.sent"), schema(document, "Device")
    assert sent["required"] == ["schemas", "serialNumber", "displayName"]
    assert shown["required"] == ["schemas", "id"]
    given = sent["properties"]
    types = {name: given[name]["type"] for name in ("serialNumber", "active", "slots", "weight", "tags", "owner")}
    assert types == {"serialNumber": "string", "active": "boolean", "slots": "integer", "weight": "number",
                     "tags": "array", "owner": "object"}  # fmt: skip
    assert given["boughtAt"]["format"] == "date-time"
    assert given["manual"]["format"] == "uri-reference"
    assert given["certificate"]["contentEncoding"] == "base64"
    assert given["owner"]["required"] == ["value"]
    assert given["interfaces"]["items"]["required"] == ["value"]
    assert given["kind"]["examples"] == ["laptop", "phone", "printer"]


def test_what_only_the_server_writes_is_not_sent_and_what_is_never_returned_not_shown(document: dict[str, Any]) -> None:
    sent, shown = schema(document, "Device.sent")["properties"], schema(document, "Device")["properties"]
    assert (sent.keys() - shown.keys(), shown.keys() - sent.keys()) == ({"unlockCode"}, {"id", "meta", "lastSeen"})
    assert sent["unlockCode"]["writeOnly"] is True
    assert all(shown[name]["readOnly"] is True for name in ("id", "meta", "lastSeen"))
    inner = [one["interfaces"]["items"]["properties"].keys() for one in (sent, shown)]
    assert inner[0] - inner[1] == {"secret"}
    assert "password" not in schema(document, "User")["properties"]
    assert "groups" not in schema(document, "User.sent")["properties"]


def test_extensions_stand_under_their_urns(document: dict[str, Any]) -> None:
    extension = schema(document, "Device.sent")["properties"][ASSET]
    assert extension["required"] == ["assetTag"]
    assert extension["properties"]["warranty"]["properties"]["until"]["format"] == "date-time"
    named = schema(document, "Device.sent")["properties"]["schemas"]
    assert (named["items"]["enum"], named["contains"]) == ([DEVICE, ASSET], {"const": DEVICE})
    assert schema(document, "User")["properties"][BADGE]["properties"]["floors"]["items"] == {"type": "integer"}


@pytest.mark.parametrize(
    ("name", "part", "wrong"),
    [
        ("User.sent", {"userName": " "}, "userName"), ("User.sent", {"active": "True"}, "active"),
        ("User.sent", {"emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}, "emails"),
        ("User.sent", {"schemas": [f"{URN}schemas:core:2.0:Group"]}, "schemas"),
        ("Device.sent", {"certificate": "QQ"}, "certificate"), ("Device.sent", {"slots": 1.5}, "slots"),
        ("Device.sent", {"owner": {"since": "2024-06-01T12:00:00Z"}}, "owner"),
        ("Group.sent", {"members": [{"display": "Ada"}]}, "members"),
    ],
)  # fmt: skip
def test_what_the_server_refuses_by_the_letter_its_schema_refuses(
    document: dict[str, Any], make_client: Any, name: str, part: dict[str, Any], wrong: str
) -> None:
    (example,) = schema(document, name)["examples"]
    validator = Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})
    assert [error.absolute_path[0] for error in validator.iter_errors({**example, **part})][:1] == [wrong]
    if not name.startswith("Device"):
        kind = name.partition(".")[0]
        strict = make_client(tolerances=frozenset())
        assert strict.send("POST", f"/{kind}s", body={**example, **part}).status == 400
        assert strict.send("POST", f"/{kind}s", body=example).status == 201


# Limits: what is stated is taken, and no more


def stated(document: dict[str, Any], words: str) -> int:
    """The number in front of words in the description."""
    found = re.search(rf"(\d+) {words}", " ".join(document["info"]["description"].split()))
    assert found is not None
    return int(found[1])


def posted(visitor: Any, body: Any, path: str = "/Users") -> int:
    status: int = visitor.send("POST", f"{BASE}{path}", body).status
    return status


def test_a_body_is_as_long_as_is_said(visitor: Any, document: dict[str, Any]) -> None:
    most = stated(document, "bytes of a body")
    body = b'{"schemas": ["%s"], "userName": "ada"}' % USER.encode()
    assert posted(visitor, body.ljust(most)) == 201
    assert posted(visitor, body.ljust(most + 1)) == 413
    assert str(most) in document["components"]["responses"]["413"]["description"]


def test_json_is_nested_as_deep_as_is_said(visitor: Any, document: dict[str, Any]) -> None:
    most = stated(document, "levels of JSON")

    def nested(levels: int) -> bytes:
        inner = b"[" * (levels - 1) + b"]" * (levels - 1)
        return b'{"schemas": ["%s"], "userName": "%d", "x": %s}' % (USER.encode(), levels, inner)

    assert (posted(visitor, nested(most)), posted(visitor, nested(most + 1))) == (201, 400)


@pytest.mark.parametrize(
    ("words", "name"),
    [("characters of a value", "title"), ("characters of a reference or a binary value", "profileUrl")],
)
def test_a_value_is_as_long_as_is_said(visitor: Any, document: dict[str, Any], words: str, name: str) -> None:
    most = stated(document, words)
    long, too_long = ({"schemas": [USER], "userName": "ada", name: "x" * length} for length in (most, most + 1))
    assert (posted(visitor, too_long), posted(visitor, long)) == (400, 201)


def test_an_attribute_has_as_many_values_as_is_said(visitor: Any, document: dict[str, Any]) -> None:
    most = schema(document, "User.sent")["properties"]["emails"]["maxItems"]
    addresses = [{"value": f"{number}@acme.test"} for number in range(most + 1)]
    body = {"schemas": [USER], "userName": "ada", "emails": addresses}
    assert posted(visitor, body) == 400
    assert posted(visitor, {**body, "emails": addresses[1:]}) == 201
    assert "maxItems" not in schema(document, "Group.sent")["properties"]["members"]


def test_a_job_has_as_many_operations_as_is_said(visitor: Any, document: dict[str, Any]) -> None:
    most = schema(document, "message.BulkRequest")["properties"]["Operations"]["maxItems"]
    job = {"schemas": [f"{URN}api:messages:2.0:BulkRequest"], "Operations": [{"method": "DELETE", "path": "/Users/x"}]}
    assert posted(visitor, {**job, "Operations": job["Operations"] * most}, "/Bulk") == 200
    assert posted(visitor, {**job, "Operations": job["Operations"] * (most + 1)}, "/Bulk") == 413


def test_a_page_holds_as_many_resources_as_is_said(visitor: Any, document: dict[str, Any]) -> None:
    most = schema(document, "User.list")["properties"]["Resources"]["maxItems"]
    usual = int(re.search(r"(\d+) unless said", document["components"]["parameters"]["count"]["description"])[1])  # type: ignore[index]
    for number in range(most + 1):
        assert posted(visitor, {"schemas": [USER], "userName": f"u{number}"}) == 201
    found = visitor.send("GET", f"{BASE}/Users", query="count=100000").resource()
    assert (found["totalResults"], len(found["Resources"])) == (most + 1, most)
    assert len(visitor.send("GET", f"{BASE}/Users").resource()["Resources"]) == usual


@pytest.mark.parametrize(("name", "bound"), [("filter", "maxLength"), ("attributes", "maxItems")])
def test_what_a_search_says_is_as_long_as_is_said(
    visitor: Any, document: dict[str, Any], name: str, bound: str
) -> None:
    most = document["components"]["parameters"][name]["schema"][bound]
    assert schema(document, "message.SearchRequest")["properties"][name][bound] == most

    def asked(length: int) -> int:
        value: Any = ["title"] * length if bound == "maxItems" else f'title eq "{"x" * (length - 11)}"'
        message = {"schemas": [f"{URN}api:messages:2.0:SearchRequest"], name: value}
        return posted(visitor, message, "/Users/.search")

    assert (asked(most), asked(most + 1)) == (200, 400)
