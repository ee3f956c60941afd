"""See whether a target can be reached and used, and what would make more checks possible.

Rule: nothing is written to a server beyond this machine without consent; what is created is deleted again.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from scimrig.cli.arguments import some_seconds
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.cli.run import add_target, names_of_run, target_of
from scimrig.cli.terminal import Outlet, ask_consent, wants_color

if TYPE_CHECKING:
    from scimrig.doctor.line import Line

TIMEOUT = 10.0
BROKEN = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig doctor``."""
    parser.epilog = "Exit codes: 0 nothing is broken, 1 something is, 2 usage, 3 the target cannot be reached."
    add_target(parser)
    parser.add_argument("--read-only", action="store_true", help="create nothing: no user of our own, no declared call")
    parser.add_argument(
        "--webhooks", action="store_true", help="also register a receiver (webhooks.register) and wait for a delivery"
    )
    parser.add_argument(
        "--timeout", type=some_seconds, default=TIMEOUT, metavar="SECONDS",
        help=f"how long an answer may take (default {TIMEOUT:.0f})",
    )
    parser.add_argument("--no-color", action="store_true", help="no colour (also: set NO_COLOR)")


def run(arguments: argparse.Namespace) -> int:
    """0 where nothing is broken, 1 where something is, 3 where the target cannot be reached. Raises Complaint."""
    from scimrig.cli.reporters import doctor_page
    from scimrig.doctor.lacking import lacking
    from scimrig.doctor.line import Mark
    from scimrig.doctor.visit import Wishes, visit

    if arguments.webhooks and arguments.read_only:
        raise Complaint("--webhooks waits for a delivery about a user of our own, which --read-only leaves out")
    target = target_of(arguments)
    if not (target.loopback or arguments.read_only or arguments.yes):
        calls = ", with the declared calls," if target.declared.data else ""
        what = f"create, read and delete one user of our own{calls} (--read-only leaves that out)"
        ask_consent(what, target.base_url)
    outlet = Outlet(sys.stdout)
    page = doctor_page(outlet.as_text(), wants_color(arguments.no_color))
    page.begins(target.base_url if target.ref is None else f"{target.name} (the server inside this command)")
    lines: list[Line] = []
    run_id, prefix = names_of_run(target)
    wishes = Wishes(arguments.timeout, writes=not arguments.read_only, webhooks=arguments.webhooks)
    for line in visit(target, wishes, run_id, prefix):
        lines.append(line)
        page.line(line)
    broken = any(line.mark is Mark.BROKEN for line in lines)
    if not broken:  # else there is something to mend first
        told, paste = lacking(target)
        lines.append(told)
        page.line(told)
        page.paste(paste)
    code = ERROR if any(line.unreachable for line in lines) else BROKEN if broken else 0
    page.ends(lines, code)
    trouble = outlet.trouble()
    if trouble is not None:
        raise trouble
    return code
