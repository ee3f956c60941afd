"""What leaves the socket is what the flow wrote: an IdP's dialect is in its bytes."""

from __future__ import annotations

import string
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scimrig_simulator.clock import SystemClock
from scimrig_simulator.drive import HttpTransport
from scimrig_simulator.wire import BY_THE_BOOK, CREDENTIALS, LENGTH, PERCENT_20, PLUS, QueryStyle, Send

OKTA_LIKE = (
    ("User-Agent", "Okta SCIM Client 1.0.0"),
    ("Authorization", CREDENTIALS),
    ("aCCept-Charset", "utf-8"),
    ("Accept", "application/scim+json"),
    ("Content-Type", "application/scim+json; charset=utf-8"),
    ("X-Twice", "b"),
    ("X-Twice", "a"),
    ("Content-Length", LENGTH),
    ("X-Last", "1"),
)


def sent(server, request, base_path="", credentials="Bearer t0ken"):
    """Exchange one request and return its bytes as the server read them."""
    transport = HttpTransport(server.url + base_path, credentials, clock=SystemClock())
    try:
        reply = transport.exchange(request)
    finally:
        transport.close()
    assert reply.status == 200, reply
    return server.requests[-1]


def test_a_request_with_a_body_keeps_every_line_in_its_place(always_ok):
    request = Send("POST", "/Users", headers=OKTA_LIKE, body={"userName": "zoë", "active": True, "a": None})
    assert sent(always_ok, request) == (
        b"POST /Users HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\n"
        b"User-Agent: Okta SCIM Client 1.0.0\r\n"
        b"Authorization: Bearer t0ken\r\n"
        b"aCCept-Charset: utf-8\r\n"
        b"Accept: application/scim+json\r\n"
        b"Content-Type: application/scim+json; charset=utf-8\r\n"
        b"X-Twice: b\r\n"
        b"X-Twice: a\r\n"
        b"Content-Length: 42\r\n"
        b"X-Last: 1\r\n"
        b"\r\n"
        b'{"userName":"zo\xc3\xab","active":true,"a":null}' % always_ok.port
    )


def test_a_request_without_a_body_has_no_lines_about_one(always_ok):
    assert sent(always_ok, Send("GET", "/Users/7", headers=OKTA_LIKE)) == (
        b"GET /Users/7 HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\n"
        b"User-Agent: Okta SCIM Client 1.0.0\r\n"
        b"Authorization: Bearer t0ken\r\n"
        b"aCCept-Charset: utf-8\r\n"
        b"Accept: application/scim+json\r\n"
        b"X-Twice: b\r\n"
        b"X-Twice: a\r\n"
        b"X-Last: 1\r\n"
        b"\r\n" % always_ok.port
    )


def test_nothing_is_added_where_the_flow_sends_no_headers(always_ok):
    assert sent(always_ok, Send("DELETE", "/Users/7", headers=())) == (
        b"DELETE /Users/7 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % always_ok.port
    )


def test_without_credentials_the_line_is_not_sent(always_ok):
    assert b"authorization" not in sent(always_ok, Send("GET", "/Users"), credentials=None).lower()


def test_a_token_for_one_request_replaces_the_slot(always_ok):
    request = Send("GET", "/Users", headers=(("Authorization", "Bearer wrong"),))
    raw = sent(always_ok, request)
    assert raw.count(b"Authorization") == 1
    assert b"Authorization: Bearer wrong\r\n" in raw


def test_a_host_header_of_the_flow_stands_instead_of_ours(always_ok):
    raw = sent(always_ok, Send("GET", "/Users", headers=(("Accept", "*/*"), ("Host", "scim.example.com"))))
    assert raw == b"GET /Users HTTP/1.1\r\nHost: scim.example.com\r\nAccept: */*\r\n\r\n"


def test_a_body_without_a_length_line_gets_one_at_the_end(always_ok):
    raw = sent(always_ok, Send("PUT", "/Users/7", headers=(("Accept", "*/*"),), body=b"raw\x00\xff"))
    assert raw.endswith(b"Accept: */*\r\nContent-Length: 5\r\n\r\nraw\x00\xff")


def test_an_empty_body_is_not_no_body(always_ok):
    raw = sent(always_ok, Send("POST", "/Users", headers=BY_THE_BOOK, body=b""))
    assert b"Content-Type: application/scim+json\r\nContent-Length: 0\r\n\r\n" in raw


def test_a_chunked_body_is_sent_where_the_flow_asks_for_it(raw_server):
    def handle(connection, number):
        connection.request()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    raw = sent(raw_server(handle), Send("POST", "/Users", headers=(("Transfer-Encoding", "chunked"),), body={"a": 1}))
    assert b"Transfer-Encoding: chunked\r\n\r\n" in raw
    assert b"content-length" not in raw.lower()


@pytest.mark.parametrize("base_path", ["", "/", "/scim/v2", "/scim/v2/", "/t%2Fenant/caf%C3%A9"])
def test_the_base_path_stands_in_front_byte_for_byte(always_ok, base_path):
    raw = sent(always_ok, Send("GET", "/Users", query="count=1"), base_path=base_path)
    assert raw.split(b"\r\n")[0] == b"GET " + base_path.rstrip("/").encode() + b"/Users?count=1 HTTP/1.1"


