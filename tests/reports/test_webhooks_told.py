"""What a report tells of the webhooks that a finding is about."""

from __future__ import annotations

import io
import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scimrig.evidence import Delivered
from scimrig.verdicts import ExitCode, RunResult, Status
from scimrig_reports import junit, replay
from scimrig_reports.arrival import arrivals
from scimrig_reports.console import Console
from scimrig_reports.transcript import arrived


def page(result: RunResult, *, width: int = 200, **paths) -> str:
    stream = io.StringIO()
    Console(stream, color=False, width=width).report(
        result, replay_dir=None, log_path=paths.get("log_path"), exit_code=ExitCode.FAIL
    )
    return stream.getvalue()


def test_the_webhook_is_shown_as_it_arrived_with_when_and_what_it_was_answered(make):
    lines = page(make.told(make.delivered(12, answered="500"))).splitlines()
    begin = lines.index("  arrived at the sink (delivery 12, 12 ms after the answer):")
    assert lines[begin + 1 : begin + 9] == [
        "    > Content-Type: application/json",
        "    > Webhook-Id: evt_1",
        "    > Webhook-Timestamp: 1767225600",
        "    > Webhook-Signature: v1,c2lnbmF0dXJl",
        "    >",
        '    > {"type":"user.created","data":{"id":"u1"}}',
        "  was answered:",
        "    < 500",
    ]


def test_the_write_before_it_is_one_line_then(make):
    text = page(make.told(make.delivered(12)))
    assert "  sent      POST /Users → 201 (exchange 7, idp: create ada)\n" in text
    assert "came back" not in text


def test_a_write_that_should_have_caused_no_webhook_is_shown_in_full_with_the_webhook(make):
    text = page(make.told(make.delivered(12), check="webhook/silence"))
    assert "> POST /Users" in text
    assert "came back" in text
    assert "arrived at the sink" in text


def test_a_webhook_that_never_came_leaves_the_write_to_be_shown(make):
    text = page(make.told(check="webhook/missing"))
    assert "> POST /Users" in text
    assert "arrived" not in text


@pytest.mark.parametrize(
    ("answered", "words"),
    [("slow", "nothing: the sink kept the sender waiting"), ("close", "nothing: the sink closed the connection")],
)
def test_a_webhook_that_got_no_answer_says_so(make, answered, words):
    assert f"    < {words}" in page(make.told(make.delivered(12, answered=answered)))


def test_every_attempt_is_told_in_order_each_with_its_delay_id_and_answer(make):
    later = {"id": "evt_2", "timestamp": "1767225601", "signature": "wrong"}
    text = page(make.told(
        make.delivered(13, at=1001.112, facts=later), make.delivered(12, answered="500"),
        make.delivered(14, at=1031.112, answered="slow", facts=later),
    ))
    assert "(delivery 13, 1.1 s after the answer, 1.1 s after delivery 12):" in text
    assert re.findall(r"^  (?:before|after) .*$", text, re.MULTILINE) == [
        "  before    user.created → 500 (delivery 12, 12 ms after the answer, id evt_1, stamped 1767225600,"
        " signature valid)",
        "  after     user.created → no answer in time (delivery 14, 31.1 s after the answer, 30.0 s after delivery 13,"
        " id evt_2, stamped 1767225601, signature wrong)",
    ]


def test_what_came_before_the_answer_or_where_none_came_is_timed_by_what_there_is(make):
    early = make.told(make.delivered(2, at=1000.5), make.delivered(1, at=980.0))
    (telling, other) = arrivals(early.findings[0], early)
    assert (telling.when, other.when) == ("500 ms after the answer", "20.0 s before the answer")
    unknown = make.told(make.delivered(1), make.delivered(2, at=1001.012), answered=None)
    assert [one.when for one in arrivals(unknown.findings[0], unknown)] == ["", "1.0 s after delivery 1"]


