"""Judges what a scenario itself expects: the outcomes that a ``send`` allows, and ``check`` steps.

The first outcome that fits decides; everything in it (status, scimType, headers, body, then, unchanged) is part of the
fit. None fits → fail, told against the outcome that came nearest; one that is excused (graded) and shares no more than
its status with the answer is not near, since it would say what nobody asked for.

Pure: evidence in, findings out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scimrig import acts, frame
from scimrig.evidence import CaseStarted, Exchange, Observed, Reading, Sight, StepPlayed
from scimrig.pointer import find
from scimrig.scenario.matchers import ABSENT, match, show
from scimrig.survey import Survey
from scimrig.verdicts import NOTHING_CHANGED, Finding, Severity, Status
from scimrig_simulator.idp import base
from scimrig_simulator.scim import paths, schemas
from scimrig_simulator.wire import FailureKind, Json, Reply

Sights = Mapping[str, Sight]
_GRADES = {"pass": Status.PASS, "info": Status.INFO, "warn": Status.WARN, "fail": Status.FAIL}
_STATUS_ALONE = 1
_READINGS = {"id": "by_id", "filter": "by_filter", "list": "in_list"}


def judge_send(
    case: CaseStarted, step: StepPlayed, sent: Sequence[Exchange], before: Observed, after: Observed, survey: Survey
) -> list[Finding]:
    """Findings about one request of a probe. Raises Undecidable where the network failed."""
    shown = _telling(sent)
    if shown.failure is not None and shown.failure.kind is not FailureKind.HELD_BACK:
        raise acts.Undecidable(f"{shown.method} {shown.path}: {shown.failure.detail}")
    old = {sight.key: sight for sight in before.sights}
    new = {sight.key: sight for sight in after.sights}
    about = _about(step.expect) | {step.subject}
    gone = {sight.id for key, sight in new.items() if key in about and sight.by_id.state == "absent"}
    findings = acts.strangers(acts.Finder(case, step, sent), old, new, about, gone)
    nearest: tuple[int, list[str], dict[str, Any]] | None = None
    for outcome in step.expect:
        score, reasons = _misfit(outcome, step, sent, old, new, survey)
        if not reasons:
            return findings + _graded(case, step, shown, outcome)
        if score == _STATUS_ALONE and outcome.get("grade", "pass") != "pass":
            score = 0
        if nearest is None or score > nearest[0]:
            nearest = (score, reasons, outcome)
    if nearest is not None:
        inert = shown.ok and nearest[0] == 2 and _inert(nearest[2], old, new)
        findings.append(_unmet(case, step, shown, nearest[1], nearest[2], inert))
    return findings


def hoped(
    expect: Sequence[Mapping[str, Any]], reply: Reply, before: Iterable[Sight], survey: Survey
) -> Callable[[Iterable[Sight]], bool]:
    """Whether a state is that of the best outcome that fits an answer: for whoever waits for it to show."""
    old = {sight.key: sight for sight in before}
    fitting = [one for one in expect if _status_fits(one.get("status"), reply.status)]

    def shows(after: Iterable[Sight]) -> bool:
        new = {sight.key: sight for sight in after}
        return not any(_state_misfits(outcome, old, new, survey) for outcome in fitting[:1])

    return shows


def judge_check(case: CaseStarted, step: StepPlayed, after: Observed, survey: Survey) -> list[Finding]:
    """Findings about a ``check`` step: the target's state as last read back."""
    sights = {sight.key: sight for sight in after.sights}
    reasons = [reason for check in step.expect for reason in _check(check, sights, None, survey)]
    if not reasons:
        return []
    wanted = "; ".join(_then_words(step.expect))
    return [_finding(case, step, None, Status.FAIL, _authority(case, {}), "check", reasons, wanted, ())]


def fits(
    outcome: Mapping[str, Any], step: StepPlayed, sent: Sequence[Exchange], before: Observed, after: Observed,
    survey: Survey,
) -> bool:
    """Whether what was answered, and the state afterwards, is what an outcome asks."""
    old, new = ({sight.key: sight for sight in seen.sights} for seen in (before, after))
    return _telling(sent).failure is None and not _misfit(outcome, step, sent, old, new, survey)[1]


def _telling(sent: Sequence[Exchange]) -> Exchange:
    """The exchange that tells: of a request that was sent several times the first one that went wrong."""
    return next((exchange for exchange in sent if not exchange.ok), sent[-1]) if len(sent) > 1 else sent[-1]


