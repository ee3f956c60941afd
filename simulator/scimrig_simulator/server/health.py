"""Whether the server is alive, and whether it can do its work: ``/livez`` and ``/readyz``, for whoever runs it.

Both need no token and tell nothing of what is stored. ``/livez`` is answered as long as the process answers at all; a
server that isn't ready is not to be restarted for it. ``/readyz`` is 200 while the store can be read and written to,
and 503 when it can't, or when the server has been told to stop and takes no new work.

Rule: asks, and changes nothing. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json

from scimrig_simulator.scim.bodies import PLAIN_JSON
from scimrig_simulator.server.access_log import note
from scimrig_simulator.server.asgi import Receive, Scope, Send, path_of, respond
from scimrig_simulator.server.store import Store

LIVE = "/livez"
READY = "/readyz"

STOPPING = "stopping"
"""In the ``state`` of an ASGI scope: a function that says whether the server has been told to stop."""

PATIENCE = 0.25
"""Seconds within which a store that is ready gives an answer."""


class Health:
    """The two pages as an ASGI application, to be mounted at ``LIVE`` and ``READY``."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = path_of(scope)
        note(scope, place, (), (), "")
        head = scope["method"] == "HEAD"
        headers = {"Cache-Control": "no-store"}
        if scope["method"] not in ("GET", "HEAD"):
            status, said = 405, "only GET and HEAD are possible here"
            headers["Allow"] = "GET, HEAD"
        else:
            status, said = (200, "alive") if place == LIVE else self._condition(scope)
        body = json.dumps({"status": said}).encode()
        await respond(send, status, headers, body, PLAIN_JSON, head=head)

    def _condition(self, scope: Scope) -> tuple[int, str]:
        stopping = scope.get("state", {}).get(STOPPING)
        if stopping is not None and stopping():
            return 503, "stopping"
        return (200, "ready") if self._store.ready(PATIENCE) else (503, "the store can't be used")
