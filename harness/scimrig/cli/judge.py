"""Judge a finished run again from its log: the same findings, the same report, the same exit code.

Rule: sends nothing and needs no target; the log is all it reads besides the baseline.
"""

from __future__ import annotations

import argparse
import sys

from scimrig.cli import gate
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.cli.terminal import Outlet, wants_color


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig judge``."""
    parser.add_argument("run", nargs="?", default="last", metavar="RUN", help="id, folder or log (default: last)")
    gate.add_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """The exit code that the run had, judged by today's checks. Raises Complaint."""
    from scimrig import runlog
    from scimrig.cli.reporters import console
    from scimrig.judge import Judge

    gated = gate.prepare(arguments)
    judge = Judge()
    try:
        path = runlog.locate(arguments.run)
    except runlog.LogError as error:
        raise Complaint(str(error)) from None
    try:
        for record in runlog.read(path, note=lambda text: print(f"scimrig judge: {text}", file=sys.stderr)):
            judge.feed(record)
    except runlog.LogError as error:
        raise Complaint(str(error), ERROR) from None
    outlet = Outlet(sys.stdout)
    code = gate.conclude(judge.result(), gated, console(outlet.as_text(), wants_color(arguments.no_color)), path)
    trouble = outlet.trouble()
    if trouble is not None:
        raise trouble
    return code
