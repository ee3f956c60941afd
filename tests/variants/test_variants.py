"""No false alarm: nothing fails on a sound server, and nothing at all is found on the plain one.

What the suite has to say about a sound but awkward server is reviewed here, word by word: a new warning or a scenario
that is newly skipped has to be looked at by somebody.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import scimrig
import scimrig_simulator
from scimrig import runlog
from scimrig.cli.main import main
from scimrig.judge import Judge
from scimrig.verdicts import ExitCode, RunResult, Status
from scimrig_simulator.faults import VARIANTS

pytestmark = pytest.mark.slow

TOKEN = "variants-t0ken"

FINDINGS: dict[str, dict[str, str]] = {
    "": {},
    "patch-204": {},
    "no-schemas": {"survey/config": "warn", "survey/resource-types": "warn", "survey/schemas": "warn"},
    "users-only": {"survey/groups": "info"},
}
"""Variant ("" = none) → what is found, by check, at its worst."""

SKIPPED: dict[str, set[str]] = {
    "patch-204": set(),
    "no-schemas": {
        "rfc/discovery/attributes", "rfc/discovery/documents", "rfc/discovery/filter-refused",
        "rfc/discovery/one-schema",
    },
    "users-only": {
        "entra/members/", "groups/", "okta/groups/", "rfc/auth/no-token-groups", "rfc/delete/member",
        "rfc/filter/group-by-name", "rfc/filter/no-match-groups", "rfc/members/", "rfc/patch/read-only-groups",
        "rfc/projection/members-left-out", "rfc/put/keeps-membership", "rfc/read/group-list-equals-resource",
        "rfc/read/unknown-group",
    },
}  # fmt: skip
"""Variant → scenarios, or all below a folder, that are skipped there in every dialect."""


def judged(folder: Path) -> RunResult:
    judge = Judge()
    for record in runlog.read(runlog.locate("last", folder / runlog.STATE_DIR)):
        judge.feed(record)
    return judge.result()


@pytest.fixture
def whole_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], RunResult]:
    """Plays everything on a target; the command must exit 0."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCIMRIG_TOKEN", TOKEN)

    def run(target: str) -> RunResult:
        assert main(["run", target]) == ExitCode.OK
        return judged(tmp_path)

    return run


def skipped(result: RunResult) -> set[str]:
    """Scenarios that are skipped in every dialect."""
    played = {case.scenario for case in result.cases if case.status is not Status.SKIP}
    return {case.scenario for case in result.cases} - played


def found(result: RunResult) -> dict[str, str]:
    """Check → worst status. ``result.findings`` comes worst first."""
    worst: dict[str, str] = {}
    for finding in result.findings:
        worst.setdefault(finding.check, finding.status.value)
    return worst


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """``scimrig serve --variant`` in a process of its own; returns its base URL."""
    roots = [str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_simulator)]
    started: list[subprocess.Popen[str]] = []

    def start(variant: str) -> str:
        command = [sys.executable, "-m", "scimrig.cli.main", "serve", "--variant", variant, "--token", TOKEN]
        env = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(roots)}
        process = subprocess.Popen(
            command, cwd=tmp_path, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        started.append(process)
        assert process.stdout is not None
        return process.stdout.readline().strip()

    yield start
    for process in started:
        process.kill()
        process.communicate()


def matched(names: set[str], patterns: set[str]) -> bool:
    """Whether the names are those that the patterns mean, and every pattern means one."""
    means = {name: {pattern for pattern in patterns if name == pattern or name.startswith(pattern)} for name in names}
    return all(means.values()) and set().union(*means.values()) == patterns


def test_every_variant_is_reviewed() -> None:
    assert set(FINDINGS) == {"", *VARIANTS}
    assert set(SKIPPED) == set(VARIANTS)


def test_nothing_is_found_on_the_plain_server_and_nothing_is_left_out(whole_suite: Callable[..., RunResult]) -> None:
    result = whole_suite("ref:")
    assert found(result) == {}
    assert skipped(result) == set()
    assert not result.leftovers


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_fails_on_an_awkward_server(whole_suite: Callable[..., RunResult], variant: str) -> None:
    result = whole_suite(f"ref:variant={variant}")
    assert {case.status for case in result.cases} <= {Status.PASS, Status.SKIP}
    assert found(result) == FINDINGS[variant]
    assert matched(skipped(result), SKIPPED[variant]), sorted(skipped(result))


@pytest.mark.parametrize("variant", VARIANTS)
def test_nothing_fails_by_url_either(
    whole_suite: Callable[..., RunResult], serve: Callable[[str], str], variant: str
) -> None:
    result = whole_suite(serve(variant))
    assert found(result) == FINDINGS[variant]
    assert matched(skipped(result), SKIPPED[variant]), sorted(skipped(result))
