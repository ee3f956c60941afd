"""Serves an ASGI application on a loopback socket until it is told to stop.

Told once (SIGTERM, SIGINT), it takes no new connection, finishes the requests under way and lets the application close
what it has open; told twice, it dies of it on the spot.

Rule: prints nothing; ``ready`` is told the base URL once connections are taken. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from urllib.parse import unquote

import uvicorn

from scimrig_simulator import limits
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.server.app import BASE_PATH
from scimrig_simulator.server.asgi import App, Receive, Scope, Send, origin_form, respond
from scimrig_simulator.server.connection import Connection
from scimrig_simulator.server.front import Behind, Certificate, door
from scimrig_simulator.server.health import STOPPING
from scimrig_simulator.wire import SCIM_JSON, encode_json

GRACE = 5
"""Seconds that a request under way may still take once the server has been told to stop."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class ServeError(Exception):
    """The address can't be listened on, or the certificate is of no use; the message says what to do."""


def serve(
    app: App,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[str], None] | None = None,
    base_path: str = BASE_PATH,
    grace: int = GRACE,
    certificate: Certificate | None = None,
    behind: Behind | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, then return. Port 0 takes a free one. Raises ServeError.

    ready: is told the base URL once connections are taken. grace: seconds, see ``GRACE``. certificate: of https; None =
    plain http. behind: whom HTTP/2 is spoken with, which takes a certificate.
    """
    context = None if certificate is None else _context(certificate, behind)
    with _listening(host, port) as listener:
        name, number = listener.getsockname()[:2]
        scheme = "http" if context is None else "https"
        origin = f"{scheme}://[{name}]:{number}" if ":" in name else f"{scheme}://{name}:{number}"
        config = uvicorn.Config(
            _answering(app), http=Connection, loop="asyncio", ws="none",
            log_config=None, log_level="critical", access_log=False, server_header=False, proxy_headers=False,
            timeout_graceful_shutdown=grace, h11_max_incomplete_event_size=limits.HEAD,
        )  # fmt: skip
        config.load()
        config.ssl = context
        server = _Server(config, origin, lambda: ready(origin + base_path) if ready else None, behind)
        asyncio.run(server.serve(sockets=[listener]))


def _context(certificate: Certificate, behind: Behind | None) -> ssl.SSLContext:
    try:
        return certificate.context(http_2=behind is not None)
    except OSError as error:
        reason = error.strerror or error
        raise ServeError(
            f"Can't use the certificate {certificate.chain} with the key {certificate.key}: {reason}."
            " Both are files in PEM; the certificate comes first in its chain, and the key isn't encrypted."
        ) from None


def _answering(app: App) -> App:
    """The application behind what HTTP asks of a server itself, whatever it serves."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["raw_path"].startswith(b"/"):
            scope["raw_path"] = origin_form(scope["raw_path"])
            scope["path"] = unquote(scope["raw_path"].decode("ascii"))
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:  # told to stop, and out of patience
            error = ScimError(503, None, "The server was told to stop before the request was complete; try again.")
            with contextlib.suppress(RuntimeError):  # an answer is under way
                headers = {"Connection": "close", "Retry-After": "1"}
                await respond(send, error.status, headers, encode_json(error.body()), SCIM_JSON)
            raise

    return answer


class _Server(uvicorn.Server):
    """uvicorn, which tells when it listens, and takes a signal for the wish to stop rather than for a death."""

    def __init__(
        self, config: uvicorn.Config, origin: str, ready: Callable[[], None], behind: Behind | None
    ) -> None:
        super().__init__(config)
        self._origin = origin
        self._ready = ready
        self._behind = behind

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self._behind is not None:
            self.config.http_protocol_class = door(await self._behind.start(self._origin))  # type: ignore[assignment]
        await super().startup(sockets=sockets)
        self.lifespan.state[STOPPING] = lambda: self.should_exit
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's own, but for connections that were accepted at the last moment: they are closed as well."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(0.05)
        if self._behind is not None:  # first, as it works with what the application is about to close
            await self._behind.stop(self.config.timeout_graceful_shutdown or 0)
        await super().shutdown(sockets=sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's own, but doesn't raise the signal again afterwards: the process shall end with 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal asks to stop; the next one is left to do what it does to any process."""
        self.should_exit = True
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_DFL)


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
