"""The page a person reads: progress while it runs; then the matrix, the defects, what was not judged, one last line.

Rule: it prints a result. It runs nothing, judges nothing, and writes no file.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TextIO

from scimrig.evidence import Exchange
from scimrig.verdicts import CaseVerdict, ExitCode, RunResult, Status
from scimrig_reports import finding, matrix, pack_page, replay, transcript
from scimrig_reports.arrival import Arrival
from scimrig_reports.terminal import Style, Terminal

_BODY_LINES = 16
"""Lines of a body that are shown; the log has the rest."""
_NAMED = 3
_BLANK = "  "
_WORST = {Status.FAIL: Style.BAD, Status.WARN: Style.WARN, Status.INFO: Style.FAINT}
_MEANS = {
    ExitCode.OK: "nothing that counts fails",
    ExitCode.FAIL: "something that counts fails",
    ExitCode.USAGE: "the command or a scenario is wrong",
    ExitCode.ERROR: "not everything could be decided",
    ExitCode.NOTHING_JUDGED: "nothing was judged",
    ExitCode.INTERRUPTED: "interrupted",
}
_VERDICTS = {
    ExitCode.OK: ("OK", Style.GOOD),
    ExitCode.FAIL: ("FAIL", Style.BAD),
    ExitCode.USAGE: ("USAGE", Style.BAD),
    ExitCode.ERROR: ("ERROR", Style.BAD),
    ExitCode.NOTHING_JUDGED: ("NOTHING JUDGED", Style.WARN),
    ExitCode.INTERRUPTED: ("INTERRUPTED", Style.WARN),
}


class Console:
    """Prints on ``stream``. ``color`` None = on a terminal without NO_COLOR; ``width`` None = the terminal's own."""

    def __init__(self, stream: TextIO, color: bool | None = None, width: int | None = None) -> None:
        self._terminal = Terminal(stream, color, width)
        self._drawn = 0

    def progress(self, done: int, total: int, case: str, fails: int) -> None:
        """Draw the progress line anew: cases done of total, the one that is played, fails so far. Terminals only."""
        if not self._terminal.tty:
            return
        failed = f"{fails} FAIL" if fails else "no fail"
        text = self._terminal.plain(f"{done}/{total} · {failed} · {case}").replace("\n", " ")
        text = text[: self._terminal.width - 1]
        self._terminal.stream.write("\r" + text.ljust(self._drawn))
        self._terminal.stream.flush()
        self._drawn = len(text)

    def clear(self) -> None:
        """Take the progress line away, so that something else can be printed."""
        if self._drawn:
            self._terminal.stream.write("\r" + " " * self._drawn + "\r")
            self._terminal.stream.flush()
        self._drawn = 0

    def report(
        self, result: RunResult, *, replay_dir: Path | None, log_path: Path | None, exit_code: ExitCode
    ) -> None:
        """The whole page.

        replay_dir: where ``replay.scripts`` wrote; only scripts that are there are named. None = none were written
        log_path:   the run's log, for whoever wants to see an exchange whole
        """
        self.clear()
        terminal = self._terminal
        started = result.started
        twins = f" · twins {' and '.join(started.twins)}" if started.twins else ""
        run = f"{started.target or 'ref:'} · seed {started.seed} · run {started.run}{twins}"
        terminal.prose(run, style=Style.FAINT)
        if started.packs:
            pack_page.show(terminal, result)
        else:
            matrix.show(terminal, matrix.matrix(result))
        scripts = {} if replay_dir is None else replay.written(result, replay_dir)
        for number, told in enumerate(finding.stories(result, scripts), start=1):
            terminal.line()
            _headline(terminal, number, told)
            if told.status is Status.FAIL:
                _in_full(terminal, told, log_path)
            else:
                _in_short(terminal, told)
        _not_judged(terminal, result)
        _leftovers(terminal, result)
        _baseline(terminal, result)
        _last_line(terminal, result, log_path, exit_code)
        terminal.stream.flush()


def _headline(terminal: Terminal, number: int, told: finding.Story) -> None:
    counted = "" if told.counted or told.status is Status.INFO else " · does not decide the exit code"
    word = matrix.WORDS[told.status]
    terminal.painted((f"{number}. ", None), (word, _WORST[told.status]), (f" · {told.severity}{counted}", None))
    terminal.prose(told.title, _BLANK, style=Style.BOLD)
    terminal.prose(f"{told.reach}", _BLANK)


def _in_full(terminal: Terminal, told: finding.Story, log_path: Path | None) -> None:
    if told.shown is not None:
        if told.aside:
            terminal.prose(finding.brief(told.shown), _BLANK, f"{'sent':<10}")
        else:
            _exchange(terminal, told.shown, of_twin=told.beside is not None)
        if told.beside is not None:
            _exchange(terminal, told.beside, of_twin=True)
        for label, line in told.further:
            terminal.prose(line, _BLANK, f"{label:<10}")
    if told.arrivals:
        _arrival(terminal, told.arrivals[0])
        for label, line in told.around:
            terminal.prose(line, _BLANK, f"{label:<10}")
    whole = [] if told.shown is None or told.aside else [f"exchange {told.shown.number}"]
    whole += [] if told.beside is None else [f"exchange {told.beside.number}"]
    whole += [f"delivery {arrival.delivered.number}" for arrival in told.arrivals[:1]]
    if whole and log_path is not None:
        terminal.line(f"{_BLANK}(whole: {' and '.join(whole)} in {log_path})", Style.FAINT)
    for label, text in told.facts:
        terminal.prose(text, _BLANK, f"{label:<10}")
    for label, text in told.commands:
        terminal.line(f"{_BLANK}{label:<10}{text}")


