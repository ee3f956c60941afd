"""The reports that commands write, by name: loaded when one is asked for.

Rule: reports lean on the harness and not the other way about, so they are reached through this table alone.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TextIO, cast

from scimrig.verdicts import ExitCode, RunResult, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scimrig.acting.played import Played
    from scimrig.doctor.line import Line
    from scimrig.evidence import Exchange
    from scimrig.simulating.figures import Snapshot
    from scimrig.simulating.report import Convergence

REPORTERS = {
    "console": "scimrig_reports.console:Console",
    "junit": "scimrig_reports.junit:write",
    "replay": "scimrig_reports.replay:scripts",
    "act": "scimrig_reports.act_page:ActPage",
    "doctor": "scimrig_reports.doctor_page:DoctorPage",
    "simulate": "scimrig_reports.simulate_page:SimulatePage",
    "simulate-markdown": "scimrig_reports.simulate_page:markdown",
}


class Console(Protocol):
    """What is shown while a run goes on and when it is done."""

    def progress(self, done: int, total: int, case: str, fails: int) -> None: ...

    def clear(self) -> None: ...

    def report(
        self, result: RunResult, *, replay_dir: Path | None, log_path: Path | None, exit_code: ExitCode
    ) -> None: ...


class ActPage(Protocol):
    """What is shown while an act is played by hand, and when it is done."""

    def begins(self, what: str, target: str) -> None: ...

    def exchange(self, exchange: Exchange) -> None: ...

    def waits(self, seconds: float) -> None: ...

    def ends(self, played: Played, made: str, clear: str) -> None: ...


def act_page(stream: TextIO, color: bool, verbose: bool) -> ActPage:
    """The transcript of an act, and what became of it."""
    return cast(ActPage, _load("act")(stream, color, verbose))


class DoctorPage(Protocol):
    """What is shown while a target is looked over."""

    def begins(self, target: str) -> None: ...

    def line(self, line: Line) -> None: ...

    def paste(self, lines: Sequence[str]) -> None: ...

    def ends(self, lines: Sequence[Line], exit_code: int) -> None: ...


def doctor_page(stream: TextIO, color: bool) -> DoctorPage:
    """A line for each thing that was looked at."""
    return cast(DoctorPage, _load("doctor")(stream, color))


class SimulatePage(Protocol):
    """What is shown while a company is simulated, and what came of it."""

    def begins(self, headlines: Sequence[str]) -> None: ...

    def shows(self, snapshots: Sequence[Snapshot], moment: float) -> None: ...

    def note(self, text: str) -> None: ...

    def progress(self, done: int, total: int) -> None: ...

    def ends(self, idp: str, where: str, convergence: Convergence, log: str) -> None: ...


def simulate_page(stream: TextIO, color: bool) -> SimulatePage:
    """How far each IdP's simulation has come, and its convergence report."""
    return cast(SimulatePage, _load("simulate")(stream, color))


def simulate_markdown(header: Mapping[str, Any], convergence: Convergence) -> str:
    """The convergence report as Markdown."""
    return str(_load("simulate-markdown")(header, convergence))


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
