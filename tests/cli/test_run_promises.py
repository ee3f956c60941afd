"""``scimrig run`` where promises are declared: what it tells of calls and webhooks, and how to see it again."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("here")]

PROMISES = Path(__file__).parents[2] / "examples" / "scalekit.toml"
WEBHOOKS = """
scenario: tiny/announced
title: A new hire is announced, again where nobody listened
area: webhooks
severity: silent-drift
cites: [policy:webhooks.retry_schedule]
given: {ada: {}}
steps:
  - sink: {ada: [500]}
  - assign: ada
  - await: {about: ada, event: user_created, attempts: 2}
"""
ACCESS = """
scenario: tiny/out
title: A leaver is out
area: policy
severity: security
cites: [policy:deprovision.max_latency_ms]
given: {ada: {}}
steps:
  - assign: ada
  - deactivate: ada
  - access: {ada: refused}
"""


@pytest.fixture
def promises(tmp_path: Path) -> tuple[str, ...]:
    """The words of a run on the built-in server that plays these two, as one IdP."""
    folder = tmp_path / "pack" / "tiny"
    folder.mkdir(parents=True)
    (folder / "announced.yaml").write_text(WEBHOOKS)
    (folder / "out.yaml").write_text(ACCESS)
    return ("--target-file", str(PROMISES), "--scenarios", str(folder.parent), "--idp", "okta")


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (
            "webhook-new-id-per-retry",
            ["was tried again under a new id", "arrived at the sink (delivery ", "> webhook-id: evt_", "_2",
             "before organization.directory.user_created → 500 (delivery ",
             'authority webhooks.signing = "standard-webhooks" (target file)'],
        ),
        (
            "webhook-never-retried",
            ["was answered 500 and was not tried again", "arrived at the sink (delivery ", "was answered: < 500",
             "authority webhooks.retry_schedule = [0, 5, 300, 1800, 7200, 18000, 36000, 36000]"],
        ),
        (
            "access-kept-after-deactivation",
            ["ada may still come in 5.0 s after", "as the target file declares: deprovision.access_probe",
             '< {"allowed":true', "before PATCH /Users/",
             "authority deprovision.max_latency_ms = 5000 (target file)"],
        ),
    ],
)
def test_a_broken_promise_is_told_with_what_was_seen_and_can_be_judged_and_played_again(
    shell: Any, promises: tuple[str, ...], fault: str, words: list[str]
) -> None:
    ran = shell("run", f"ref:fault={fault}", *promises, "--junit", "ran.xml")
    assert ran.code == 1, ran.out + ran.err
    for each in words:
        assert each in flat(ran.out), ran.out
    judged = shell("judge", "last", "--junit", "judged.xml")
    assert (judged.code, judged.out) == (ran.code, ran.out)
    assert (shell.folder / "judged.xml").read_text() == (shell.folder / "ran.xml").read_text()
    rerun = next(line.split("rerun", 1)[1] for line in ran.out.splitlines() if line.strip().startswith("rerun"))
    again = shell(*shlex.split(rerun)[1:])
    assert again.code == 1, again.out + again.err
    assert flat(ran.out).count(words[0]) == flat(again.out).count(words[0]) == 1
    for found in re.findall(r"; found by ([\w/-]+)", flat(ran.out)):
        assert shell("explain", found).code == 0, found


def test_a_sound_server_keeps_these_promises_and_junit_is_green(shell: Any, promises: tuple[str, ...]) -> None:
    done = shell("run", *promises, "--junit", "ran.xml")
    assert done.code == 0, done.out + done.err
    assert not list(ElementTree.parse(shell.folder / "ran.xml").getroot().iter("failure"))
