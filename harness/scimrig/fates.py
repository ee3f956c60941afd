"""Judges what a target's owner promises about people: acts that it refuses or ignores, roles, and who may come in.

A refused act is answered 4xx, in SCIM's words, and leaves everything as it was; a 2xx is a fail whatever it did. An
ignored address leaves the rest of the act applied. The authority is the declaration (``policy:policy.email_change``).

Rule: pure, evidence in, findings out; what was expected stands in the step, as it was when the step was played.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scimrig import acts, frame
from scimrig.evidence import CaseStarted, Evidence, Exchange, Observed, Sight, StepPlayed
from scimrig.frame import Miss
from scimrig.survey import Survey
from scimrig.verdicts import Finding, Severity, Status
from scimrig.watched import last_write
from scimrig_simulator.scim import schemas, urns

_CHANGE, _DOMAIN = "policy.email_change", "policy.allowed_domains"
_WRITES = ("POST", "PUT", "PATCH")
_NO_REFUSALS = (404, 429)
"""4xx that tell the IdP something else: the user is gone, come back later."""

_TAKEN = {
    _CHANGE: "{idp} counts the new address as delivered. Whoever reads mail there can now pass for the user.",
    _DOMAIN: "{idp} counts the user as provisioned: somebody from outside the customer's domains has an account.",
}
_HALF = "{idp} counts the whole change as delivered and sends the address no more; the two sides differ for good."
_DROPPED = "{idp} counts the change as delivered; nobody learns that the address is another one."
_UNDERSTOOD = "The administrator does not learn from the answer that the address is what is not taken."
_UNFINISHED = "What did take effect stays, and nobody looks for it: the whole change counts as failed."

_SURPLUS = "{idp} shows the membership as delivered. The user works on with rights that the group no longer gives."
_BESIDES = "{idp} knows nothing of it. The user has rights that no group gives them."
_LACKING = "{idp} shows the membership as delivered, yet the user comes in without the rights that go with it."
_ROLELESS = "{idp} counts the user as provisioned, yet they come in without the role that everybody has."
_OUT = "{idp} counts the user as provisioned, yet they cannot come in, and no retry is due."


def judge_fate(
    case: CaseStarted, step: StepPlayed, sent: Sequence[Exchange], before: Observed, after: Observed, survey: Survey
) -> list[Finding]:
    """Findings about an act that is promised not to be applied as it was sent. Raises Undecidable."""
    old = {sight.key: sight for sight in before.sights}
    new = {sight.key: sight for sight in after.sights}
    finder = acts.Finder(case, step, sent)
    judge = _refused if (step.intent or {})["fate"] == "refused" else _ignored
    findings = judge(finder, step, old.get(step.subject), new.get(step.subject), survey)
    return findings + acts.strangers(finder, old, new, {step.subject}, set())


# Refused -------------------------------------------------------------------------------------------------------------


def _refused(
    finder: acts.Finder, step: StepPlayed, before: Sight | None, after: Sight | None, survey: Survey
) -> list[Finding]:
    changes = _changes(step, before, after, survey)
    if (step.outcome or {})["ok"]:
        return [_taken(finder, step, changes)]
    bad = finder.refusing()
    if bad is None or bad.failure is not None or bad.method not in _WRITES or not _carries_profile(bad):
        return [finder.refusal()]  # something else went wrong, before the address was ever sent
    if not 400 <= bad.status < 500 or bad.status in _NO_REFUSALS:
        return [_not_refused(finder, step, bad, changes)]
    if changes:
        return [_in_part(finder, step, bad, changes)]
    return _form(finder, step, bad)


def _changes(step: StepPlayed, before: Sight | None, after: Sight | None, survey: Survey) -> list[Miss]:
    """What is not as it was, apart from what the act's earlier requests have rightly brought about."""
    intent = step.intent or {}
    if after is None:
        return []
    misses = frame.missed(intent["kind"], intent["exists"], {}, None, None, after, survey)
    first, second = (sight.by_id.resource if sight is not None else None for sight in (before, after))
    if not intent["exists"] or first is None or second is None:
        return misses
    rows = schemas.builtin().resource_type(intent["kind"])
    on = {path: value for path, value in intent["values"].items() if path == "active" and value is not None}
    granted = on if frame.effect(first, on, rows) else {}
    misses += frame.effect(second, granted, rows)
    return misses + frame.unasked(first, second, granted, rows, keep_members=True, besides=frozenset())


def _taken(finder: acts.Finder, step: StepPlayed, changes: list[Miss]) -> Finding:
    """The target said yes to what it promises to refuse; whether it meant it is the second question."""
    shown, key = finder.telling, str((step.intent or {})["key"])
    if shown is None or shown.method not in _WRITES:
        raise acts.Undecidable(f"{finder.idp} sent nothing in {step.name} that could be refused")
    what, shape, consequence = _said_yes(bool((step.intent or {})["exists"]), key, changes)
    return finder.finding(
        "promise/refused", Status.FAIL, f"policy:{key}", shape,
        f"{finder.operation} answered {shown.status} and {what}; promised is a refusal", _wanted(step),
        "; ".join([str(shown.status), *_told(changes)]), shown, "", consequence,
    )


