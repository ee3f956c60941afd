"""Evidence → findings: a fold over the records of a run, in the run or from its log, with the same result.

Rule: pure. It sends nothing, reads no clock, and sees nothing but records; ``scimrig judge RUN`` is this and a reader.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from scimrig import acts, expectations, fates, leniency, surveyed, twins, watched
from scimrig import checks as standing
from scimrig.attempts import Received
from scimrig.bar import Bar, bars, held_to, too_late, visible
from scimrig.consumer import judged
from scimrig.declarations import NOTHING, Declarations
from scimrig.deliveries import judge_webhooks
from scimrig.diagnosis import appears, diagnosis
from scimrig.evidence import (
    CaseEnded,
    CaseStarted,
    Delivered,
    Evidence,
    Exchange,
    Leftover,
    Observed,
    Record,
    RunEnded,
    RunStarted,
    StepPlayed,
    Surveyed,
)
from scimrig.survey import Survey
from scimrig.tally import asserted, countable
from scimrig.verdicts import Asserted, CaseVerdict, CheckVerdict, Finding, RunResult, Status

WAITING = ("sink", "await", "silence")
"""Verbs about webhooks: what they are judged by has come beside the exchanges."""

_JUDGED = frozenset({Status.PASS, Status.INFO, Status.WARN, Status.FAIL})
_ENDINGS = {"skip": Status.SKIP, "blocked": Status.BLOCKED, "error": Status.ERROR}


class Judge:
    """Feed it the records of a run in order; ask for the result at any time.

    A case's verdict is there as soon as its ``CaseEnded`` was fed. An interrupted run is judged as far as it came.
    """

    def __init__(self) -> None:
        self._started: RunStarted | None = None
        self._ended: RunEnded | None = None
        self._survey = Survey()
        self._known = standing.Known()
        self._declared = NOTHING
        self._received = Received()
        self._survey_findings: tuple[Finding, ...] = ()
        self._bars: dict[str, Bar] = {}
        self._open: dict[str, Evidence] = {}
        self._twins: dict[str, Evidence] = {}  # by what they share with the other one, which has not ended yet
        self._verdicts: list[CaseVerdict] = []
        self._exchanges: dict[int, Exchange] = {}
        self._early: list[Exchange] = []
        self._leftovers: list[Leftover] = []
        self._letters: dict[int, dict[str, Any]] = {}
        self._examined: dict[str, int] = {}
        self._standing: dict[str, list[Finding]] = {}

    def feed(self, record: Record) -> CaseVerdict | None:
        """Take one record; returns the verdict when it ends a case."""
        match record:
            case Exchange():
                self._exchange(record)
            case RunStarted():
                self._started, self._declared = record, Declarations(record.declared)
                self._bars = bars(record.packs)
            case Surveyed():
                self._take_survey(Survey.from_json(record.survey))
            case CaseStarted():
                self._open[record.case] = Evidence(record)
            case Observed():
                self._open[record.case].observed[record.step] = record
            case StepPlayed():
                self._open[record.case].steps.append(record)
                self._letters |= judged.letters(record)
            case Delivered():
                self._received.add(record)
            case CaseEnded():
                return self._close(record)
            case Leftover():
                self._leftovers.append(record)
            case RunEnded():
                self._ended = record
        return None

    def result(self) -> RunResult:
        """What was found so far. Raises ValueError where no run has started."""
        if self._started is None:
            raise ValueError("the log holds no run: its first record is missing")
        # Exchanges without a survey after them stay unexamined: a login page at the base URL, or a refused token, is
        # an error (we could not decide), never a fail.
        return RunResult(
            self._started, self._ended, self._survey.to_json(), self._survey_findings,
            tuple(sorted(self._verdicts, key=lambda verdict: verdict.case)),
            tuple(self._check_verdicts()), self._exchanges, tuple(self._leftovers), deliveries=self._received.numbered,
            letters=self._letters,
        )

    def _exchange(self, exchange: Exchange) -> None:
        self._exchanges[exchange.number] = exchange
        if exchange.case in self._open:
            self._open[exchange.case].exchanges[exchange.number] = exchange
        if exchange.elsewhere:
            return  # beside SCIM, or at another tenant's: none of its rules apply
        if self._survey.offers:
            self._examine(exchange)
        else:
            self._early.append(exchange)  # the survey's own: examined when its result is known

    def _take_survey(self, survey: Survey) -> None:
        self._survey = survey
        self._known = standing.Known(survey=survey.to_json())
        base_url = "" if self._started is None else self._started.base_url
        self._survey_findings = () if self._of_packs else surveyed.findings(survey, base_url)
        self._examine_early()

    def _examine_early(self) -> None:
        early, self._early = self._early, []
        for exchange in early:
            self._examine(exchange)

    def _examine(self, exchange: Exchange) -> None:
        if self._of_packs:
            return  # a vendor's bar asks what its own tests ask, and nothing else
        examined, findings = standing.examine(exchange, self._known)
        for check in examined:
            self._examined[check] = self._examined.get(check, 0) + 1
        for finding in findings:
            self._standing.setdefault(finding.check, []).append(finding)

    @property
    def _of_a_receiver(self) -> bool:
        """Whether webhooks were sent, and a receiver of them is judged: nothing there is SCIM."""
        return self._started is not None and self._started.command == "consumer"

    @property
    def _of_packs(self) -> bool:
        """Whether vendors' packs were played, which alone are judged then."""
        return self._started is not None and bool(self._started.packs)

    def _check_verdicts(self) -> Iterable[CheckVerdict]:
        if self._of_a_receiver or self._of_packs:
            return
        for check in standing.all():
            findings = sorted(self._standing.get(check.id, ()), key=lambda finding: (finding.case, finding.step))
            examined = self._examined.get(check.id, 0)
            status = worst(findings) if examined else Status.SKIP
            yield CheckVerdict(check.id, check.title, status, examined, tuple(findings))

    def _close(self, ended: CaseEnded) -> CaseVerdict:
        evidence = self._open.pop(ended.case)
        evidence.ended = ended
        bar = self._bars.get(evidence.started.scenario)
        if self._of_a_receiver:
            verdict = judged.verdict_on(evidence, self._declared)
        elif bar is not None:
            verdict = verdict_at(bar, evidence, self._survey, self._declared)
        else:
            verdict = self._with_twin(evidence, verdict_on(evidence, self._survey, self._declared, self._received))
        self._verdicts.append(verdict)
        return verdict

    def _with_twin(self, evidence: Evidence, verdict: CaseVerdict) -> CaseVerdict:
        """The verdict on the twin that ends last, with what differs between the two."""
        run = self._started
        if run is None or not run.twins or verdict.status not in _JUDGED:
            return verdict
        pair = twins.pair_of(evidence.started)
        if pair not in self._twins:
            self._twins[pair] = evidence
            return verdict
        first = self._twins.pop(pair)
        findings = (*verdict.findings, *twins.differences(first, evidence, run, self._survey))
        return replace(verdict, status=worst(findings), findings=findings)


