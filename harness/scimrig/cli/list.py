"""List what there is by id: scenarios, checks, faults, variants, tolerances, dialects, targets, presets, packs, cases
of consumer mode, or twists of the sample receiver.

One id a line when piped, ready for xargs; aligned with titles on a terminal.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from scimrig.cli import explain_consumer
from scimrig.cli.complaint import Complaint
from scimrig.cli.run import add_target_file, target_file_of

Rows = Iterable[tuple[str, str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig list``."""
    parser.add_argument("what", choices=sorted(KINDS), metavar="WHAT", help=", ".join(KINDS))
    parser.add_argument("--scenarios", action="append", type=Path, metavar="PATH", help="instead of our scenarios")
    add_target_file(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the list; 0. Raises Complaint (exit 2) where scenarios or target file cannot be read."""
    if arguments.scenarios is not None and arguments.what != "scenarios":
        raise Complaint("--scenarios goes with `scimrig list scenarios` only")
    if arguments.target_file is not None and arguments.what != "targets":
        raise Complaint("--target-file goes with `scimrig list targets` only")
    rows = list(KINDS[arguments.what](arguments))
    width = max((len(identifier) for identifier, _ in rows), default=0)
    for identifier, title in rows:
        print(f"{identifier:<{width}}  {title}".rstrip() if sys.stdout.isatty() else identifier)
    return 0


def _scenarios(arguments: argparse.Namespace) -> Rows:
    from scimrig.scenario.errors import ScenarioErrors
    from scimrig.scenario.load import load

    try:
        return [(scenario.id, scenario.title) for scenario in load(arguments.scenarios)]
    except ScenarioErrors as errors:
        raise Complaint(str(errors)) from None


def _checks(arguments: argparse.Namespace) -> Rows:
    from scimrig import checks

    return sorted((check.id, check.title) for check in checks.all())


def _faults(arguments: argparse.Namespace) -> Rows:
    from scimrig_simulator import faults

    return [(name, faults.fault(name).title) for name in sorted(faults.FAULTS)]


def _variants(arguments: argparse.Namespace) -> Rows:
    from scimrig_simulator import faults

    return [(name, faults.variant(name).title) for name in sorted(faults.VARIANTS)]


def _tolerances(arguments: argparse.Namespace) -> Rows:
    from scimrig_simulator.scim.tolerances import TOLERANCES

    return sorted((one.name, f"{one.what} ({', '.join(one.sources)})") for one in TOLERANCES)


def _dialects(arguments: argparse.Namespace) -> Rows:
    from scimrig_simulator import idp

    return [(name, idp.engage(name, 0).dialect.title) for name in idp.names()]


def _targets(arguments: argparse.Namespace) -> Rows:
    file = target_file_of(arguments)
    declared = {} if file is None else file.targets
    places = ((name, one.get("base_url") or one["consumer"].get("url", "")) for name, one in declared.items())
    return [("ref:", "the built-in reference server"), *places]


def _presets(arguments: argparse.Namespace) -> Rows:
    from scimrig import presets

    return [(name, presets.title(name)) for name in presets.names()]


def _packs(arguments: argparse.Namespace) -> Rows:
    from scimrig import packs

    for pack in packs.catalogue().values():
        yield pack.name, f"{pack.title}. Ours: {pack.ours}"


KINDS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    "scenarios": _scenarios,
    "checks": _checks,
    "faults": _faults,
    "variants": _variants,
    "tolerances": _tolerances,
    "dialects": _dialects,
    "targets": _targets,
    "presets": _presets,
    "packs": _packs,
    "consumer": lambda arguments: explain_consumer.case_rows(),
    "receivers": lambda arguments: explain_consumer.twist_rows(),
}