def _said_yes(exists: bool, key: str, changes: list[Miss]) -> tuple[str, str, str]:
    """(what it did, shape, consequence) of a target that accepted what it promises to refuse."""
    if not exists:
        return "took somebody of another domain" if changes else "made nobody", "address taken", _TAKEN[key]
    if any(_about_address(change) for change in changes):
        return "changed the e-mail address", "address taken", _TAKEN[key]
    if changes:
        paths = ", ".join(dict.fromkeys(change.path or change.actual for change in changes))
        return f"kept the e-mail address, yet changed {paths}", "accepted in part", _HALF
    return "kept the e-mail address", "address dropped", _DROPPED


def _not_refused(finder: acts.Finder, step: StepPlayed, bad: Exchange, changes: list[Miss]) -> Finding:
    """The act failed, but not by a refusal: the IdP draws another conclusion, or sends it again for ever."""
    return finder.finding(
        "promise/refused", Status.FAIL, _authority(step), f"status {bad.status}",
        f"{acts.operation(bad)} answered {bad.status}, which refuses nothing; promised is a refusal",
        _wanted(step), "; ".join([acts.reason(bad), *_told(changes)]), bad, _words(step),
    )


def _in_part(finder: acts.Finder, step: StepPlayed, bad: Exchange, changes: list[Miss]) -> Finding:
    paths = ", ".join(dict.fromkeys(change.path or change.actual for change in changes))
    did = f"changed {paths}" if (step.intent or {})["exists"] else "made the user"
    return finder.finding(
        "promise/atomic", Status.FAIL, _authority(step), "refused in part",
        f"{acts.operation(bad)} answered {bad.status}, and yet it {did}",
        _wanted(step), "; ".join([acts.reason(bad), *_told(changes)]), bad, _words(step), _UNFINISHED,
    )


def _form(finder: acts.Finder, step: StepPlayed, bad: Exchange) -> list[Finding]:
    """A warning where the refusal is not put as SCIM has it (RFC 7644 §3.12)."""
    body = acts.error_body(bad)
    named = body.get("schemas")
    faults = []
    if bad.status != 400:
        faults.append(f"status {bad.status}")
    if not isinstance(named, list) or urns.ERROR not in named:
        faults.append("no SCIM error body")
    elif body.get("scimType") not in _keywords(step):
        faults.append(f"scimType {body['scimType']}" if body.get("scimType") else "no scimType")
    if not faults:
        return []
    return [finder.finding(
        "promise/form", Status.WARN, _authority(step), " ".join(faults),
        f"{acts.operation(bad)} is refused as promised, but with {' and '.join(faults)}",
        f"400 with scimType {' or '.join(_keywords(step))}", acts.reason(bad), bad, _words(step), _UNDERSTOOD,
    )]


def _keywords(step: StepPlayed) -> tuple[str, ...]:
    """An address of a foreign domain that replaces another one breaks two rules, and either keyword says so."""
    intent = step.intent or {}
    if intent["key"] == _CHANGE:
        return ("mutability",)
    return ("invalidValue", "mutability") if intent["exists"] else ("invalidValue",)


# Ignored -------------------------------------------------------------------------------------------------------------


def _ignored(
    finder: acts.Finder, step: StepPlayed, before: Sight | None, after: Sight | None, survey: Survey
) -> list[Finding]:
    intent = step.intent or {}
    if not (step.outcome or {})["ok"]:
        bad = finder.refusing()
        if bad is None or bad.failure is not None or bad.method not in _WRITES or not _carries_profile(bad):
            return [finder.refusal()]
        return [finder.finding(
            "promise/ignored", Status.FAIL, _authority(step), f"status {bad.status}",
            f"{acts.operation(bad)} answered {bad.status}; promised is that the address alone is left as it was",
            _wanted(step), acts.reason(bad), bad, _words(step),
        )]
    if after is None:
        return []
    whole = intent.get("whole", False)
    misses = frame.missed(intent["kind"], True, intent["values"], None, before, after, survey, whole=whole)
    address = [miss for miss in misses if _about_address(miss)]
    findings = finder.from_misses([miss for miss in misses if miss not in address], before, after)
    if address:
        status = finder.telling.status if finder.telling else 0
        findings.append(finder.finding(
            "promise/ignored", Status.FAIL, _authority(step), "address taken",
            f"{finder.operation} answered {status} and changed the e-mail address; promised is to keep it",
            _wanted(step), "; ".join([str(status), *_told(address)]), finder.telling, "", _TAKEN[_CHANGE],
        ))
    return findings


# Roles and access ----------------------------------------------------------------------------------------------------


