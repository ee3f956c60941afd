"""Whether the server is alive, and whether it can do its work: ``/livez`` and ``/readyz``, for whoever runs it.

Both need no token and tell nothing of what is stored. ``/livez`` is answered as long as the process answers at all; a
server that isn't ready is not to be restarted for it. ``/readyz`` is 200 while the store can be read and written to,
and 503 when it can't, or when the server has been told to stop and takes no new work.

Rule: asks, and changes nothing. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from scimrig_simulator.server.access_log import note
from scimrig_simulator.server.store import Store

LIVE = "/livez"
READY = "/readyz"

STOPPING = "stopping"
"""In the ``state`` of an ASGI scope: a function that says whether the server has been told to stop."""

PATIENCE = 0.25
"""Seconds within which a store that is ready gives an answer."""


class Health:
    """The two pages, as endpoints to be mounted at ``LIVE`` and ``READY``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def live(self, request: Request) -> Response:
        """200: the process answers."""
        return _page(request, 200, "alive")

    async def ready(self, request: Request) -> Response:
        """200 where the store can be used and nobody has told the server to stop, else 503."""
        stopping = getattr(request.state, STOPPING, None)
        if stopping is not None and stopping():
            return _page(request, 503, "stopping")
        ready = self._store.ready(PATIENCE)
        return _page(request, 200, "ready") if ready else _page(request, 503, "the store can't be used")


def _page(request: Request, status: int, said: str) -> Response:
    note(request.scope, request.url.path, (), (), "")
    return JSONResponse({"status": said}, status, {"Cache-Control": "no-store"})
