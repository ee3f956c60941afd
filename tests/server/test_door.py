"""The door of a directory: a good token and a switch that is off, or a network that isn't let in, end in 403 (D7).

401 says that the token is wrong, and is said of nothing else. The door is the same, whichever path leads to it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.policy.addresses import address, client, network, within
from scimrig_simulator.wire import BY_THE_BOOK, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@pytest.fixture
def acme(make_house: Callable[..., Any]) -> Any:
    """A tenant of a server with a policy, which other tests switch."""
    house = make_house("acme", "beta", policy="scalekit", poster=lambda *_: pytest.fail("nothing is to be sent"))
    guest = house.guests["acme"]
    guest.house = house
    assert guest.manage("PUT", "/domains", {"domains": ["acme.test"]}).status == 200
    return guest


def switch(guest: Any, what: str, body: dict[str, Any]) -> None:
    reply = guest.house.manage("PUT", f"/tenants/acme/{what}", body)
    assert (reply.status, reply.resource()) == (200, body)


def ways(guest: Any) -> list[str]:
    return ["/acme/scim/v2", "/api/v1/directories/dir_acme/scim/v2"]


def knock(
    guest: Any, method: str = "GET", path: str = "/Users", body: Any = None, place: str = "/acme/scim/v2",
    peer: str = "127.0.0.1", scheme: str = "http", **headers: str
) -> Any:  # fmt: skip
    """A request of somebody who is connected from ``peer``."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scope["client"] = (peer, 4711) if peer else None
        await guest.app(scope, receive, send)

    transport = InProcessTransport(app, f"{scheme}://127.0.0.1:8080{place}", f"Bearer {guest.token}", guest.clock)
    try:
        lines = tuple({**dict(BY_THE_BOOK), **headers}.items())
        return transport.exchange(Send(method, path, "", lines, body))
    finally:
        transport.close()


# Switches


@pytest.mark.parametrize("what", ["scim", "directory"])
@pytest.mark.parametrize("way", [0, 1])
def test_what_is_switched_off_refuses_everything_and_forgets_nothing(acme: Any, what: str, way: int) -> None:
    """CAP-07, CAP-08."""
    place = ways(acme)[way]
    ada = acme.user("ada", emails=[{"value": "ada@acme.test"}])
    switch(acme, what, {"enabled": False})
    user = {"schemas": [USER], "userName": "bob", "emails": [{"value": "bob@acme.test"}]}
    bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
        {"method": "POST", "path": "/Users", "bulkId": "1", "data": user}]}  # fmt: skip
    for method, path, body in (
        ("GET", "/Users", None), ("GET", f"/Users/{ada['id']}", None), ("GET", "/Users/nobody", None),
        ("POST", "/Users", user), ("PUT", f"/Users/{ada['id']}", user), ("PATCH", f"/Users/{ada['id']}", {}),
        ("DELETE", f"/Users/{ada['id']}", None), ("POST", "/Bulk", bulk), ("POST", "/.search", {}),
        ("GET", "/nowhere", None), ("TRACE", "/Users", None),
    ):  # fmt: skip
        reply = knock(acme, method, path, body, place)
        assert (reply.status, reply.header("WWW-Authenticate")) == (403, None), (method, path)
        told = reply.resource()
        assert (told["schemas"], told["status"]) == ([ERROR], "403")
        assert "scimType" not in told
    switch(acme, what, {"enabled": True})
    assert acme.get(f"/Users/{ada['id']}") == ada
    assert acme.get("/Users")["totalResults"] == 1
    assert acme.send("POST", "/Users", body=user).status == 201, "and goes on"


@pytest.mark.parametrize("what", ["scim", "directory"])
def test_a_bad_token_is_told_so_before_it_learns_of_a_switch(acme: Any, what: str) -> None:
    switch(acme, what, {"enabled": False})
    other = acme.house.guests["beta"].token
    gone = acme.house.issue("acme", 60)["token"]
    acme.clock.sleep(60)
    for place in ways(acme):
        for credentials in ("Bearer wrong", "Bearer", f"Basic {acme.token}", f"Bearer {other}", f"Bearer {gone}", ""):
            reply = knock(acme, place=place, Authorization=credentials)
            assert reply.status == 401, credentials
            assert reply.header("WWW-Authenticate").startswith("Bearer")


@pytest.mark.parametrize("what", ["scim", "directory"])
def test_discovery_needs_no_token_and_knows_no_switch(acme: Any, what: str) -> None:
    switch(acme, what, {"enabled": False})
    for place in ways(acme):
        for path in ("/ServiceProviderConfig", "/ResourceTypes", "/Schemas"):
            assert acme.send("GET", path, headers={"Authorization": None}).status == 200
            assert knock(acme, path=path, place=place).status == 403, "but whoever shows a token is told how things are"


