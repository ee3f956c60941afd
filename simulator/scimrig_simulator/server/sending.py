"""Posts webhooks over HTTP: the bytes and headers it is given, once, with one deadline for the whole exchange.

It stands on httpcore, the engine of httpx, for the reason of docs/decisions/0002: httpx measures each single read, so a
receiver that drips could hold an attempt for ever. TLS is checked with httpx's defaults. Redirects are answers like any
other: following one would hand the event to somebody who was never registered.

Rule: knows no event and no signature; never raises for what a URL or a receiver does. May not import ``faults``,
``idp`` or ``drive``.
"""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

import httpcore

from scimrig_simulator.head import BaseUrl, parse_base_url
from scimrig_simulator.sockets import Deadline, PunctualBackend, failure_of
from scimrig_simulator.wire import Headers, Posted

LARGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read, so that the connection can be used again; the status is known before."""

KEPT = 1024
"""Bytes of an answer that are kept for whoever looks at deliveries."""

_KEEP_ALIVE = 1.0  # shorter than common servers': a webhook shall not meet a connection that is just being closed
_USER_AGENT = ("user-agent", "scimrig-webhooks")


class HttpPoster:
    """A ``wire.Poster`` with connections of its own. Safe to share by threads; TLS is set up when first needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pools: dict[str, httpcore.ConnectionPool] = {}

    def __call__(self, url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        """POST ``body`` and wait at most ``timeout`` seconds, from connecting to the end of the answer."""
        try:
            base, target = _address(url)
            request = _request(base, target, headers, body, timeout)
            pool = self._pool(base.scheme)
        except (ValueError, OSError) as error:  # OSError: the CA file that the environment names
            return Posted(0, f"not sent: {error}")
        try:
            return _posted(pool, request)
        except httpcore.LocalProtocolError as error:
            return Posted(0, f"not sent: HTTP cannot carry it ({error})")
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            failure = failure_of(error, str(base), timeout)
            return Posted(0, f"{failure.kind}: {failure.detail}")

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()

    def _pool(self, scheme: str) -> httpcore.ConnectionPool:
        with self._lock:
            if scheme not in self._pools:
                self._pools[scheme] = _pool(scheme)
            return self._pools[scheme]


def _pool(scheme: str) -> httpcore.ConnectionPool:
    context = None
    if scheme == "https":
        import httpx  # late: most receivers of a test server are on loopback, without TLS

        context = httpx.create_ssl_context()
    return httpcore.ConnectionPool(
        ssl_context=context,
        max_connections=None,  # an endpoint that hangs must not keep the next event waiting for a connection
        max_keepalive_connections=None,  # as surplus, httpcore closes also one that was just handed to another thread
        keepalive_expiry=_KEEP_ALIVE,
        network_backend=PunctualBackend(),
    )


def _address(url: str) -> tuple[BaseUrl, bytes]:
    """Where to connect, and the target of the request line. Raises ValueError."""
    parts = urlsplit(url)
    base = parse_base_url(f"{parts.scheme}://{parts.netloc}")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if not target.isascii() or not target.isprintable() or " " in target:
        raise ValueError("the path and query of the webhook URL must be percent-encoded")
    return base, target.encode("ascii")


def _request(base: BaseUrl, target: bytes, headers: Headers, body: bytes, timeout: float) -> httpcore.Request:
    lines = [("host", base.authority), _USER_AGENT, *headers, ("content-length", str(len(body)))]
    deadline = Deadline(timeout)
    return httpcore.Request(
        "POST",
        httpcore.URL(scheme=base.scheme.encode(), host=base.host.encode(), port=base.port, target=target),
        headers=[(name.lower().encode("ascii"), value.encode("ascii")) for name, value in lines],
        content=body,
        extensions={"timeout": {"connect": deadline, "read": deadline, "write": deadline, "pool": timeout}},
    )


def _posted(pool: httpcore.ConnectionPool, request: httpcore.Request) -> Posted:
    response = pool.handle_request(request)
    beginning, size = b"", 0
    try:
        for part in response.iter_stream():
            beginning += part[: KEPT - len(beginning)]
            size += len(part)
            if size > LARGEST_ANSWER:
                break  # the connection is closed with the rest unread
    finally:
        response.close()
    return Posted(response.status, answer=beginning)
