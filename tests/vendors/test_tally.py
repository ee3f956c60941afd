"""How a vendor's assertions are counted, and what a vendor's bar makes of findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from scimrig.bar import Bar, bars, held_to, too_late, visible
from scimrig.evidence import CaseStarted, Exchange, Observed, Reading, Sight, StepPlayed
from scimrig.survey import Survey
from scimrig.tally import asserted, pieces
from scimrig.verdicts import ExitCode, Finding, RunResult, Severity, Status
from scimrig_simulator.wire import FailureKind, TransportFailure

CASE = CaseStarted("vendors/x/y[okta]", "vendors/x/y", "okta", {}, "Test Y", "read", "cosmetic", (), (), "", True)
ADA = {"id": "u1", "userName": "ada", "active": True}
SEEN = Reading("found", ADA, 1)
STATE = Observed(CASE.case, "s", (Sight("ada", "User", "u1", False, SEEN, SEEN, SEEN),), ())


def step(*expect: dict[str, Any], verb: str = "send", ok: bool = True, seconds: float = 0.0) -> StepPlayed:
    outcome = {"ok": ok, "state": "", "words": "", "id": ""} if verb == "act" else None
    return StepPlayed(
        CASE.case, "s", "Request", verb, "", "ada", None, outcome, list(expect), {}, (1,), {"seconds": seconds}
    )


def answer(status: int = 200, body: str = "{}", elapsed: float = 0.1, number: int = 1) -> Exchange:
    return Exchange(
        number, CASE.case, "s", "probe", "okta", "", "GET", "/Users", "", (), None, status, (), body, elapsed
    )


def held(expect: dict[str, Any], *sent: Exchange, seconds: float = 0.0) -> tuple[int, int]:
    counted = asserted(step(expect, seconds=seconds), sent, STATE, STATE, Survey())
    return counted.held, counted.total


def test_each_thing_that_an_outcome_asks_is_one_assertion() -> None:
    outcome = {
        "status": [200, 204], "scimType": "uniqueness", "within": 0.6, "headers": {"ETag": {"present": True}},
        "body": {"/id": {"present": True, "is": "u1"}, "/active": True},
        "then": {"user": "ada", "found_by": ["id", "filter"], "has": {"active": False}}, "unchanged": ["ben", "cleo"],
    }
    assert len(pieces(outcome)) == 1 + 1 + 1 + 1 + (2 + 1) + (2 + 1) + 2


def test_what_is_graded_or_explained_is_no_assertion() -> None:
    assert pieces({"status": 200, "grade": "warn", "because": "so", "authority": "idp:okta:3"}) == [{"status": 200}]


def test_assertions_hold_or_fail_one_by_one() -> None:
    outcome = {"status": 200, "body": {"/id": {"present": True, "is": "u1"}, "/active": True}}
    assert held(outcome, answer(200, '{"id": "u1", "active": true}')) == (4, 4)
    assert held(outcome, answer(200, '{"id": "u2", "active": true}')) == (3, 4)
    assert held(outcome, answer(404, '{"id": "u2"}')) == (1, 4)
    assert held(outcome, answer(200, "<html>")) == (1, 4)


def test_an_answer_is_quick_or_not() -> None:
    assert held({"status": 200, "within": 0.6}, answer(elapsed=0.6)) == (2, 2)
    assert held({"status": 200, "within": 0.6}, answer(elapsed=0.601)) == (1, 2)


def test_nothing_holds_where_no_answer_came() -> None:
    gone = replace(answer(0), failure=TransportFailure(FailureKind.RESET, "gone"))
    assert held({"status": 200, "body": {"/id": {"absent": True}}}, gone) == (0, 2)


@pytest.mark.parametrize(
    ("good", "bad", "seconds", "expected"), [(50, 0, 2.0, 1), (50, 0, 2.01, 0), (25, 25, 1.0, 1), (24, 26, 1.0, 0)]
)
def test_a_rate_counts_the_answers_of_the_right_status_a_second(
    good: int, bad: int, seconds: float, expected: int
) -> None:
    sent = [answer(200, number=n) for n in range(good)] + [answer(429, number=n) for n in range(good, good + bad)]
    assert held({"rate": 25, "status": 200}, *sent, seconds=seconds)[0] - (bad == 0) == expected


def test_an_act_is_one_assertion_and_what_is_never_sent_holds() -> None:
    for verb, ok, expected in (("act", True, 1), ("act", False, 0), ("aside", True, 1)):
        counted = asserted(step(verb=verb, ok=ok), (), STATE, STATE, Survey())
        assert (counted.held, counted.total) == (expected, 1)


FINDING = Finding(
    "expect", Status.FAIL, "idp:okta:3", "POST /Users", "x", CASE.case, "okta", "s", "not so", "a", "b",
    Severity.COSMETIC, consequence="Okta believes it.",
)


def at(kind: str, finding: Finding = FINDING, *against: str) -> list[Finding]:
    return held_to(Bar("okta-spec", "Okta", kind, against), [finding])


@pytest.mark.parametrize("kind", ["optional", "preview", "checklist", "inferred"])
def test_only_what_is_mandatory_fails(kind: str) -> None:
    assert at("mandatory")[0].status is Status.FAIL
    assert at(kind)[0].status is Status.WARN
    assert at(kind, replace(FINDING, status=Status.INFO))[0].status is Status.INFO


def test_a_finding_says_whose_demand_it_is_and_which_clause_sees_it_otherwise() -> None:
    (found,) = at("mandatory", FINDING, "rfc:RFC7643-4.3-R02")
    assert found.authority == "vendor:okta-spec"
    assert "Okta's demand, and says nothing about conformance" in found.consequence
    assert found.hurts == "customers who wait for a listing with Okta"
    assert "RFC 7643 §4.3 sees it otherwise: manager is complex" in found.consequence


def test_what_a_vendor_does_not_look_at_is_no_finding_of_its_pack() -> None:
    assert visible([replace(FINDING, check="frame/bystander")]) == []
    assert len(visible([FINDING, replace(FINDING, check="frame/foreign-row")])) == 2


def test_what_the_engine_says_is_kept() -> None:
    assert at("mandatory", replace(FINDING, check="outcome"))[0].consequence.startswith("Okta believes it.")


def test_an_answer_that_comes_too_late_is_a_miss() -> None:
    late = replace(answer(0), failure=TransportFailure(FailureKind.TIMEOUT, "no answer within 60 s"))
    (found,) = too_late(CASE, step(), [late])
    assert (found.status, found.actual) == (Status.FAIL, "no answer within 60 s")
    assert too_late(CASE, step(), [answer()]) == []


def test_bars_are_read_from_the_first_record_of_a_run() -> None:
    pack = {
        "pack": "p", "vendor": "V", "counts": "requests",
        "tests": [{"scenario": "vendors/p/a", "bar": "preview", "against": ["rfc:RFC7643-4.3-R02"]}],
    }
    assert bars([pack]) == {"vendors/p/a": Bar("p", "V", "preview", ("rfc:RFC7643-4.3-R02",), goes_on=True)}


def test_a_vendors_demand_decides_the_exit_code_whatever_dialects_count() -> None:
    from scimrig.evidence import RunStarted

    started = RunStarted("1", "r", "ref:", "http://x", "rig-", 1, ("okta",), (), "")
    (found,) = at("mandatory")
    result = RunResult(started, None, {}, (), (), ())
    assert result.counts_for_exit(found)
    assert ExitCode.FAIL == 1
