"""A transport for a server in the same process: one ASGI call per request, no socket.

It answers as a server behind uvicorn would: an exception before the response starts is a plain-text 500, one in the
middle of it is a connection cut off, and no body follows HEAD, 204 or 304.

Rule: knows ASGI, not the server behind it. Imports ``wire``, ``clock`` and ``head`` only.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, TypeAlias
from urllib.parse import unquote

from scimrig_simulator.clock import Clock
from scimrig_simulator.head import (
    BODY_LIMIT,
    BadBody,
    RawHeaders,
    checked_credentials,
    decode_body,
    header_text,
    parse_base_url,
    request_head,
    request_target,
)
from scimrig_simulator.wire import FailureKind, Reply, Send, TransportFailure

Message: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

_CRASH_HEADERS: RawHeaders = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
_CRASH_BODY = b"Internal Server Error"
_log = logging.getLogger(__name__)


class InProcessTransport:
    """Calls an ASGI app; event loops are lent to one call at a time and kept. Safe to share by threads.

    app:         the ASGI app; it gets no lifespan events
    base_url:    as over HTTP: its path is put in front of every path, its host goes into Host
    credentials: the whole Authorization value, or None
    clock:       measures ``elapsed``
    timeout:     seconds of real time after which an app that still waits is cancelled (one that computes is not)

    Raises ValueError for a base URL or credentials that no request can carry.
    """

    def __init__(
        self, app: AsgiApp, base_url: str, credentials: str | None, clock: Clock, timeout: float = 30.0
    ) -> None:
        self._app = app
        self._base = parse_base_url(base_url)
        self._credentials = checked_credentials(credentials)
        self._clock = clock
        self._timeout = timeout
        self._idle: list[asyncio.AbstractEventLoop] = []
        self._lock = threading.Lock()
        self._closed = False

    def exchange(self, request: Send) -> Reply:
        """Call the app and return what it answered. Raises ValueError as ``HttpTransport.exchange`` does."""
        if self._closed:
            raise RuntimeError("this transport is closed")
        call = _Call(request.content or b"")
        scope = self._scope(request)
        started = self._clock.stopwatch()
        self._wait_for(self._run(scope, call), call)
        return call.reply(request.method, self._clock.stopwatch() - started)

    def _wait_for(self, running: Coroutine[Any, Any, None], call: _Call) -> None:
        with self._lock:
            loop = self._idle.pop() if self._idle else asyncio.new_event_loop()
        task = loop.create_task(running)
        alarm = loop.call_later(self._timeout, task.cancel)
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            detail = f"no complete answer from {self._base} within {self._timeout:g} s: see whether it hangs"
            call.failure = TransportFailure(FailureKind.TIMEOUT, detail)
        except BaseException:
            if task.done():
                task.exception()  # seen: otherwise asyncio would complain to stderr about it
            raise
        finally:
            alarm.cancel()
            self._give_back(loop)

    def _give_back(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            if not self._closed:
                self._idle.append(loop)
                return
        loop.close()

    async def _run(self, scope: MutableMapping[str, Any], call: _Call) -> None:
        try:
            await self._app(scope, call.receive, call.send)
        except Exception:
            # Starlette answers 500 and raises again for the server's log: a complete answer stands
            _log.debug("the app raised", exc_info=True)
        if call.status == 0:
            call.status, call.headers, call.complete = 500, _CRASH_HEADERS, True
            call.parts = [_CRASH_BODY]
        elif not call.complete:
            detail = f"{self._base} closed the connection before its answer was complete: see its log"
            call.failure = TransportFailure(FailureKind.RESET, detail)

    def _scope(self, request: Send) -> MutableMapping[str, Any]:
        base = self._base
        target = request_target(base, request)
        raw_path, _, query = target.partition(b"?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": request.method,
            "scheme": base.scheme,
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in request_head(base, request, self._credentials)],
            "client": ("127.0.0.1", 0),
            "server": (base.host, base.port),
            "state": {},
        }

    def close(self) -> None:
        """Close the event loops; later requests raise RuntimeError."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for loop in idle:
            loop.close()


class _Call:
    """Both ends of one ASGI call: what the app receives, and what it has sent so far."""

    __slots__ = ("_asked", "_content", "_size", "complete", "failure", "headers", "parts", "status")

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._asked = False
        self._size = 0
        self.status = 0
        self.headers: RawHeaders = []
        self.parts: list[bytes] = []
        self.complete = False
        self.failure: TransportFailure | None = None

    async def receive(self) -> Message:
        """The whole body at once, then the disconnect that a server sends after it."""
        if self._asked:
            if not self.complete:
                await asyncio.get_running_loop().create_future()  # a client that stays: only the alarm ends this wait
            return {"type": "http.disconnect"}
        self._asked = True
        return {"type": "http.request", "body": self._content, "more_body": False}

    async def send(self, message: Message) -> None:
        """Take ``http.response.start`` and ``http.response.body``."""
        if message["type"] == "http.response.start":
            if self.status:
                raise RuntimeError("the app started its response twice")
            self.status = int(message["status"])
            self.headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
        elif message["type"] == "http.response.body":
            if not self.status or self.complete:
                raise RuntimeError("the app sent a body before the start or after the end of its response")
            part = bytes(message.get("body", b""))
            self._size += len(part)
            if self._size > BODY_LIMIT:
                raise RuntimeError(f"the app answered with more than {BODY_LIMIT // 2**20} MiB")
            self.parts.append(part)
            self.complete = not message.get("more_body", False)

    def reply(self, method: str, elapsed: float) -> Reply:
        """The answer as a client would have read it."""
        if self.failure is not None:
            return Reply(0, elapsed=elapsed, failure=self.failure)
        bodiless = method == "HEAD" or self.status in (204, 304)  # RFC 9112 §6.3
        reply = Reply(self.status, header_text(self.headers), b"" if bodiless else b"".join(self.parts), elapsed)
        if reply.header("Content-Encoding") is None:
            return reply
        try:
            return Reply(reply.status, reply.headers, decode_body(reply.body, reply), elapsed)
        except BadBody as error:
            return Reply(0, elapsed=elapsed, failure=TransportFailure(FailureKind.NOT_HTTP, str(error)))
