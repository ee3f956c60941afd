"""Play the scenarios against a target, as the identity providers would, and judge it.

Rule: everything that can be wrong with the command, the scenarios or the baseline is found before the first request
(exit 2); nothing is written to a server beyond this machine without consent.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from scimrig.cli import gate, packs
from scimrig.cli.arguments import at_least_one, dialects, names, refuse_token, some_seconds
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.cli.terminal import Outlet, ask_consent, wants_color

if TYPE_CHECKING:
    from scimrig.plan import Case, Plan
    from scimrig.target import Target, TargetFile

NOTHING_JUDGED = 4
SEED = 1
TIMEOUT = 30.0
JOBS = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig run``."""
    add_target(parser)
    parser.add_argument(
        "--idp", action="extend", type=dialects, metavar="NAME[,NAME]",
        help="play only these dialects; they then decide the exit code (default: all are played)",
    )
    parser.add_argument(
        "--twins", metavar="NAME,NAME",
        help="play every story in these two dialects, and compare what the target holds after each step",
    )
    packs.add_option(parser)
    parser.add_argument(
        "-k", dest="select", action="append", metavar="EXPR",
        help="only cases whose name holds EXPR or fits the glob; given twice: what fits either",
    )
    parser.add_argument("--tag", action="extend", type=names, metavar="TAG[,TAG]", help="only scenarios with a TAG")
    parser.add_argument(
        "--scenarios", action="append", type=Path, metavar="PATH", help="play these files or folders instead of our own"
    )
    gate.add_options(parser)
    parser.add_argument("--fail-fast", action="store_true", help="stop at the first finding that --fail-on counts")
    parser.add_argument("--jobs", type=at_least_one, default=JOBS, metavar="N", help="cases at a time (default 1)")
    parser.add_argument("--seed", type=int, default=SEED, metavar="N", help="which people are made up (default 1)")
    parser.add_argument(
        "--timeout", type=some_seconds, metavar="SECONDS",
        help=f"how long an answer may take (default {TIMEOUT:.0f}, with --pack what the vendor waits)",
    )


def add_target(parser: argparse.ArgumentParser) -> None:
    """TARGET, --target-file, --token-env, --yes: shared by the commands that talk to a server."""
    parser.add_argument(
        "target", nargs="?", metavar="TARGET",
        help="ref: (built-in server, default), ref:fault=NAME, ref:variant=NAME, a base URL, or a name in scimrig.toml",
    )
    add_server(parser)


def add_server(parser: argparse.ArgumentParser) -> None:
    """--target-file, --token-env, --yes: what there is to say about a target besides which one it is."""
    add_target_file(parser)
    parser.add_argument(
        "--token-env", metavar="NAME", help="environment variable with the bearer token (default SCIMRIG_TOKEN)"
    )
    refuse_token(parser)
    parser.add_argument("--yes", action="store_true", help="agree to writes on a server beyond this machine")


def add_target_file(parser: argparse.ArgumentParser) -> None:
    """--target-file."""
    parser.add_argument(
        "--target-file", type=Path, metavar="FILE",
        help="what is declared about targets (default: scimrig.toml if present)",
    )


def target_file_of(arguments: argparse.Namespace) -> TargetFile | None:
    """The target file a command line means, None where there is none. Raises Complaint (exit 2)."""
    from scimrig import target

    path: Path | None = arguments.target_file
    if path is None and Path(target.FILE_NAME).is_file():
        path = Path(target.FILE_NAME)
    try:
        return target.load_target_file(path) if path is not None else None
    except target.TargetError as error:
        raise Complaint(str(error)) from None


def target_of(arguments: argparse.Namespace) -> Target:
    """The target a command line means. Raises Complaint (exit 2)."""
    from scimrig import target
    from scimrig.cli.secrecy import remember

    file = target_file_of(arguments)
    try:
        found = target.from_argument(arguments.target, file, os.environ, arguments.token_env)
    except target.TargetError as error:
        raise Complaint(str(error)) from None
    for secret in found.secrets:
        remember(secret)
    return found


def run(arguments: argparse.Namespace) -> int:
    """The exit code of the whole run. Raises Complaint."""
    target = target_of(arguments)
    twins = _twins(arguments)
    found = packs.chosen(arguments)
    dialects = twins or _dialects(arguments.idp)
    cases, told_packs = packs.cases(found, arguments) if found else (_cases(arguments, dialects), ())
    gated = gate.prepare(arguments)
    if not cases:
        what, chosen = ("story", "--twins") if twins else ("case", "--idp")
        told = f"no {what} fits -k, --tag and {chosen} together; `scimrig list scenarios` has them"
        raise Complaint(told, NOTHING_JUDGED)
    if not target.loopback and not arguments.yes:
        ask_consent("create, change and delete users and groups", target.base_url)
    for place in () if arguments.yes else target.called_elsewhere:
        ask_consent("make the calls that the target file declares", place)
    plan = _plan(arguments, target, dialects, cases)
    if found:
        played = tuple(dict.fromkeys(case.dialect for case in cases))
        wait = arguments.timeout or max(pack.timeout for pack in found)
        plan = replace(plan, dialects=played, packs=told_packs, timeout=wait)
    return _play(arguments, plan, gated)