def verdict_on(
    evidence: Evidence, survey: Survey, declared: Declarations = NOTHING, received: Received | None = None
) -> CaseVerdict:
    """The verdict on one case. The first step that fails ends it: what follows would be the same defect again.

    declared: what the target's owner promises;  received: the webhooks of the run so far
    """
    case, ended = evidence.started, evidence.ended
    findings: list[Finding] = []
    reason, undecided, steps = "", "", 0
    before = evidence.observed.get("", Observed(case.case, "", (), ()))
    for step in evidence.steps:
        after = evidence.observed.get(step.step, before)
        beyond = leniency.beyond(evidence, step, survey)
        if beyond:
            return _verdict(case, Status.SKIP, beyond, tuple(findings), steps)
        try:
            if step.verb in WAITING:
                found = judge_webhooks(case, step, received or Received(), declared, _last_sent(evidence, step))
            else:
                found = leniency.weighed(_step_findings(evidence, step, before, after, survey, declared), survey)
        except acts.Undecidable as undecidable:
            undecided = str(undecidable)
            break
        steps += 1
        if case.probe and _fails_beforehand(evidence, step, found):
            reason = f"its preparation failed, which is judged elsewhere: {found[0].title}"
            return _verdict(case, Status.BLOCKED, reason, (), steps)
        findings += found
        if any(map(_ends, found)):
            return _verdict(case, worst(findings), "", tuple(findings), steps)
        before = after
    if undecided:
        return _verdict(case, Status.ERROR, undecided, tuple(findings), steps)
    if ended is not None and ended.state in _ENDINGS:
        return _verdict(case, _ENDINGS[ended.state], ended.reason, tuple(findings), steps)
    return _verdict(case, worst(findings), reason, tuple(findings), steps)


