"""What the RFC does not hold a target to, and what it answers for all the same."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from scimrig.evidence import CaseEnded, CaseStarted, Evidence, Exchange, Observed, Reading, Sight, StepPlayed
from scimrig.judge import verdict_on
from scimrig.leniency import weighed
from scimrig.survey import SURVEYED, Offer, Survey
from scimrig.verdicts import CaseVerdict, Finding, Severity, Status

NO_FILTER = Survey(kept=SURVEYED, advertised={"filter": False, "patch": True})
TEAM: dict[str, Any] = {"id": "g1", "displayName": "Crew"}
WANTED = {"status": 201, "then": {"group": "crew", "has": {"displayName": "Other"}}}


def finding(authority: str, status: Status = Status.FAIL) -> Finding:
    return Finding("expect", status, authority, "GET /Users?filter=…", "", "c", "rfc", "s", "", "", "", Severity.DRIFT)


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("rfc:RFC7644-3.4.2.2-R01", Status.WARN),  # filter.supported is true
        ("rfc:RFC7644-3.5.2.3-R02", Status.FAIL),  # patch.supported is true, and it says so
        ("rfc:RFC7644-3.12-R02", Status.FAIL),  # always
        ("idp:okta:3", Status.FAIL),
    ],
)
def test_who_disclaims_a_feature_breaks_no_requirement_on_it(authority: str, expected: Status) -> None:
    (weighed_one,) = weighed([finding(authority)], NO_FILTER)
    assert weighed_one.status is expected
    assert ("filter.supported: false" in weighed_one.consequence) is (expected is Status.WARN)


def test_who_says_nothing_of_a_feature_is_held_to_it() -> None:
    assert weighed([finding("rfc:RFC7644-3.4.2.2-R01")], Survey())[0].status is Status.FAIL


def exchange(number: int, method: str, path: str, status: int, body: Any = None) -> Exchange:
    text = json.dumps(body) if body is not None else ""
    return Exchange(number, "c", "s", "probe", "rfc", "", method, path, "", (), None, status, (), text, 0.01)


def played(area: str, sent: list[Exchange], *, dialect: str = "rfc", cites: tuple[str, ...] = ()) -> CaseVerdict:
    """A probe of a create whose effect is missed, and of a request after it."""
    cited = cites or ("rfc:RFC7644-3.5.2.3-R02",)
    case = CaseStarted("c", "rfc/x", dialect, {}, "t", area, "silent-drift", cited, (), "", True)
    reading = Reading("found", TEAM, 1)
    seen = Observed("c", "", (Sight("crew", "Group", "g1", False, reading, reading, reading),), ())
    step = StepPlayed("c", "s1", "", "send", "", "crew", None, None, [WANTED], {"idp": "x"}, (1,))
    after = replace(step, step="s2", expect=[{"status": 200}], exchanges=(2,))
    steps = [step, after][: len(sent)]
    evidence = Evidence(case, {one.number: one for one in sent}, {"": seen}, steps, CaseEnded("c", "played", ""))
    return verdict_on(evidence, NO_FILTER)


CREATE, CHANGE = exchange(1, "POST", "/Groups", 201, TEAM), exchange(2, "PATCH", "/Groups/g1", 200)


@pytest.mark.parametrize("area", ["groups", "patch", "put", "delete", "filter"])
def test_a_probe_that_cannot_make_its_row_is_blocked(area: str) -> None:
    verdict = played(area, [CREATE, CHANGE])
    assert (verdict.status, verdict.findings) == (Status.BLOCKED, ())


@pytest.mark.parametrize("area", ["create", "types", "auth"])
def test_a_probe_that_is_about_creating_is_judged_by_its_create(area: str) -> None:
    assert played(area, [CREATE, CHANGE]).status is Status.FAIL


def test_a_create_that_is_the_whole_probe_is_judged() -> None:
    assert played("groups", [CREATE]).status is Status.FAIL


def test_an_idps_own_create_is_judged_wherever_it_stands() -> None:
    verdict = played("groups", [CREATE, CHANGE], dialect="okta", cites=("idp:okta:6",))
    assert [one.authority for one in verdict.findings] == ["idp:okta:6"]


@pytest.mark.parametrize(
    ("change", "authority"),
    [
        (exchange(1, "PATCH", "/Groups/g1", 501), "rfc:RFC7644-3.5-R03"),
        (exchange(1, "PATCH", "/Groups/g1", 500), "rfc:RFC7644-3.12-R22"),
        (exchange(1, "PATCH", "/Groups/g1", 400), "rfc:RFC7644-3.5.2.3-R02"),
    ],
)
def test_an_answer_of_5xx_breaks_another_requirement_than_the_one_asked_about(change: Exchange, authority: str) -> None:
    (one,) = played("patch", [change]).findings
    assert (one.authority, one.status) == (authority, Status.FAIL)


def test_the_flavour_of_an_idp_answers_by_its_own_name() -> None:
    cites = ("rfc:RFC7644-3.5.2.3-R02", "idp:entra:6")
    (one,) = played("groups", [CREATE], dialect="entra-flag", cites=cites).findings
    assert one.authority == "idp:entra-flag:6"


def acted(sent: list[Exchange], offers: dict[str, Offer], *, ok: bool = False) -> CaseVerdict:
    """An act of Entra's, with the exchanges that it made."""
    case = CaseStarted("c", "lifecycle/x", "entra", {}, "t", "create", "security", ("idp:entra:3",), (), "", False)
    outcome = {"state": "object-error", "ok": ok, "words": "501 Not Implemented", "id": "u1"}
    ground = {"idp": "Entra", "chapter": 3, "inferred": []}
    numbers = tuple(one.number for one in sent)
    step = StepPlayed("c", "s1", "assign ada", "act", "assign", "ada", None, outcome, [], ground, numbers)
    evidence = Evidence(case, {one.number: one for one in sent}, {}, [step], CaseEnded("c", "played", ""))
    return verdict_on(evidence, Survey(offers=offers))


LOOKED_UP = exchange(1, "GET", "/Users", 200)
NO_PATCH = {"patch": Offer("no", "PATCH answered 501")}


def test_an_act_that_comes_to_a_method_which_is_known_not_to_be_there_is_skipped() -> None:
    verdict = acted([LOOKED_UP, exchange(2, "PATCH", "/Users/u1", 501)], NO_PATCH)
    assert (verdict.status, verdict.reason) == (Status.SKIP, "it needs patch: PATCH answered 501")
    assert verdict.findings == ()


@pytest.mark.parametrize(
    ("refusal", "offers"),
    [
        (exchange(2, "PATCH", "/Users/u1", 501), {"patch": Offer("broken", "advertised, yet PATCH answered 501")}),
        (exchange(2, "PATCH", "/Users/u1", 501), {}),
        (exchange(2, "PATCH", "/Users/u1", 400), NO_PATCH),
        (exchange(2, "PATCH", "/Users/u1", 404), NO_PATCH),
        (exchange(2, "POST", "/Users", 501), NO_PATCH),
    ],
)
def test_any_other_refusal_is_judged(refusal: Exchange, offers: dict[str, Offer]) -> None:
    assert acted([LOOKED_UP, refusal], offers).status is Status.FAIL


def test_an_act_that_gets_through_is_judged_whatever_it_met_on_its_way() -> None:
    assert acted([exchange(1, "PATCH", "/Users/u1", 501)], NO_PATCH, ok=True).status is Status.PASS
