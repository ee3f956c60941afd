"""The document of a server with the example schemas, and a client at the origin of that server."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.scim.schema_files import merge
from scimrig_simulator.scim.schemas import builtin
from scimrig_simulator.wire import Reply, Send

EXAMPLES = Path(__file__).parents[3] / "examples" / "schemas"
ORIGIN = "http://127.0.0.1:8080"
BASE = "/scim/v2"
BEARER = "Bearer s3cret"
SCIM_JSON = "application/scim+json"


class Visitor:
    """Sends what a test writes to any path of a server. Headers given replace the usual ones; None takes one away."""

    def __init__(self, client: Any) -> None:
        self.transport = InProcessTransport(client.app, ORIGIN, None, client.clock)

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str | None] | None = None, query: str = ""
    ) -> Reply:
        usual = {"Host": "127.0.0.1:8080", "Authorization": BEARER, "Accept": SCIM_JSON, "Content-Type": SCIM_JSON}
        given = tuple((name, value) for name, value in {**usual, **(headers or {})}.items() if value is not None)
        return self.transport.exchange(Send(method, path, query, given, body))


@pytest.fixture
def visitor(make_client: Any) -> Iterator[Visitor]:
    """A visitor of a server with the example schemas, /Devices among them."""
    files = [(path.name, path.read_text("utf-8")) for path in sorted(EXAMPLES.glob("*.json"))]
    made = Visitor(make_client(definitions=merge(builtin(), files)))
    yield made
    made.transport.close()


@pytest.fixture
def document(visitor: Visitor) -> dict[str, Any]:
    """What the server says of itself."""
    reply = visitor.send("GET", "/openapi.json", headers={"Authorization": None})
    assert reply.status == 200
    return dict(json.loads(reply.body))
