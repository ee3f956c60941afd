"""Requests that are made to cost much: small enough to be sent, refused or done before anybody notices."""

from __future__ import annotations

import json
from typing import Any

import pytest

MESSAGE = "urn:ietf:params:scim:api:messages:2.0:"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
MARKS = "\u0315\u0300" * 150_000  # to put n of them in order takes n² steps (UAX #15 calls more than 30 unsafe)
IDS = [{"value": f"{number:036}"} for number in range(20_000)]


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [f"{MESSAGE}PatchOp"], "Operations": list(operations)}


def bulk(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [f"{MESSAGE}BulkRequest"], "Operations": list(operations)}


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


COSTLY: dict[str, tuple[str, bytes, dict[str, Any], int]] = {
    "marks in a user": ("POST", b"Users", {"schemas": [USER], "userName": "x", "emails": [{"value": MARKS}]}, 400),
    "marks in a patch": ("PATCH", b"Users/{u0}", patch(add("emails", [{"value": MARKS}])), 400),
    "marks in a member": ("PATCH", b"Groups/{g0}", patch(add("members", [{"value": MARKS}])), 400),
    "marks in a filter": ("POST", b".search", {"filter": f'userName eq "{MARKS[:16_000]}"'}, 200),
    "marks in a path": ("PATCH", b"Users/{u0}", patch(*[
        {"op": "remove", "path": f'emails[value eq "{MARKS[:16_000]}"]'}] * 20), 200),
    "values in one go": ("PATCH", b"Users/{u0}", patch(add("emails", [{"value": f"{n}@a"} for n in range(20_000)])),
        400),
    "operations": ("PATCH", b"Users/{u0}", patch(*[add("title", str(number)) for number in range(1_001)]), 413),
    "members nobody knows": ("POST", b"Groups", {"schemas": [GROUP], "displayName": "x", "members": IDS}, 400),
    "names": ("POST", b"Users", {"schemas": [USER], **{f"a{number}": 1 for number in range(60_000)}}, 400),
    "one name in 2,000 cases": ("POST", b"Users", {"schemas": [USER], "userName": "x", **{
        "".join(c.upper() if n >> k & 1 else c for k, c in enumerate("displayname")): "x" for n in range(2_047)}}, 400),
    "jobs": ("POST", b"Bulk", bulk(*[{"method": "DELETE", "path": "/Users/x"}] * 20_000), 413),
    "groups in a circle": ("POST", b"Bulk", bulk(*[
        {"method": "POST", "path": "/Groups", "bulkId": f"{n}", "data": {
            "schemas": [GROUP], "displayName": "x", "members": [{"value": f"bulkId:{(n + 1) % 400}"}]}}
        for n in range(400)]), 200),
}  # fmt: skip


@pytest.mark.parametrize("name", COSTLY)
def test_what_would_cost_much_is_refused_or_done_soon(rigs: list[Any], name: str) -> None:
    method, path, body, status = COSTLY[name]
    answer = rigs[0].send(method=method, path=b"/scim/v2/" + path, body=json.dumps(body, ensure_ascii=False).encode())
    assert answer.status == status, answer.body[:300]


def test_a_thousand_headers_of_one_name_are_read_in_no_time(rigs: list[Any]) -> None:
    many = [(b"x-same", b"value")] * 30_000
    assert rigs[0].send(headers=many).status == 200
