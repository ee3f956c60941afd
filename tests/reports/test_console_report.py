"""The page that a person reads."""

from __future__ import annotations

import io
import re
import shlex

import pytest

from scimrig.evidence import RunEnded
from scimrig.verdicts import ExitCode, RunResult, Severity, Status
from scimrig_reports import replay
from scimrig_reports.console import Console
from scimrig_simulator.wire import FailureKind, TransportFailure

FAIL = ExitCode.FAIL


def page(result: RunResult, code: ExitCode = ExitCode.OK, *, width: int = 120, color: bool = False, **paths) -> str:
    stream = io.StringIO()
    Console(stream, color=color, width=width).report(
        result, replay_dir=paths.get("replay_dir"), log_path=paths.get("log_path"), exit_code=code
    )
    return stream.getvalue()


def unwrapped(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def test_a_clean_run_is_a_matrix_and_one_line(make):
    text = page(make.result(make.case("connect/hello[okta]", area="connect")))
    assert text.splitlines()[-1] == "OK · 1 case: 1 ok · 3.2 s · exit 0: nothing that counts fails"
    assert "FAIL" not in text


def test_a_defect_says_what_was_sent_and_what_came_back(make):
    text = page(make.broken(), FAIL)
    assert "> PATCH /Users/2819c223-7f76-453a-919d-413861904646" in text
    assert "> Content-Type: application/scim+json" in text
    assert '"value": "False"' in text
    assert "< 200" in text
    assert "< content-type: application/scim+json" in text
    assert '< {"id":"2819c223-7f76-453a-919d-413861904646","active":true}' in text


def test_headers_that_tell_nothing_are_left_out_of_the_answer(make):
    assert "acme" not in page(make.broken(), FAIL)


def test_a_defect_says_what_was_expected_by_whose_right_and_who_is_hurt(make):
    text = unwrapped(page(make.broken(), FAIL))
    assert "FAIL · security 200, yet the user is still switched on" in text
    assert "expected active is false actual active is true" in text
    assert "Microsoft Entra ID 5: deactivation (docs/idp-dialects.md)" in text
    assert "hurts whoever relies on a leaver being locked out" in text
    assert "next Entra believes that it succeeded and never looks again" in text


def test_an_rfc_finding_quotes_its_clause(make):
    finding = make.finding(authority="rfc:RFC7643-2.1-R02")
    text = unwrapped(page(make.result(make.case(status=Status.FAIL, findings=(finding,))), FAIL))
    assert "RFC 7643 §2.1 (MUST, RFC7643-2.1-R02): Every resource body carries a schemas member" in text


def test_an_unknown_requirement_is_named_all_the_same(make):
    finding = make.finding(authority="rfc:RFC7643-99-R99")
    assert "RFC7643-99-R99" in page(make.result(make.case(status=Status.FAIL, findings=(finding,))), FAIL)


def test_the_rerun_command_stands_on_one_line_and_is_what_the_shell_needs(make):
    case = 'entra/patch/string-boolean[entra,off="False"]'
    finding = make.finding(case=case)
    result = make.result(make.case(case, Status.FAIL, findings=(finding,)))
    result = make.started(result, options=("--target-file", "a b.toml"))
    line = next(line for line in page(result, FAIL, width=60).splitlines() if line.strip().startswith("rerun"))
    assert shlex.split(line)[1:] == [
        "scimrig", "run", "http://127.0.0.1:8080/scim/v2", "-k", case, "--seed", "7", "--idp", "entra",
        "--target-file", "a b.toml",
    ]


def test_the_replay_script_is_named_where_it_was_written(make, tmp_path):
    result = make.broken()
    paths = replay.scripts(result, tmp_path)
    assert f"sh {paths['entra/off[entra]']}" in page(result, FAIL, replay_dir=tmp_path)
    assert "replay" not in page(result, FAIL, replay_dir=tmp_path / "elsewhere")


def test_forty_findings_of_one_cause_are_one_defect(make):
    cases = [f"off/{number}[{dialect}]" for number in range(10) for dialect in ("okta", "entra", "google", "rfc")]
    verdicts = [
        make.case(
            name, Status.FAIL,
            findings=(make.finding(case=name, dialect=name.split("[")[1][:-1], authority="rfc:RFC7643-2.1-R02"),),
        )
        for name in cases
    ]
    text = unwrapped(page(make.result(*verdicts), FAIL))
    assert text.count("200, yet the user is still switched on") == 1
    assert "40 cases in" in text
    assert "1 defect: 1 FAIL" in text
    assert "and 35 more" in text


def test_a_defect_that_several_idps_meet_names_what_each_of_them_does(make):
    verdicts = [
        make.case(f"off[{name}]", Status.FAIL, findings=(
            make.finding(case=f"off[{name}]", dialect=name, authority=f"idp:{name}:5", consequence=words),
        ))
        for name, words in (("okta", "Okta shows a task error."), ("entra", "Entra tries again."))
    ]
    text = unwrapped(page(make.result(*verdicts), FAIL))
    assert "2 cases in entra, okta" in text
    assert "next Entra tries again. Okta shows a task error." in text
    assert "Okta 5: deactivation (docs/idp-dialects.md)" in text
    assert "Microsoft Entra ID 5" in text


def test_fails_come_before_warnings_and_warnings_are_short(make):
    warn = make.finding(status=Status.WARN, title="a slip", check="error-shape", severity=Severity.COSMETIC)
    case = make.case(status=Status.FAIL, findings=(warn, make.finding()))
    text = page(make.result(case, exchanges=(make.exchange(7),)), FAIL)
    assert text.index("still switched on") < text.index("a slip")
    assert text.count("> Content-Type") == 1
    assert "2. warn · cosmetic" in text


def test_a_fail_in_a_dialect_that_does_not_count_says_so(make):
    finding = make.finding(authority="idp:entra-flag:5", dialect="entra-flag", case="off[entra-flag]")
    text = page(make.result(make.case("off[entra-flag]", Status.FAIL, findings=(finding,))))
    assert "FAIL · security · does not decide the exit code" in text
    assert "exit 0" in text


def test_a_long_body_is_cut_and_the_page_says_where_the_whole_is(make, tmp_path):
    body = '{"Resources":[' + ",".join(f'{{"id":"{number}"}}' for number in range(200)) + "]}"
    result = make.result(
        make.case(status=Status.FAIL, findings=(make.finding(),)), exchanges=(make.exchange(7, reply_body=body),)
    )
    text = page(result, FAIL, log_path=tmp_path / "run.ndjson")
    assert '"id": "2"' in text
    assert '"id": "150"' not in text
    assert re.search(r"… \d+ more lines", text)
    assert f"exchange 7 in {tmp_path / 'run.ndjson'}" in text


def test_further_exchanges_are_one_line_each(make):
    read = make.exchange(9, method="GET", by="observer", request_body=None, purpose="read ada by id", status=200)
    result = make.result(
        make.case(status=Status.FAIL, findings=(make.finding(exchanges=(7, 9)),)), exchanges=(make.exchange(7), read)
    )
    assert (
        f"after GET {read.path} → 200 (exchange 9, observer: read ada by id)" in unwrapped(page(result, FAIL))
    )


def test_what_went_before_stands_before_what_came_after(make):
    look = make.exchange(5, method="GET", by="idp", request_body=None, purpose="look ada up")
    read = make.exchange(9, method="GET", by="observer", request_body=None, purpose="read ada back by id")
    case = make.case(status=Status.FAIL, findings=(make.finding(exchanges=(7, 5)),))
    text = page(make.result(case, exchanges=(look, make.exchange(7), read)), FAIL, width=200)
    assert re.findall(r"^  (before|after) .*\(exchange (\d), ", text, re.MULTILINE) == [("before", "5"), ("after", "9")]


def test_what_decides_the_exit_code_comes_first_and_then_what_is_worst(make):
    def verdict(name: str, **values):
        return make.case(name, Status.FAIL, findings=(make.finding(case=name, title=name, check=name, **values),))

    result = make.result(
        verdict("a[okta]", severity=Severity.DRIFT, authority="idp:okta:4"),
        verdict("b[entra-flag]", severity=Severity.SECURITY, authority="idp:entra-flag:5"),
        verdict("c[okta]", severity=Severity.SECURITY, authority="idp:okta:5"),
    )
    titles = re.findall(r"^  ([abc]\[.*\])$", page(result, FAIL), re.MULTILINE)
    assert titles == ["c[okta]", "a[okta]", "b[entra-flag]"]


def test_how_the_row_was_read_back_after_the_step_is_told_too(make):
    read = make.exchange(9, method="GET", by="observer", request_body=None, purpose="read ada back by id")
    walk = make.exchange(10, method="GET", by="observer", request_body=None, path="/Users", query="startIndex=1")
    before = make.exchange(3, method="GET", by="observer", request_body=None, step="assign")
    case = make.case(status=Status.FAIL, findings=(make.finding(),))
    text = page(make.result(case, exchanges=(before, make.exchange(7), read, walk)), FAIL)
    assert re.findall(r"exchange (\d+)", text) == ["7", "9"]
    listed = make.case(status=Status.FAIL, findings=(make.finding(actual="absent (in the list)"),))
    assert "exchange 10" in page(make.result(listed, exchanges=(make.exchange(7), walk)), FAIL)


def test_no_answer_is_told_as_such(make):
    silent = make.exchange(
        7, status=0, reply_body="", reply_headers=(), failure=TransportFailure(FailureKind.TIMEOUT, "nothing in 30 s")
    )
    case = make.case(status=Status.FAIL, findings=(make.finding(),))
    assert "no answer: timeout - nothing in 30 s" in page(make.result(case, exchanges=(silent,)), FAIL)


def test_a_finding_whose_exchange_is_not_on_record_is_told_without_it(make):
    assert "expected" in page(make.result(make.case(status=Status.FAIL, findings=(make.finding(),))), FAIL)


def test_what_was_not_judged_is_counted_by_reason(make):
    skipped = [
        make.case(f"groups/{number}[google]", Status.SKIP, reason="Google pushes no groups") for number in range(5)
    ]
    blocked = make.case("off[okta]", Status.BLOCKED, reason="step assign failed")
    error = make.case("off[rfc]", Status.ERROR, reason="connection refused")
    text = unwrapped(page(make.result(*skipped, blocked, error), ExitCode.ERROR))
    assert "Skipped: 5 Google pushes no groups" in text
    assert "Blocked by an earlier step: 1 step assign failed (off[okta])" in text
    assert "Could not be decided: 1 connection refused (off[rfc])" in text
    assert "exit 3: not everything could be decided" in text


def test_a_check_that_examined_nothing_is_not_reached(make):
    unreached = make.check("etag-agrees", Status.SKIP, examined=0)
    assert "not reached: etag-agrees" in page(make.result(make.case(), checks=(unreached, make.check())))
    assert "not reached: all of them" in page(make.result(make.case(), checks=(unreached,)))


def test_leftovers_are_listed_by_path(make):
    text = page(make.result(make.case(), leftovers=(make.leftover(),)))
    assert "/Users/9 (scimrig-4f2a1c-ada): 405" in text


def test_known_findings_are_counted_and_not_told_again(make):
    finding = make.finding()
    case = make.case(status=Status.KNOWN, reason="being fixed", findings=(finding,))
    text = page(make.result(case, known=(finding,)))
    assert "Known from the baseline: 1 finding\n" in text
    assert "expected" not in text


def test_a_stale_entry_is_shown_and_named_as_what_fails_the_run(make):
    text = unwrapped(page(make.result(make.case(), stale=(make.stale(),)), FAIL))
    assert "scimrig-baseline.yaml:4: expired on 2025-12-31" in text
    assert "exit 1: the baseline is stale" in text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (ExitCode.OK, "OK · "), (ExitCode.FAIL, "FAIL · "), (ExitCode.ERROR, "ERROR · "),
        (ExitCode.NOTHING_JUDGED, "NOTHING JUDGED · "), (ExitCode.INTERRUPTED, "INTERRUPTED · "),
    ],
)
def test_the_last_line_begins_with_the_verdict_and_names_the_exit_code(make, code, words):
    last = page(make.broken(), code, log_path=None).splitlines()[-1]
    assert last.startswith(words)
    assert f"exit {code.value}: " in last