def _misfit(
    outcome: Mapping[str, Any], step: StepPlayed, sent: Sequence[Exchange], old: Sights, new: Sights, survey: Survey
) -> tuple[int, list[str]]:
    """(how near it came, why it does not fit). The status counts most, then what the answer says, then the state."""
    shown = _telling(sent)
    if "rate" in outcome:
        return 1, list(_rate_misfits(outcome, step, sent))
    if not _status_fits(outcome.get("status"), shown.status):
        return 0, [f"status is {shown.status}; expected {_status_words(outcome.get('status'))}"]
    reasons = list(_answer_misfits(outcome, shown))
    if reasons:
        return 1, reasons
    return 2, _state_misfits(outcome, old, new, survey)


def _rate_misfits(outcome: Mapping[str, Any], step: StepPlayed, sent: Sequence[Exchange]) -> Iterator[str]:
    """Answers of the right status, a second; ``seen`` has how long all requests took."""
    answered = sum(_status_fits(outcome.get("status"), exchange.status) for exchange in sent)
    rate = answered / max(float(step.seen.get("seconds", 0)), 0.001)
    if rate < outcome["rate"]:
        words = f"{answered} of {len(sent)} requests were answered {_status_words(outcome.get('status'))}"
        yield f"{words} in {step.seen.get('seconds', 0):.1f} s: {rate:.0f} a second"


def _state_misfits(outcome: Mapping[str, Any], old: Sights, new: Sights, survey: Survey) -> list[str]:
    reasons = []
    for check in as_list(outcome.get("then")):
        reasons += _check(check, new, old, survey)
    for key in as_list(outcome.get("unchanged")):
        reasons += _unchanged(str(key), old, new)
    return reasons


def _answer_misfits(outcome: Mapping[str, Any], shown: Exchange) -> Iterator[str]:
    body: Json = None
    try:
        body = shown.reply_json()
    except ValueError:
        if "body" in outcome or "scimType" in outcome:
            yield "the body is not JSON"
            return
    if "scimType" in outcome:
        actual = body.get("scimType") if isinstance(body, dict) else None
        if actual not in as_list(outcome["scimType"]):
            yield f"scimType is {actual!r}; expected {' or '.join(map(str, as_list(outcome['scimType'])))}"
    if "within" in outcome and shown.elapsed > outcome["within"]:
        yield f"the answer took {shown.elapsed * 1000:.0f} ms; expected at most {outcome['within'] * 1000:.0f} ms"
    for name, spec in outcome.get("headers", {}).items():
        reason = match(spec, shown.header(name))
        if reason:
            yield f"header {name}: {reason}"
    for pointer, spec in outcome.get("body", {}).items():
        for place, value in find(body, pointer):
            reason = match(spec, value)
            if reason:
                yield f"{place or 'the body'}: {reason}"


def _check(check: Mapping[str, Any], new: Sights, old: Sights | None, survey: Survey) -> list[str]:
    """Why a row is not as a ``check`` (or a ``then``) says."""
    key = str(check.get("user") or check.get("group"))
    sight = new.get(key)
    if sight is None:
        return [f"{key} is not on the target: no answer ever told its id"]
    reasons = []
    for way in check.get("found_by", ()):
        reading: Reading = getattr(sight, _READINGS[way])
        if reading.state not in ("found", "not-looked"):
            reasons.append(f"{key} is not found by {way}: {reading.note or 'absent'}")
    for way in check.get("absent_by", ()):
        reading = getattr(sight, _READINGS[way])
        if reading.state not in ("absent", "not-looked"):
            reasons.append(f"{key} is still found by {way}" if reading.state == "found" else f"{key}: {reading.note}")
    asks = [name for name in ("has", "members", "changed") if name in check]
    resource = _seen(sight)
    if asks and resource is None:
        return [*reasons, f"{key} cannot be read back: {sight.by_id.note or sight.by_id.state}"]
    if resource is not None:
        reasons += _has(key, resource, check.get("has", {}), sight.kind, survey)
        if "members" in check:
            reasons += _members(key, resource, check["members"], new)
        if "changed" in check and old is not None:
            reasons += _changed(key, check["changed"], old.get(key), sight, survey)
    return reasons


