"""Sockets that keep one deadline for a whole request, and tell quickly when the other side does not speak HTTP.

httpcore's own timeouts start anew with every read, so a server that drips one byte a second could hold us for hours.
httpcore passes a timeout through to its network backend unread; ours is a ``Deadline``: a moment, not a duration.

Rule: no knowledge of SCIM. Imports ``wire`` and ``clock`` only.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable

import httpcore

from scimrig_simulator.clock import SystemClock
from scimrig_simulator.wire import FailureKind, TransportFailure

_WALL = SystemClock()  # a socket waits in real time, also in a run whose clock is virtual
_STATUS_LINE = b"HTTP/"


class Deadline(float):
    """The moment, on the monotonic clock, at which we stop waiting; and what the exchange met on its way.

    connected: a connection was opened for it (False: it went out on a kept-alive one)
    answered:  at least one byte came back
    tail:      the last bytes read
    """

    __slots__ = ("answered", "connected", "tail")

    def __new__(cls, seconds: float) -> Deadline:
        """``seconds`` from now."""
        deadline = super().__new__(cls, _WALL.stopwatch() + seconds)
        deadline.connected = False
        deadline.answered = False
        deadline.tail = b""
        return deadline

    connected: bool
    answered: bool
    tail: bytes

    def renewed(self) -> Deadline:
        """The same moment for a second attempt, which has met nothing yet."""
        return Deadline(self - _WALL.stopwatch())


def seconds_left(deadline: float | None) -> float | None:
    """Seconds until the deadline; zero or less once it has passed."""
    return None if deadline is None else deadline - _WALL.stopwatch()


class NotHttp(httpcore.RemoteProtocolError):
    """What came back does not start like an HTTP answer; ``sample`` is how it starts."""

    def __init__(self, sample: bytes) -> None:
        super().__init__(f"the answer starts with {sample[:40]!r}")
        self.sample = sample


class BrokenHandshake(httpcore.ConnectError):
    """The other side hung up during the TLS handshake."""


class PunctualBackend(httpcore.NetworkBackend):
    """Opens ``PunctualStream``s. Every ``timeout`` it is given is a Deadline."""

    def __init__(self) -> None:
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Try each address of the host in turn, none for longer than its share of the time that is left."""
        if isinstance(timeout, Deadline):
            timeout.connected = True
        addresses = _addresses(host, port)
        failure: Exception = httpcore.ConnectError(socket.gaierror(f"{host} has no address"))
        for tried, address in enumerate(addresses):
            left = seconds_left(timeout)
            if left is not None and left <= 0:
                raise httpcore.ConnectTimeout
            share = None if left is None else left / (len(addresses) - tried)
            try:
                return PunctualStream(
                    self._sockets.connect_tcp(address, port, share, local_address, socket_options=socket_options)
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


def _addresses(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise httpcore.ConnectError(socket.gaierror(str(error))) from None
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class PunctualStream(httpcore.NetworkStream):
    """A connection whose reads and writes end at the exchange's deadline."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._start: bytes | None = b""  # first bytes since we last wrote; None once they are known to be HTTP

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Up to ``max_bytes``; raises ReadTimeout at the deadline, NotHttp where no HTTP answer begins."""
        left = seconds_left(timeout)
        if left is not None and left <= 0:
            raise httpcore.ReadTimeout
        data = self._stream.read(max_bytes, left)
        if isinstance(timeout, Deadline) and data:
            timeout.answered = True
            timeout.tail = data[-4:]
        if self._start is not None and data:
            self._inspect(data)
        return data

    def _inspect(self, data: bytes) -> None:
        start = (self._start or b"") + data
        if not start.startswith(_STATUS_LINE[: len(start)]):
            raise NotHttp(start)
        self._start = None if len(start) >= len(_STATUS_LINE) else start

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of ``buffer``; raises WriteTimeout at the deadline."""
        left = seconds_left(timeout)
        if left is not None and left <= 0:
            raise httpcore.WriteTimeout
        self._start = b""
        self._stream.write(buffer, left)

    def close(self) -> None:
        """Close the socket."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection under TLS. Raises ConnectError (a BrokenHandshake, or an SSLError inside)."""
        left = seconds_left(timeout)
        if left is not None and left <= 0:
            raise httpcore.ConnectTimeout
        try:
            return PunctualStream(self._stream.start_tls(ssl_context, server_hostname, left))
        except httpcore.ConnectError as error:
            if isinstance(_cause(error), ssl.SSLError):
                raise
            raise BrokenHandshake(*error.args) from None

    def get_extra_info(self, info: str) -> object:
        """As the socket below answers."""
        return self._stream.get_extra_info(info)


def _cause(error: BaseException) -> object:
    # httpcore wraps the socket's exception as its argument; __cause__ is cut off on the way through the pool
    return error.args[0] if error.args else None


def failure_of(error: Exception, where: str, timeout: float) -> TransportFailure:
    """What an httpcore exception means, with what to do next. ``where`` is the base URL, ``timeout`` in seconds."""
    cause = _cause(error)
    if isinstance(error, httpcore.TimeoutException):
        return TransportFailure(FailureKind.TIMEOUT, _timeout_detail(error, where, timeout))
    if isinstance(cause, ssl.SSLError) or isinstance(error, BrokenHandshake):
        return TransportFailure(FailureKind.TLS, _tls_detail(cause, where))
    if isinstance(cause, socket.gaierror):
        return TransportFailure(
            FailureKind.UNRESOLVED, f"the host name of {where} cannot be resolved: check its spelling and the DNS"
        )
    if isinstance(error, httpcore.ConnectError):
        return TransportFailure(
            FailureKind.REFUSED, f"nothing accepts connections at {where} ({cause}): is the server running there?"
        )
    if isinstance(error, httpcore.RemoteProtocolError) and not _cut_off(error):
        return TransportFailure(FailureKind.NOT_HTTP, _not_http_detail(error, where))
    return TransportFailure(
        FailureKind.RESET,
        f"{where} closed the connection before its answer was complete ({cause or 'no reason given'}): see its log",
    )


def _cut_off(error: Exception) -> bool:
    if isinstance(error, NotHttp):
        return False
    text = str(error).lower()
    return "disconnected" in text or "closed" in text


def _timeout_detail(error: Exception, where: str, timeout: float) -> str:
    if isinstance(error, httpcore.ConnectTimeout):
        return f"no connection to {where} within {timeout:g} s: check address, port and firewall, or allow more time"
    return f"no complete answer from {where} within {timeout:g} s: see whether it hangs, or allow more time"


def _tls_detail(cause: object, where: str) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the certificate of {where} is not trusted ({cause.verify_message}): "
            "name its CA file in SSL_CERT_FILE, or fix the certificate"
        )
    reason = str(getattr(cause, "reason", None) or cause or "connection closed")
    if reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"):
        return f"{where} answers, but not in TLS: should the base URL start with http:// ?"
    return f"no TLS connection to {where} ({reason}): check the server's certificate and TLS versions"


def _not_http_detail(error: Exception, where: str) -> str:
    if isinstance(error, NotHttp) and error.sample[:2] in (b"\x15\x03", b"\x16\x03"):
        return f"{where} answers in TLS: should the base URL start with https:// ?"
    return f"{where} does not speak HTTP/1.1 ({error}): check host and port"
