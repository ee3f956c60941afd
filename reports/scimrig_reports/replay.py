"""Scripts that play a failing case again with sh and curl, so that anybody can see the defect without scimrig.

A script sends what the run sent, in order, header for header, on fresh rows: the run's prefix becomes a new one, ids
come from the answers. Of the observer's reads it has those after the step that went wrong. Of the calls that the target
file declares it has those that set something up, but for webhooks: nobody would listen. What it made is deleted at the
end.

Rule: no secret is in a script. Tokens come from ``$SCIMRIG_TOKEN``, ``$SCIMRIG_HOOKS_TOKEN`` and
``$SCIMRIG_SECOND_TOKEN`` (of another tenant) and reach curl in a file, not as an argument.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from scimrig.addresses import origin
from scimrig.evidence import REDACTED, Exchange
from scimrig.hooks import RUN
from scimrig.verdicts import Finding, RunResult, Status
from scimrig_reports import replay_webhooks, shell
from scimrig_reports.captures import Capture, captures, created, mark, mentions, rewritten
from scimrig_reports.finding import SURVEY, TWINS, ReadBacks, embedded

_SHOWN = frozenset({Status.FAIL, Status.WARN})
_PLAYED = frozenset({"idp", "probe", "survey"})
_CURL_ADDS = ("User-Agent", "Accept")


def scripts(result: RunResult, directory: Path) -> dict[str, Path]:
    """Write a script for every case with a fail or a warning; case → path. Raises OSError."""
    records = _Records.of(result)
    paths: dict[str, Path] = {}
    for case, findings in _by_case(result).items():
        text = _script(result, records, case, findings)
        if text:
            directory.mkdir(parents=True, exist_ok=True)
            paths[case] = directory / file_name(case)
            paths[case].write_bytes(text.encode("utf-8", "surrogatepass"))
    return paths


def written(result: RunResult, directory: Path) -> dict[str, Path]:
    """The scripts that are there already; case → path."""
    paths = {case: directory / file_name(case) for case in _by_case(result)}
    return {case: path for case, path in paths.items() if path.is_file()}


def file_name(case: str) -> str:
    """``lifecycle-leaver-okta-5d1c9a.sh``: readable, safe everywhere, and no two cases share one."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", case).strip("-")[:80] or "survey"
    return f"{slug}-{hashlib.sha256(case.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}.sh"


@dataclass(frozen=True, slots=True)
class _Records:
    """A run's exchanges by case, in order, and what was done outside every case.

    kept:   rows that the keeper made (bystanders), by id
    set_up: declared calls that made the target ready for the run
    """

    by_case: dict[str, list[Exchange]]
    kept: tuple[tuple[str, Exchange], ...]
    set_up: tuple[Exchange, ...]
    reads: ReadBacks

    @classmethod
    def of(cls, result: RunResult) -> _Records:
        by_case: dict[str, list[Exchange]] = {}
        kept: list[tuple[str, Exchange]] = []
        set_up: list[Exchange] = []
        cases = {case.case for case in result.cases}
        for number in sorted(result.exchanges):
            exchange = result.exchanges[number]
            by_case.setdefault(exchange.case, []).append(exchange)
            if exchange.by == "keeper" and exchange.case not in cases and created(exchange):
                kept.append((created(exchange), exchange))
            if exchange.case not in cases and _sets_up(exchange):
                set_up.append(exchange)
        return cls(by_case, tuple(kept), tuple(set_up), ReadBacks(result))

    def played(self, case: str, shown: set[int], twins: Sequence[str] = ()) -> list[Exchange]:
        """What a script sends again: all but the observer's reads and the final clearing away, and what that needs.

        twins: cases that are played along, since a finding is about what they have left, too
        """
        names = SURVEY if case in SURVEY else (case, *twins)
        whole = sorted((e for name in names for e in self.by_case.get(name, [])), key=_number)
        end = max((exchange.number for exchange in whole if exchange.by not in ("keeper", "hook")), default=0)
        own = [e for e in whole if e.number in shown or _plays(e, end)]
        found = {e.number: e for e in (*self.set_up, *own) if own and e.number <= own[-1].number}
        own = sorted(found.values(), key=_number)
        while own and (more := [e for e in self._lenders(own) if e.number not in found]):
            found |= {exchange.number: exchange for exchange in more}
            own = sorted(found.values(), key=_number)
        return own

    def _lenders(self, own: Sequence[Exchange]) -> Iterable[Exchange]:
        """Creates outside the case of rows that its requests speak of."""
        made = {created(exchange) for exchange in own}
        text = "".join(f"{e.path} {e.query} {e.request_body or ''} " for e in own)
        lenders: dict[str, Exchange] = {}
        for value, create in self.kept:
            if create.number < own[-1].number and value not in made and unquote(value) in unquote(text):
                lenders[value] = create  # the latest one: an id may come back
        return [e for value, e in lenders.items() if any(mentions(request, value) for request in own)]


