"""Judges the steps ``await`` and ``silence``: has what was waited for come, in time, in order, and nothing else?

Pure: evidence in, findings out. The form of what came is judged in ``attempts.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from scimrig import envelope
from scimrig.acts import Undecidable
from scimrig.attempts import WEBHOOK, Matter, Received, form
from scimrig.declarations import Declarations
from scimrig.evidence import CaseStarted, Delivered, Exchange, StepPlayed
from scimrig.verdicts import Finding, Severity, Status

_OFFBOARDING = frozenset({"user_deactivated", "user_deleted"})


def judge_webhooks(
    case: CaseStarted, step: StepPlayed, received: Received, declared: Declarations, sent: Sequence[Exchange] = ()
) -> list[Finding]:
    """Findings about a step ``await`` or ``silence``, one for each cause; none about other steps. Raises Undecidable.

    received: the deliveries of the run so far;  sent: the exchanges of the act or request before the step
    """
    if step.verb not in ("await", "silence"):
        return []
    # What came after the step was over is about what came after it, such as clearing away.
    about = [one for one in received.about(step.seen["marks"], step.seen["since"]) if one.at <= step.seen["until"]]
    matter = Matter(case, step, declared, sent, about)
    if step.verb == "silence":
        return _silence(matter)
    found: dict[Any, Finding] = {}
    for finding in (*_awaited(matter), *_order(matter), *form(matter, received)):
        found.setdefault(finding.cause, finding)
    if not found:
        _require_occasion(matter)
    return list(found.values())


def _awaited(matter: Matter) -> list[Finding]:
    """Whether the event has come, and in time."""
    event, who, news = matter.step.seen["event"], matter.step.subject, matter.news
    of_kind = [one for one in news if envelope.is_event(one.first, event, matter.declared)]
    if of_kind:
        return list(_late(matter, event, of_kind[0].first))
    within = f"within {matter.step.seen['limit']:.1f} s {_after(matter)}"
    wanted = _called(matter, event)
    if not news:
        key = matter.key("webhooks.max_first_attempt_ms", "webhooks.events", "webhooks.signing")
        title = f"no webhook about {who} {within}"
        return [_missing(matter, "webhook/missing", key, title, f"{wanted} {within}", "nothing", ())]
    came = ", ".join(dict.fromkeys(matter.kind(one.first) for one in news))
    title = f"no {wanted} about {who} {within}; what came is {came}"
    others = [attempt for one in news for attempt in one.attempts]
    return [_missing(matter, "webhook/event", "webhooks.events", title, f"{wanted} {within}", came, others)]


def _missing(
    matter: Matter, check: str, key: str, title: str, expected: str, actual: str, came: Sequence[Delivered]
) -> Finding:
    event = matter.step.seen["event"]
    off = event in _OFFBOARDING
    lost = "a leaver keeps the access that they opened" if off else "they go on with what they knew before"
    return matter.finding(
        check, Status.FAIL, key, "nothing came" if actual == "nothing" else "another event", title, expected, actual,
        besides=came, operation=f"{WEBHOOK} {event}", severity=Severity.SECURITY if off else None,
        consequence=f"Systems that follow the target by its webhooks are not told, and {lost}.",
    )


def _late(matter: Matter, event: str, first: Delivered) -> Iterator[Finding]:
    """The stopwatch: from the answer to the act to the first attempt."""
    latency = max(0.0, (first.at - matter.step.seen["act"]["answered"]) * 1000)
    keys = ["webhooks.max_first_attempt_ms"]
    if event in _OFFBOARDING:
        keys.insert(0, "deprovision.max_latency_ms")
    for key in keys:
        most = matter.declared.value(key)
        if most is not None and latency > most:
            yield matter.finding(
                "webhook/late", Status.FAIL, key, "late",
                f"{matter.named(first)} came {latency:.0f} ms {_after(matter)}; at most {most:g} ms are promised",
                f"within {most:g} ms", f"after {latency:.0f} ms", shown=first, operation=f"{WEBHOOK} {event}",
                consequence="Until then, systems behind the target act on what is no longer true.",
            )
            return


def _order(matter: Matter) -> Iterator[Finding]:
    """Whether anything was told for the first time after a newer state of the same resource had been taken."""
    if matter.declared.value("webhooks.ordering") != "per_resource":
        return
    newest: dict[str, tuple[float, Delivered]] = {}
    taken: set[str] = set()
    for one in matter.about:
        subject, time = envelope.subject_of(one, matter.declared), envelope.occurred(one, matter.declared)
        id = str(one.facts.get("id", ""))
        if not subject or time is None or id in taken:  # a repeat is dropped by its id
            continue
        newer = newest.get(subject)
        if newer is not None and time < newer[0]:
            yield matter.finding(
                "webhook/order", Status.FAIL, "webhooks.ordering", "an older state after a newer one",
                f"{matter.named(one)} tells an older state than delivery {newer[1].number}, which was taken before it",
                "events about one resource in the order of its changes",
                f"{newer[0] - time:.3f} s older", shown=one, besides=[newer[1]],
                consequence="Systems that follow the target by its webhooks end with what is no longer true.",
            )
            return
        if not envelope.failed(one, matter.declared):
            newest[subject] = (time, one)
            taken |= {id} - {""}


def _silence(matter: Matter) -> list[Finding]:
    """Whether a write that was refused, or changed nothing, was announced all the same."""
    act = matter.step.seen["act"]
    told = matter.timely(envelope.unheard(matter.about, act["position"], matter.declared))
    refused = 400 <= act["status"] < 500
    if not told or not (refused or 200 <= act["status"] < 300):
        return []
    if refused and any(one.ok for one in matter.wrote):
        return []  # the IdP wrote in several requests, and not all of them were refused
    if not refused and matter.declared.value("webhooks.suppress_noop") is not True:
        return []
    first = told[0].first
    key, shape, why, they = (
        ("webhooks.events", "a refused write", "refused it", "act on a change that never was")
        if refused
        else ("webhooks.suppress_noop", "a write without effect", "changed nothing", "do their work for nothing")
    )
    return [
        matter.finding(
            "webhook/silence", Status.FAIL, key, shape,
            f"{matter.named(first)} came {_span(first.at - act['answered'])} {_after(matter)}, which {why}",
            f"no webhook about {matter.step.subject}", matter.kind(first), shown=first,
            besides=[attempt for event in told for attempt in event.attempts],
            consequence=f"Systems that follow the target by its webhooks {they}.",
        )
    ]


def _require_occasion(matter: Matter) -> None:
    """Raises Undecidable where a retry was to be seen, and nothing had failed."""
    refused = any(envelope.failed(one, matter.declared) for one in matter.about)
    if matter.step.seen["attempts"] > 1 and not refused:
        raise Undecidable(
            f"the sink refused no webhook about {matter.step.subject}, so there was nothing to be tried again"
        )


def _after(matter: Matter) -> str:
    """``after deactivate answered 200``."""
    act = matter.step.seen["act"]
    return f"after {act['words'] or 'the last act'}" + (f" answered {act['status']}" if act["status"] else "")


def _span(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{max(0.0, seconds) * 1000:.0f} ms"


def _called(matter: Matter, event: str) -> str:
    named = matter.declared.value(f"webhooks.events.{event}") if event else None
    return f"webhook {named or event}".strip()
