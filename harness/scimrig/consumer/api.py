"""Serves the directory API that a receiver reconciles against, for as long as a run lasts.

It listens under a path that nobody can guess, and knows the people of this run only. GET only; any token will do.

Rule: it answers what ``Source`` says and remembers who asked; it judges nothing.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from scimrig.target_error import TargetError

Answer = Callable[[str], tuple[int, dict[str, Any]]]
"""Path and query → status and JSON."""

_TIMEOUT = 10.0


class DirectoryApi:
    """url: what receivers get as ``{api_url}``. asked: requests so far, "GET /api/v1/…"."""

    def __init__(self, answer: Answer, public_url: str = "") -> None:
        self._answer, self._public = answer, public_url.rstrip("/")
        self._token = secrets.token_hex(16)
        self._server: ThreadingHTTPServer | None = None
        self.url = f"http://127.0.0.1/{self._token}"
        self.asked: list[str] = []

    def listen(self, where: str) -> None:
        """Open the socket at "HOST:PORT". Raises TargetError where it cannot be had."""
        host, _, port = where.rpartition(":")
        try:
            self._server = _Server((host.strip("[]"), int(port)), self)
        except (OSError, OverflowError) as error:
            why = getattr(error, "strerror", None) or error
            raise TargetError(f"the directory API cannot listen on {where}: {why}; see consumer.listen") from None
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="directory-api", daemon=True).start()
        own = f"http://{host or '127.0.0.1'}:{self._server.server_address[1]}"
        self.url = f"{self._public or own}/{self._token}"

    def fetch(self, url: str) -> tuple[int, bytes]:
        """Answer a GET of a whole URL; without a socket, this is the receiver's way here."""
        _, _, below = url.partition(f"/{self._token}")
        if not below:
            return 404, b"{}"
        self.asked.append(f"GET {below}")
        status, body = self._answer(below)
        return status, json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], api: DirectoryApi) -> None:
        self.api = api
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "scimrig"
    sys_version = ""
    timeout = _TIMEOUT
    server: _Server

    def do_GET(self) -> None:
        status, body = self.server.api.fetch(self.path)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Who asked what is in ``asked``."""
