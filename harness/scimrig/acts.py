"""Judges an act: did the IdP get its way, and does the target now hold what the act was meant to leave?

Two grades of authority. In the dialect ``rfc`` a miss breaks a requirement and takes that requirement's level. In any
other dialect it is the IdP that is let down (``idp:okta:5``): a fail where everything in play is documented or
observed, a warn where one knob is inferred. A 2xx without its effect, or with loss, is a fail everywhere.

Pure: evidence in, findings out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from scimrig import frame, requirements
from scimrig.evidence import CaseStarted, Exchange, Observed, Sight, StepPlayed
from scimrig.frame import Miss
from scimrig.survey import Survey
from scimrig.verdicts import NOTHING_CHANGED, Finding, Severity, Status
from scimrig_simulator.idp import base
from scimrig_simulator.scim import paths, schemas
from scimrig_simulator.wire import FailureKind, decode_json

_PATCHED = "RFC7644-3.5.2.3-R02"
_REPLACED = "RFC7644-3.5.1-R02"
_STATE = "RFC7644-3.1-R01"
_CREATED = "RFC7644-3.3-R12"
_PAGED = "RFC7644-3.4.2-R08"
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})

_SERVER_ERROR = "RFC7644-3.12-R22"
_UNIMPLEMENTED = {"PATCH": "RFC7644-3.5-R03", "PUT": "RFC7644-3.5-R01", "DELETE": "RFC7644-3.6-R01"}
"""Method → the requirement that 501 breaks on a target that offers the method at all."""

_RULED = {"externalId": "RFC7643-3.1-R09", "active": "RFC7643-4.1.1-R07", "userName": "RFC7643-4.1.1-R01"}
"""Attributes that the RFC itself says are kept as a client sets them."""

REFUSED = {
    "connect": "RFC7644-3.4.2-R02",
    "assign": "RFC7644-3.3-R03",
    "push_group": "RFC7644-3.3-R03",
    "delete": "RFC7644-3.6-R01",
    "delete_group": "RFC7644-3.6-R01",
    "set_members": "RFC7644-3.5.2.1-R04",
    "import_users": "RFC7644-3.4.2-R08",
}
"""Act → the requirement that a refusal breaks in the ``rfc`` dialect; other acts by their verb (PATCH or PUT)."""

BELIEFS = {
    "connect": "{idp} cannot be connected, and no user of this customer is ever provisioned.",
    "assign": "{idp} counts the user as provisioned and sends nothing more until the profile changes.",
    "update": "{idp} counts the change as delivered; the two sides drift apart until somebody notices.",
    "rename": "{idp} counts the new name as delivered; look-ups by it find nobody, and may end in a second account.",
    "deactivate": "{idp} shows the user as deprovisioned. Access stays open, and nobody looks again.",
    "unassign": "{idp} no longer follows the user. The access stays open, and nobody looks again.",
    "reactivate": "{idp} counts the user as restored; the user cannot get in.",
    "delete": "{idp} forgets the user. The account stays, and no one will ever remove it.",
    "push_group": "{idp} counts the group as pushed and goes on to send members to it.",
    "set_members": "{idp} counts the membership as delivered; people keep access they lost, or lack what they got.",
    "rename_group": "{idp} counts the new name as delivered; whoever looks the group up by it finds none.",
    "delete_group": "{idp} forgets the group. It stays, with everything its members may do.",
    "import_users": "{idp} works with an incomplete list of who is there.",
    "cycle": "{idp} tries again in its next cycle, and goes into quarantine where too much fails.",
}

_ERRORS = frozenset(
    {FailureKind.REFUSED, FailureKind.UNRESOLVED, FailureKind.RESET, FailureKind.TIMEOUT, FailureKind.NOT_HTTP,
     FailureKind.TLS}
)


class Undecidable(Exception):
    """The network or the credentials failed: neither the target's fault nor a verdict."""


def judge_act(
    case: CaseStarted, step: StepPlayed, sent: Sequence[Exchange], before: Observed, after: Observed, survey: Survey
) -> list[Finding]:
    """Findings about one act. ``sent``: its exchanges in order. Raises Undecidable."""
    finder = Finder(case, step, sent)
    if step.outcome is not None and not step.outcome["ok"]:
        return [finder.refusal()]
    if step.act in ("cycle", "import_users"):
        return finder.idle(survey) if step.act == "cycle" else finder.overlooked()
    intent = step.intent
    if intent is None or not step.subject:
        return []
    old = {sight.key: sight for sight in before.sights}
    new = {sight.key: sight for sight in after.sights}
    misses: list[Miss] = []
    if step.subject in new:
        misses += frame.missed(
            intent["kind"], intent["exists"], intent["values"], intent["members"],
            old.get(step.subject), new[step.subject], survey, whole=intent.get("whole", False),
        )
    gone = {sight.id for sight in after.sights if sight.key == step.subject and not intent["exists"]}
    findings = finder.from_misses(misses, old.get(step.subject), new.get(step.subject))
    return findings + strangers(finder, old, new, {step.subject}, gone)