def judge_roles(evidence: Evidence, step: StepPlayed) -> list[Finding]:
    """Findings about the roles that somebody was seen to have: exactly those promised, no more and no fewer."""
    wanted, seen = step.expect[0], list(step.seen["roles"])
    if sorted(seen) == sorted(wanted["roles"]):
        return []
    surplus = [role for role in seen if role not in wanted["roles"] or seen.count(role) > 1]
    lacking = [role for role in wanted["roles"] if role not in seen]
    default = str(wanted["default"])
    if set(surplus) - {default}:
        key, shape, consequence = _gives_roles(evidence, step), "role without its group", _SURPLUS
    elif default in lacking or surplus:
        key, shape, consequence = "roles.default", "default role", _ROLELESS if default in lacking else _BESIDES
    else:
        key, shape, consequence = _gives_roles(evidence, step), "role missing", _LACKING
    why = f"as a member of {', '.join(wanted['teams'])}" if wanted["teams"] else "in no group that gives one"
    title = f"{step.subject}, {why}, has {_listed(seen)}; promised is exactly {_listed(wanted['roles'])}"
    actual = f"{_listed(seen)}, {step.seen['after']:g} s after asking first" if wanted["within"] else _listed(seen)
    return [_made(evidence, step, "promise/roles", key, shape, title, _listed(wanted["roles"]), actual, consequence)]


def judge_access(evidence: Evidence, step: StepPlayed) -> list[Finding]:
    """Findings about whether somebody was let in, so long after the last act was answered."""
    wanted, seen = step.expect[0], step.seen
    if seen["access"] == wanted["access"]:
        return []
    late, limit = float(seen["after"]), float(wanted["within"])
    after = f"{late:.1f} s after {last_write(evidence, step)[0]} was answered"
    if wanted["access"] == "refused":
        title = f"{step.subject} may still come in {after}; promised is {limit:g} s at most"
        key, shape, consequence = "deprovision.max_latency_ms", "access stays open", acts.BELIEFS["deactivate"]
    else:
        title = f"{step.subject} may not come in {after}"
        key, shape, consequence = "deprovision.access_probe", "access is refused", _OUT
    expected = f"{wanted['access']} within {limit:g} s"
    actual = f"{seen['access']} after {late:.1f} s"
    return [_made(evidence, step, "promise/access", key, shape, title, expected, actual, consequence)]


def _made(
    evidence: Evidence, step: StepPlayed, check: str, key: str, shape: str, title: str, expected: str, actual: str,
    consequence: str,
) -> Finding:
    """A finding by a declared call, shown with the act that came before it, and with what gave groups their roles.

    Of calls that were made again and again the last and the first are shown.
    """
    case = evidence.started
    name, write = last_write(evidence, step)
    looks = dict.fromkeys((*step.exchanges[-1:], *write, *_mapped(evidence, step), *step.exchanges[:1]))
    return Finding(
        check, Status.FAIL, f"policy:{key}", f"after {name}", shape, case.case, case.dialect, step.step, title,
        expected, actual, Severity(case.severity), tuple(looks), case.hurts,
        consequence.format(idp=step.ground.get("idp", "the IdP")),
    )


def _gives_roles(evidence: Evidence, step: StepPlayed) -> str:
    """The declaration by which groups have roles: a call, or a name that the product knows already."""
    hooked = [one for one in evidence.steps if one.verb == "hook"]
    return "roles.mapping" if hooked and not any(one.exchanges for one in hooked) else "hooks.map_group"


def _mapped(evidence: Evidence, step: StepPlayed) -> tuple[int, ...]:
    """The declared calls by which groups were given roles before somebody's roles were looked at."""
    earlier = evidence.steps[: evidence.steps.index(step)] if step in evidence.steps and step.verb == "roles" else []
    return tuple(number for one in earlier if one.verb == "hook" for number in one.exchanges)


# Words ---------------------------------------------------------------------------------------------------------------


def _about_address(miss: Miss) -> bool:
    return miss.path.lower().startswith("emails")


def _carries_profile(exchange: Exchange) -> bool:
    """Whether a request says anything of the address; switching ``active`` alone does not."""
    body = (exchange.request_body or "").lower()
    return "emails" in body or "username" in body


def _authority(step: StepPlayed) -> str:
    return f"policy:{(step.intent or {})['key']}"


def _wanted(step: StepPlayed) -> str:
    if (step.intent or {})["fate"] == "ignored":
        return "2xx, the e-mail address as before, and the rest applied"
    return f"400 with scimType {' or '.join(_keywords(step))}, and everything as before"


def _words(step: StepPlayed) -> str:
    return str((step.outcome or {}).get("words", ""))


def _told(misses: Sequence[Miss]) -> list[str]:
    """Each change once: what is there now, and what was there before."""
    told: dict[str, str] = {}
    for miss in misses:
        if miss.actual == frame.STILL_THERE:  # said of whoever should not be found, and here was never to be made
            told.setdefault("", "the user is there")
            continue
        was, kept, _ = miss.expected.rpartition(" kept")
        line = f"{miss.path} {miss.actual}".strip()
        told.setdefault(miss.path or miss.actual, f"{line}, was {was}" if kept else line)
    return list(told.values())


def _listed(roles: Sequence[Any]) -> str:
    return ", ".join(map(str, roles)) or "no role"
