"""Drivers: they play a flow against a transport and do the I/O that a flow does not.

What leaves the socket is what the flow wrote: the request line byte for byte, header lines in their order and case.
(Host comes first whatever its place: h11 puts it there.) An answer that never came is a Reply too: its ``failure``
says why. No redirect is followed, nothing is cached, no cookie is kept.

Rule: flows know no transport, transports know no SCIM. httpx is imported here only, and only for TLS.
"""

from __future__ import annotations

import os
import ssl
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol, TypeAlias, TypeVar

import httpcore

from scimrig_simulator.clock import Clock
from scimrig_simulator.head import (
    BODY_LIMIT,
    BadBody,
    BaseUrl,
    checked_credentials,
    decode_body,
    header_text,
    parse_base_url,
    request_head,
    request_target,
)
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.sockets import Deadline, PunctualBackend, failure_of
from scimrig_simulator.wire import FailureKind, Flow, Pause, Reply, Send, Step, TransportFailure

__all__ = ["HttpTransport", "InProcessTransport", "Listener", "Transport", "play", "play_all"]

T = TypeVar("T")
_NEVER = threading.Event()  # nobody sets it: a flow that is played by itself is not stopped
Listener: TypeAlias = Callable[[Send, Reply], None]

# Shorter than any common server's keep-alive (gunicorn 2 s, uvicorn and Node 5 s), so that a write hardly ever
# meets a connection that the server is just closing.
_KEEP_ALIVE = 1.0
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Transport(Protocol):
    """Carries one request to the target and brings back its answer."""

    def exchange(self, request: Send) -> Reply: ...
    def close(self) -> None: ...


class HttpTransport:
    """HTTP/1.1 with keep-alive. Safe to share by threads.

    base_url:    where the SCIM service starts; its path is put in front of every path
    credentials: the whole Authorization value ("Bearer …"), or None
    timeout:     seconds for a whole exchange: connecting, sending and reading to the end
    verify:      True: the usual CAs, or those of SSL_CERT_FILE / SSL_CERT_DIR; False: any certificate;
                 a str: a CA file or folder
    clock:       measures ``elapsed``

    A server may close an idle connection just as we use it. A read (GET, HEAD, OPTIONS) that met such a connection is
    sent once more on a fresh one, as RFC 9110 §9.2.2 allows and clients do. A write is never repeated: it comes back
    as ``reset``. A kept connection is looked at before each use and dropped after one second, so this is rare.

    Raises ValueError for a base URL or credentials that no request can carry.
    """

    def __init__(
        self,
        base_url: str,
        credentials: str | None,
        timeout: float = 30.0,
        verify: bool | str = True,
        *,
        clock: Clock,
    ) -> None:
        if not timeout > 0:
            raise ValueError(f"the timeout must be more than 0 s, not {timeout:g}")
        self._base = parse_base_url(base_url)
        self._credentials = checked_credentials(credentials)
        self._timeout = timeout
        self._clock = clock
        self._closed = False
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls_context(verify) if self._base.scheme == "https" else None,
            max_connections=None,
            max_keepalive_connections=32,
            keepalive_expiry=_KEEP_ALIVE,
            network_backend=PunctualBackend(),
        )

    def exchange(self, request: Send) -> Reply:
        """Send a request and read the whole answer; gzip and deflate are undone.

        Raises ValueError where HTTP cannot carry the request, RuntimeError after ``close``.
        """
        if self._closed:
            raise RuntimeError("this transport is closed")
        deadline = Deadline(self._timeout)
        wire_request = self._wire_request(request)
        started = self._clock.stopwatch()
        reply = self._attempt(wire_request(deadline), deadline)
        if request.method in _SAFE and _was_stale(reply, deadline):
            deadline = deadline.renewed()
            reply = self._attempt(wire_request(deadline), deadline)
        return Reply(reply.status, reply.headers, reply.body, self._clock.stopwatch() - started, reply.failure)

    def _wire_request(self, request: Send) -> Callable[[Deadline], httpcore.Request]:
        base = self._base
        target = request_target(base, request)
        if request.body is not None:
            request = replace(request, body=request.content)  # encoded once
        head = request_head(base, request, self._credentials)
        url = httpcore.URL(scheme=base.scheme.encode(), host=base.host.encode(), port=base.port, target=target)
        content = request.content or b""
        pool_timeout = self._timeout

        def build(deadline: Deadline) -> httpcore.Request:
            waits = {"connect": deadline, "read": deadline, "write": deadline, "pool": pool_timeout}
            extensions = {"timeout": waits}
            return httpcore.Request(request.method, url, headers=head, content=content, extensions=extensions)

        return build

    def _attempt(self, request: httpcore.Request, deadline: Deadline) -> Reply:
        try:
            return self._answer(request, deadline)
        except httpcore.LocalProtocolError as error:
            raise ValueError(f"HTTP cannot carry this request: {error}") from None
        except BadBody as error:
            return Reply(0, failure=TransportFailure(FailureKind.NOT_HTTP, f"{self._base}: {error}"))
        except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
            return Reply(0, failure=failure_of(error, str(self._base), self._timeout))

    def _answer(self, request: httpcore.Request, deadline: Deadline) -> Reply:
        response = self._pool.handle_request(request)
        try:
            head = Reply(response.status, header_text(response.headers))
            parts: list[bytes] = []
            size = 0
            for part in response.iter_stream():
                parts.append(part)
                size += len(part)
                if size > BODY_LIMIT:
                    return Reply(0, failure=_endless(self._base))
            if _leaves_bytes_behind(head, deadline):
                response.extensions["network_stream"].close()
        finally:
            response.close()
        return Reply(head.status, head.headers, decode_body(b"".join(parts), head))

    def close(self) -> None:
        """Close all connections; requests still under way come back as ``reset``, later ones raise RuntimeError."""
        self._closed = True
        self._pool.close()


