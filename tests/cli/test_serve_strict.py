"""``scimrig serve --strict``: the server by the letter, in everything or in what is named."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

CAPITAL = {"op": "Replace", "path": "title", "value": "Lead"}
DOTTED = {"op": "replace", "value": {"name.givenName": "Ada"}}
BY_THE_BOOK = {"op": "replace", "path": "title", "value": "Lead"}


def send(url: str, token: str, method: str, body: Any) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ((), (200, 200, 200)),
        (("--strict",), (400, 400, 200)),
        (("--strict", "capital-op"), (400, 200, 200)),
        (("--strict", "remove-value,path-keys"), (200, 400, 200)),
    ],
)
def test_what_a_dialect_bends_is_refused_where_the_server_is_strict(
    shell: Any, serve: Callable[..., Any], words: tuple[str, ...], answers: tuple[int, ...]
) -> None:
    server, token = serve(*words), shell.env["SCIMRIG_TOKEN"]
    status, user = send(f"{server.url}/Users", token, "POST", {"schemas": [USER], "userName": "ada"})
    assert status == 201
    for operation, answer in zip((CAPITAL, DOTTED, BY_THE_BOOK), answers, strict=True):
        body = {"schemas": [PATCH_OP], "Operations": [operation]}
        status, reply = send(f"{server.url}/Users/{user['id']}", token, "PATCH", body)
        assert status == answer, reply
        assert status == 200 or reply["scimType"] in ("invalidSyntax", "invalidPath")


def test_a_tolerance_that_there_is_not_gets_a_suggestion(shell: Any) -> None:
    done = shell("serve", "--strict", "capital-op,pathkeys")
    done.complains("--strict", "'pathkeys'", "did you mean 'path-keys'?")
    assert done.code == 2
    assert shell("serve", "--strict", "").code == 2


def test_the_names_are_listed(shell: Any) -> None:
    listed = shell("list", "tolerances").out.split()
    assert {"capital-op", "string-boolean", "remove-value"} <= set(listed)
    assert "scimrig list tolerances" in " ".join(shell("serve", "--help").out.split())
