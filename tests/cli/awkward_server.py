"""A server for tests of bad input. Arguments: MODE AFTER DB.

MODE: what happens from request number AFTER on. ``slow``: every answer takes 50 ms; ``hang``: none comes; ``die``: the
process is gone; ``html``: a page in place of SCIM. DB: SQLite file, so that a sound server can take over from it.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

from scimrig.target import RefSpec, reference_app
from scimrig_simulator.clock import SystemClock
from scimrig_simulator.server.serve import serve

PAGE = b"<!doctype html><title>Sign in</title><form></form>"


class Awkward:
    """Middleware that counts requests and turns nasty."""

    def __init__(self, app: Any, mode: str, after: int) -> None:
        self._app, self._mode, self._after, self._count = app, mode, after, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self._count += 1
            if self._count > self._after and await self._turn(send):
                return
        await self._app(scope, receive, send)

    async def _turn(self, send: Any) -> bool:
        """True where the request has had its answer."""
        if self._mode == "die":
            os._exit(1)
        if self._mode == "hang":
            await asyncio.sleep(3600)
        if self._mode == "slow":
            await asyncio.sleep(0.05)
        if self._mode == "html":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
            await send({"type": "http.response.body", "body": PAGE})
            return True
        return False


def main() -> None:
    mode, after, db = sys.argv[1:]
    app = reference_app(RefSpec(), token=os.environ["SCIMRIG_TOKEN"], clock=SystemClock(), db=db)
    serve(Awkward(app, mode, int(after)), ready=lambda url: print(url, flush=True))


if __name__ == "__main__":
    main()
