"""Area × dialect: what works for whom."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from scimrig.verdicts import RunResult, Status
from scimrig_reports.matrix import matrix, show
from scimrig_reports.terminal import Terminal


def table(result: RunResult, width: int = 120) -> list[str]:
    stream = io.StringIO()
    show(Terminal(stream, color=False, width=width), matrix(result))
    return stream.getvalue().splitlines()


def cells(lines: list[str], row: str) -> list[str]:
    line = next(line for line in lines if line.startswith(row))
    return [cell for cell in line[len(row) :].strip().split("  ") if cell]


def mixed(make) -> RunResult:
    verdicts = [make.case(f"off/{number}[okta]", Status.PASS) for number in range(12)]
    verdicts += [make.case(f"off/{number}[entra]", Status.FAIL) for number in range(2)]
    verdicts += [make.case(f"off/ok{number}[entra]", Status.PASS) for number in range(10)]
    verdicts += [make.case(f"off/{number}[google]", Status.BLOCKED) for number in range(3)]
    verdicts += [make.case("hello[okta]", Status.PASS, area="connect")]
    return make.result(*verdicts)


def test_cells_are_words_and_counts(make):
    lines = table(mixed(make))
    assert [cell.strip() for cell in cells(lines, "deactivation")] == ["12 ok", "2 FAIL, 10 ok", "–", "3 blocked", "–"]
    assert [cell.strip() for cell in cells(lines, "connect")] == ["1 ok", "–", "–", "–", "–"]


def test_a_narrow_page_shows_the_worst_of_each_cell_and_of_how_many(make):
    lines = table(mixed(make), width=60)
    assert [cell.strip() for cell in cells(lines, "deactivation")][:2] == ["12 ok", "2 FAIL/12"]
    assert any("2 FAIL/12 = 2 of 12 fail" in line for line in lines)
    assert max(map(len, lines)) <= 60


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_every_dialect_is_a_column_however_narrow_the_page(make, width):
    lines = table(mixed(make), width)
    heads = " ".join(line for line in lines if line.startswith("area"))
    names = [name for name in heads.split() if name not in ("area", "*")]
    assert names == ["okta", "entra", "entra-flag", "google", "rfc"]
    assert max(map(len, lines)) <= width


def test_areas_stand_in_the_order_of_a_life(make):
    result = make.result(*(make.case(f"{area}[rfc]", area=area) for area in ("errors", "delete", "connect", "my-own")))
    assert [row.name for row in matrix(result).rows] == ["connect", "delete", "errors", "my-own", "standing checks"]


def test_dialects_that_do_not_count_are_marked(make):
    lines = table(mixed(make))
    assert "entra-flag *" in lines[0]
    assert "okta *" not in lines[0]
    assert any("* = does not decide the exit code" in line for line in lines)


def test_nothing_is_explained_that_is_not_there(make):
    legend = " ".join(table(make.result(make.case("a[okta]"))))
    assert "ok = as it should be" in legend
    assert "FAIL =" not in legend
    assert "blocked =" not in legend


def test_standing_checks_count_in_the_dialect_where_they_found_something(make):
    twice = (make.finding(dialect="okta"), make.finding(dialect="okta", case="b[okta]"))
    checks = (
        make.check("one", Status.FAIL, findings=twice),
        make.check("two"),
        make.check("three", Status.SKIP, examined=0),
    )
    row = matrix(make.result(make.case(), checks=checks)).rows[-1]
    assert row.name == "standing checks"
    assert row.cells[0] == Counter({Status.FAIL: 1, Status.PASS: 1})
    assert row.cells[1] == Counter({Status.PASS: 2})


def test_known_findings_of_a_check_are_known(make):
    finding = make.finding(dialect="okta")
    result = make.result(checks=(make.check("one", Status.FAIL, findings=(finding,)),), known=(finding,))
    assert matrix(result).rows[-1].cells[0] == Counter({Status.KNOWN: 1})


def test_findings_outside_every_column_are_not_lost(make):
    survey = make.finding(case="survey", dialect="rfc", status=Status.WARN)
    by_the_book = make.finding(dialect="rfc", case="a[okta]")
    result = make.result(make.case("a[okta]"), survey_findings=(survey,), checks=(make.check(findings=(by_the_book,)),))
    narrow = make.started(result, dialects=("okta",), counted=("okta",))
    assert any("outside these columns" in line and "1 FAIL, 1 warn" in line for line in table(narrow))
