"""From a judged run to an exit code: baseline, reports, what counts. Shared by ``run`` and ``judge``.

Rule: the same result leads to the same report and the same exit code, whether it comes from a server or from a log.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scimrig.cli.complaint import ERROR, Complaint

if TYPE_CHECKING:
    from scimrig.baseline import Baseline
    from scimrig.cli.reporters import Console
    from scimrig.verdicts import RunResult


@dataclass(frozen=True, slots=True)
class Gate:
    """What lets a result pass. ``fail_on``: "fail" or "warn"; ``junit``: file to write, or None."""

    baseline: Baseline
    fail_on: str
    junit: Path | None


def add_options(parser: argparse.ArgumentParser) -> None:
    """--fail-on, --baseline, --junit, --no-color."""
    parser.add_argument(
        "--fail-on", choices=("fail", "warn"), default="fail", help="what makes the exit code 1 (default: fail)"
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", help="known deviations (default: scimrig-baseline.yaml if present)"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="also write a JUnit report")
    parser.add_argument("--no-color", action="store_true", help="no colour (also: set NO_COLOR)")


def prepare(arguments: argparse.Namespace) -> Gate:
    """Check everything that the end of the run will need, before it begins. Raises Complaint (exit 2)."""
    from scimrig import baseline

    path: Path | None = arguments.baseline
    if path is None and Path(baseline.DEFAULT_NAME).is_file():
        path = Path(baseline.DEFAULT_NAME)
    try:
        entries = baseline.load(path) if path is not None else baseline.Baseline()
    except baseline.BaselineError as error:
        raise Complaint(str(error)) from None
    junit: Path | None = arguments.junit
    if junit is not None and (junit.is_dir() or not junit.parent.is_dir()):
        problem = "is a folder" if junit.is_dir() else f"cannot be made: there is no folder {junit.parent}"
        raise Complaint(f"--junit: {junit} {problem}")
    return Gate(entries, arguments.fail_on, junit)


def conclude(result: RunResult, gate: Gate, console: Console, log: Path, trouble: str = "") -> int:
    """Apply the baseline, write JUnit and replay scripts, print the report; the exit code.

    ``trouble``: why the log ends early, "" where it does not; like a report that cannot be written it makes the exit
    code 3. Raises Complaint with all troubles after everything that could be shown was shown.
    """
    from datetime import date

    from scimrig import baseline
    from scimrig.cli.reporters import write_junit, write_replay
    from scimrig.verdicts import ExitCode, Status

    result = baseline.apply(result, gate.baseline, date.today())
    troubles = [trouble] if trouble else []
    if log.is_absolute() and log.is_relative_to(Path.cwd()):
        log = log.relative_to(Path.cwd())  # so that judging prints what running printed
    replay_dir = log.parent / "replay"
    try:
        write_replay(result, replay_dir)
    except OSError as error:
        troubles.append(f"cannot write replay scripts to {replay_dir}: {error.strerror or error}")
    if gate.junit is not None:
        try:
            write_junit(result, gate.junit, Status(gate.fail_on))
        except OSError as error:
            troubles.append(f"--junit: cannot write {gate.junit}: {error.strerror or error}")
    code = ExitCode.ERROR if troubles else result.exit_code(Status(gate.fail_on))
    console.report(result, replay_dir=replay_dir, log_path=log, exit_code=code)
    if troubles:
        raise Complaint("\n".join(troubles), ERROR)
    return int(code)
