"""Judges the form of webhooks: signature, timestamp, ids, secrets in the body, and attempts by the declared schedule.

Nothing is judged that the target's owner has not declared. Webhooks are told at least once, and in any order unless one
is promised: a repeat, or events beside those awaited, are no findings.

Rule: pure; evidence in, findings out. When in doubt, in the target's favour.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scimrig import envelope
from scimrig.declarations import Declarations
from scimrig.envelope import Told
from scimrig.evidence import CaseStarted, Delivered, Exchange, StepPlayed
from scimrig.signing import FAMILIES
from scimrig.signing_hmac import scheme_of, tolerance_of
from scimrig.verdicts import Finding, Severity, Status

WEBHOOK = "webhook"
"""Stands for the operation in findings about the form of a webhook: one defect, whatever was announced."""

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_VERIFYING = "every receiver that verifies webhooks"
_DROPPED = "Receivers that verify signatures drop the event; those that do not will believe anybody."
_REPEATS = "every receiver that drops repeats"


class Received:
    """The deliveries of a run, as far as they came; feed it each ``Delivered`` in the order of the log."""

    def __init__(self, delivered: Iterable[Delivered] = ()) -> None:
        self._all: list[Delivered] = []
        self._by_id: dict[str, list[Delivered]] = {}
        for one in delivered:
            self.add(one)

    def add(self, delivered: Delivered) -> None:
        self._all.append(delivered)
        id = str(delivered.facts.get("id", ""))
        if id:
            self._by_id.setdefault(id, []).append(delivered)

    @property
    def numbered(self) -> dict[int, Delivered]:
        """All of them by number."""
        return {one.number: one for one in self._all}

    def about(self, marks: Sequence[str], since: int) -> list[Delivered]:
        """Deliveries after number ``since`` that speak of whoever has one of these marks."""
        return [one for one in self._all[since:] if envelope.mentions(one.body, marks)]

    def of_id(self, id: str) -> Sequence[Delivered]:
        """Deliveries under one id, in order of arrival."""
        return self._by_id.get(id, ())


@dataclass(frozen=True, slots=True)
class Matter:
    """One step about webhooks and what it is judged by.

    sent: the exchanges of the act or request before it;  about: deliveries of the case about the step's subject
    """

    case: CaseStarted
    step: StepPlayed
    declared: Declarations
    sent: Sequence[Exchange]
    about: Sequence[Delivered]

    @property
    def news(self) -> list[Told]:
        """The events first told between the act or request before the step and its end; their attempts also later."""
        return self.timely(envelope.news(self.about, self.step.seen["act"]["position"], self.declared))

    def timely(self, events: Iterable[Told]) -> list[Told]:
        """Without events first told after the step: a later act made them, or the rows being cleared away."""
        return [event for event in events if event.first.number <= self.step.seen["last"]]

    @property
    def signed(self) -> bool:
        """Whether signatures are promised, and with them id and timestamp."""
        return self.declared.value("webhooks.signing") in FAMILIES

    @property
    def stamped(self) -> bool:
        """Whether a signed timestamp is promised."""
        scheme = scheme_of(self.declared)
        return self.signed or (scheme is not None and bool(scheme.stamp))

    @property
    def until(self) -> float:
        """When the step ended, on the run's clock."""
        return float(self.step.seen["until"])

    def key(self, *keys: str) -> str:
        """The first of these keys that is declared, else the last."""
        return next((key for key in keys if self.declared.value(key) is not None), keys[-1])

    def named(self, one: Delivered) -> str:
        """A delivery in words: what it calls its event, and whom it is about."""
        return f"{self.kind(one)} about {self.step.subject}"

    def kind(self, one: Delivered) -> str:
        """What a delivery calls its event, as a noun."""
        name = envelope.type_of(one, self.declared)
        return f"webhook {name}" if name else "a webhook of no known event"

    @property
    def wrote(self) -> tuple[Exchange, ...]:
        """The writes before the step."""
        return tuple(one for one in self.sent if one.method in _WRITES)

    def finding(
        self, check: str, status: Status, key: str, shape: str, title: str, expected: str, actual: str, *,
        shown: Delivered | None = None, besides: Iterable[Delivered] = (), operation: str = WEBHOOK, hurts: str = "",
        consequence: str = "", severity: Severity | None = None,
    ) -> Finding:
        """A finding about this step; ``hurts`` and ``severity`` are the case's where nothing else is said.

        shown: the delivery that shows it, with the other attempts at its event; besides: others that show it too
        The writes that show it are those before the step.
        """
        deliveries = list(besides)
        if shown is not None:
            actual = f"{actual} (delivery {shown.number})"
            deliveries = [shown, *self._attempts_with(shown), *deliveries]
        numbers = sorted((one.number for one in self.wrote), reverse=True)
        act = self.step.seen["act"]
        return Finding(
            check, status, f"policy:{key}", operation, shape, self.case.case, self.case.dialect, self.step.step,
            title, expected, actual, severity or Severity(self.case.severity), tuple(numbers),
            hurts or self.case.hurts, consequence, tuple(dict.fromkeys(one.number for one in deliveries)),
            act["answered"] if act["status"] else None,
        )

    def _attempts_with(self, one: Delivered) -> Sequence[Delivered]:
        """All attempts at the event that a delivery tells."""
        events = envelope.told(self.about, self.declared)
        return next((event.attempts for event in events if one in event.attempts), ())