def _has(
    key: str, resource: dict[str, Any], wanted: Mapping[str, Any], kind: str, survey: Survey
) -> Iterator[str]:
    rows = schemas.builtin().resource_type(kind)
    for path, spec in wanted.items():
        actual = _selected(resource, path, rows)
        if isinstance(spec, str) and actual == spec.lower() and frame.lower_cased(kind, path, survey):
            actual = spec  # the survey has told of it, once
        reason = match(spec, actual)
        if reason:
            yield f"{key}: {path} {reason}"


def _selected(resource: dict[str, Any], path: str, rows: schemas.ResourceType) -> Any:
    """What a path means for a matcher: a whole multi-valued attribute is a list, also of one; nothing is ABSENT."""
    values = paths.select(resource, path, rows)
    parsed = paths.parse_path(path)
    attribute = rows.find(parsed.attr)
    if values and parsed.filter is None and attribute is not None and attribute.multi_valued:
        return values
    return (values if len(values) > 1 else values[0]) if values else ABSENT


def _members(key: str, resource: dict[str, Any], wanted: Sequence[str], new: Sights) -> Iterator[str]:
    items = resource.get("members")
    have = [str(item.get("value")) for item in (items if isinstance(items, list) else []) if isinstance(item, dict)]
    names = {sight.id: name for name, sight in new.items() if sight.id}
    ids = {new[name].id for name in wanted if name in new}
    if set(have) != ids:
        yield f"{key} has the members {_names(have, names)}; expected {', '.join(wanted) or 'none'}"
    elif len(have) != len(set(have)):
        yield f"{key} has a member twice: {_names(have, names)}"


def _changed(
    key: str, values: Mapping[str, Json], before: Sight | None, after: Sight, survey: Survey
) -> Iterator[str]:
    for miss in frame.missed(after.kind, True, values, None, before, after, survey):
        yield f"{key}: {miss.path} expected {miss.expected}, but {miss.actual} ({miss.where})"


def _unchanged(key: str, old: Sights, new: Sights) -> Iterator[str]:
    if key not in old or key not in new:
        if key in old:
            yield f"{key} is gone"
        return
    for miss in frame.disturbed(old[key], new[key], set()):
        yield f"{key} has changed: {miss.path} expected {miss.expected}, but {miss.actual}"


def _graded(case: CaseStarted, step: StepPlayed, shown: Exchange, outcome: Mapping[str, Any]) -> list[Finding]:
    status = _GRADES[outcome.get("grade", "pass")]
    if status is Status.PASS:
        return []
    because = str(outcome.get("because") or f"it answered {_status_words(outcome.get('status'))}")
    wanted = _wanted(step.expect[0])
    authority = _authority(case, outcome)
    return [_finding(case, step, shown, status, authority, "expect", [because], wanted, (shown.number,))]


def _inert(outcome: Mapping[str, Any], old: Sights, new: Sights) -> bool:
    """Whether a write that should have changed rows left every one of them exactly as it was."""
    keys = _about([outcome])
    return bool(keys) and all(acts.untouched(old.get(key), new.get(key)) for key in keys)


def _unmet(
    case: CaseStarted, step: StepPlayed, shown: Exchange, reasons: list[str], nearest: Mapping[str, Any], inert: bool
) -> Finding:
    allowed = (outcome for outcome in (nearest, *step.expect) if outcome.get("grade", "pass") == "pass")
    authority = _authority(case, next(allowed, {}))
    if shown.failure is not None:
        reasons = [shown.failure.detail]
    wanted = _wanted(step.expect[0])
    finding = _finding(case, step, shown, Status.FAIL, authority, "expect", reasons, wanted, (shown.number,))
    broken = acts.breakdown(shown)
    if broken and authority.startswith("rfc:"):  # it says nothing about what the probe asked
        title = f"{finding.operation} answered {shown.status}"
        return replace(finding, authority=f"rfc:{broken}", shape=f"status {shown.status}", title=title)
    if not inert:
        return finding
    title = f"{finding.operation} answered {shown.status} and changed nothing"
    return replace(finding, title=title, shape=NOTHING_CHANGED)


