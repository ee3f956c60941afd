"""HTTP as SCIM wants it: who may come in, methods, media types, errors (RFC 7644 §2, §3.8, §3.12)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ADA = {"schemas": [USER], "userName": "ada"}


def refused(reply: Any, status: int, scim_type: str | None = None) -> dict[str, Any]:
    """The error of an answer, which must be a SCIM error and nothing else."""
    error: dict[str, Any] = reply.resource()
    assert reply.status == status
    assert reply.header("Content-Type") == "application/scim+json"
    assert error["schemas"] == [ERROR]
    assert error["status"] == str(status)
    assert error.get("scimType") == scim_type
    assert error["detail"]
    return error


# Who may come in


@pytest.mark.parametrize("path", ["/Users", "/Groups", "/Users/x", "/.search", "/", "/nowhere", "/Me", "/%55sers"])
def test_without_a_token_there_is_nothing_to_see(client: Any, path: str) -> None:
    reply = client.send("GET", path, headers={"Authorization": None})
    refused(reply, 401)
    assert reply.header("WWW-Authenticate") == 'Bearer realm="scim"'


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Bearer wrong", "Bearer s3cret2", "Bearer s3cre", "Bearer undefined", "Basic s3cret",
     "s3cret", "Bearer  s3cret x", "Basic !!!", "Bearer " + "x" * 8000, "Bearer s3cr\u00e9t"],
)  # fmt: skip
def test_a_wrong_token_is_told_so(client: Any, value: str) -> None:
    reply = client.send("GET", "/Users", headers={"Authorization": value})
    refused(reply, 401)
    assert reply.header("WWW-Authenticate") == 'Bearer realm="scim", error="invalid_token"'


def test_the_scheme_has_no_case(client: Any) -> None:
    assert client.send("GET", "/Users", headers={"Authorization": "bEARER s3cret"}).status == 200


def test_an_empty_token_lets_nobody_in(make_client: Callable[..., Any]) -> None:
    from scimrig_simulator.clock import VirtualClock
    from scimrig_simulator.in_process import InProcessTransport
    from scimrig_simulator.server.app import Settings, build
    from scimrig_simulator.wire import Send

    app = build(Settings(token=""))
    for credentials in ("Bearer ", "Bearer x", None):
        transport = InProcessTransport(app, "http://127.0.0.1/scim/v2", credentials, VirtualClock())
        assert transport.exchange(Send("GET", "/Users")).status == 401
        transport.close()


def test_no_error_repeats_the_token(client: Any) -> None:
    for path in ("/Users/nobody", "/nowhere", "/Me"):
        assert b"s3cret" not in client.send("GET", path).body


# Paths and methods


def test_a_trailing_slash_makes_no_difference(client: Any) -> None:
    ada = client.user("ada")
    assert client.get("/Users/") == client.get("/Users")
    assert client.get(f"/Users/{ada['id']}/") == ada


@pytest.mark.parametrize("path", ["/users", "/Nope", "/Users/a/b", "//Users", "/Users;x=1", "/ServiceProviderConfig/x"])
def test_unknown_paths_are_404(client: Any, path: str) -> None:
    refused(client.send("GET", path), 404)


def test_outside_the_base_path_is_404_too(make_client: Callable[..., Any]) -> None:
    refused(make_client("http://127.0.0.1:8080/api").send("GET", "/Users"), 404)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/Users", "GET, HEAD, POST"),
        ("DELETE", "/Groups", "GET, HEAD, POST"),
        ("POST", "/Users/x", "GET, HEAD, PUT, PATCH, DELETE"),
        ("GET", "/Users/.search", "POST"),
        ("POST", "/Schemas", "GET, HEAD"),
        ("TRACE", "/Users", "GET, HEAD, POST"),
    ],
)
def test_a_method_that_isn_t_there_names_those_that_are(client: Any, method: str, path: str, allowed: str) -> None:
    reply = client.send(method, path)
    refused(reply, 405)
    assert reply.header("Allow") == allowed


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_me_is_not_there_and_says_so(client: Any, method: str) -> None:
    refused(client.send(method, "/Me"), 501)


def test_head_is_get_without_the_body(client: Any) -> None:
    ada = client.user("ada")
    got = client.send("GET", f"/Users/{ada['id']}")
    head = client.send("HEAD", f"/Users/{ada['id']}")
    assert (head.status, head.body) == (200, b"")
    assert head.headers == got.headers
    assert client.send("HEAD", "/Users/nobody").status == 404


READABLE = ["/", "/Users", "/Groups", "/ServiceProviderConfig", "/ResourceTypes", "/ResourceTypes/User", "/Schemas",
            "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", "/Me", "/Bulk", "/.search", "/nowhere", "/Users/x",
            "/Users?filter=x", "/Users?count=0", "/Schemas?filter=x"]  # fmt: skip


@pytest.mark.parametrize("target", READABLE)
def test_head_has_the_headers_of_get_everywhere(client: Any, target: str) -> None:
    """RFC 9110 §9.3.2, errors included."""
    path, _, query = target.partition("?")
    got, head = (client.send(method, path, query) for method in ("GET", "HEAD"))
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers == got.headers
    assert head.header("Content-Length") == str(len(got.body))


@pytest.mark.parametrize("name", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_no_header_makes_one_method_another(client: Any, name: str) -> None:
    ada = client.user("ada")
    assert client.send("GET", f"/Users/{ada['id']}", headers={name: "DELETE"}).status == 200
    refused(client.send("POST", f"/Users/{ada['id']}", headers={name: "DELETE"}), 405)


@pytest.mark.parametrize("method", ["get", "Get", "PROPFIND", "OPTIONS", "CONNECT", "LINK", "X"])
def test_a_method_is_its_letters_and_those_nobody_knows_are_405(client: Any, method: str) -> None:
    """RFC 9110 §9.1: case counts."""
    assert refused(client.send(method, "/Users"), 405)["detail"].startswith(f"{method} is not possible")


def test_a_token_in_the_query_lets_nobody_in(client: Any) -> None:
    """RFC 6750 §2.3."""
    refused(client.send("GET", "/Users", "access_token=s3cret", headers={"Authorization": None}), 401)


# Bodies


@pytest.mark.parametrize(
    "media",
    ["application/scim+json", "application/scim+json; charset=utf-8", "application/json",
     "Application/JSON;charset=UTF-8", 'application/scim+json;charset="utf-8"'],
)  # fmt: skip
def test_bodies_may_be_scim_json_or_json(client: Any, media: str) -> None:
    assert client.send("POST", "/Users", body=ADA, headers={"Content-Type": media}).status == 201


def test_a_body_without_a_type_is_taken_for_scim_json(client: Any) -> None:
    assert client.send("POST", "/Users", body=ADA, headers={"Content-Type": None}).status == 201


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "application/x-www-form-urlencoded",
                                   "application/scim+json; charset=utf-16"])  # fmt: skip
def test_other_bodies_are_415(client: Any, media: str) -> None:
    refused(client.send("POST", "/Users", body=ADA, headers={"Content-Type": media}), 415)


@pytest.mark.parametrize("coding", ["gzip", "br", "identity, gzip", "x"])
def test_a_compressed_body_is_415_and_told_what_is_taken(client: Any, coding: str) -> None:
    """RFC 9110 §8.4, §12.5.3."""
    reply = client.send("POST", "/Users", body=ADA, headers={"Content-Encoding": coding})
    refused(reply, 415)
    assert reply.header("Accept-Encoding") == "identity"
    assert client.send("POST", "/Users", body=ADA, headers={"Content-Encoding": "identity"}).status == 201


@pytest.mark.parametrize(
    "raw",
    [b"", b" ", b"{", b"[]", b'"x"', b"null", b'{"userName": NaN}', b"\xff\xfe", b'{"userName": "\\ud800"}',
     b"[" * 100_000, b'{"a":' * 50_000, b"1" * 5000,
     b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", b'{"a": 1e400}',
     b'{"a": -Infinity}',
     b'{"a": ' + b"9" * 5000 + b"}", b'{"a": 01}', b'{"a": "\x00"}', b'{"a": "\xed\xa0\x80"}',
     '{"a": 1}'.encode("utf-16"),
     b'{"a": 1} {}', b"{'a': 1}", b'{"a": 1,}'],
)  # fmt: skip
def test_what_is_no_json_object_is_400(client: Any, raw: bytes) -> None:
    refused(client.send("POST", "/Users", body=raw), 400, "invalidSyntax")


def test_characters_beyond_the_basic_plane_are_fine(client: Any) -> None:
    raw = b'{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "\\ud83d\\ude00"}'
    assert client.send("POST", "/Users", body=raw).resource()["userName"] == "\U0001f600"


def test_a_byte_order_mark_is_overlooked(client: Any) -> None:
    """RFC 8259 §8.1."""
    raw = b"\xef\xbb\xbf" + json.dumps(ADA).encode()
    assert client.send("POST", "/Users", body=raw).status == 201


def test_brackets_in_strings_are_no_nesting(client: Any) -> None:
    assert client.user("ada", title="[" * 1000 + "}" * 1000)["userName"] == "ada"


def test_a_body_may_be_as_deep_as_anybody_needs(client: Any) -> None:
    assert client.user("ada", unheardOf=[[[[[[[[[[{"a": [[[[[[]]]]]]}]]]]]]]]]])["userName"] == "ada"


def test_a_body_of_more_than_a_mebibyte_is_413(client: Any) -> None:
    refused(client.send("POST", "/Users", body=b" " * (1 << 20) + b" "), 413)
    undeclared = {"Content-Length": None}
    refused(client.send("POST", "/Users", body=b" " * (1 << 20) + b" ", headers=undeclared), 413)


# Answers


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "application/scim+json"),
        ("application/scim+json", "application/scim+json"),
        ("*/*", "application/scim+json"),
        ("application/*", "application/scim+json"),
        ("application/json", "application/json"),
        ("application/json, application/scim+json", "application/scim+json"),
        ("application/json, application/scim+json;q=0.5", "application/json"),
        ("text/html, application/json;q=0.1", "application/json"),
        ("application/scim+json;q=0, */*", "application/json"),
    ],
)
def test_the_answer_is_of_the_type_asked_for(client: Any, accept: str | None, answered: str) -> None:
    assert client.send("GET", "/Users", headers={"Accept": accept}).header("Content-Type") == answered


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/scim+json; charset=utf-8", "application/scim+json"),
        ("application/json;charset=iso-8859-1;q=0.5", "application/json"),
        ("APPLICATION/JSON", "application/json"),
        ("application/json ; Q=1", "application/json"),
        (", ,application/json,", "application/json"),
        (",", "application/scim+json"),
        ("*", "application/scim+json"),
        ("text/html, image/gif, *; q=.2, */*; q=.2", "application/scim+json"),
        ('text/html;x="a, application/json", */*;q=0.1', "application/scim+json"),
        ("application/json;q=0, application/json", "application/json"),
        ("application/json;q=nan", "application/json"),
        ("application/scim+json;q=0.1, application/json;q=1e9", "application/json"),
        ("application/scim+json;q=0.000, application/json;q=0.001", "application/json"),
        ("application/*;q=0.1, application/scim+json;q=0", "application/json"),
    ],
)
def test_parameters_weights_and_wildcards_of_accept_are_understood(client: Any, accept: str, answered: str) -> None:
    """RFC 9110 §12.4.2, §12.5.1; blanks and odd weights as real clients send them."""
    assert client.send("GET", "/Users", headers={"Accept": accept}).header("Content-Type") == answered


@pytest.mark.parametrize("accept", ["text/html", "application/xml, image/*", "application/*;q=0", "*/*;q=0", "json"])
def test_who_takes_no_json_gets_406(client: Any, accept: str) -> None:
    refused(client.send("GET", "/Users", headers={"Accept": accept}), 406)


def test_a_failure_inside_is_a_scim_error_without_its_cause(make_client: Callable[..., Any]) -> None:
    from scimrig_simulator.seams import Seams

    class Broken(Seams):
        def window(self, *_: Any) -> Any:
            raise ZeroDivisionError("secret cause")

    error = refused(make_client(seams=Broken()).send("GET", "/Users"), 500)
    assert "secret cause" not in json.dumps(error)


# Where we are


@pytest.mark.parametrize(
    ("base_url", "headers", "expected"),
    [
        ("http://127.0.0.1:8080/scim/v2", {}, "http://127.0.0.1:8080"),
        ("http://localhost:8080/scim/v2", {}, "http://localhost:8080"),
        ("http://127.0.0.1:8080/scim/v2", {"Host": "evil.test"}, "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/scim/v2", {"Host": "localhost.evil.test"}, "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/scim/v2", {"Host": "127.0.0.1.evil.test"}, "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/scim/v2", {"Host": "localhost:80@evil.test"}, "http://127.0.0.1:8080"),
        ("http://127.0.0.1:8080/scim/v2", {"X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"},
         "http://127.0.0.1:8080"),
    ],
)  # fmt: skip
def test_locations_follow_the_request_but_no_stranger(
    make_client: Callable[..., Any], base_url: str, headers: dict[str, str], expected: str
) -> None:
    reply = make_client(base_url).send("POST", "/Users", body=ADA, headers=headers)
    assert reply.header("Location") == f"{expected}/scim/v2/Users/{reply.resource()['id']}"


def test_a_public_url_stands_above_all(make_client: Callable[..., Any]) -> None:
    client = make_client(public_url="https://id.example.com/scim/v2/")
    assert client.user()["meta"]["location"].startswith("https://id.example.com/scim/v2/Users/")
