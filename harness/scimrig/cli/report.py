"""Render what came of a simulation from its log.

Rule: the same page that followed the simulation, and the same exit code; nothing is sent.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scimrig.cli.complaint import ERROR, Complaint
from scimrig.cli.terminal import wants_color


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig report``."""
    parser.add_argument("log", type=Path, metavar="FILE", help="a log of `scimrig simulate` (NAME.log.ndjson)")
    parser.add_argument("--markdown", action="store_true", help="Markdown instead of a page")
    parser.add_argument("--no-color", action="store_true", help="no colour (also: set NO_COLOR)")


def run(arguments: argparse.Namespace) -> int:
    """0 converged, 1 differences, 3 could not decide. Raises Complaint."""
    from scimrig.cli.reporters import simulate_markdown, simulate_page
    from scimrig.simulating.report import Convergence
    from scimrig.simulating.simlog import SimLogError, read

    header, found = {}, None
    try:
        for line in read(arguments.log):
            if line["type"] == "simulation-started":
                header = line
            elif line["type"] == "convergence":
                found = line
    except SimLogError as unreadable:
        raise Complaint(str(unreadable)) from None
    if found is None:
        raise Complaint(f"{arguments.log}: this simulation was never compared; go on with --resume", ERROR)
    convergence = Convergence.from_json(found)
    if arguments.markdown:
        print(simulate_markdown(header, convergence), end="")
    else:
        page = simulate_page(sys.stdout, wants_color(arguments.no_color))
        page.ends(str(header["dialect"]), str(header["base_url"]), convergence, str(arguments.log))
    return convergence.exit_code