def test_a_directory_s_switch_is_its_own_and_the_organization_s_is_for_all(programs: Any) -> None:
    acme = programs.organization()
    one, two = programs.directory(acme), programs.directory(acme)
    clients = [programs.idp(one), programs.idp(two), programs]

    def statuses() -> list[int]:
        return [client.send("GET", "/Users").status for client in clients]

    place = f"/organizations/{acme['id']}"
    programs.asked("PATCH", f"{place}/directories/{one['id']}:disable")
    assert statuses() == [403, 200, 200]
    programs.asked("PATCH", f"{place}/settings", {"features": [{"name": "scim", "enabled": False}]})
    assert statuses() == [403, 403, 200]
    programs.asked("PATCH", f"{place}/directories/{one['id']}:enable")
    assert statuses() == [403, 403, 200]
    programs.asked("PATCH", f"{place}/settings", {"features": [{"name": "scim", "enabled": True}]})
    assert statuses() == [200, 200, 200]


def test_a_door_that_shuts_while_a_body_comes_lets_it_in_no_more(acme: Any) -> None:
    sent: list[Any] = []
    body = json.dumps({"schemas": [USER], "userName": "ada", "emails": [{"value": "ada@acme.test"}]}).encode()

    async def receive() -> dict[str, Any]:
        await asyncio.to_thread(switch, acme, "directory", {"enabled": False})
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "scheme": "http", "path": "/acme/scim/v2/Users",
        "raw_path": b"/acme/scim/v2/Users", "query_string": b"", "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80), "state": {},
        "headers": [(b"host", b"127.0.0.1"), (b"authorization", b"Bearer " + acme.token.encode()),
                    (b"content-type", b"application/scim+json")],
    }  # fmt: skip
    asyncio.run(acme.app(scope, receive, send))
    assert sent[0]["status"] == 403
    switch(acme, "directory", {"enabled": True})
    assert acme.get("/Users")["totalResults"] == 0


def test_management_stays_open_behind_a_shut_door(acme: Any) -> None:
    """Whoever has switched a directory off has to be able to look at it."""
    switch(acme, "scim", {"enabled": False})
    assert acme.manage("GET", "/domains").status == 200
    assert acme.house.send("GET", "/Users").status == 200, "other tenants' doors are theirs"


@pytest.mark.parametrize("what", ["scim", "directory"])
@pytest.mark.parametrize("body", [{}, {"enabled": "no"}, {"enabled": 0}, {"enabled": True, "x": 1}, [], b"{"])
def test_a_switch_is_on_or_off(acme: Any, what: str, body: Any) -> None:
    assert acme.house.manage("PUT", f"/tenants/acme/{what}", body).status == 400
    assert acme.house.manage("PUT", f"/tenants/nobody/{what}", {"enabled": True}).status == 404


# Networks (CAP-20)


def test_an_empty_list_lets_everybody_in_and_another_only_whom_it_names(acme: Any) -> None:
    peers = ["127.0.0.1", "10.1.2.3", "192.0.2.7", "2001:db8::7", "::1", "::ffff:10.1.2.3", "fe80::1%eth0", "", "unix"]

    def let_in() -> list[str]:
        statuses = {peer: {knock(acme, place=place, peer=peer).status for place in ways(acme)} for peer in peers}
        assert {status for found in statuses.values() for status in found} <= {200, 403}
        assert {len(found) for found in statuses.values()} == {1}, "both ways alike"
        return [peer for peer, found in statuses.items() if found == {200}]

    assert let_in() == peers
    for allowed, expected in (
        (["10.0.0.0/8"], ["10.1.2.3", "::ffff:10.1.2.3"]),
        (["10.1.2.3/32"], ["10.1.2.3", "::ffff:10.1.2.3"]),
        (["2001:db8::/32", "127.0.0.1/32"], ["127.0.0.1", "2001:db8::7"]),
        (["0.0.0.0/0"], ["127.0.0.1", "10.1.2.3", "192.0.2.7", "::ffff:10.1.2.3"]),
        (["fe80::/10", "::1/128"], ["::1", "fe80::1%eth0"]),
        (["203.0.113.0/24"], []),
    ):
        switch(acme, "allowed", {"addresses": allowed})
        assert let_in() == expected, allowed
    switch(acme, "allowed", {"addresses": []})
    assert let_in() == peers