def tls_context(verify: bool | str) -> ssl.SSLContext:
    """Whom we trust: see ``HttpTransport``. Raises ValueError for a CA file that cannot be read."""
    import httpx  # late: a target without TLS need not pay for it

    try:
        if not isinstance(verify, str):
            return httpx.create_ssl_context(verify=verify)
        if os.path.isdir(verify):
            return ssl.create_default_context(capath=verify)
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        source = verify if isinstance(verify, str) else "that SSL_CERT_FILE or SSL_CERT_DIR names"
        raise ValueError(f"the CA file {source} cannot be read: {error}") from None


def _was_stale(reply: Reply, deadline: Deadline) -> bool:
    """True where a kept-alive connection failed us before an answer to this request had begun."""
    if reply.failure is None or deadline.connected:
        return False
    if reply.failure.kind is FailureKind.NOT_HTTP:
        return True  # what we read may be the rest of an earlier answer
    return reply.failure.kind is FailureKind.RESET and not deadline.answered


def _leaves_bytes_behind(head: Reply, deadline: Deadline) -> bool:
    """True for a 204 with a body, which no client reads: its bytes would stand in front of the next answer."""
    if head.status != 204:
        return False
    announced = (head.header("Content-Length") or "0") != "0" or head.header("Transfer-Encoding") is not None
    return announced or not deadline.tail.endswith((b"\r\n\r\n", b"\n\n"))


def _endless(base: BaseUrl) -> TransportFailure:
    detail = f"{base} answered with more than {BODY_LIMIT // 2**20} MiB, so scimrig hung up: does its paging work?"
    return TransportFailure(FailureKind.RESET, detail)


def play(flow: Flow[T], transport: Transport, clock: Clock, listen: Listener | None = None) -> T:
    """Play a flow to its end and return its result; the flow is closed whatever happens.

    ``listen`` is called with each request and its reply before the flow gets the reply. A Pause goes to the clock.
    Raises what the flow, the transport or the listener raises.
    """
    try:
        return _play(flow, transport, clock, listen, _NEVER)
    finally:
        flow.close()


def play_all(
    flows: Iterable[Flow[T]],
    transport: Transport,
    clock: Clock,
    listen: Listener | None = None,
    workers: int = 4,
) -> list[T]:
    """Play several flows at once on a few threads; results in the order of the flows.

    ``listen`` is called from those threads. Once one flow raises, the others stop before their next step; all are
    closed, and the exception of the first flow (in the order given) that raised is raised again.
    """
    waiting = list(flows)
    stop = threading.Event()

    def run(flow: Flow[T]) -> T:
        try:
            return _play(flow, transport, clock, listen, stop)
        except BaseException:
            stop.set()
            raise
        finally:
            flow.close()

    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(waiting) or 1))) as pool:
        running = [pool.submit(run, flow) for flow in waiting]
        try:
            failures = [future.exception() for future in running]
        except BaseException:  # Ctrl-C here, in the thread that waits
            stop.set()
            raise
    _raise_first(failures)
    return [future.result() for future in running]


class _Stopped(Exception):
    """Another flow of the same ``play_all`` failed."""


def _raise_first(failures: Sequence[BaseException | None]) -> None:
    for failure in failures:
        if failure is not None and not isinstance(failure, _Stopped):
            raise failure


def _play(flow: Flow[T], transport: Transport, clock: Clock, listen: Listener | None, stop: threading.Event) -> T:
    answer: Reply | None = None
    while not stop.is_set():
        step: Step
        try:
            step = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        if isinstance(step, Pause):
            clock.sleep(step.seconds)
            answer = None
        else:
            answer = transport.exchange(step)
            if listen is not None:
                listen(step, answer)
    raise _Stopped
