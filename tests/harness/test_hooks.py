"""Declared calls, really made: what leaves, with whose token, what comes back of it, and what stands in the log."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrig.courier import Courier, Redactor, Stopped
from scimrig.declarations import Declarations
from scimrig.evidence import REDACTED, Exchange
from scimrig.hooks import HookAnswer, HookError, call
from scimrig.rows import Rows
from scimrig.target import RefSpec, Target, open_channels
from scimrig_simulator.clock import SystemClock, VirtualClock

SECRET = "whsec_c2VjcmV0LW9mLXRoZS1zaW5r/+8="


@dataclass
class Product:
    """Somebody's management API: keeps what it is asked, answers what a test wants."""

    url: str = ""
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: list[tuple[str, str]], body: str) -> tuple[int, str]:
        self.asked.append((method, path, dict(headers), body))
        return self.answers.get(path, (200, "{}"))


@pytest.fixture
def products(answering: Callable[..., str]) -> tuple[Product, Product]:
    """Two of them, on two origins."""
    first, second = Product(), Product()
    first.url, second.url = answering(first.answer), answering(second.answer)
    return first, second


@pytest.fixture
def product(products: tuple[Product, Product]) -> Product:
    return products[0]


@dataclass
class Caller:
    """Makes declared calls for a target, as a case does; ``log``: what is on record."""

    target: Target
    case: str = "policy/email[okta]"
    stopped: bool = False
    log: list[Exchange] = field(default_factory=list)

    def __post_init__(self) -> None:
        clock = SystemClock() if self.target.ref is None else VirtualClock()
        self.channels = open_channels(self.target, 5.0, clock)
        self.redactor = Redactor.of(self.target.credentials, *self.target.secrets)
        self.courier = Courier(
            self.channels.scim, clock, Rows(), self.redactor, self.log.append, self.target.credentials,
            itertools.count(1), self.case, "okta", lambda: self.stopped, self.channels.hooks,
        )

    def __call__(self, spec: dict[str, Any], **variables: Any) -> HookAnswer:
        options = {name: variables.pop(name) for name in ("purpose", "telling", "secret") if name in variables}
        answer, numbers = self.courier.play(call(spec, variables, **options), "hook", "map")
        assert numbers == (self.log[-1].number,)
        return answer


def at(product: Product, **more: Any) -> Target:
    url = f"{product.url}/scim/v2"
    return Target(url, url, "own-t0ken", "env:X", ("rfc",), **{"hooks_base": product.url, **more})


MAP_GROUP = {"method": "PUT", "path": "/roles/{group_id}?of={role}", "body": {"role": "{role}", "n": [1, True, "{x"]}}


# What leaves ------------------------------------------------------------------------------------------------------


def test_variables_are_encoded_in_the_path_and_as_they_are_in_the_body(product: Product) -> None:
    Caller(at(product))(MAP_GROUP, group_id='a/b "c"', role="ro&le")
    ((method, target, headers, body),) = product.asked
    assert (method, target) == ("PUT", "/roles/a%2Fb%20%22c%22?of=ro%26le")
    assert json.loads(body) == {"role": "ro&le", "n": [1, True, "{x"]}
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["Authorization"] == "Bearer own-t0ken"


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(codec="utf-8"), max_size=20))
def test_whatever_an_id_holds_it_arrives_as_one_segment(product: Product, identifier: str) -> None:
    Caller(at(product))({"method": "GET", "path": "/users/{user_id}/roles"}, user_id=identifier)
    _, target, _, _ = product.asked[-1]
    assert target.count("/") == 3
    assert unquote(target.split("/")[2]) == identifier


def test_declared_headers_replace_those_that_are_always_sent(product: Product) -> None:
    spec = {"method": "POST", "path": "/x", "headers": {"content-type": "text/json", "X-For": "{email}"}, "body": {}}
    Caller(at(product))(spec, email="ada@acme.test")
    headers = product.asked[0][2]
    assert headers["content-type"] == "text/json"
    assert "Content-Type" not in headers
    assert headers["X-For"] == "ada@acme.test"


def test_a_call_without_a_body_sends_none(product: Product) -> None:
    Caller(at(product))({"method": "DELETE", "path": "/webhook"})
    assert "Content-Type" not in product.asked[0][2]
    assert product.asked[0][3] == ""


