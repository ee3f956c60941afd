"""Send webhooks to a receiver, genuine and forged, once, twice and out of order, and judge what it makes of them.

Rule: everything that can be wrong with the command or the target file is found before the first delivery (exit 2);
nothing is delivered beyond this machine without consent.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from typing import TYPE_CHECKING

from scimrig.cli import gate
from scimrig.cli.arguments import names, some_seconds
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.cli.run import SEED, TIMEOUT, add_target_file, target_file_of
from scimrig.cli.terminal import Outlet, ask_consent, wants_color

if TYPE_CHECKING:
    from scimrig.consumer.cases import Case
    from scimrig.consumer.run import ConsumerPlan
    from scimrig.consumer.target import ConsumerTarget

NOTHING_JUDGED = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig consumer``."""
    parser.add_argument(
        "target", nargs="?", metavar="TARGET",
        help="ref: (sample receiver, default), ref:fault=NAME, ref:variant=NAME, the URL that webhooks go to, or a name"
        " in scimrig.toml; what is declared about it stands in the table [consumer]",
    )
    add_target_file(parser)
    parser.add_argument("--yes", action="store_true", help="agree to deliveries beyond this machine")
    parser.add_argument(
        "-k", dest="select", action="append", metavar="EXPR",
        help="only cases whose name holds EXPR or fits the glob; given twice: what fits either",
    )
    parser.add_argument("--tag", action="extend", type=names, metavar="TAG[,TAG]", help="only cases with a TAG")
    gate.add_options(parser)
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first finding that --fail-on counts")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="which people are made up (default 1)")
    parser.add_argument(
        "--timeout", type=some_seconds, default=TIMEOUT, metavar="SECONDS",
        help=f"how long a declared call may take (default {TIMEOUT:.0f}); of deliveries consumer.timeout_s says it",
    )


def run(arguments: argparse.Namespace) -> int:
    """The exit code of the run. Raises Complaint."""
    target = _target(arguments)
    cases = _cases(arguments)
    gated = gate.prepare(arguments)
    if not cases:
        raise Complaint("no case fits -k and --tag together; `scimrig list consumer` has them", NOTHING_JUDGED)
    if not target.loopback and not arguments.yes:
        ask_consent("deliver webhooks about people who are made up", target.url)
    return _play(arguments, _plan(arguments, target, cases), gated)


def _target(arguments: argparse.Namespace) -> ConsumerTarget:
    from scimrig.cli.secrecy import remember
    from scimrig.consumer.target import from_argument
    from scimrig.target_error import TargetError

    try:
        found = from_argument(arguments.target, target_file_of(arguments), os.environ)
    except TargetError as error:
        raise Complaint(str(error)) from None
    for secret in found.secrets:
        remember(secret)
    return found


def _cases(arguments: argparse.Namespace) -> tuple[Case, ...]:
    from scimrig.consumer.cases import chosen, load

    return chosen(load(), tuple(arguments.select or ()), tuple(arguments.tag or ()))


def _plan(arguments: argparse.Namespace, target: ConsumerTarget, cases: tuple[Case, ...]) -> ConsumerPlan:
    import secrets
    from datetime import UTC, datetime

    from scimrig.consumer.run import ConsumerPlan

    mark = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(5))
    run_id = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-") + mark
    # ids of an earlier run must not come again: a sound receiver would drop them
    return ConsumerPlan(target, cases, arguments.seed, arguments.timeout, run_id, f"rig{mark}-")


def _play(arguments: argparse.Namespace, plan: ConsumerPlan, gated: gate.Gate) -> int:
    from scimrig import runlog
    from scimrig.cli.reporters import console
    from scimrig.cli.session import Session
    from scimrig.consumer.run import ConsumerRun
    from scimrig.judge import Judge
    from scimrig.verdicts import Status

    path = runlog.run_folder(plan.run) / runlog.LOG_NAME
    outlet = Outlet(sys.stdout)
    shown = console(outlet.as_text(), wants_color(arguments.no_color))
    judge = Judge()
    try:
        with runlog.LogWriter(path) as log:
            session = Session(
                ConsumerRun(plan), log, judge, shown, total=len(plan.cases), options=_options(arguments),
                selective=bool(arguments.select or arguments.tag),
                fail_fast=Status(gated.fail_on) if arguments.fail_fast else None,
            )
            session.play(shlex.join(["scimrig", "consumer", *([arguments.target] if arguments.target else [])]))
    except runlog.LogError as error:
        raise Complaint(str(error), ERROR) from None
    code = gate.conclude(judge.result(), gated, shown, path, session.trouble)
    trouble = outlet.trouble()
    if trouble is not None:
        raise trouble
    return code


def _options(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What a rerun needs besides target, case and seed."""
    return () if arguments.target_file is None else ("--target-file", str(arguments.target_file))
