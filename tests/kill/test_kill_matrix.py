"""The kill matrix: every fault is caught, by URL and by whom it must be; every check is needed by some fault.

``tests/kill-matrix.toml`` is written by hand: who must catch a fault, and in which words. The snapshot beside it is
measured by ``tools/kill_matrix.py`` over the whole suite: who else does.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scimrig import checks
from scimrig.cli.judgements import JUDGEMENTS
from scimrig.scenario.load import load
from scimrig.verdicts import ExitCode, Status
from scimrig_simulator.faults import FAULTS

HERE = Path(__file__).resolve().parents[1]
MATRIX: dict[str, dict[str, Any]] = tomllib.loads((HERE / "kill-matrix.toml").read_text(encoding="utf-8"))
SNAPSHOT: dict[str, dict[str, list[str]]] = tomllib.loads(
    (HERE / "kill-matrix.snapshot.toml").read_text(encoding="utf-8")
)
KEYS = {"caught_by", "names", "play", "cases", "grade", "by_url"}
EXIT_CODES = {"fail": ExitCode.FAIL, "warn": ExitCode.OK, "info": ExitCode.OK}
BANDS = {"fail": ("fail", "warn"), "warn": ("warn",), "info": ("info",)}

UNNEEDED: dict[str, str] = {
    "policy/ignored-address": "no preset ignores addresses; in tests/harness/test_promised.py it finds two faults",
}
"""Scenarios and standing checks that no fault needs, each with the reason why none can."""

UNSEEN: dict[str, str] = {
    "promise/ignored": "as policy/ignored-address",
    "webhook/unverified": "no fault of a server: the target file does not say where the signing secret is",
    "survey/tls": "the reference server is judged on this machine, where nobody reads along",
    "survey/required": "sound where /Schemas says so: the variant extra-required-attribute brings it about",
}
"""Kinds of finding that no fault brings about, each with the reason."""


def played(entry: dict[str, Any]) -> list[str]:
    """The scenarios that make the exchanges: standing checks and the survey need somebody to talk."""
    return [name for name in entry.get("play", entry["caught_by"]) if ":" not in name and "survey/" not in name]


def seen(fault: str) -> set[str]:
    return {catcher for catchers in SNAPSHOT[fault].values() for catcher in catchers}


def options(entry: dict[str, Any]) -> tuple[str, ...]:
    cases = entry.get("cases") or [f"{scenario}[" for scenario in played(entry)]  # all dialects and rows
    return tuple(word for case in cases for word in ("-k", case))


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault in sorted(MATRIX) if MATRIX[fault].get("by_url", True)])
def test_a_served_fault_is_caught_by_url(judge_by_url: Callable[..., Any], fault: str) -> None:
    assert_caught(MATRIX[fault], judge_by_url("--fault", fault, options=options(MATRIX[fault])))


@pytest.mark.slow
@pytest.mark.parametrize("fault", [fault for fault in sorted(MATRIX) if not MATRIX[fault].get("by_url", True)])
def test_a_fault_is_caught_in_process(judge_in_process: Callable[..., Any], fault: str) -> None:
    assert_caught(MATRIX[fault], judge_in_process(fault, options(MATRIX[fault])))


def assert_caught(entry: dict[str, Any], judged: Any) -> None:
    grade = entry.get("grade", "fail")
    assert judged.code == EXIT_CODES[grade], judged.printed
    for catcher in entry["caught_by"]:
        statuses = {finding.status.value for finding in judged.caught_by(catcher)}
        assert statuses & set(BANDS[grade]), f"{catcher} found {statuses or 'nothing'}: {judged.printed}"
    assert entry["names"] in judged.printed
    if grade == "warn":
        assert judged.result.exit_code(Status.WARN) == ExitCode.FAIL


def test_the_matrix_is_about_the_faults_that_there_are() -> None:
    assert set(MATRIX) == set(FAULTS)
    assert list(MATRIX) == sorted(MATRIX)
    assert set(SNAPSHOT) == set(FAULTS), "write it anew: python tools/kill_matrix.py --write"


def test_an_entry_says_who_catches_the_fault_and_in_which_words() -> None:
    for fault, entry in MATRIX.items():
        assert set(entry) <= KEYS, fault
        assert entry["caught_by"], fault
        assert len(set(entry["caught_by"])) == len(entry["caught_by"]), fault
        assert entry["names"].strip(), fault
        assert entry.get("grade", "fail") in EXIT_CODES, fault
        assert played(entry), f"{fault}: only standing checks catch it, so `play` must say which scenarios talk"


def test_who_must_catch_a_fault_was_seen_to_catch_it() -> None:
    """required ⊆ caught: the rest of the snapshot is collateral."""
    for fault, entry in MATRIX.items():
        assert set(entry["caught_by"]) <= seen(fault), fault


def test_the_grade_is_the_worst_that_was_seen() -> None:
    for fault, entry in MATRIX.items():
        assert entry.get("grade", "fail") == next(band for band in EXIT_CODES if SNAPSHOT[fault].get(band)), fault


def test_every_scenario_and_every_standing_check_is_needed_by_some_fault() -> None:
    wanted = {scenario.id for scenario in load()} | {f"check:{check.id}" for check in checks.all()}
    needed = {catcher for entry in MATRIX.values() for catcher in entry["caught_by"]}
    assert needed <= wanted | set(JUDGEMENTS)
    assert wanted - needed == set(UNNEEDED), "each must be in some caught_by, or be dropped"


def test_every_kind_of_finding_is_brought_about_by_some_fault() -> None:
    made = {catcher for fault in SNAPSHOT for catcher in seen(fault)}
    elsewhere = ("consumer/", "twin/")  # what tests/consumer proves, and what only a twin run finds: test_twins.py
    of_targets = {kind for kind in JUDGEMENTS if not kind.startswith(elsewhere)}
    assert of_targets - made == set(UNSEEN)


def test_what_is_played_exists() -> None:
    known = {scenario.id for scenario in load()}
    assert {name for entry in MATRIX.values() for name in played(entry)} <= known
