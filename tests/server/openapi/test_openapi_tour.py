"""Every operation of the OpenAPI document, with every status that it declares: each answer is as is said there."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

BASE = "/scim/v2"
MESSAGE = "urn:ietf:params:scim:api:messages:2.0:"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
SEARCH = {"schemas": [f"{MESSAGE}SearchRequest"]}
JOB = {"schemas": [f"{MESSAGE}BulkRequest"], "Operations": [{"method": "DELETE", "path": "/Users/x"}]}
NOT_FROM_HERE = {"408", "431", "503"}
"""Statuses of connections, and of a server that can't work: see test_fuzz_socket, test_health and test_mishaps."""


@dataclass
class Tour:
    """Goes round a server with its document in hand. seen: the statuses that each operation has answered with."""

    visitor: Any
    document: dict[str, Any]
    seen: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """The operation that a path and a method stand for: a template without parameters first."""
        for template, item in sorted(self.document["paths"].items(), key=lambda pair: "{" in pair[0]):
            base = item.get("servers", self.document["servers"])[0]["url"].rstrip("/")
            if re.fullmatch(re.sub(r"\\{id\\}", "[^/]+", re.escape(base + template)), path):
                return dict(item[method.lower()])
        raise AssertionError(f"{path} isn't in the document")

    def ask(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str | None] | None = None, query: str = ""
    ) -> Any:
        """Send a request, and hold its answer to what is declared."""
        operation = self.operation(method, path)
        reply = self.visitor.send(method, path, body, headers, query)
        status = str(reply.status)
        assert status in operation["responses"], f"{method} {path}: {reply.body!r}"
        self.seen[operation["operationId"]].add(status)
        self.check(reply, self.resolved(operation["responses"][status]))
        return reply

    def check(self, reply: Any, declared: dict[str, Any]) -> None:
        for name, header in declared.get("headers", {}).items():
            value: Any = reply.header(name)
            schema = self.resolved(header)["schema"]
            self.validate(schema, int(value) if schema["type"] == "integer" else value)
        if "content" not in declared:
            assert (reply.body, reply.header("Content-Type")) == (b"", None)
            return
        self.validate(declared["content"][reply.header("Content-Type")]["schema"], reply.json())

    def resolved(self, part: dict[str, Any]) -> dict[str, Any]:
        if "$ref" not in part:
            return part
        _, _, kind, name = part["$ref"].split("/")
        return dict(self.document["components"][kind][name])

    def validate(self, schema: dict[str, Any], value: Any) -> None:
        whole = {**schema, "components": self.document["components"]}
        Draft202012Validator(whole, format_checker=FormatChecker()).validate(value)

    def declared(self) -> dict[str, set[str]]:
        operations = [one for item in self.document["paths"].values() for one in item.values() if "responses" in one]
        return {one["operationId"]: set(one["responses"]) for one in operations}


@pytest.fixture
def tour(visitor: Any, document: dict[str, Any]) -> Tour:
    return Tour(visitor, document)


FULL = {
    "Users": {"name": {"familyName": "Lovelace"}, "active": True, "password": "s3cret!", "externalId": "1",
              "emails": [{"value": "ada@acme.test", "type": "work", "primary": True}, {"value": "a@b.test"}],
              "addresses": [{"type": "work", "locality": "London", "country": "GB"}], "profileUrl": "../ada?x=%20",
              "x509Certificates": [{"value": "QWRh"}], "photos": [{"value": "data:image/png;base64,QQ=="}],
              "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
                  {"department": "Engines", "manager": {"value": "26118915", "displayName": "Charles"}},
              "urn:example:params:scim:schemas:extension:1.0:Badge":
                  {"number": 7, "floors": [1, 2], "clearance": "staff"}},
    "Groups": {"externalId": "g"},
    "Devices": {"boughtAt": "2024-06-01T24:00:00", "weight": 1, "slots": 3, "certificate": "QUI", "unlockCode": "0000",
                "manual": "https://example.test/é", "tags": ["a", "b"], "history": "long", "hostName": "h",
                "owner": {"value": "1", "since": "2024-06-01T12:00:00.5+02:00"},
                "interfaces": [{"value": "00:1b", "primary": True, "secret": "x", "counters": [1, 2], "up": False}],
                "urn:example:params:scim:schemas:extension:1.0:Asset":
                    {"assetTag": "t", "price": 9.5, "warranty": {"until": "2030-01-01T00:00:00Z"}}},
}  # fmt: skip
"""Of each type, what a resource may have beside the document's example, as awkward as the server takes it."""


