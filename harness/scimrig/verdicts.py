"""What was found: findings, their authority and cause, the verdict on a case, the result of a run.

Rule: plain data and the arithmetic of exit codes. How a finding comes about is in ``judge.py`` and ``checks/``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from scimrig.evidence import Delivered, Exchange, Leftover, RunEnded, RunStarted

NOTHING_CHANGED = "nothing changed"
"""Shape of a finding about a write that was answered 2xx and left its row exactly as it was."""


COUNTING = frozenset({"rfc", "policy", "vendor"})
"""Kinds of authorities that decide the exit code on every target."""


class Status(StrEnum):
    """The nine words for a verdict. Only FAIL, WARN and INFO are statuses of a finding."""

    PASS = "pass"
    FAIL = "fail"
    WARN = "warn"
    INFO = "info"
    SKIP = "skip"
    BLOCKED = "blocked"
    KNOWN = "known"
    STALE = "stale"
    ERROR = "error"


class Severity(StrEnum):
    """How bad for the people behind the accounts."""

    SECURITY = "security"
    BREAKS = "breaks-provisioning"
    DRIFT = "silent-drift"
    COSMETIC = "cosmetic"


class ExitCode(IntEnum):
    """What the process answers with."""

    OK = 0
    FAIL = 1
    USAGE = 2
    ERROR = 3
    NOTHING_JUDGED = 4
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    check:     id of what found it: a standing check, ``frame/…``, ``outcome``, ``expect``, ``survey/…``
    authority: ``rfc:ID`` | ``idp:DIALECT:CHAPTER`` | ``policy:KEY`` | ``vendor:PACK``
    operation: ``PATCH /Users/{id}``; shape: what was special about the request (``active "False"``); with check and
               authority they are its cause, and findings of one cause are one group
    title:     what is wrong, in one line; expected/actual: the two values that differ, in words
    exchanges: numbers of the exchanges that show it, the telling one first
    deliveries: numbers of the webhooks that show it, the telling one first; all attempts at one event are among them
    answered:  when the act before those webhooks was answered, on the run's clock; None where none was
    hurts:     who suffers; consequence: what that IdP does next
    """

    check: str
    status: Status
    authority: str
    operation: str
    shape: str
    case: str
    dialect: str
    step: str
    title: str
    expected: str
    actual: str
    severity: Severity
    exchanges: tuple[int, ...] = ()
    hurts: str = ""
    consequence: str = ""
    deliveries: tuple[int, ...] = ()
    answered: float | None = None

    @property
    def cause(self) -> tuple[str, str, str, str]:
        """What findings of one defect share. The IdPs it hurts, and their chapters, are not part of the cause.

        A write that changes nothing at all is one defect, whatever it was meant to do and whoever says so.
        """
        if self.shape == NOTHING_CHANGED:
            return ("frame/effect", "", self.operation, self.shape)
        kind = self.authority.partition(":")[0]
        return (self.check, kind if kind == "idp" else self.authority, self.operation, self.shape)


@dataclass(frozen=True, slots=True)
class Asserted:
    """How many assertions of one request of a vendor's pack held; ``step`` is the id of its step."""

    step: str
    name: str
    held: int
    total: int


@dataclass(frozen=True, slots=True)
class CaseVerdict:
    """The verdict on one scenario in one dialect and one matrix row. ``reason`` for skip, blocked, error, known.

    asserted: of a test in a vendor's pack: its requests that were played
    """

    case: str
    scenario: str
    dialect: str
    title: str
    area: str
    status: Status
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    assertions: int = 0
    asserted: tuple[Asserted, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    """The verdict of one standing check over the run. ``examined`` exchanges; 0 = not reached (status SKIP)."""

    check: str
    title: str
    status: Status
    examined: int
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class BaselineNote:
    """A baseline entry that no longer holds: expired, or nothing matched it although its scenario was judged."""

    entry: str
    reason: str


@dataclass(frozen=True, slots=True)
class RunResult:
    """Everything a report is made from."""

    started: RunStarted
    ended: RunEnded | None
    survey: dict[str, Any]
    survey_findings: tuple[Finding, ...]
    cases: tuple[CaseVerdict, ...]
    checks: tuple[CheckVerdict, ...]
    exchanges: dict[int, Exchange] = field(default_factory=dict)
    leftovers: tuple[Leftover, ...] = ()
    stale: tuple[BaselineNote, ...] = ()
    known: tuple[Finding, ...] = ()
    deliveries: dict[int, Delivered] = field(default_factory=dict)
    letters: dict[int, dict[str, Any]] = field(default_factory=dict)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding that the baseline does not know, worst first, then by case."""
        found: list[Finding] = [*self.survey_findings]
        found.extend(finding for check in self.checks for finding in check.findings)
        found.extend(finding for case in self.cases for finding in case.findings)
        known = set(self.known)
        rank = {Status.FAIL: 0, Status.WARN: 1, Status.INFO: 2}
        return tuple(sorted((f for f in found if f not in known), key=lambda f: (rank[f.status], f.case, f.step)))

    def counts_for_exit(self, finding: Finding) -> bool:
        """True where the authority counts: rfc, policy, a vendor, and the dialects that the target declares."""
        kind, _, rest = finding.authority.partition(":")
        return kind in COUNTING or rest.partition(":")[0] in self.started.counted

    def exit_code(self, fail_on: Status = Status.FAIL) -> ExitCode:
        """130 interrupted; else 1 on a counted fail (``fail_on``: or warn) or a stale baseline entry; else 3, 4, 0."""
        if self.ended is not None and self.ended.state == "interrupted":
            return ExitCode.INTERRUPTED
        bad = {Status.FAIL} if fail_on is Status.FAIL else {Status.FAIL, Status.WARN}
        if self.stale or any(f.status in bad and self.counts_for_exit(f) for f in self.findings):
            return ExitCode.FAIL
        if self.ended is None or self.ended.state == "error" or any(c.status is Status.ERROR for c in self.cases):
            return ExitCode.ERROR
        if not any(c.status in (Status.PASS, Status.FAIL, Status.WARN, Status.INFO, Status.KNOWN) for c in self.cases):
            return ExitCode.NOTHING_JUDGED
        return ExitCode.OK


def groups(findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], ...]:
    """Findings of one cause together, in the order in which the causes first appear."""
    by_cause: dict[tuple[str, str, str, str], list[Finding]] = {}
    for finding in findings:
        by_cause.setdefault(finding.cause, []).append(finding)
    return tuple(tuple(group) for group in by_cause.values())
