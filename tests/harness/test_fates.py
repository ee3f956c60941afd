"""From evidence to findings about promises: acts that are refused or ignored, roles, and who may come in.

In the order of the policy page (§5.4): the state first, then a 4xx that refuses, then SCIM's own form of it.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.evidence import CaseEnded, CaseStarted, Evidence, Exchange, Observed, Reading, Sight, StepPlayed
from scimrig.judge import verdict_on
from scimrig.survey import SURVEYED, Survey
from scimrig.verdicts import CaseVerdict, Status
from scimrig_simulator.wire import FailureKind, TransportFailure

EMAIL = 'emails[type eq "work"].value'
ROW: dict[str, Any] = {
    "id": "u1", "userName": "ada@acme.test", "active": True, "name": {"givenName": "Ada", "familyName": "Sample"},
    "displayName": "Ada Sample", "title": "Analyst", "emails": [{"value": "ada@acme.test", "type": "work"}],
    "meta": {"version": "1"},
}
NEW = "ada.new@acme.test"
MOVED = {**ROW, "emails": [{"value": NEW, "type": "work"}]}
RENAMED = {**ROW, "title": "Lead", "displayName": "Adeline Sample", "name": {**ROW["name"], "givenName": "Adeline"}}
HELD = {"userName": "ada@acme.test", EMAIL: "ada@acme.test", "title": "Analyst", "active": True}
SENT = {"userName": "ada@acme.test", "emails": [{"value": NEW, "type": "work"}]}
WORDS = "Automatic provisioning of user ada to app X failed: Bad Request"
CASE = CaseStarted(
    "c", "policy/new-address", "okta", {}, "A changed address is refused", "policy", "security",
    ("policy:policy.email_change",), (), "the user", False,
)


def error(status: int = 400, keyword: str | None = "mutability") -> dict[str, Any]:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status), "detail": "no"}
    return body if keyword is None else {**body, "scimType": keyword}


def exchange(
    number: int, status: int, body: Any = None, method: str = "PUT", sent: Any = None,
    failure: TransportFailure | None = None, by: str = "idp",
) -> Exchange:
    texts = [None if value is None else json.dumps(value) for value in (sent or SENT, body)]
    path = "/Users" if method == "POST" else "/Users/u1"
    return Exchange(
        number, "c", "s1", by, "okta", "", method, path, "", (), texts[0], status, (), texts[1] or "", 0.01, failure
    )


def seen(resource: dict[str, Any] | None) -> Sight:
    reading = Reading("found", resource, 1) if resource is not None else Reading("absent")
    by_id = reading if resource is not None else Reading("not-looked")
    return Sight("ada", "User", "u1" if resource else "", False, by_id, reading, reading)


def act(*, ok: bool, fate: str = "refused", key: str = "policy.email_change", exists: bool = True, name: str = "update",
        values: dict[str, Any] | None = None, exchanges: tuple[int, ...] = (1,)) -> StepPlayed:
    intent = {"kind": "User", "exists": exists, "values": (HELD if values is None else values) if exists else {},
              "members": None, "fate": fate, "key": key}
    outcome = {"state": "updated" if ok else "task-failed", "ok": ok, "words": "" if ok else WORDS, "id": "u1"}
    ground = {"idp": "Okta", "chapter": 4, "inferred": []}
    return StepPlayed("c", "s1", name, "act", name, "ada", intent, outcome, [], ground, exchanges)


def judged(step: StepPlayed, sent: list[Exchange], before: dict[str, Any] | None, after: dict[str, Any] | None,
           case: CaseStarted = CASE) -> CaseVerdict:
    sights = () if before is None else (seen(before),)
    observed = {"": Observed("c", "", sights, ()), "s1": Observed("c", "s1", (seen(after),), ())}
    numbered = {one.number: one for one in sent}
    return verdict_on(Evidence(case, numbered, observed, [step], CaseEnded("c", "played")), Survey(kept=SURVEYED))


# Refused -------------------------------------------------------------------------------------------------------------


def test_a_refusal_in_scims_words_that_changes_nothing_passes() -> None:
    verdict = judged(act(ok=False), [exchange(1, 400, error())], ROW, ROW)
    assert (verdict.status, verdict.findings) == (Status.PASS, ())


@pytest.mark.parametrize(
    ("after", "says", "shape"),
    [
        (MOVED, "answered 200 and changed the e-mail address", "address taken"),
        (RENAMED, "kept the e-mail address, yet changed name.givenName, displayName, title", "accepted in part"),
        (ROW, "answered 200 and kept the e-mail address", "address dropped"),
    ],
)
def test_an_act_that_is_promised_to_be_refused_must_not_be_answered_2xx_whatever_it_did(
    after: dict[str, Any], says: str, shape: str
) -> None:
    (finding,) = judged(act(ok=True), [exchange(1, 200, ROW)], ROW, after).findings
    assert (finding.check, finding.status) == ("promise/refused", Status.FAIL)
    assert (finding.authority, finding.shape) == ("policy:policy.email_change", shape)
    assert says in finding.title
    assert finding.expected == "400 with scimType mutability, and everything as before"
    assert finding.hurts == "the user"
    assert finding.consequence.startswith("Okta counts the ")


@given(status=st.integers(400, 499), after=st.sampled_from([MOVED, RENAMED, {**ROW, "active": False}]))
def test_no_refusal_is_sound_that_leaves_something_changed(status: int, after: dict[str, Any]) -> None:
    verdict = judged(act(ok=False), [exchange(1, status, error(status))], ROW, after)
    assert verdict.status is (Status.ERROR if status == 401 else Status.FAIL)


@given(
    status=st.integers(400, 499).filter(lambda status: status not in (401, 404, 429)),
    body=st.sampled_from([error(), error(keyword=None), error(keyword="invalidValue"), {"message": "no"}, None]),
)
def test_a_refusal_that_changes_nothing_never_fails_however_it_is_put(status: int, body: Any) -> None:
    verdict = judged(act(ok=False), [exchange(1, status, body)], ROW, ROW)
    sound = status == 400 and body == error()
    assert verdict.status is (Status.PASS if sound else Status.WARN)
    assert all(finding.check == "promise/form" for finding in verdict.findings)


def test_a_refusal_that_took_effect_in_part_is_told_with_the_idps_words() -> None:
    (finding,) = judged(act(ok=False), [exchange(1, 400, error())], ROW, RENAMED).findings
    assert (finding.check, finding.shape) == ("promise/atomic", "refused in part")
    assert finding.title == "PUT /Users/{id} answered 400, and yet it changed name.givenName, displayName, title"
    assert "title Lead, was Analyst" in finding.actual
    assert finding.consequence.startswith(f"Okta: {WORDS}. ")


def test_a_new_version_without_a_change_is_no_change() -> None:
    after = {**ROW, "meta": {"version": "2"}}
    assert judged(act(ok=False), [exchange(1, 400, error())], ROW, after).status is Status.PASS


@pytest.mark.parametrize("status", [404, 429, 500, 503, 302])
def test_an_answer_that_refuses_nothing_fails(status: int) -> None:
    (finding,) = judged(act(ok=False), [exchange(1, status, error(status))], ROW, ROW).findings
    assert (finding.check, finding.status) == ("promise/refused", Status.FAIL)
    assert f"answered {status}, which refuses nothing" in finding.title


def test_what_a_refusal_lacks_in_form_is_one_warning() -> None:
    (finding,) = judged(act(ok=False), [exchange(1, 403, error(403, None))], ROW, ROW).findings
    assert (finding.check, finding.status) == ("promise/form", Status.WARN)
    assert finding.title == "PUT /Users/{id} is refused as promised, but with status 403 and no scimType"


@pytest.mark.parametrize("keyword", ["invalidValue", "mutability"])
def test_either_keyword_will_do_where_a_foreign_address_replaces_another(keyword: str) -> None:
    step = act(ok=False, key="policy.allowed_domains")
    assert judged(step, [exchange(1, 400, error(keyword=keyword))], ROW, ROW).status is Status.PASS


def test_what_the_network_or_the_credentials_did_is_no_refusal() -> None:
    silent = exchange(1, 0, failure=TransportFailure(FailureKind.TIMEOUT, "no answer within 30 s"))
    for bad in (silent, exchange(1, 401, error(401))):
        verdict = judged(act(ok=False), [bad], ROW, ROW)
        assert (verdict.status, verdict.findings) == (Status.ERROR, ())


def test_an_act_that_fails_before_the_address_is_sent_has_failed_for_itself() -> None:
    """A refused look-up, or a refused PATCH of ``active`` alone: nobody has refused an address yet."""
    switch = {"Operations": [{"op": "replace", "value": {"active": True}}]}
    for bad in (exchange(1, 400, error(), method="GET"), exchange(1, 400, error(), method="PATCH", sent=switch)):
        (finding,) = judged(act(ok=False), [bad], ROW, ROW).findings
        assert (finding.check, finding.authority) == ("outcome", "idp:okta:4")


def test_an_act_that_sends_nothing_is_no_proof_of_anything() -> None:
    verdict = judged(act(ok=True), [exchange(1, 200, ROW, method="GET")], ROW, ROW)
    assert verdict.status is Status.ERROR
    assert "sent nothing" in verdict.reason


def test_what_was_granted_before_the_refusal_stays() -> None:
    """Okta switches somebody on by a PATCH, and only then pushes the profile that is refused (okta:5)."""
    asleep = {**ROW, "active": False}
    step = act(ok=False, name="reactivate", exchanges=(1, 2))
    sent = [exchange(1, 200, ROW, method="PATCH"), exchange(2, 400, error())]
    assert judged(step, sent, asleep, ROW).status is Status.PASS
    (finding,) = judged(step, sent, asleep, asleep).findings
    assert (finding.check, "active false" in finding.actual) == ("promise/atomic", True)


def test_another_user_who_changes_with_a_refusal_is_a_finding_of_its_own() -> None:
    eve = replace(seen({**ROW, "id": "u2"}), key="eve", id="u2")
    gone = replace(eve, by_id=Reading("absent"), by_filter=Reading("absent"), in_list=Reading("absent"))
    observed = {"": Observed("c", "", (seen(ROW), eve), ()), "s1": Observed("c", "s1", (seen(ROW), gone), ())}
    sent = {1: exchange(1, 400, error())}
    evidence = Evidence(CASE, sent, observed, [act(ok=False)], CaseEnded("c", "played"))
    assert [found.check for found in verdict_on(evidence, Survey(kept=SURVEYED)).findings] == ["frame/bystander"]


# Somebody of another domain ------------------------------------------------------------------------------------------


def foreign(*, ok: bool) -> StepPlayed:
    return act(ok=ok, name="assign", key="policy.allowed_domains", exists=False)


def test_a_refused_create_passes_where_nobody_is_found_by_name() -> None:
    sent = [exchange(1, 400, error(keyword="invalidValue"), method="POST")]
    assert judged(foreign(ok=False), sent, None, None).status is Status.PASS
    (finding,) = judged(foreign(ok=False), sent, None, ROW).findings
    assert (finding.check, finding.authority) == ("promise/atomic", "policy:policy.allowed_domains")
    assert finding.title == "POST /Users answered 400, and yet it made the user"
    assert finding.actual.endswith("; the user is there")


def test_a_create_that_is_taken_from_another_domain_fails_in_the_name_of_the_customer() -> None:
    (finding,) = judged(foreign(ok=True), [exchange(1, 201, ROW, method="POST")], None, ROW).findings
    assert finding.title == "POST /Users answered 201 and took somebody of another domain; promised is a refusal"
    assert "outside the customer's domains" in finding.consequence
    (finding,) = judged(foreign(ok=True), [exchange(1, 201, ROW, method="POST")], None, None).findings
    assert "made nobody" in finding.title


# Ignored -------------------------------------------------------------------------------------------------------------


IGNORED = {**HELD, "title": "Lead"}


@pytest.mark.parametrize(
    ("after", "checks"),
    [
        ({**ROW, "title": "Lead"}, []),
        ({**MOVED, "title": "Lead"}, ["promise/ignored"]),
        (ROW, ["frame/effect"]),
        (MOVED, ["frame/effect", "promise/ignored"]),
    ],
)
def test_an_ignored_address_stays_and_the_rest_is_applied(after: dict[str, Any], checks: list[str]) -> None:
    step = act(ok=True, fate="ignored", values=IGNORED)
    verdict = judged(step, [exchange(1, 200, ROW)], ROW, after)
    assert [finding.check for finding in verdict.findings] == checks
    for finding in verdict.findings:
        wanted = "policy:policy.email_change" if finding.check == "promise/ignored" else "idp:okta:4"
        assert (finding.authority, finding.status) == (wanted, Status.FAIL)


def test_a_refusal_breaks_the_promise_to_ignore() -> None:
    step = act(ok=False, fate="ignored", values=IGNORED)
    (finding,) = judged(step, [exchange(1, 400, error())], ROW, ROW).findings
    assert (finding.check, finding.authority) == ("promise/ignored", "policy:policy.email_change")
    assert "Okta: " in finding.consequence


# Roles and access ----------------------------------------------------------------------------------------------------


def promised(verb: str, expect: dict[str, Any], seen: dict[str, Any]) -> CaseVerdict:
    """A step by a declared call, after Ada was switched off."""
    off = replace(act(ok=True, name="deactivate"), intent=None, step="s0")
    step = StepPlayed("c", "s1", "", verb, "", "ada", None, None, [expect], {"idp": "Okta"}, (3,), seen)
    sent = {1: exchange(1, 200, ROW, method="PATCH"), 3: exchange(3, 200, seen, method="GET", by="hook")}
    evidence = Evidence(CASE, sent, {}, [off, step], CaseEnded("c", "played"))
    return verdict_on(evidence, Survey(kept=SURVEYED))


def roles(teams: list[str], wanted: list[str], seen: list[str], within: float = 0) -> CaseVerdict:
    expect = {"roles": wanted, "teams": teams, "default": "member", "within": within}
    return promised("roles", expect, {"roles": seen, "after": 0.3})


@pytest.mark.parametrize(
    ("teams", "wanted", "seen", "shape", "authority"),
    [
        ([], ["member"], [], "default role", "policy:roles.default"),
        ([], ["member"], ["developer"], "role without its group", "policy:hooks.map_group"),
        ([], ["member"], ["member", "developer"], "role without its group", "policy:hooks.map_group"),
        ([], ["member"], ["member", "member"], "default role", "policy:roles.default"),
        (["eng"], ["developer"], ["developer", "member"], "default role", "policy:roles.default"),
        (["eng"], ["developer"], ["admin", "developer"], "role without its group", "policy:hooks.map_group"),
        (["eng"], ["developer"], [], "role missing", "policy:hooks.map_group"),
        (["eng", "ops"], ["admin", "developer"], ["admin"], "role missing", "policy:hooks.map_group"),
    ],
)
def test_roles_are_exactly_those_that_are_promised(
    teams: list[str], wanted: list[str], seen: list[str], shape: str, authority: str
) -> None:
    assert roles(teams, wanted, wanted[::-1]).status is Status.PASS
    (finding,) = roles(teams, wanted, seen).findings
    assert (finding.check, finding.shape, finding.authority) == ("promise/roles", shape, authority)
    assert (finding.status, finding.exchanges) == (Status.FAIL, (3, 1))
    assert finding.title.endswith(f"promised is exactly {', '.join(wanted)}")
    assert finding.consequence.startswith("Okta ")


def test_whoever_is_still_let_in_after_the_time_that_is_promised_is_a_fail_with_the_figure() -> None:
    expect = {"access": "refused", "within": 5.0}
    assert promised("access", expect, {"access": "refused", "after": 4.2}).status is Status.PASS
    (finding,) = promised("access", expect, {"access": "allowed", "after": 5.02}).findings
    assert finding.title == "ada may still come in 5.0 s after PATCH /Users/{id} was answered; promised is 5 s at most"
    assert (finding.authority, finding.status) == ("policy:deprovision.max_latency_ms", Status.FAIL)
    assert "Access stays open" in finding.consequence


def test_whoever_is_not_let_in_although_they_should_be_is_a_fail() -> None:
    expect = {"access": "allowed", "within": 5.0}
    assert promised("access", expect, {"access": "allowed", "after": 0.0}).status is Status.PASS
    (finding,) = promised("access", expect, {"access": "refused", "after": 5.0}).findings
    assert finding.authority == "policy:deprovision.access_probe"
    assert finding.title == "ada may not come in 5.0 s after PATCH /Users/{id} was answered"


def test_what_is_polled_is_shown_by_its_last_look_the_act_before_it_and_its_first_look() -> None:
    off = replace(act(ok=True, name="deactivate"), intent=None, step="s0")
    step = StepPlayed(
        "c", "s1", "", "access", "", "ada", None, None, [{"access": "refused", "within": 5.0}], {"idp": "Okta"},
        (3, 4, 5, 6), {"access": "allowed", "after": 5.02},
    )
    sent = {1: exchange(1, 200, ROW, method="PATCH")}
    sent |= {number: exchange(number, 200, {"allowed": True}, method="GET", by="hook") for number in step.exchanges}
    evidence = Evidence(CASE, sent, {}, [off, step], CaseEnded("c", "played"))
    (finding,) = verdict_on(evidence, Survey(kept=SURVEYED)).findings
    assert finding.exchanges == (6, 1, 3)


def test_wrong_roles_are_shown_with_the_calls_that_gave_groups_their_roles() -> None:
    push = replace(act(ok=True, name="push_group"), intent=None, step="s0")
    give = StepPlayed("c", "s1", "", "hook", "", "eng", None, None, [{}], {}, (2,), {"role": "developer"})
    wanted = {"roles": ["developer"], "teams": ["eng"], "default": "member", "within": 0}
    look = StepPlayed(
        "c", "s2", "", "roles", "", "ada", None, None, [wanted], {"idp": "Okta"}, (3,), {"roles": [], "after": 0}
    )
    sent = {1: exchange(1, 201, ROW, method="POST")}
    sent |= {number: exchange(number, 200, {}, method="GET", by="hook") for number in (2, 3)}
    evidence = Evidence(CASE, sent, {}, [push, give, look], CaseEnded("c", "played"))
    (finding,) = verdict_on(evidence, Survey(kept=SURVEYED)).findings
    assert finding.exchanges == (3, 1, 2)


def test_whoever_lacks_the_default_role_was_not_to_get_it_by_a_membership() -> None:
    (finding,) = roles([], ["member"], []).findings
    assert finding.consequence.startswith("Okta counts the user as provisioned, yet they come in without the role")


def test_giving_a_group_a_role_is_nothing_to_judge() -> None:
    assert promised("hook", {}, {"role": "developer", "status": 200}).status is Status.PASS