def test_every_answer_is_as_declared_and_every_declared_status_is_met(tour: Tour) -> None:
    for endpoint, name in (("Users", "User"), ("Groups", "Group"), ("Devices", "Device")):
        resources(tour, endpoint, tour.document["components"]["schemas"][f"{name}.sent"]["examples"][0])
    a_large_group(tour)
    everywhere(tour)
    elsewhere(tour)
    met = {name: statuses - NOT_FROM_HERE for name, statuses in tour.declared().items()}
    for name in met:
        if re.match(r"get|.*Me$", name):  # nothing is read of such a request
            met[name] -= {"400"}
    assert tour.seen == met


def resources(tour: Tour, endpoint: str, example: dict[str, Any]) -> None:
    """A round of what is done with resources of one type."""
    place = f"{BASE}/{endpoint}"
    whole = {**example, **FULL[endpoint]}
    whole["schemas"] = [*example["schemas"], *(name for name in whole if name.startswith("urn:"))]
    made = tour.ask("POST", place, whole)
    assert made.status == 201
    one = made.header("Location").removeprefix("http://127.0.0.1:8080")
    change = {"schemas": [f"{MESSAGE}PatchOp"], "Operations": [{"op": "replace", "path": "externalId", "value": "n"}]}
    assert tour.ask("GET", one).status == 200
    assert tour.ask("GET", one, query="attributes=externalId,history,owner.since,emails.type").status == 200
    assert tour.ask("GET", one, headers={"Accept": "application/json"}).header("Content-Type") == "application/json"
    assert tour.ask("GET", one, headers={"If-None-Match": made.header("ETag")}).status == 304
    assert tour.ask("PUT", one, whole, {"If-Match": "*"}).status == 200
    assert tour.ask("PATCH", one, change).status == 200
    if endpoint != "Groups":
        assert tour.ask("POST", place, whole).status == 409
        unique = {"Users": "userName", "Devices": "hostName"}[endpoint]
        apart = {name: value for name, value in example.items() if not name.startswith("urn:")}
        serial = {"serialNumber": "2"} if endpoint == "Devices" else {}
        other = tour.ask("POST", place, {**apart, unique: "other", **serial})
        two = other.header("Location").removeprefix("http://127.0.0.1:8080")
        clash = {**change, "Operations": [{"op": "replace", "path": unique, "value": whole[unique]}]}
        assert tour.ask("PATCH", two, clash).status == 409
        assert tour.ask("PUT", two, {**apart, unique: whole[unique], **serial}).status == 409
    searches(tour, place)
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        body = {"PUT": whole, "PATCH": change}.get(method)
        assert tour.ask(method, one, body, {"If-Match": 'W/"none"'}).status == 412
        assert tour.ask(method, one, body, {"If-Match": "none"}).status == 400
        assert tour.ask(method, f"{place}/nobody", body).status == 404
    assert tour.ask("DELETE", one).status == 204