# Whose token ------------------------------------------------------------------------------------------------------


def test_the_targets_own_token_goes_to_its_own_origin_and_nowhere_else(products: tuple[Product, Product]) -> None:
    own, other = products
    caller = Caller(at(own, hooks_base=other.url))
    caller({"method": "GET", "path": "/elsewhere"})
    caller({"method": "GET", "path": f"{own.url}/at-home"})
    assert "Authorization" not in other.asked[0][2]
    assert own.asked[0][2]["Authorization"] == "Bearer own-t0ken"
    assert dict(caller.log[0].request_headers).get("Authorization") is None


def test_a_token_of_their_own_goes_where_calls_begin_and_not_to_another_url(
    products: tuple[Product, Product]
) -> None:
    hooks, other = products
    caller = Caller(at(hooks, hooks_base=f"{hooks.url}/internal", hooks_token="h00ks-token"))
    caller({"method": "GET", "path": "/x"})
    caller({"method": "GET", "path": f"{other.url}/y"})
    assert hooks.asked[0][1] == "/internal/x"
    assert hooks.asked[0][2]["Authorization"] == "Bearer h00ks-token"
    assert "Authorization" not in other.asked[0][2]


# What comes back --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "read", "value"),
    [
        ('{"roles": ["a", "b"]}', "/roles/*", ["a", "b"]),
        ('{"roles": []}', "/roles/*", []),
        ('{"roles": [{"name": "a"}, {"name": "b"}]}', "/roles/*/name", ["a", "b"]),
        ('["a"]', "/*", ["a"]),
        ('{"allowed": false}', "/allowed", False),
        ('{"a": {"*b": 1}}', "/a/*b", 1),
        ('{"users": [{"role": "x"}]}', "/users/0/role", "x"),
        ('{"allowed": true}', None, None),
        ("no JSON at all", None, None),
    ],
)
def test_read_finds_one_value_or_each_of_many(product: Product, body: str, read: str | None, value: Any) -> None:
    product.answers["/x"] = (200, body)
    spec = {"method": "GET", "path": "/x", **({} if read is None else {"read": read})}
    assert Caller(at(product))(spec) == HookAnswer(200, value)


@pytest.mark.parametrize(
    ("answer", "read", "words"),
    [
        ((500, '{"why": "q9-secret"}'), "/x", ["answered 500"]),
        ((404, ""), None, ["answered 404"]),
        ((302, ""), None, ["answered 302"]),
        ((200, "<html>"), "/x", ["not JSON"]),
        ((200, '{"role": ["a"]}'), "/roles/*", ["no list at /roles"]),
        ((200, '{"roles": "a"}'), "/roles/*", ["no list at /roles"]),
        ((200, '{"allowed": null}'), "/allowed", ["nothing at /allowed"]),
        ((200, '{}'), "/allowed", ["nothing at /allowed"]),
        ((200, '{"roles": [{"name": "a"}, {}]}'), "/roles/*/name", ["nothing at /roles/*/name"]),
    ],
)
def test_an_answer_that_is_not_as_declared_is_an_error_that_names_the_call(
    product: Product, answer: tuple[int, str], read: str | None, words: list[str]
) -> None:
    product.answers["/x"] = answer
    spec = {"method": "GET", "path": "/x", **({} if read is None else {"read": read})}
    with pytest.raises(HookError) as caught:
        Caller(at(product))(spec, purpose="roles.readback")
    for word in ["GET /x", "roles.readback", *words]:
        assert word in str(caught.value)
    assert "q9-secret" not in str(caught.value)


def test_a_status_may_be_an_answer_in_itself(product: Product) -> None:
    product.answers["/x"] = (403, "")
    spec = {"method": "GET", "path": "/x"}
    assert Caller(at(product))(spec, telling=(401, 403)) == HookAnswer(403)
    with pytest.raises(HookError):
        Caller(at(product))(spec)


def test_nobody_there_is_an_error_and_on_record(product: Product) -> None:
    caller = Caller(at(product, hooks_base="http://127.0.0.1:1"))
    with pytest.raises(HookError, match="got no answer: refused"):
        caller({"method": "GET", "path": "/x"})
    assert caller.log[0].failure is not None