def strangers(
    finder: Finder, old: dict[str, Sight], new: dict[str, Sight], about: set[str], gone: set[str]
) -> list[Finding]:
    """Findings about rows that the step was not about: the case's other subjects, and the bystanders."""
    findings = []
    for key, sight in new.items():
        if key in about or key not in old:
            continue
        misses = frame.disturbed(old[key], sight, gone)
        if misses:
            findings.append(finder.made("frame/bystander", misses, f"{key}, whom the act was not about, has changed"))
    return findings


class Finder:
    """Makes findings about one step: fills in authority, operation, exchanges and consequence."""

    def __init__(self, case: CaseStarted, step: StepPlayed, sent: Sequence[Exchange]) -> None:
        self.case, self.step = case, step
        self.sent = [exchange for exchange in sent if exchange.by in ("idp", "probe")]
        writes = [exchange for exchange in self.sent if exchange.method in _WRITES]
        candidates = writes or self.sent or list(sent)
        self.telling = candidates[-1] if candidates else None
        self.operation = operation(self.telling) if self.telling else step.act

    def refusing(self) -> Exchange | None:
        """The exchange by which the act failed. Raises Undecidable where that says nothing about the target."""
        bad = next((e for e in reversed(self.sent) if e.failure is not None or not e.ok), self.telling)
        if bad is not None and bad.failure is not None and bad.failure.kind in _ERRORS:
            raise Undecidable(f"{bad.method} {bad.path}: {bad.failure.detail}")
        if bad is not None and bad.status == 401:
            raise Undecidable(f"{bad.method} {bad.path} answered 401: the credentials stopped working mid-run")
        return bad

    def refusal(self) -> Finding:
        """The IdP says that its act failed."""
        bad = self.refusing()
        outcome = self.step.outcome or {}
        if bad is not None and bad.failure is not None:  # held back
            return self.finding(
                "frame/foreign-row", Status.FAIL, self._authority("RFC7644-3.4.2.2-R01"), "a stranger's row",
                f"a look-up answered with a row that is not the one asked for; {self.idp} would now overwrite it",
                "no row, or the one that was asked for", bad.failure.detail, bad, str(outcome.get("words", "")),
            )
        answer = f"answered {reason(bad)}" if bad is not None else "was not accepted"
        where = operation(bad) if bad is not None else self.operation
        authority = self._authority(self._refused(bad))
        return self.finding(
            "outcome", self._grade(authority), authority, _signature(bad) or str(outcome.get("state", "")),
            f"{self.step.act.replace('_', ' ')} fails: {where} {answer}",
            f"{self.step.act.replace('_', ' ')} succeeds", str(outcome.get("words") or outcome.get("state")),
            bad, str(outcome.get("words", "")),
        )

    def idle(self, survey: Survey) -> list[Finding]:
        """A pass over a directory that has not changed since the one before it writes nothing, but for what the target
        never keeps, or never keeps as it was sent: the survey has told that once.
        """
        writes = [exchange for exchange in self.sent if exchange.method in _WRITES and _settled_by(exchange, survey)]
        if not self.step.seen.get("again") or not writes:
            return []
        first = writes[0]
        what = f"{len(writes)} {'write' if len(writes) == 1 else 'writes'}, first {operation(first)}"
        return [self.finding(
            "cycle/writes", Status.FAIL, self._authority(_STATE), "writes again",
            f"the second cycle over the same directory still writes: {what}",
            "nothing, since the target holds what the first one brought", what, first, "",
            "{idp} reads back something else than it sent, so it sends the same change again in every cycle.",
        )]

    def overlooked(self) -> list[Finding]:
        """An import reads everybody who is there."""
        missed = self.step.seen.get("missed") or []
        if not missed:
            return []
        authority = self._authority(_PAGED)
        walked = next((exchange for exchange in reversed(self.sent) if "/Users" in exchange.path), None)
        return [self.finding(
            "import/missed", self._grade(authority), authority, "a row left out",
            f"the import has read the list of users to its end without meeting {' and '.join(missed)}",
            "every user, each on some page", f"without {', '.join(missed)}", walked or self.telling, "",
            "{idp} takes whoever is missing from an import for deleted, and may take the app away from them.",
        )]

    def from_misses(self, misses: list[Miss], before: Sight | None, after: Sight | None) -> list[Finding]:
        """One finding for each kind of miss, the telling words of the first in its title."""
        findings = []
        status = self.telling.status if self.telling else 0
        for kind in ("effect", "loss", "extra", "found", "stale"):
            of_kind = [miss for miss in misses if miss.kind == kind]
            if not of_kind:
                continue
            first = of_kind[0]
            title = {
                "effect": f"{self.operation} answered {status}, yet {first.path} is {first.actual}",
                "loss": f"{self.operation} answered {status} and also touched {first.path}: {first.actual}",
                "extra": f"{self.operation} answered {status} and added to {first.path}: {first.actual}",
                "found": f"after {self.operation} answered {status}, a look-up {first.where} says: {first.actual}",
                "stale": f"after {self.operation}, a look-up {first.where} still shows {first.path} as {first.actual}",
            }[kind]
            if kind == "effect" and untouched(before, after):
                title = f"{self.operation} answered {status} and changed nothing"
            if kind == "effect" and self._create and after is not None:
                findings.append(self._not_kept(of_kind, title, after))
            else:
                findings.append(self.made(f"frame/{kind}", of_kind, title, untouched(before, after)))
        return findings

    def _not_kept(self, misses: list[Miss], title: str, after: Sight) -> Finding:
        """A create that lost something. No dialect but ``rfc`` forgives it.

        RFC 7644 §3.3 leaves a server free to alter or ignore what is posted if its answer shows what it made of it.
        """
        ruled = next((_RULED[miss.path] for miss in misses if miss.path in _RULED), "")
        told = self._answer_shows(after, [miss.path for miss in misses])
        requirement = ruled or (_CREATED if told else _STATE)
        finding = self.made("frame/effect", misses, title)
        return replace(finding, authority=self._authority(requirement), status=self._kept_grade(requirement))

    def _kept_grade(self, requirement: str) -> Status:
        return requirements.get(requirement).status if base(self.case.dialect) == "rfc" else Status.FAIL

    def _answer_shows(self, after: Sight, about: Sequence[str]) -> bool:
        """Whether the answer to a create shows the same as a later look, or nothing at all."""
        try:
            answer = self.telling.reply_json() if self.telling is not None else None
        except ValueError:
            return True
        held = after.by_id.resource
        if not isinstance(answer, dict) or held is None:
            return True
        rows = schemas.builtin().resource_type(after.kind)
        return all(paths.select(answer, path, rows) == paths.select(held, path, rows) for path in about)

    @property
    def _create(self) -> bool:
        return self.step.act in ("assign", "push_group") and self.telling is not None and self.telling.method == "POST"

    def made(self, check: str, misses: list[Miss], title: str, untouched: bool = False) -> Finding:
        """A finding from misses of one kind: always a fail, since the target said yes."""
        first = misses[0]
        shape = NOTHING_CHANGED if untouched and check == "frame/effect" else f"{first.path} {first.where}".strip()
        expected = "; ".join(dict.fromkeys(f"{miss.path} {miss.expected}".strip() for miss in misses))
        actual = "; ".join(dict.fromkeys(f"{miss.path} {miss.actual} ({miss.where})".strip() for miss in misses))
        authority = self._authority(self._requirement(check, first))
        return self.finding(check, Status.FAIL, authority, shape, title, expected, actual, self.telling, "")

    @property
    def idp(self) -> str:
        return str(self.step.ground.get("idp", "the IdP"))

    def finding(
        self, check: str, status: Status, authority: str, shape: str, title: str, expected: str, actual: str,
        shown: Exchange | None, words: str, consequence: str = "",
    ) -> Finding:
        """A finding about this step. ``words``: what the IdP's admin reads; ``consequence``: what else comes of it."""
        numbers = [shown.number] if shown is not None else []
        numbers += [number for number in self.step.exchanges if number not in numbers]
        inferred = ", ".join(self.step.ground.get("inferred", ()))
        means = str((self.step.outcome or {}).get("means", ""))
        believed = consequence or means or ("" if words else BELIEFS.get(self.step.act, ""))
        stop = "" if not believed or words.endswith(".") else "."
        told = f"{self.idp}: {words}{stop} " if words else ""
        consequence = told + believed.replace("{idp}", self.idp)
        if inferred and status is Status.WARN:
            consequence += f" (Inferred, not documented: {inferred}.)"
        return Finding(
            check, status, authority, operation(shown) if shown is not None else self.operation, shape,
            self.case.case, self.case.dialect, self.step.step, title, expected, actual,
            Severity(self.case.severity), tuple(numbers), self.case.hurts, consequence.strip(),
        )

    def _refused(self, bad: Exchange | None) -> str:
        """The requirement that a refusal breaks: that of the act, where the act's own kind of request was refused."""
        if bad is not None and bad.status == 501 and bad.method in _UNIMPLEMENTED:
            return _UNIMPLEMENTED[bad.method]
        if bad is not None and bad.method in ("PATCH", "PUT") and self.step.act in ("assign", "push_group"):
            return self._verb_requirement()
        return REFUSED.get(self.step.act, self._verb_requirement())

    def _authority(self, requirement: str) -> str:
        dialect = base(self.case.dialect)
        if dialect == "rfc":
            return f"rfc:{requirement}"
        return f"idp:{dialect}:{self.step.ground.get('chapter', 4)}"

    def _grade(self, authority: str) -> Status:
        if authority.startswith("rfc:"):
            return requirements.get(authority[4:]).status
        return Status.WARN if self.step.ground.get("inferred") else Status.FAIL

    def _verb_requirement(self) -> str:
        return _REPLACED if self.telling is not None and self.telling.method == "PUT" else _PATCHED

    def _requirement(self, check: str, miss: Miss) -> str:
        if check in ("frame/found", "frame/stale") and self.step.act == "delete":
            return "RFC7644-3.6-R02" if miss.where == "by id" else "RFC7644-3.6-R03"
        if check in ("frame/found", "frame/stale"):
            ways = {"by id": "RFC7644-3.4.1-R01", "by filter": "RFC7644-3.4.2.2-R01"}
            return ways.get(miss.where, "RFC7644-3.4.2-R08")
        if check == "frame/effect" and miss.path == "externalId":
            return _RULED[miss.path]
        if check == "frame/effect" and miss.path == "members":
            return "RFC7644-3.5.2.2-R04" if miss.expected.startswith("not ") else "RFC7644-3.5.2.1-R04"
        if check == "frame/loss" and self._verb_requirement() == _PATCHED:
            return "RFC7644-3.5.2.3-R01"
        return self._verb_requirement()


