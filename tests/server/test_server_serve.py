"""The server on a socket: it says when it is ready, answers, and goes when it is told to."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.server.serve import ServeError, serve

SCRIPT = """
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.server.serve import serve
serve(build(Settings(token="s3cret")), ready=lambda url: print(url, flush=True), grace=1)
print("gone", flush=True)
"""


@pytest.fixture
def server() -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    yield process, process.stdout.readline().strip()
    process.kill()
    process.communicate()


def request(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> tuple[int, bytes]:
    headers = {"Authorization": "Bearer s3cret", "Content-Type": "application/scim+json", "X-Forwarded-Proto": "https"}
    content = None if body is None else json.dumps(body)
    connection.request(method, path, content, headers)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_told_to_stop_and_exits_0(server: tuple[subprocess.Popen[str], str], number: int) -> None:
    process, url = server
    base = urlsplit(url)
    assert (base.hostname, base.path) == ("127.0.0.1", "/scim/v2")
    connection = http.client.HTTPConnection("127.0.0.1", base.port or 0, timeout=5)
    body = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "zoë"}
    status, content = request(connection, "POST", f"{base.path}/Users", body)
    user = json.loads(content)
    assert (status, user["meta"]["location"]) == (201, f"{url}/Users/{user['id']}")
    assert request(connection, "GET", f"{base.path}/Users/{user['id']}")[0] == 200
    assert request(connection, "DELETE", f"{base.path}/Users/{user['id']}") == (204, b"")
    # the connection stays open, as an IdP's would
    asked = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, out.strip(), err) == (0, "gone", "")
    assert time.monotonic() - asked < 4.5  # where an open connection kept it, it would be 5 s: see GRACE
    connection.close()


def test_a_request_that_never_ends_doesn_t_keep_it(server: tuple[subprocess.Popen[str], str]) -> None:
    process, url = server
    with socket.create_connection(("127.0.0.1", urlsplit(url).port or 0)) as half:
        half.sendall(b"POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s3cret\r\n"
                     b"Content-Length: 100\r\n\r\n{")
        time.sleep(0.1)
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out.strip(), err) == (0, "gone", "")


def test_an_over_long_filter_is_a_scim_error(server: tuple[subprocess.Popen[str], str]) -> None:
    base = urlsplit(server[1])
    connection = http.client.HTTPConnection("127.0.0.1", base.port or 0, timeout=5)
    status, content = request(connection, "GET", f"{base.path}/Users?filter={'a' * 100_000}")
    assert (status, json.loads(content)["scimType"]) == (400, "invalidFilter")
    connection.close()


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ServeError, match=f"127.0.0.1:{port}: .*Port 0 takes a free one"):
            serve(build(Settings(token="t")), port=port)