def test_the_last_line_names_the_log(make, tmp_path):
    text = page(make.result(make.case()), log_path=tmp_path / "run.ndjson")
    assert text.splitlines()[-1].endswith(f"log {tmp_path}/run.ndjson")


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        (None, "The log has no footer"),
        (RunEnded("interrupted", "", 1, 0, 1.0), "The run was not finished (interrupted)."),
        (RunEnded("error", "the target went away", 1, 0, 1.0), "(error): the target went away"),
    ],
)
def test_a_run_that_did_not_finish_says_so(make, ended, words):
    assert words in page(make.result(make.case(), ended=ended), ExitCode.ERROR)


def test_survey_findings_are_told_and_rerun_without_a_case(make):
    finding = make.finding(
        check="survey/patch", case="survey", dialect="rfc", authority="rfc:RFC7644-3.5-R02", exchanges=(), step=""
    )
    text = page(make.result(make.case(), survey_findings=(finding,)), FAIL)
    assert "the survey on PATCH /Users/{id}" in text
    assert "scimrig run http://127.0.0.1:8080/scim/v2 --seed 7\n" in text
    assert "outside these columns (the survey, reads by the book): 1 FAIL" in text


@pytest.mark.parametrize("width", [60, 120])
def test_only_what_is_to_be_copied_is_wider_than_the_page(make, width):
    finding = make.finding(title="a title that goes on " * 12, consequence="it does this and that " * 12)
    case = make.case(status=Status.FAIL, findings=(finding,))
    text = page(make.result(case, exchanges=(make.exchange(7),)), FAIL, width=width)
    wide = [line for line in text.splitlines()[:-1] if len(line) > width]
    assert all(line.strip().startswith(("rerun", "replay")) for line in wide)


