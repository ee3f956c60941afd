"""Serves an ASGI application on a loopback socket until it is told to stop.

Rule: prints nothing; ``ready`` is told the base URL once connections are taken. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import uvicorn

from scimrig_simulator.server.app import BASE_PATH

GRACE = 1  # seconds that a request under way may still take once the server has been told to stop
_LARGEST_HEAD = 256 * 1024  # so that an over-long filter meets our own limit, and a SCIM error


class ServeError(Exception):
    """The address can't be listened on; the message says what to do."""


def serve(
    app: Callable[..., Any],
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[str], None] | None = None,
    base_path: str = BASE_PATH,
) -> None:
    """Serve until SIGINT or SIGTERM, then return. Port 0 takes a free one. Raises ServeError."""
    with _listening(host, port) as listener:
        name, number = listener.getsockname()[:2]
        origin = f"http://[{name}]:{number}" if ":" in name else f"http://{name}:{number}"
        config = uvicorn.Config(
            app, log_config=None, log_level="critical", access_log=False, server_header=False, proxy_headers=False,
            loop="asyncio", http="h11", ws="none", timeout_graceful_shutdown=GRACE,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
        )  # fmt: skip
        server = _Server(config, lambda: ready(origin + base_path) if ready else None)
        asyncio.run(server.serve(sockets=[listener]))


class _Server(uvicorn.Server):
    """uvicorn, which tells when it listens, and takes a signal for the wish to stop rather than for a death."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's own, but doesn't raise the signal again afterwards: the process shall end with 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextlib.contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or asyncio leaves Nagle's algorithm on and each answer with a body waits 40 ms for an ACK.
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ServeError(f"Can't listen on {host}:{port}: {reason}. Port 0 takes a free one.") from None
        yield listener