def _play(arguments: argparse.Namespace, plan: Plan, gated: gate.Gate) -> int:
    from scimrig import runlog
    from scimrig.cli.reporters import console
    from scimrig.cli.session import Session
    from scimrig.judge import Judge
    from scimrig.runner import Run
    from scimrig.verdicts import Status

    path = runlog.run_folder(plan.run) / runlog.LOG_NAME
    if plan.target.ref is not None:
        _keep_server_log(path.with_name("server.log"))
    outlet = Outlet(sys.stdout)
    shown = console(outlet.as_text(), wants_color(arguments.no_color))
    judge = Judge()
    try:
        with runlog.LogWriter(path) as log:
            session = Session(
                Run(plan), log, judge, shown,
                total=len(plan.cases), options=_options(arguments), selective=_selective(arguments),
                fail_fast=Status(gated.fail_on) if arguments.fail_fast else None,
            )
            session.play(_sweep(arguments))
    except runlog.LogError as error:
        raise Complaint(str(error), ERROR) from None
    code = gate.conclude(judge.result(), gated, shown, path, session.trouble)
    trouble = outlet.trouble()
    if trouble is not None:
        raise trouble
    return code


def _sweep(arguments: argparse.Namespace) -> str:
    """The command that clears away what a run left that had to be left at once."""
    words = ["scimrig", "sweep", *([arguments.target] if arguments.target else [])]
    if arguments.target_file is not None:
        words += ["--target-file", str(arguments.target_file)]
    return shlex.join(words)


def _keep_server_log(path: Path) -> None:
    """Where the embedded server says why it answered 500: in a file, made when there is something to say."""
    import logging

    logging.raiseExceptions = False  # a full disk under this file is no reason to speak up
    logging.getLogger("scimrig_simulator").addHandler(logging.FileHandler(path, encoding="utf-8", delay=True))


def _plan(
    arguments: argparse.Namespace, target: Target, dialects: tuple[str, ...], cases: tuple[Case, ...]
) -> Plan:
    from scimrig.plan import Plan
    from scimrig.runlog import run_folder

    run_id, prefix = names_of_run(target)
    return Plan(
        target=target, dialects=dialects, cases=cases,
        counted=_counted(dialects) if arguments.idp or arguments.twins else target.dialects,
        seed=arguments.seed, jobs=arguments.jobs, timeout=arguments.timeout or TIMEOUT,
        run=run_id, prefix=prefix, domain=target.email_domain, folder=run_folder(run_id),
        twins=dialects if arguments.twins else (),
    )


def names_of_run(target: Target) -> tuple[str, str]:
    """The run's id, and the prefix of every name it makes on the target: never the same twice on somebody's server."""
    import secrets
    from datetime import UTC, datetime

    mark = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(5))
    run_id = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-") + mark
    return run_id, "rig-" if target.ref is not None else f"rig{mark}-"


def _dialects(wanted: list[str] | None) -> tuple[str, ...]:
    from scimrig_simulator import idp

    for name in wanted or ():
        try:
            idp.engage(name, 0)
        except ValueError as unknown:
            raise Complaint(f"--idp: {unknown}") from None
    return tuple(dict.fromkeys(wanted)) if wanted else idp.CORE


def _twins(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The two dialects of a twin run, () for any other run. Raises Complaint."""
    from scimrig import twins
    from scimrig_simulator import idp

    if arguments.twins is None:
        return ()
    if arguments.idp:
        raise Complaint("--twins names both dialects that are played: leave --idp out")
    try:
        return twins.read(arguments.twins, lambda name: idp.engage(name, 0))
    except ValueError as wrong:
        raise Complaint(f"--twins: {wrong}") from None


def _counted(dialects: tuple[str, ...]) -> tuple[str, ...]:
    """As authorities name them: without the knobs that were turned."""
    from scimrig_simulator.idp import base

    return tuple(dict.fromkeys(base(dialect) for dialect in dialects))


def _cases(arguments: argparse.Namespace, dialects: tuple[str, ...]) -> tuple[Case, ...]:
    from scimrig.plan import plan_cases, plan_twins
    from scimrig.scenario.errors import ScenarioErrors
    from scimrig.scenario.load import load

    try:
        scenarios = load(arguments.scenarios)
    except ScenarioErrors as errors:
        raise Complaint(f"scenarios with mistakes, nothing was sent:\n{errors}") from None
    select, tags = tuple(arguments.select or ()), tuple(arguments.tag or ())
    if arguments.twins is not None:
        return plan_twins(scenarios, dialects, select, tags)
    return plan_cases(scenarios, dialects, select, tags)


def _selective(arguments: argparse.Namespace) -> bool:
    return bool(arguments.select or arguments.tag or arguments.idp or arguments.twins or arguments.pack)


def _options(arguments: argparse.Namespace) -> tuple[str, ...]:
    """What a rerun needs besides target, case, dialect and seed."""
    words: list[str] = []
    if arguments.target_file is not None:
        words += ["--target-file", str(arguments.target_file)]
    if arguments.token_env is not None:
        words += ["--token-env", arguments.token_env]
    for path in arguments.scenarios or ():
        words += ["--scenarios", str(path)]
    for pack in arguments.pack or ():
        words += ["--pack", pack]
    return tuple(words)
