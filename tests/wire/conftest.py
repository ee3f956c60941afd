"""A server made of a bare socket, so that what we send is read as bytes and what we get can be anything."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent


class RawServer:
    """Hands every connection, in its own thread, to ``handle(connection, number)``; numbers start with 1."""

    def __init__(self, handle: Callable[[RawConnection, int], None], tls: bool) -> None:
        self._handle = handle
        self._context = None
        if tls:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(HERE / "localhost-cert.pem", HERE / "localhost-key.pem")
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.connections = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(accepted, self.connections), daemon=True).start()

    def _serve(self, accepted: socket.socket, number: int) -> None:
        try:
            if self._context is not None:
                accepted = self._context.wrap_socket(accepted, server_side=True)
            with accepted:
                self._handle(RawConnection(accepted, self.requests), number)
        except OSError:
            accepted.close()

    def close(self) -> None:
        self._listener.close()


class RawConnection:
    """One connection: whole requests in, any bytes out."""

    def __init__(self, connected: socket.socket, requests: list[bytes]) -> None:
        self.socket = connected
        self._requests = requests
        self._buffer = b""

    def request(self) -> bytes:
        """The next request, head and body, as it came; b"" where the client hung up."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return b""
        head, _, _ = self._buffer.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        whole = len(head) + 4 + length
        while len(self._buffer) < whole:
            if not self._more():
                return b""
        request, self._buffer = self._buffer[:whole], self._buffer[whole:]
        self._requests.append(request)
        return request

    def _more(self) -> bool:
        data = self.socket.recv(65536)
        self._buffer += data
        return bool(data)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def reset(self) -> None:
        """Close with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        self.socket.close()


@pytest.fixture(scope="module")
def raw_server() -> Iterator[Callable[..., RawServer]]:
    """``raw_server(handle, tls=False)`` starts one on a free loopback port."""
    started: list[RawServer] = []

    def start(handle: Callable[[RawConnection, int], None], tls: bool = False) -> RawServer:
        started.append(RawServer(handle, tls))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="module")
def always_ok(raw_server: Callable[..., RawServer]) -> RawServer:
    """Answers every request with ``200 {}`` on a connection that stays open."""

    def handle(connection: RawConnection, number: int) -> None:
        while connection.request():
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    return raw_server(handle)


@pytest.fixture(scope="session")
def test_certificate() -> str:
    """Path of the self-signed certificate for localhost and 127.0.0.1."""
    return str(HERE / "localhost-cert.pem")
