"""Access tokens for programs (RFC 6749 §4.4): who gets one, for how long it is good, and how refusals look."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

FORM = "application/x-www-form-urlencoded"
RIGHT = "grant_type=client_credentials&client_id=client_ref&client_secret=s3cret"


def grant(programs: Any, form: str, **headers: str) -> Any:
    return programs.ask("POST", "/oauth/token", form.encode(), **{"Authorization": "", "Content-Type": FORM, **headers})


def basic(name: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def status(programs: Any, token: str, path: str = "/organizations") -> int:
    return int(programs.ask("GET", path, Authorization=f"Bearer {token}").status)


def test_a_client_gets_a_token_that_opens_the_api_for_a_day(programs: Any) -> None:
    reply = grant(programs, RIGHT)
    told = reply.resource()
    assert reply.status == 200
    assert told == {"access_token": told["access_token"], "token_type": "Bearer", "expires_in": 86_399, "scope": ""}
    assert reply.header("Cache-Control") == "no-store", "RFC 6749 §5.1"
    token = told["access_token"]
    programs.clock.sleep(86_398.999)
    assert status(programs, token) == 200
    assert programs.ask("POST", "/organizations", {"display_name": "A"}, Authorization=f"bearer {token}").status == 201
    programs.clock.sleep(0.001)
    reply = programs.ask("GET", "/organizations", Authorization=f"Bearer {token}")
    assert (reply.status, reply.resource()["code"]) == (401, 16)
    assert status(programs, "s3cret") == 200, "the server's own token has no end"


def test_a_client_may_say_who_it_is_by_http_basic(programs: Any) -> None:
    """RFC 6749 §2.3.1: name and secret are encoded as in a form."""
    form = "grant_type=client_credentials"
    assert grant(programs, form, Authorization=basic("client_ref", "s3cret")).status == 200
    assert grant(programs, form, Authorization=basic("client%5Fref", "s3%63ret")).status == 200
    assert grant(programs, f"{form}&client_id=client_ref", Authorization=basic("client_ref", "s3cret")).status == 200


def refusal(reply: Any) -> tuple[int, str]:
    told = reply.resource()
    assert sorted(told) == ["error", "error_description"]
    assert reply.header("Cache-Control") == "no-store"
    assert "s3cret" not in reply.body.decode()
    return reply.status, told["error"]


@pytest.mark.parametrize(
    ("form", "expected"),
    [("grant_type=client_credentials&client_id=client_ref&client_secret=wrong", (401, "invalid_client")),
     ("grant_type=client_credentials&client_id=client_ref&client_secret=", (401, "invalid_client")),
     ("grant_type=client_credentials&client_id=client_ref", (401, "invalid_client")),
     ("grant_type=client_credentials&client_id=somebody&client_secret=s3cret", (401, "invalid_client")),
     ("grant_type=client_credentials&client_secret=s3cret", (401, "invalid_client")),
     ("grant_type=client_credentials", (401, "invalid_client")),
     ("grant_type=password&client_id=client_ref&client_secret=s3cret", (400, "unsupported_grant_type")),
     ("client_id=client_ref&client_secret=s3cret", (400, "invalid_request")),
     ("", (400, "invalid_request")),
     ('{"grant_type": "client_credentials"}', (400, "invalid_request"))],
)  # fmt: skip
def test_a_refusal_looks_as_oauth_has_it(programs: Any, form: str, expected: tuple[int, str]) -> None:
    """RFC 6749 §5.2."""
    assert refusal(grant(programs, form)) == expected


@pytest.mark.parametrize(
    "credentials",
    [basic("client_ref", "wrong"), basic("", ""), "Basic", "Basic %%%", "Basic /////w==", basic("x", "s3cret")],
)
def test_who_fails_by_http_basic_is_challenged(programs: Any, credentials: str) -> None:
    """RFC 6749 §5.2: the answer matches the scheme that was used."""
    reply = grant(programs, "grant_type=client_credentials", Authorization=credentials)
    assert refusal(reply) == (401, "invalid_client")
    assert reply.header("WWW-Authenticate").startswith("Basic ")


def test_two_ways_at_once_are_one_too_many(programs: Any) -> None:
    """RFC 6749 §2.3."""
    assert refusal(grant(programs, RIGHT, Authorization=basic("client_ref", "s3cret"))) == (400, "invalid_request")


def test_a_server_without_a_token_grants_none() -> None:
    from scimrig_simulator.clock import VirtualClock
    from scimrig_simulator.in_process import InProcessTransport
    from scimrig_simulator.server.app import Settings, build
    from scimrig_simulator.wire import Posted, Send

    clock = VirtualClock()
    app = build(Settings(token="", clock=clock, policy="scalekit", poster=lambda *_: Posted(200)))
    transport = InProcessTransport(app, "http://127.0.0.1", None, clock)
    form = b"grant_type=client_credentials&client_id=client_ref&client_secret="
    assert transport.exchange(Send("POST", "/oauth/token", "", (("Content-Type", FORM),), form)).status == 401
    transport.close()


def test_an_access_token_opens_nothing_but_the_api(programs: Any) -> None:
    token = grant(programs, RIGHT).resource()["access_token"]
    line = (("Authorization", f"Bearer {token}"),)
    assert programs.send("GET", "/Users", headers={"Authorization": f"Bearer {token}"}).status == 401
    assert programs.manage("GET", "/domains", headers=line).status == 401
    assert programs.manage("GET", "/tenants", headers=line).status == 401


def test_a_directory_s_secret_opens_no_api_and_is_no_client_s(programs: Any) -> None:
    secret = programs.secret(programs.directory(programs.organization()))["plain_secret"]
    assert status(programs, secret) == 401
    form = f"grant_type=client_credentials&client_id=client_ref&client_secret={secret}"
    assert refusal(grant(programs, form)) == (401, "invalid_client")


def test_tokens_are_each_another_and_good_beside_one_another(programs: Any) -> None:
    tokens = [grant(programs, RIGHT).resource()["access_token"] for _ in range(5)]
    assert len(set(tokens)) == 5
    assert [status(programs, token) for token in tokens] == [200] * 5


def test_a_token_is_good_in_another_process_and_after_a_restart(
    make_programs: Callable[..., Any], tmp_path: Any
) -> None:
    first = make_programs(db=str(tmp_path / "db"))
    token = grant(first, RIGHT).resource()["access_token"]
    second = make_programs(db=str(tmp_path / "db"), domains=())
    assert status(second, token) == 200
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert token.encode() not in kept


def test_there_is_no_key_that_would_check_a_token(programs: Any) -> None:
    reply = programs.ask("GET", "/keys", Authorization="")
    assert (reply.status, reply.resource()) == (200, {"keys": []})


def test_a_token_is_asked_for_by_post(programs: Any) -> None:
    reply = programs.ask("GET", "/oauth/token", Authorization="")
    assert (reply.status, reply.header("Allow")) == (405, "POST")


def test_a_saboteur_of_tokens_leaves_the_api_s_own_alone(make_programs: Callable[..., Any]) -> None:
    """It is the window through which faults are seen."""
    from scimrig_simulator.calls import Credential
    from scimrig_simulator.seams import Seams

    class Anybody(Seams):
        def vouch(self, held: Credential, tenant: int, now: float) -> bool:
            return True

    programs = make_programs(seams=Anybody())
    secret = programs.secret(programs.directory(programs.organization()))["plain_secret"]
    assert programs.send("GET", "/Users", headers={"Authorization": f"Bearer {secret}"}).status == 200
    assert status(programs, secret) == 401
