"""The vendors' packs on the command line: ``--pack NAME`` plays a vendor's own bar and nothing else.

Rule: it chooses and names; what a pack is stands in ``scimrig.packs``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from scimrig.cli.complaint import Complaint

if TYPE_CHECKING:
    from scimrig.packs import Pack
    from scimrig.plan import Case


def add_option(parser: argparse.ArgumentParser) -> None:
    """--pack."""
    parser.add_argument(
        "--pack", action="append", metavar="NAME",
        help="play a vendor's own bar, mirrored, and nothing else; given twice: both (`scimrig list packs`)",
    )


def chosen(arguments: argparse.Namespace) -> tuple[Pack, ...]:
    """The packs that a command line names, () for none. Raises Complaint."""
    from scimrig import packs
    from scimrig.suggestion import did_you_mean

    wanted = dict.fromkeys(arguments.pack or ())
    for option in ("twins", "scenarios"):
        if wanted and getattr(arguments, option):
            raise Complaint(f"--pack brings its own scenarios and dialects: leave --{option} out")
    known = packs.catalogue() if wanted else {}
    for name in wanted:
        if name not in known:
            raise Complaint(f"--pack: there is no pack {name!r}{did_you_mean(name, known)}")
    return tuple(known[name] for name in wanted)


def cases(found: Sequence[Pack], arguments: argparse.Namespace) -> tuple[tuple[Case, ...], tuple[dict[str, Any], ...]]:
    """The cases of packs, and the packs as the first record of a run has them. Raises Complaint."""
    from scimrig import packs
    from scimrig.plan import plan_cases
    from scimrig.scenario.errors import ScenarioErrors

    planned: list[Case] = []
    told: list[dict[str, Any]] = []
    for pack in found:
        try:
            tests = packs.tests(pack.name)
        except ScenarioErrors as errors:
            raise Complaint(f"a pack with mistakes, nothing was sent:\n{errors}") from None
        dialects = [name for name in pack.dialects if not arguments.idp or name in arguments.idp]
        mine = plan_cases(tests, dialects, tuple(arguments.select or ()), tuple(arguments.tag or ()))
        played = {case.scenario.id for case in mine}
        planned += mine
        told.append(packs.told(pack, [test for test in tests if test.id in played]))
    return tuple(planned), tuple(told)
