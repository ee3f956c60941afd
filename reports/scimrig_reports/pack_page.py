"""A vendor's pack on the page: a line for each of the vendor's tests or requests, by its name, and how many hold.

Rule: it lays out what was judged; the pack itself comes from the first record of the run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig.verdicts import CaseVerdict, RunResult, Status
from scimrig_reports.matrix import STYLES, WORDS
from scimrig_reports.terminal import Style, Terminal

_BLANK = "  "
_WIDTH = 11
_NOT_PLAYED = "not played"
_HOLDS = frozenset({Status.PASS, Status.INFO, Status.KNOWN})


@dataclass(frozen=True, slots=True)
class Row:
    """One line: the vendor's name for it, how it went, how many of its assertions hold, and what else there is to say.

    status: None where it was not played
    """

    name: str
    bar: str
    status: Status | None
    held: int
    total: int
    note: str = ""


def show(terminal: Terminal, result: RunResult) -> None:
    """Every pack of the run: its title, a line for each test or request, what is ours, and the sum."""
    verdicts = {case.scenario: case for case in result.cases}
    for pack in result.started.packs:
        found = list(rows(pack, verdicts))
        terminal.line()
        terminal.prose(f"{pack['title']} · mirrored by scimrig, not {pack['vendor']}'s own run", style=Style.BOLD)
        for row in found:
            _line(terminal, row, requests=pack["counts"] == "requests")
        terminal.prose(pack["ours"], label="ours: ", style=Style.FAINT)
        terminal.prose(summary(pack, found), style=Style.BOLD)


def rows(pack: Mapping[str, Any], verdicts: Mapping[str, CaseVerdict]) -> Iterator[Row]:
    """The lines of a pack in the vendor's order."""
    for test in pack["tests"]:
        verdict = verdicts.get(test["scenario"])
        if pack["counts"] == "requests":
            yield from _requests(test, verdict)
        else:
            asked = sum(request["assertions"] for request in test["requests"])
            held = 0 if verdict is None else sum(one.held for one in verdict.asserted)
            status = None if verdict is None else verdict.status
            yield Row(test["title"], test["bar"], status, held, asked, "" if verdict is None else verdict.reason)


def _requests(test: Mapping[str, Any], verdict: CaseVerdict | None) -> Iterator[Row]:
    """A line for each request of one test; those after the last that was played have none to show."""
    played = () if verdict is None else verdict.asserted
    for number, request in enumerate(test["requests"]):
        if verdict is not None and number < len(played):
            one = played[number]
            miss = Status.FAIL if test["bar"] == "mandatory" else Status.WARN
            yield Row(request["name"], test["bar"], Status.PASS if one.held == one.total else miss, one.held, one.total)
        elif verdict is not None and verdict.status in (Status.SKIP, Status.BLOCKED, Status.ERROR):
            yield Row(request["name"], test["bar"], verdict.status, 0, request["assertions"], verdict.reason)
        else:
            yield Row(request["name"], test["bar"], None, 0, request["assertions"], "an earlier one did not succeed")


def summary(pack: Mapping[str, Any], found: Sequence[Row]) -> str:
    """``okta-spec: 12 of 12 requests, 52 of 52 assertions``, or how many tests of each kind hold."""
    if pack["counts"] == "requests":
        right = sum(row.status in _HOLDS for row in found)
        held, total = sum(row.held for row in found), sum(row.total for row in found)
        return f"{pack['pack']}: {right} of {len(found)} requests, {held} of {total} assertions"
    parts = []
    for bar in dict.fromkeys(row.bar for row in found):
        mine = [row for row in found if row.bar == bar]
        counts = Counter(row.status for row in mine if row.status not in _HOLDS)
        rest = [f"{count} {_word(status)}" for status, count in counts.items()]
        right = len(mine) - sum(counts.values())
        parts.append(f"{right} of {len(mine)} {bar}" + (f" ({', '.join(rest)})" if rest else ""))
    return f"{pack['pack']}: {', '.join(parts)}"


def _line(terminal: Terminal, row: Row, requests: bool) -> None:
    bar = "" if row.bar == "mandatory" else f" · {row.bar}"
    held = f" · {row.held} of {row.total}" if requests else ""
    style = STYLES.get(row.status) if row.status is not None else Style.FAINT
    terminal.painted((f"{_BLANK}{_word(row.status):<{_WIDTH}}", style), (f"{row.name}{held}{bar}", None))
    if row.note:
        terminal.prose(row.note, _BLANK + " " * _WIDTH, style=Style.FAINT)


def _word(status: Status | None) -> str:
    return _NOT_PLAYED if status is None else WORDS[status]
