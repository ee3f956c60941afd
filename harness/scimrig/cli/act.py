"""Play one act of an identity provider by hand against your own server, and see what it really did.

Rule: everything that can be wrong with the command is said before anything is sent (exit 2); rows that scimrig did not
make are never written to.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

from scimrig.cli.arguments import some_seconds
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.cli.run import TIMEOUT, add_server, target_of
from scimrig.cli.terminal import Outlet, ask_consent, wants_color

if TYPE_CHECKING:
    from scimrig.acting.order import Order
    from scimrig.acting.played import Played
    from scimrig.acting.state import State
    from scimrig.evidence import Exchange
    from scimrig.target import Target

UNDONE = 1
USAGE = "scimrig act IDP ACT [SUBJECT] TARGET [--set NAME=VALUE]... [--members KEY,KEY] [options]"
EXAMPLES = """
IDP      okta, entra, google, … (`scimrig list dialects`), with knobs turned where you like: okta:profile_update=patch
ACT      connect, assign, update, rename, deactivate, reactivate, unassign, delete, push_group, set_members,
         rename_group, delete_group, import_users, cycle
SUBJECT  any key you like, such as ada or engineers: the same key is the same person, or team, from then on
TARGET   a base URL, or a name in scimrig.toml

examples:
  scimrig act okta connect http://127.0.0.1:8080/scim/v2
  scimrig act okta assign ada http://127.0.0.1:8080/scim/v2
  scimrig act okta update ada http://127.0.0.1:8080/scim/v2 --set title="Lead Engineer"
  scimrig act entra push-group engineers staging --members ada,bob
  scimrig act --forget staging

Between two calls an IdP remembers what it knows of a target, in .scimrig/act.
Exit codes: 0 the act did what it means, 1 it did not, 2 usage, 3 could not decide."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig act``."""
    parser.usage, parser.epilog = USAGE, EXAMPLES
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("words", nargs="*", metavar="IDP ACT [SUBJECT] TARGET", help="see below")
    parser.add_argument(
        "--set", dest="changes", action="append", default=[], metavar="NAME=VALUE",
        help="a field of the person that changes with the act, e.g. title=Tester; of a group: displayName",
    )
    parser.add_argument("--members", metavar="KEY[,KEY]", help='who is in the group from now on ("" for nobody)')
    parser.add_argument(
        "--forget", action="store_true", help="delete what acts have made on TARGET, and forget what every IdP knew"
    )
    add_server(parser)
    parser.add_argument(
        "--timeout", type=some_seconds, default=TIMEOUT, metavar="SECONDS",
        help=f"how long an answer may take (default {TIMEOUT:.0f})",
    )
    parser.add_argument("--seed", type=int, metavar="N", help="which people are made up (default 1)")
    parser.add_argument("--verbose", action="store_true", help="every header, whole bodies, and our own reads too")
    parser.add_argument("--json", action="store_true", help="records instead of a page: one JSON object a line")
    parser.add_argument("--no-color", action="store_true", help="no colour (also: set NO_COLOR)")


def run(arguments: argparse.Namespace) -> int:
    """0 where the act did what it means, 1 where not, 3 where nobody can tell. Raises Complaint."""
    if arguments.forget:
        return _forget(arguments)
    from scimrig.acting.order import READING, OrderError, read

    try:
        order, where = read(arguments.words, arguments.changes, arguments.members)
    except OrderError as slip:
        raise Complaint(str(slip)) from None
    target = _target(where, arguments)
    if order.act not in READING and not target.loopback and not arguments.yes:
        ask_consent(f"{order.act.replace('_', ' ')} {order.subject}", target.base_url)
    return _play(order, target, arguments)


def _target(text: str, arguments: argparse.Namespace) -> Target:
    target = target_of(argparse.Namespace(**{**vars(arguments), "target": text}))
    if target.ref is not None:
        twist = "".join(
            f" --{kind} {name}" for kind, name in (("fault", target.ref.fault), ("variant", target.ref.variant)) if name
        )
        raise Complaint(
            f"{text} lives inside this command and would be gone with it; start a server that stays:"
            f" scimrig serve --port 8080{twist}, then act on http://127.0.0.1:8080/scim/v2"
        )
    return target


# Playing ------------------------------------------------------------------------------------------------------------


def _play(order: Order, target: Target, arguments: argparse.Namespace) -> int:
    from scimrig.acting import state
    from scimrig.acting.order import OrderError
    from scimrig.acting.sights import UndecidedError
    from scimrig.rows import JournalError

    folder = state.folder_of(target.base_url)
    outlet = Outlet(sys.stdout)
    try:
        with state.held(folder):
            known = state.load(target.base_url, order.dialect, target.email_domain, arguments.seed)
            played = _performed(order, target, known, arguments, outlet)
    except OrderError as slip:
        raise Complaint(str(slip)) from None
    except (UndecidedError, state.StateError, JournalError) as undecided:
        raise Complaint(str(undecided), ERROR) from None
    finally:
        state.tidy(folder)
    trouble = outlet.trouble()
    if trouble is not None:
        raise trouble
    return ERROR if played.done is None else 0 if played.done else UNDONE


def _performed(
    order: Order, target: Target, known: State, arguments: argparse.Namespace, outlet: Outlet
) -> Played:
    from scimrig.acting.play import Hand, PatientClock, made
    from scimrig.cli.reporters import act_page
    from scimrig.courier import Courier, Redactor
    from scimrig.target import open_channels

    page = act_page(outlet.as_text(), wants_color(arguments.no_color), arguments.verbose)
    clock = PatientClock((lambda seconds: None) if arguments.json else page.waits)
    show = _printed(outlet) if arguments.json else page.exchange
    redactor = Redactor.of(target.credentials, *target.secrets)
    address = _address(target, arguments)
    channels = open_channels(target, arguments.timeout, clock)
    rows = known.journal(target.name)
    try:
        courier = Courier(
            channels.scim, clock, rows, redactor, show, target.credentials, case="act", dialect=order.dialect
        )
        hand = Hand(target, address, known, courier)
        if not arguments.json:
            page.begins(hand.headline(order), f"on {target.base_url}")
        played = hand.play(order)
    finally:
        rows.close()
        channels.close()
    if arguments.json:
        outlet.write(json.dumps(played.to_json()) + "\n")
    else:
        page.ends(played, made(rows), f"scimrig act --forget {address}")
    return played


def _address(target: Target, arguments: argparse.Namespace) -> str:
    """The target as a next command would name it, with the options that belong to it."""
    words = [target.name]
    if arguments.target_file is not None:
        words += ["--target-file", str(arguments.target_file)]
    if arguments.token_env is not None:
        words += ["--token-env", arguments.token_env]
    return shlex.join(words)


def _printed(outlet: Outlet) -> Any:
    from scimrig.evidence import to_json

    def printed(exchange: Exchange) -> None:
        outlet.write(json.dumps(to_json(exchange)) + "\n")

    return printed


# Forgetting ---------------------------------------------------------------------------------------------------------


def _forget(arguments: argparse.Namespace) -> int:
    """Clear away what acts have made on a target: 0 where nothing of ours is left there, 3 where something is."""
    if len(arguments.words) != 1:
        raise Complaint("--forget takes a target and nothing else: scimrig act --forget TARGET")
    if arguments.changes or arguments.members is not None:
        raise Complaint("--forget goes with neither --set nor --members")
    target = _target(arguments.words[0], arguments)
    from scimrig.cli.sweep import sweep_acts

    found, left = sweep_acts(target, arguments)
    if not found:
        print(f"nothing to forget: no act was ever played on {target.base_url} from this folder")
    return ERROR if left else 0
