"""The verdict on a case of consumer mode: what was answered, and what the mirror shows, against what should be.

Rule: pure; it reads records and nothing else, so that ``scimrig judge`` finds the same again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scimrig.declarations import Declarations
from scimrig.evidence import REDACTED, CaseStarted, Evidence, Exchange, StepPlayed
from scimrig.verdicts import CaseVerdict, Finding, Severity, Status

_ENDINGS = {"skip": Status.SKIP, "blocked": Status.BLOCKED, "error": Status.ERROR}
_TELLING = ("present", "active", "email", "name")
_MISREAD = {404: "not here", 405: "not by POST", 410: "never again, which makes some senders stop", 429: "not so fast"}


def verdict_on(evidence: Evidence, declared: Declarations) -> CaseVerdict:
    """The verdict on one case. The first step that fails ends it."""
    case, ended = evidence.started, evidence.ended
    steps = 0
    found: list[Finding] = []
    for step in evidence.steps:
        if step.ground.get("before"):
            continue
        steps += 1
        found = [*found, *_judged(case, step, evidence, declared)]
        if any(finding.status is Status.FAIL for finding in found):
            break
    state = "" if ended is None else ended.state
    worst = next((one for one in (Status.FAIL, Status.WARN, Status.INFO) if one in {f.status for f in found}), None)
    if worst is not Status.FAIL and state in _ENDINGS:
        reason = "" if ended is None else ended.reason
        return CaseVerdict(
            case.case, case.scenario, case.dialect, case.title, case.area, _ENDINGS[state], reason, tuple(found), steps
        )
    return CaseVerdict(
        case.case, case.scenario, case.dialect, case.title, case.area, worst or Status.PASS, "", tuple(found), steps
    )


def letters(step: StepPlayed) -> dict[int, dict[str, Any]]:
    """What each exchange of a step delivered (``Letter.to_json``), by its number; {} for a step of another kind."""
    sent = (one for one in step.seen.get("deliveries", ()) if isinstance(one, dict) and "letter" in one)
    return {number: one["letter"] for one in sent for number in one["exchanges"]}


def answered_well(status: int, success: Sequence[int] | None = None) -> bool:
    """Whether a status means: taken."""
    return 200 <= status < 300 if success is None else status in success


def differing(expected: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What of an expected state a mirror does not show: name → (expected, seen). What it does not tell is left out."""
    there = bool(seen.get("present", False))
    if expected.get("gone"):
        return {} if not there or seen.get("active") is False else {"present": (False, True)}
    if not there:
        return {"present": (True, False)}
    told = (name for name in _TELLING if name in expected and name in seen)
    return {name: (expected[name], seen[name]) for name in told if not _same(expected[name], seen[name])}


def _same(value: Any, shown: Any) -> bool:
    if isinstance(value, str) and isinstance(shown, str) and "@" in value:
        return value.casefold() == shown.casefold()
    return bool(value == shown)


def _judged(case: CaseStarted, step: StepPlayed, evidence: Evidence, declared: Declarations) -> Iterator[Finding]:
    expect: Mapping[str, Any] = step.expect[0] if step.expect else {}
    for delivery in step.seen.get("deliveries", ()):
        sent = [evidence.exchanges[number] for number in delivery["exchanges"] if number in evidence.exchanges]
        if sent:
            found = list(_answer(case, step, sent, expect["answer"], declared))
            yield from found
            yield from _leaks(case, step, sent, delivery)
            if any(finding.status is Status.FAIL for finding in found):
                return  # of a hundred deliveries one tells enough
    if "states" in step.seen:
        yield from _states(case, step, expect["states"], evidence)
    for who, count in expect.get("applied", {}).items():
        shown = step.seen["applied"][who]
        if shown != count:
            times = "once" if count == 1 else f"{count} times"
            yield _finding(
                case, step, "consumer/repeat", "A delivery that came several times had several effects",
                f"an effect {times}", f"the receiver counts {shown}", _telling(step, evidence),
            )


# Answers ------------------------------------------------------------------------------------------------------------


