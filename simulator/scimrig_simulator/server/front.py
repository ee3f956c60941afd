"""What stands in front of a server that speaks TLS: its certificate, and who is spoken to behind it.

A client says in the handshake which protocols it speaks (ALPN, RFC 7301). Whoever takes HTTP/1.1 gets it, and is a
client of the server as ever, with its own address. Whoever takes nothing but HTTP/2 speaks gRPC: its bytes go on,
decrypted, to a socket in the file system that nobody else on the machine can open.

Rule: carries bytes, and reads none of them. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from scimrig_simulator.server.connection import Connection

_HTTP_2, _HTTP_1 = "h2", "http/1.1"


@dataclass(frozen=True, slots=True)
class Certificate:
    """Where the server's certificate chain and its private key are: files in PEM."""

    chain: str
    key: str

    def context(self, *, http_2: bool = False) -> ssl.SSLContext:
        """TLS 1.2 and 1.3 with it. Raises OSError (ssl.SSLError among them) where the files are of no use."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.chain, self.key, password=_no_password)
        context.set_alpn_protocols([_HTTP_1, _HTTP_2] if http_2 else [_HTTP_1])  # the better liked one first
        return context


class Behind(Protocol):
    """A server of HTTP/2 that shares the port. Made, started and stopped on the loop of the server in front."""

    async def start(self, origin: str) -> str:
        """Take connections, and say at which Unix socket. origin: of the server, "https://host:port"."""
        ...

    async def stop(self, grace: float) -> None:
        """Take no new call, and give those under way ``grace`` seconds."""
        ...


def door(socket: str) -> Callable[..., asyncio.Protocol]:
    """Makes the protocol of each connection: HTTP/2 goes to the socket, the rest is HTTP/1.1."""
    return partial(_Door, socket)


class _Door(Connection):
    """A connection of a client that hasn't said yet what it speaks."""

    def __init__(self, socket: str, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._socket = socket

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if transport.get_extra_info("ssl_object").selected_alpn_protocol() != _HTTP_2:
            super().connection_made(transport)
            return
        outside, inside = _End(), _End()
        outside.other, inside.other = inside, outside
        outside.connection_made(transport)
        transport.set_protocol(outside)
        transport.pause_reading()  # until there is somebody to pass it to
        outside.task = self.loop.create_task(self._join(outside, inside))

    async def _join(self, outside: _End, inside: _End) -> None:
        try:
            await self.loop.create_unix_connection(lambda: inside, self._socket)
        except OSError:
            outside.close()
        else:
            outside.resume()


class _End(asyncio.Protocol):
    """One end of a pipe. What comes in here goes out at the other; it takes no more than the other gets rid of."""

    other: _End
    task: asyncio.Task[None] | None = None  # held, or it could be collected before it is done
    _transport: asyncio.Transport | None = None
    _lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if self.other._lost:
            transport.close()

    def data_received(self, data: bytes) -> None:
        self.other.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self.other.close()

    def pause_writing(self) -> None:
        self.other.pause()

    def resume_writing(self) -> None:
        self.other.resume()

    def write(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        """Close once all that was written has gone."""
        if self._transport is not None:
            self._transport.close()

    def pause(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()


def _no_password() -> str:
    raise ssl.SSLError("the key is encrypted, and nobody is there to be asked for its password")
