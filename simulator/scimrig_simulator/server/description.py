"""Serves an OpenAPI document. It holds nothing of a tenant, so it needs no token.

Rule: what it says is for whoever makes it. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from scimrig_simulator.scim.bodies import PLAIN_JSON
from scimrig_simulator.server.access_log import note
from scimrig_simulator.wire import encode_json


class Description:
    """A document of one server, and its page, to be mounted at its place. document: makes it."""

    def __init__(self, document: Callable[[], Mapping[str, Any]]) -> None:
        self._make = document

    async def page(self, request: Request) -> Response:
        """The document."""
        note(request.scope, request.url.path, (), (), "")
        return Response(self._document, media_type=PLAIN_JSON)

    @cached_property
    def _document(self) -> bytes:
        """Not made before it is asked for: few are."""
        return encode_json(dict(self._make()))