def _answer(
    case: CaseStarted, step: StepPlayed, sent: Sequence[Exchange], answer: str, declared: Declarations
) -> Iterator[Finding]:
    last = sent[-1]
    numbers = tuple(exchange.number for exchange in reversed(sent))
    said = _said(last)
    patience = float(declared.setting("consumer.timeout_s"))
    if last.failure is not None:
        yield _finding(case, step, "consumer/silent", "The receiver does not answer a delivery",
                       _WANTED[answer], said, numbers)
    elif last.status >= 500:
        yield _finding(case, step, "consumer/crash", f"The receiver falls over: {step.name}", _WANTED[answer], said,
                       numbers)
    elif answer == "accepted" and not answered_well(last.status, declared.value("consumer.success")):
        yield _finding(case, step, "consumer/refused", f"The receiver does not take a genuine delivery: {step.name}",
                       _wanted(declared), said, numbers)
    elif answer == "refused" and not 400 <= last.status < 500:
        yield _finding(case, step, "consumer/accepted", f"The receiver does not refuse a forged delivery: {step.name}",
                       _WANTED[answer], said, numbers)
    elif answer == "refused" and last.status in _MISREAD:
        yield _finding(case, step, "consumer/form", "A forged delivery is refused with a status of another meaning",
                       "400, 401 or 403", f"{last.status}: {_MISREAD[last.status]}", numbers, Status.WARN)
    elif last.elapsed > patience:
        yield _finding(case, step, "consumer/slow", "The receiver answers later than senders wait",
                       f"an answer within {patience:g} s", f"{said} after {last.elapsed:.1f} s", numbers)


_WANTED = {
    "accepted": "2xx, since it is genuine",
    "refused": "4xx, and no effect",
    "no-crash": "any answer but 5xx",
}


def _wanted(declared: Declarations) -> str:
    statuses = declared.value("consumer.success")
    return _WANTED["accepted"] if statuses is None else f"one of {', '.join(map(str, statuses))}"


def _said(exchange: Exchange) -> str:
    return str(exchange.status) if exchange.failure is None else f"no answer: {exchange.failure.detail}"


def _leaks(
    case: CaseStarted, step: StepPlayed, sent: Sequence[Exchange], delivery: Mapping[str, Any]
) -> Iterator[Finding]:
    numbers = tuple(exchange.number for exchange in sent)
    told = list(dict.fromkeys(delivery.get("leaks", ())))
    if not told and any(REDACTED in exchange.reply_body for exchange in sent):
        told = ["a secret"]
    if told:
        yield _finding(case, step, "consumer/leak", "An answer tells what nobody may know",
                       "an answer without secrets", f"it tells {' and '.join(told)}", numbers)
    people = [text for text in delivery.get("private", ()) if any(text in exchange.reply_body for exchange in sent)]
    if people:
        yield _finding(case, step, "consumer/private", "An answer repeats personal data",
                       "an answer without the people it is about", "it repeats their e-mail address, name or number",
                       numbers, Status.WARN)


# Effects ------------------------------------------------------------------------------------------------------------


def _states(
    case: CaseStarted, step: StepPlayed, expected: Mapping[str, Mapping[str, Any]], evidence: Evidence
) -> Iterator[Finding]:
    wrong = {key: found for key, state in expected.items() if (found := differing(state, step.seen["states"][key]))}
    if not wrong:
        return
    key, found = next(iter(wrong.items()))
    who = key.rpartition("/")[2]
    among = f" ({len(wrong)} of {len(expected)} are wrong)" if len(wrong) > 1 else ""
    name, (value, shown) = next(iter(found.items()))
    if name == "present":
        words = {True: f"{who} is there", False: f"{who} is gone"}
        wanted, actual = words[bool(value)], f"{words[bool(shown)]}{among}"
    else:
        wanted, actual = f"{who} has the {name} {value!r}", f"{who} has the {name} {shown!r}{among}"
    check, title = _WRONG.get(step.verb, _WRONG["shows"])
    yield _finding(case, step, check, title, wanted, actual, _telling(step, evidence))


_WRONG = {
    "shows": ("consumer/effect", "A delivery that was taken has not had its effect"),
    "still": ("consumer/no-effect", "A delivery that must have no effect has had one"),
}


def _telling(step: StepPlayed, evidence: Evidence) -> tuple[int, ...]:
    """The delivery before a look, then the look itself."""
    earlier = evidence.steps[: evidence.steps.index(step)]
    sent = next((one.exchanges for one in reversed(earlier) if one.exchanges and one.verb in _SENDING), ())
    own = [n for n in step.exchanges if n in evidence.exchanges and evidence.exchanges[n].by == "hook"]
    return (*sent[-1:], *own[-2:])


_EVERYWHERE = frozenset({"consumer/silent", "consumer/slow"})
"""Checks whose findings are one defect, whatever was delivered."""

_SENDING = ("deliver", "again", "reconcile")


def _finding(
    case: CaseStarted, step: StepPlayed, check: str, title: str, expected: str, actual: str,
    exchanges: tuple[int, ...], status: Status = Status.FAIL,
) -> Finding:
    shape = "" if check in _EVERYWHERE else case.scenario
    return Finding(
        check, status, f"policy:{step.ground['promise']}", "", shape, case.case, case.dialect, step.step,
        title, expected, actual, Severity(case.severity), exchanges, case.hurts,
    )