def _plays(exchange: Exchange, end: int) -> bool:
    """Whether a case is not itself without an exchange; ``end``: number of the last one that is about SCIM."""
    if exchange.by in ("keeper", "hook"):
        return exchange.number < end and (exchange.by == "keeper" or _sets_up(exchange))
    return exchange.by in _PLAYED


def _sets_up(exchange: Exchange) -> bool:
    """A declared call that changes something; where webhooks go is nobody's business but the run's.

    A command is not run again: a script is for anybody, and so has nothing that is not plain HTTP.
    """
    changes = exchange.by == "hook" and exchange.method not in ("GET", RUN)
    return changes and not exchange.purpose.startswith("webhooks.")


def _number(exchange: Exchange) -> int:
    return exchange.number


def _by_case(result: RunResult) -> dict[str, list[Finding]]:
    cases: dict[str, list[Finding]] = {}
    for finding in result.findings:
        if finding.status in _SHOWN:
            cases.setdefault(finding.case, []).append(finding)
    return cases


def _script(result: RunResult, records: _Records, case: str, findings: Sequence[Finding]) -> str:
    """The script of one case, "" where nothing of it is on record."""
    if result.started.command == "consumer":
        return replay_webhooks.script(result, case, findings)
    shown = {number for finding in findings for number in finding.exchanges}
    shown |= {exchange.number for finding in findings for exchange in records.reads.after(finding)}
    compared = [number for finding in findings if finding.check in TWINS for number in finding.exchanges]
    cases = {result.exchanges[number].case for number in compared if number in result.exchanges}
    played = records.played(case, shown, sorted(cases - {case}))
    if not played:
        return ""
    tokens = {
        _token(e, result) for e in played for name, value in e.request_headers
        if _authorizes(name) and _is_ours(e, value)
    }
    words = _words(result)
    found = captures(played)
    lines = [*_opening(result, case, findings, len(played)), *_settings(result, tokens), "", _prologue()]
    known: list[Capture] = []
    for exchange in played:
        marked = rewritten(_without_nul(exchange), known, _home(result) | words if exchange.elsewhere else words)
        lines += ["", *_call(marked, exchange, result)]
        for capture in found:
            if capture.exchange == exchange.number:
                lines.append(f"keep {capture.variable} {capture.where}")
                known.append(capture)
    return "\n".join(lines) + "\n"


def _opening(result: RunResult, case: str, findings: Sequence[Finding], calls: int) -> Iterator[str]:
    yield "#!/bin/sh"
    what = "the survey" if case in SURVEY else case
    yield shell.comment(f"Plays {what} again, as run {result.started.run} of scimrig did: {calls} requests.")
    for title in dict.fromkeys(finding.title for finding in findings):
        yield shell.comment(f"  shows: {title}")
    if any(finding.check.startswith("webhook/") for finding in findings):
        yield "# It receives no webhooks: those that its requests cause go wherever the server sends them."
    yield "#"
    yield "# Usage: SCIMRIG_TOKEN=... sh THIS-FILE " + ("BASE-URL" if embedded(result) else "[BASE-URL]")
    yield "#   SCIMRIG_PREFIX=...  what every name begins with (a fresh one each time by default)"
    yield "#   SCIMRIG_KEEP=1      leave the rows it made on the target"
    yield "set -u"


def _settings(result: RunResult, tokens: set[str]) -> Iterator[str]:
    if embedded(result):
        options = result.started.target.partition(":")[2].replace("=", " ")
        serve = f"scimrig serve --{options}" if options else "scimrig serve"
        if any(exchange.by == "hook" for exchange in result.exchanges.values()):
            serve += " --policy scalekit"  # the only preset with anything to call beside SCIM
        yield f"base=${{1:?say the base URL; the server of this run was built in, start one like it: {_inside(serve)}}}"
    else:
        yield f"base=${{1-}}\n[ -n \"$base\" ] || base={shell.word(_without_user(result.started.base_url))}"
    yield "base=${base%/}"
    yield "origin=$(printf %s \"$base\" | sed 's|^\\([a-z]*://[^/]*\\).*|\\1|')"
    yield "bearer=${SCIMRIG_TOKEN-}"
    if "token" in tokens:
        yield ': "${SCIMRIG_TOKEN:?put the bearer token for the target into SCIMRIG_TOKEN}"'
    if "hooks_token" in tokens:
        yield ': "${SCIMRIG_HOOKS_TOKEN:?put the bearer token for the declared calls into SCIMRIG_HOOKS_TOKEN}"'
    if "second_token" in tokens:
        yield ': "${SCIMRIG_SECOND_TOKEN:?put a bearer token of the second tenant into SCIMRIG_SECOND_TOKEN}"'
    yield "prefix=${SCIMRIG_PREFIX:-replay$(date +%s)$$-}"
    yield "prefix_lower=$(printf %s \"$prefix\" | tr '[:upper:]' '[:lower:]')"
    yield "prefix_upper=$(printf %s \"$prefix\" | tr '[:lower:]' '[:upper:]')"


