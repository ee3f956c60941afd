"""The page of ``scimrig act``: what the IdP sends and gets, as it happens; then what it makes of it, and what is true.

Rule: it prints what it is given. What was asked for, what became of it and what that means are decided elsewhere.
"""

from __future__ import annotations

from typing import TextIO

from scimrig.acting.compared import Compared
from scimrig.acting.played import Played
from scimrig.evidence import Exchange, Sight
from scimrig.verdicts import Finding, Status
from scimrig_reports import marks, transcript
from scimrig_reports.authority import clause
from scimrig_reports.terminal import Style, Terminal

_BODY_LINES = 48
"""Lines of a body that are shown without --verbose."""
_LABEL = 40
_FEW = 3
"""Attributes that are shown where an act has changed none."""
_SAID = {
    "created": "created, and linked to",
    "linked": "found on the target, and linked to",
    "updated": "updated",
    "unchanged": "nothing left to do, so nothing was sent",
}
_DONE = {"deactivate": "deactivated", "reactivate": "reactivated", "delete": "deleted"}
_ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"


class ActPage:
    """Prints on ``stream``. ``verbose``: every header, whole bodies, and the requests that read the state back."""

    def __init__(self, stream: TextIO, color: bool, verbose: bool) -> None:
        self._terminal = Terminal(stream, color)
        self._verbose = verbose
        self._shown = 0

    def begins(self, what: str, target: str) -> None:
        """The headline: who does what to whom, and where."""
        self._terminal.prose(what, style=Style.BOLD)
        self._terminal.line(target, Style.FAINT)

    def exchange(self, exchange: Exchange) -> None:
        """One request and its answer, as soon as they are known; our own reads only where they were asked for."""
        if exchange.by != "idp" and not self._verbose:
            return
        terminal = self._terminal
        self._shown += 1
        limit = None if self._verbose else _BODY_LINES
        terminal.line()
        who = "" if exchange.by == "idp" else f" (by the {exchange.by}, not by the IdP)"
        terminal.prose(f"{exchange.purpose}{who}", label=f"{self._shown}. ")
        for line in transcript.sent(exchange, limit, every_header=self._verbose):
            terminal.verbatim(line, "   > ")
        for line in transcript.answered(exchange, limit, every_header=self._verbose):
            terminal.verbatim(line, "   < ")
        terminal.stream.flush()

    def waits(self, seconds: float) -> None:
        """The IdP waits before it goes on."""
        self._terminal.line()
        self._terminal.line(f"   … waits {seconds:g} s", Style.FAINT)
        self._terminal.stream.flush()

    def ends(self, played: Played, made: str, clear: str) -> None:
        """How it ended. ``made``: what acts have made on this target so far, "" for nothing; ``clear`` clears it."""
        terminal = self._terminal
        terminal.line()
        believes = " believes" if played.outcome.ok and played.after is not None else ""
        terminal.prose(_in_its_words(played), label=f"{played.idp}{believes}: ", style=Style.BOLD)
        for note in played.notes:
            terminal.prose(note, label=marks.label(terminal, marks.WORTH))
        self._read_back(played)
        for finding in played.verdict.findings:
            self._finding(finding, played)
        self._besides(played)
        terminal.line()
        if made:
            terminal.line(f"made here so far: {made}; to clear it away: {clear}", Style.FAINT)
        word, style, meaning = _ending(played)
        terminal.painted((word, style), (f" · {meaning}", None))
        terminal.stream.flush()

    def _read_back(self, played: Played) -> None:
        if played.after is None or played.intent is None:
            return
        terminal = self._terminal
        terminal.line()
        refused = played.intent.fate == "refused"
        terminal.prose("What a sound server holds now, and what the target shows:" if not refused else
                       "The target promises to refuse this, so that nothing may have changed:")
        shown = [line for line in played.compared if self._verbose or line.changed or line.state == "wrong"]
        shown = [line for line in shown or played.compared[:_FEW] if line.state != "not-kept"]
        width = min(max((len(_named(line.path)) for line in shown), default=0), _LABEL)
        for line in shown:
            self._line(line, width)
        rest = sum(line.state == "as-it-should" for line in played.compared if line not in shown)
        if rest:
            what = "1 more as it should be" if rest == 1 else f"{rest} more as they should be"
            terminal.prose(what, label=marks.label(terminal, marks.FINE))
        self._found(played.after, played)
        unkept = dict.fromkeys(_top(line.path) for line in played.compared if line.state == "not-kept")
        if unkept:
            text = f"not kept by this target, and not judged: {', '.join(unkept)}"
            terminal.prose(text, label=marks.label(terminal, marks.WORTH))

    def _line(self, line: Compared, width: int) -> None:
        mark = marks.BROKEN if line.state == "wrong" else marks.FINE
        text = line.should if line.state != "wrong" else f"should be {line.should}, is {line.shows}"
        label = f"{marks.label(self._terminal, mark)}{_named(line.path):<{width}}  "
        self._terminal.prose(text, label=label, style=mark.style)

    def _found(self, after: Sight, played: Played) -> None:
        naming = "by userName" if after.kind == "User" else "by displayName"
        ways = [("by id", after.by_id), (naming, after.by_filter), ("in the list", after.in_list)]
        looked = [(how, reading.state) for how, reading in ways if reading.state != "not-looked"]
        wanted = played.intent is not None and played.intent.exists
        missing = "not found any more" if played.order.act == "delete" else "not found"
        for good in (True, False):
            text = "found" if wanted is good else missing
            hows = [how for how, state in looked if (state == "found") is (wanted is good)]
            if hows:
                mark = marks.FINE if good else marks.BROKEN
                self._terminal.prose(f"{text} {_listed(hows)}", label=marks.label(self._terminal, mark))

    def _finding(self, finding: Finding, played: Played) -> None:
        terminal = self._terminal
        terminal.line()
        style = Style.BAD if finding.status is Status.FAIL else Style.WARN
        terminal.prose(finding.title, label=f"{finding.status.value.upper()}  ", style=style)
        if finding.check not in ("outcome", "frame/effect"):
            terminal.prose(finding.expected, "  ", "expected   ")
            terminal.prose(finding.actual, "  ", "actual     ")
        terminal.prose(clause(finding.authority, played.declared), "  ", "authority  ")
        said = bool(played.outcome.words) and played.outcome.words in finding.consequence
        if finding.consequence and not said:
            terminal.prose(finding.consequence, "  ", "next       ")

    def _besides(self, played: Played) -> None:
        if not played.besides:
            return
        terminal = self._terminal
        terminal.line()
        terminal.prose("Seen in these answers besides, which does not decide the exit code:")
        for finding in played.besides:
            terminal.prose(f"{finding.title} ({finding.check}; scimrig explain {finding.check})", "  ", "- ")


def _in_its_words(played: Played) -> str:
    outcome = played.outcome
    if outcome.words:
        return outcome.words
    if played.order.act == "connect":
        return "the address and the credentials work"
    if played.order.act == "delete" and played.intent is not None and played.intent.exists and outcome.state == "done":
        return "switched off: this IdP never deletes an account"
    said = _SAID.get(outcome.state) or _DONE.get(played.order.act, outcome.state)
    return f"{said} {played.id}" if said.endswith("to") and played.id else said


def _ending(played: Played) -> tuple[str, Style, str]:
    if played.done is None:
        return "ERROR", Style.BAD, f"{played.verdict.reason} · exit 3: could not be decided"
    if played.done and played.intent is not None and played.intent.fate == "refused":
        return "OK", Style.GOOD, f"exit 0: refused, as the target promises ({played.intent.key})"
    if played.done:
        return "OK", Style.GOOD, "exit 0: the act did what it means"
    return "FAIL", Style.BAD, "exit 1: the act did not do what it means"


def _named(path: str) -> str:
    return path.replace(_ENTERPRISE, "enterprise:")


def _top(path: str) -> str:
    """``addresses`` of ``addresses[type eq "work"].region``."""
    return _named(path).partition("[")[0]


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