def form(matter: Matter, received: Received) -> Iterator[Finding]:
    """Findings about every attempt at the news, and about the attempts as a whole."""
    for event in matter.news:
        for one in event.attempts:
            yield from _signature(matter, one)
            yield from _timestamp(matter, one)
            yield from _renewal(matter, one)
            yield from _leaks(matter, one)
        if matter.signed:
            yield from _renewed(matter, event)
            yield from _shared(matter, event, received)
        if matter.declared.value("webhooks.retry_schedule") is not None:
            yield from _retries(matter, event)


def _signature(matter: Matter, one: Delivered) -> Iterator[Finding]:
    state, why = one.facts.get("signature", "undeclared"), str(one.facts.get("why", ""))
    if state in ("valid", "undeclared"):
        return
    head = matter.named(one)
    if state == "unverified":
        yield matter.finding(
            "webhook/unverified", Status.INFO, "webhooks.secret", "unverified",
            f"the signature of {head} cannot be verified: {why}", "a known secret", why, shown=one,
        )
        return
    title = {
        "missing": f"{head} is not signed: {why}",
        "malformed": f"{head} is signed in a form that receivers cannot read: {why}",
        "re-serialised": f"the signature of {head} is not that of the bytes sent: {why}",
    }.get(state, f"the signature of {head} is wrong: {why}")
    shape = {
        "missing": " ".join(["missing", *one.facts["missing"]]),
        "re-serialised": state,  # how it shows depends on what is in the body
    }.get(state, f"{state}: {_general(why)}")
    yield matter.finding(
        "webhook/signature", Status.FAIL, "webhooks.signing", shape, title,
        _promised(matter), why, shown=one,
        hurts=_VERIFYING, consequence=_DROPPED, severity=Severity.SECURITY,
    )


def _promised(matter: Matter) -> str:
    """What is signed and how, in words."""
    family, scheme = matter.declared.value("webhooks.signing"), scheme_of(matter.declared)
    if scheme is None:
        return f"a v1 signature of id.timestamp.body, as {family} has it"
    return f"an HMAC-SHA256 of {scheme.signed} in the header {scheme.header}, as {family} has it"


def _timestamp(matter: Matter, one: Delivered) -> Iterator[Finding]:
    skew = one.facts.get("skew")
    if one.facts.get("fresh") is not False or skew is None or not matter.stamped:
        return
    tolerance = tolerance_of(matter.declared)
    side = "past" if skew > 0 else "future"
    yield matter.finding(
        "webhook/timestamp", Status.FAIL, matter.key("webhooks.tolerance_s", "webhooks.signing"), f"in the {side}",
        f"{matter.named(one)} is stamped {abs(skew):.0f} s in the {side}; receivers allow {tolerance:g} s",
        f"at most {tolerance:g} s off", f"{abs(skew):.0f} s in the {side}, by this machine's clock", shown=one,
        hurts=_VERIFYING, consequence="Receivers take the event for a replay and drop it.",
    )


