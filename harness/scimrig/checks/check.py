"""What a standing check is: a pure question asked of every exchange, by itself.

A check answers None where the exchange is not of its kind ("not reached"), an empty list where it looked and found
nothing, problems otherwise. It sends nothing and remembers nothing: what needs two exchanges belongs to a scenario or
to the frame.

Rule: false alarms cost more than misses. Where rfc-notes grades an outcome, the problem carries that grade and the line
cites the note; elsewhere the level of the requirement decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from scimrig import requirements
from scimrig.evidence import Exchange
from scimrig.verdicts import Finding, Severity, Status
from scimrig_simulator.scim.schemas import Definitions, builtin

if TYPE_CHECKING:
    from scimrig.checks.answer import Answer


@dataclass(frozen=True, slots=True)
class Known:
    """What is known besides the exchange: the core definitions, and what the survey found ({} before its end)."""

    definitions: Definitions = field(default_factory=builtin)
    survey: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def offers(self, feature: str) -> str:
        """``yes`` | ``no`` | ``broken``; "" where the survey does not say."""
        offer = self.survey.get("offers", {}).get(feature, {})
        return str(offer.get("state", ""))

    def advertises(self, feature: str) -> bool | None:
        """What ServiceProviderConfig says; None where it says nothing."""
        said = self.survey.get("advertised", {}).get(feature)
        return said if isinstance(said, bool) else None


@dataclass(frozen=True, slots=True)
class Problem:
    """What a check found in one exchange.

    title:    what is wrong, in one line; expected, actual: the two values that differ
    shape:    what is special about the case, without ids: with check and authority the cause of the finding
    status:   a grade of rfc-notes; None = by the level of the requirement
    requirement: where another one than the check's own is broken
    """

    title: str
    expected: str
    actual: str
    shape: str = ""
    status: Status | None = None
    requirement: str = ""


Run: TypeAlias = "Callable[[Answer], Iterable[Problem] | None]"


@dataclass(frozen=True, slots=True)
class Check:
    """A standing check.

    requirement: id in the catalogue; its level grades what the check finds
    hurts:       who suffers when it fails;  examines: what it looks at, for ``scimrig explain``
    where:       what stands for the operation in a finding's cause ("any list"); "" = the operation itself. A resource
                 without meta is one defect, not one for each operation that shows it.
    """

    id: str
    title: str
    requirement: str
    severity: Severity
    hurts: str
    examines: str
    run: Run
    where: str = ""

    @property
    def authority(self) -> str:
        return f"rfc:{self.requirement}"

    def findings(self, answer: Answer) -> list[Finding] | None:
        """What is wrong with one answer; None where the check does not apply to it."""
        problems = self.run(answer)
        return None if problems is None else [self._finding(answer, problem) for problem in distinct(problems)]

    def _finding(self, answer: Answer, problem: Problem) -> Finding:
        requirement = problem.requirement or self.requirement
        exchange: Exchange = answer.exchange
        return Finding(
            check=self.id,
            status=problem.status or requirements.get(requirement).status,
            authority=f"rfc:{requirement}",
            operation=self.where or answer.operation,
            shape=problem.shape,
            case=exchange.case,
            dialect=exchange.dialect,
            step=exchange.step,
            title=problem.title,
            expected=problem.expected,
            actual=problem.actual,
            severity=self.severity,
            exchanges=(exchange.number,),
            hurts=self.hurts,
        )


def distinct(problems: Iterable[Problem]) -> list[Problem]:
    """Forty rows with one defect are one problem: the first of each (requirement, status, shape) stands for all."""
    first: dict[tuple[str, Status | None, str], Problem] = {}
    for problem in problems:
        first.setdefault((problem.requirement, problem.status, problem.shape), problem)
    return list(first.values())
