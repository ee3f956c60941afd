"""The command line as a user meets it: with arguments, an environment and a folder of its own.

Each command is a process, but for the many of ``here``: there a process would cost ten times what the command does.
"""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import scimrig
import scimrig_reports
import scimrig_simulator
from scimrig.cli.main import main

ROOTS = [str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_simulator, scimrig_reports)]
COMMAND = [sys.executable, "-m", "scimrig.cli.main"]
PATHS = "PYTHONPATH"
TOKEN = "canary-t0ken-5f1e"

LEAVER = """
scenario: tiny/leaver
title: A leaver is switched off
area: deactivation
severity: security
cites: [idp:okta:5, bug:LIFE-01]
tags: [smoke]
given: {ada: {}}
steps:
  - assign: ada
  - deactivate: ada
  - check: {user: ada, has: {active: false}}
"""
JOINER = """
scenario: tiny/joiner
title: A joiner is there
area: create
severity: breaks-provisioning
cites: [idp:okta:3]
given: {ben: {}}
steps:
  - assign: ben
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    def complains(self, *words: str) -> None:
        """It said what is wrong in words, without a traceback."""
        assert "Traceback" not in self.err + self.out, self.err + self.out
        assert "bug in scimrig" not in self.err, self.err
        for word in words:
            assert word in self.err, f"{word!r} is not in: {self.err}"


_LIMITED = """
import os, resource, sys
most = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass(slots=True)
class Shell:
    """A folder to stand in and an environment. here: whether commands are played in this process, see ``here``."""

    folder: Path
    env: dict[str, str]
    here: bool = False

    def start(self, *words: str, **options: Any) -> subprocess.Popen[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
        return subprocess.Popen(
            [*COMMAND, *words], cwd=self.folder, env=self.env, text=True, encoding="utf-8", **{**pipes, **options}
        )

    def with_files_of(self, most: int, *words: str) -> Ended:
        """Run a command whose files may have so many bytes. The limit is set by the process itself: a fork of this one
        (``preexec_fn``) would inherit the threads of whatever library other tests have loaded.
        """
        command = [sys.executable, "-c", _LIMITED, str(most), *COMMAND, *words]
        return ended(subprocess.Popen(
            command, cwd=self.folder, env=self.env, text=True, encoding="utf-8",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ))

    def __call__(self, *words: str, **options: Any) -> Ended:
        of_the_interpreter = any(name == "LC_ALL" or name.startswith("PYTHON") for name in self.env.keys() - {PATHS})
        if self.here and not options and not of_the_interpreter:
            return played(words, self.folder, self.env)
        return ended(self.start(*words, **options))

    def run_folders(self) -> list[Path]:
        """The runs' folders, oldest first: the ids of two runs of one second are in no order."""
        return sorted((self.folder / ".scimrig" / "runs").glob("*"), key=lambda folder: folder.stat().st_mtime_ns)

    def traces(self) -> str:
        """Everything that was written below the folder."""
        files = [path for path in self.folder.rglob("*") if path.is_file()]
        return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in files)


def ended(process: subprocess.Popen[str], timeout: float = 60) -> Ended:
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"still running after {timeout} s:\n{out}\n{err}") from None
    return Ended(process.returncode, out or "", err or "")


def played(words: tuple[str, ...], folder: Path, env: dict[str, str]) -> Ended:
    """Play a command in this process, which lends it nothing: its streams are no terminal."""
    out, err = io.BytesIO(), io.BytesIO()
    with (
        chdir(folder), patch.dict(os.environ, env, clear=True), open(os.devnull, encoding="utf-8") as nothing,
        patch.multiple(sys, stdin=nothing, __stdout__=None),
        patch.object(logging.getLogger("scimrig_simulator"), "handlers", []),
        redirect_stdout(io.TextIOWrapper(out, write_through=True)),
        redirect_stderr(io.TextIOWrapper(err, write_through=True)),
    ):
        code = main(words)
        return Ended(code, out.getvalue().decode(), err.getvalue().decode())


@pytest.fixture
def here(shell: Shell) -> None:
    """Play commands in this process: for files that are about what a command does, not about it as a process."""
    shell.here = True


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A command line in an empty folder."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    folder = tmp_path / "here"
    folder.mkdir()
    return Shell(folder, {**kept, PATHS: os.pathsep.join(ROOTS), "LANG": "C.UTF-8", "SCIMRIG_TOKEN": TOKEN})


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """Two scenarios of our own, so that these tests do not move with the shipped ones."""
    folder = tmp_path / "pack"
    (folder / "tiny").mkdir(parents=True)
    (folder / "tiny" / "leaver.yaml").write_text(LEAVER)
    (folder / "tiny" / "joiner.yaml").write_text(JOINER)
    return folder


@dataclass(slots=True)
class Server:
    """A server process and its base URL."""

    process: subprocess.Popen[str]
    url: str

    @property
    def port(self) -> str:
        return self.url.split(":")[2].split("/")[0]

    def stop(self) -> Ended:
        self.process.send_signal(signal.SIGTERM)
        return ended(self.process, 20)

    def users(self) -> int:
        """How many users it holds."""
        from scimrig_simulator.clock import SystemClock
        from scimrig_simulator.drive import HttpTransport
        from scimrig_simulator.wire import Send

        transport = HttpTransport(self.url, f"Bearer {TOKEN}", timeout=5.0, clock=SystemClock())
        try:
            return int(transport.exchange(Send("GET", "/Users")).resource()["totalResults"])
        finally:
            transport.close()


@pytest.fixture
def listening(shell: Shell, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Start a command that prints its base URL as its first line; all are stopped afterwards."""
    started: list[subprocess.Popen[str]] = []

    def start(*command: str) -> Server:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=shell.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        started.append(process)
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, process.communicate(timeout=10)[1]
        return Server(process, url)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def _script(name: str) -> tuple[str, str]:
    return sys.executable, str(Path(__file__).with_name(name))


@pytest.fixture
def serve(listening: Callable[..., Server]) -> Callable[..., Server]:
    """Start ``scimrig serve``, or with ``awkward=…`` a server that misbehaves in time, in processes of their own."""

    def start(*words: str, awkward: tuple[str, ...] = ()) -> Server:
        return listening(*(_script("awkward_server.py") if awkward else (*COMMAND, "serve")), *(awkward or words))

    return start


@pytest.fixture
def tiny(listening: Callable[..., Server]) -> Callable[..., Server]:
    """Start a small server whose answers can be bent; knobs as in ``tiny_server.py``."""
    return lambda **knobs: listening(*_script("tiny_server.py"), json.dumps(knobs))
