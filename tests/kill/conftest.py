"""A server with a fault in a process of its own, judged by URL by ``scimrig run`` in this one.

That the command line does the same as a process is for ``tests/cli``: hundreds of times it would cost too much.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

import scimrig
import scimrig_reports
import scimrig_simulator
from scimrig import runlog
from scimrig.cli.main import main
from scimrig.judge import Judge
from scimrig.verdicts import Finding, RunResult
from scimrig_simulator.faults import fault

ROOTS = [str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_simulator, scimrig_reports)]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TOKEN = "kill-matrix-t0ken"
PATIENCE = 120
"""Seconds until a server is taken away; most runs take less than one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a run ended, what it printed (as one line), and what its log holds when it is judged again."""

    code: int
    printed: str
    result: RunResult

    def caught_by(self, catcher: str) -> list[Finding]:
        """What a scenario (by its id, in any dialect) or a standing check (``check:ID``) has found."""
        if catcher.startswith("check:"):
            return [f for check in self.result.checks if f"check:{check.check}" == catcher for f in check.findings]
        if catcher.startswith("survey/"):
            return [f for f in self.result.survey_findings if f.check == catcher]
        return [f for case in self.result.cases if case.scenario == catcher for f in case.findings]


def _judged(code: int, printed: str, folder: Path) -> Judged:
    again = Judge()
    for record in runlog.read(runlog.locate("last", folder / runlog.STATE_DIR)):
        again.feed(record)
    return Judged(code, " ".join(printed.split()), again.result())


@contextmanager
def _served(words: tuple[str, ...], folder: Path) -> Iterator[str]:
    """The base URL of ``scimrig serve``. Without its server, a run that takes too long comes to its end."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "scimrig.cli.main", "serve", *words, "--port", "0", "--token", TOKEN], cwd=folder,
        env={**kept, "PYTHONPATH": os.pathsep.join(ROOTS), "LANG": "C.UTF-8"},
        text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    patience = threading.Timer(PATIENCE, process.kill)
    patience.start()
    try:
        url = process.stdout.readline().strip()
        assert url, "the server did not come up"
        yield url
    finally:
        patience.cancel()
        process.kill()
        process.communicate()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Judged]:
    """``scimrig run`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCIMRIG_TOKEN", TOKEN)

    def play(*words: str) -> Judged:
        code = main(["run", *words, "--jobs", "1"])
        printed, complaints = capsys.readouterr()
        assert complaints == "", complaints
        return _judged(code, printed, tmp_path)

    return play


@pytest.fixture
def judge_by_url(run: Callable[..., Judged], tmp_path: Path) -> Callable[..., Judged]:
    """Serve with ``words``, run what ``options`` select (everything where there are none), stop the server.

    A fault that breaks a policy's promise is served under that policy, and judged by what its owner declares.
    """

    def judge(*words: str, options: tuple[str, ...] = ()) -> Judged:
        policy = next((fault(name).policy for option, name in pairwise(words) if option == "--fault"), "")
        if policy:
            words = (*words, "--policy", policy)
            options = (*options, "--target-file", str(EXAMPLES / f"{policy}.toml"))
        with _served(words, tmp_path) as url:
            return run(url, *options)

    return judge


@pytest.fixture
def judge_in_process(run: Callable[..., Judged]) -> Callable[..., Judged]:
    """Run what ``options`` select on a reference server with a fault in this process, where time is virtual."""

    def judge(name: str, options: tuple[str, ...]) -> Judged:
        return run(f"ref:fault={name}", "--target-file", str(EXAMPLES / f"{fault(name).policy}.toml"), *options)

    return judge
