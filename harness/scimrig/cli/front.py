"""The options of a command that serves: what it serves over TLS, and what else than HTTP it speaks there.

Rule: reads options and looks for what they take; serves nothing.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from scimrig.cli.complaint import ERROR, Complaint

if TYPE_CHECKING:
    from scimrig_simulator.server.front import Behind, Certificate

EXTRA = "scimrig[scalekit]"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """``--tls-cert``, ``--tls-key`` and ``--grpc``."""
    parser.add_argument(
        "--tls-cert", metavar="FILE", help="serve https with this certificate chain in PEM (with --tls-key)"
    )
    parser.add_argument("--tls-key", metavar="FILE", help="the certificate's private key in PEM, not encrypted")
    parser.add_argument(
        "--grpc", action="store_true",
        help="speak gRPC as well, at the same port, as the vendor's SDKs do (with --tls-cert and a --policy other than"
        f" open; needs {EXTRA})",
    )


def certificate(arguments: argparse.Namespace) -> Certificate | None:
    """The certificate; None for plain http. Raises Complaint where the options don't go together."""
    from scimrig_simulator.server.front import Certificate
    from scimrig_simulator.server.policy import OPEN

    chain, key = arguments.tls_cert, arguments.tls_key
    if (chain is None) != (key is None):
        given, missing = ("--tls-cert", "--tls-key") if key is None else ("--tls-key", "--tls-cert")
        raise Complaint(f"{given}: a certificate and its key belong together; give {missing} as well")
    if arguments.grpc and chain is None:
        raise Complaint("--grpc: the SDKs speak it over TLS only; give --tls-cert and --tls-key as well")
    if arguments.grpc and arguments.policy == OPEN:
        raise Complaint("--grpc: under the policy open there is no API to be called; give --policy scalekit as well")
    return None if chain is None else Certificate(chain, key)


def behind(arguments: argparse.Namespace, app: Any) -> Behind | None:
    """Who speaks gRPC for the application; None where nobody shall. Raises Complaint where nobody can."""
    if not arguments.grpc:
        return None
    programs = getattr(app, "programs", None)
    if programs is None:
        raise Complaint("--grpc: this fault or variant stands in front of the whole server and knows HTTP only")
    try:
        from scimrig_simulator.server.grpc_facade import Facade
    except ImportError as error:
        raise Complaint(f"--grpc: {error.name} isn't installed; pip install '{EXTRA}'", ERROR) from None
    return Facade(programs)