def test_a_variable_that_no_header_can_carry_or_that_nobody_gave_is_an_error(product: Product) -> None:
    caller = Caller(at(product))
    with pytest.raises(HookError, match="cannot be sent"):
        caller({"method": "GET", "path": "/x", "headers": {"X-For": "{user_name}"}}, user_name="Zoë \u0142")
    with pytest.raises(HookError, match=r"\{role\}"):
        caller({"method": "GET", "path": "/{role}"}, group_id="7")
    assert product.asked == []


# What stands in the log -------------------------------------------------------------------------------------------


def test_a_call_is_on_record_with_its_whole_url_and_without_secrets(product: Product) -> None:
    caller = Caller(at(product, hooks_token="h00ks-token"))
    product.answers["/roles/7?of=admin"] = (200, '{"you": "h00ks-token own-t0ken"}')
    caller(MAP_GROUP, group_id="7", role="admin", purpose="hooks.map_group")
    (exchange,) = caller.log
    assert (exchange.by, exchange.case, exchange.step, exchange.dialect) == ("hook", caller.case, "map", "rfc")
    assert (exchange.method, exchange.path, exchange.query) == ("PUT", f"{product.url}/roles/7", "of=admin")
    assert exchange.purpose == "hooks.map_group"
    assert dict(exchange.request_headers)["Authorization"] == f"Bearer {REDACTED}"
    assert exchange.reply_body == json.dumps({"you": f"{REDACTED} {REDACTED}"})


@pytest.mark.parametrize("told", [SECRET, "another kind of secret", SECRET.removeprefix("whsec_")])
def test_the_secret_that_an_answer_tells_is_in_no_record_from_there_on(product: Product, told: str) -> None:
    product.answers["/webhook"] = (200, json.dumps({"url": "x", "secret": told}))
    caller = Caller(at(product))
    spec = {"method": "PUT", "path": "/webhook", "body": {"url": "{url}"}, "read": "/secret"}
    assert caller(spec, url="http://127.0.0.1:9/", secret=True).value == told
    assert json.loads(caller.log[0].reply_body)["secret"] == REDACTED
    for leak in (told, told.replace("/", r"\/")):
        assert caller.redactor.text(f'{{"data":"{leak}"}}') == f'{{"data":"{REDACTED}"}}'


def test_anybodys_signing_secret_is_told_by_its_looks() -> None:
    assert Redactor().text(f'a "{SECRET}" b') == f'a "{REDACTED}" b'
    assert Redactor().text("whsec_ and nothing") == "whsec_ and nothing"


def test_no_row_is_guarded_and_none_is_noted_by_a_call(product: Product) -> None:
    caller = Caller(at(product))
    product.answers["/Users"] = (201, '{"id": "7"}')
    caller({"method": "POST", "path": "/Users", "body": {"userName": "ada"}})
    caller({"method": "DELETE", "path": "/Users/somebody-elses"})
    assert [method for method, *_ in product.asked] == ["POST", "DELETE"]
    assert caller.courier.rows.open() == ()


def test_after_a_stop_the_runs_own_calls_still_put_things_back_and_a_cases_are_not_made(product: Product) -> None:
    spec = {"method": "DELETE", "path": "/webhook"}
    with pytest.raises(Stopped):
        Caller(at(product), stopped=True)(spec)
    assert product.asked == []
    Caller(at(product), case="", stopped=True)(spec)
    assert len(product.asked) == 1


# The built-in server ----------------------------------------------------------------------------------------------


def test_in_process_both_ways_lead_to_the_same_server() -> None:
    target = Target(
        "ref:", "http://localhost/scim/v2", "ref-token", "made", ("rfc",), RefSpec(policy="scalekit"),
        declared=Declarations(), hooks_base="http://localhost",
    )
    caller = Caller(target)
    caller({"method": "PUT", "path": "/manage/domains", "body": {"domains": ["acme.test"]}})
    spec = {"method": "GET", "path": "/manage/domains", "read": "/domains/*"}
    assert caller(spec).value == ["acme.test"]
    assert caller.log[1].path == "http://localhost/manage/domains"
    assert dict(caller.log[1].request_headers)["Authorization"] == REDACTED
    path = f"/manage/users/{quote('nobody')}/access"
    assert caller({"method": "GET", "path": path, "read": "/allowed"}).value is False
    caller.channels.close()
