"""Reference servers as processes on a file, and clients that write to them from several threads at once."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import pytest

import scimrig
import scimrig_reports
import scimrig_simulator

TOKEN = "s3cret-of-nobody"
MEDIA_TYPE = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ROOTS = [str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_reports, scimrig_simulator)]
PATIENCE = 30.0
"""Seconds that a client waits for an answer."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. body: {} where there is none."""

    status: int
    body: dict[str, Any]
    version: str | None


class Client:
    """Sends what a test writes, over one kept connection for each thread and server. A 5xx fails the test."""

    def __init__(self, *urls: str) -> None:
        self._bases = [urlsplit(url) for url in urls]
        self._kept = threading.local()

    def send(
        self, method: str, path: str, body: Any = None, *, to: int = 0, if_match: str | None = None, **query: str
    ) -> Answer:
        """A request to the server ``to`` of those there are, counted around. Raises OSError or HTTPException."""
        base = self._bases[to % len(self._bases)]
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": MEDIA_TYPE}
        if body is not None:
            headers["Content-Type"] = MEDIA_TYPE
        if if_match is not None:
            headers["If-Match"] = if_match
        target = base.path + path + ("?" + "&".join(f"{k}={quote(v)}" for k, v in query.items()) if query else "")
        connection = self._connection(base.port or 0)
        connection.request(method, target, None if body is None else json.dumps(body), headers)
        reply = connection.getresponse()
        content = reply.read()
        assert reply.status < 500, f"{method} {target}: {reply.status} {content[:1000]!r}"
        return Answer(reply.status, json.loads(content) if content else {}, reply.getheader("ETag"))

    def _connection(self, port: int) -> http.client.HTTPConnection:
        kept = self._kept.__dict__
        if port not in kept:
            kept[port] = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        return kept[port]

    def patch(self, path: str, *operations: dict[str, Any], to: int = 0, if_match: str | None = None) -> Answer:
        body = {"schemas": [PATCH_OP], "Operations": list(operations)}
        return self.send("PATCH", path, body, to=to, if_match=if_match)

    def made(self, body: dict[str, Any], to: int = 0) -> dict[str, Any]:
        """A new user or group."""
        answer = self.send("POST", "/Users" if USER in body["schemas"] else "/Groups", body, to=to)
        assert answer.status == 201, answer
        return answer.body

    def user(self, name: str, **attributes: Any) -> dict[str, Any]:
        return self.made({"schemas": [USER], "userName": name, **attributes})

    def group(self, name: str, *ids: str) -> dict[str, Any]:
        return self.made({"schemas": [GROUP], "displayName": name, "members": [{"value": id} for id in ids]})

    def get(self, path: str, to: int = 0, **query: str) -> dict[str, Any]:
        answer = self.send("GET", path, to=to, **query)
        assert answer.status == 200, answer
        return answer.body

    def walk(self, path: str, to: int = 0) -> list[dict[str, Any]]:
        """All resources of an endpoint, page by page; every page agrees on how many they are."""
        found: list[dict[str, Any]] = []
        while True:
            page = self.get(path, to, startIndex=str(len(found) + 1), count="100")
            found += page.get("Resources", [])
            if len(found) >= page["totalResults"] or not page.get("Resources"):
                assert len(found) == page["totalResults"], "the total is not what a walk finds"
                return found


class Server:
    """``scimrig serve`` on a file."""

    def __init__(self, db: Path, log: Path) -> None:
        words = (sys.executable, "-m", "scimrig.cli.main", "serve", "--db", str(db), "--token", TOKEN)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(ROOTS)}
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment
            )

    def ready(self) -> str:
        """The base URL, as soon as it takes connections."""
        assert self._process.stdout is not None
        url = self._process.stdout.readline().strip()
        assert url, self._log.read_text(errors="replace")
        return url

    def kill(self) -> None:
        """End it as a power cut would end the process: nothing of it runs any more."""
        self._process.kill()
        assert self._process.wait() == -signal.SIGKILL

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(PATIENCE)
        if self._process.stdout is not None:
            self._process.stdout.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """``start()``: another server on the file of this test, or on that of another name; stopped at its end."""
    running: list[Server] = []

    def one(name: str = "directory.db") -> Server:
        running.append(Server(tmp_path / name, tmp_path / "server.log"))
        return running[-1]

    yield one
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def connect() -> type[Client]:
    """``connect(*urls)``: a client of these servers."""
    return Client


Together = Callable[[Sequence[Callable[[], T]]], list[T]]


@pytest.fixture
def together() -> Iterator[Together[Answer]]:
    """``together(calls)``: all at the same moment, each in a thread; what they returned, in order."""
    with ThreadPoolExecutor(max_workers=8) as threads:

        def run(calls: Sequence[Callable[[], Answer]]) -> list[Answer]:
            gate = threading.Barrier(len(calls))

            def one(call: Callable[[], Answer]) -> Answer:
                gate.wait(PATIENCE)
                return call()

            return list(threads.map(one, calls))

        yield run
