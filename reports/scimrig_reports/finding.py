"""A group of findings of one cause, told as one defect: what, to whom, by what right, and how to see it again.

The console and JUnit tell the same story; this file makes the story, they lay it out.

Rule: words from a result; it neither judges nor prints.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scimrig.declarations import Declarations
from scimrig.evidence import Exchange
from scimrig.verdicts import Finding, RunResult, Severity, Status, groups
from scimrig_reports import transcript
from scimrig_reports.arrival import Arrival, arrivals
from scimrig_reports.authority import clause

_WHOLE = 400
"""Lines of a body that plain text has."""
SURVEY = ("", "survey")
"""What stands in place of a case where a finding comes from the survey."""
_GRAVITY = {Status.FAIL: 0, Status.WARN: 1, Status.INFO: 2}
_SEVERITY = {severity.value: rank for rank, severity in enumerate(Severity)}
_ABOUT_A_WRITE = frozenset({"webhook/silence"})
"""Checks of which a webhook is half of the evidence: what was written, and how it was answered, is the other half."""
TWINS = frozenset({"twin/differs"})
"""Checks that compare two cases: the second exchange of a finding is the one beside which the telling one stands."""
_SHORT = 60
"""Characters of a body that is told within a line."""
NAMED = 4
"""How many cases, clauses, consequences or further exchanges are named before the rest is only counted."""


@dataclass(frozen=True, slots=True)
class Story:
    """One defect.

    reach:    "3 cases in okta, entra; found by frame/effect"
    shown:    the telling exchange, None where its record is missing
    further:  ("before" | "after", line) about the other exchanges of the step, in order
    arrivals: the webhooks that show it, the telling one first
    aside:    True where the telling exchange only led to the webhook that is wrong: a line of it will do
    facts:    (label, text), to be wrapped
    commands: (label, text), to be copied, so never wrapped
    counted:  False where it does not decide the exit code
    beside:   what its twin sent by another dialect, None where nothing is compared
    """

    status: Status
    severity: str
    title: str
    reach: str
    shown: Exchange | None
    further: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    commands: tuple[tuple[str, str], ...]
    counted: bool
    arrivals: tuple[Arrival, ...] = ()
    aside: bool = False
    beside: Exchange | None = None

    @property
    def around(self) -> tuple[tuple[str, str], ...]:
        """("before" | "after", line) about the webhooks beside the telling one, in order."""
        numbers = [one.delivered.number for one in self.arrivals]
        return tuple(
            ("before" if number < numbers[0] else "after", one.line)
            for number, one in zip(numbers[1:], self.arrivals[1:], strict=True)
        )


class ReadBacks:
    """How the observer read the rows back after each step of a run; indexed once, asked for each finding."""

    def __init__(self, result: RunResult) -> None:
        self._standing = {check.check for check in result.checks}
        self._reads: dict[tuple[str, str], list[Exchange]] = {}
        for exchange in result.exchanges.values():
            if exchange.by == "observer":
                self._reads.setdefault((exchange.case, exchange.step), []).append(exchange)

    def after(self, finding: Finding) -> list[Exchange]:
        """Reads after the step of a finding about the state, but for those it names; none for a standing check's.

        Lists are long, so they count only where the finding speaks of the list.
        """
        if not finding.step or finding.check in self._standing:
            return []
        listed = "list" in finding.actual or "list" in finding.title
        return [
            exchange
            for exchange in self._reads.get((finding.case, finding.step), ())
            if exchange.number not in finding.exchanges
            and (listed or exchange.path.count("/") > 1 or "filter=" in exchange.query)
        ]


def stories(result: RunResult, scripts: Mapping[str, Path] | None = None) -> tuple[Story, ...]:
    """Every defect of a run: by status, what decides the exit code first, then by severity. ``scripts`` by case."""
    reads = ReadBacks(result)
    told = [story(group, result, reads, scripts) for group in groups(result.findings)]
    return tuple(sorted(told, key=lambda one: (_GRAVITY[one.status], not one.counted, _SEVERITY[one.severity])))


def story(
    group: Sequence[Finding], result: RunResult, reads: ReadBacks, scripts: Mapping[str, Path] | None = None
) -> Story:
    """The story of findings of one cause (at least one, the worst first)."""
    worst = [finding for finding in group if finding.status is group[0].status]
    counted = [finding for finding in worst if result.counts_for_exit(finding)]
    first = (counted or worst)[0]  # what decides the exit code is what is shown
    known = [result.exchanges[n] for n in first.exchanges if n in result.exchanges]
    shown = known[0] if known else None
    beside = known[1] if first.check in TWINS and len(known) > 1 else None
    came = arrivals(first, result)
    facts = [
        ("expected", first.expected),
        ("actual", first.actual),
        ("authority", _authorities(first, group, Declarations(result.started.declared))),
        ("hurts", "; ".join(_distinct(finding.hurts for finding in group))),
        ("next", _first_of(list(_distinct(finding.consequence for finding in group)), " ")),
        ("also in", _others(first, group)),
    ]
    return Story(
        first.status,
        first.severity.value,
        first.title,
        _reach(first, group),
        shown,
        tuple(_further(first, shown, beside, result, reads)),
        tuple((label, text) for label, text in facts if text),
        tuple(_commands(first, result, scripts or {})),
        bool(counted),
        came,
        bool(came) and first.check not in _ABOUT_A_WRITE,
        beside,
    )


def rerun(finding: Finding, result: RunResult) -> str:
    """The command that plays a finding's case again, as the shell wants it."""
    words = ["scimrig", result.started.command]
    if result.started.target:
        words.append(result.started.target)
    if finding.case not in SURVEY:
        words += ["-k", finding.case]
    words += ["--seed", str(result.started.seed)]
    if result.started.twins:
        words += ["--twins", ",".join(result.started.twins)]
    elif finding.case not in SURVEY and _dialect(finding) and result.started.command == "run":
        words += ["--idp", _dialect(finding)]
    return shlex.join([*words, *result.started.options])


