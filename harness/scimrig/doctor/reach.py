"""Can the target be reached at all: its name, its port, and TLS with its certificate.

It opens sockets of its own, since a driver only tells that a connection failed: here the certificate is read too.

Rule: it sends no HTTP.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from scimrig.addresses import is_loopback
from scimrig.doctor.line import Line, Mark, broken, fine, worth
from scimrig_simulator.wire import FailureKind

SOON = 21
"""Days before its end from which a certificate is worth a look: most are renewed 30 days ahead."""
_DAY = 86_400

ADVICE = {
    FailureKind.UNRESOLVED: "look at the spelling of the host; a name of a private network needs its VPN or DNS",
    FailureKind.REFUSED: "start the server, or look at the port; in a container, it must listen on 0.0.0.0 and be"
    " published",
    FailureKind.TIMEOUT: "a firewall may drop our packets, or the server hangs; --timeout SECONDS allows more time",
    FailureKind.RESET: "the server, or a proxy before it, hung up: its log should say why; one that speaks https alone"
    " may do so to http",
    FailureKind.NOT_HTTP: "another service is on this port, or http:// and https:// are mixed up",
    FailureKind.TLS: "look at the certificate and at the TLS versions of the server, or of the proxy before it",
    FailureKind.HELD_BACK: "scimrig itself did not send this: please report it",
}
"""What to do where no HTTP answer comes."""

_CERTIFICATE = {
    10: ("has expired", "renew it; every IdP stops at an expired certificate"),
    18: ("is signed by itself", "name it in SSL_CERT_FILE to test with it; an IdP in the cloud takes only a"
         " certificate of a public CA"),
    19: ("comes from a CA that nobody knows here", "name the CA's certificate in SSL_CERT_FILE; an IdP in the cloud"
         " takes only a certificate of a public CA"),
    20: ("cannot be followed to a CA that is known here", "have the server send its intermediate certificates; of a"
         " CA of your own, name the certificate in SSL_CERT_FILE"),
    21: ("cannot be followed to a CA that is known here", "have the server send its intermediate certificates; of a"
         " CA of your own, name the certificate in SSL_CERT_FILE"),
    62: ("is for another host", "call the server by a name of its certificate, or get one for this name"),
    64: ("is for another host", "call the server by a name of its certificate, or get one for this address"),
}
"""OpenSSL's verification error → what it means, what to do."""


def address(base_url: str, timeout: float, stopwatch: Callable[[], float]) -> Line:
    """Does the name resolve, and does something take connections there?"""
    host, port = _place(base_url)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        return _unreachable(f"{host} cannot be resolved ({_reason(error)})", FailureKind.UNRESOLVED)
    places = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    failure: OSError = OSError("no address")
    for place in places:
        start = stopwatch()
        try:
            socket.create_connection((place, port), timeout / len(places)).close()
        except OSError as error:
            failure = error
            continue
        via = "" if place == host else f" ({place})"
        return fine("address", f"{host}{via} takes connections on port {port} ({_ms(stopwatch() - start)})")
    if isinstance(failure, TimeoutError):
        return _unreachable(f"{host} does not answer on port {port} within {timeout:g} s", FailureKind.TIMEOUT)
    return _unreachable(f"nothing listens on port {port} of {host} ({_reason(failure)})", FailureKind.REFUSED)


def transport(base_url: str, timeout: float, now: float) -> Line:
    """Is the way there private, and is the certificate one that IdPs take? ``now``: seconds since the epoch."""
    if urlsplit(base_url).scheme == "https":
        return _tls(base_url, timeout, now)
    if is_loopback(base_url):
        return fine("transport", "http, which never leaves this machine")
    return worth(
        "transport", "http: the token and everybody's data travel unencrypted",
        "use https; IdPs in the cloud take nothing else",
    )


def _tls(base_url: str, timeout: float, now: float) -> Line:
    from scimrig_simulator.drive import tls_context

    try:
        context = tls_context(True)
    except ValueError as error:
        return broken("TLS", str(error), "set SSL_CERT_FILE and SSL_CERT_DIR to what can be read, or unset them")
    try:
        certificate, version = _handshake(context, base_url, timeout)
    except ssl.SSLCertVerificationError as error:
        return _untrusted(error, base_url, timeout)
    except ssl.SSLError as error:
        return _no_tls(error)
    except OSError as error:
        return broken("TLS", f"the server hung up during the handshake ({_reason(error)})", ADVICE[FailureKind.TLS])
    return _expiry(certificate, version, now)


def _expiry(certificate: dict[str, Any], version: str, now: float) -> Line:
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - now) // _DAY)
    text = f"{version}, and a certificate for {_names(certificate)} that is good for {days} days more"
    if days >= SOON:
        return fine("TLS", text)
    return worth("TLS", text, "renew it, and see why it was not renewed by itself")


def _untrusted(error: ssl.SSLCertVerificationError, base_url: str, timeout: float) -> Line:
    what, advice = _CERTIFICATE.get(error.verify_code, (f"is not trusted ({error.verify_message})", "see its issuer"))
    certificate = _whatever_it_is(base_url, timeout)
    names = f" for {_names(certificate)}" if certificate else ""
    until = f", until {certificate['notAfter']}," if certificate and "notAfter" in certificate else ""
    return broken("TLS", f"the certificate{names}{until} {what}", advice)


def _no_tls(error: ssl.SSLError) -> Line:
    if error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"):
        return broken("TLS", "the server answers, but not in TLS", "should the base URL begin with http:// ?")
    return broken("TLS", f"no TLS connection comes about ({error.reason or error})", ADVICE[FailureKind.TLS])


def _whatever_it_is(base_url: str, timeout: float) -> dict[str, Any]:
    """What a certificate says although nobody vouches for it, {} where it cannot be read."""
    blind = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    host, port = _place(base_url)
    try:
        with socket.create_connection((host, port), timeout) as plain, blind.wrap_socket(plain) as secured:
            raw = secured.getpeercert(binary_form=True)
        # Python tells what is in a certificate only once it has verified it: so this one vouches for itself.
        trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trusting.check_hostname = False
        trusting.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
        trusting.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(raw or b""))
        return _handshake(trusting, base_url, timeout)[0]
    except (OSError, ValueError):
        return {}


def _handshake(context: ssl.SSLContext, base_url: str, timeout: float) -> tuple[dict[str, Any], str]:
    host, port = _place(base_url)
    plain = socket.create_connection((host, port), timeout)
    with plain, context.wrap_socket(plain, server_hostname=host) as secured:
        return dict(secured.getpeercert() or {}), str(secured.version()).replace("TLSv", "TLS ")


def _names(certificate: dict[str, Any]) -> str:
    subject = [str(value) for row in certificate.get("subject", ()) for key, value in row if key == "commonName"]
    shown = [str(value) for _, value in certificate.get("subjectAltName", ())] or subject
    return ", ".join(shown[:3]) + (f" and {len(shown) - 3} more" if len(shown) > 3 else "") or "nobody"


def _place(base_url: str) -> tuple[str, int]:
    parts = urlsplit(base_url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _unreachable(text: str, kind: FailureKind) -> Line:
    return Line(Mark.BROKEN, "address", text, ADVICE[kind], unreachable=True)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "under 1 ms"
