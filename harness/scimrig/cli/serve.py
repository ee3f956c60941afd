"""Run the reference server on this machine, sound or with a named fault, until Ctrl-C.

Prints the base URL as its first line when it is ready. Rule: loopback only, since it is a test server.
"""

from __future__ import annotations

import argparse
import os
import sys

from scimrig.cli.arguments import port_number
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.suggestion import did_you_mean

TOKEN_ENV = "SCIMRIG_TOKEN"

_SET_UP = (
    'policy: nobody can be provisioned before their domain is registered: PUT {{"domains": ["acme.test"]}}'
    " to {origin}/manage/domains"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig serve``."""
    parser.add_argument(
        "--port", type=port_number, default=0, metavar="N", help="port of 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--token", metavar="T",
        help="bearer token that clients need (default: SCIMRIG_TOKEN, else a new one that is printed)",
    )
    parser.add_argument("--db", metavar="PATH", default=":memory:", help="SQLite file to keep (default: in memory)")
    parser.add_argument(
        "--policy", metavar="NAME", default="open",
        help="what it promises beyond SCIM: open (nothing, the default) or scalekit (domains, roles, fixed e-mail"
        " addresses and webhooks, set up below /manage)",
    )
    twist = parser.add_mutually_exclusive_group()
    twist.add_argument("--fault", metavar="NAME", help="break the server in a named way (`scimrig list faults`)")
    twist.add_argument("--variant", metavar="NAME", help="a sound but awkward server (`scimrig list variants`)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; 0. Raises Complaint."""
    from scimrig.target import RefSpec, TargetError, reference_app
    from scimrig_simulator.clock import SystemClock
    from scimrig_simulator.server.app import BASE_PATH
    from scimrig_simulator.server.policy import OPEN, PRESETS
    from scimrig_simulator.server.serve import ServeError, serve
    from scimrig_simulator.server.store import StoreError

    if arguments.policy not in PRESETS:
        raise Complaint(f"--policy: unknown preset {arguments.policy!r}{did_you_mean(arguments.policy, PRESETS)}")
    token, hint = _token(arguments.token)
    spec = RefSpec(fault=arguments.fault, variant=arguments.variant, policy=arguments.policy)
    try:
        app = reference_app(spec, token=token, clock=SystemClock(), db=arguments.db)
    except TargetError as error:
        raise Complaint(str(error)) from None
    except StoreError as error:
        raise Complaint(f"--db: {error}", ERROR) from None

    def ready(base_url: str) -> None:
        print(base_url, flush=True)
        print(hint.format(base_url=base_url), file=sys.stderr, flush=True)
        if arguments.policy != OPEN:
            print(_SET_UP.format(origin=base_url.removesuffix(BASE_PATH)), file=sys.stderr, flush=True)

    try:
        serve(app, port=arguments.port, ready=ready)
    except ServeError as error:
        raise Complaint(str(error), ERROR) from None
    return 0


def _token(given: str | None) -> tuple[str, str]:
    """The token, and the line for stderr; one from the environment is not repeated."""
    if given is not None:
        if not given.strip():
            raise Complaint("--token: an empty token would let everybody in")
        return given, "token: as given with --token"
    inherited = os.environ.get(TOKEN_ENV, "").strip()
    if inherited:
        return inherited, f"token: from {TOKEN_ENV}; judge it with: scimrig run {{base_url}}"
    import secrets

    made = secrets.token_urlsafe(18)
    return made, f"token: {made}; judge it with: {TOKEN_ENV}={made} scimrig run {{base_url}}"
