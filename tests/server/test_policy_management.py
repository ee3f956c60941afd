"""The management API: JSON both ways, the SCIM token, settings that last, and no trace of it under ``open``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import BY_THE_BOOK

PATHS = ("/domains", "/roles", "/roles/map/x", "/users/x/roles", "/users/x/access", "/webhook", "/deliveries")


def without_token(value: str | None = None) -> Any:
    lines = [(name, text) for name, text in BY_THE_BOOK if name != "Authorization"]
    return (*lines, *([("Authorization", value)] if value else []))


def test_what_is_set_is_shown_and_stays_in_the_file(make_tenant: Callable[..., Any], tmp_path: Path) -> None:
    path = str(tmp_path / "db")
    first = make_tenant(db=path, domains=("Acme.test", "bücher.test.", "ACME.TEST"))
    group = first.group("Eng")
    first.manage("PUT", "/roles", {"default": "reader"})
    first.manage("PUT", f"/roles/map/{group['id']}", {"role": "developer"})
    second = make_tenant(db=path, domains=())
    for tenant in (first, second):
        assert tenant.managed("/domains") == {"domains": ["acme.test", "xn--bcher-kva.test"]}
        assert tenant.managed("/roles") == {"default": "reader", "map": {group["id"]: "developer"}}
        assert tenant.managed("/webhook") == {"url": "http://127.0.0.1:9/hook"}


def test_at_first_nothing_is_set(make_client: Callable[..., Any]) -> None:
    client = make_client(policy="scalekit")
    assert client.managed("/domains") == {"domains": []}
    assert client.managed("/roles") == {"default": "member", "map": {}}
    assert client.managed("/deliveries") == {"deliveries": [], "next": ""}
    assert client.manage("GET", "/webhook").status == 404


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/", ""])
@pytest.mark.parametrize("credentials", [None, "Bearer wrong", "Bearer ", "Basic s3cret"])
def test_a_stranger_learns_nothing(tenant: Any, path: str, credentials: str | None) -> None:
    reply = tenant.manage("GET", path or "/x", headers=without_token(credentials))
    assert reply.status == 401
    assert list(reply.resource()) == ["error"]
    assert reply.header("WWW-Authenticate").startswith("Bearer")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404), ("GET", "/domains/x", 404), ("GET", "/users/nobody/roles", 404),
        ("PUT", "/roles/map/nobody", 404), ("DELETE", "/roles/map/nobody", 404), ("GET", "/users//roles", 404),
        ("POST", "/domains", 405), ("DELETE", "/roles", 405), ("PUT", "/deliveries", 405), ("PATCH", "/webhook", 405),
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_in_json(tenant: Any, method: str, path: str, status: int) -> None:
    reply = tenant.manage(method, path, {"role": "x"} if "map" in path and method == "PUT" else None)
    assert (reply.status, list(reply.resource())) == (status, ["error"])
    assert reply.header("Content-Type") == "application/json"
    assert (reply.header("Allow") is None) == (status == 404)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/domains", {}), ("/domains", {"domains": "acme.test"}), ("/domains", {"domains": ["acme.test", 1]}),
        ("/domains", {"domains": ["@acme.test"]}), ("/domains", {"domains": [""]}), ("/domains", {"domains": ["a b"]}),
        ("/domains", {"domains": [], "more": 1}), ("/domains", []), ("/domains", b"{"), ("/domains", b""),
        ("/roles", {"default": ""}), ("/roles", {"default": None}), ("/roles", {"default": " member"}),
        ("/roles", {"role": "x"}), ("/roles", {"default": "x" * 101}),
        ("/webhook", {"url": "http://10.0.0.1/hook"}), ("/webhook", {"url": "http://localhost.evil.test/"}),
        ("/webhook", {"url": "ftp://127.0.0.1/"}), ("/webhook", {"url": "https://"}), ("/webhook", {"url": "hook"}),
        ("/webhook", {"url": "https://user:pw@app.test/"}), ("/webhook", {"url": "https://app.test:x/"}),
        ("/webhook", {"url": "https://app.test/#x"}), ("/webhook", {"url": "https://app.test/a b"}), ("/webhook", {}),
        ("/webhook", {"url": None}), ("/webhook", {"url": "https://app.test/\r\nx: y"}),
    ],
)  # fmt: skip
def test_a_setting_that_makes_no_sense_is_refused_and_changes_nothing(tenant: Any, path: str, body: Any) -> None:
    before = tenant.managed(path)
    reply = tenant.manage("PUT", path, body)
    assert (reply.status, list(reply.resource())) == (400, ["error"])
    assert tenant.managed(path) == before


@pytest.mark.parametrize(
    "url",
    ["https://app.test/hook?x=1", "http://127.0.0.1:8080/", "http://localhost/hook", "http://[::1]:9/", "HTTP://127.1.2.3"],
)
def test_the_secret_of_a_webhook_is_told_when_it_is_registered_and_never_again(tenant: Any, url: str) -> None:
    told = tenant.manage("PUT", "/webhook", {"url": url}).resource()
    assert told["url"] == url
    assert told["secret"].startswith("whsec_")
    assert tenant.managed("/webhook") == {"url": url}
    assert tenant.manage("PUT", "/webhook", {"url": url}).resource()["secret"] != told["secret"]
    assert [tenant.manage("DELETE", "/webhook").status for _ in range(2)] == [204, 204]
    assert tenant.manage("GET", "/webhook").status == 404


def test_deliveries_are_listed_with_their_attempts(tenant: Any) -> None:
    ada = tenant.person("ada")
    tenant.told()
    (delivery,) = tenant.managed("/deliveries")["deliveries"]
    assert (delivery["type"], delivery["state"]) == ("organization.directory.user_created", "delivered")
    assert [attempt["status"] for attempt in delivery["attempts"]] == [200]
    assert ada["id"] not in str(delivery)


def test_under_open_there_is_no_management_and_no_policy(client: Any) -> None:
    for path in PATHS:
        reply = client.manage("GET", path)
        assert (reply.status, reply.resource()["status"]) == (404, "404")
    assert client.user("joe", emails=[{"value": "joe@anywhere.test"}])["userName"] == "joe"


def test_an_unknown_preset_is_no_server() -> None:
    with pytest.raises(ValueError, match="'scalkit', only open and scalekit"):
        build(Settings(token="t", policy="scalkit"))


def test_what_was_stored_under_open_is_held_to_the_rules_from_then_on(
    make_client: Callable[..., Any], make_tenant: Callable[..., Any], tmp_path: Path
) -> None:
    path = str(tmp_path / "db")
    ada = make_client(db=path).user("ada", active=True)
    tenant = make_tenant(db=path)
    assert tenant.put(ada, title="Lead").resource()["scimType"] == "invalidValue"
    given = tenant.put(ada, emails=[{"value": "ada@acme.test"}])
    assert (given.status, given.resource()["emails"]) == (200, [{"value": "ada@acme.test"}])
