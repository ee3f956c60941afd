"""One run, listened to: every record goes to the log, to the judge and to the screen.

Rule: whatever breaks among the listeners, the run itself comes to its orderly end, so that no row stays on the target.
The first signal asks for that end, the second one leaves at once.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType
from typing import Protocol

from scimrig.cli.reporters import Console
from scimrig.evidence import CaseEnded, CaseStarted, Record, RunStarted
from scimrig.judge import Judge
from scimrig.runlog import LogError, LogWriter
from scimrig.verdicts import COUNTING, CaseVerdict, ExitCode, Finding, Status

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Stoppable(Protocol):
    """A run: yields records, and can be asked to come to its end early."""

    def __iter__(self) -> Iterator[Record]: ...

    def stop(self, state: str = "interrupted") -> None: ...


class Session:
    """Plays a run to its end. Afterwards ``trouble`` says why the log is cut short, "" where it is whole.

    total:     number of cases, for the progress line
    options, selective: what goes into the first record (see ``RunStarted``)
    fail_fast: the worst status that may pass, None = play on whatever fails
    """

    def __init__(
        self, run: Stoppable, log: LogWriter, judge: Judge, console: Console, *,
        total: int, options: tuple[str, ...], selective: bool, fail_fast: Status | None,
    ) -> None:
        self._run, self._log, self._judge, self._console = run, log, judge, console
        self._total, self._options, self._selective, self._fail_fast = total, options, selective, fail_fast
        self._started: RunStarted | None = None
        self._done = self._fails = 0
        self._bug: Exception | None = None
        self.trouble = ""

    def play(self, sweep: str) -> None:
        """Take in the whole run. ``sweep``: the command that a user who leaves at once should know.

        A mistake of ours among the listeners is raised when the run has cleared its rows away.
        """
        with _signals_stop(self._run, sweep):
            for record in self._run:
                if isinstance(record, RunStarted):
                    record = replace(record, options=self._options, selective=self._selective)
                    self._started = record
                self._take(record)
        self._console.clear()
        if self._bug is not None:
            raise self._bug

    def _take(self, record: Record) -> None:
        self._write(record)
        if self._bug is not None:
            return
        try:
            verdict = self._judge.feed(record)
            self._show(record, verdict)
        except Exception as bug:  # kept until our rows are cleared away
            self._bug = bug
            self._run.stop("error")
            return
        if verdict is not None and self._fails_fast(verdict):
            self._run.stop("stopped")

    def _write(self, record: Record) -> None:
        if self.trouble:
            return
        try:
            self._log.write(record)
        except LogError as error:
            self.trouble = str(error)
            self._run.stop("error")

    def _show(self, record: Record, verdict: CaseVerdict | None) -> None:
        if verdict is not None and verdict.status is Status.FAIL:
            self._fails += 1
        if isinstance(record, CaseEnded):
            self._done += 1
        if isinstance(record, CaseStarted | CaseEnded):
            self._console.progress(self._done, self._total, record.case, self._fails)

    def _fails_fast(self, verdict: CaseVerdict) -> bool:
        if self._fail_fast is None:
            return False
        bad = (Status.FAIL,) if self._fail_fast is Status.FAIL else (Status.FAIL, Status.WARN)
        return any(finding.status in bad and self._counts(finding) for finding in verdict.findings)

    def _counts(self, finding: Finding) -> bool:
        """As ``RunResult.counts_for_exit``, before there is a result."""
        kind, _, rest = finding.authority.partition(":")
        counted = self._started.counted if self._started is not None else ()
        return kind in COUNTING or rest.partition(":")[0] in counted


@contextmanager
def _signals_stop(run: Stoppable, sweep: str) -> Iterator[None]:
    """First SIGINT, SIGTERM or SIGHUP: ask the run to stop. Second: leave, and say how to clean up."""
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            _say(f"\nscimrig: left at once; what the run had made is still there. Clean up with: {sweep}\n")
            os._exit(ExitCode.INTERRUPTED)
        asked = True
        _say("\nscimrig: stopping; our rows are being cleared away (once more to leave at once)\n")
        run.stop()

    # A signal that our starter had us ignore (nohup) stays ignored.
    caught = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handle) for number in caught}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _say(text: str) -> None:
    """Straight to stderr: a signal may arrive in the middle of a buffered write."""
    try:
        os.write(2, text.encode("utf-8", "backslashreplace"))
    except OSError:
        return
