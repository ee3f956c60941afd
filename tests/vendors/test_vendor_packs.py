"""The vendors' packs: whole and counted as the vendors count, passed by a sound server, and each test can fail.

Everything is played on the reference server in this process, on virtual time; ``catchers.toml`` says what makes each
test fail.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scimrig import packs
from scimrig.judge import Judge
from scimrig.plan import Plan, plan_cases
from scimrig.runner import Run
from scimrig.scenario.load import load
from scimrig.scenario.model import Scenario
from scimrig.target import from_argument, load_target_file
from scimrig.verdicts import CaseVerdict, ExitCode, RunResult, Status
from scimrig_reports.pack_page import rows, summary
from scimrig_simulator.faults import FAULTS

CATCHERS: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("catchers.toml").read_text(encoding="utf-8")
)
PACKS = tuple(packs.catalogue())
UNKNOWN_CLIENT = """
[ref]
policy = "scalekit"
[oauth]
token_url = "/oauth/token"
client_id = "client_nobody"
client_assertion = "env:HOME"
"""
TESTS = {test.id: test for name in PACKS for test in packs.tests(name)}
UNDECLARED = {"vendors/entra-gallery/validate-credentials", "vendors/entra-gallery/federated-identity"}
RULED = {"vendors/entra-validator/duplicate-group"}
"""What the reference server, as the RFC lets it, does otherwise than the vendor wants: it warns."""


def play(target: str, only: Iterable[str] | None = None, file: Path | None = None) -> RunResult:
    """The packs, or some of their tests, on a target, as ``scimrig run --pack`` plays them."""
    wanted = None if only is None else set(only)
    cases, told = [], []
    for pack in packs.catalogue().values():
        tests = [test for test in packs.tests(pack.name) if wanted is None or test.id in wanted]
        cases += plan_cases(tests, pack.dialects)
        told.append(packs.told(pack, tests))
    found = from_argument(target, None if file is None else load_target_file(file), {"HOME": "no-assertion"})
    judge = Judge()
    for record in Run(Plan(
        target=found, dialects=("okta", "entra", "google"), counted=(), cases=tuple(cases), seed=1, jobs=1,
        timeout=60.0, run="vendors", prefix="rig-", domain=found.email_domain, folder=None, packs=tuple(told),
    )):
        judge.feed(record)
    return judge.result()


@cache
def sound() -> RunResult:
    """All packs on the sound reference server."""
    return play("ref:")


def by_test(result: RunResult) -> dict[str, CaseVerdict]:
    return {case.scenario: case for case in result.cases}


def of(name: str) -> dict[str, Any]:
    """A pack as the first record of a run has it."""
    return next(pack for pack in sound().started.packs if pack["pack"] == name)


# What is in them


def test_okta_counts_twelve_requests_and_52_assertions() -> None:
    counts = [request["assertions"] for test in packs.tests("okta-spec") for request in packs.requests(test)]
    assert counts == [12, 8, 3, 3, 3, 7, 4, 1, 1, 2, 4, 4]
    assert (len(counts), sum(counts)) == (12, 52)


def test_okta_counts_thirteen_requests_and_21_assertions_of_one_life() -> None:
    (life,) = packs.tests("okta-crud")
    counts = [request["assertions"] for request in packs.requests(life)]
    assert counts == [1, 1, 1, 5, 1, 2, 1, 2, 1, 1, 2, 1, 2]
    assert (len(counts), sum(counts)) == (13, 21)


@pytest.mark.parametrize(
    ("name", "bars"),
    [
        ("entra-validator", {"mandatory": 24, "preview": 7}),
        ("entra-gallery", {"mandatory": 21, "optional": 4, "checklist": 5}),
        ("google", {"mandatory": 3, "inferred": 6}),
    ],
)
def test_the_others_have_so_many_tests_of_each_kind(name: str, bars: Mapping[str, int]) -> None:
    found: defaultdict[str, int] = defaultdict(int)
    for test in packs.tests(name):
        found[test.bar] += 1
    assert found == bars


def test_every_pack_says_what_it_mirrors_and_what_is_ours() -> None:
    for pack in packs.catalogue().values():
        assert pack.mirrors
        assert pack.ours
        assert pack.source.startswith("https://")
        assert (pack.timeout, pack.vendor in ("Okta", "Microsoft", "Google")) == (60, True)


def test_names_are_the_vendors_and_none_stands_twice_in_a_pack() -> None:
    for name in PACKS:
        titles = [test.title for test in packs.tests(name)]
        assert len(set(titles)) == len(titles)
    gallery = [test.title for test in packs.tests("entra-gallery") if test.bar != "checklist"]
    assert len(gallery) == 25
    assert all(title.endswith("_Test") for title in gallery)


def test_a_plain_run_plays_none_of_them() -> None:
    assert not {scenario.id for scenario in load()} & set(TESTS)
    assert not any(scenario.bar for scenario in load())


def test_a_test_of_a_pack_is_played_once() -> None:
    for test in TESTS.values():
        assert test.rows == ({},)
        assert set(test.dialects) <= set(packs.catalogue()[test.id.split("/")[1]].dialects)


# A sound server passes


@pytest.mark.parametrize("name", PACKS)
def test_the_reference_server_passes(name: str) -> None:
    verdicts = by_test(sound())
    for test in packs.tests(name):
        status = Status.SKIP if test.id in UNDECLARED else Status.WARN if test.id in RULED else Status.PASS
        assert verdicts[test.id].status is status, verdicts[test.id]
    assert sound().exit_code() is ExitCode.OK


def test_nothing_is_judged_beside_the_packs() -> None:
    assert sound().checks == ()
    assert sound().survey_findings == ()


def test_the_sum_is_told_as_the_vendor_tells_it() -> None:
    verdicts = by_test(sound())
    told = {name: summary(of(name), list(rows(of(name), verdicts))) for name in PACKS}
    assert told["okta-spec"] == "okta-spec: 12 of 12 requests, 52 of 52 assertions"
    assert told["okta-crud"] == "okta-crud: 13 of 13 requests, 21 of 21 assertions"
    assert told["entra-validator"] == "entra-validator: 23 of 24 mandatory (1 warn), 7 of 7 preview"
    assert told["entra-gallery"] == "entra-gallery: 19 of 21 mandatory (2 skip), 4 of 4 optional, 5 of 5 checklist"
    assert told["google"] == "google: 6 of 6 inferred, 3 of 3 mandatory"


def test_a_skipped_test_names_the_key_that_it_waits_for() -> None:
    for test in UNDECLARED:
        assert "add oauth.token_url" in by_test(sound())[test].reason


def test_a_life_that_ends_early_leaves_the_rest_unplayed() -> None:
    result = play("ref:fault=pathless-refused", ["vendors/okta-crud/life-of-a-user"])
    pack = next(pack for pack in result.started.packs if pack["pack"] == "okta-crud")
    found = list(rows(pack, by_test(result)))
    assert summary(pack, found) == "okta-crud: 6 of 13 requests, 11 of 21 assertions"
    assert [row.status for row in found[6:]] == [Status.FAIL, *[None] * 6]


# Sound but awkward servers: what they miss is the vendor's demand

MISSED = {
    "lower-casing": {"okta-spec"},
    "no-schemas": {"entra-gallery"},
    "put-only": {"okta-crud", "entra-validator", "entra-gallery"},
    "users-only": {"entra-validator", "entra-gallery"},
    "uuid-ids-only": {"okta-spec"},
    "no-extension": set(),
    "lag-2s": set(),
}
"""Variant → the packs whose bar it misses."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(MISSED))
def test_a_sound_server_misses_a_bar_only_where_the_vendor_asks_more_than_the_rfc(name: str) -> None:
    result = play(f"ref:variant={name}")
    failed = [finding for finding in result.findings if finding.status is Status.FAIL]
    assert {finding.authority.removeprefix("vendor:") for finding in failed} == MISSED[name]
    assert all("says nothing about conformance" in finding.consequence for finding in result.findings)


