"""One HTTP connection, as uvicorn keeps it, but for what it says by itself: that is SCIM, like everything else.

Bytes that are no HTTP never become a request, so no application sees them; whoever sent them is told in a SCIM error
all the same. A request that stops arriving is given up, so that nobody holds connections by saying nothing.

Rule: knows HTTP and the form of an error. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from scimrig_simulator import limits
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.wire import SCIM_JSON, encode_json

_TOO_LARGE = 431
_MALFORMED = "This is no HTTP request that could be understood; look at its request line, headers and chunks."


class Connection(H11Protocol):
    """A connection of a client. patience: seconds without a byte after which an incomplete request is given up."""

    patience: float = limits.ARRIVAL

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._heard = 0.0
        self._watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._heard = self.loop.time()
        self._watch = self.loop.call_later(self.patience, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._heard = self.loop.time()
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """Called by uvicorn while it handles h11's complaint about what has arrived."""
        complaint = sys.exc_info()[1]
        if getattr(complaint, "error_status_hint", 400) == _TOO_LARGE:
            self._refuse(_TOO_LARGE, f"Request line and headers may have {limits.HEAD} bytes at most.")
        else:
            self._refuse(400, _MALFORMED)

    def _look(self) -> None:
        """Give the connection up where it is the client's turn, and nothing came for too long."""
        quiet = self.loop.time() - self._heard
        waiting = self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE) and self.conn.their_state in (
            h11.IDLE, h11.SEND_BODY,
        )  # fmt: skip
        if waiting and quiet >= self.patience and not self.transport.is_closing():
            self._refuse(408, f"The request was not complete, and nothing more of it came for {self.patience:g} s.")
            return
        self._watch = self.loop.call_later(max(0.01, self.patience - quiet) if waiting else self.patience, self._look)

    def _refuse(self, status: int, detail: str) -> None:
        """Answer, if an answer can still be given, and close."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            body = encode_json(ScimError(status, None, detail).body())
            about_body = [(b"content-type", SCIM_JSON.encode()), (b"content-length", b"%d" % len(body))]
            headers = [*self.server_state.default_headers, *about_body, (b"connection", b"close")]
            answer = h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status])
            for event in (answer, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
