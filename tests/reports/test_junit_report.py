"""JUnit XML: names alike in every run, red exactly where the exit code is, valid whatever a server sends."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from scimrig.verdicts import ExitCode, RunResult, Status
from scimrig_reports import junit


def read(result: RunResult, folder: Path, **options) -> ElementTree.Element:
    path = folder / "out" / "junit.xml"
    junit.write(result, path, **options)
    return ElementTree.parse(path).getroot()


def named(root: ElementTree.Element) -> dict[tuple[str, str], ElementTree.Element]:
    return {(test.attrib["classname"], test.attrib["name"]): test for test in root.iter("testcase")}


def only(root: ElementTree.Element) -> ElementTree.Element:
    (test,) = root.iter("testcase")
    return test


def test_one_test_for_each_case_and_each_standing_check(make, tmp_path):
    cases = ('entra/off[entra,off="False"]', "entra/off[entra,off=false]", "lifecycle/leaver[okta]")
    result = make.result(*(make.case(name) for name in cases), checks=(make.check("error-shape"), make.check("etag")))
    assert set(named(read(result, tmp_path))) == {
        *(("deactivation", name) for name in cases), ("standing-checks", "error-shape"), ("standing-checks", "etag"),
    }


def test_names_are_the_same_whether_a_case_passes_fails_or_is_skipped(make, tmp_path):
    names = [
        set(named(read(make.result(make.case(status=status, findings=findings, reason="why")), tmp_path)))
        for status, findings in ((Status.PASS, ()), (Status.FAIL, (make.finding(),)), (Status.SKIP, ()))
    ]
    assert names[0] == names[1] == names[2] == {("deactivation", "entra/off[entra]")}


def test_a_pass_is_silent_and_a_fail_tells_everything(make, tmp_path):
    assert list(only(read(make.result(make.case()), tmp_path))) == []
    failure = only(read(make.broken(), tmp_path)).find("failure")
    assert failure.attrib["message"] == "frame/missing: 200, yet the user is still switched on"
    assert failure.attrib["type"] == "frame/missing"
    for words in (
        "expected: active is false", "actual: active is true", "Microsoft Entra ID 5",
        "scimrig run http://127.0.0.1:8080/scim/v2 -k 'entra/off[entra]' --seed 7 --idp entra",
        "> PATCH /Users/2819c223-7f76-453a-919d-413861904646", "< 200", '"active":true', "< server: acme",
    ):
        assert words in failure.text


@pytest.mark.parametrize("status", [Status.SKIP, Status.BLOCKED, Status.KNOWN])
def test_what_was_not_judged_is_skipped_with_its_reason(make, tmp_path, status):
    test = only(read(make.result(make.case(status=status, reason="Google pushes no groups")), tmp_path))
    assert test.find("skipped").attrib["message"] == f"{status.value}: Google pushes no groups"
    assert test.find("failure") is None


def test_what_could_not_be_decided_is_an_error(make, tmp_path):
    test = only(read(make.result(make.case(status=Status.ERROR, reason="connection refused")), tmp_path))
    assert test.find("error").attrib["message"] == "error: connection refused"


def test_a_check_that_examined_nothing_is_skipped(make, tmp_path):
    test = only(read(make.result(checks=(make.check(status=Status.SKIP, examined=0),)), tmp_path))
    assert "not reached" in test.find("skipped").attrib["message"]


def test_a_check_that_found_something_fails(make, tmp_path):
    finding = make.finding(authority="rfc:RFC7644-3.12-R02", check="error-shape")
    test = only(read(make.result(checks=(make.check(status=Status.FAIL, findings=(finding,)),)), tmp_path))
    assert "RFC 7644 §3.12" in test.find("failure").text


def test_a_warning_passes_and_is_told_and_fails_where_it_was_asked_to(make, tmp_path):
    case = make.case(status=Status.WARN, findings=(make.finding(status=Status.WARN),))
    test = only(read(make.result(case), tmp_path))
    assert test.find("failure") is None
    assert "expected: active is false" in test.find("system-out").text
    assert only(read(make.result(case), tmp_path, fail_on=Status.WARN)).find("failure") is not None


def test_red_exactly_where_the_exit_code_is(make, tmp_path):
    uncounted = make.finding(authority="idp:entra-flag:5", dialect="entra-flag", case="a[entra-flag]")
    known = make.finding()
    surveyed = make.finding(case="survey", authority="rfc:RFC7644-3.5-R01")
    results = {
        "clean": make.result(make.case()),
        "broken": make.broken(),
        "uncounted": make.result(make.case("a[entra-flag]", Status.FAIL, findings=(uncounted,))),
        "known": make.result(make.case(status=Status.KNOWN, findings=(known,)), known=(known,)),
        "half known": make.result(make.case(status=Status.FAIL, findings=(known,)), known=(known,)),
        "stale": make.result(make.case(), stale=(make.stale(),)),
        "survey": make.result(make.case(), survey_findings=(surveyed,)),
        "survey warns": make.result(make.case(), survey_findings=(make.finding(case="survey", status=Status.WARN),)),
    }
    for name, result in results.items():
        red = read(result, tmp_path).find(".//failure") is not None
        assert red == (result.exit_code() is ExitCode.FAIL), name


def test_totals_agree_with_what_is_in_the_file(make, tmp_path):
    result = make.result(
        make.case("a[okta]"), make.case("b[okta]", Status.FAIL, findings=(make.finding(case="b[okta]"),)),
        make.case("c[okta]", Status.SKIP, reason="no groups", area="groups"),
        make.case("d[okta]", Status.ERROR, reason="lost", area="groups"), checks=(make.check(),),
    )
    root = read(result, tmp_path)
    assert [root.attrib[name] for name in ("tests", "failures", "skipped", "errors")] == ["5", "1", "1", "1"]
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["tests"]) == len(suite.findall("testcase"))
        assert int(suite.attrib["failures"]) == len(suite.findall("testcase/failure"))
    assert [suite.attrib["name"] for suite in root] == ["deactivation", "groups", "standing-checks"]


def test_a_case_takes_as_long_as_its_exchanges(make, tmp_path):
    result = make.result(make.case(), exchanges=(make.exchange(1, elapsed=0.25), make.exchange(2, elapsed=0.5)))
    assert only(read(result, tmp_path)).attrib["time"] == "0.750"


def test_any_bytes_of_a_server_make_valid_xml(make, tmp_path):
    text = "".join(map(chr, range(0x20))) + "\x7f\x9b ]]> <b>&amp; \ud800 \ufffe \U0001f600 \u202e"
    exchange = make.exchange(7, reply_body=text, reply_headers=(("x-odd", text), ("location", text)))
    finding = make.finding(actual=text, title=text, case=f"odd{text}[rfc]")
    case = make.case(f"odd{text}[rfc]", Status.FAIL, dialect="rfc", findings=(finding,))
    told = only(read(make.result(case, exchanges=(exchange,)), tmp_path)).find("failure").text
    assert "<b>&amp;" in told
    assert "\\x1b" in told
    assert "\U0001f600" in told


def test_a_file_that_cannot_be_written_is_an_os_error(make, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError, match="file"):
        junit.write(make.result(), tmp_path / "file" / "junit.xml")