def _settled_by(exchange: Exchange, survey: Survey) -> bool:
    """Whether a write is about something that a target like this keeps as it is sent."""
    paths_sent = list(_patched_paths(exchange))
    return not paths_sent or any(
        frame.judged(path, survey) and path not in survey.normalised for path in paths_sent
    )


def _patched_paths(exchange: Exchange) -> Iterator[str]:
    """The paths that a PATCH names, by ``path`` or as members of a value without one."""
    try:
        body = decode_json(exchange.request_body or "")
    except ValueError:
        return
    operations = body.get("Operations") if isinstance(body, dict) else None
    for operation in operations if isinstance(operations, list) else ():
        if isinstance(operation, dict) and isinstance(operation.get("path"), str):
            yield operation["path"]
        elif isinstance(operation, dict) and isinstance(operation.get("value"), dict):
            yield from operation["value"]


def breakdown(exchange: Exchange) -> str:
    """The requirement that an answer of 5xx breaks whatever was asked, "" for any other answer."""
    if exchange.status == 501:
        return _UNIMPLEMENTED.get(exchange.method, "")
    return _SERVER_ERROR if exchange.status >= 500 else ""


def operation(exchange: Exchange) -> str:
    """``PATCH /Users/{id}``: what an exchange does, ids left out."""
    parts = urlsplit(exchange.path).path.strip("/").split("/")
    row = next((place for place, part in enumerate(parts) if part.lower() in ("users", "groups")), len(parts)) + 1
    if row < len(parts) and parts[row] != ".search" and (row == 1 or exchange.elsewhere):
        parts[row] = "{id}"
    looked_up = "?filter=…" if "filter=" in exchange.query else ""
    return f"{exchange.method} /{'/'.join(parts)}{looked_up}"


def reason(exchange: Exchange) -> str:
    body = error_body(exchange)
    words = " ".join(str(body[name]) for name in ("scimType", "detail") if body.get(name))
    return f"{exchange.status} ({words})" if words else str(exchange.status)


def _signature(exchange: Exchange | None) -> str:
    """What two refusals have in common when they are one defect: status, keyword, detail without its variable parts."""
    if exchange is None:
        return ""
    body = error_body(exchange)
    detail = re.sub(r"'[^']*'|\"[^\"]*\"|[0-9a-f-]{8,}|\S*\d\S*", "…", str(body.get("detail", "")), flags=re.IGNORECASE)
    return " ".join(part for part in (str(exchange.status), str(body.get("scimType") or ""), detail[:80]) if part)


def error_body(exchange: Exchange) -> dict[str, object]:
    try:
        body = exchange.reply_json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def untouched(before: Sight | None, after: Sight | None) -> bool:
    if before is None or after is None or before.by_id.resource is None or after.by_id.resource is None:
        return False
    first, second = dict(before.by_id.resource), dict(after.by_id.resource)
    first.pop("meta", None)
    second.pop("meta", None)
    return first == second