def _reach(first: Finding, group: Sequence[Finding]) -> str:
    cases = list(_distinct(finding.case for finding in group if finding.case not in SURVEY))
    dialects = list(_distinct(_dialect(finding) for finding in group))
    where = f"{plural(len(cases), 'case')} in {', '.join(dialects)}" if cases else "the survey"
    on = "" if first.operation.startswith("after ") else "on "
    request = f" {on}{first.operation}" if first.operation else ""
    shape = f" with {first.shape}" if first.shape else ""
    return f"{where}{request}{shape}; found by {first.check}"


def _dialect(finding: Finding) -> str:
    """The dialect that the case was played in; the finding's own may be that of a read by the book within it."""
    played = re.search(r"\[([a-z0-9-]+)[,\]]", finding.case)
    return played[1] if played else finding.dialect


def _authorities(first: Finding, group: Sequence[Finding], declared: Declarations) -> str:
    told = list(_distinct(clause(finding.authority, declared) for finding in (first, *group)))
    return _first_of(told)


def _others(first: Finding, group: Sequence[Finding]) -> str:
    cases = _distinct(finding.case for finding in group if finding.case != first.case)
    return _first_of(list(cases), ", ")


def _first_of(texts: Sequence[str], between: str = "; ") -> str:
    more = f"{between}and {len(texts) - NAMED} more" if len(texts) > NAMED else ""
    return between.join(texts[:NAMED]) + more


def _further(
    finding: Finding, shown: Exchange | None, beside: Exchange | None, result: RunResult, reads: ReadBacks
) -> Iterator[tuple[str, str]]:
    """The other exchanges of the step: some that the finding names, some by which the rows were read back."""
    told = 0 if shown is None else shown.number
    whole = {exchange.number for exchange in (shown, beside) if exchange is not None}
    named = [result.exchanges[n] for n in finding.exchanges if n not in whole and n in result.exchanges]
    read = reads.after(finding)
    picked = [*read[: NAMED // 2], *named][:NAMED]
    for exchange in sorted(picked, key=lambda e: e.number):
        yield ("before" if exchange.number < told else "after"), brief(exchange)
    left_out = len(named) + len(read) - len(picked)
    if left_out:
        yield "after", f"{plural(left_out, 'exchange')} more that belong to this step"


def brief(exchange: Exchange) -> str:
    """An exchange in one line; of a declared call also what it sent, which is short and says what it was for."""
    purpose = exchange.purpose or "no purpose given"
    body = exchange.request_body if exchange.by == "hook" else None
    said = f"{purpose} {body}" if body and len(body) <= _SHORT else purpose
    return f"{exchange.line} (exchange {exchange.number}, {exchange.by}: {said})"


def _commands(finding: Finding, result: RunResult, scripts: Mapping[str, Path]) -> Iterable[tuple[str, str]]:
    path = scripts.get(finding.case)
    if path is not None:
        yield "replay", f"sh {shlex.quote(str(path))}" + (" BASE-URL" if embedded(result) else "")
    yield "rerun", rerun(finding, result)


def embedded(result: RunResult) -> bool:
    """True where the target lived inside the run: a replay needs another one (``scimrig serve``)."""
    return not result.started.target or result.started.target.partition(":")[0] == "ref"


def in_full(told: Story, result: RunResult) -> str:
    """A story as plain text with the whole exchange: for JUnit."""
    lines = [f"{told.status.value.upper()} ({told.severity}): {told.title}", told.reach]
    lines += [f"{label}: {text}" for label, text in (*told.facts, *told.commands)]
    if told.shown is not None:
        lines += ["", f"exchange {told.shown.number} of run {result.started.run}:"]
        lines.append(transcript.whole(told.shown, _WHOLE))
    if told.beside is not None:
        lines += ["", f"exchange {told.beside.number}, by {told.beside.dialect}:"]
        lines.append(transcript.whole(told.beside, _WHOLE))
    lines += [f"{label}: {line}" for label, line in told.further]
    for arrival in told.arrivals[:1]:
        when = f", {arrival.when}" if arrival.when else ""
        lines += ["", f"delivery {arrival.delivered.number} of run {result.started.run}{when}:"]
        lines += [f"> {line}".rstrip() for line in transcript.arrived(arrival.delivered, _WHOLE, every_header=True)]
        lines.append(f"< {arrival.answer}")
    lines += [f"{label}: {line}" for label, line in told.around]
    return "\n".join(lines)


def _distinct(texts: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(text for text in texts if text)


def plural(count: int, noun: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
