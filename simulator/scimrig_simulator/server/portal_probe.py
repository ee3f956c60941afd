"""The portal's connection test (CAP-17, CAP-18): an IdP's first requests, made inside the server.

It goes the whole way from the path to the answer, with a token of its own that has ended when the answer is there. So
it shows that the directory answers; that an IdP reaches it, or has the right token, only the IdP can show.

Rule: asks like a client, and reads nothing but answers. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.server.asgi import App, Message, Scope
from scimrig_simulator.server.house import DIRECTORIES, SCIM, House
from scimrig_simulator.server.organizations import DirectoryRecord

LIFE = 60.0
_KEPT = frozenset({b"host", b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host"})
_SAME = ("type", "asgi", "http_version", "scheme", "client", "server", "root_path")

NOTE = (
    "The requests were made inside the server, from your address and with a token of their own that has ended since."
    " They show that the directory answers, not that your IdP reaches it or has the right token."
)


@dataclass(frozen=True, slots=True)
class Probe:
    """Tests directories of a server. site: the whole of it."""

    house: House
    site: App

    async def test(self, directory: DirectoryRecord, scope: Scope) -> Mapping[str, Any]:
        """``{"passed", "checks", "note"}``. scope: of the request that wants to know, whose way the test takes."""
        token, text = self.house.tenants.issue(directory.tenant, LIFE)
        try:
            checks = [
                await self._check(scope, directory, text, "ServiceProviderConfig", "/ServiceProviderConfig", ""),
                await self._check(scope, directory, text, "a page of users", "/Users", "startIndex=1&count=1"),
                await self._check(
                    scope, directory, text, "a filter that finds nobody", "/Users",
                    f"filter=userName%20eq%20%22nobody-{uuid.uuid4().hex}%22", total=0,
                ),
            ]  # fmt: skip
        finally:
            self.house.tenants.revoke(directory.tenant, token.id)
        return {"passed": all(check["passed"] for check in checks), "checks": checks, "note": NOTE}

    async def _check(
        self,
        scope: Scope,
        directory: DirectoryRecord,
        token: str,
        name: str,
        path: str,
        query: str,
        total: int | None = None,
    ) -> Mapping[str, Any]:
        status, body = await self._get(scope, f"{DIRECTORIES}/{directory.id}{SCIM}{path}", query, token)
        found = body.get("totalResults")
        passed = status == 200 and (total is None or found == total)
        words = str(body.get("detail", "")) if status != 200 else "" if passed else f"It found {found}, not {total}."
        return {"name": name, "request": f"GET {path}", "status": status, "passed": passed, "detail": words}

    async def _get(self, scope: Scope, path: str, query: str, token: str) -> tuple[int, Mapping[str, Any]]:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        inside = {
            **{key: scope[key] for key in _SAME if key in scope},
            "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
            "headers": [
                *((name, value) for name, value in scope["headers"] if name in _KEPT),
                (b"authorization", f"Bearer {token}".encode()), (b"accept", b"application/scim+json"),
            ],
        }  # fmt: skip
        await self.site(inside, receive, send)
        body = json.loads(b"".join(message.get("body", b"") for message in sent[1:]) or b"{}")
        return int(sent[0]["status"]), body if isinstance(body, dict) else {}