@pytest.mark.parametrize(
    ("query", "line"),
    [
        (PERCENT_20.encode([("filter", 'userName eq "a+b@x.com"')]), b"filter=userName%20eq%20%22a%2Bb%40x.com%22"),
        (PLUS.encode([("filter", 'userName eq "a+b@x.com"')]), b"filter=userName+eq+%22a%2Bb%40x.com%22"),
        (QueryStyle(safe="-._~@").encode([("filter", "a@b"), ("count", "1")]), b"filter=a@b&count=1"),
        ("filter=userName%20eq%20%22o'brien%22&startIndex=1", b"filter=userName%20eq%20%22o'brien%22&startIndex=1"),
        ('a=%e2%82%ac&b=%E2%82%AC&c=[]{}|\\^`"<>', b'a=%e2%82%ac&b=%E2%82%AC&c=[]{}|\\^`"<>'),
    ],
)
def test_the_query_is_not_encoded_again(always_ok, query, line):
    raw = sent(always_ok, Send("GET", "/Users", query=query))
    assert raw.split(b"\r\n")[0] == b"GET /Users?" + line + b" HTTP/1.1"


@pytest.mark.parametrize(
    "path", ["/Users/a%2Fb", "/Users/%2e%2e/x", "/Users/../Groups", "/Users//7", "/Users/urn:a;b,c"]
)
def test_the_path_is_not_normalised(always_ok, path):
    assert sent(always_ok, Send("GET", path)).split(b"\r\n")[0] == f"GET {path} HTTP/1.1".encode()


def test_a_request_to_the_base_url_itself(always_ok):
    assert sent(always_ok, Send("GET", ""), base_path="/scim/v2").startswith(b"GET /scim/v2 HTTP/1.1\r\n")
    assert sent(always_ok, Send("GET", "")).startswith(b"GET / HTTP/1.1\r\n")


TOKEN = st.text(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~", min_size=1, max_size=20)
NAMES = TOKEN.filter(
    lambda name: name.lower() not in {"host", "content-length", "transfer-encoding", "content-type", "connection"}
)
LATIN = st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"])
VALUES = st.text(LATIN, max_size=40).map(lambda text: text.strip(" \t")).filter(lambda value: "\x00" not in value)
ANY_DATA = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@ANY_DATA
@given(lines=st.lists(st.tuples(NAMES, VALUES), max_size=8), body=st.none() | st.binary(max_size=200))
def test_any_header_block_arrives_as_written(always_ok, lines, body):
    raw = sent(always_ok, Send("PATCH", "/Groups/1", headers=(*lines, ("Content-Length", LENGTH)), body=body))
    expected = "".join(f"{name}: {value}\r\n" for name, value in lines).encode("latin-1")
    if body is not None:
        expected += b"Content-Length: %d\r\n" % len(body)
    assert raw == b"PATCH /Groups/1 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n" % always_ok.port + expected + b"\r\n" + (
        body or b""
    )


@ANY_DATA
@given(
    pairs=st.lists(
        st.tuples(st.text(min_size=1, max_size=10), st.text(min_size=1, max_size=20)), min_size=1, max_size=4
    ),
    style=st.sampled_from([PERCENT_20, PLUS]),
)
def test_any_query_arrives_encoded_once(always_ok, pairs, style):
    raw = sent(always_ok, Send("GET", "/Users", query=style.encode(pairs)))
    target = raw.split(b" ")[1].decode("ascii")
    assert parse_qsl(target.partition("?")[2], strict_parsing=True) == pairs


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Send("GET", "Users"), "must start with '/'"),
        (Send("GET", "/Users?count=1"), "belongs in Send.query"),
        (Send("GET", "/Users", query="a#b"), "fragment"),
        (Send("GET", "/Us ers"), "percent-encoded"),
        (Send("GET", "/Usérs"), "percent-encoded"),
        (Send("GET", "/Users", query="a=\r\nX: 1"), "percent-encoded"),
        (Send("G T", "/Users"), "not an HTTP method"),
        (Send("GET", "/Users", headers=(("X-A", "1\r\nX-B: 2"),)), "no header can carry"),
        (Send("GET", "/Users", headers=(("X-A", "日本"),)), "no header can carry"),
        (Send("GET", "/Users", headers=(("X A", "1"),)), "not a header name"),
        (Send("PUT", "/Users", headers=(("Content-Length", "9"),), body=b"1"), "cannot carry"),
    ],
)
def test_what_http_cannot_carry_is_the_callers_mistake(always_ok, request_, says):
    with pytest.raises(ValueError, match=says):
        sent(always_ok, request_)


def test_a_bad_authorization_value_is_not_repeated_in_the_error(always_ok):
    with pytest.raises(ValueError, match="no header can carry") as raised:
        sent(always_ok, Send("GET", "/Users", headers=(("Authorization", "Bearer s3cret\n"),)))
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize(
    ("base_url", "says"),
    [
        ("scim.example.com/v2", "must start with http:// or https://"),
        ("ftp://scim.example.com", "must start with http:// or https://"),
        ("https://", "names no host"),
        ("https:///scim", "names no host"),
        ("https://user:pw@scim.example.com", "user name or password"),
        ("https://scim.example.com/v2?x=1", r"before '\?'"),
        ("https://scim.example.com/v2#top", r"before '\?'"),
        ("https://scim.example.com:port/", "cannot be read"),
        ("https://scim.example.com:99999/", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("https://scim example.com/", "blank"),
        ("https://scim.example.com/a b", "percent-encoded"),
    ],
)
def test_a_base_url_that_no_request_can_use_is_refused_at_once(base_url, says):
    with pytest.raises(ValueError, match=says):
        HttpTransport(base_url, None, clock=SystemClock())


def test_bad_credentials_are_refused_at_once_without_repeating_them():
    with pytest.raises(ValueError, match="line break") as raised:
        HttpTransport("http://127.0.0.1:1", "Bearer s3cret\n", clock=SystemClock())
    assert "s3cret" not in str(raised.value)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_a_timeout_must_be_a_time(timeout):
    with pytest.raises(ValueError, match="timeout"):
        HttpTransport("http://127.0.0.1:1", None, timeout, clock=SystemClock())