def _inside(text: str) -> str:
    """Text that stands inside ``${…}``."""
    return re.sub(r"[^A-Za-z0-9 ._:/@=-]", "_", text)


def _without_user(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _home(result: RunResult) -> dict[str, str]:
    """The target's own origin, which a declared call names in whole."""
    return {origin(result.started.base_url): "origin"} if result.started.base_url else {}


def _words(result: RunResult) -> dict[str, str]:
    """Texts that differ in each replay → the variable that stands for them."""
    prefix, base = result.started.prefix, result.started.base_url.rstrip("/")
    words = {base: "base"} if base else {}
    if prefix:
        words |= {prefix.upper(): "prefix_upper", prefix.lower(): "prefix_lower", prefix: "prefix"}
    return words


def _without_nul(exchange: Exchange) -> Exchange:
    body = exchange.request_body
    return replace(exchange, request_body=body and body.replace("\x00", ""))


def _call(marked: Exchange, exchange: Exchange, result: RunResult) -> Iterator[str]:
    step = f" (step {exchange.step})" if exchange.step else ""
    yield shell.comment(f"{exchange.number}. {exchange.by}{step}: {exchange.purpose}")
    if "\x00" in (exchange.request_body or ""):
        yield "# The body held NUL, which no shell script can carry: it is left out here."
    before = str(exchange.status) if exchange.failure is None else exchange.failure.kind.value
    target = f"{marked.path}?{marked.query}" if marked.query else marked.path
    options = [f"-H {option}" for option in _headers(marked, exchange, result)]
    if any(name.lower() == "accept-encoding" for name, _ in exchange.request_headers):
        options.append("--compressed")
    head = f"call {shell.word(exchange.method)} {shell.word(target)} {before}"
    if marked.request_body is None:
        yield " \\\n  ".join([head, *options])
    else:
        redirection, body = shell.here_document(marked.request_body)
        yield " \\\n  ".join([head, *options, f"--data-binary @- {redirection}"])
        yield body


def _headers(marked: Exchange, exchange: Exchange, result: RunResult) -> Iterator[str]:
    """The header block as words for ``-H``; those that curl would add by itself are taken out where none was sent."""
    names = {name.lower() for name, _ in exchange.request_headers}
    home = urlsplit(result.started.base_url).netloc.rpartition("@")[2]
    for name, value in marked.request_headers:
        if name.lower() == "content-length" or (name.lower() == "host" and value == home):
            continue
        if _authorizes(name) and _is_ours(exchange, value):
            odd = REDACTED in value and value not in (REDACTED, f"Bearer {REDACTED}")
            whole = f'"@${_token(exchange, result)}"'
            yield shell.word(f"{name}: {value.replace(REDACTED, mark('bearer'))}") if odd else whole
        else:
            yield shell.word(f"{name}: {value}" if value else f"{name};")
    added: Iterable[str] = _CURL_ADDS if marked.request_body is None else (*_CURL_ADDS, "Content-Type", "Expect")
    for name in added:
        if name.lower() not in names:
            yield shell.word(f"{name}:")


def _token(exchange: Exchange, result: RunResult) -> str:
    """The variable with the token that a request carries: declared calls may have their own, another tenant has."""
    if exchange.by != "hook" and exchange.elsewhere:
        return "second_token"
    hooks = result.started.declared.get("hooks", {})
    own = exchange.by == "hook" and "token" in hooks and not embedded(result)
    base = hooks.get("base_url", result.started.base_url)
    return "hooks_token" if own and origin(exchange.path) == origin(base) else "token"


def _authorizes(name: str) -> bool:
    return name.lower() == "authorization"


def _is_ours(exchange: Exchange, value: str) -> bool:
    """True where the token belongs. A scenario's own bytes may hold another on purpose; nobody else's do."""
    return REDACTED in value or (exchange.by != "probe" and bool(value))


def _prologue() -> str:
    return resources.files("scimrig_reports").joinpath("prologue.sh").read_text(encoding="utf-8").rstrip("\n")
