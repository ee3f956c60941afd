"""Judges what the product itself showed, beside SCIM: declared calls, profiles, the listing of users, the audit log.

Rule: pure, evidence in, findings out; what was expected and what was seen stand in the step, as they were when it was
played. The authority is the declaration (``policy:audit.list``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scimrig import acts, envelope
from scimrig.evidence import Evidence, Exchange, Observed, Sight, StepPlayed
from scimrig.scenario.matchers import ABSENT, match, show
from scimrig.verdicts import Finding, Severity, Status

VERBS = ("call", "profile", "reconcile", "audited")

_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_ACCEPTED = "Whoever relies on it that the target refuses this is not protected."
_OTHERWISE = "What the target's owner relies on is not so."
_ELSEWHERE = "Everything in the product that reads the profile works on with what the directory has long changed."
_DRIFT = "Whoever mirrors the directory by its listing keeps people who left, or never learns of those who came."
_UNSEEN = "Nobody can tell afterwards who changed what: the log that should say so does not."
_TOO_MUCH = "Whoever counts or alerts by the log is told of changes that were never made."
_LEAK = "Everybody who may read the log may now sign in as somebody else."


def judge_watched(evidence: Evidence, step: StepPlayed, after: Observed) -> list[Finding]:
    """Findings about one of these steps. ``after``: the state as last read back."""
    match step.verb:
        case "call":
            return _judge_call(evidence, step)
        case "profile":
            return _judge_profile(evidence, step)
        case "reconcile":
            return _judge_listing(evidence, step, {sight.key: sight for sight in after.sights})
    return _judge_audit(evidence, step)


# Calls ---------------------------------------------------------------------------------------------------------------


def _judge_call(evidence: Evidence, step: StepPlayed) -> list[Finding]:
    wanted, seen = step.expect[0], step.seen
    key, status = str(wanted["call"]), int(seen["status"])
    if wanted["expect"] == "refused" and status < 300:
        title = f"the declared call {key} was answered {status}; promised is a refusal"
        return [_made(evidence, step, "promise/call", key, "accepted", title, "4xx", str(status), _ACCEPTED)]
    if "finds" not in wanted or status >= 300:
        return []
    found = ABSENT if seen["found"] is None else seen["found"]
    reason = match(wanted["finds"], found)
    if reason is None:
        return []
    about = f" about {step.subject}" if step.subject else ""
    title = f"the declared call {key}{about} tells something else: {reason}"
    return [
        _made(
            evidence, step, "promise/call", key, "another answer", title, show(wanted["finds"]), show(found), _OTHERWISE
        )
    ]


# Profiles ------------------------------------------------------------------------------------------------------------


def unlike(wanted: Mapping[str, Any], seen: Mapping[str, Any]) -> dict[str, str]:
    """Name → why a profile is not as wanted there."""
    told = {name: match(spec, seen.get(name, ABSENT)) for name, spec in wanted.items()}
    return {name: reason for name, reason in told.items() if reason is not None}


def _judge_profile(evidence: Evidence, step: StepPlayed) -> list[Finding]:
    wanted, seen = step.expect[0]["profile"], step.seen
    findings = []
    for name, reason in unlike(wanted, seen["profile"]).items():
        key = "normalized.custom" if name.startswith("custom.") else "normalized.map"
        shown = show(seen["profile"].get(name, ABSENT))
        title = f"the profile of {step.subject} has another {name}: {reason}"
        findings.append(
            _made(evidence, step, "promise/profile", key, name, title, show(wanted[name]), shown, _ELSEWHERE)
        )
    for name in seen["lacking"]:
        key = "normalized.custom" if name.startswith("custom.") else "normalized.map"
        place = name.removeprefix("custom.")
        title = f"{name} was not compared: {key} does not say where it stands"
        findings.append(
            _made(
                evidence, step, "promise/profile", key, "not declared", title, "a place in the profile",
                f'none; add {key}.{place} = "/…" to the target file', "", Status.INFO,
            )
        )
    return findings


# The listing ---------------------------------------------------------------------------------------------------------


def differences(rows: Sequence[Mapping[str, Any]], sight: Sight | None) -> list[tuple[str, str, str]]:
    """(shape, expected, actual) of what a listing says of somebody otherwise than SCIM does; rows: theirs in it."""
    resource = None if sight is None else sight.by_id.resource
    if resource is None:
        return [("listed though gone", "not listed", f"listed {_times(len(rows))}")] if rows else []
    if not rows:
        return [("not listed", "listed once", "not listed")]
    told = []
    if len(rows) > 1:
        told.append(("listed twice", "listed once", f"listed {_times(len(rows))}"))
    active = bool(resource.get("active", True))
    if "active" in rows[0] and rows[0]["active"] is not active:
        told.append(("another active", f"active {show(active)}, as SCIM shows it", f"active {show(rows[0]['active'])}"))
    return told


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _judge_listing(evidence: Evidence, step: StepPlayed, sights: Mapping[str, Sight]) -> list[Finding]:
    findings = []
    for key, rows in step.seen["listed"].items():
        for shape, expected, actual in differences(rows, sights.get(key)):
            title = f"{key} is {actual} in the listing of users ({step.seen['rows']} on {step.seen['pages']} pages)"
            findings.append(
                _made(
                    evidence, step, "promise/listing", "directory_api.list_users", shape, title, expected, actual,
                    _DRIFT,
                )
            )
    return findings


# The audit log -------------------------------------------------------------------------------------------------------


def compared(
    entries: Sequence[Mapping[str, Any]], seen: Sequence[Mapping[str, Any]], fields: Sequence[str] | Mapping[str, str]
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """(entries that are missing, entries that nobody expects). Those that say most find theirs first."""
    left, missing = list(seen), []
    for entry in sorted(entries, key=lambda one: -len(one)):
        asked = {name: spec for name, spec in entry.items() if name in fields}
        mine = next((one for one in left if not unlike(asked, one)), None)
        if mine is None:
            missing.append(entry)
        else:
            left.remove(mine)
    return missing, left


def settled(
    entries: Sequence[Mapping[str, Any]], seen: Sequence[Mapping[str, Any]], fields: Sequence[str] | Mapping[str, str]
) -> bool:
    """Whether the log says exactly this."""
    return compared(entries, seen, fields) == ([], [])


def _judge_audit(evidence: Evidence, step: StepPlayed) -> list[Finding]:
    wanted, seen = step.expect[0]["entries"], step.seen
    entries = _one_a_write(evidence, step) if wanted == "writes" else wanted
    missing, surplus = compared(entries, seen["entries"], seen["fields"])
    told = f"{_count(len(seen['entries']))} about {step.subject}"
    findings = []
    if missing:
        title = f"the audit log has {told}, and none that says {show(missing[0])}"
        findings.append(_about_the_log(evidence, step, "entry missing", title, entries, seen["entries"], _UNSEEN))
    elif surplus:
        title = f"the audit log has {told}; nobody did what this one says: {show(surplus[0])}"
        findings.append(_about_the_log(evidence, step, "entry too many", title, entries, seen["entries"], _TOO_MUCH))
    for leak in seen["leaks"]:
        title = f"an entry of the audit log about {step.subject} holds {leak}"
        findings.append(
            _made(evidence, step, "promise/audit", "audit.list", f"holds {leak}", title, "no secret", leak, _LEAK)
        )
    return findings


def _about_the_log(
    evidence: Evidence, step: StepPlayed, shape: str, title: str, entries: Sequence[Any], seen: Sequence[Any],
    consequence: str,
) -> Finding:
    expected, actual = f"{_count(len(entries))}: {show(entries)}", f"{_count(len(seen))}: {show(seen)}"
    return _made(evidence, step, "promise/audit", "audit.list", shape, title, expected, actual, consequence)


def _count(entries: int) -> str:
    return "one entry" if entries == 1 else f"{entries or 'no'} entries"


def _one_a_write(evidence: Evidence, step: StepPlayed) -> list[dict[str, Any]]:
    """One entry for each write about somebody that the case has sent so far, by how it was answered."""
    until = max(step.exchanges, default=0)
    writes = [
        exchange for number, exchange in sorted(evidence.exchanges.items())
        if number < until and _writes(exchange) and _speaks_of(exchange, step.seen["marks"])
    ]
    return [{"outcome": "success" if exchange.ok else "rejected"} for exchange in writes]


def _writes(exchange: Exchange) -> bool:
    own = exchange.by in ("idp", "probe", "keeper") and "://" not in exchange.path
    return own and exchange.method in _WRITES and exchange.path.lower().startswith("/users")


def _speaks_of(exchange: Exchange, marks: Sequence[str]) -> bool:
    identifier = exchange.path.rpartition("/")[2]
    named = exchange.method == "POST" and envelope.mentions(exchange.request_body or "", marks)
    return named or identifier in marks


# Findings ------------------------------------------------------------------------------------------------------------


def _made(
    evidence: Evidence, step: StepPlayed, check: str, key: str, shape: str, title: str, expected: str, actual: str,
    consequence: str, status: Status = Status.FAIL,
) -> Finding:
    """A finding by declared calls, the last of them first, with the write that came before."""
    case = evidence.started
    name, write = last_write(evidence, step)
    looks = dict.fromkeys((*step.exchanges[-1:], *write, *step.exchanges[:1]))
    return Finding(
        check, status, f"policy:{key}", f"after {name}", shape, case.case, case.dialect, step.step, title,
        expected, actual, Severity(case.severity), tuple(looks), case.hurts,
        consequence.format(idp=step.ground.get("idp", "the IdP")),
    )


def last_write(evidence: Evidence, step: StepPlayed) -> tuple[str, tuple[int, ...]]:
    """What the IdP wrote last before a step, in words, and the number of the exchange."""
    earlier = evidence.steps[: evidence.steps.index(step)] if step in evidence.steps else evidence.steps
    for act in reversed(earlier):
        for number in reversed(act.exchanges):
            exchange = evidence.exchanges.get(number)
            if act.verb in ("act", "send") and exchange is not None and exchange.method in _WRITES:
                return acts.operation(exchange), (number,)
    return "the last act", ()
