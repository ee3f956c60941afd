"""List what there is by id: scenarios, checks, faults, variants, dialects or targets.

One id a line when piped, ready for xargs; aligned with titles on a terminal.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from scimrig.cli.complaint import Complaint

Rows = Iterable[tuple[str, str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig list``."""
    parser.add_argument("what", choices=sorted(KINDS), metavar="WHAT", help=", ".join(KINDS))
    parser.add_argument("--scenarios", action="append", type=Path, metavar="PATH", help="instead of our scenarios")
    parser.add_argument("--config", type=Path, metavar="FILE", help="target file (default: scimrig.toml if present)")


def run(arguments: argparse.Namespace) -> int:
    """Print the list; 0. Raises Complaint (exit 2) where scenarios or target file cannot be read."""
    if arguments.scenarios is not None and arguments.what != "scenarios":
        raise Complaint("--scenarios goes with `scimrig list scenarios` only")
    if arguments.config is not None and arguments.what != "targets":
        raise Complaint("--config goes with `scimrig list targets` only")
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


def _dialects(arguments: argparse.Namespace) -> Rows:
    from scimrig_simulator import idp

    return [(name, idp.engage(name, 0).dialect.title) for name in idp.names()]


def _targets(arguments: argparse.Namespace) -> Rows:
    from scimrig import target

    path: Path | None = arguments.config
    if path is None and Path(target.CONFIG_NAME).is_file():
        path = Path(target.CONFIG_NAME)
    rows = [("ref:", "the built-in reference server")]
    try:
        declared = target.load_config(path).targets if path is not None else {}
    except target.TargetError as error:
        raise Complaint(str(error)) from None
    return rows + [(name, one.base_url) for name, one in declared.items()]


KINDS: dict[str, Callable[[argparse.Namespace], Rows]] = {
    "scenarios": _scenarios,
    "checks": _checks,
    "faults": _faults,
    "variants": _variants,
    "dialects": _dialects,
    "targets": _targets,
}
