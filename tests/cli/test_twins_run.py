"""``scimrig run --twins``: what it prints, what it is rerun, replayed and judged again by, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest

from scimrig.cli.main import main

LEAVER = """
scenario: tiny/leaver
title: A leaver is switched off
area: deactivation
severity: security
cites: [idp:okta:5, bug:LIFE-01]
given: {ada: {}}
steps:
  - assign: ada
  - deactivate: ada
---
scenario: tiny/team
title: A team is pushed
area: groups
severity: silent-drift
cites: [idp:okta:6]
given: {ada: {}, crew: {kind: team}}
steps:
  - assign: ada
  - push_group: {crew: [ada]}
---
scenario: tiny/probe
title: Users can be read
area: read
severity: cosmetic
cites: [rfc:RFC7644-3.3-R03]
dialect: rfc
steps:
  - send: {GET: /Users}
    expect: {status: 200}
"""
PAIR = ("--twins", "entra,entra-flag")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended; ``out`` as one line."""

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """``scimrig`` in this process, in an empty folder with a small pack."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(LEAVER, encoding="utf-8")

    def call(*words: str) -> Ended:
        code = main([*words])
        told = capsys.readouterr()
        return Ended(code, " ".join(told.out.split()), told.err)

    return call


@pytest.fixture
def run(command: Command) -> Command:
    """``scimrig run`` of the small pack."""
    return lambda *words: command("run", *words, "--scenarios", "tiny.yaml", "--no-color")


def test_a_sound_server_passes_and_only_stories_are_played(run: Command) -> None:
    done = run(*PAIR)
    assert done.code == 0, done.out + done.err
    assert "· twins entra and entra-flag" in done.out
    assert "OK · 4 cases: 4 ok" in done.out


def test_the_log_says_that_it_is_a_twin_run(run: Command) -> None:
    run(*PAIR)
    (log,) = Path(".scimrig/runs").glob("*/log.ndjson")
    with log.open(encoding="utf-8") as lines:
        first = json.loads(next(lines))
    assert (first["twins"], first["counted"], first["selective"]) == (["entra", "entra-flag"],) * 2 + (True,)


def test_a_difference_is_told_with_what_both_sent_what_is_held_and_who_is_hurt(run: Command) -> None:
    done = run("ref:fault=truthy-false", *PAIR)
    assert done.code == 1
    for words in (
        "after deactivate, active of ada is true by entra and false by entra-flag",
        "by entra: disable ada", '"Operations": [{"op": "Replace", "path": "active", "value": "False"}]',
        "by entra-flag: disable ada", '"Operations": [{"op": "replace", "path": "active", "value": false}]',
        "expected active false, by whomever it is sent", "actual active true by entra, false by entra-flag",
        "Microsoft Entra ID 5: deactivation", "an organisation that switches from Microsoft Entra",
        "finds active true after the same change",
    ):
        assert words in done.out, done.out


def test_the_order_of_the_twins_changes_nothing_but_the_order(run: Command) -> None:
    done = run("ref:fault=truthy-false", "--twins", "entra-flag,entra")
    assert "after deactivate, active of ada is false by entra-flag and true by entra" in done.out


def test_it_is_rerun_as_a_twin_run(run: Command) -> None:
    done = run("ref:fault=truthy-false", *PAIR)
    assert "-k 'tiny/leaver[entra-flag]' --seed 1 --twins entra,entra-flag --scenarios tiny.yaml" in done.out
    again = run("ref:fault=truthy-false", *PAIR, "-k", "tiny/leaver[entra-flag]")
    assert "2 cases: 2 FAIL" in again.out


def test_the_log_is_judged_again_with_the_same_result(run: Command, command: Command) -> None:
    done = run("ref:fault=truthy-false", *PAIR)
    assert command("judge", "--no-color") == done


def test_the_replay_plays_both_twins_in_order(run: Command) -> None:
    run("ref:fault=truthy-false", *PAIR)
    (script,) = Path(".scimrig/runs").glob("*/replay/tiny-leaver-entra-flag-*.sh")
    text = script.read_text(encoding="utf-8")
    first, second = text.index('"value":"False"'), text.index('"value":false')
    assert first < second
    assert "${prefix}a-" in text[:first]
    assert "${prefix}b-" in text[first:second]


def test_junit_holds_both_requests_in_the_test_of_the_second_twin(run: Command) -> None:
    run("ref:fault=truthy-false", *PAIR, "--junit", "report.xml")
    test = ElementTree.parse("report.xml").find(".//testcase[@name='tiny/leaver[entra-flag]']/failure")
    assert test is not None
    assert test.text is not None
    assert test.get("message") == (
        "twin/differs: after deactivate, active of ada is true by entra and false by entra-flag")
    assert '"value":"False"' in test.text.replace(": ", ":")
    assert ", by entra-flag:" in test.text


def test_a_difference_that_is_in_the_baseline_is_known(run: Command) -> None:
    entries = [("twin/differs", "entra-flag"), ("frame/effect", "entra")]
    lines = [
        f"- {{check: {check}, scenario: tiny/leaver, dialect: {dialect}, reason: spring, owner: ada@example.com}}\n"
        for check, dialect in entries
    ]
    Path("known.yaml").write_text("".join(lines), encoding="utf-8")
    done = run("ref:fault=truthy-false", *PAIR, "--baseline", "known.yaml")
    assert done.code == 0, done.out
    assert "2 known" in done.out


def test_what_one_twin_cannot_play_is_skipped_with_the_reason(run: Command) -> None:
    done = run("--twins", "okta,google")
    assert done.code == 0
    assert "its twin in google cannot be played: Google" in done.out
    assert "4 cases: 2 ok, 2 skip" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--twins", "entra"], "--twins: two dialects were expected, such as entra,entra-flag, not 'entra'"),
        (["--twins", "entra,okta,rfc"], "--twins: two dialects were expected"),
        (["--twins", ""], "--twins: two dialects were expected"),
        (["--twins", "entra,entro"], "did you mean 'entra'"),
        (["--twins", "okta,okta"], "--twins: 'okta' twice: a dialect is no twin of itself"),
        (["--twins", "okta,entra", "--idp", "okta"], "--twins names both dialects that are played: leave --idp out"),
    ],
)
def test_what_is_no_pair_ends_with_2_and_sends_nothing(run: Command, words: list[str], said: str) -> None:
    done = run(*words)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert not Path(".scimrig/runs").exists()


def test_where_no_story_fits_nothing_is_judged(run: Command) -> None:
    done = run(*PAIR, "-k", "tiny/probe")
    assert done.code == 4
    assert "no story fits -k, --tag and --twins together" in done.err


def test_explain_says_what_a_difference_means(command: Command) -> None:
    done = command("explain", "twin/differs")
    assert done.code == 0
    assert "a twin run compares two dialects" in done.out