def searches(tour: Tour, place: str) -> None:
    """A round of what is found, below an endpoint or the root."""
    separator = "" if place.endswith("/") else "/"
    for query in ("", "filter=id%20pr&sortBy=meta.lastModified&sortOrder=descending", "count=0", "cursor=&count=1"):
        assert tour.ask("GET", place, query=query).status == 200
    assert tour.ask("GET", place, query="filter=x").status == 400
    assert tour.ask("POST", f"{place}{separator}.search", {**SEARCH, "cursor": "", "count": 1}).status == 200
    assert tour.ask("POST", f"{place}{separator}.search", {**SEARCH, "count": "x"}).status == 400


def a_large_group(tour: Tour) -> None:
    """So large that a PATCH doesn't show it again."""
    users = [{"schemas": [USER], "userName": f"u{number}"} for number in range(150)]
    ids = [tour.ask("POST", f"{BASE}/Users", user).json()["id"] for user in users]
    group = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Crew",
             "members": [{"value": id} for id in ids]}  # fmt: skip
    crew = tour.ask("POST", f"{BASE}/Groups", group).json()["id"]
    leaver = {"op": "remove", "path": f'members[value eq "{ids[0]}"]'}
    change = {"schemas": [f"{MESSAGE}PatchOp"], "Operations": [leaver]}
    assert tour.ask("PATCH", f"{BASE}/Groups/{crew}", change).status == 204
    assert tour.ask("GET", f"{BASE}/Users/{ids[1]}").json()["groups"][0]["value"] == crew


def everywhere(tour: Tour) -> None:
    """What can be wrong with a request wherever it goes."""
    for template, item in tour.document["paths"].items():
        if "servers" in item:
            continue
        path = BASE + template.replace("{id}", "User")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if method.lower() in item:
                awry(tour, method, path, item[method.lower()])


def awry(tour: Tour, method: str, path: str, operation: dict[str, Any]) -> None:
    assert tour.ask(method, path, headers={"Authorization": "Bearer nobody-s"}).status == 401
    if "501" in operation["responses"]:
        assert tour.ask(method, path).status == 501
        return
    assert tour.ask(method, path, headers={"Accept": "text/html"}).status == 406
    if "requestBody" not in operation:
        return
    here = path if not path.endswith("/User") else made_at(tour, path)
    assert tour.ask(method, here, b"{").status == 400
    assert tour.ask(method, here, {}, {"Content-Type": "text/plain"}).status == 415
    assert tour.ask(method, here, {}, {"Content-Encoding": "gzip"}).status == 415
    assert tour.ask(method, here, b" " * (2 << 20)).status == 413


def made_at(tour: Tour, path: str) -> str:
    """A resource of the type of a path, made where there is none."""
    place = path.removesuffix("/User")
    found = tour.visitor.send("GET", place).json()["Resources"]
    return f"{place}/{found[0]['id']}"


def elsewhere(tour: Tour) -> None:
    """The root, bulk, discovery and health."""
    searches(tour, f"{BASE}/")
    job = {**JOB, "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": {"schemas": [USER], "userName": "new"}},
        {"method": "PUT", "path": "/Users/x", "data": {}}, {"method": "SHOUT"},
    ]}  # fmt: skip
    statuses = [one["status"] for one in tour.ask("POST", f"{BASE}/Bulk", job).json()["Operations"]]
    assert statuses == ["201", "404", "400"]
    assert tour.ask("GET", f"{BASE}/ServiceProviderConfig", headers={"Authorization": None}).status == 200
    for name in ("ResourceTypes", "Schemas"):
        listed = tour.ask("GET", f"{BASE}/{name}").json()["Resources"]
        for one in listed:
            assert tour.ask("GET", f"{BASE}/{name}/{one['id']}").json() == one
        assert tour.ask("GET", f"{BASE}/{name}/nobody").status == 404
    for path in ("ServiceProviderConfig", "ResourceTypes", "Schemas", "ResourceTypes/User", f"Schemas/{USER}"):
        assert tour.ask("GET", f"{BASE}/{path}", query="filter=id%20pr").status == 403
    for path in ("/livez", "/readyz", "/openapi.json"):
        assert tour.ask("GET", path).status == 200
