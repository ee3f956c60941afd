"""Bytes that are no HTTP, or hardly: on a socket too, every answer is SCIM, and the server goes on for all others."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
HOST = b"Host: localhost\r\n"
AUTH = HOST + b"Authorization: Bearer s3cret\r\n"
JSON = AUTH + b"Content-Type: application/scim+json\r\n"

SCRIPT = """
from scimrig_simulator import limits
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.server.connection import Connection
from scimrig_simulator.server.serve import serve
Connection.patience = 0.5
serve(build(Settings(token="s3cret")), ready=lambda url: print(url, flush=True), grace=1)
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield int(process.stdout.readline().rpartition(":")[2].partition("/")[0])
    process.terminate()
    _, trouble = process.communicate(timeout=10)
    assert (process.returncode, trouble) == (0, "")


def answered(port: int, *parts: bytes, hang_up: bool = True) -> list[tuple[int, bytes]]:
    """(status, body) of each answer to these bytes, until the server closes. hang_up: say that no more will come."""
    came = b""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection, contextlib.suppress(ConnectionError):
        for part in parts:
            connection.sendall(part)
        if hang_up:
            connection.shutdown(socket.SHUT_WR)
        while more := connection.recv(65_536):
            came += more
    answers: list[tuple[int, bytes]] = []
    while came:
        head, _, came = came.partition(b"\r\n\r\n")
        length = re.search(rb"\ncontent-length: (\d+)", head)
        size = int(length[1]) if length else 0
        answers.append((int(head[9:12]), came[:size]))
        came = came[size:]
    return answers


def refused(port: int, *parts: bytes) -> int:
    """The status of the one answer to these bytes, which is a SCIM error."""
    ((status, body),) = answered(port, *parts)
    error = json.loads(body)
    assert (error["schemas"], error["status"]) == ([ERROR], str(status))
    assert error["detail"]
    return status


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 40 + b"\r\n\r\n",  # TLS, where none is spoken
        b"GET\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.1 extra\r\n" + HOST + b"\r\n",
        b"G\x00T / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /scim/v2/Users?\xff HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /scim/v2/Us ers HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # without Host
        b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"No colon\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Space : x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b": x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"A: b\x00c\r\n\r\n",
        b" GET / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Content-Length: -1\r\n\r\n{}",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Content-Length: \xb2\r\n\r\n{}",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Content-Length: " + b"9" * 99 + b"\r\n\r\n{}",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: gzip\r\n\r\n{}",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}\r\n0\r\n\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 400 + b"\r\n",
    ],
)  # fmt: skip
def test_what_is_no_http_is_400_in_scim(port: int, raw: bytes) -> None:
    assert refused(port, raw) == 400


@pytest.mark.parametrize(
    "raw",
    [
        b"GET /scim/v2/Users?filter=" + b"a" * 300_000,
        b"GET /scim/v2/Users HTTP/1.1\r\n" + AUTH + b"X: " + b"a" * 300_000,
        b"GET /scim/v2/Users HTTP/1.1\r\n" + AUTH + b"X: a\r\n" * 60_000,
    ],
)
def test_a_head_without_end_is_431_in_scim(port: int, raw: bytes) -> None:
    assert refused(port, raw) == 431


def test_a_length_and_chunks_are_not_both_believed(port: int) -> None:
    smuggled = b"0\r\n\r\nGET /scim/v2/Users HTTP/1.1\r\n" + AUTH + b"\r\n"
    both = JSON + b"Transfer-Encoding: chunked\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    answers = answered(port, b"POST /scim/v2/Users HTTP/1.1\r\n" + both + smuggled)
    assert [status for status, _ in answers] in ([400], [400, 200])  # chunks win (RFC 9112 §6.3), or it is refused


def test_chunks_are_put_together(port: int) -> None:
    chunks = b"Transfer-Encoding: chunked\r\n\r\n1;ext=1\r\n{\r\n1\r\n}\r\n0\r\nTrailer: x\r\n\r\n"
    ((status, body),) = answered(port, b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + chunks)
    assert (status, json.loads(body)["scimType"]) == (400, "invalidValue")  # a user without a name


def test_a_request_in_pieces_is_one_request(port: int) -> None:
    whole = b"GET /scim/v2/ServiceProviderConfig HTTP/1.1\r\n" + HOST + b"\r\n"
    assert [status for status, _ in answered(port, *(whole[i : i + 1] for i in range(len(whole))))] == [200]


