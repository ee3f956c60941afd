"""Which method goes where: RFC 7644 §3.2, Tables 1 and 2, and what is said everywhere else."""

from __future__ import annotations

from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
SEARCH = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
JOB = {
    "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
    "Operations": [{"method": "DELETE", "path": "/Users/x"}],
}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE")

TAKEN = {
    "/": ("GET", "HEAD"),
    "/Users": ("GET", "HEAD", "POST"),
    "/Groups": ("GET", "HEAD", "POST"),
    "/Users/{id}": ("GET", "HEAD", "PUT", "PATCH", "DELETE"),
    "/Users/.search": ("POST",),
    "/Groups/.search": ("POST",),
    "/.search": ("POST",),
    "/Bulk": ("POST",),
    "/ServiceProviderConfig": ("GET", "HEAD"),
    "/ResourceTypes": ("GET", "HEAD"),
    "/ResourceTypes/User": ("GET", "HEAD"),
    "/Schemas": ("GET", "HEAD"),
    f"/Schemas/{USER}": ("GET", "HEAD"),
}
ADDRESSES = [f"{path}{end}" for path in TAKEN for end in ("", "/") if path + end != "//"]


def said(reply: Any, status: int, method: str = "") -> None:
    assert (reply.status, reply.header("Content-Type")) == (status, "application/scim+json")
    if method == "HEAD":
        assert reply.body == b""
        return
    error = reply.resource()
    assert (error["schemas"], error["status"]) == ([ERROR], str(status))
    assert error["detail"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_method_is_taken_or_those_that_are_are_named(client: Any, address: str, method: str) -> None:
    """OPTIONS is no method of SCIM, so it is answered like any other that a path doesn't take."""
    path = address.replace("{id}", client.user("ada")["id"])
    body = JOB if "Bulk" in path else SEARCH if ".search" in path else {"schemas": [USER], "userName": "ben"}
    body = {**body, "displayName": "Crew"} if address.startswith("/Groups") else body
    reply = client.send(method, path, body=None if method in ("GET", "HEAD", "DELETE") else body)
    taken = TAKEN[address if address in TAKEN else address.rstrip("/")]
    if method not in taken:
        said(reply, 405, method)
        assert reply.header("Allow") == ", ".join(taken)
    else:
        assert reply.status != 405
        assert reply.header("Allow") is None


@pytest.mark.parametrize("method", METHODS)
def test_me_is_not_supported_whatever_the_method(client: Any, method: str) -> None:
    said(client.send(method, "/Me"), 501, method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path",
    [
        "/Nope", "/users", "/Users/{id}/x", "/Users/.search/x", "/Groups/.search/.search", "/.search/x", "/Bulk/x",
        "/Me/x", "//", "//Users", "/Users//", "/Users//x", "/ServiceProviderConfigs", "/ServiceProviderConfig/x",
        "/ResourceTypes/User/x", f"/Schemas/{USER}/x", "/Users/{id}/.search", "/v2/Users", "/%2FUsers", "/Users%2F{id}",
    ],
)  # fmt: skip
def test_there_is_nothing_anywhere_else(client: Any, path: str, method: str) -> None:
    said(client.send(method, path.replace("{id}", client.user("ada")["id"])), 404, method)


@pytest.mark.parametrize("path", ["/ResourceTypes/Nope", "/Schemas/urn:nope", "/Users/nope", "/Groups/nope"])
def test_what_has_a_place_and_isn_t_there_is_404(client: Any, path: str) -> None:
    said(client.send("GET", path), 404)


def test_a_user_is_no_group(client: Any) -> None:
    ada = client.user("ada")
    for method in ("GET", "DELETE"):
        said(client.send(method, f"/Groups/{ada['id']}"), 404)
    assert client.get(f"/Users/{ada['id']}") == ada
