"""``--strict``: which tolerances a reference server does without.

Rule: names only; what each tolerance lets pass stands in ``scim.tolerances``.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from scimrig.cli.complaint import Complaint
from scimrig.suggestion import did_you_mean

if TYPE_CHECKING:
    from scimrig_simulator.scim.tolerances import Leniency

ALL = "all"


def add_argument(parser: argparse.ArgumentParser) -> None:
    """The option ``--strict``, with or without names."""
    parser.add_argument(
        "--strict", metavar="NAME[,NAME…]", nargs="?", const=ALL,
        help="go by the letter of the RFC where clients don't: in everything, or only in what is named"
        " (`scimrig list tolerances`)",
    )


def granted(strict: str | None) -> Leniency:
    """The tolerances that are left; ``strict`` as given, None where it isn't. Raises Complaint for an unknown name."""
    from scimrig_simulator.scim.tolerances import NONE, STANDARD, TOLERANCES

    if strict is None or strict == ALL:
        return STANDARD if strict is None else NONE
    known = {tolerance.name: tolerance for tolerance in TOLERANCES}
    names = [name.strip() for name in strict.split(",")]
    for name in names:
        if name not in known:
            raise Complaint(f"--strict: there is no tolerance {name!r}{did_you_mean(name, known)}")
    return STANDARD - {known[name] for name in names}
