"""The baseline: known deviations stop counting, new and vanished ones both count, mistakes in the file are named."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scimrig import baseline
from scimrig.evidence import RunEnded, RunStarted
from scimrig.verdicts import CaseVerdict, CheckVerdict, ExitCode, Finding, RunResult, Severity, Status

TODAY = date(2026, 6, 15)
STARTED = RunStarted("0.1.0", "r1", "ref:", "http://localhost", "p-", 1, ("okta", "entra"), ("okta", "entra"), "")
ENTRY = """
- check: expect
  scenario: entra/patch/*
  dialect: entra
  reason: ticket 12, the vendor fixes it in spring
  owner: ada@example.com
"""


def finding(case: str = "entra/patch/bool[entra]", check: str = "expect", status: Status = Status.FAIL) -> Finding:
    dialect = case.partition("[")[2].rstrip("]").partition(",")[0]
    return Finding(
        check, status, "idp:entra:5", "PATCH /Users/{id}", "", case, dialect, "s", "wrong", "a", "b", Severity.SECURITY
    )


def verdict(case: str = "entra/patch/bool[entra]", *findings: Finding, status: Status | None = None) -> CaseVerdict:
    dialect = case.partition("[")[2].rstrip("]").partition(",")[0]
    worst = status or (findings[0].status if findings else Status.PASS)
    return CaseVerdict(case, case.partition("[")[0], dialect, "T", "patch", worst, "", findings, 1)


def result(*cases: CaseVerdict, checks: tuple[CheckVerdict, ...] = (), state: str = "complete") -> RunResult:
    return RunResult(STARTED, RunEnded(state, "", len(cases), 1, 0.1), {"offers": {}}, (), cases, checks)


def loaded(tmp_path: Path, text: str) -> baseline.Baseline:
    path = tmp_path / "b.yaml"
    path.write_text(text, encoding="utf-8")
    return baseline.load(path)


def test_a_known_finding_no_longer_counts_and_says_why(tmp_path: Path) -> None:
    before = result(verdict("entra/patch/bool[entra]", finding()), verdict("a[okta]"))
    after = baseline.apply(before, loaded(tmp_path, ENTRY), TODAY)
    assert before.exit_code() is ExitCode.FAIL
    assert after.exit_code() is ExitCode.OK
    assert after.findings == ()
    assert after.known == (finding(),)
    assert after.stale == ()
    assert after.cases[0].status is Status.KNOWN
    assert after.cases[0].reason == "ticket 12, the vendor fixes it in spring (ada@example.com)"
    assert after.cases[1].status is Status.PASS


@pytest.mark.parametrize(
    "other",
    [
        finding(case="entra/patch/bool[okta]"),
        finding(case="lifecycle/leaver[entra]"),
        finding(check="frame/effect"),
    ],
)
def test_a_new_finding_counts_beside_known_ones(tmp_path: Path, other: Finding) -> None:
    both = result(verdict("entra/patch/bool[entra]", finding()), verdict(other.case, other))
    after = baseline.apply(both, loaded(tmp_path, ENTRY), TODAY)
    assert after.findings == (other,)
    assert after.exit_code() is ExitCode.FAIL


def test_a_case_with_a_known_fail_and_a_new_warning_is_a_warning(tmp_path: Path) -> None:
    warning = finding(check="frame/normalised", status=Status.WARN)
    before = result(verdict("entra/patch/bool[entra]", finding(), warning))
    after = baseline.apply(before, loaded(tmp_path, ENTRY), TODAY)
    assert after.cases[0].status is Status.WARN


def test_a_vanished_deviation_counts(tmp_path: Path) -> None:
    after = baseline.apply(result(verdict("entra/patch/bool[entra]")), loaded(tmp_path, ENTRY), TODAY)
    (note,) = after.stale
    assert "entra/patch/*" in note.entry
    assert "b.yaml:2" in note.entry
    assert after.exit_code() is ExitCode.FAIL


@pytest.mark.parametrize("status", [Status.SKIP, Status.BLOCKED, Status.ERROR])
def test_what_was_not_judged_has_not_vanished(tmp_path: Path, status: Status) -> None:
    cases = (verdict("entra/patch/bool[entra]", status=status), verdict("entra/patch/bool[okta]"), verdict("x[entra]"))
    assert baseline.apply(result(*cases), loaded(tmp_path, ENTRY), TODAY).stale == ()


def test_a_run_cut_short_proves_nothing_gone(tmp_path: Path) -> None:
    cut = result(verdict("entra/patch/bool[entra]"), state="interrupted")
    assert baseline.apply(cut, loaded(tmp_path, ENTRY), TODAY).stale == ()
    assert baseline.apply(replace(cut, ended=None), loaded(tmp_path, ENTRY), TODAY).stale == ()


def test_a_narrowed_run_proves_only_exact_entries_gone(tmp_path: Path) -> None:
    """With -k the case that shows the deviation may be among those left out."""
    narrowed = replace(result(verdict("entra/patch/bool[entra]")), started=replace(STARTED, selective=True))
    assert baseline.apply(narrowed, loaded(tmp_path, ENTRY), TODAY).stale == ()
    exact = loaded(tmp_path, ENTRY.replace("entra/patch/*", "entra/patch/bool"))
    assert len(baseline.apply(narrowed, exact, TODAY).stale) == 1


def test_an_expired_entry_counts_and_hides_nothing(tmp_path: Path) -> None:
    entries = loaded(tmp_path, ENTRY + "  until: 2026-06-14\n")
    after = baseline.apply(result(verdict("entra/patch/bool[entra]", finding())), entries, TODAY)
    assert after.findings == (finding(),)
    assert "2026-06-14" in after.stale[0].reason


def test_an_entry_holds_through_its_last_day(tmp_path: Path) -> None:
    entries = loaded(tmp_path, ENTRY + "  until: 2026-06-15\n")
    after = baseline.apply(result(verdict("entra/patch/bool[entra]", finding())), entries, TODAY)
    assert after.exit_code() is ExitCode.OK


def test_one_row_of_a_matrix_can_be_named_alone(tmp_path: Path) -> None:
    row = 'entra/patch/bool[entra,off="False"]'
    entries = loaded(tmp_path, ENTRY.replace("entra/patch/*", f"'{row}'"))
    other = finding(case="entra/patch/bool[entra,off=false]")
    cases = result(verdict(row, finding(case=row)), verdict(other.case, other))
    assert baseline.apply(cases, entries, TODAY).findings == (other,)


def test_an_authority_narrows_an_entry(tmp_path: Path) -> None:
    case = result(verdict("entra/patch/bool[entra]", finding()))
    same = loaded(tmp_path, ENTRY + "  authority: idp:entra:5\n")
    other = loaded(tmp_path, ENTRY + "  authority: rfc:RFC7644-3.6-R04\n")
    assert baseline.apply(case, same, TODAY).findings == ()
    assert baseline.apply(case, other, TODAY).findings == (finding(),)


def test_standing_checks_and_the_survey_can_be_known(tmp_path: Path) -> None:
    mime = replace(finding(check="media-type"), case="a/b[okta]", dialect="okta")
    missing = replace(finding(check="survey/groups"), case="", dialect="")
    before = replace(
        result(verdict("a/b[okta]"), checks=(CheckVerdict("media-type", "T", Status.FAIL, 9, (mime,)),)),
        survey_findings=(missing,),
    )
    text = ENTRY.replace("entra/patch/*", "'*'").replace("dialect: entra", "dialect: '*'")
    entries = loaded(tmp_path, text.replace("expect", "media-type") + text.replace("expect", "survey/groups"))
    after = baseline.apply(before, entries, TODAY)
    assert after.findings == ()
    assert after.checks[0].status is Status.KNOWN


def test_a_standing_check_that_was_not_reached_has_not_vanished(tmp_path: Path) -> None:
    unreached = result(verdict("a/b[okta]"), checks=(CheckVerdict("media-type", "T", Status.SKIP, 0),))
    text = ENTRY.replace("expect", "media-type").replace("entra/patch/*", "'*'").replace(": entra\n", ": '*'\n")
    assert baseline.apply(unreached, loaded(tmp_path, text), TODAY).stale == ()
    reached = replace(unreached, checks=(CheckVerdict("media-type", "T", Status.PASS, 3),))
    assert len(baseline.apply(reached, loaded(tmp_path, text), TODAY).stale) == 1


@pytest.mark.parametrize("text", ["", "# nothing is known\n"])
def test_an_empty_file_knows_nothing(tmp_path: Path, text: str) -> None:
    assert loaded(tmp_path, text) == baseline.Baseline()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (ENTRY.replace("reason:", "reasn:"), 5, ["'reasn'", "did you mean 'reason'"]),
        (ENTRY.replace("  owner: ada@example.com\n", ""), 2, ["lacks 'owner'"]),
        (ENTRY.replace("owner: ada@example.com", "owner: ''"), 6, ["owner needs some text"]),
        (ENTRY + "  until: soon\n", 7, ["2027-03-31", "'soon'"]),
        (ENTRY + "  until: 20270331x\n", 7, ["20270331x"]),
        (ENTRY + "  owner: ben\n", 7, ["twice"]),
        ("known: []\n", 1, ["list of entries"]),
        ("- just words\n", 1, ["an entry is a mapping"]),
        ("- {check: ]", 1, ["YAML"]),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    with pytest.raises(baseline.BaselineError) as caught:
        loaded(tmp_path, text)
    assert f"b.yaml:{line}:" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(baseline.BaselineError) as caught:
        loaded(tmp_path, ENTRY.replace("reason", "reasn") + ENTRY.replace("check", "chekc"))
    assert {"'reasn'", "'chekc'"} <= set(str(caught.value).replace(";", " ").split())


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(baseline.BaselineError, match=r"nowhere\.yaml"):
        baseline.load(tmp_path / "nowhere.yaml")