def _renewal(matter: Matter, one: Delivered) -> Iterator[Finding]:
    """After a change of the secret: signed with the new one at once, and with the one before as long as promised."""
    since, by = one.facts.get("rotated"), one.facts.get("by") or []
    if since is None or one.facts.get("signature") != "valid":
        return
    overlap = matter.declared.value("webhooks.rotation_overlap_s")
    what, key = "", "webhooks.rotation_overlap_s"
    if 0 not in by:
        what, key = "is still signed with the secret before, and not with the new one", "hooks.rotate_webhook_secret"
    elif overlap is not None and since < overlap and 1 not in by:
        what = f"is no longer signed with the secret before, which is promised for {overlap:g} s"
    elif overlap is not None and since > overlap + envelope.leeway(overlap) and by != [0]:
        what = f"is signed with the secret before as well, which is promised to end after {overlap:g} s"
    if what:
        yield matter.finding(
            "webhook/rotation", Status.FAIL, key, what.partition(", which")[0],
            f"{matter.named(one)} {what}, {since:.0f} s after the change",
            "a signature with the new secret, and for the time promised one with the secret before", what, shown=one,
            hurts=_VERIFYING, severity=Severity.SECURITY,
            consequence="Receivers that have one secret or the other drop events, or go on to trust what has leaked.",
        )


def _leaks(matter: Matter, one: Delivered) -> Iterator[Finding]:
    for leak in one.facts.get("leaks", ()):
        yield matter.finding(
            "webhook/secret", Status.FAIL, "webhooks.events", leak,
            f"{matter.named(one)} holds {leak}", "no secret in a webhook", f"{leak}, withheld here", shown=one,
            hurts="everybody whose secret lands with the receivers of webhooks and in their logs",
            consequence="Whoever reads a receiver's log can act in their name.", severity=Severity.SECURITY,
        )


def _renewed(matter: Matter, event: Told) -> Iterator[Finding]:
    if len(event.ids) > 1:
        yield _new_id(matter, event.last, event.ids, "")


def _new_id(matter: Matter, again: Delivered, ids: Sequence[str], when: str, *before: Delivered) -> Finding:
    return matter.finding(
        "webhook/id", Status.FAIL, "webhooks.signing", "a new id for a retry",
        f"{matter.named(again)} was tried again under a new id{when}", "the same id in every attempt",
        " and then ".join(ids[:2]), shown=again, besides=before, hurts=_REPEATS,
        consequence="Receivers tell repeats by this id: this one they take for another event, and act twice.",
    )


def _twin(matter: Matter, event: Told) -> Delivered | None:
    """What says the same under another id after an event's last attempt: sooner than any retry, else it were one."""
    later = (one.first for one in matter.news if one.first.number > event.last.number)
    return next((one for one in later if one.facts.get("id") and envelope.same_content(event.last, one)), None)


def _shared(matter: Matter, event: Told, received: Received) -> Iterator[Finding]:
    """One id for different events, anywhere in the run."""
    others = received.of_id(event.ids[0])
    other = next((other for other in others if _differs(matter, event.first, other)), None)
    if other is not None:
        yield matter.finding(
            "webhook/id", Status.FAIL, "webhooks.signing", "one id for several events",
            f"{matter.named(event.first)} has the id of another event, {matter.kind(other)}",
            "an id for each event", event.ids[0], shown=event.first, besides=(other,), hurts=_REPEATS,
            consequence="Receivers tell repeats by this id: they hear the first event and drop the others.",
        )


def _differs(matter: Matter, one: Delivered, other: Delivered) -> bool:
    """Whether two deliveries under one id tell different events: of another name, or about somebody else."""
    if one.body == other.body:
        return False
    names = envelope.type_of(one, matter.declared), envelope.type_of(other, matter.declared)
    return (all(names) and names[0] != names[1]) or not envelope.mentions(other.body, matter.step.seen["marks"])


def _retries(matter: Matter, event: Told) -> Iterator[Finding]:
    """Whether failures are tried again when they should be, and nothing else is."""
    attempts = _without_copies(event.attempts, matter.declared)
    for number, (one, following) in enumerate(itertools.pairwise(attempts), 2):
        due, gap = envelope.delay(number, matter.declared), following.at - one.at
        if due is None or not envelope.failed(one, matter.declared):
            continue
        if envelope.too_early(gap, due):
            early = f"tried again {gap:.1f} s later, before time"
            yield _off_schedule(matter, one, "retried too early", early, number, due)
        elif gap - envelope.hang(one, matter.declared) > due + envelope.leeway(due):
            yield _off_schedule(matter, one, "retried too late", f"tried again only {gap:.1f} s later", number, due)
        if one.facts.get("timestamp") and one.facts["timestamp"] == following.facts.get("timestamp"):
            yield from _stale(matter, following, number, gap)
    yield from _repeated(matter, event, attempts)
    if envelope.overdue(event, matter.until, matter.declared):
        twin = _twin(matter, event) if matter.signed and event.ids[0] else None
        if twin is not None:
            early = f", {twin.at - event.last.at:.1f} s later and before time"
            yield _new_id(matter, twin, (event.ids[0], str(twin.facts["id"])), early, *event.attempts)
            return
        number = len(event.attempts) + 1
        waited = f"not tried again within {matter.until - event.last.at:.1f} s"
        due = envelope.delay(number, matter.declared) or 0.0
        yield _off_schedule(matter, event.last, "never retried", waited, number, due)


