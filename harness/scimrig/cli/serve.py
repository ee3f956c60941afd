"""Run the reference server on this machine, sound or with a named fault, until Ctrl-C.

Prints the base URL as its first line when it is ready. Rule: loopback only, since it is a test server.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from scimrig.cli import access_log, front, schemas, strictness
from scimrig.cli.arguments import port_number
from scimrig.cli.complaint import ERROR, Complaint
from scimrig.suggestion import did_you_mean

if TYPE_CHECKING:
    from scimrig_simulator.server.tenants import Tenants

TOKEN_ENV = "SCIMRIG_TOKEN"

_SET_UP = (
    'policy: nobody can be provisioned before their domain is registered: PUT {{"domains": ["acme.test"]}}'
    " to {origin}/manage/domains"
)

_HAS_TOKENS = "(its tokens are good still; POST to {origin}/manage/tenants/{name}/tokens makes another)"


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
    front.add_arguments(parser)
    parser.add_argument(
        "--require-tls", action="store_true",
        help="refuse whatever comes in the clear (with --tls-cert, or behind a --trusted-proxy that speaks https)",
    )
    parser.add_argument(
        "--trusted-proxy", metavar="CIDR", action="append", default=[], dest="trusted_proxies", type=_network,
        help="believe the X-Forwarded-For and X-Forwarded-Proto of whoever calls from there (may be given several"
        " times)",
    )
    schemas.add_argument(parser)
    strictness.add_argument(parser)
    access_log.add_argument(parser)
    parser.add_argument(
        "--tenant", metavar="NAME", action="append", default=[], dest="tenants",
        help="a further tenant at /NAME/scim/v2, which shares nothing with the others; a token for it is printed unless"
        " it has one (may be given several times)",
    )
    parser.add_argument(
        "--test-clock", action="store_true",
        help="let whoever has the token move time on: POST {\"seconds\": 300} to /manage/clock:advance",
    )
    twist = parser.add_mutually_exclusive_group()
    twist.add_argument("--fault", metavar="NAME", help="break the server in a named way (`scimrig list faults`)")
    twist.add_argument("--variant", metavar="NAME", help="a sound but awkward server (`scimrig list variants`)")


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM; 0. Raises Complaint."""
    from scimrig.target import RefSpec, TargetError, reference_app
    from scimrig_simulator.clock import AdvancingClock, SystemClock
    from scimrig_simulator.server.app import BASE_PATH
    from scimrig_simulator.server.policy import OPEN, PRESETS
    from scimrig_simulator.server.serve import ServeError, serve
    from scimrig_simulator.server.store import StoreError

    if arguments.policy not in PRESETS:
        raise Complaint(f"--policy: unknown preset {arguments.policy!r}{did_you_mean(arguments.policy, PRESETS)}")
    certificate = front.certificate(arguments)
    if arguments.require_tls and certificate is None and not arguments.trusted_proxies:
        raise Complaint("--require-tls: nothing could be reached; give --tls-cert and --tls-key, or a --trusted-proxy")
    token, hint = _token(arguments.token)
    tenants = [_tenant_name(name) for name in arguments.tenants]
    register: list[Tenants] = []
    spec = RefSpec(fault=arguments.fault, variant=arguments.variant, policy=arguments.policy)
    try:
        definitions = schemas.definitions_in(arguments.schemas)
        app = reference_app(
            spec, token=token, clock=AdvancingClock() if arguments.test_clock else SystemClock(), db=arguments.db,
            definitions=definitions,
            tolerances=strictness.granted(arguments.strict),
            opening=register.append, trusted_proxies=tuple(arguments.trusted_proxies),
            dev=not arguments.require_tls,
        )  # fmt: skip
    except TargetError as error:
        raise Complaint(str(error)) from None
    except StoreError as error:
        raise Complaint(f"--db: {error}", ERROR) from None

    def ready(base_url: str) -> None:
        issued = _let_in(register[0], tenants)  # not before: a token that nobody is told of would be of no use
        print(base_url, flush=True)
        print(hint.format(base_url=base_url), file=sys.stderr, flush=True)
        origin = base_url.removesuffix(BASE_PATH)
        for name, made in issued.items():
            line = f"{name}  {origin}/{name}{BASE_PATH}  {made or _HAS_TOKENS.format(origin=origin, name=name)}"
            print(line, file=sys.stderr, flush=True)
        if arguments.policy != OPEN:
            print(_SET_UP.format(origin=origin), file=sys.stderr, flush=True)

    behind = front.behind(arguments, app)
    try:
        with access_log.logged(app, arguments.access_log) as logged:
            serve(logged, port=arguments.port, ready=ready, certificate=certificate, behind=behind)
    except ServeError as error:
        raise Complaint(str(error), ERROR) from None
    return 0


def _network(text: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        words = f"{text!r} is neither a network nor an address, such as 192.0.2.0/24 or 2001:db8::1"
        raise argparse.ArgumentTypeError(words) from None


def _tenant_name(name: str) -> str:
    from scimrig_simulator.server.tenants import well_named

    if not well_named(name):
        raise Complaint(
            f"--tenant: {name!r} can't be a tenant's name; it takes up to 63 of a-z, 0-9 and '-' (as in acme-2), and no"
            " word that the server's own paths begin with"
        )
    return name


def _let_in(register: Tenants, names: list[str]) -> dict[str, str | None]:
    """Make the tenants that aren't there; a new token for each that has none, None for those that have."""
    numbers = {name: register.create(name) for name in names}
    return {name: None if register.live(number) else register.issue(number)[1] for name, number in numbers.items()}


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