@pytest.mark.parametrize(
    ("written", "kept"),
    [("10.1.2.3/8", "10.0.0.0/8"), ("10.1.2.3", "10.1.2.3/32"), ("2001:DB8:0::7", "2001:db8::7/128"),
     (" 10.0.0.0/8 ", "10.0.0.0/8"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:10.1.2.3", "10.1.2.3/32")],
)  # fmt: skip
def test_a_network_is_kept_in_one_form(acme: Any, written: str, kept: str) -> None:
    reply = acme.house.manage("PUT", "/tenants/acme/allowed", {"addresses": [written, kept]})
    assert (reply.status, reply.resource()) == (200, {"addresses": [kept]})
    assert network(network(written)) == network(written) == kept


@pytest.mark.parametrize("given", ["10.0.0.0/33", "acme.test", "", "10.0.0", "10.0.0.0/8/8", "::g", 7, None])
def test_what_is_no_network_is_refused_and_the_list_stays(acme: Any, given: Any) -> None:
    switch(acme, "allowed", {"addresses": ["127.0.0.0/8"]})
    reply = acme.house.manage("PUT", "/tenants/acme/allowed", {"addresses": ["10.0.0.0/8", given]})
    assert (reply.status, list(reply.resource())) == (400, ["error"])
    assert [knock(acme, peer=peer).status for peer in ("127.0.0.1", "10.1.2.3")] == [200, 403]


def test_the_list_of_the_api_is_the_same(acme: Any) -> None:
    switch(acme, "allowed", {"addresses": ["10.0.0.0/8"]})
    api = InProcessTransport(acme.app, "http://127.0.0.1:8080/api/v1", "Bearer s3cret", acme.clock)
    path = "/organizations/org_acme/directories/dir_acme"
    assert api.exchange(Send("GET", path)).resource()["directory"]["allowed_addresses"] == ["10.0.0.0/8"]
    body = {"allowed_addresses": ["192.0.2.0/24"]}
    assert api.exchange(Send("PATCH", path, "", BY_THE_BOOK, body)).status == 200
    api.close()
    assert [knock(acme, peer=peer).status for peer in ("10.1.2.3", "192.0.2.9")] == [403, 200]


# Whose word is taken for where a request comes from


def test_nobody_s_word_is_taken_unless_it_is_a_trusted_proxy_s(acme: Any) -> None:
    switch(acme, "allowed", {"addresses": ["10.0.0.0/8"]})
    for line in ("X-Forwarded-For", "x-forwarded-for", "Forwarded", "X-Real-IP"):
        reply = knock(acme, peer="192.0.2.7", **{line: "10.1.2.3"})
        assert reply.status == 403, line
    assert knock(acme, peer="10.1.2.3", **{"X-Forwarded-For": "192.0.2.7"}).status == 200


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("127.0.0.1", "10.1.2.3", 200),
        ("127.0.0.1", "192.0.2.7", 403),
        ("127.0.0.1", "", 403),
        ("127.0.0.1", "10.1.2.3, 192.0.2.7", 403),  # what 192.0.2.7 said of itself
        ("127.0.0.1", "192.0.2.7, 10.1.2.3", 200),
        ("127.0.0.1", "10.1.2.3, 127.0.0.9", 200),  # one proxy behind another
        ("127.0.0.1", "192.0.2.7, 127.0.0.9", 403),
        ("127.0.0.1", "10.1.2.3:4711", 200),
        ("127.0.0.1", "::ffff:10.1.2.3", 200),
        ("127.0.0.1", "[::ffff:10.1.2.3]:4711", 200),
        ("127.0.0.1", "10.1.2.3, unknown", 403),
        ("127.0.0.1", "10.1.2.3,,", 200),
        ("::ffff:127.0.0.1", "10.1.2.3", 200),
        ("192.0.2.7", "10.1.2.3", 403),
        ("10.1.2.3", "192.0.2.7", 200),
    ],
)
def test_a_proxy_s_list_is_read_from_its_end(
    make_house: Callable[..., Any], peer: str, forwarded: str, expected: int
) -> None:
    house = make_house("acme", policy="scalekit", poster=lambda *_: None, trusted_proxies=("127.0.0.0/8",))
    guest = house.guests["acme"]
    guest.house = house
    switch(guest, "allowed", {"addresses": ["10.0.0.0/8"]})
    for place in ways(guest):
        assert knock(guest, peer=peer, place=place, **{"X-Forwarded-For": forwarded}).status == expected


