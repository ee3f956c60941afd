"""Exchanges made by hand. A test writes down what is special; everything else is as a sound server answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scimrig import checks
from scimrig.evidence import Exchange
from scimrig.verdicts import Finding

USER_URN = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_URN = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE_URN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
LIST_URN = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR_URN = "urn:ietf:params:scim:api:messages:2.0:Error"
BASE = "https://scim.example.com/v2"
SCIM = "application/scim+json"
GONE = object()
"""As a value: leave this member out."""


def _without_gone(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not GONE}


class Maker:
    """Sound messages, and exchanges made of them."""

    GONE = GONE
    ENTERPRISE = ENTERPRISE_URN

    def user(self, identifier: str = "7a", **values: Any) -> dict[str, Any]:
        meta = {
            "resourceType": "User",
            "created": "2026-01-05T09:00:00Z",
            "lastModified": "2026-01-05T09:00:00Z",
            "location": f"{BASE}/Users/{identifier}",
        }
        body = {"schemas": [USER_URN], "id": identifier, "userName": "ada@example.com", "active": True, "meta": meta}
        return _without_gone({**body, **values})

    def group(self, identifier: str = "9f", **values: Any) -> dict[str, Any]:
        meta = {
            "resourceType": "Group",
            "created": "2026-01-05T09:00:00Z",
            "lastModified": "2026-01-06T09:00:00+01:00",
            "location": f"{BASE}/Groups/{identifier}",
        }
        body = {"schemas": [GROUP_URN], "id": identifier, "displayName": "Analysts", "meta": meta}
        return _without_gone({**body, **values})

    def listing(self, *rows: Any, **values: Any) -> dict[str, Any]:
        body = {
            "schemas": [LIST_URN],
            "totalResults": len(rows),
            "startIndex": 1,
            "itemsPerPage": len(rows),
            "Resources": list(rows),
        }
        return _without_gone({**body, **values})

    def error(self, status: int, /, **values: Any) -> dict[str, Any]:
        return _without_gone({"schemas": [ERROR_URN], "status": str(status), "detail": "It can't be done.", **values})

    def exchange(
        self,
        line: str,
        status: int,
        reply: Any = None,
        *,
        sent: Any = None,
        accept: str | None = SCIM,
        kind: str | None = SCIM,
        headers: dict[str, str] | None = None,
        authorization: str | None = "Bearer [redacted]",
        by: str = "probe",
    ) -> Exchange:
        """``line`` is "GET /Users?count=1"; ``reply`` JSON, a str for text as it is, or None for no body."""
        method, _, target = line.partition(" ")
        path, _, query = target.partition("?")
        asked = [("Accept", accept), ("Authorization", authorization)]
        text = reply if isinstance(reply, str) else "" if reply is None else json.dumps(reply, ensure_ascii=False)
        answered = [*((headers or {}).items()), *([("content-type", kind)] if text and kind else [])]
        return Exchange(
            number=1,
            case="a/case[rfc]",
            step="step",
            by=by,
            dialect="rfc",
            purpose="",
            method=method,
            path=path,
            query=query,
            request_headers=tuple((name, value) for name, value in asked if value is not None),
            request_body=None if sent is None else sent if isinstance(sent, str) else json.dumps(sent),
            status=status,
            reply_headers=tuple(answered),
            reply_body=text,
            elapsed=0.01,
        )

    def created(self, body: Any, **values: Any) -> Exchange:
        """A POST of a user, answered 201 with ``body`` and its Location."""
        headers = {"Location": f"{BASE}/Users/7a"} | values.pop("headers", {})
        shown = {name: value for name, value in headers.items() if value is not GONE}
        return self.exchange("POST /Users", 201, body, headers=shown, sent={"userName": "ada@example.com"}, **values)

    def examine(
        self, exchange: Exchange, survey: dict[str, Any] | None = None
    ) -> tuple[tuple[str, ...], list[Finding]]:
        return checks.examine(exchange, checks.Known(survey=survey or {}))

    def found(self, exchange: Exchange, survey: dict[str, Any] | None = None) -> list[tuple[str, str]]:
        """(check, status) of every finding."""
        return [(finding.check, finding.status.value) for finding in self.examine(exchange, survey)[1]]


@pytest.fixture(scope="session")
def m() -> Maker:
    return Maker()
