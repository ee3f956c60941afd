"""The baseline: deviations that their owner knows about, each with a reason and, if wanted, an end date.

A finding that an entry names becomes ``known`` and no longer counts; an entry that names nothing any more, or whose
date has passed, is ``stale`` and counts as a fail: a baseline that is longer than the truth hides the next defect.

Rule: pure but for reading the file; strict, every mistake with ``file:line``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from scimrig.scenario.yaml_nodes import Document, read_documents
from scimrig.suggestion import did_you_mean
from scimrig.verdicts import BaselineNote, CaseVerdict, CheckVerdict, Finding, RunResult, Status

DEFAULT_NAME = "scimrig-baseline.yaml"

_REQUIRED = ("check", "scenario", "dialect", "reason", "owner")
_OPTIONAL = ("authority", "until")
_JUDGED = (Status.PASS, Status.FAIL, Status.WARN, Status.INFO, Status.KNOWN)
_RANK = {Status.FAIL: 0, Status.WARN: 1, Status.INFO: 2}


class BaselineError(Exception):
    """The baseline file cannot be used; the text has one mistake a line, each with ``file:line``."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One known deviation.

    check:     id of the check, exactly
    scenario:  glob on scenario ids, or the whole name of one case (``entra/patch/x[entra,off="False"]``)
    dialect:   a name, or ``*``
    authority: where given, only findings of this authority
    until:     last day on which it holds
    place:     ``file:line``
    """

    check: str
    scenario: str
    dialect: str
    reason: str
    owner: str
    place: str
    authority: str | None = None
    until: date | None = None

    def names(self, finding: Finding) -> bool:
        """True where this is the deviation that the finding shows."""
        return (
            self.check == finding.check
            and self.dialect in ("*", finding.dialect)
            and self.authority in (None, finding.authority)
            and self._speaks_of(finding.case)
        )

    def judged_in(self, case: CaseVerdict) -> bool:
        """True where the case could have shown it."""
        return case.status in _JUDGED and self.dialect in ("*", case.dialect) and self._speaks_of(case.case)

    @property
    def broad(self) -> bool:
        """True where it speaks of more than one scenario or dialect."""
        return self.dialect == "*" or (any(mark in self.scenario for mark in "*?") and "[" not in self.scenario)

    def __str__(self) -> str:
        return f"{self.check} · {self.scenario} · {self.dialect} ({self.place})"

    def _speaks_of(self, case: str) -> bool:
        return case == self.scenario or fnmatchcase(case.partition("[")[0], self.scenario)


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of one file, in its order."""

    entries: tuple[Entry, ...] = field(default=())