def test_an_event_is_named_by_what_is_declared_as_its_name(make):
    result = make.told(make.delivered(1, body='{"meta":{"kind":"hired"}}'))
    assert [one.name for one in arrivals(result.findings[0], result)] == [""]
    result = make.started(result, declared={"webhooks": {"envelope": {"type": "/meta/kind"}}})
    assert [one.name for one in arrivals(result.findings[0], result)] == ["hired"]


def test_headers_of_an_unknown_way_of_signing_are_all_shown(make):
    odd = make.delivered(1, headers=(("Content-Type", "application/json"), ("X-Acme-Signature", "abc")))
    assert "X-Acme-Signature: abc" in arrived(odd)
    svix = make.delivered(1, headers=(("X-Acme", "1"), *((f"svix-{name}", "1") for name in ("id", "timestamp"))))
    assert arrived(svix)[:2] == ["svix-id: 1", "svix-timestamp: 1"]


def test_credentials_of_a_sender_are_hidden(make):
    assert "abc" not in "".join(arrived(make.delivered(1, headers=(("Authorization", "Bearer abc"),), body="")))


@given(st.dictionaries(st.text(), st.text() | st.integers()))
def test_laying_a_body_out_changes_nothing_but_blanks(value):
    text = json.dumps({"padding": "x" * 120, **value})
    lines = arrived(Delivered(1, 0.0, (), text, "200", {}))
    assert json.loads("\n".join(lines)) == json.loads(text)


def test_a_long_body_is_cut_and_the_page_says_where_the_whole_is(make, tmp_path):
    body = json.dumps({"list": [{"id": str(number)} for number in range(200)], "padding": "x" * 120})
    text = page(make.told(make.delivered(12, body=body)), log_path=tmp_path / "log.ndjson")
    assert re.search(r"… \d+ more lines", text)
    assert f"(whole: delivery 12 in {tmp_path / 'log.ndjson'})" in text


def test_of_a_body_that_is_cut_the_line_that_held_a_secret_is_shown_all_the_same(make):
    body = json.dumps({"list": [{"id": str(number), "x": "y" * 90} for number in range(50)], "password": "[redacted]"})
    lines = arrived(make.delivered(12, body=body), 16)
    assert '  "password": "[redacted]"' in lines
    assert lines[-1].startswith("… ")


def test_a_warning_has_a_line_for_each_webhook(make):
    text = page(make.told(make.delivered(12), make.delivered(13, at=1010.0), status=Status.WARN))
    assert "arrived" not in text
    assert re.findall(r"^  user.created → 200 \(delivery (\d+)", text, re.MULTILINE) == ["12", "13"]


def test_a_webhook_that_is_not_on_record_is_left_out(make):
    assert "arrived" not in page(make.told(deliveries=(99,)))


def test_what_a_sender_put_into_a_webhook_does_no_harm_to_a_terminal(make):
    odd = make.delivered(1, body='{"type":"\x1b[31m","x":"\x9b"}', headers=(("webhook-id", "\x1b]0;x"),))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", page(make.told(odd)))


def test_junit_has_the_write_and_the_webhook_whole(make, tmp_path):
    body = json.dumps({"type": "user.created", "list": list(range(99)), "padding": "x" * 90})
    junit.write(make.told(make.delivered(12, body=body), make.delivered(13, at=1010.0)), tmp_path / "junit.xml")
    text = next(ElementTree.parse(tmp_path / "junit.xml").getroot().iter("failure")).text
    for words in (
        "> POST /Users", "delivery 12 of run 20260101-120000-4f2a1c, 12 ms after the answer:", "> User-Agent: acme",
        "98", "\n< 200\n", "after: user.created → 200 (delivery 13, 10.0 s after the answer, 10.0 s after delivery 12,",
    ):
        assert words in text


def test_a_replay_says_that_it_receives_no_webhooks(make, tmp_path):
    (path,) = replay.scripts(make.told(make.delivered(12)), tmp_path).values()
    assert "It receives no webhooks" in path.read_text()
    (path,) = replay.scripts(make.broken(), tmp_path).values()
    assert "webhooks" not in path.read_text()
