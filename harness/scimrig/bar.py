"""Holds a case to a vendor's bar: what the vendor does not look at counts for nothing, and what it asks is its demand.

A vendor's test says nothing about conformance. So its findings have an authority of their own (``vendor:okta-spec``),
say so, and name the clauses that do not ask for it. What an optional test finds is a warning, as it is there.

Rule: pure; from findings and the pack in the run's first record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from scimrig import requirements
from scimrig.acts import Finder
from scimrig.evidence import CaseStarted, Exchange, StepPlayed
from scimrig.verdicts import Finding, Status
from scimrig_simulator.wire import FailureKind

MANDATORY = "mandatory"
_UNSEEN = "frame/"
_SEEN = frozenset({"frame/foreign-row"})
"""What the rig finds by looking around itself no vendor's test sees; that a look-up hits a stranger its engine does."""

_SAYS = {
    MANDATORY: "{vendor}'s bar is not met.",
    "optional": "{vendor} warns of it and goes on: the test is optional.",
    "preview": "{vendor} lists it and fails nobody for it: the test is a preview.",
    "checklist": "{vendor} asks for it in its checklist, and has no test of it.",
    "inferred": "That {vendor} sends this is inferred, so that it only warns.",
}
_NO_VERDICT = "It is {vendor}'s demand, and says nothing about conformance."


@dataclass(frozen=True, slots=True)
class Bar:
    """What a test of a pack is worth.

    kind:    mandatory | optional | preview | checklist | inferred
    against: clauses that do not ask what it asks
    goes_on: the vendor counts requests, and plays the next one whatever became of the last
    """

    pack: str
    vendor: str
    kind: str
    against: tuple[str, ...] = ()
    goes_on: bool = False


def bars(packs: Sequence[Mapping[str, Any]]) -> dict[str, Bar]:
    """The bar of each scenario of the packs that a run plays, by the scenario's id."""
    return {
        test["scenario"]: Bar(
            pack["pack"], pack["vendor"], test["bar"], tuple(test["against"]), pack["counts"] == "requests"
        )
        for pack in packs
        for test in pack["tests"]
    }


def visible(findings: Iterable[Finding]) -> list[Finding]:
    """Those that a vendor's test could make."""
    return [one for one in findings if not one.check.startswith(_UNSEEN) or one.check in _SEEN]


def held_to(bar: Bar, findings: Iterable[Finding]) -> list[Finding]:
    """The findings as the vendor would have them: its demands, and no worse than its bar."""
    return [_held(bar, one) for one in findings]


def too_late(case: CaseStarted, step: StepPlayed, sent: Sequence[Exchange]) -> list[Finding]:
    """That an answer did not come while the vendor waits: of a bar that is a miss, where else nobody could decide."""
    late = next((one for one in sent if one.failure is not None and one.failure.kind is FailureKind.TIMEOUT), None)
    if late is None or late.failure is None:
        return []
    title = f"{case.title}: no answer while the vendor waits for one"
    return [
        Finder(case, step, sent).finding(
            "expect", Status.FAIL, "", "no answer in time", title, "an answer", late.failure.detail, late, ""
        )
    ]


def _held(bar: Bar, finding: Finding) -> Finding:
    lenient = bar.kind != MANDATORY and finding.status is Status.FAIL
    says = _SAYS[bar.kind] if finding.status is Status.FAIL else ""
    lost = finding.consequence if finding.check == "outcome" else ""  # what its engine says; its tests say nothing more
    words = [lost, says, _NO_VERDICT, *map(_disagrees, bar.against)]
    return replace(
        finding, authority=f"vendor:{bar.pack}", status=Status.WARN if lenient else finding.status,
        consequence=" ".join(word.replace("{vendor}", bar.vendor) for word in words if word),
        hurts=finding.hurts or f"customers who wait for a listing with {bar.vendor}",
    )


def _disagrees(authority: str) -> str:
    clause = requirements.get(authority.removeprefix("rfc:"))
    return f"{clause.clause} sees it otherwise: {clause.text}"