def _finding(
    case: CaseStarted, step: StepPlayed, shown: Exchange | None, status: Status, authority: str, check: str,
    reasons: Sequence[str], wanted: str, numbers: tuple[int, ...],
) -> Finding:
    where = acts.operation(shown) if shown is not None else "read back"
    title = f"{case.title}: not so" if status is Status.FAIL else case.title
    idp = str(step.ground.get("idp", ""))
    lets_down = bool(idp) and base(case.dialect) != "rfc"
    consequence = acts.BELIEFS.get(_area_act(case.area), "").format(idp=idp) if lets_down else ""
    return Finding(
        check, status, authority, where, case.scenario, case.case, case.dialect, step.step,
        title, wanted, "; ".join(reasons), Severity(case.severity),
        tuple(number for number in numbers if number), case.hurts, consequence,
    )


def _authority(case: CaseStarted, outcome: Mapping[str, Any]) -> str:
    """The outcome's own authority, else the scenario's first cite: of a promise, else of the RFC in ``rfc`` and of the
    IdP elsewhere.
    """
    dialect = base(case.dialect)
    own = f"idp:{dialect}:"
    family = f"idp:{dialect.partition('-')[0]}:"  # entra-flag's chapters are those of entra
    if outcome.get("authority"):
        given = str(outcome["authority"])
        return f"{own}{given.removeprefix(family)}" if given.startswith(family) else given
    order = (("rfc:",) if dialect == "rfc" else (own, family))
    for prefix in ("policy:", *order, "rfc:", "idp:"):
        for cite in case.cites:
            if cite.startswith(prefix):
                return f"{own}{cite.rsplit(':', 1)[1]}" if cite.startswith("idp:") else cite
    return "rfc:RFC7644-3.1-R01"


def _about(expect: Sequence[Mapping[str, Any]]) -> set[str]:
    keys: set[str] = set()
    for outcome in expect:
        checks = as_list(outcome.get("then"))
        keys |= {str(check.get("user") or check.get("group")) for check in checks}
    return keys


def _seen(sight: Sight) -> dict[str, Any] | None:
    readings = (sight.by_id, sight.by_filter, sight.in_list)
    return next((reading.resource for reading in readings if reading.resource is not None), None)


def _status_fits(spec: Any, status: int) -> bool:
    if spec is None:
        return True
    return any(str(item) in (str(status), f"{status // 100}xx") for item in as_list(spec))


def _status_words(spec: Any) -> str:
    return "any status" if spec is None else " or ".join(str(item) for item in as_list(spec))


def _wanted(outcome: Mapping[str, Any]) -> str:
    parts = [_status_words(outcome.get("status"))]
    parts += [f"within {outcome['within']:g} s"] if "within" in outcome else []
    parts += [f"{outcome['rate']:g} a second"] if "rate" in outcome else []
    if "scimType" in outcome:
        parts.append(f"scimType {' or '.join(map(str, as_list(outcome['scimType'])))}")
    asked = {**outcome.get("headers", {}), **outcome.get("body", {})}
    parts += [f"{name} {show(spec)}" for name, spec in asked.items()]
    parts += _then_words(as_list(outcome.get("then")))
    if "unchanged" in outcome:
        parts.append(f"{', '.join(map(str, as_list(outcome['unchanged'])))} unchanged")
    return "; ".join(parts)


def _then_words(checks: Sequence[Mapping[str, Any]]) -> list[str]:
    return [f"then {check.get('user') or check.get('group')} {_check_words(check)}" for check in checks]


def _check_words(check: Mapping[str, Any]) -> str:
    """``found by id and filter; active false``: what a check asks, for a human."""
    parts = []
    for name, words in (("found_by", "found by"), ("absent_by", "not found by")):
        if name in check:
            parts.append(f"{words} {' and '.join(check[name])}")
    for name, words in (("has", "with"), ("changed", "changed to")):
        if name in check:
            parts.append(f"{words} {', '.join(f'{path} {show(value)}' for path, value in check[name].items())}")
    if "members" in check:
        parts.append(f"with the members {', '.join(check['members']) or 'none'}")
    return ", ".join(parts)


def _area_act(area: str) -> str:
    return {"deactivation": "deactivate", "groups": "set_members", "patch": "update", "put": "update",
            "create": "assign", "delete": "delete", "connect": "connect"}.get(area, "")


def _names(ids: Sequence[str], names: Mapping[str, str]) -> str:
    return ", ".join(names.get(identifier, identifier) for identifier in ids) or "none"


def as_list(value: Any) -> list[Any]:
    """The one thing or the several that stand at a place where either may stand."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]
