"""No false alarm: nothing fails on a sound server, and nothing at all is found on the plain one.

What the suite has to say about a sound but awkward server is reviewed in ``snapshot.toml``, word by word: a new warning
or a scenario that is newly skipped has to be looked at by somebody (``tools/variant_snapshot.py`` writes it).
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import scimrig
import scimrig_simulator
from scimrig import runlog
from scimrig.cli.main import main
from scimrig.judge import Judge
from scimrig.verdicts import ExitCode, RunResult, Status
from scimrig_simulator.faults import VARIANTS, variant

pytestmark = pytest.mark.slow

TOKEN = "variants-t0ken"
HERE = Path(__file__).resolve().parent
CAPITALS = ("--scenarios", str(HERE / "scenarios" / "capitals.yaml"))
SMOKE = ("--tag", "smoke", "--jobs", "16")
FEW = ("-k", "lifecycle/joiner[entra]", "-k", "lifecycle/leaver[okta]")
"""For a server on which each exchange takes half a second of everybody's time."""

Play = Callable[..., RunResult]
Serve = Callable[[str], str]


def _tool() -> Any:
    place = HERE.parents[1] / "tools" / "variant_snapshot.py"
    spec = importlib.util.spec_from_file_location("variant_snapshot", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


snapshot = _tool()


@pytest.fixture(scope="module")
def plain() -> RunResult:
    """The whole suite on the plain server."""
    result: RunResult = snapshot.play("ref:")
    return result


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Play:
    """``scimrig run``: plays what the options select (everything where there are none) and judges its log again.

    declared: what stands in the target file; ends: the exit code that it must end with.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SCIMRIG_TOKEN", TOKEN)

    def play(
        target: str, *options: str, declared: Mapping[str, Any] | None = None, ends: ExitCode = ExitCode.OK
    ) -> RunResult:
        (tmp_path / "scimrig.toml").write_text(_toml(declared or {}), encoding="utf-8")
        assert main(["run", target, *options]) == ends
        judge = Judge()
        for record in runlog.read(runlog.locate("last", tmp_path / runlog.STATE_DIR)):
            judge.feed(record)
        return judge.result()

    return play


def _toml(tables: Mapping[str, Any]) -> str:
    lines = []
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()), ""]
    return "\n".join(lines)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
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


def crowd(base_url: str, people: int) -> None:
    """Fill a server with rows of somebody else's."""
    for number in range(people):
        body = json.dumps({"userName": f"somebody-{number}@example.org"}).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/scim+json"}
        with urllib.request.urlopen(urllib.request.Request(f"{base_url}/Users", body, headers)):
            pass


def statuses(result: RunResult) -> set[Status]:
    return {case.status for case in result.cases}


def findings(result: RunResult) -> set[tuple[str, Status]]:
    return {(finding.check, finding.status) for finding in result.findings}


NOTHING_FAILS = {Status.PASS, Status.INFO, Status.WARN, Status.SKIP}


def test_nothing_is_found_on_the_plain_server(plain: RunResult) -> None:
    assert findings(plain) == set()
    assert statuses(plain) <= {Status.PASS, Status.SKIP}
    assert not plain.leftovers
    assert plain.exit_code() == ExitCode.OK


def test_every_variant_is_reviewed() -> None:
    assert set(snapshot.read()) == set(VARIANTS)
    assert not any("fail" in entry for entry in snapshot.read().values())


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_fails_on_an_awkward_server(plain: RunResult, name: str) -> None:
    result = snapshot.play(f"ref:variant={name}")
    assert statuses(result) <= NOTHING_FAILS
    assert snapshot.told(result, snapshot.unplayed(plain)) == snapshot.read()[name]
    assert not result.leftovers
    assert result.exit_code() == ExitCode.OK


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_fails_by_url_either(run: Play, serve: Serve, name: str) -> None:
    result = run(serve(name), *(FEW if name == "slow-500ms" else SMOKE), declared=variant(name).declares)
    assert statuses(result) <= NOTHING_FAILS
    entry = snapshot.read()[name]
    reviewed = {who.removeprefix("check:") for band in ("warn", "info") for who in entry.get(band, ())}
    assert {finding.check for finding in result.findings} <= reviewed
    assert not result.leftovers


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_fails_where_its_owner_promises_more_than_the_rfc_asks_for(run: Play, name: str) -> None:
    promises = str(HERE.parents[1] / "examples" / "scalekit.toml")
    options = ("--tag", "smoke", "-k", "policy/", "-k", "webhooks/", "-k", "lifecycle/leaver")
    assert statuses(run(f"ref:variant={name}", "--target-file", promises, *options)) <= NOTHING_FAILS


# What the suite alone doesn't bring about


def test_pages_of_fifty_are_walked_where_there_are_more_people_than_that(run: Play, serve: Serve) -> None:
    url = serve("page-50")
    crowd(url, 60)
    assert statuses(run(url, *SMOKE)) <= {Status.PASS, Status.SKIP}
    assert statuses(run(url, "-k", "paging/")) <= {Status.PASS, Status.SKIP}


def test_capitals_are_compared_as_a_lower_casing_server_keeps_them(run: Play) -> None:
    assert statuses(run("ref:", *CAPITALS)) == {Status.PASS}
    result = run("ref:variant=lower-casing", *CAPITALS)
    assert statuses(result) == {Status.PASS}
    assert findings(result) == {("survey/normalised", Status.WARN)}


STALE = {("frame/found", Status.FAIL), ("expect", Status.FAIL)}


def test_a_lag_that_is_longer_than_declared_fails(run: Play) -> None:
    result = run("ref:variant=lag-2s", "--tag", "smoke", declared={"consistency": {"within": 1}}, ends=ExitCode.FAIL)
    assert findings(result) & STALE
    exact = run("ref:variant=lag-2s", "--tag", "smoke", declared={"consistency": {"within": 2.5}})
    assert findings(exact) == set()


def test_a_lag_that_nobody_has_declared_fails_by_url(run: Play, serve: Serve) -> None:
    result = run(serve("lag-2s"), "-k", "lifecycle/joiner", "-k", "lifecycle/deleted", ends=ExitCode.FAIL)
    assert findings(result) & STALE


NEVER = ("search-lags", "delete-keeps", "deactivate-ignored", "rename-ignored", "put-ignored")


@pytest.mark.parametrize("fault", NEVER)
def test_what_never_comes_is_found_however_long_it_is_waited_for(tmp_path: Path, fault: str) -> None:
    """A declared lag excuses no server that stays behind for good."""
    declared = tmp_path / "scimrig.toml"
    declared.write_text(_toml({"consistency": {"within": 3}}), encoding="utf-8")
    plainly, patiently = (
        snapshot.play(f"ref:fault={fault}", ("lifecycle/", "rfc/put/"), file) for file in (None, declared)
    )
    assert plainly.exit_code() == patiently.exit_code() == ExitCode.FAIL
    assert findings(patiently) == findings(plainly)
    assert {case.case: case.status for case in patiently.cases} == {case.case: case.status for case in plainly.cases}
