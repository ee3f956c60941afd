"""A client by hand for the reference server, in process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import BY_THE_BOOK, PERCENT_20, Reply, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
TOKEN = "s3cret"


class Client:
    """Sends what a test writes. Headers given replace those of the book; None takes one away."""

    def __init__(self, base_url: str = "http://127.0.0.1:8080/scim/v2", seams: Seams | None = None, **settings: Any):
        self.clock = VirtualClock()
        app = build(Settings(token=TOKEN, clock=self.clock, **settings), seams)
        self.transport = InProcessTransport(app, base_url, f"Bearer {TOKEN}", self.clock)

    def send(
        self,
        method: str,
        path: str,
        query: str | Mapping[str, str] = "",
        body: Any = None,
        headers: Mapping[str, str | None] | None = None,
    ) -> Reply:
        given = {name.lower(): value for name, value in (headers or {}).items()}
        lines = [(name, given.pop(name.lower(), value)) for name, value in BY_THE_BOOK]
        block = tuple((name, value) for name, value in [*lines, *given.items()] if value is not None)
        text = query if isinstance(query, str) else PERCENT_20.encode(query)
        return self.transport.exchange(Send(method, path, text, block, body))

    def get(self, path: str, **query: str) -> dict[str, Any]:
        reply = self.send("GET", path, query)
        assert reply.status == 200, reply.body
        return reply.resource()

    def user(self, user_name: str = "ada", **attributes: Any) -> dict[str, Any]:
        reply = self.send("POST", "/Users", body={"schemas": [USER], "userName": user_name, **attributes})
        assert reply.status == 201, reply.body
        return reply.resource()

    def group(self, name: str = "Crew", *members: dict[str, Any]) -> dict[str, Any]:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": member["id"]} for member in members]}
        reply = self.send("POST", "/Groups", body=body)
        assert reply.status == 201, reply.body
        return reply.resource()

    def patch(self, path: str, *operations: dict[str, Any]) -> Reply:
        return self.send("PATCH", path, body={"schemas": [PATCH_OP], "Operations": list(operations)})

    def names(self, **query: str) -> list[str]:
        return [user["userName"] for user in self.get("/Users", **query)["Resources"]]


@pytest.fixture(scope="session")
def client_class() -> type[Client]:
    """For fixtures that outlive one test."""
    return Client


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.transport.close()


@pytest.fixture
def make_client() -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def make(*arguments: Any, **settings: Any) -> Client:
        made.append(Client(*arguments, **settings))
        return made[-1]

    yield make
    for one in made:
        one.transport.close()