def test_requests_one_behind_the_other_are_answered_in_order(port: int) -> None:
    first, second, last = (b"GET /scim/v2/%b HTTP/1.1\r\n" % path + AUTH for path in (b"Users", b"x", b"Groups"))
    three = first + b"\r\n" + second + b"\r\n" + last + b"Connection: close\r\n\r\n"
    assert [status for status, _ in answered(port, three, hang_up=False)] == [200, 404, 200]


def test_junk_behind_a_good_request_is_refused_after_its_answer(port: int) -> None:
    junk = b"\x00\x01\x02\r\n\r\n"
    answers = answered(port, b"GET /scim/v2/Users HTTP/1.1\r\n" + AUTH + b"\r\n" + junk, hang_up=False)
    assert [status for status, _ in answers] == [200, 400]


def test_junk_behind_an_answer_that_came_early_does_no_harm(port: int) -> None:
    early = b"POST /scim/v2/nowhere HTTP/1.1\r\n" + AUTH + b"Transfer-Encoding: chunked\r\n\r\n"
    answers = answered(port, early, b"2\r\n{}\r\n", b"ZZ\r\n")
    assert [status for status, _ in answers][:1] in ([404], [400])


def test_a_whole_url_as_target_is_its_path(port: int) -> None:
    """RFC 9112 §3.2.2."""
    target = b"GET http://localhost/scim/v2/Users?count=0 HTTP/1.1\r\n"
    ((status, body),) = answered(port, target + AUTH + b"\r\n")
    assert (status, json.loads(body)["totalResults"]) == (200, 0)


@pytest.mark.parametrize("target", [b"*", b"localhost:80", b"ftp://x/scim/v2/Users", b"scim/v2/Users", b"http://", b"http:///"])
def test_a_target_that_is_no_path_is_nowhere(port: int, target: bytes) -> None:
    assert refused(port, b"OPTIONS " + target + b" HTTP/1.1\r\n" + AUTH + b"\r\n") in (404, 405)


@pytest.mark.parametrize("raw", [b"GET /scim/v2/Users HTTP/1.1\r\nHo", b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON
                                 + b"Content-Length: 100\r\n\r\n{"])  # fmt: skip
def test_a_request_that_stops_arriving_is_given_up(port: int, raw: bytes) -> None:
    """RFC 9110 §15.5.9."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(raw)
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert (response.status, json.loads(response.read())["status"]) == (408, "408")
        assert connection.recv(1) == b""


def test_many_who_say_nothing_keep_nobody_waiting(port: int) -> None:
    silent = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(50)]
    for connection in silent[::2]:
        connection.sendall(b"GET /scim/v2/Users HTTP/1.1\r\n")
    assert [status for status, _ in answered(port, b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n")] == [200]
    for connection in silent:
        connection.close()


JUNK = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([b"\r\n", b"\r\n\r\n", b"\n", b"\x00", b" ", b":", b"GET ", b"HTTP/1.1", b"Content-Length: 5\r\n",
                     b"Transfer-Encoding: chunked\r\n", b"5\r\n", b"Expect: 100-continue\r\n", b"Connection: close\r\n",
                     b"Upgrade: websocket\r\nConnection: upgrade\r\n", b"Host: \xff\r\n", b"0\r\n\r\n", b"\xff" * 9]),
)  # fmt: skip
SOUND = b"POST /scim/v2/Users HTTP/1.1\r\n" + JSON + b"Content-Length: 2\r\n\r\n{}"


@pytest.mark.slow
@settings(max_examples=600, suppress_health_check=list(HealthCheck), print_blob=False)
@given(st.lists(st.tuples(st.integers(0, len(SOUND)), JUNK, st.integers(0, 30)), min_size=1, max_size=3))
def test_a_damaged_request_is_answered_in_scim_or_not_at_all(port: int, damage: list[tuple[int, bytes, int]]) -> None:
    raw = SOUND
    for place, junk, length in damage:
        raw = raw[:place] + junk + raw[place + length :]
    for status, body in answered(port, raw):
        assert status < 500
        assert status in (100, 204) or json.loads(body)["schemas"]
    assert [status for status, _ in answered(port, b"GET /readyz HTTP/1.1\r\n" + HOST + b"\r\n")] == [200]