def test_what_a_network_is_and_who_is_in_it() -> None:
    written = ("10.1.2.3", " 10.1.2.3 ", "::FFFF:10.1.2.3", "[2001:DB8::1]:80", "2001:db8:0::1")
    assert [address(text) for text in written] == [*["10.1.2.3"] * 3, *["2001:db8::1"] * 2]
    nonsense = ("", "unknown", "10.1.2", "10.1.2.3:", "1" * 10_000, "[::1", "_hidden")
    assert [address(text) for text in nonsense] == [""] * len(nonsense)
    assert not within("", ["0.0.0.0/0", "::/0"])
    assert client("192.0.2.1", "10.0.0.1", ()) == "192.0.2.1"
    assert client("192.0.2.1", "10.0.0.1", ("192.0.2.0/24",)) == "10.0.0.1"
    assert client("192.0.2.1", ", ,", ("192.0.2.0/24",)) == "192.0.2.1"


def test_the_log_knows_where_a_write_came_from_and_by_which_token(acme: Any) -> None:
    body = {"schemas": [USER], "userName": "ada", "emails": [{"value": "ada@acme.test"}]}
    assert knock(acme, "POST", "/Users", body, peer="::ffff:192.0.2.7").status == 201
    entry = acme.managed("/audit")["entries"][-1]
    assert entry["action"] == "user.create"
    assert (entry["actor"]["ip"], entry["actor"]["token_suffix"]) == ("192.0.2.7", acme.token[-4:])
    assert acme.token not in json.dumps(entry)


@pytest.mark.parametrize("proxies", [("acme.test",), ("10.0.0.0/40",)])
def test_a_proxy_that_is_no_network_stops_the_server(make_client: Callable[..., Any], proxies: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        make_client(trusted_proxies=proxies)


# Encrypted or not at all (CAP-21)


@pytest.mark.parametrize("policy", ["open", "scalekit"])
def test_without_dev_nothing_is_served_in_the_clear(make_client: Callable[..., Any], policy: str) -> None:
    client = make_client(base_url="http://127.0.0.1:8080", policy=policy, poster=lambda *_: None, dev=False)
    paths = ["/scim/v2/Users", "/scim/v2/Schemas", "/acme/scim/v2/Users", "/manage/tenants", "/openapi.json"]
    if policy == "scalekit":
        paths += ["/api/v1/organizations", "/oauth/token", "/keys", "/manage/domains"]
        paths += ["/api/v1/directories/dir_ref/scim/v2/Users"]
    for path in paths:
        for credentials in ("Bearer s3cret", "Bearer wrong", None):
            reply = client.send("GET", path, headers={"Authorization": credentials})
            assert (path, reply.status) == (path, 403), "good or bad, nobody has looked at it"
            assert reply.header("WWW-Authenticate") is None
        told = list(reply.resource())
        kinds = {"/api/v1/organizations": ["code", "message", "details"], "/manage/tenants": ["error"]}
        assert told == kinds.get(path, told)
    for path in ("/livez", "/readyz"):
        assert client.send("GET", path).status == 200
    sent = {"schemas": [USER], "userName": "ada", "emails": [{"value": "ada@acme.test"}]}
    assert client.send("POST", "/scim/v2/Users", body=sent).status == 403
    encrypted = InProcessTransport(client.app, "https://127.0.0.1:8443/scim/v2", "Bearer s3cret", client.clock)
    assert encrypted.exchange(Send("GET", "/Users")).resource()["totalResults"] == 0
    encrypted.close()


def test_a_trusted_proxy_says_how_it_was_spoken_to(make_client: Callable[..., Any]) -> None:
    client = make_client(dev=False, trusted_proxies=("127.0.0.1",))
    for told, expected in (("https", 200), ("HTTPS", 200), ("http, https", 200), ("https, http", 403), ("http", 403),
                           ("", 403), ("wss", 403)):  # fmt: skip
        assert client.send("GET", "/Users", headers={"X-Forwarded-Proto": told}).status == expected, told
    stranger = make_client(dev=False, trusted_proxies=("192.0.2.1",))
    assert stranger.send("GET", "/Users", headers={"X-Forwarded-Proto": "https"}).status == 403


def test_an_answer_names_the_server_as_its_client_knows_it(make_programs: Callable[..., Any]) -> None:
    programs = make_programs(trusted_proxies=("127.0.0.1",))
    reply = programs.ask("GET", "/organizations/org_ref/directories/dir_ref", **{"X-Forwarded-Proto": "https"})
    assert reply.resource()["directory"]["directory_endpoint"].startswith("https://127.0.0.1:8080/")
