"""Faults on the wire: ASGI middleware, which knows HTTP and nothing of the server behind it.

Rule: lifespan and whatever isn't HTTP passes through untouched. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

from scimrig_simulator.calls import Asgi
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim.bodies import PLAIN_JSON

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]


def content_type(media: str) -> Callable[[Asgi], Asgi]:
    """Middleware that says of every body that it is ``media``."""
    line = (b"content-type", media.encode("latin-1"))

    def wrap(app: Asgi) -> Asgi:
        async def relabelled(scope: Message, receive: Receive, send: Send) -> None:
            async def relabel(message: Message) -> None:
                if message["type"] == "http.response.start":
                    kept = [(name, value) for name, value in message["headers"] if name != line[0]]
                    message["headers"] = [*kept, line] if len(kept) < len(message["headers"]) else kept
                await send(message)

            await app(scope, receive, relabel)

        return relabelled

    return wrap


WRONG_CONTENT_TYPE = Fault(
    "wrong-content-type", "Answers are labelled text/html",
    "The body is SCIM JSON, its Content-Type says otherwise; Entra's validator stops there.",
    ("ERR-05",), middleware=content_type("text/html; charset=utf-8"),
)

PLAIN_JSON_ANSWERS = Fault(
    "plain-json-answers", "Answers are labelled application/json",
    "Who accepts application/scim+json is answered with another type.",
    ("ERR-05",), middleware=content_type(PLAIN_JSON),
)
