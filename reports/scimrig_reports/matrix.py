"""The matrix area × dialect: which areas work for which IdP, in words and counts.

Rule: arithmetic on verdicts, laid out as text; it decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scimrig.verdicts import CheckVerdict, Finding, RunResult, Status
from scimrig_reports.terminal import Style, Terminal

AREAS = (
    "connect", "create", "read", "update", "deactivation", "delete", "groups", "filter", "paging", "patch", "put",
    "auth", "errors", "discovery", "types", "policy", "webhooks", "genuine", "forged", "repeated", "order", "answers",
    "hybrid",
)
STANDING = "standing checks"

_ORDER = (
    Status.FAIL, Status.ERROR, Status.STALE, Status.WARN, Status.BLOCKED, Status.KNOWN, Status.INFO, Status.PASS,
    Status.SKIP,
)
"""Worst first: the first one names a cell."""
WORDS = {
    Status.FAIL: "FAIL", Status.ERROR: "ERROR", Status.STALE: "stale", Status.WARN: "warn", Status.BLOCKED: "blocked",
    Status.KNOWN: "known", Status.INFO: "info", Status.PASS: "ok", Status.SKIP: "skip",
}
_MEANINGS = {
    Status.FAIL: "wrong",
    Status.ERROR: "could not be decided",
    Status.STALE: "the baseline no longer holds",
    Status.WARN: "doubtful",
    Status.BLOCKED: "an earlier step failed",
    Status.KNOWN: "wrong, and in the baseline",
    Status.INFO: "worth knowing",
    Status.PASS: "as it should be",
    Status.SKIP: "does not apply here",
}
STYLES = {
    Status.FAIL: Style.BAD, Status.ERROR: Style.BAD, Status.STALE: Style.BAD, Status.WARN: Style.WARN,
    Status.BLOCKED: Style.WARN, Status.PASS: Style.GOOD,
}
NOTHING = "–"

Counts = Counter[Status]


@dataclass(frozen=True, slots=True)
class Row:
    """An area, and how often each status stands in each dialect's column."""

    name: str
    cells: tuple[Counts, ...]


@dataclass(frozen=True, slots=True)
class Matrix:
    """``dialects`` are the columns, ``uncounted`` those that don't decide the exit code.

    elsewhere: findings that belong to no column (the survey's), by status
    """

    dialects: tuple[str, ...]
    uncounted: frozenset[str]
    rows: tuple[Row, ...]
    elsewhere: Counts


def matrix(result: RunResult) -> Matrix:
    """The matrix of a run. Areas without a case are left out; the row ``standing checks`` is always there."""
    dialects = result.started.dialects
    known = frozenset(result.known)
    areas = {case.area for case in result.cases}
    ordered = [area for area in AREAS if area in areas] + sorted(areas.difference(AREAS))
    rows = [
        Row(area, tuple(Counter(c.status for c in result.cases if (c.area, c.dialect) == (area, d)) for d in dialects))
        for area in ordered
    ]
    if result.started.command == "run":
        rows.append(Row(STANDING, tuple(_checks(result.checks, dialect, known) for dialect in dialects)))
    loose = (f for check in result.checks for f in check.findings if f.dialect not in dialects)
    outside = (*result.survey_findings, *loose)
    elsewhere = Counter(_status(finding, known) for finding in outside)
    return Matrix(dialects, frozenset(dialects).difference(result.started.counted), tuple(rows), elsewhere)


def _checks(checks: Iterable[CheckVerdict], dialect: str, known: frozenset[Finding]) -> Counts:
    counts: Counts = Counter()
    for check in checks:
        found = {_status(finding, known) for finding in check.findings if finding.dialect == dialect}
        worst = next((status for status in _ORDER if status in found), Status.PASS)
        if check.examined:
            counts[worst] += 1
    return counts


def _status(finding: Finding, known: frozenset[Finding]) -> Status:
    return Status.KNOWN if finding in known else finding.status


def show(terminal: Terminal, table: Matrix) -> None:
    """Print the matrix: cells in full where they fit, else each one's worst; in blocks where even that is wide."""
    names = [f"{dialect} *" if dialect in table.uncounted else dialect for dialect in table.dialects]
    full = [[_full(cell) for cell in row.cells] for row in table.rows]
    short = [[_short(cell) for cell in row.cells] for row in table.rows]
    first = max((len(row.name) for row in table.rows), default=0) + 2
    room = terminal.width - first
    cells = full if sum(_widths(names, full)) <= room else short
    for start, end in _blocks(_widths(names, cells), room):
        _block(terminal, table, names, cells, first, range(start, end))
    if table.elsewhere:
        terminal.prose(f"outside these columns (the survey, reads by the book): {_full(table.elsewhere)}")
    _legend(terminal, table, shortened=cells is short)


def _block(
    terminal: Terminal, table: Matrix, names: Sequence[str], cells: Sequence[Sequence[str]], first: int, columns: range
) -> None:
    widths = _widths(names, cells)
    head = "area".ljust(first) + "".join(names[column].ljust(widths[column]) for column in columns)
    terminal.painted((head.rstrip(), Style.BOLD))
    for row, texts in zip(table.rows, cells, strict=True):
        parts: list[tuple[str, Style | None]] = [(row.name.ljust(first), None)]
        for column in columns:
            text, worst = texts[column], _worst(row.cells[column])
            parts.append((text, STYLES.get(worst) if worst else Style.FAINT))
            parts.append((" " * (widths[column] - len(text)), None))
        terminal.painted(*parts)


def _legend(terminal: Terminal, table: Matrix, shortened: bool) -> None:
    seen = {status for row in table.rows for cell in row.cells for status in cell} | set(table.elsewhere)
    meanings = [f"{WORDS[status]} = {_MEANINGS[status]}" for status in _ORDER if status in seen]
    meanings.append(f"{NOTHING} = no case")
    if shortened:
        meanings.append("2 FAIL/12 = 2 of 12 fail")
    if table.uncounted:
        meanings.append("* = does not decide the exit code")
    line = meanings[0]
    for meaning in meanings[1:]:  # a meaning is never torn apart
        if len(line) + len(meaning) + 3 > terminal.width:
            terminal.line(line, Style.FAINT)
            line = meaning
        else:
            line += f" · {meaning}"
    terminal.line(line, Style.FAINT)


def _full(counts: Counts) -> str:
    return ", ".join(f"{counts[status]} {WORDS[status]}" for status in _ORDER if counts[status]) or NOTHING


def _short(counts: Counts) -> str:
    worst = _worst(counts)
    if worst is None:
        return NOTHING
    total = sum(counts.values())
    text = f"{counts[worst]} {WORDS[worst]}"
    return text if counts[worst] == total else f"{text}/{total}"


def _worst(counts: Counts) -> Status | None:
    return next((status for status in _ORDER if counts[status]), None)


def _widths(names: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    return [max(len(name), *(len(row[column]) for row in cells)) + 2 for column, name in enumerate(names)]


def _blocks(widths: Sequence[int], room: int) -> Iterator[tuple[int, int]]:
    start, used = 0, 0
    for column, width in enumerate(widths):
        if used and used + width > room:
            yield start, column
            start, used = column, 0
        used += width
    yield start, len(widths)
