"""From evidence to findings: who is blamed, how hard, and what is never called a failure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from scimrig.evidence import (
    CaseEnded,
    CaseStarted,
    Evidence,
    Exchange,
    Observed,
    Reading,
    Sight,
    StepPlayed,
)
from scimrig.judge import verdict_on
from scimrig.survey import SURVEYED, Survey
from scimrig.verdicts import CaseVerdict, Status, groups
from scimrig_simulator.wire import FailureKind, TransportFailure

SURVEY = Survey(kept=SURVEYED)
ROW: dict[str, Any] = {
    "id": "u1", "userName": "ada@example.com", "active": True,
    "phoneNumbers": [{"value": "+1-202-555-0100", "type": "work"}],
}
OFF = {**ROW, "active": False}
SWITCH_OFF: dict[str, Any] = {"kind": "User", "exists": True, "values": {"active": False}, "members": None}
ERROR_400 = {"schemas": [], "status": "400", "scimType": "invalidSyntax", "detail": "unknown op 'Replace'"}


def exchange(
    number: int, method: str = "PATCH", status: int = 200, body: Any = None, by: str = "idp",
    failure: TransportFailure | None = None,
) -> Exchange:
    text = json.dumps(body) if body is not None else ""
    return Exchange(
        number, "c", "s1", by, "okta", "", method, "/Users/u1", "", (), None, status, (), text, 0.01, failure
    )


def seen(resource: dict[str, Any] | None) -> Sight:
    reading = Reading("found", resource, 1) if resource is not None else Reading("absent")
    return Sight("ada", "User", "u1", False, reading, reading, reading)


def act(
    name: str = "deactivate", *, ok: bool = True, inferred: tuple[str, ...] = (), words: str = "",
    exchanges: tuple[int, ...] = (1,),
) -> StepPlayed:
    outcome = {"state": "done" if ok else "task-failed", "ok": ok, "words": words, "id": "u1"}
    ground = {"idp": "Okta", "chapter": 5, "inferred": list(inferred)}
    return StepPlayed("c", "s1", name, "act", name, "ada", SWITCH_OFF if ok else None, outcome, [], ground, exchanges)


def judged(
    step: StepPlayed, sent: list[Exchange], before: dict[str, Any] | None, after: dict[str, Any] | None,
    *, dialect: str = "okta", probe: bool = False, state: str = "played", reason: str = "",
) -> CaseVerdict:
    case = CaseStarted(
        "c", "lifecycle/leaver", dialect, {}, "A leaver is switched off", "deactivation", "security",
        ("rfc:RFC7643-4.1.1-R07", "idp:okta:5"), (), "the company", probe,
    )
    evidence = Evidence(
        case, {one.number: one for one in sent},
        {"": Observed("c", "", (seen(before),), ()), "s1": Observed("c", "s1", (seen(after),), ())},
        [step], CaseEnded("c", state, reason),
    )
    return verdict_on(evidence, SURVEY)


def test_an_act_with_its_effect_passes() -> None:
    verdict = judged(act(), [exchange(1)], ROW, OFF)
    assert (verdict.status, verdict.findings, verdict.assertions) == (Status.PASS, (), 1)


@pytest.mark.parametrize(
    ("dialect", "authority"), [("okta", "idp:okta:5"), ("entra", "idp:entra:5"), ("rfc", "rfc:RFC7644-3.5.2.3-R02")]
)
def test_a_200_that_did_nothing_fails_by_the_authority_of_the_dialect(dialect: str, authority: str) -> None:
    verdict = judged(act(), [exchange(1)], ROW, ROW, dialect=dialect)
    (finding,) = verdict.findings
    assert (verdict.status, finding.authority, finding.check) == (Status.FAIL, authority, "frame/effect")
    assert finding.title == "PATCH /Users/{id} answered 200 and changed nothing"
    assert "Access stays open" in finding.consequence
    assert finding.hurts == "the company"


def test_a_2xx_without_effect_fails_even_where_the_dialect_is_inferred() -> None:
    assert judged(act(inferred=("verb",)), [exchange(1)], ROW, ROW, dialect="google").status is Status.FAIL


def test_a_loss_beside_the_effect_is_a_finding_of_its_own() -> None:
    (finding,) = judged(act(), [exchange(1)], ROW, {**OFF, "phoneNumbers": []}).findings
    assert (finding.check, finding.status) == ("frame/loss", Status.FAIL)
    assert "phoneNumbers" in finding.title


def test_a_refusal_is_told_in_the_idps_words_and_names_the_answer() -> None:
    words = "Automatic provisioning of user ada to app X failed"
    (finding,) = judged(act(ok=False, words=words), [exchange(1, status=400, body=ERROR_400)], ROW, ROW).findings
    assert (finding.check, finding.status, finding.authority) == ("outcome", Status.FAIL, "idp:okta:5")
    assert finding.title == "deactivate fails: PATCH /Users/{id} answered 400 (invalidSyntax unknown op 'Replace')"
    assert finding.consequence == f"Okta: {words}"


def test_a_refusal_where_a_knob_is_inferred_only_warns_and_says_so() -> None:
    verdict = judged(act(ok=False, inferred=("deactivate_verb",)), [exchange(1, status=400, body=ERROR_400)], ROW, ROW)
    assert verdict.status is Status.WARN
    assert "deactivate_verb" in verdict.findings[0].consequence


def test_refusals_with_one_answer_are_one_group_across_dialects_and_chapters() -> None:
    found = []
    for dialect, chapter in (("entra", 4), ("entra", 5), ("entra-flag", 4)):
        step = replace(act(ok=False), ground={"idp": "Entra", "chapter": chapter, "inferred": []})
        body = {**ERROR_400, "detail": f"unknown op 'Replace' (request {chapter}a7f00b12)"}
        found += judged(step, [exchange(1, status=400, body=body)], ROW, ROW, dialect=dialect).findings
    assert len(groups(found)) == 1


@pytest.mark.parametrize("kind", [FailureKind.TIMEOUT, FailureKind.REFUSED, FailureKind.RESET, FailureKind.TLS])
def test_the_network_is_never_the_targets_fault(kind: FailureKind) -> None:
    silent = exchange(1, status=0, failure=TransportFailure(kind, "no answer within 30 s"))
    verdict = judged(act(ok=False), [silent], ROW, ROW)
    assert (verdict.status, verdict.findings) == (Status.ERROR, ())
    assert "no answer within 30 s" in verdict.reason


def test_a_state_that_cannot_be_read_back_is_an_error_not_a_fail() -> None:
    hangs = exchange(2, "GET", 0, by="observer", failure=TransportFailure(FailureKind.TIMEOUT, "no answer within 30 s"))
    blind = Sight("ada", "User", "u1", False, *(Reading("unreadable", note="no answer within 30 s"),) * 3)
    case = CaseStarted("c", "x", "okta", {}, "t", "deactivation", "security", (), (), "", False)
    evidence = Evidence(
        case, {1: exchange(1), 2: hangs},
        {"": Observed("c", "", (seen(ROW),), ()), "s1": Observed("c", "s1", (blind,), (2,))}, [act()],
        CaseEnded("c", "played"),
    )
    verdict = verdict_on(evidence, SURVEY)
    assert (verdict.status, verdict.findings) == (Status.ERROR, ())


def test_credentials_that_stop_working_are_an_error_not_a_fail() -> None:
    assert judged(act(ok=False), [exchange(1, status=401)], ROW, ROW).status is Status.ERROR


def test_a_look_up_that_leads_to_a_strangers_row_fails() -> None:
    held = exchange(2, "PUT", 0, failure=TransportFailure(FailureKind.HELD_BACK, "PUT /Users/x is not ours"))
    (finding,) = judged(act("assign", ok=False, exchanges=(1, 2)), [exchange(1, "GET"), held], None, None).findings
    assert (finding.check, finding.status) == ("frame/foreign-row", Status.FAIL)
    assert "would now overwrite it" in finding.title


def test_a_probe_whose_preparation_fails_is_blocked_not_failed_twice() -> None:
    verdict = judged(act(), [exchange(1)], ROW, ROW, probe=True)
    assert (verdict.status, verdict.findings) == (Status.BLOCKED, ())
    assert "changed nothing" in verdict.reason


@pytest.mark.parametrize("state", ["skip", "blocked", "error"])
def test_a_case_that_could_not_be_played_says_why(state: str) -> None:
    case = CaseStarted("c", "x", "rfc", {}, "t", "patch", "security", (), (), "", False)
    verdict = verdict_on(Evidence(case, ended=CaseEnded("c", state, "it needs groups")), SURVEY)
    assert (verdict.status.value, verdict.reason) == (state, "it needs groups")


def send_step(expect: list[dict[str, Any]]) -> StepPlayed:
    return StepPlayed("c", "s1", "probe", "send", "", "ada", None, None, expect, {"idp": "By the book"}, (1,))


APPLIED = {"status": [200, 204], "then": {"user": "ada", "has": {"active": False}, "found_by": ["id"]}}
REFUSED = {"status": 400, "unchanged": "ada", "grade": "warn", "authority": "idp:okta:5"}


@pytest.mark.parametrize(
    ("status", "after", "expected"),
    [
        (200, OFF, Status.PASS),
        (204, OFF, Status.PASS),
        (200, ROW, Status.FAIL),  # said yes, did nothing
        (400, ROW, Status.WARN),
        (400, OFF, Status.FAIL),  # said no, did it
        (500, ROW, Status.FAIL),
        (202, OFF, Status.FAIL),
    ],
)
def test_the_first_outcome_that_fits_decides(status: int, after: dict[str, Any], expected: Status) -> None:
    sent = [exchange(1, status=status, body={}, by="probe")]
    assert judged(send_step([APPLIED, REFUSED]), sent, ROW, after, probe=True).status is expected


def test_an_unmet_expectation_names_what_came_nearest() -> None:
    (finding,) = judged(send_step([APPLIED]), [exchange(1, body={}, by="probe")], ROW, ROW, probe=True).findings
    assert finding.authority == "idp:okta:5"
    assert "active" in finding.actual
    assert "200 or 204" in finding.expected


def test_an_excuse_that_shares_no_more_than_the_status_is_not_what_was_asked_for() -> None:
    wanted = {**APPLIED, "authority": "rfc:RFC7643-2.5-R02"}
    excused = {"status": 400, "scimType": "noTarget", "grade": "info"}
    refused = exchange(1, status=400, body={"scimType": "invalidValue"}, by="probe")
    (finding,) = judged(send_step([wanted, excused]), [refused], ROW, ROW, probe=True, dialect="rfc").findings
    assert (finding.actual, finding.authority) == ("status is 400; expected 200 or 204", "rfc:RFC7643-2.5-R02")


def test_an_excuse_that_fits_the_answer_tells_what_changed_all_the_same() -> None:
    refused = exchange(1, status=400, body={}, by="probe")
    (finding,) = judged(send_step([APPLIED, REFUSED]), [refused], ROW, OFF, probe=True).findings
    assert "ada has changed: active" in finding.actual


def test_in_the_rfc_dialect_the_requirement_is_the_authority() -> None:
    (finding,) = judged(
        send_step([APPLIED]), [exchange(1, body={}, by="probe")], ROW, ROW, probe=True, dialect="rfc"
    ).findings
    assert finding.authority == "rfc:RFC7643-4.1.1-R07"


@pytest.mark.parametrize(
    ("expect", "body", "fits"),
    [
        ({"status": "4xx", "scimType": "uniqueness"}, {"scimType": "uniqueness"}, True),
        ({"status": 409, "scimType": ["uniqueness"]}, {}, False),
        ({"body": {"/Resources/*/id": {"present": True}}}, {"Resources": [{"id": "1"}, {"id": "2"}]}, True),
        ({"body": {"/Resources/*/id": {"present": True}}}, {"Resources": [{"id": "1"}, {}]}, False),
        ({"body": {"/totalResults": 0}}, {"totalResults": 0}, True),
        ({"headers": {"location": {"absent": True}}}, {}, True),
        ({"then": {"user": "ada", "changed": {"active": False}}}, {}, True),
        ({"then": {"user": "ada", "changed": {}}}, {}, False),
        ({"then": {"user": "ada", "absent_by": ["id"]}}, {}, False),
    ],
)
def test_what_an_outcome_may_ask(expect: dict[str, Any], body: dict[str, Any], fits: bool) -> None:
    verdict = judged(send_step([expect]), [exchange(1, status=409, body=body, by="probe")], ROW, OFF, probe=True)
    assert (verdict.status is Status.PASS) is fits


def test_a_check_reads_the_state_that_was_last_seen() -> None:
    wanted = {"user": "ada", "has": {"active": False}}
    step = StepPlayed("c", "s1", "", "check", "", "ada", None, None, [wanted], {}, ())
    assert judged(step, [], ROW, OFF).status is Status.PASS
    assert judged(step, [], ROW, ROW).status is Status.FAIL


def created(answered: dict[str, Any] | None, held: dict[str, Any], dialect: str = "rfc") -> CaseVerdict:
    """An assign that was to give Ada a title."""
    step = replace(act("assign"), intent={"kind": "User", "exists": True, "values": {"title": "Dr"}, "members": None})
    return judged(step, [exchange(1, "POST", 201, answered)], None, held, dialect=dialect)


def test_a_create_may_keep_less_by_the_rfc_if_its_answer_says_so() -> None:
    (finding,) = created(ROW, ROW).findings
    assert (finding.status, finding.authority) == (Status.WARN, "rfc:RFC7644-3.3-R12")
    (finding,) = created({**ROW, "title": "Dr"}, ROW).findings
    assert (finding.status, finding.authority) == (Status.FAIL, "rfc:RFC7644-3.1-R01")


def test_a_create_that_keeps_less_fails_the_idp_that_needs_it() -> None:
    (finding,) = created(ROW, ROW, dialect="okta").findings
    assert (finding.status, finding.authority) == (Status.FAIL, "idp:okta:5")
