"""Show what an identity provider sends and how it reacts, with the evidence for each trait.

Rule: prints tables that the engines themselves are driven by; nothing is told here that is not done there.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scimrig.cli.complaint import Complaint
from scimrig.suggestion import did_you_mean

if TYPE_CHECKING:
    from scimrig_simulator.idp.knobs import Dialect, Knob

USAGE = "scimrig idp show NAME[:KNOB=VALUE,…] | scimrig idp list"
EXAMPLES = """
examples:
  scimrig idp list
  scimrig idp show okta
  scimrig idp show okta:profile_update=patch
  scimrig run --idp okta:profile_update=patch       plays it with that knob turned

Marks: doc = its vendor documents it; observed = seen in a real log or trace; inferred = our conclusion from the two."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig idp``."""
    parser.usage, parser.epilog = USAGE, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("words", nargs="*", metavar="show NAME | list", help="see below")


def run(arguments: argparse.Namespace) -> int:
    """Print it; 0. Raises Complaint (exit 2) for an unknown dialect, knob or value."""
    from scimrig_simulator import idp

    what, *rest = arguments.words or ["list"]
    if what not in ("show", "list"):
        raise Complaint(f"unknown word {what!r}{did_you_mean(what, ('show', 'list'))}; usage: {USAGE}")
    if what == "list":
        if rest:
            raise Complaint(f"one word too many: {rest[0]!r}; usage: {USAGE}")
        for name in idp.names():
            print(f"{name:<16} {idp.engage(name, 0).dialect.title}")
        return 0
    if len(rest) != 1:
        raise Complaint(f"show which one? Known are {', '.join(idp.names())}")
    try:
        dialect = idp.engage(rest[0], 0).dialect
    except ValueError as wrong:
        raise Complaint(str(wrong)) from None
    print("\n".join(page(rest[0], dialect)))
    return 0


def page(name: str, dialect: Dialect) -> Iterator[str]:
    """The dialect as lines of text: acts, knobs, reactions; what is inferred says so."""
    from scimrig_simulator.idp import base

    inferred = sum(knob.mark == "inferred" for knob in dialect.knobs)
    yield f"{name} · dialect · {dialect.title}"
    yield f"{len(dialect.knobs)} knobs, {inferred} of them inferred; {len(dialect.reactions)} reactions"
    yield ""
    yield "Acts:"
    for act, ground in dialect.acts.items():
        needs = ", ".join(sorted(ground.needs)) or "nothing"
        yield f"  {act:<12} idp:{base(name)}:{ground.chapter}, needs {needs}"
    yield ""
    yield f"Knobs (turn one: --idp {base(name)}:KNOB=VALUE):"
    for knob in dialect.knobs:
        yield from _knob(knob)
    if dialect.reactions:
        yield ""
        yield "Reactions:"
    for reaction in dialect.reactions:
        yield f"  {reaction.answer}: {reaction.then} [{reaction.mark}, {reaction.source}]"
        if reaction.means:
            yield f"      → {reaction.means}"
    yield ""
    yield f"Rerun: scimrig run --idp {name}"


def _knob(knob: Knob) -> Iterator[str]:
    words = f": {knob.words}" if knob.words else ""
    yield f"  {knob.name} = {knob.value}{words} [{knob.mark}, {knob.source}]"
    for choice in knob.choices:
        yield f"      or {choice.value}: {choice.words} [{choice.mark}, {choice.source}]"
    if knob.free:
        yield f"      or {knob.free}"
