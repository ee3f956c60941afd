"""The outbox of a real process that is killed, on real sockets: what SCIM was told is done, the endpoint hears of."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATIENCE = 30.0

SCRIPT = """
import sys
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.seams import Seams
from scimrig_simulator.server import outbox
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.server.serve import serve

class Untiring(Seams):
    def ladder(self, attempt):
        return 0.3

class Asleep(SystemClock):
    def at(self, when, action):
        pass

db, how = sys.argv[1:]
outbox.LEASE = 2.0
settings = Settings(token="s3cret", db=db, policy="scalekit", clock=Asleep() if how == "asleep" else SystemClock())
serve(build(settings, Untiring() if how == "untiring" else None), ready=lambda url: print(url, flush=True))
"""


class Receiver:
    """A webhook endpoint. Deliveries it has read stand in ``arrived`` at once; it answers when it is let."""

    def __init__(self, port: int, hangs: bool) -> None:
        self.arrived: list[tuple[dict[str, str], bytes]] = []
        self.answered = 0
        self.may_answer = threading.Event()
        if not hangs:
            self.may_answer.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.arrived.append((dict(self.headers.items()), body))
                receiver.may_answer.wait(PATIENCE)
                receiver.answered += 1
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        ThreadingHTTPServer.daemon_threads = True
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a sender that was killed
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.arrived]

    def close(self) -> None:
        self.may_answer.set()
        self.server.shutdown()
        self.server.server_close()


class Server:
    """A process that serves the policy from a file."""

    def __init__(self, db: Path, how: str) -> None:
        words = [sys.executable, "-c", SCRIPT, str(db), how]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        base = urlsplit(self.process.stdout.readline().strip())
        self._port = base.port or 0

    def send(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        headers = {"Authorization": "Bearer s3cret", "Content-Type": "application/scim+json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        return response.status, json.loads(content) if content else None

    def register(self, port: int) -> None:
        assert self.send("PUT", "/manage/domains", {"domains": ["acme.test"]})[0] == 200
        assert self.send("PUT", "/manage/webhook", {"url": f"http://127.0.0.1:{port}/hook"})[0] == 200

    def person(self, name: str) -> str:
        body = {"schemas": [USER], "userName": f"{name}@acme.test", "active": True}
        status, user = self.send("POST", "/scim/v2/Users", body)
        assert status == 201
        return str(user["id"])

    def deliveries(self) -> list[dict[str, Any]]:
        return list(self.send("GET", "/manage/deliveries")[1]["deliveries"])

    def kill(self) -> None:
        """As the kernel does it: no handler runs, nothing is flushed."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    made: list[Server] = []

    def begin(how: str = "plain") -> Server:
        made.append(Server(tmp_path / "db", how))
        return made[-1]

    yield begin
    for server in made:
        server.kill()


@pytest.fixture
def listen() -> Iterator[Callable[..., Receiver]]:
    made: list[Receiver] = []

    def begin(port: int = 0, hangs: bool = False) -> Receiver:
        made.append(Receiver(port, hangs))
        return made[-1]

    yield begin
    for receiver in made:
        receiver.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_between_commit_and_first_attempt_the_event_arrives_from_the_next_process(
    start: Callable[..., Server], listen: Callable[..., Receiver]
) -> None:
    receiver = listen()
    first = start("asleep")
    first.register(receiver.server.server_port)
    ids = [first.person("ada"), first.person("ben")]
    (ada, ben) = [delivery["event_id"] for delivery in first.deliveries()]
    first.kill()
    assert receiver.arrived == []
    second = start()
    wait_until(lambda: len(receiver.arrived) == 2)
    assert receiver.ids == [ada, ben]
    assert [json.loads(body)["data"]["id"] for _, body in receiver.arrived] == [f"diruser_{id}" for id in ids]
    wait_until(lambda: {delivery["state"] for delivery in second.deliveries()} == {"delivered"})


@pytest.mark.slow
def test_killed_while_the_receiver_is_down_the_event_arrives_under_the_same_id_once_it_is_up(
    start: Callable[..., Server], listen: Callable[..., Receiver]
) -> None:
    port = free_port()
    first = start("untiring")
    first.register(port)
    first.person("ada")
    wait_until(lambda: len(first.deliveries()[0]["attempts"]) >= 2)
    (before,) = first.deliveries()
    assert (before["state"], {attempt["status"] for attempt in before["attempts"]}) == ("pending", {0})
    assert all(attempt["failure"].startswith("refused") for attempt in before["attempts"])
    first.kill()
    receiver = listen(port)
    second = start("untiring")
    wait_until(lambda: second.deliveries()[0]["state"] == "delivered")
    (after,) = second.deliveries()
    assert receiver.ids == [before["event_id"]] == [after["event_id"]]
    assert after["attempts"][: len(before["attempts"])] == before["attempts"]


@pytest.mark.slow
def test_killed_in_the_middle_of_an_attempt_it_is_made_again(
    start: Callable[..., Server], listen: Callable[..., Receiver]
) -> None:
    receiver = listen(hangs=True)
    first = start()
    first.register(receiver.server.server_port)
    first.person("ada")
    wait_until(lambda: len(receiver.arrived) == 1)
    first.kill()
    receiver.may_answer.set()
    second = start()
    wait_until(lambda: second.deliveries()[0]["state"] == "delivered")
    assert len(set(receiver.ids)) == 1
    assert [body for _, body in receiver.arrived] == [receiver.arrived[0][1]] * 2


@pytest.mark.slow
def test_an_endpoint_that_hangs_keeps_no_scim_answer_and_no_other_event_waiting(
    start: Callable[..., Server], listen: Callable[..., Receiver]
) -> None:
    """It answers nothing until every SCIM answer is here and every event has arrived."""
    receiver = listen(hangs=True)
    server = start()
    server.register(receiver.server.server_port)
    for name in "abcdefgh":
        server.person(name)
    wait_until(lambda: len(receiver.arrived) == 8)
    assert receiver.answered == 0
    assert [delivery["attempts"] for delivery in server.deliveries()] == [[]] * 8
    receiver.may_answer.set()
    wait_until(lambda: {delivery["state"] for delivery in server.deliveries()} == {"delivered"})
    assert len(receiver.arrived) == 8


@pytest.mark.slow
def test_an_endpoint_that_answers_hears_of_commits_in_their_order(
    start: Callable[..., Server], listen: Callable[..., Receiver]
) -> None:
    """Thirty users one after the other; then a group of them: thirty-one events in one commit."""
    receiver = listen()
    server = start()
    server.register(receiver.server.server_port)
    members = [{"value": server.person(f"person{number}")} for number in range(30)]
    group = {"schemas": [GROUP], "displayName": "All", "members": members}
    assert server.send("POST", "/scim/v2/Groups", group)[0] == 201
    wait_until(lambda: len(receiver.arrived) == 61)
    assert receiver.ids == [delivery["event_id"] for delivery in server.deliveries()]
    types = [json.loads(body)["type"].rpartition(".")[2] for _, body in receiver.arrived]
    assert types == ["user_created"] * 30 + ["group_created"] + ["user_updated"] * 30