def verdict_at(bar: Bar, evidence: Evidence, survey: Survey, declared: Declarations = NOTHING) -> CaseVerdict:
    """The verdict on one test of a vendor's pack. Where the vendor counts requests, its test goes on after a fail."""
    case, ended, undecided = evidence.started, evidence.ended, ""
    findings: list[Finding] = []
    counted: list[Asserted] = []
    before = evidence.observed.get("", Observed(case.case, "", (), ()))
    for step in evidence.steps:
        after = evidence.observed.get(step.step, before)
        sent = [evidence.exchanges[number] for number in step.exchanges if number in evidence.exchanges]
        try:
            found = too_late(case, step, sent) or visible(
                _step_findings(evidence, step, before, after, survey, declared)
            )
        except acts.Undecidable as undecidable:
            undecided = str(undecidable)
            break
        findings += held_to(bar, found)
        if countable(step):
            counted.append(asserted(step, sent, before, after, survey))
        if any(map(_ends, found)) and not bar.goes_on:
            break
        before = after
    status, reason = worst(findings), ""
    if undecided and status is not Status.FAIL:
        status, reason = Status.ERROR, undecided
    elif not findings and ended is not None and ended.state in _ENDINGS:
        status, reason = _ENDINGS[ended.state], ended.reason
    verdict = _verdict(case, status, reason, tuple(findings), len(counted))
    return replace(verdict, asserted=tuple(counted))


def _last_sent(evidence: Evidence, step: StepPlayed) -> list[Exchange]:
    """The exchanges of the act or request before a step."""
    earlier = evidence.steps[: evidence.steps.index(step)]
    last = next((act for act in reversed(earlier) if act.verb in ("act", "send")), None)
    numbers = () if last is None else last.exchanges
    return [evidence.exchanges[number] for number in numbers if number in evidence.exchanges]


def _ends(finding: Finding) -> bool:
    """Whether what follows would build on sand: a fail, or a create that may legally keep less than was sent."""
    return finding.status is Status.FAIL or finding.check == "frame/effect"


def _fails_beforehand(evidence: Evidence, step: StepPlayed, found: Iterable[Finding]) -> bool:
    """Whether a probe's preparation failed: an act, or by the book a create that it is not about."""
    fails = [finding for finding in found if _ends(finding)]
    if step.verb == "act":
        return bool(fails)
    ruled = any(finding.authority.startswith("rfc:") and finding.check == "expect" for finding in fails)
    return ruled and leniency.preparing(evidence, step)


def _explained(found: list[Finding], sent: list[Exchange], declared: Declarations) -> list[Finding]:
    """The first fail says besides what it leads to why somebody does not appear."""
    place = next((number for number, one in enumerate(found) if one.status is Status.FAIL), None)
    if place is None:
        return found
    words = f"{found[place].consequence} {diagnosis(sent, declared)}".strip()
    return [*found[:place], replace(found[place], consequence=words), *found[place + 1 :]]


def _step_findings(
    evidence: Evidence, step: StepPlayed, before: Observed, after: Observed, survey: Survey, declared: Declarations
) -> list[Finding]:
    sent = [evidence.exchanges[number] for number in step.exchanges if number in evidence.exchanges]
    for number in (*before.exchanges, *after.exchanges):
        read = evidence.exchanges.get(number)
        if read is not None and read.failure is not None:  # nobody knows the state: neither sound nor broken
            raise acts.Undecidable(f"the state could not be read back: {read.failure.detail}")
    match step.verb:
        case "act":
            fate = (step.intent or {}).get("fate", "applied")
            judge = acts.judge_act if fate == "applied" else fates.judge_fate
            found = judge(evidence.started, step, sent, before, after, survey)
            return found if fate != "applied" or appears(step, after.sights) else _explained(found, sent, declared)
        case "send":
            return expectations.judge_send(evidence.started, step, sent, before, after, survey)
        case "check":
            return expectations.judge_check(evidence.started, step, after, survey)
        case "roles":
            return fates.judge_roles(evidence, step)
        case "access":
            return fates.judge_access(evidence, step)
    return watched.judge_watched(evidence, step, after) if step.verb in watched.VERBS else []


def worst(findings: Iterable[Finding]) -> Status:
    """The worst status among findings; PASS for none."""
    statuses = {finding.status for finding in findings}
    return next((status for status in (Status.FAIL, Status.WARN, Status.INFO) if status in statuses), Status.PASS)


def _verdict(case: CaseStarted, status: Status, reason: str, findings: tuple[Finding, ...], steps: int) -> CaseVerdict:
    return CaseVerdict(case.case, case.scenario, case.dialect, case.title, case.area, status, reason, findings, steps)
