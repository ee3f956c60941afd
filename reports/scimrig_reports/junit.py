"""A run as JUnit XML, for CI: one test case for each scenario × dialect × matrix row, and for each standing check.

Names are the same in every run, so that a CI server can follow a test. What the baseline knows, and what fails only in
a dialect that does not count, is ``skipped`` with its reason: the file goes red exactly when the exit code does.

Rule: it writes a result. Valid XML 1.0 whatever bytes a server sent.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from scimrig.verdicts import CaseVerdict, CheckVerdict, Finding, RunResult, Status, groups
from scimrig_reports.finding import ReadBacks, in_full, story
from scimrig_reports.matrix import AREAS

STANDING = "standing-checks"
SURVEY = "survey"
BASELINE = "baseline"

_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write (production [2] Char)."""


@dataclass(frozen=True, slots=True)
class _Test:
    """One test case. ``outcome``: "" (passed) | failure | error | skipped; ``note`` is what a passed one has to say."""

    suite: str
    name: str
    seconds: float = 0.0
    outcome: str = ""
    message: str = ""
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """A result, and what is asked of it for each test. ``bad``: statuses that turn a test red."""

    result: RunResult
    bad: tuple[Status, ...]
    known: frozenset[Finding]
    reads: ReadBacks
    seconds: Mapping[str, float]

    @classmethod
    def of(cls, result: RunResult, fail_on: Status) -> _Run:
        bad = (Status.FAIL,) if fail_on is Status.FAIL else (Status.FAIL, Status.WARN)
        seconds: dict[str, float] = defaultdict(float)
        for exchange in result.exchanges.values():
            seconds[exchange.case] += exchange.elapsed
        return cls(result, bad, frozenset(result.known), ReadBacks(result), seconds)

    def told(self, findings: Sequence[Finding]) -> str:
        """Every finding in full, one story a cause, the worst first."""
        rank = (Status.FAIL, Status.WARN, Status.INFO)
        ordered = sorted(findings, key=lambda finding: rank.index(finding.status))
        return "\n\n".join(in_full(story(group, self.result, self.reads), self.result) for group in groups(ordered))


def write(result: RunResult, path: Path, fail_on: Status = Status.FAIL) -> None:
    """Write the file; a folder that is missing is made. ``fail_on`` as for the exit code. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    document = _document(_Run.of(result, fail_on))
    path.write_bytes(ElementTree.tostring(document, encoding="utf-8", xml_declaration=True))


def _document(run: _Run) -> ElementTree.Element:
    result = run.result
    tests = [_case(case, run) for case in result.cases]
    tests += [_check(check, run) for check in result.checks]
    tests += [_judged(SURVEY, f.check.removeprefix("survey/"), 0.0, (f,), run) for f in result.survey_findings]
    tests += [_Test(BASELINE, note.entry, 0.0, "failure", "stale entry", note.reason) for note in result.stale]
    root = ElementTree.Element("testsuites", {"name": "scimrig", **_totals(tests)})
    order = [*AREAS, STANDING, SURVEY, BASELINE]
    for suite in sorted({test.suite for test in tests}, key=lambda s: (order.index(s) if s in order else -1, s)):
        own = [test for test in tests if test.suite == suite]
        head = {"name": _clean(suite), "timestamp": _clean(result.started.started), **_totals(own)}
        element = ElementTree.SubElement(root, "testsuite", head)
        for test in own:
            _element(element, test)
    return root


def _totals(tests: Sequence[_Test]) -> dict[str, str]:
    counts = {name: str(sum(test.outcome == one for test in tests)) for name, one in _COUNTED.items()}
    return {"tests": str(len(tests)), **counts, "time": f"{sum(test.seconds for test in tests):.3f}"}


_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}


def _element(suite: ElementTree.Element, test: _Test) -> None:
    element = ElementTree.SubElement(
        suite, "testcase", classname=_clean(test.suite), name=_clean(test.name), time=f"{test.seconds:.3f}"
    )
    if test.outcome:
        told = ElementTree.SubElement(element, test.outcome, message=_clean(test.message))
        if test.outcome != "skipped":
            told.set("type", _clean(test.message.partition(":")[0]))
        told.text = _clean(test.text) or None
    if test.note:
        ElementTree.SubElement(element, "system-out").text = _clean(test.note)


def _case(case: CaseVerdict, run: _Run) -> _Test:
    seconds = run.seconds.get(case.case, 0.0)
    if case.status is Status.ERROR:
        return _Test(case.area, case.case, seconds, "error", f"error: {case.reason}", run.told(case.findings))
    if case.status in (Status.SKIP, Status.BLOCKED, Status.KNOWN):
        reason = f"{case.status.value}: {case.reason or 'no reason given'}"
        return _Test(case.area, case.case, seconds, "skipped", reason, run.told(case.findings))
    return _judged(case.area, case.case, seconds, case.findings, run)


def _check(check: CheckVerdict, run: _Run) -> _Test:
    if not check.examined:
        return _Test(STANDING, check.check, 0.0, "skipped", "not reached: no exchange was of its kind")
    return _judged(STANDING, check.check, 0.0, check.findings, run)


def _judged(suite: str, name: str, seconds: float, findings: Sequence[Finding], run: _Run) -> _Test:
    """What was judged passes, fails, or fails in a way that does not decide the exit code."""
    text = run.told(findings)
    serious = [finding for finding in findings if finding.status in run.bad]
    news = [finding for finding in serious if finding not in run.known]
    deciding = [finding for finding in news if run.result.counts_for_exit(finding)]
    if deciding:
        more = f" (and {len(deciding) - 1} more)" if len(deciding) > 1 else ""
        return _Test(suite, name, seconds, "failure", f"{deciding[0].check}: {deciding[0].title}{more}", text)
    if news:
        reason = f"{news[0].title} ({news[0].authority} does not decide the exit code)"
        return _Test(suite, name, seconds, "skipped", reason, text)
    if serious:
        return _Test(suite, name, seconds, "skipped", f"known: {serious[0].title}", text)
    return _Test(suite, name, seconds, note=text)


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: f"\\x{ord(found[0]):02x}", text)
