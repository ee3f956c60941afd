"""SCIM servers of others, as processes of their own on loopback: how they are started, asked, judged and stopped."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

import scimrig
import scimrig_reports
import scimrig_simulator

from .scalekit_house import Pem, Server, clean_environment

HERE = Path(__file__).parent
NODE_PEERS = HERE / "node_peers"
NODE_AT_LEAST = 20
SCIM_ROOTS = {"scimmy": "/scim/v2", "better-auth": "/api/auth/scim/v2"}
"""Peers that run on Node.js: ``node_peers/NAME.mjs`` → where its SCIM endpoints begin."""

ROOTS = [str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_reports, scimrig_simulator)]
TOKEN = "peer-t0ken-a71c"
PATIENCE = 30.0
"""Seconds a server may take until it answers."""

Command = Callable[[int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. ``seconds``: wall-clock time it took."""

    code: int
    out: str
    err: str
    seconds: float


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """What processes of these tests see: our sources and the peers' projects, one token, nothing of the caller's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    roots = os.pathsep.join([*ROOTS, str(HERE)])
    return {**kept, "PYTHONPATH": roots, "LANG": "C.UTF-8", "SCIMRIG_TOKEN": TOKEN, "PEER_TOKEN": TOKEN,
            "PEER_DATABASE": str(tmp_path / "peer.sqlite3"), "DJANGO_SETTINGS_MODULE": "django_peer.settings"}


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[Command, str], str]]:
    """``serve(command, path)``: start a server on a free port, wait until it answers, return its base URL."""
    running: list[subprocess.Popen[bytes]] = []

    def start(command: Command, path: str) -> str:
        for _ in range(3):  # between finding a port free and using it, somebody else may take it
            port = free_port()
            with (tmp_path / f"server-{port}.log").open("wb") as log:
                process = subprocess.Popen(
                    command(port), cwd=tmp_path, env={**environment, "PEER_PORT": str(port)},
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                )
            running.append(process)
            if answers(process, port):
                return f"http://127.0.0.1:{port}{path}"
        raise AssertionError((tmp_path / f"server-{port}.log").read_text(errors="replace"))

    yield start
    for process in running:
        stop(process)


@dataclass(frozen=True, slots=True)
class Reference:
    """Our own server: where it is asked, and by which token."""

    url: str
    token: str


@pytest.fixture(params=["", "acme"], ids=["unnamed tenant", "tenant acme"])
def reference(request: pytest.FixtureRequest, serve: Callable[[Command, str], str]) -> Reference:
    """``scimrig serve``, as its users start it: the tenant that needs no name, and one at a path of its own."""
    words = (sys.executable, "-m", "scimrig.cli.main", "serve", "--token", TOKEN)
    origin = serve(lambda port: (*words, "--port", str(port)), "")
    if not request.param:
        return Reference(f"{origin}/scim/v2", TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    place = f"{origin}/manage/tenants/{request.param}"
    assert httpx2.put(place, headers=bearer).is_success
    issued = httpx2.post(f"{place}/tokens", headers=bearer, json={})
    assert issued.is_success, issued.text
    return Reference(f"{origin}/{request.param}/scim/v2", issued.json()["token"])


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pem]:
    """A certificate that the vendor's clients trust in this process from here on: gRPC reads its roots once."""
    made = Pem.made(tmp_path_factory.mktemp("pem"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in made.trust.items():
            patch.setenv(name, value)
        yield made


@pytest.fixture(scope="module")
def server(pem: Pem) -> Iterator[Server]:
    """A server with a policy that speaks TLS and gRPC. Told to stop while clients are connected, it goes quietly."""
    made = Server(pem, TOKEN, clean_environment(ROOTS))
    yield made
    code, err = made.stop()
    assert code == 0, err
    assert "Traceback" not in err


@pytest.fixture
def rig(environment: dict[str, str], tmp_path: Path) -> Callable[..., Ended]:
    """``rig("run", …)``: the command line, in a folder of its own."""

    def play(*words: str) -> Ended:
        begun = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "scimrig.cli.main", *words], cwd=tmp_path, env=environment, text=True,
            encoding="utf-8", stdin=subprocess.DEVNULL, capture_output=True, timeout=300, check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)

    return play


@pytest.fixture
def peer(serve: Callable[[Command, str], str], environment: dict[str, str]) -> Callable[[str], str]:
    """``peer("scim2-server")``: the base URL of a server of that package, started as its users start it."""

    def start(name: str) -> str:
        if name == "scim2-server":
            command = script("scim2-server")
            return serve(lambda port: (command, "--port", str(port), "--bearer-token", TOKEN), "/v2")
        if name in SCIM_ROOTS:
            node = node_with_peers()
            return serve(lambda port: (node, str(NODE_PEERS / f"{name}.mjs")), SCIM_ROOTS[name])
        django = (sys.executable, "-m", "django", "migrate", "--run-syncdb", "--verbosity", "0")
        subprocess.run(django, env={**environment, "PEER_PORT": "0"}, check=True, timeout=60)
        return serve(lambda port: (sys.executable, "-m", "django_peer.serve", str(port)), "/scim/v2")

    return start


def script(name: str) -> str:
    """The path of a command that a package installed. Fails with what to do where it is missing."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    assert found, f"{name} is not installed; pip install --group peers"
    return found


def node_with_peers() -> str:
    """The path of Node.js, its peers installed as ``package-lock.json`` says. Skips the test where there is no Node.js.

    What npm cannot install is an error: a machine that has Node.js plays these peers, or says why not.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        pytest.skip(f"{'node' if not node else 'npm'} is not on this machine; this peer needs Node.js and npm")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    if int(version.lstrip("v").partition(".")[0]) < NODE_AT_LEAST:
        pytest.skip(f"Node.js is {version}; this peer needs {NODE_AT_LEAST} or newer")
    wanted, installed = NODE_PEERS / "package-lock.json", NODE_PEERS / "node_modules" / ".package-lock.json"
    with wanted.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one installs, also where several processes share the tests
        if not installed.exists() or installed.stat().st_mtime < wanted.stat().st_mtime:
            words = (npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
            done = subprocess.run(words, cwd=NODE_PEERS, capture_output=True, text=True, check=False, timeout=600)
            assert done.returncode == 0, f"npm ci failed in {NODE_PEERS}:\n{done.stdout}{done.stderr}"
    return node


def free_port() -> int:
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the process takes connections within PATIENCE; False as soon as it has ended."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return process.poll() is None
        time.sleep(0.05)
    return False


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()
