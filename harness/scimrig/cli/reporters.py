"""The reports that commands write, by name: loaded when one is asked for.

Rule: reports lean on the harness and not the other way about, so they are reached through this table alone.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TextIO, cast

from scimrig.verdicts import ExitCode, RunResult, Status

REPORTERS = {
    "console": "scimrig_reports.console:Console",
    "junit": "scimrig_reports.junit:write",
    "replay": "scimrig_reports.replay:scripts",
}


class Console(Protocol):
    """What is shown while a run goes on and when it is done."""

    def progress(self, done: int, total: int, case: str, fails: int) -> None: ...

    def clear(self) -> None: ...

    def report(
        self, result: RunResult, *, replay_dir: Path | None, log_path: Path | None, exit_code: ExitCode
    ) -> None: ...


def console(stream: TextIO, color: bool) -> Console:
    """The report on a terminal or in a CI log."""
    return cast(Console, _load("console")(stream, color=color))


def write_junit(result: RunResult, path: Path, fail_on: Status) -> None:
    """The JUnit file, red where the exit code is. Raises OSError where it cannot be written."""
    _load("junit")(result, path, fail_on)


def write_replay(result: RunResult, folder: Path) -> None:
    """A script for each case with a finding. Raises OSError where the folder cannot be written."""
    _load("replay")(result, folder)


def _load(name: str) -> Any:
    module, _, attribute = REPORTERS[name].partition(":")
    return getattr(import_module(module), attribute)