def test_without_colour_there_is_no_escape_and_nothing_is_lost(make):
    plain, colourful = page(make.broken(), FAIL), page(make.broken(), FAIL, color=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31mFAIL\x1b[0m" in colourful
    assert re.sub(r"\x1b\[[0-9;]*m", "", colourful) == plain


def test_what_a_server_sends_cannot_drive_the_terminal(make):
    evil = make.exchange(7, reply_body="\x1b]0;owned\x07\x9b31m \u202egnp.exe", purpose="look\x1b[2J")
    text = page(make.result(make.case(status=Status.FAIL, findings=(make.finding(),)), exchanges=(evil,)), FAIL)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "\\x1b]0;owned\\x07" in text


def test_a_stream_that_knows_no_such_symbols_gets_plain_ascii(make):
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict", newline="\n")
    result = make.result(
        make.case(
            status=Status.FAIL, findings=(make.finding(title="Zoë's name → gone", authority="rfc:RFC7643-2.1-R02"),)
        ),
        exchanges=(make.exchange(7, reply_body='{"displayName":"Zoë 山田"}'),),
    )
    Console(stream, width=80).report(result, replay_dir=None, log_path=None, exit_code=FAIL)
    stream.flush()
    text = raw.getvalue().decode("ascii")
    assert "Zo\\xeb's name -> gone" in text
    assert "RFC 7643 section 2.1 (MUST" in text


def test_a_bogus_token_and_a_cookie_are_not_shown(make):
    exchange = make.exchange(
        7, request_headers=(("Authorization", "Bearer canary-7f3e"),),
        reply_headers=(("set-cookie", "session=canary-7f3e"), ("content-type", "application/json")),
    )
    text = page(make.result(make.case(status=Status.FAIL, findings=(make.finding(),)), exchanges=(exchange,)), FAIL)
    assert "canary" not in text
    assert "Authorization: Bearer [redacted]" in text