def load(path: Path) -> Baseline:
    """Read a baseline file: a YAML list of entries. Raises BaselineError with every mistake in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise BaselineError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise BaselineError(f"{path} is not UTF-8 text") from None
    documents, syntax = read_documents(text, str(path))
    mistakes = [str(error) for error in (*syntax, *(error for document in documents for error in document.errors))]
    if len(documents) > 1:
        mistakes.append(f"{path}: one document was expected, not {len(documents)}")
    if mistakes:
        raise BaselineError("\n".join(mistakes))
    if not documents:
        return Baseline()
    entries = _entries(documents[0], mistakes)
    if mistakes:
        raise BaselineError("\n".join(mistakes))
    return Baseline(entries)


def apply(result: RunResult, baseline: Baseline, today: date) -> RunResult:
    """The result with ``known`` and ``stale`` filled, and verdicts that rest on known findings alone set to known."""
    valid = [entry for entry in baseline.entries if entry.until is None or entry.until >= today]
    reasons: dict[Finding, str] = {}
    used: set[Entry] = set()
    for finding in result.findings:
        for entry in valid:
            if entry.names(finding):
                used.add(entry)
                reasons.setdefault(finding, f"{entry.reason} ({entry.owner})")
    return replace(
        result,
        known=tuple(reasons),
        stale=tuple(_notes(baseline.entries, valid, used, result)),
        cases=tuple(_case(case, reasons) for case in result.cases),
        checks=tuple(_check(check, reasons) for check in result.checks),
    )


def _entries(document: Document, mistakes: list[str]) -> tuple[Entry, ...]:
    if not isinstance(document.data, list):
        mistakes.append(f"{_line(document, ())}: a list of entries was expected, each beginning with '- check: …'")
        return ()
    made = [_entry(document, index, value, mistakes) for index, value in enumerate(document.data)]
    return tuple(entry for entry in made if entry is not None)


def _entry(document: Document, index: int, value: Any, mistakes: list[str]) -> Entry | None:
    if not isinstance(value, dict):
        mistakes.append(f"{_line(document, (index,))}: an entry is a mapping with {', '.join(_REQUIRED)}")
        return None
    before = len(mistakes)
    known = (*_REQUIRED, *_OPTIONAL)
    for key, content in value.items():
        where = _line(document, (index, key))
        if key not in known:
            mistakes.append(f"{where}: unknown key {key!r}{did_you_mean(key, known)}")
        elif not isinstance(content, str) or not content.strip():
            mistakes.append(f"{where}: {key} needs some text")
    for key in _REQUIRED:
        if key not in value:
            mistakes.append(f"{_line(document, (index,))}: the entry lacks {key!r}")
    until = _date(value.get("until"), _line(document, (index, "until")), mistakes)
    if len(mistakes) > before:
        return None
    fields = {key: value[key] for key in (*_REQUIRED, "authority") if key in value}
    return Entry(**fields, until=until, place=_line(document, (index,)))


def _date(text: Any, where: str, mistakes: list[str]) -> date | None:
    if not isinstance(text, str):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        mistakes.append(f"{where}: until is a date like 2027-03-31, not {text!r}")
        return None


def _line(document: Document, route: tuple[str | int, ...]) -> str:
    place = document.key_place(route)
    return f"{place.file}:{place.line}"


def _notes(
    entries: Iterable[Entry], valid: list[Entry], used: set[Entry], result: RunResult
) -> Iterable[BaselineNote]:
    for entry in entries:
        if entry not in valid:
            yield BaselineNote(str(entry), f"it held until {entry.until}: fix the defect, or give it a new date")
        elif entry not in used and _was_judged(entry, result):
            yield BaselineNote(str(entry), "nothing shows this any more: take the entry out of the baseline")


def _was_judged(entry: Entry, result: RunResult) -> bool:
    """Whether the run could have shown the deviation. One that was cut short proves nothing gone."""
    if result.ended is None or result.ended.state != "complete":
        return False
    if entry.check.startswith("survey/"):
        return bool(result.survey)
    standing = next((check for check in result.checks if check.check == entry.check), None)
    if standing is not None and standing.examined == 0:
        return False
    if result.started.selective and (standing is not None or entry.broad):
        return False  # the case that shows it may be among those that were left out
    return any(entry.judged_in(case) for case in result.cases)


def _case(case: CaseVerdict, reasons: Mapping[Finding, str]) -> CaseVerdict:
    status = _status(case.status, case.findings, reasons)
    if status is not Status.KNOWN or case.status is Status.KNOWN:
        return replace(case, status=status)
    why = dict.fromkeys(reasons[finding] for finding in case.findings)
    return replace(case, status=status, reason="; ".join(why))


def _check(check: CheckVerdict, reasons: Mapping[Finding, str]) -> CheckVerdict:
    return replace(check, status=_status(check.status, check.findings, reasons))


def _status(status: Status, findings: tuple[Finding, ...], reasons: Mapping[Finding, str]) -> Status:
    """A verdict again, from what is not known of its findings; verdicts that no finding made stay."""
    if status not in _RANK or not any(finding in reasons for finding in findings):
        return status
    new = [finding.status for finding in findings if finding not in reasons]
    return min(new, key=lambda one: _RANK[one]) if new else Status.KNOWN
