"""Serves a sample receiver on a loopback socket, in plain HTTP/1.1: header names reach it as they were sent.

Rule: for tests and for trying things out. What the receiver raises is a 500, as it would be anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scimrig_simulator.receivers.receiver import Answer, Receiver

_TIMEOUT = 20.0


class Server(ThreadingHTTPServer):
    """Listens from the start. ``url``: where webhooks go. Raises OSError where the port cannot be had."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, receiver: Receiver, port: int = 0) -> None:
        self.receiver = receiver
        super().__init__(("127.0.0.1", port), _Handler)
        self.origin = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "scimrig-receiver"
    sys_version = ""
    timeout = _TIMEOUT
    disable_nagle_algorithm = True
    wbufsize = -1
    server: Server

    def _do(self) -> None:
        length = self.headers.get("Content-Length", "0").strip()
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True
            self._say(Answer(400, {"error": "a Content-Length was expected"}))
            return
        body = self.rfile.read(int(length))
        self._say(answered(self.server.receiver, self.command, self.path, tuple(self.headers.items()), body))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _do

    def _say(self, answer: Answer) -> None:
        content = b"" if answer.body is None else json.dumps(answer.body).encode("utf-8")
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        if content:
            self.send_header("Content-Type", "application/json")
        if answer.status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """What arrives is the business of whoever sent it."""


def answered(receiver: Receiver, method: str, path: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Answer:
    """What a receiver answers; a crash is a 500 without a body."""
    try:
        return receiver.answer(method, path, headers, body)
    except Exception:  # whatever a broken receiver raises
        return Answer(500)


def serve(receiver: Receiver, port: int, ready: Callable[[str], None]) -> None:
    """Serve until interrupted. ``ready`` is told the origin. Raises OSError where the port cannot be had."""
    with Server(receiver, port) as server:
        ready(server.origin)
        server.serve_forever(0.05)
