"""The socket under the sink: plain HTTP/1.1, one path, POST only; keeps bytes, headers and their order as they arrive.

Rule: whoever sends, sends what they like: sizes, times and the number of connections are limited, and no fault of a
sender reaches the run. It decides no answer; ``take`` does.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scimrig_simulator.wire import Headers

LARGEST = 1024 * 1024
"""Bytes of a body that are read."""

_CONNECTIONS = 200
_READ_TIMEOUT = 10.0  # seconds for one read; also how long an idle connection is kept
_LONGEST_LINE = 256  # of the framing of a chunked body
_JOIN = 2.0

Take = Callable[[Headers, bytes, int], "int | str"]
"""(headers, body, bytes sent) → a status, "slow" or "close". Where more than ``LARGEST`` bytes came, body is a part."""


class ListenError(Exception):
    """The socket cannot be had; the text says why and what to change."""


class _Broken(Exception):
    """The sender went away or broke HTTP's framing: nothing has arrived in full."""


class Receiver:
    """Listens from the start. ``url``: its origin, "http://127.0.0.1:49152".

    listen: "HOST:PORT";  token: last segment of the only path that takes deliveries (what stands before it, a tunnel
    may have put there);  patience: seconds that "slow" keeps a sender waiting
    """

    def __init__(self, listen: str, token: str, take: Take, patience: float) -> None:
        host, _, port = listen.rpartition(":")
        host = host.strip("[]")
        try:
            self._server = _Server(host, int(port), token, take, patience)
        except (OSError, OverflowError, ValueError) as error:
            raise ListenError(_cannot_listen(listen, error)) from None
        here = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)
        name = f"[{here}]" if ":" in here else here
        self.url = f"http://{name}:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="sink", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close everything at once; may be called twice."""
        if not self._server.closing.is_set():
            self._server.end()
            self._thread.join(_JOIN)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = os.name != "nt"

    def __init__(self, host: str, port: int, token: str, take: Take, patience: float) -> None:
        self.token, self.take, self.patience = token, take, patience
        self.closing = threading.Event()
        self._free = threading.BoundedSemaphore(_CONNECTIONS)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Without looking the own name up, which can take seconds on a machine without DNS."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if self.allow_reuse_address else 0)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), name="sink-connection", daemon=True
        )
        with self._lock:
            self._open[request] = thread
        thread.start()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open.pop(request, None)
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that goes away is none of our faults."""
        if not isinstance(sys.exc_info()[1], (OSError, _Broken)):
            super().handle_error(request, client_address)

    def end(self) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            connections = dict(self._open)
        for request in connections:
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)
        for thread in connections.values():
            thread.join(_JOIN)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "scimrig-sink"
    sys_version = ""
    timeout = _READ_TIMEOUT
    disable_nagle_algorithm = True
    wbufsize = -1  # head and end of an answer in one packet
    server: _Server
    _BODILESS: ClassVar[frozenset[int]] = frozenset({204, 304})

    def do_POST(self) -> None:
        if not self._addressed():
            self._refuse(410)
            return
        try:
            body, size = self._body()
        except _Broken:
            self._refuse(400)
            return
        headers = tuple((name, " ".join(value.split("\r\n")).strip(" \t")) for name, value in self.headers.items())
        answer = self.server.take(headers, body, size)
        if size > len(body):
            self.close_connection = True  # the rest is not read
        if answer == "slow":
            self.server.closing.wait(self.server.patience)
        if isinstance(answer, str):
            self.close_connection = True
            return
        self._answer(answer)

    def handle_expect_100(self) -> bool:
        """The sender waits for this line before it sends its body."""
        going_on = super().handle_expect_100()
        self.wfile.flush()
        return going_on

    def _elsewhere(self) -> None:
        self._refuse(405 if self._addressed() else 404)

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _elsewhere

    def _addressed(self) -> bool:
        return urlsplit(self.path).path.rstrip("/").rpartition("/")[2] == self.server.token

    def _refuse(self, status: int) -> None:
        self.close_connection = True  # with whatever else the sender has on its mind
        self._answer(status)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        if status == 405:
            self.send_header("Allow", "POST")
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")  # nobody should go there
        if status not in self._BODILESS:
            self.send_header("Content-Length", "0")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.flush()

    def _body(self) -> tuple[bytes, int]:
        """(body, bytes sent). Raises _Broken where it does not come in full."""
        if "chunked" in (self.headers.get("Transfer-Encoding") or "").lower():
            return self._chunks()
        length = self.headers.get("Content-Length", "0").strip()
        if not (length.isascii() and length.isdigit()):
            raise _Broken
        size = int(length)
        return self._read(min(size, LARGEST)), size

    def _chunks(self) -> tuple[bytes, int]:
        parts: list[bytes] = []
        size = 0
        while True:
            line = self.rfile.readline(_LONGEST_LINE)
            try:
                length = int(line.split(b";")[0].strip(), 16)
            except ValueError:
                raise _Broken from None
            if length < 0:
                raise _Broken
            if length == 0:
                break
            size += length
            if size > LARGEST:
                return b"".join(parts), size
            parts.append(self._read(length))
            self._read(2)
        while self.rfile.readline(64 * 1024).strip():  # trailers
            pass
        return b"".join(parts), size

    def _read(self, length: int) -> bytes:
        data = self.rfile.read(length)
        if len(data) < length:
            raise _Broken
        return data

    def log_message(self, format: str, *args: Any) -> None:
        """What arrives is in the run's log."""


def _cannot_listen(listen: str, error: Exception) -> str:
    code = getattr(error, "errno", None)
    why = str(error) if code is None else os.strerror(code) if code > 0 else str(error)
    hint = {
        errno.EADDRINUSE: "another program listens there; port 0 takes any free port",
        errno.EACCES: "ports below 1024 need privileges",
        errno.EADDRNOTAVAIL: "this machine has no such address",
    }.get(code or 0, "an address of this machine and a port are wanted")
    return f"the sink of webhooks cannot listen on {listen}: {why} ({hint}); see webhooks.listen in the target file"
