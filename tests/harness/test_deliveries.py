"""Webhooks judged: what is a finding, under which promise, and what is none however odd it looks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.acts import Undecidable
from scimrig.attempts import Received
from scimrig.awaiting import LastAct, Waiting
from scimrig.declarations import Declarations
from scimrig.deliveries import judge_webhooks
from scimrig.evidence import CaseStarted, Delivered, Exchange, StepPlayed
from scimrig.sink import Sink, SinkSettings
from scimrig.verdicts import Finding, Severity, Status, groups
from scimrig_simulator.clock import VirtualClock

WEBHOOKS: dict[str, Any] = {
    "signing": "standard-webhooks", "success": [200, 201], "retry_schedule": [0, 10], "tolerance_s": 300,
    "max_first_attempt_ms": 10_000, "suppress_noop": True, "timeout_s": 5,
    "events": {"user_created": "user.created", "user_updated": "user.updated", "user_deactivated": "user.deleted"},
}
CASE = CaseStarted(
    "c", "webhooks/created", "okta", {}, "A new hire is announced", "webhooks", "silent-drift", (), (), "everyone",
    probe=False,
)
ANSWERED = 1000.0
KEY = bytes(range(24))


def declared(*without: str, **webhooks: Any) -> Declarations:
    table = {key: value for key, value in {**WEBHOOKS, **webhooks}.items() if key not in without}
    return Declarations({"webhooks": table, "deprovision": {"max_latency_ms": 5000}})


def delivery(
    number: int = 1, at: float = ANSWERED + 0.2, *, id: str = "e1", type: str = "user.created", answered: str = "200",
    who: str = "ada@acme.test", body: str | None = None, data: Any = None, **facts: Any,
) -> Delivered:
    sound = {
        "id": id, "timestamp": str(int(at)), "skew": 0.0, "fresh": True, "missing": [], "signed": "",
        "signature": "valid", "why": "", "leaks": [],
    }
    text = json.dumps({"type": type, "data": {"email": who, "more": data}}) if body is None else body
    return Delivered(number, at, (("webhook-id", id),), text, answered, {**sound, **facts})


def waited(
    verb: str = "await", *, event: str = "user_created", attempts: int = 1, words: str = "assign", status: int = 201,
    position: int = 0, last: int = 99, until: float = ANSWERED + 60, limit: float = 10.0,
) -> StepPlayed:
    act = {"words": words, "status": status, "answered": ANSWERED, "position": position}
    seen: dict[str, Any] = {
        "marks": ["ada@acme.test"], "act": act, "since": 0, "last": last, "until": until, "limit": limit,
    }
    if verb == "await":
        seen |= {"event": event, "attempts": attempts}
    return StepPlayed("c", "s2", "", verb, "", "ada", None, None, [], {}, (), seen)


def judged(
    *delivered: Delivered, step: StepPlayed | None = None, promises: Declarations | None = None,
    sent: tuple[Exchange, ...] = (),
) -> list[Finding]:
    return judge_webhooks(CASE, step or waited(), Received(delivered), promises or declared(), sent)


def only(findings: list[Finding]) -> Finding:
    (finding,) = findings
    return finding


def told(finding: Finding) -> tuple[str, Status, str, str]:
    return finding.check, finding.status, finding.authority, finding.shape


def write(number: int, status: int, method: str = "PATCH") -> Exchange:
    return Exchange(number, "c", "s1", "idp", "okta", "", method, "/Users/u1", "", (), None, status, (), "", 0.01)


# What was awaited ----------------------------------------------------------------------------------------------------


def test_an_event_that_has_come_in_time_is_no_finding() -> None:
    assert judged(delivery()) == []


def test_nothing_at_all_is_told_with_its_figures() -> None:
    finding = only(judged(step=waited(event="user_deactivated", words="deactivate", status=200), sent=(write(7, 200),)))
    assert told(finding) == ("webhook/missing", Status.FAIL, "policy:webhooks.max_first_attempt_ms", "nothing came")
    assert finding.title == "no webhook about ada within 10.0 s after deactivate answered 200"
    assert (finding.severity, finding.exchanges, finding.hurts) == (Severity.SECURITY, (7,), "everyone")
    assert "leaver" in finding.consequence


def test_what_is_about_somebody_else_or_from_before_does_not_count() -> None:
    assert only(judged(delivery(who="ben@acme.test"))).check == "webhook/missing"
    assert only(judged(delivery(), step=waited(position=1))).check == "webhook/missing"


def test_what_first_came_after_the_wait_belongs_to_something_later() -> None:
    """The rows of a case are cleared away before it is judged, and that is announced too."""
    assert only(judged(delivery(), step=waited(last=0))).check == "webhook/missing"
    assert judged(delivery(), step=waited("silence", status=400, last=0)) == []


def test_another_event_in_its_place_is_named() -> None:
    finding = only(judged(delivery(type="user.updated"), delivery(2, type="user.updated", id="e2")))
    assert told(finding) == ("webhook/event", Status.FAIL, "policy:webhooks.events", "another event")
    assert finding.actual == "webhook user.updated"
    assert "no webhook user.created about ada" in finding.title


def test_a_body_that_names_no_event_is_said_to_be_such() -> None:
    finding = only(judged(delivery(body="event=user.created&to=ada@acme.test")))
    assert (finding.check, finding.actual) == ("webhook/event", "a webhook of no known event")


def test_an_event_that_is_not_named_in_the_declarations_is_any_event() -> None:
    assert judged(delivery(type="x"), promises=declared("events")) == []


def test_where_the_event_s_name_stands_is_a_declaration() -> None:
    body = json.dumps({"meta": {"kind": "user.created"}, "to": "ada@acme.test"})
    assert judged(delivery(body=body), promises=declared(envelope={"type": "/meta/kind"})) == []


@pytest.mark.parametrize(
    ("event", "type", "at", "key"),
    [
        ("user_created", "user.created", 10.5, "webhooks.max_first_attempt_ms"),
        ("user_created", "user.created", 9.5, ""),
        ("user_deactivated", "user.deleted", 6.0, "deprovision.max_latency_ms"),
        ("user_deactivated", "user.deleted", 20.0, "deprovision.max_latency_ms"),
        ("user_deactivated", "user.deleted", 4.9, ""),
    ],
)
def test_the_first_attempt_is_timed(event: str, type: str, at: float, key: str) -> None:
    findings = judged(delivery(type=type, at=ANSWERED + at), step=waited(event=event))
    assert [finding.authority for finding in findings] == ([f"policy:{key}"] if key else [])
    assert all(f"{at * 1000:.0f} ms" in finding.title for finding in findings)


def test_a_latency_that_nobody_promised_is_nobody_s_fault() -> None:
    assert judged(delivery(at=ANSWERED + 50), promises=declared("max_first_attempt_ms")) == []


# The form of it ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "shape", "words"),
    [
        (
            {"signature": "missing", "missing": ["webhook-signature"], "why": "no header webhook-signature"},
            "missing webhook-signature", "is not signed",
        ),
        ({"signature": "wrong", "why": "it signs only the body"}, "wrong: it signs only the body", "is wrong"),
        (
            {"signature": "malformed", "why": "the v1 signature has 5 bytes; …"},
            "malformed: the v1 signature has … bytes; …", "cannot read",
        ),
        (
            {"signature": "re-serialised", "why": "it signs the payload printed again (sorted), not the bytes sent"},
            "re-serialised", "not that of the bytes sent: it signs the payload printed again",
        ),
    ],
)
def test_a_bad_signature_is_one_finding_whatever_was_announced(facts: dict[str, Any], shape: str, words: str) -> None:
    findings = judged(delivery(**facts), delivery(2, id="e2", type="user.updated", **facts))
    finding = only(findings)
    assert told(finding) == ("webhook/signature", Status.FAIL, "policy:webhooks.signing", shape)
    assert words in finding.title
    assert finding.severity is Severity.SECURITY
    assert "drop the event" in finding.consequence
    later = judged(delivery(type="user.deleted", **facts), step=waited(event="user_deactivated"))
    assert len(groups([*findings, *later])) == 1


def test_reasons_that_differ_in_figures_alone_are_one_defect() -> None:
    found = [
        judged(delivery(signature="malformed", why=f"the timestamp {stamp} has a fraction; receivers read …"))[0]
        for stamp in ("1767225600.5", "1767225611.25")
    ]
    assert len(groups(found)) == 1


def test_a_signature_that_could_not_be_verified_is_mentioned_and_blames_nobody() -> None:
    finding = only(judged(delivery(signature="unverified", why="no secret is known to verify it with")))
    assert (finding.check, finding.status) == ("webhook/unverified", Status.INFO)


@pytest.mark.parametrize(("skew", "side"), [(600.0, "past"), (-301.0, "future")])
def test_a_timestamp_beyond_the_tolerance_is_told_with_its_side(skew: float, side: str) -> None:
    finding = only(judged(delivery(skew=skew, fresh=False)))
    assert told(finding) == ("webhook/timestamp", Status.FAIL, "policy:webhooks.tolerance_s", f"in the {side}")
    assert f"stamped {abs(skew):.0f} s in the {side}" in finding.title
    assert only(judged(delivery(skew=skew, fresh=False), promises=declared("tolerance_s"))).authority == (
        "policy:webhooks.signing"
    )


def test_a_secret_in_the_payload_is_told_without_repeating_it() -> None:
    finding = only(judged(delivery(leaks=["a password"])))
    assert (finding.check, finding.shape, finding.severity) == ("webhook/secret", "a password", Severity.SECURITY)
    assert "withheld" in finding.actual


def test_where_no_signature_is_declared_its_headers_are_nobody_s_business() -> None:
    odd = delivery(signature="undeclared", skew=4000.0, fresh=False, id="")
    assert judged(odd, replace(odd, number=2), promises=declared(signing="none")) == []


# Ids -----------------------------------------------------------------------------------------------------------------


def test_one_id_for_events_of_different_names_or_people_is_found_anywhere_in_the_run() -> None:
    for other in (
        delivery(1, at=900.0, type="user.updated"),
        delivery(1, at=900.0, who="ben@acme.test"),
    ):
        finding = only(judged(other, delivery(2), step=waited(position=1)))
        assert told(finding) == ("webhook/id", Status.FAIL, "policy:webhooks.signing", "one id for several events")


def test_a_repeat_is_no_second_event_even_if_it_was_printed_anew() -> None:
    assert judged(delivery(), delivery(2, at=ANSWERED + 1), delivery(3, at=ANSWERED + 30, data="attempt 3")) == []


@pytest.mark.parametrize("member", ["id", "event_id", "messageId"])
@pytest.mark.parametrize("told", ["e1", "e1_2", "an-id-that-is-in-no-header"])
def test_a_retry_under_a_new_id_is_recognised_by_its_body(told: str, member: str) -> None:
    """The body may hold an id of its own: that of the event, or that of the attempt."""
    first = delivery(answered="500", body=f'{{"{member}":"e1","type":"user.created","to":"ada@acme.test"}}')
    again = delivery(2, at=first.at + 10, id="e1_2", body=first.body.replace("e1", told))
    finding = only(judged(first, again, step=waited(attempts=2)))
    assert (finding.check, finding.status, finding.shape) == ("webhook/id", Status.FAIL, "a new id for a retry")
    assert finding.authority == "policy:webhooks.signing"
    assert finding.actual == "e1 and then e1_2 (delivery 2)"


def test_a_retry_under_a_new_id_that_comes_before_its_time_is_told_as_such_once_no_other_one_can_come() -> None:
    first = delivery(answered="500")
    again = replace(delivery(2, at=first.at + 0.5, id="e2"), body=first.body)
    assert judged(first, again, step=waited(attempts=2, until=first.at + 5)) == []
    finding = only(judged(first, again, step=waited(attempts=2)))
    assert told(finding) == ("webhook/id", Status.FAIL, "policy:webhooks.signing", "a new id for a retry")
    assert finding.title.endswith("was tried again under a new id, 0.5 s later and before time")
    assert finding.deliveries == (2, 1)


def test_another_event_is_no_retry_however_alike_it_is() -> None:
    first = delivery(answered="500", body='{"id":"e1","type":"user.created","user":{"id":"u1","to":"ada@acme.test"}}')
    other = delivery(2, at=first.at + 10, id="e2", body=first.body.replace("u1", "u2"))
    assert only(judged(first, other, step=waited(attempts=2))).shape == "never retried"


def test_two_events_with_equal_bodies_are_two_events() -> None:
    sound = [delivery(), delivery(2, id="e2"), delivery(3, at=ANSWERED + 10.2, id="e3")]
    assert judged(*sound) == []
    one_failed = [
        delivery(answered="500"), delivery(2, id="e2"), delivery(3, at=ANSWERED + 10.2),
    ]
    assert judged(*one_failed, step=waited(attempts=2)) == []


# Retries -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", ["500", "302", "404", "204", "slow", "close"])
@given(late=st.floats(0.0, 2.0), jitter=st.floats(0.8, 1.0))
def test_a_retry_at_about_the_declared_delay_is_sound(answered: str, late: float, jitter: float) -> None:
    first = delivery(answered=answered)
    waits = 5.0 if answered == "slow" else 0.0
    for gap in (waits + 10 + late, waits + 10 * jitter):
        assert judged(first, delivery(2, at=first.at + gap), step=waited(attempts=2)) == []


@pytest.mark.parametrize(
    ("gap", "shape"),
    [(2.0, "retried too early"), (7.9, "retried too early"), (12.1, "retried too late"), (40.0, "retried too late")],
)
def test_a_retry_well_off_the_schedule_is_told_with_both_figures(gap: float, shape: str) -> None:
    finding = only(judged(delivery(answered="500"), delivery(2, at=ANSWERED + 0.2 + gap), step=waited(attempts=2)))
    assert told(finding) == ("webhook/retry", Status.FAIL, "policy:webhooks.retry_schedule", shape)
    assert f"{gap:.1f} s later" in finding.title
    assert "10 s" in finding.title


def test_a_failure_that_is_never_tried_again_is_told_once_it_is_certain() -> None:
    first = delivery(answered="500")
    finding = only(judged(first, step=waited(attempts=2, until=ANSWERED + 20)))
    assert told(finding) == ("webhook/retry", Status.FAIL, "policy:webhooks.retry_schedule", "never retried")
    assert "was answered 500 and was not tried again within 19.8 s" in finding.title
    assert judged(first, step=waited(until=ANSWERED + 11)) == []


def test_what_came_after_the_wait_still_counts() -> None:
    first = delivery(answered="500")
    assert judged(first, delivery(2, at=first.at + 11), step=waited(until=ANSWERED + 1)) == []


def test_after_the_last_step_of_the_ladder_nobody_tries_again() -> None:
    attempts = [delivery(answered="500"), delivery(2, at=ANSWERED + 10.2, answered="500")]
    assert judged(*attempts, step=waited(attempts=2)) == []


def test_a_receiver_that_is_gone_need_not_be_tried_again() -> None:
    assert judged(delivery(answered="410")) == []


def test_the_same_bytes_once_more_at_once_are_a_copy_and_no_early_retry() -> None:
    first = delivery(answered="close")
    assert judged(first, replace(first, number=2, at=first.at + 0.1, answered="200"), step=waited(attempts=2)) == []


def test_undeclared_retries_are_not_judged() -> None:
    for gap in (0.5, 500.0):
        found = judged(
            delivery(answered="500"), delivery(2, at=ANSWERED + gap), promises=declared("retry_schedule"),
            step=waited(attempts=2),
        )
        assert found == []


def test_success_is_what_is_declared_and_any_2xx_where_nothing_is() -> None:
    first = delivery(answered="204")
    assert only(judged(first)).shape == "never retried"
    assert judged(first, promises=declared("success")) == []


def test_trying_again_after_success_by_the_schedule_is_a_warning_and_doing_it_twice_a_fail() -> None:
    ladder = declared(retry_schedule=[0, 10, 10])
    attempts = [delivery(number + 1, at=ANSWERED + 10 * number) for number in (0, 1, 2)]
    once = only(judged(*attempts[:2], promises=ladder))
    assert told(once) == ("webhook/retry", Status.WARN, "policy:webhooks.success", "after success")
    twice = only(judged(*attempts, promises=ladder))
    assert twice.status is Status.FAIL
    assert judged(*attempts, promises=declared("success", retry_schedule=[0, 10, 10])) == []


def test_a_retry_with_the_old_timestamp_fails_only_where_the_ladder_outlasts_the_tolerance() -> None:
    stamp = str(int(ANSWERED))
    attempts = [
        delivery(answered="500", timestamp=stamp), delivery(2, at=ANSWERED + 10.2, timestamp=stamp, skew=10.2),
    ]
    short, long = judged(*attempts), judged(*attempts, promises=declared(retry_schedule=[0, 10, 3600]))
    assert [only(short).status, only(long).status] == [Status.WARN, Status.FAIL]
    assert only(short).check == "webhook/timestamp"


def test_nothing_to_be_tried_again_is_no_verdict_on_retries() -> None:
    with pytest.raises(Undecidable, match="nothing to be tried again"):
        judged(delivery(), step=waited(attempts=2))


@given(st.permutations(range(5)))
def test_order_repeats_and_other_events_are_no_findings(order: list[int]) -> None:
    events = [
        {"id": "e1"}, {"id": "e1"}, {"id": "e2", "type": "user.updated"}, {"id": "e3", "type": "group.updated"},
        {"id": "e4", "type": "user.updated", "data": "again"},
    ]
    sound = [delivery(number, ANSWERED + number / 10, **events[index]) for number, index in enumerate(order, 1)]
    assert judged(*sound) == []


def changed(number: int, second: int, *, id: str = "", who: str = "u1", answered: str = "200") -> Delivered:
    """A delivery that tells of a change at this second, with time and subject where ``IN_ORDER`` points."""
    at = f"2026-01-01T00:00:{second:02}Z"
    body = {"type": "user.created", "data": {"id": who, "email": "ada@acme.test"}, "at": at}
    return delivery(number, ANSWERED + number / 10, id=id or f"e{second}", answered=answered, body=json.dumps(body))


ENVELOPE = {"type": "/type", "time": "/at", "subject": "/data/id"}
IN_ORDER = declared("retry_schedule", ordering="per_resource", envelope=ENVELOPE)


def test_an_older_state_after_a_newer_one_is_told_where_order_is_promised() -> None:
    overtaken = changed(1, 5), changed(2, 9), changed(3, 7)
    finding = only(judged(*overtaken, promises=IN_ORDER))
    assert told(finding)[:3] == ("webhook/order", Status.FAIL, "policy:webhooks.ordering")
    assert "than delivery 2" in finding.title
    assert finding.deliveries[:1] == (3,)
    assert judged(*overtaken, promises=declared("retry_schedule", envelope=ENVELOPE)) == []
    assert judged(*overtaken, promises=declared("retry_schedule", ordering="none", envelope=ENVELOPE)) == []


def test_a_retry_after_a_newer_state_was_taken_is_out_of_order_too() -> None:
    late = changed(1, 5, answered="500"), changed(2, 9), changed(3, 5)
    assert only(judged(*late, promises=IN_ORDER)).check == "webhook/order"
    assert judged(changed(1, 5, answered="500"), changed(2, 5), changed(3, 9), promises=IN_ORDER) == []
    assert judged(changed(1, 9, answered="500"), changed(2, 5), changed(3, 9), promises=IN_ORDER) == []


def test_a_repeat_another_resource_and_what_tells_no_time_are_in_no_order() -> None:
    assert judged(changed(1, 5), changed(2, 9), changed(3, 5), promises=IN_ORDER) == []
    assert judged(changed(1, 9), changed(2, 5, who="g1"), promises=IN_ORDER) == []
    assert judged(changed(1, 9), delivery(2, ANSWERED + 1, id="e0"), promises=IN_ORDER) == []


@st.composite
def sound_senders(draw: st.DrawFn) -> dict[str, Any]:
    """A sender that keeps every promise, and is as awkward as it may be."""
    return {
        "latency": draw(st.floats(0.0, 9.9)),
        "drift": draw(st.floats(0.81, 1.19)),  # of its timers
        "copies": draw(st.integers(0, 2)),  # of each attempt, at once
        "repeats": draw(st.integers(0, 2)),  # after success
        "chatter": draw(st.integers(0, 3)),  # other events about the same person
        "answers": draw(st.lists(st.sampled_from([500, 302, 404, 429, "slow", "close"]), min_size=1, max_size=2)),
    }


@given(sound_senders())
def test_a_sound_sender_is_never_blamed_however_awkward_it_is(sender: dict[str, Any]) -> None:
    clock, log = VirtualClock(ANSWERED), list[Delivered]()
    promises = declared(retry_schedule=[0, 10, 60])
    sink = Sink(clock, log.append, str, SinkSettings.of(promises, in_process=True))
    sink.secret = "whsec_" + base64.b64encode(KEY).decode()
    waiting = Waiting(sink, clock, promises)
    act = LastAct("assign", 201, clock.now(), sink.position)
    waiting.set_answers(["ada@acme.test"], sender["answers"])

    def attempt(id: str, type: str, number: int) -> None:
        body = json.dumps({"type": type, "data": {"email": "ada@acme.test"}}).encode()
        stamp = str(int(clock.now()))
        mac = base64.b64encode(hmac.new(KEY, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()).decode()
        headers = (("webhook-id", id), ("webhook-timestamp", stamp), ("webhook-signature", f"v1,{mac}"))
        posted = [sink.post(sink.url, headers, body, 5.0)]
        waited = 5.0 if "timeout" in posted[0].failure else 0.0
        if posted[0].status:  # a copy leaves with the attempt; one after its time-out would be an attempt too early
            posted += [sink.post(sink.url, headers, body, 5.0) for _ in range(sender["copies"])]
        if any(one.status == 200 for one in posted):
            if number <= 3 and id == "e0":
                for repeat in range(sender["repeats"]):
                    clock.at(clock.now() + 2.0 + repeat, lambda: attempt(id, type, 9))
        elif number < 3:
            delay = {1: 10, 2: 60}[number] * sender["drift"] + waited
            clock.at(clock.now() + delay, lambda: attempt(id, type, number + 1))

    clock.at(clock.now() + sender["latency"], lambda: attempt("e0", "user.created", 1))
    for other in range(sender["chatter"]):
        clock.at(clock.now() + other / 2, lambda id=f"e{other + 1}": attempt(id, "user.updated", 1))  # type: ignore[misc]
    seen = waiting.await_event(["ada@acme.test"], "user_created", 2, act)
    step = StepPlayed("c", "s2", "", "await", "", "ada", None, None, [], {}, (), seen)
    assert judge_webhooks(CASE, step, Received(log), promises) == []


# What shows it -------------------------------------------------------------------------------------------------------


def test_a_finding_names_the_delivery_that_shows_it_and_when_the_act_before_it_was_answered() -> None:
    other = delivery(1, id="e0", type="user.updated")
    finding = only(judged(other, delivery(2, signature="missing", missing=["webhook-id"], why="no header webhook-id")))
    assert (finding.deliveries, finding.answered) == ((2,), ANSWERED)


@pytest.mark.parametrize(
    ("attempts", "shows"),
    [
        ([("e1", 0.2), ("e1", 30.0)], (1, 2)),  # the failure that was tried again too late
        ([("e1", 0.2), ("e2", 10.2)], (2, 1)),  # the attempt under a new id
        ([("e1", 0.2)], (1,)),  # the failure that was never tried again
    ],
)
def test_a_finding_about_retries_names_every_attempt_and_the_telling_one_first(
    attempts: list[tuple[str, float]], shows: tuple[int, ...]
) -> None:
    body = delivery().body
    sent = [
        delivery(number, ANSWERED + at, id=id, body=body, answered="500")
        for number, (id, at) in enumerate(attempts, 1)
    ]
    promises = declared(retry_schedule=[0, 10])
    assert only(judged(*sent, step=waited(attempts=2), promises=promises)).deliveries == shows


def test_one_id_for_several_events_is_shown_by_two_of_them() -> None:
    finding = only(judged(delivery(1, at=900.0, who="ben@acme.test"), delivery(2), step=waited(position=1)))
    assert finding.deliveries == (2, 1)


def test_another_event_in_place_of_the_awaited_one_is_shown_and_nothing_by_nothing() -> None:
    assert only(judged(delivery(type="user.updated"))).deliveries == (1,)
    missing = only(judged(step=waited(status=0)))
    assert (missing.deliveries, missing.answered) == ((), None)


# Silence -------------------------------------------------------------------------------------------------------------


def test_silence_after_a_refused_write_is_no_finding() -> None:
    assert judged(delivery(who="ben@acme.test"), step=waited("silence", status=400)) == []


@pytest.mark.parametrize(
    ("status", "key", "words"),
    [
        (400, "webhooks.events", "came 200 ms after update answered 400, which refused it"),
        (200, "webhooks.suppress_noop", "came 200 ms after update answered 200, which changed nothing"),
    ],
)
def test_an_event_about_what_never_was_is_told_with_the_answer(status: int, key: str, words: str) -> None:
    step = waited("silence", words="update", status=status)
    finding = only(judged(delivery(type="user.updated"), step=step))
    assert (finding.check, finding.status, finding.authority) == ("webhook/silence", Status.FAIL, f"policy:{key}")
    assert finding.title == f"webhook user.updated about ada {words}"
    assert finding.deliveries == (1,)


def test_announcing_what_changed_nothing_is_wrong_only_where_the_opposite_is_promised() -> None:
    step = waited("silence", status=200)
    assert judged(delivery(), step=step, promises=declared("suppress_noop")) == []
    assert judged(delivery(), step=step, promises=declared(suppress_noop=False)) == []


@pytest.mark.parametrize("status", [0, 500, 503])
def test_a_write_that_broke_down_may_have_happened(status: int) -> None:
    assert judged(delivery(), step=waited("silence", status=status)) == []


def test_an_act_of_several_writes_may_be_announced_if_one_of_them_was_taken() -> None:
    step = waited("silence", status=400)
    assert judged(delivery(), step=step, sent=(write(1, 200), write(2, 400))) == []
    assert only(judged(delivery(), step=step, sent=(write(1, 200, "GET"), write(2, 400)))).exchanges == (2,)


def test_a_late_repeat_of_an_earlier_event_does_not_break_the_silence() -> None:
    step = waited("silence", status=400, position=1)
    assert judged(delivery(1, at=999.0), delivery(2), delivery(3, at=1001.0, data="anew"), step=step) == []
    assert only(judged(delivery(1, at=999.0), delivery(2, id="e2"), step=step)).check == "webhook/silence"


def test_steps_about_something_else_are_not_judged_here() -> None:
    assert judge_webhooks(CASE, replace(waited(), verb="sink", seen={}), Received(), declared()) == []
