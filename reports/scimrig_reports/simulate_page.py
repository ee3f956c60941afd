"""The pages of ``scimrig simulate``: how each IdP's simulation goes on, and at the end what came of it.

On a terminal a few lines are drawn anew; elsewhere a line comes every few seconds. The report is the same whether it
follows a simulation or is made of its log (``scimrig report``).

Rule: it prints what it is given, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

from scimrig.simulating.figures import Snapshot
from scimrig.simulating.report import UNEXPLAINED, Convergence, Difference, Example
from scimrig_reports import marks
from scimrig_reports.terminal import Style, Terminal

_EVERY = 10.0
"""Seconds between two lines where nothing can be redrawn."""
_ROWS = {"User": ("user", "users"), "Group": ("group", "groups")}
_SAID = {
    "missing": "{rows} missing", "duplicate": "{rows} there once more", "still there": "{rows} still there",
    "still active": "{rows} still active", "inactive": "{rows} not active",
    "not listed": "{rows} not in the list", "members": "{rows} with other members",
}


class SimulatePage:
    """Prints on ``stream``. ``stopwatch`` tells seconds, by which lines are spaced."""

    def __init__(self, stream: TextIO, color: bool) -> None:
        self._terminal = Terminal(stream, color)
        self._drawn = 0
        self._last = float("-inf")

    def begins(self, headlines: Sequence[str]) -> None:
        """Who is simulated on what."""
        for headline in headlines:
            self._terminal.prose(headline, style=Style.BOLD)
        self._terminal.stream.flush()

    def shows(self, snapshots: Sequence[Snapshot], moment: float) -> None:
        """How far everybody has come. ``moment``: of a stopwatch."""
        if self._terminal.tty:
            self.clear()
            lines = [line for one in snapshots for line in _block(one)]
            for line in lines:
                self._terminal.line(self._cut(line))
            self._drawn = len(lines)
        elif moment - self._last >= _EVERY:
            self._last = moment
            for one in snapshots:
                self._terminal.line(" · ".join(_facts(one)))
        self._terminal.stream.flush()

    def clear(self) -> None:
        """Take away what is drawn anew."""
        if self._drawn:
            self._terminal.stream.write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def note(self, text: str) -> None:
        """A line that stays."""
        self.clear()
        self._terminal.prose(text)
        self._terminal.stream.flush()

    def progress(self, done: int, total: int) -> None:
        """How many rows are swept."""
        if self._terminal.tty and (done % 20 == 0 or done == total):
            self.clear()
            self._terminal.line(f"{done:,} of {total:,} rows")
            self._drawn = 1
            self._terminal.stream.flush()

    def ends(self, idp: str, where: str, convergence: Convergence, log: str) -> None:
        """What came of one."""
        self.clear()
        terminal = self._terminal
        terminal.line()
        terminal.prose(f"{idp} on {where}", style=Style.BOLD)
        for line in _summary(convergence):
            terminal.prose(line, "  ")
        counting = [one for one in convergence.differences if one.counts]
        for number, difference in enumerate(counting, 1):
            self._difference(f"{number}. ", difference)
        for difference in convergence.differences:
            if not difference.counts:
                terminal.prose(_headline(difference), label=marks.label(terminal, marks.WORTH))
        for note in convergence.notes:
            terminal.prose(note, label=marks.label(terminal, marks.WORTH))
        word, style, meaning = _verdict(convergence)
        terminal.painted((word, style), (f" · {meaning} · {log}", None))
        terminal.stream.flush()

    def _difference(self, label: str, difference: Difference) -> None:
        terminal = self._terminal
        style = Style.BAD if difference.why == UNEXPLAINED else Style.WARN
        terminal.prose(_headline(difference), label=f"  {label}", style=style)
        for example in difference.examples:
            terminal.prose(_example(example), "     ", "- ")
            for line in (example.words, example.exchange):
                if line:
                    terminal.prose(line, "       ")

    def _cut(self, line: str) -> str:
        width = self._terminal.width - 1
        return line if len(line) <= width else line[: width - 1] + "…"


def markdown(header: Mapping[str, Any], convergence: Convergence) -> str:
    """The report as Markdown."""
    lines = [f"# {header.get('dialect')} on {header.get('base_url')}", "", *_summary(convergence), ""]
    for title, counts in (("Differences", True), ("Not counted", False)):
        chosen = [one for one in convergence.differences if one.counts is counts]
        if chosen:
            lines += [f"## {title}", ""]
        for one in chosen:
            lines.append(f"- **{_headline(one)}**")
            for example in one.examples if counts else ():
                lines.append(f"  - {_example(example)}")
                lines += [f"    {text}" for text in (example.words, example.exchange) if text]
        lines += [""] if chosen else []
    lines += [f"- {note}" for note in convergence.notes]
    word, _, meaning = _verdict(convergence)
    return "\n".join([*lines, f"**{word}** · {meaning}", ""])


def _block(one: Snapshot) -> Iterator[str]:
    """The lines that are redrawn."""
    p50, p95, p99 = (_milliseconds(seconds) for seconds in one.latency)
    yield " · ".join(_facts(one))
    yield f"  answers p50 {p50}, p95 {p95}, p99 {p99}" + "".join(
        f" · {what} {', '.join(f'{kind} × {count:,}' for kind, count in counts[:6])}"
        for what, counts in (("errors", one.errors), ("chaos", one.ours)) if counts
    )
    for words in one.happened:
        yield f"  {words}"


def _facts(one: Snapshot) -> Iterator[str]:
    yield one.idp
    yield one.date.replace("T", " ")
    yield f"day {min(one.day + 1, one.days)} of {one.days}" if one.phase == "living" else one.phase
    yield f"{one.requests:,} requests, {one.rate:,.0f}/s"
    yield f"job {one.job}: {one.pending:,} pending, {one.failed:,} failed, {one.escrowed:,} escrowed"
    if one.behind >= 60:
        yield f"{one.behind / 60:,.0f} min behind"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def _summary(convergence: Convergence) -> Iterator[str]:
    yield (f"people: {convergence.exact_people:,} of {convergence.people:,} exactly as the directory has them;"
           f" {convergence.off:,} who left, and teams that went, are off or gone")
    if convergence.teams:
        yield (f"teams: {convergence.exact_teams:,} of {convergence.teams:,} exactly,"
               f" with {convergence.members:,} memberships")


def _headline(one: Difference) -> str:
    """``3 users still active: the target answered 200 to PATCH and does not hold it``."""
    rows = f"{one.count:,} {_ROWS.get(one.kind, ('row', 'rows'))[one.count != 1]}"
    said = _SAID.get(one.what, f"{{rows}} with another {one.path}").format(rows=rows)
    return f"{said}: {one.why}"


def _example(example: Example) -> str:
    return f"{example.about}: should be {example.expected}, is {example.actual}"


def _verdict(convergence: Convergence) -> tuple[str, Style, str]:
    if convergence.found:
        return "DIFFERENT", Style.BAD, f"{convergence.found:,} difference{'s' * (convergence.found != 1)} · exit 1"
    if convergence.unread:
        return "ERROR", Style.BAD, f"{convergence.unread:,} rows could not be read · exit 3: could not be decided"
    return "CONVERGED", Style.GOOD, "the target holds what the directory wants · exit 0"
