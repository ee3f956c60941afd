"""Run the sample receiver of webhooks on this machine, sound or with a named fault, until Ctrl-C.

Prints the URL that webhooks go to as its first line when it is ready. Rule: loopback only, since it is a sample.
"""

from __future__ import annotations

import argparse
import os
import sys

from scimrig.cli.arguments import port_number
from scimrig.cli.complaint import ERROR, Complaint

SECRET_ENV = "WEBHOOK_SECRET"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``scimrig receiver``."""
    parser.add_argument(
        "--port", type=port_number, default=0, metavar="N", help="port of 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--secret-env", default=SECRET_ENV, metavar="NAME",
        help=f"environment variable with the signing secret (default {SECRET_ENV}; without it: one that is printed)",
    )
    twist = parser.add_mutually_exclusive_group()
    twist.add_argument("--fault", metavar="NAME", help="break it in a named way (`scimrig list receivers`)")
    twist.add_argument("--variant", metavar="NAME", help="a sound but awkward receiver")


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted; 0. Raises Complaint."""
    from scimrig.consumer.signer import key_of, new_secret
    from scimrig_simulator.clock import SystemClock
    from scimrig_simulator.receivers import chosen
    from scimrig_simulator.receivers.receiver import PATH
    from scimrig_simulator.receivers.serving import serve

    try:
        made = chosen(arguments.fault, arguments.variant)
    except ValueError as unknown:
        raise Complaint(str(unknown)) from None
    given = os.environ.get(arguments.secret_env, "").strip()
    secret = given or new_secret()
    try:
        key_of(secret)
    except ValueError:
        raise Complaint(f"{arguments.secret_env} holds no signing secret: whsec_ and base64 after it") from None
    clock = SystemClock()

    def ready(origin: str) -> None:
        print(f"{origin}{PATH}", flush=True)
        print(f"secret: from {arguments.secret_env}" if given else f"secret: {secret}", file=sys.stderr, flush=True)

    try:
        serve(made(secret, clock, _fetch), arguments.port, ready)
    except OSError as error:
        raise Complaint(f"cannot listen on 127.0.0.1:{arguments.port}: {error.strerror or error}", ERROR) from None
    except KeyboardInterrupt:
        return 0
    return 0


def _fetch(url: str) -> tuple[int, bytes]:
    """GET over HTTP: the receiver's way to the directory API."""
    from scimrig.addresses import origin
    from scimrig_simulator.clock import SystemClock
    from scimrig_simulator.drive import HttpTransport
    from scimrig_simulator.wire import Send

    home = origin(url)
    path, _, query = url.removeprefix(home).partition("?")
    transport = HttpTransport(home, None, timeout=10.0, clock=SystemClock())
    try:
        reply = transport.exchange(Send("GET", path, query))
    finally:
        transport.close()
    return reply.status, reply.body
