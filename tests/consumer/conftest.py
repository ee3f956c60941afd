"""Runs of consumer mode, in this process or against receivers in another one; no command line between."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import scimrig
import scimrig_reports
import scimrig_simulator
from scimrig.consumer.cases import Case, chosen, load
from scimrig.consumer.run import ConsumerPlan, ConsumerRun
from scimrig.consumer.target import ConsumerTarget, from_argument
from scimrig.evidence import Record
from scimrig.judge import Judge
from scimrig.target import load_target_file
from scimrig.verdicts import RunResult

HERE = Path(__file__).parent
ROOTS = [str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_simulator, scimrig_reports)]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PROMISES = """
[consumer]
secret = "env:WEBHOOK_SECRET"
dedupe = true
order = "occurred_at"
within_s = 0.3
timeout_s = 5
state_probe = {method = "GET", path = "/state/{user_id}"}
state = {present = "/present", active = "/active", email = "/email", name = "/name", applied = "/applied"}
[consumer.reconcile]
method = "POST"
path = "/reconcile"
body = {api_url = "{api_url}", organization_id = "{organization_id}", directory_id = "{directory_id}"}
"""

_marks = itertools.count()


def played(target: ConsumerTarget, cases: tuple[Case, ...]) -> tuple[RunResult, list[Record]]:
    """A whole run, and its records."""
    plan = ConsumerPlan(target, cases, 1, 5.0, "r1", f"rig{os.getpid()}x{next(_marks)}-", ladder=(0.05, 0.1))
    judge, records = Judge(), []
    for record in ConsumerRun(plan):
        records.append(record)
        judge.feed(record)
    return judge.result(), records


@pytest.fixture(scope="session")
def cases() -> tuple[Case, ...]:
    return load()


@pytest.fixture
def judged(cases: tuple[Case, ...]) -> Callable[..., RunResult]:
    """``judged("ref:fault=x", "consumer/forged")``: the result on the sample receiver inside this process."""
    return lambda argument="ref:", *select: played(from_argument(argument, None, {}), chosen(cases, select, ()))[0]


@pytest.fixture
def target_at(tmp_path: Path) -> Callable[..., ConsumerTarget]:
    """The receiver behind a URL, with what its owner declares."""

    def target(url: str, declared: str = PROMISES, secret: str = SECRET) -> ConsumerTarget:
        file = tmp_path / "scimrig.toml"
        file.write_text(declared, encoding="utf-8")
        return from_argument(url, load_target_file(file), {"WEBHOOK_SECRET": secret})

    return target


@pytest.fixture(scope="session")
def receivers() -> Iterator[Mapping[str, str]]:
    """Every receiver in one other process: "fault=NAME", "variant=NAME" or "" → where its webhooks go."""
    env = {"PYTHONPATH": os.pathsep.join(ROOTS), "WEBHOOK_SECRET": SECRET, "PATH": os.environ["PATH"]}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "all_receivers.py")], env=env, text=True, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def failing(result: RunResult) -> dict[str, Any]:
    """Case → what is wrong with it, for every case that did not pass."""
    return {
        case.case: (case.status.value, case.reason or [finding.actual for finding in case.findings])
        for case in result.cases if case.status.value != "pass"
    }