def _exchange(terminal: Terminal, exchange: Exchange, *, of_twin: bool = False) -> None:
    by = "as the target file declares" if exchange.by == "hook" else f"by {exchange.by}"
    by = f"by {exchange.dialect}" if of_twin else by
    terminal.prose(f"sent (exchange {exchange.number}, {by}: {exchange.purpose}):", _BLANK)
    for line in transcript.sent(exchange, _BODY_LINES):
        terminal.verbatim(line, "    > ")
    terminal.prose("came back:", _BLANK)
    for line in transcript.answered(exchange, _BODY_LINES):
        terminal.verbatim(line, "    < ")


def _arrival(terminal: Terminal, arrival: Arrival) -> None:
    when = f", {arrival.when}" if arrival.when else ""
    terminal.prose(f"arrived at the sink (delivery {arrival.delivered.number}{when}):", _BLANK)
    for line in transcript.arrived(arrival.delivered, _BODY_LINES):
        terminal.verbatim(line, "    > ")
    terminal.prose("was answered:", _BLANK)
    terminal.verbatim(arrival.answer, "    < ")


def _in_short(terminal: Terminal, told: finding.Story) -> None:
    if told.shown is not None:
        terminal.prose(f"{told.shown.line} (exchange {told.shown.number})", _BLANK)
    for arrival in told.arrivals:
        terminal.prose(arrival.line, _BLANK)
    for label, text in told.facts:
        if label in ("expected", "actual", "authority"):
            terminal.prose(text, _BLANK, f"{label:<10}")
    for label, text in told.commands:
        if label == "rerun":
            terminal.line(f"{_BLANK}{label:<10}{text}")


def _not_judged(terminal: Terminal, result: RunResult) -> None:
    ended = result.ended
    if ended is None:
        _section(terminal, "The log has no footer: the run was cut off, and what follows it is unknown.")
    elif ended.state != "complete":
        _section(terminal, f"The run was not finished ({ended.state})" + (f": {ended.reason}" if ended.reason else "."))
    if result.started.packs:
        return  # a pack's own lines say so
    for status, heading in (
        (Status.ERROR, "Could not be decided"),
        (Status.BLOCKED, "Blocked by an earlier step"),
        (Status.SKIP, "Skipped"),
    ):
        reasons: dict[str, list[CaseVerdict]] = {}
        for case in result.cases:
            if case.status is status:
                reasons.setdefault(case.reason or "no reason given", []).append(case)
        if reasons:
            _section(terminal, f"{heading}:")
        for reason, cases in sorted(reasons.items(), key=lambda item: -len(item[1])):
            named = "" if status is Status.SKIP else _names(cases)
            terminal.prose(f"{reason}{named}", _BLANK, f"{len(cases):>4}  ")
    unreached = [check.check for check in result.checks if not check.examined]
    if unreached:
        every = len(unreached) == len(result.checks)
        _section(terminal, f"Standing checks not reached: {'all of them' if every else ', '.join(unreached)}")


def _names(cases: list[CaseVerdict]) -> str:
    more = f" and {len(cases) - _NAMED} more" if len(cases) > _NAMED else ""
    return f" ({', '.join(case.case for case in cases[:_NAMED])}{more})"


def _leftovers(terminal: Terminal, result: RunResult) -> None:
    if result.leftovers:
        _section(terminal, "Left on the target, which would not delete them:")
    for row in result.leftovers:
        terminal.prose(f"{row.path} ({row.name}): {row.reason}", _BLANK)


def _baseline(terminal: Terminal, result: RunResult) -> None:
    if result.known:
        _section(terminal, f"Known from the baseline: {finding.plural(len(result.known), 'finding')}")
        for (title, authority), count in Counter((f.title, f.authority) for f in result.known).most_common():
            terminal.prose(f"{title} ({authority})", _BLANK, f"{count:>4}  ")
    if result.stale:
        _section(terminal, "Stale in the baseline, take them out or look again:", Style.BAD)
    for note in result.stale:
        terminal.prose(f"{note.entry}: {note.reason}", _BLANK)


def _section(terminal: Terminal, heading: str, style: Style | None = Style.BOLD) -> None:
    terminal.line()
    terminal.prose(heading, style=style)


def _last_line(terminal: Terminal, result: RunResult, log_path: Path | None, exit_code: ExitCode) -> None:
    word, style = _VERDICTS[exit_code]
    told = finding.stories(result)
    defects = Counter(matrix.WORDS[story.status] for story in told)
    statuses = Counter(matrix.WORDS[case.status] for case in result.cases)
    parts = [f"{finding.plural(len(result.cases), 'case')}: {_listed(statuses) or 'none'}"]
    if told:
        parts.append(f"{finding.plural(len(told), 'defect')}: {_listed(defects)}")
    if result.ended is not None:
        parts.append(f"{result.ended.elapsed:.1f} s")
    parts.append(f"exit {exit_code.value}: {_meaning(result, exit_code)}")
    if log_path is not None:
        parts.append(f"log {log_path}")
    terminal.line()
    terminal.painted((word, style), (" · " + " · ".join(parts), None))


def _meaning(result: RunResult, exit_code: ExitCode) -> str:
    failing = any(f.status is Status.FAIL and result.counts_for_exit(f) for f in result.findings)
    if exit_code is ExitCode.FAIL and not failing:
        return "the baseline is stale" if result.stale else "a warning counts"
    return _MEANS[exit_code]


def _listed(counts: Counter[str]) -> str:
    order = [word for word in matrix.WORDS.values() if counts[word]]
    return ", ".join(f"{counts[word]} {word}" for word in order)
