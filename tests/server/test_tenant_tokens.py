"""The tokens of a tenant: several at a time, with an end, and nowhere to be read but in the answer that makes one."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

INVALID = 'Bearer realm="scim", error="invalid_token"'


def status(guest: Any, credentials: str | None = None) -> int:
    headers = {} if credentials is None else {"Authorization": credentials}
    return int(guest.send("GET", "/Users", headers=headers).status)


# Several, until they end


def test_every_token_of_a_tenant_lets_in_until_it_is_revoked(house: Any) -> None:
    first, second, third = (house.issue("acme") for _ in range(3))
    guests = [house.guest("acme", token["token"]) for token in (first, second, third)]
    assert [status(guest) for guest in guests] == [200, 200, 200]
    assert house.manage("DELETE", f"/tenants/acme/tokens/{second['id']}").status == 204
    assert [status(guest) for guest in guests] == [200, 401, 200]
    assert house.manage("DELETE", f"/tenants/acme/tokens/{second['id']}").status == 404


def test_a_token_is_good_up_to_its_end_and_not_at_it(house: Any) -> None:
    guest = house.guest("acme", house.issue("acme", expires_in=60)["token"])
    house.clock.sleep(59.999)
    assert status(guest) == 200
    house.clock.sleep(0.001)
    reply = guest.send("GET", "/Users")
    assert (reply.status, reply.header("WWW-Authenticate")) == (401, INVALID)
    assert status(house.guests["acme"]) == 200, "the one without an end goes on"


def test_an_end_is_told_as_a_time_and_none_as_null(house: Any) -> None:
    """The clock of the tests starts at 2026-01-01T00:00:00Z and stands still."""
    limited, unlimited = house.issue("acme", expires_in=90.5), house.issue("acme")
    assert limited["created"] == "2026-01-01T00:00:00.000Z"
    assert limited["expires"] == "2026-01-01T00:01:30.500Z"
    assert unlimited["expires"] is None


def test_a_token_that_has_ended_is_forgotten_when_the_next_is_issued(house: Any) -> None:
    old = house.issue("acme", expires_in=1)["id"]
    house.clock.sleep(2)
    assert old in [token["id"] for token in house.managed("/tenants/acme/tokens")["tokens"]]
    house.issue("acme")
    assert old not in [token["id"] for token in house.managed("/tenants/acme/tokens")["tokens"]]


@pytest.mark.parametrize(
    "body",
    [{"expires_in": 0}, {"expires_in": -1}, {"expires_in": "60"}, {"expires_in": True}, {"expires_in": 1e300},
     {"expires_in": [60]}, {"expires": 60}, {"expires_in": 60, "token": "mine"}, [], "x", b"{"],
)  # fmt: skip
def test_an_end_that_makes_no_sense_is_refused_and_nothing_is_issued(house: Any, body: Any) -> None:
    before = house.managed("/tenants/acme/tokens")
    reply = house.manage("POST", "/tenants/acme/tokens", body)
    assert (reply.status, list(reply.resource())) == (400, ["error"])
    assert house.managed("/tenants/acme/tokens") == before


def test_a_token_needs_no_body_to_be_issued(house: Any) -> None:
    reply = house.manage("POST", "/tenants/acme/tokens")
    assert (reply.status, reply.resource()["expires"]) == (201, None)


# What is kept and what is told


def test_a_token_is_256_random_bits_and_told_once(house: Any) -> None:
    made = [house.issue("acme") for _ in range(50)]
    assert all(re.fullmatch("[0-9a-f]{64}", token["token"]) for token in made)
    assert len({token["token"] for token in made}) == 50
    listed = {token["id"]: token for token in house.managed("/tenants/acme/tokens")["tokens"]}
    for token in made:
        assert listed[token["id"]] == {key: token[key] for key in ("id", "suffix", "created", "expires")}
        assert token["suffix"] == token["token"][-4:]


def test_an_answer_with_a_token_is_not_to_be_kept_by_a_cache(house: Any) -> None:
    """RFC 6750 §5.3."""
    assert house.manage("POST", "/tenants/acme/tokens").header("Cache-Control") == "no-store"


def test_the_file_holds_a_digest_and_no_token(make_house: Callable[..., Any], tmp_path: Path) -> None:
    house = make_house("acme", db=str(tmp_path / "db"))
    token = house.guests["acme"].token
    house.user("ada")
    held = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert hashlib.sha256(token.encode()).digest() in held
    assert token.encode() not in held
    assert bytes.fromhex(token) not in held
    assert b"s3cret" not in held, "the token that the server was started with isn't even there as a digest"
    assert hashlib.sha256(b"s3cret").digest() not in held


def test_no_answer_and_no_log_repeats_a_token(house: Any, caplog: pytest.LogCaptureFixture) -> None:
    guest = house.guests["acme"]
    secrets = (guest.token, "s3cret", "wr0ng-t0ken", hashlib.sha256(guest.token.encode()).hexdigest())
    caplog.set_level(logging.DEBUG)
    replies = [
        client.send(method, path, headers=headers)
        for client in (house, guest)
        for method in ("GET", "PUT", "DELETE", "TRACE")
        for path in ("/Users", "/Users/nobody", "/nowhere", "/Me")
        for headers in ({}, {"Authorization": "Bearer wr0ng-t0ken"}, {"Authorization": guest.token})
    ]
    replies += [house.manage(method, f"/tenants{path}") for method in ("GET", "PUT", "PATCH", "DELETE")
                for path in ("", "/nobody/tokens", "/acme/tokens", "/acme/tokens/x")]  # fmt: skip
    said = "\n".join([*(f"{reply.headers} {reply.body.decode()}" for reply in replies), caplog.text])
    assert [secret for secret in secrets if secret in said] == []


@pytest.mark.parametrize(
    "credentials",
    ["Bearer", "Bearer ", "Basic {token}", "{token}", "Bearer {token}x", "Bearer x{token}", "Bearer {token} x",
     "Bearer {token},Bearer {token}", "Bearer {upper}", "Bearer {half}", "Bearer \u00e9"],
)  # fmt: skip
def test_what_is_no_bearer_token_of_the_tenant_lets_nobody_in(house: Any, credentials: str) -> None:
    token = next(token for token in iter(lambda: house.issue("acme")["token"], None) if token != token.upper())
    guest = house.guest("acme", "x")
    given = credentials.format(token=token, upper=token.upper(), half=token[:32])
    reply = guest.send("GET", "/Users", headers={"Authorization": given})
    assert (reply.status, reply.header("WWW-Authenticate")) == (401, INVALID)
    assert status(guest, f"bearer {token}") == 200


def test_a_digest_is_no_token(house: Any) -> None:
    acme = house.guests["acme"]
    assert status(acme, f"Bearer {hashlib.sha256(acme.token.encode()).hexdigest()}") == 401


# Whose door which token opens


def test_a_token_opens_its_own_tenant_and_no_other(house: Any) -> None:
    doors = {"acme": house.guests["acme"], "beta": house.guests["beta"], "default": house}
    keys = {"acme": house.guests["acme"].token, "beta": house.guests["beta"].token, "default": "s3cret"}
    for door, client in doors.items():
        for owner, key in keys.items():
            assert (door, owner, status(client, f"Bearer {key}")) == (door, owner, 200 if door == owner else 401)


def test_the_tenant_without_a_name_may_have_further_tokens(house: Any) -> None:
    made = house.issue("default", expires_in=60)
    assert status(house, f"Bearer {made['token']}") == 200
    assert status(house.guests["acme"], f"Bearer {made['token']}") == 401
    assert [token["id"] for token in house.managed("/tenants/default/tokens")["tokens"]] == [made["id"]]
    house.clock.sleep(60)
    assert status(house, f"Bearer {made['token']}") == 401
    assert status(house) == 200, "the one that the server was started with has no end"


@pytest.mark.parametrize("policy", ["open", "scalekit"])
def test_tenants_are_administered_with_the_token_of_the_start_and_no_other(
    make_house: Callable[..., Any], policy: str
) -> None:
    house = make_house("acme", policy=policy, poster=lambda *_: pytest.fail("nothing is to be sent"))
    further = house.issue("default")["token"]
    calls = [("GET", "/tenants"), ("PUT", "/tenants/gamma"), ("DELETE", "/tenants/acme"),
             ("GET", "/tenants/acme/tokens"), ("POST", "/tenants/acme/tokens"), ("GET", "/tenants/x/y/z")]  # fmt: skip
    for token in (None, "wrong", further, house.guests["acme"].token):
        given = (("Authorization", f"Bearer {token}"),) if token else ()
        for method, path in calls:
            reply = house.manage(method, path, headers=given)
            assert (reply.status, list(reply.resource())) == (401, ["error"]), (token, method, path)
    assert [tenant["name"] for tenant in house.managed("/tenants")["tenants"]] == ["default", "acme"]


def test_a_tenant_s_own_management_knows_nothing_of_tenants(make_house: Callable[..., Any]) -> None:
    house = make_house("acme", policy="scalekit", poster=lambda *_: pytest.fail("nothing is to be sent"))
    acme = house.guests["acme"]
    assert acme.manage("GET", "/domains").status == 200
    for method, path in (("GET", "/tenants"), ("POST", "/tenants/acme/tokens"), ("PUT", "/tenants/gamma")):
        assert acme.manage(method, path).status == 404
    further = house.issue("default")["token"]
    assert house.manage("GET", "/domains", headers=(("Authorization", f"Bearer {further}"),)).status == 200


def test_an_empty_token_of_the_start_administers_nothing(make_house: Callable[..., Any]) -> None:
    from scimrig_simulator.in_process import InProcessTransport
    from scimrig_simulator.server.app import Settings, build
    from scimrig_simulator.wire import Send

    clock = make_house().clock
    for credentials in (None, "Bearer", "Bearer ", "Bearer x"):
        transport = InProcessTransport(build(Settings(token="")), "http://127.0.0.1/manage", credentials, clock)
        assert transport.exchange(Send("PUT", "/tenants/acme")).status == 401
        transport.close()


# The way in


def test_what_can_be_done_with_tokens_is_told(house: Any) -> None:
    for method, path, expected, allow in (
        ("PUT", "/tenants/acme/tokens", 405, "GET, POST"), ("GET", "/tenants/acme/tokens/x", 405, "DELETE"),
        ("POST", "/tenants", 405, "GET"), ("GET", "/tenants/acme", 405, "PUT, DELETE"),
        ("GET", "/tenants/nobody/tokens", 404, None), ("POST", "/tenants/nobody/tokens", 404, None),
        ("DELETE", "/tenants/nobody/tokens/x", 404, None), ("DELETE", "/tenants/acme/tokens/x", 404, None),
        ("GET", "/tenants/acme/tokens/x/y", 404, None),
    ):  # fmt: skip
        reply = house.manage(method, path)
        assert (reply.status, list(reply.resource()), reply.header("Allow")) == (expected, ["error"], allow)


def test_one_tenant_can_t_revoke_another_s_token(house: Any) -> None:
    theirs = house.issue("beta")
    assert house.manage("DELETE", f"/tenants/acme/tokens/{theirs['id']}").status == 404
    assert status(house.guest("beta", theirs["token"])) == 200
