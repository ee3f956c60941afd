"""A server with a fault in a process of its own, judged by URL by ``scimrig run`` in another one, as a user would."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
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
COMMAND = [sys.executable, "-m", "scimrig.cli.main"]
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
TOKEN = "kill-matrix-t0ken"
PATIENCE = 120
"""Seconds until a run is given up; most take one."""


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


def _serve(words: tuple[str, ...], env: dict[str, str], folder: Path) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [*COMMAND, "serve", *words, "--port", "0", "--token", TOKEN],
        cwd=folder, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


@pytest.fixture
def judge_by_url(tmp_path: Path) -> Callable[..., Judged]:
    """Serve with ``words``, run what ``options`` select (everything where there are none), stop the server.

    A fault that breaks a policy's promise is served under that policy, and judged by what its owner declares.
    """

    def judge(*words: str, options: tuple[str, ...] = ()) -> Judged:
        policy = next((fault(name).policy for option, name in pairwise(words) if option == "--fault"), "")
        if policy:
            words = (*words, "--policy", policy)
            options = (*options, "--target-file", str(EXAMPLES / f"{policy}.toml"))
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        env = {**kept, "PYTHONPATH": os.pathsep.join(ROOTS), "LANG": "C.UTF-8", "SCIMRIG_TOKEN": TOKEN}
        server, url = _serve(words, env, tmp_path)
        try:
            assert url, "the server did not come up"
            ended = subprocess.run(
                [*COMMAND, "run", url, "--jobs", "1", *options], cwd=tmp_path, env=env, text=True, encoding="utf-8",
                capture_output=True, timeout=PATIENCE, check=False,
            )
        finally:
            server.kill()
            server.communicate()
        assert "Traceback" not in ended.stderr, ended.stderr
        return _judged(ended.returncode, ended.stdout, tmp_path)

    return judge


@pytest.fixture
def judge_in_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Judged]:
    """Run what ``options`` select on a reference server with a fault in this process, where time is virtual."""

    def judge(name: str, options: tuple[str, ...]) -> Judged:
        monkeypatch.chdir(tmp_path)
        promises = ("--target-file", str(EXAMPLES / f"{fault(name).policy}.toml"))
        code = main(["run", f"ref:fault={name}", "--jobs", "1", *promises, *options])
        return _judged(code, capsys.readouterr().out, tmp_path)

    return judge
