"""No false alarm: nothing fails on a sound server, and nothing at all is found on the plain one.

What the suite has to say about a sound but awkward server is reviewed here, word by word: a new warning or a scenario
that is newly skipped has to be looked at by somebody.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scimrig import runlog
from scimrig.cli.main import main
from scimrig.judge import Judge
from scimrig.verdicts import ExitCode, RunResult, Status
from scimrig_simulator.faults import VARIANTS

pytestmark = pytest.mark.slow

FINDINGS: dict[str, dict[str, str]] = {
    "": {},
    "patch-204": {},
    "no-schemas": {"survey/config": "warn", "survey/resource-types": "warn", "survey/schemas": "warn"},
    "users-only": {"survey/groups": "info"},
}
"""Variant ("" = none) → what is found, by check, at its worst."""

SKIPPED: dict[str, set[str]] = {
    "": set(),
    "patch-204": set(),
    "no-schemas": {"rfc/discovery/"},
    "users-only": {"entra/members/", "groups/", "okta/groups/", "rfc/members/"},
}
"""Variant → scenarios (or all below a folder) that are skipped in dialects that play them on the plain server."""


def judged(folder: Path) -> RunResult:
    judge = Judge()
    for record in runlog.read(runlog.locate("last", folder / runlog.STATE_DIR)):
        judge.feed(record)
    return judge.result()


@pytest.fixture
def whole_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], RunResult]:
    """Plays everything on the embedded server, in this process; it must exit 0."""
    monkeypatch.chdir(tmp_path)

    def run(variant: str) -> RunResult:
        assert main(["run", f"ref:variant={variant}" if variant else "ref:"]) == ExitCode.OK
        return judged(tmp_path)

    return run


def skipped(result: RunResult) -> set[str]:
    return {case.scenario for case in result.cases if case.status is Status.SKIP}


def found(result: RunResult) -> dict[str, str]:
    """Check → worst status. ``result.findings`` comes worst first."""
    worst: dict[str, str] = {}
    for finding in result.findings:
        worst.setdefault(finding.check, finding.status.value)
    return worst


def test_every_variant_is_reviewed() -> None:
    assert set(FINDINGS) == set(SKIPPED) == {"", *VARIANTS}


@pytest.mark.parametrize("variant", ["", *VARIANTS])
def test_nothing_fails_on_a_sound_server(whole_suite: Callable[[str], RunResult], variant: str) -> None:
    result = whole_suite(variant)
    assert {case.status for case in result.cases} <= {Status.PASS, Status.WARN, Status.INFO, Status.SKIP}
    assert found(result) == FINDINGS[variant]
