"""Tenants of real servers: what ``scimrig serve --tenant`` prints, what a file keeps, and two processes on one file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import scimrig
import scimrig_reports
import scimrig_simulator

pytestmark = pytest.mark.slow

ROOT = "r00t-t0ken-of-the-start"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PACKAGES = os.pathsep.join(
    str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_simulator, scimrig_reports)
)


def ask(url: str, token: str | None, method: str = "GET", body: Any = None) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an answer."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    content = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, content, headers, method=method), timeout=10) as reply:
            status, text = reply.status, reply.read()
    except urllib.error.HTTPError as error:
        status, text = error.code, error.read()
    return status, json.loads(text) if text else {}


class Server:
    """A server process: where it is, and what it has printed once it has stopped."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self.url = process.stdout.readline().strip()
        assert self.url, process.communicate(timeout=20)[1]
        self.origin = self.url.removesuffix("/scim/v2")

    def users(self, tenant: str, token: str | None) -> tuple[int, int | None]:
        """Status, and how many users there are."""
        status, found = ask(f"{self.origin}/{tenant}/scim/v2/Users", token)
        return status, found.get("totalResults")

    def manage(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        return ask(f"{self.origin}/manage{path}", ROOT, method, body)

    def stop(self) -> str:
        """What it said to stderr."""
        self.process.send_signal(signal.SIGTERM)
        out, err = self.process.communicate(timeout=20)
        assert (self.process.returncode, out) == (0, "")
        return err


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    started: list[subprocess.Popen[str]] = []
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}

    def start(*words: str) -> Server:
        command = [sys.executable, "-m", "scimrig.cli.main", "serve", *words]
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**kept, "PYTHONPATH": PACKAGES, "LANG": "C.UTF-8", "SCIMRIG_TOKEN": ROOT},
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        started.append(process)
        return Server(process)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def told(err: str) -> dict[str, tuple[str, str]]:
    """Base URL and what follows it, of each tenant in the lines of stderr."""
    lines = [line.split("  ", 2) for line in err.splitlines()]
    return {line[0]: (line[1], line[2]) for line in lines if len(line) == 3}