def _off_schedule(matter: Matter, one: Delivered, shape: str, what: str, number: int, due: float) -> Finding:
    return matter.finding(
        "webhook/retry", Status.FAIL, "webhooks.retry_schedule", shape,
        f"{matter.named(one)} {_answered(one)} and was {what}; attempt {number} is promised after {due:g} s",
        f"attempt {number} after {due:g} s", what, shown=one, hurts="every receiver that is away for a moment",
        consequence="Receivers rely on the declared schedule for what they could not take in the first time.",
    )


def _stale(matter: Matter, following: Delivered, number: int, gap: float) -> Iterator[Finding]:
    """A retry with the timestamp of the attempt before it: harmless until the ladder leaves the tolerance."""
    if gap < 2 or not matter.stamped:
        return
    schedule = matter.declared.value("webhooks.retry_schedule") or ()
    harmful = sum(schedule) > tolerance_of(matter.declared)
    yield matter.finding(
        "webhook/timestamp", Status.FAIL if harmful else Status.WARN, "webhooks.signing", "an earlier timestamp",
        f"attempt {number} of {matter.named(following)} has the timestamp of the one before, {gap:.0f} s earlier",
        "the time of the attempt", str(following.facts["timestamp"]), shown=following, hurts=_VERIFYING,
        consequence="Once the schedule is longer than the tolerance, receivers drop every later attempt.",
    )


def _repeated(matter: Matter, event: Told, attempts: Sequence[Delivered]) -> Iterator[Finding]:
    """Tried again by the schedule although it had succeeded. A single repeat may be chance: at least once."""
    declared = matter.declared
    if declared.value("webhooks.success") is None or not event.ids[0]:
        return
    again = []
    for number, (one, following) in enumerate(itertools.pairwise(attempts), 2):
        due, gap = envelope.delay(number, declared), following.at - one.at
        if not due or envelope.failed(one, declared) or envelope.too_early(gap, due):
            continue
        if gap <= due + envelope.leeway(due):
            again.append((one, gap))
    for one, gap in again[:1]:
        yield matter.finding(
            "webhook/retry", Status.FAIL if len(again) > 1 else Status.WARN, "webhooks.success", "after success",
            f"{matter.named(one)} {_answered(one)}, and came again {gap:.1f} s later as if it had failed",
            "no further attempt", f"{len(again)} more", shown=one,
            hurts="every receiver, which gets each event several times",
            consequence="Receivers do the same work again, and those that do not know repeats act twice.",
        )


def _without_copies(attempts: Sequence[Delivered], declared: Declarations) -> list[Delivered]:
    """Attempts without those that are the same bytes once more before a retry is due: a connection or a proxy did that.

    Without a timestamp nobody can tell a copy from a retry that comes too early; it then counts as a copy.
    """
    kept: list[Delivered] = []
    for one in attempts:
        due = envelope.delay(len(kept) + 1, declared)
        before = kept[-1] if kept else None
        stamps = one.facts.get("timestamp"), before.facts.get("timestamp") if before is not None else None
        early = before is not None and envelope.too_early(one.at - before.at, due if due is not None else 1.0)
        if not (early and stamps[0] == stamps[1]):
            kept.append(one)
    return kept


def _answered(one: Delivered) -> str:
    """``was answered 500``."""
    return {
        "slow": "got no answer in time", "close": "lost its connection without an answer",
    }.get(one.answered, f"was answered {one.answered}")


def _general(why: str) -> str:
    """A reason without what is different in every delivery."""
    return re.sub(r"'[^']*'|\"[^\"]*\"|\b\d[\d.]*\b", "…", why)
