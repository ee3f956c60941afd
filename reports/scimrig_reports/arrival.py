"""A webhook as a report tells it: when it arrived, as what, and what it was answered.

Times are those that a sender's developer looks for in their own log: since the answer to the write that the webhook is
about, and since the webhook before it.

Rule: words from records, which are redacted already; it neither judges nor prints.
"""

from __future__ import annotations

from dataclasses import dataclass

from scimrig import envelope
from scimrig.declarations import Declarations
from scimrig.evidence import Delivered
from scimrig.verdicts import Finding, RunResult

ANSWERS = {
    "slow": "nothing: the sink kept the sender waiting until it gave up",
    "close": "nothing: the sink closed the connection",
}
_SHORT = {"slow": "no answer in time", "close": "no answer, connection closed"}
_UNSAID = frozenset({"", "undeclared"})


@dataclass(frozen=True, slots=True)
class Arrival:
    """One delivery. ``name``: what it calls its event, "" where it does not say; ``when``: "12 ms after the answer"."""

    delivered: Delivered
    name: str
    when: str

    @property
    def answer(self) -> str:
        """What the sink answered: a status, or in words why none."""
        return ANSWERS.get(self.delivered.answered, self.delivered.answered)

    @property
    def line(self) -> str:
        """``user.created → 500 (delivery 12, 12 ms after the answer, id e1, stamped 1767225600, signature valid)``."""
        facts = self.delivered.facts
        told = [f"delivery {self.delivered.number}", self.when]
        told += [f"{word} {facts[name]}" for name, word in _TOLD if str(facts.get(name, "")) not in _UNSAID]
        answer = _SHORT.get(self.delivered.answered, self.delivered.answered)
        return f"{self.name or 'an event without a name'} → {answer} ({', '.join(text for text in told if text)})"


_TOLD = (("id", "id"), ("timestamp", "stamped"), ("signature", "signature"))


def arrivals(finding: Finding, result: RunResult) -> tuple[Arrival, ...]:
    """The deliveries that a finding names, the telling one first, the others in order of arrival."""
    named = [result.deliveries[number] for number in finding.deliveries if number in result.deliveries]
    declared = Declarations(result.started.declared)
    told: dict[int, Arrival] = {}
    before: Delivered | None = None
    for one in sorted(named, key=lambda one: one.number):
        told[one.number] = Arrival(one, envelope.type_of(one, declared), _when(one, before, finding.answered))
        before = one
    telling = [told.pop(named[0].number)] if named else []
    return (*telling, *told.values())


def _when(one: Delivered, before: Delivered | None, answered: float | None) -> str:
    """Since the answer, and since the delivery before it where that came after the answer too."""
    if answered is None:
        return "" if before is None else _since(one, before)
    if one.at < answered:
        return f"{span(answered - one.at)} before the answer"
    since = f"{span(one.at - answered)} after the answer"
    return since if before is None or before.at < answered else f"{since}, {_since(one, before)}"


def _since(one: Delivered, before: Delivered) -> str:
    return f"{span(one.at - before.at)} after delivery {before.number}"


def span(seconds: float) -> str:
    """``12 ms``, ``1.0 s``."""
    return f"{seconds:.1f} s" if seconds >= 1 else f"{max(0.0, seconds) * 1000:.0f} ms"
