"""Serves the OpenAPI document. It holds nothing of a tenant, so it needs no token.

Rule: what it says is for ``openapi.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

from scimrig_simulator.scim.bodies import PLAIN_JSON
from scimrig_simulator.scim.schemas import Definitions
from scimrig_simulator.server.access_log import note
from scimrig_simulator.server.openapi import document
from scimrig_simulator.wire import encode_json


class Description:
    """The document of one server, and its page, to be mounted at ``openapi.PLACE``.

    base_path: as in ``app.Settings``.
    """

    def __init__(self, definitions: Definitions, base_path: str) -> None:
        self._definitions = definitions
        self._base_path = base_path

    async def page(self, request: Request) -> Response:
        """The document."""
        note(request.scope, request.url.path, (), (), "")
        return Response(self._document, media_type=PLAIN_JSON)

    @cached_property
    def _document(self) -> bytes:
        """Not made before it is asked for: few are."""
        return encode_json(document(self._definitions, self._base_path))
