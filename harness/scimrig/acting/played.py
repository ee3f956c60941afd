"""What became of an act that was played by hand.

Rule: plain data, and what it comes to: done, not done, or undecided.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from scimrig.acting.compared import Compared
from scimrig.acting.order import Order
from scimrig.declarations import NOTHING, Declarations
from scimrig.evidence import Sight
from scimrig.verdicts import CaseVerdict, Finding, Status
from scimrig_simulator.idp.intent import Intent, Outcome


@dataclass(frozen=True, slots=True)
class Played:
    """What became of an act.

    idp:      its name for people
    outcome:  in the IdP's own terms;  id: of the row it was about, "" where there is none
    verdict:  of the judge; ``status`` ERROR where it could not decide, ``reason`` then says why
    compared: what a sound server holds now, beside what the target shows
    before, after: the subject's row as read back; None for ``connect``
    besides:  what the standing checks found in the IdP's own exchanges
    notes:    what else is worth knowing, in sentences
    declared: what the target's owner promises
    """

    order: Order
    idp: str
    outcome: Outcome
    id: str
    intent: Intent | None
    verdict: CaseVerdict
    compared: tuple[Compared, ...]
    before: Sight | None
    after: Sight | None
    besides: tuple[Finding, ...]
    notes: tuple[str, ...]
    declared: Declarations = NOTHING

    @property
    def done(self) -> bool | None:
        """Whether the act did what it means; None where nobody can tell."""
        if self.verdict.status is Status.ERROR:
            return None
        refused_as_promised = self.intent is not None and self.intent.fate == "refused"
        return self.verdict.status is not Status.FAIL and (self.outcome.ok or refused_as_promised)

    def to_json(self) -> dict[str, Any]:
        """As ``scimrig act --json`` ends."""
        return {
            "type": "act-played", "dialect": self.order.dialect, "act": self.order.act, "subject": self.order.subject,
            "id": self.id, "done": self.done, "outcome": self.outcome.to_json(),
            "intent": None if self.intent is None else self.intent.to_json(),
            "compared": [asdict(line) for line in self.compared],
            "status": self.verdict.status.value, "reason": self.verdict.reason,
            "findings": [asdict(finding) for finding in self.verdict.findings], "notes": list(self.notes),
        }
