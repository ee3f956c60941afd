"""A server that is told to stop: what is under way is answered, what is open is closed; told twice, it is gone."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = """
import sys
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.server.serve import serve
app = build(Settings(token="s3cret", db=sys.argv[1], policy=sys.argv[2]))
serve(app, ready=lambda url: print(url, flush=True), grace=int(sys.argv[3]))
print("gone", flush=True)
"""
BODY = json.dumps({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"}).encode()
HEAD = b"Host: localhost\r\nAuthorization: Bearer s3cret\r\nContent-Length: %d\r\n"


class Server:
    def __init__(self, db: Path, policy: str, grace: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(db), policy, str(grace)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline().rpartition(":")[2].partition("/")[0])

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def begin(self, headers: bytes = b"") -> socket.socket:
        """A request for a new user, of which the last byte is still to come."""
        connection = self.connect()
        connection.sendall(b"POST /scim/v2/Users HTTP/1.1\r\n" + HEAD % len(BODY) + headers + b"\r\n" + BODY[:-1])
        time.sleep(0.2)
        return connection

    def refuses(self) -> None:
        """Wait until it takes no new connection."""
        with contextlib.suppress(ConnectionRefusedError):
            for _ in range(100):
                self.connect().close()
                time.sleep(0.1)
            pytest.fail("it still takes connections")

    def ended(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=20)
        return self.process.returncode, out.strip(), err


def answer(connection: socket.socket) -> tuple[int, dict[str, Any]]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, json.loads(response.read())


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def started(policy: str = "open", grace: int = 5) -> Server:
        made.append(Server(tmp_path / "db", policy, grace))
        return made[-1]

    yield started
    for server in made:
        server.process.kill()
        server.process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["open", "scalekit"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_under_way_is_answered_and_kept(
    start: Callable[..., Server], tmp_path: Path, number: int, policy: str
) -> None:
    server = start(policy)
    slow, idle = server.begin(), server.connect()
    server.process.send_signal(number)
    server.refuses()
    with contextlib.suppress(ConnectionResetError):  # where it had not been taken yet
        assert idle.recv(1) == b""
    assert server.process.poll() is None
    slow.sendall(BODY[-1:])
    status, said = answer(slow)
    assert status == (201 if policy == "open" else 400)  # where nobody comes in before their domain is registered
    assert server.ended() == (0, "gone", "")
    assert [file.name for file in tmp_path.iterdir()] == ["db"]  # closed: nothing is left beside the file
    if policy == "open":
        assert found(start(), said["id"])


def found(server: Server, id: str) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", f"/scim/v2/Users/{id}", headers={"Authorization": "Bearer s3cret"})
        return connection.getresponse().status == 200


@pytest.mark.slow
def test_a_request_that_isn_t_complete_when_patience_ends_is_told_so_in_scim(start: Callable[..., Server]) -> None:
    server = start(grace=1)
    connection = server.begin()
    server.process.terminate()
    status, error = answer(connection)
    assert (status, error["status"]) == (503, "503")
    assert server.ended() == (0, "gone", "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_twice_it_is_gone_at_once(start: Callable[..., Server], number: int) -> None:
    server = start(grace=60)
    connection = server.begin()
    server.process.terminate()
    server.refuses()
    server.process.send_signal(number)
    began = time.monotonic()
    status, out, err = server.ended()
    assert (status, out) == (-number, "")
    assert time.monotonic() - began < 5
    assert "Traceback" not in err
    connection.close()


@pytest.mark.slow
def test_it_says_go_on_to_whoever_asks_and_nothing_to_whoever_sends_too_much(start: Callable[..., Server]) -> None:
    """RFC 9110 §10.1.1: the client waits for 100 before it sends a body; one that is too large is refused unseen."""
    server = start()
    with server.connect() as asking:
        head = b"POST /scim/v2/Users HTTP/1.1\r\nExpect: 100-continue\r\n"
        asking.sendall(head + HEAD % len(BODY) + b"\r\n")
        assert asking.recv(100).startswith(b"HTTP/1.1 100 ")
        asking.sendall(BODY)
        assert answer(asking)[0] == 201
    with server.connect() as sending:
        sending.sendall(head + HEAD % (1 << 30) + b"\r\n")
        status, error = answer(sending)
        assert (status, error["status"]) == (413, "413")
    with server.connect() as stranger:
        stranger.sendall(head + b"Host: x\r\nContent-Length: 5\r\n\r\n")
        assert answer(stranger)[0] == 401


@pytest.mark.slow
def test_chunks_beyond_the_limit_are_413_while_they_still_come(start: Callable[..., Server]) -> None:
    with start().connect() as connection:
        head = b"POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s3cret\r\n"
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        for _ in range(20):
            connection.sendall(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        assert answer(connection)[0] == 413