# Each test can fail


def test_there_is_a_catcher_for_every_test_and_for_nothing_else() -> None:
    assert list(CATCHERS) == list(TESTS)
    assert {entry["fault"] for entry in CATCHERS.values() if "fault" in entry} <= set(FAULTS)


@pytest.fixture
def unknown_client(tmp_path: Path) -> Callable[[], Path]:
    def make() -> Path:
        file = tmp_path / "scimrig.toml"
        file.write_text(UNKNOWN_CLIENT, encoding="utf-8")
        return file

    return make


@pytest.mark.parametrize(
    "way", sorted({entry.get("fault") or entry["target"] for entry in CATCHERS.values()})
)
def test_every_test_fails_on_some_broken_server(way: str, unknown_client: Callable[[], Path]) -> None:
    entries = {test: entry for test, entry in CATCHERS.items() if way in (entry.get("fault"), entry.get("target"))}
    if way in FAULTS:
        result = play(f"ref:fault={way}", entries)
    elif way.startswith("ref:"):
        result = play(way, entries)
    else:
        result = play("ref:", entries, unknown_client())
    verdicts = by_test(result)
    for test, entry in entries.items():
        assert_missed(TESTS[test], verdicts[test], entry["actual"])


def assert_missed(test: Scenario, verdict: CaseVerdict, actual: str) -> None:
    """A mandatory test fails, any other one warns; and the finding says what was there."""
    assert verdict.status is (Status.FAIL if test.bar == "mandatory" else Status.WARN), verdict
    assert any(actual in finding.actual for finding in verdict.findings), [f.actual for f in verdict.findings]
    assert all(finding.authority == f"vendor:{test.id.split('/')[1]}" for finding in verdict.findings)
