"""What the RFC does not hold a target to: the rules that take the edge off a case's findings.

A requirement that asks for an optional feature binds nobody who says in ServiceProviderConfig that he lacks it (RFC
7643 §5, rfc-notes 34 and 57): the fail becomes a warning. A probe that is about changing, reading or deleting a row,
yet cannot create it, says nothing about what it is named after: it is blocked, and creates are judged elsewhere. And
what the survey has told once, that a method is not there and nobody said it was, is not told again for every act that
comes to it on its way: the case is skipped, as are those of which it was known beforehand.

Rule: pure; only findings by the RFC's authority are graded anew. What an IdP cannot do with a target it still cannot
do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from scimrig import requirements
from scimrig.evidence import Evidence, StepPlayed
from scimrig.survey import Survey
from scimrig.verdicts import Finding, Status

_CONDITION = re.compile(r"(\w+)\.supported is true in /ServiceProviderConfig")
_CREATING = frozenset({"create", "types", "auth", "errors", "discovery"})
"""Areas of probes whose first create is, or may be, the very thing that they ask about."""

_UNKNOWN_METHOD = frozenset({405, 501})


def weighed(findings: Iterable[Finding], survey: Survey) -> list[Finding]:
    """The findings; what breaks a requirement on a feature that the target disclaims only warns."""
    return [_weighed(finding, survey) for finding in findings]


def preparing(evidence: Evidence, step: StepPlayed) -> bool:
    """Whether a request of a probe only makes the row that the rest of the probe is about."""
    case = evidence.started
    if not case.probe or step.verb != "send" or case.area in _CREATING or step is evidence.steps[-1]:
        return False
    sent = [evidence.exchanges[number] for number in step.exchanges if number in evidence.exchanges]
    return bool(sent) and sent[-1].method == "POST" and sent[-1].path.lower() in ("/users", "/groups")


def beyond(evidence: Evidence, step: StepPlayed, survey: Survey) -> str:
    """Why the IdP could not get through with an act on such a target at all: the method it needs is not there. "" = it
    is, or the target says that it is."""
    if step.verb != "act" or step.outcome is None or step.outcome["ok"]:
        return ""
    sent = [evidence.exchanges[number] for number in step.exchanges if number in evidence.exchanges]
    bad = next((exchange for exchange in reversed(sent) if not exchange.ok), None)
    if bad is None or bad.status not in _UNKNOWN_METHOD:
        return ""
    offer = survey.offer(bad.method.lower())
    return f"it needs {bad.method.lower()}: {offer.why}" if offer.state == "no" else ""


def _weighed(finding: Finding, survey: Survey) -> Finding:
    kind, _, identifier = finding.authority.partition(":")
    if kind != "rfc" or finding.status is not Status.FAIL:
        return finding
    condition = _CONDITION.match(requirements.get(identifier).condition)
    if condition is None or survey.advertised.get(condition.group(1)) is not False:
        return finding
    said = f"ServiceProviderConfig says {condition.group(1)}.supported: false, so that the RFC asks nothing here"
    return replace(finding, status=Status.WARN, consequence=f"{finding.consequence} {said}".strip())