def test_tenants_named_at_the_start_are_served_and_their_tokens_printed_once(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    db = str(tmp_path / "db")
    first = serve("--db", db, "--tenant", "acme", "--tenant", "beta", "--tenant", "acme")
    lines = told(err := first.stop())
    assert list(lines) == ["acme", "beta"]
    assert [url for url, _ in lines.values()] == [f"{first.origin}/{name}/scim/v2" for name in ("acme", "beta")]
    assert ROOT not in err
    second = serve("--db", db, "--tenant", "acme", "--tenant", "gamma")
    for name in ("acme", "beta"):
        assert second.users(name, lines[name][1]) == (200, 0)
    assert second.users("acme", lines["beta"][1]) == (401, None)
    again = told(err := second.stop())
    assert list(again) == ["acme", "gamma"]
    assert lines["acme"][1] not in err, "who has a token keeps it; it isn't printed, since it isn't known"
    assert f"{second.origin}/manage/tenants/acme/tokens" in again["acme"][1]
    assert serve("--db", db).users("gamma", again["gamma"][1]) == (200, 0)


def test_a_tenant_without_a_live_token_is_given_one_at_the_start(serve: Callable[..., Server], tmp_path: Path) -> None:
    db = str(tmp_path / "db")
    first = serve("--db", db, "--tenant", "acme")
    _, listed = first.manage("GET", "/tenants/acme/tokens")
    assert first.manage("DELETE", f"/tenants/acme/tokens/{listed['tokens'][0]['id']}")[0] == 204
    old = told(first.stop())["acme"][1]
    new = told(serve("--db", db, "--tenant", "acme").stop())["acme"][1]
    server = serve("--db", db)
    assert (server.users("acme", old)[0], server.users("acme", new)[0]) == (401, 200)


@pytest.mark.parametrize("name", ["Acme", "scim", "a.b", "-", "", "default", "x" * 64])
def test_a_name_that_no_tenant_can_have_is_refused_before_anything_is_made(
    serve: Callable[..., Server], tmp_path: Path, name: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scimrig.cli.main", "serve", "--db", str(tmp_path / "db"), f"--tenant={name}"],
        env={**os.environ, "PYTHONPATH": PACKAGES}, cwd=tmp_path, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "--tenant" in done.stderr
    assert repr(name) in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "db").exists()


def test_two_processes_on_one_file_see_each_other_s_tenants_and_tokens_at_once(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    db = str(tmp_path / "db")
    one, two = serve("--db", db), serve("--db", db)
    assert one.users("acme", ROOT)[0] == two.users("acme", ROOT)[0] == 404
    assert one.manage("PUT", "/tenants/acme")[0] == 200
    assert two.manage("GET", "/tenants")[1] == one.manage("GET", "/tenants")[1]
    token = two.manage("POST", "/tenants/acme/tokens", {"expires_in": 3600})[1]
    body = {"schemas": [USER], "userName": "ada"}
    assert ask(f"{one.origin}/acme/scim/v2/Users", token["token"], "POST", body)[0] == 201
    assert one.users("acme", token["token"]) == two.users("acme", token["token"]) == (200, 1)
    assert [ask(f"{server.url}/Users", ROOT)[1]["totalResults"] for server in (one, two)] == [0, 0]
    assert one.manage("DELETE", f"/tenants/acme/tokens/{token['id']}")[0] == 204
    assert two.users("acme", token["token"])[0] == 401
    last = one.manage("POST", "/tenants/acme/tokens")[1]["token"]
    assert two.users("acme", last) == (200, 1)
    assert two.manage("DELETE", "/tenants/acme")[0] == 204
    assert (one.users("acme", last)[0], two.users("acme", last)[0]) == (401, 401)
    assert one.manage("PUT", "/tenants/acme")[0] == 200
    fresh = one.manage("POST", "/tenants/acme/tokens")[1]["token"]
    assert one.users("acme", fresh) == two.users("acme", fresh) == (200, 0)
    assert one.users("acme", last)[0] == two.users("acme", last)[0] == 401


def test_a_policy_holds_in_each_tenant_and_in_each_process(serve: Callable[..., Server], tmp_path: Path) -> None:
    db = str(tmp_path / "db")
    one = serve("--db", db, "--policy", "scalekit")
    two = serve("--db", db, "--policy", "scalekit")
    one.manage("PUT", "/tenants/acme")
    token = one.manage("POST", "/tenants/acme/tokens")[1]["token"]
    domains = {"domains": ["acme.test"]}
    assert ask(f"{two.origin}/acme/manage/domains", token, "PUT", domains) == (200, domains)
    assert ask(f"{one.origin}/acme/manage/domains", token) == (200, domains)
    assert one.manage("GET", "/domains") == two.manage("GET", "/domains") == (200, {"domains": []})
    body = {"schemas": [USER], "userName": "ada", "emails": [{"value": "ada@acme.test"}]}
    assert ask(f"{one.origin}/acme/scim/v2/Users", token, "POST", body)[0] == 201
    assert ask(f"{one.url}/Users", ROOT, "POST", body)[0] == 400


@pytest.mark.parametrize("twist", [("--fault", "plain-json-answers"), ("--variant", "slow-500ms")])
def test_a_server_with_a_twist_has_tenants_too(serve: Callable[..., Server], twist: tuple[str, str]) -> None:
    server = serve(*twist, "--tenant", "acme")
    assert server.users("acme", "wrong")[0] == 401
    assert list(told(server.stop())) == ["acme"]


def test_a_server_that_can_t_start_makes_no_token_that_nobody_is_told(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    db = str(tmp_path / "db")
    server = serve("--db", db)
    port = server.origin.rpartition(":")[2]
    with pytest.raises(AssertionError, match="Can't listen"):
        serve("--db", db, "--port", port, "--tenant", "acme")
    server.manage("PUT", "/tenants/acme")
    assert server.manage("GET", "/tenants/acme/tokens") == (200, {"tokens": []})
