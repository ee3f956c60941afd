"""Servers, sound and sabotaged, and a client by hand for them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.faults import fault
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import BY_THE_BOOK, PERCENT_20, Posted, Reply, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class Server:
    """A server with its own empty store; without a sabotage it is the sound one."""

    def __init__(self, sabotage: Fault | None) -> None:
        clock = self.clock = VirtualClock()

        def make(seams: Any) -> Any:
            return build(Settings(token="s3cret", clock=clock), seams)

        app = sabotage.server(make) if sabotage else make(None)
        self.transport = InProcessTransport(app, "http://127.0.0.1:8080/scim/v2", "Bearer s3cret", clock)

    def send(self, method: str, path: str, body: Any = None, headers: Any = (), **query: str) -> Reply:
        """``headers`` replace those of the book; None takes one away."""
        given = {name.lower(): value for name, value in dict(headers).items()}
        lines = [(name, given.pop(name.lower(), value)) for name, value in BY_THE_BOOK] + list(given.items())
        block = tuple((name, value) for name, value in lines if value is not None)
        return self.transport.exchange(Send(method, path, PERCENT_20.encode(query), block, body))

    def get(self, path: str, **query: str) -> dict[str, Any]:
        return self.send("GET", path, **query).resource()

    def user(self, user_name: str = "ada", **attributes: Any) -> str:
        """The path of a new user."""
        return self._made("/Users", {"schemas": [USER], "userName": user_name, **attributes})

    def group(self, name: str, *member_paths: str) -> str:
        """The path of a new group."""
        members = [{"value": path.rpartition("/")[2]} for path in member_paths]
        return self._made("/Groups", {"schemas": [GROUP], "displayName": name, "members": members})

    def _made(self, collection: str, body: dict[str, Any]) -> str:
        return f"{collection}/{self.send('POST', collection, body).resource()['id']}"

    def patch(self, path: str, *operations: dict[str, Any]) -> Reply:
        return self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": list(operations)})

    def names(self, **query: str) -> list[str]:
        return [user["userName"] for user in self.get("/Users", **query)["Resources"]]


class Policed:
    """A server under the policy, with a second tenant. Time stands still; acme.test is registered at both.

    api, other: where the API begins for the tenant without a name, and the management of the second one.
    """

    api = "/api/v1/organizations/org_ref"
    other = "/manage/tenants/other"

    def __init__(self, name: str | None) -> None:
        self.clock = VirtualClock()
        settings = Settings(token="s3cret", clock=self.clock, policy="scalekit", poster=lambda *_: Posted(200))
        app = fault(name).server(lambda seams: build(settings, seams)) if name else build(settings)
        self.transport = InProcessTransport(app, "http://127.0.0.1:8080", "Bearer s3cret", self.clock)
        self._numbers = itertools.count(1)
        self.manage("PUT", "/manage/domains", {"domains": ["acme.test"]})
        self.manage("PUT", self.other)
        domain = {"domain": "acme.test", "domain_type": "ORGANIZATION_DOMAIN"}
        self.manage("POST", "/api/v1/organizations/org_other/domains", domain)

    def send(self, method: str, path: str, body: Any = None, *, query: str = "", **headers: str) -> Reply:
        """``path`` from the origin; ``authorization`` among the headers replaces the server's own token."""
        lines = {"authorization": "Bearer s3cret", "content-type": "application/json"}
        lines.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.transport.exchange(Send(method, path, query, tuple(lines.items()), body))

    def manage(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        reply = self.send(method, path, body, query=PERCENT_20.encode(query))
        assert reply.ok, reply.body
        return reply.resource()

    def create(self, *emails: dict[str, Any], at: str = "", token: str = "s3cret", **attributes: Any) -> Reply:
        body = {"schemas": [USER], "userName": f"ada{next(self._numbers)}", "active": True, **attributes}
        body.update({"emails": list(emails)} if emails else {})
        return self.send("POST", f"{at}/scim/v2/Users", body, authorization=f"Bearer {token}")

    def person(self, address: str = "", **attributes: Any) -> str:
        """The id of a new user with this address, or one of their own."""
        reply = self.create(self.work(address or f"p{next(self._numbers)}@acme.test"), **attributes)
        assert reply.status == 201, reply.body
        return str(reply.resource()["id"])

    def patch(self, path: str, *operations: dict[str, Any]) -> Reply:
        return self.send("PATCH", f"/scim/v2{path}", {"schemas": [PATCH_OP], "Operations": list(operations)})

    def set(self, id: str, path: str, value: Any) -> int:
        """The status of a PATCH that sets one thing of a user."""
        return self.patch(f"/Users/{id}", {"op": "replace", "path": path, "value": value}).status

    def team(self, role: str, *ids: str) -> str:
        """The path of a new group that gives a role."""
        body = {"schemas": [GROUP], "displayName": role, "members": [{"value": id} for id in ids]}
        id = self.send("POST", "/scim/v2/Groups", body).resource()["id"]
        self.manage("PUT", f"/manage/roles/map/{id}", {"role": role})
        return f"/Groups/{id}"

    def roles(self, id: str) -> list[str]:
        return list(self.manage("GET", f"/manage/users/{id}/roles")["roles"])

    def token(self, **body: Any) -> str:
        """A new token of the other tenant; without a body the only one."""
        place = "tokens" if body else "tokens:regenerate"
        return str(self.manage("POST", f"{self.other}/{place}", body or None)["token"])

    def enters(self, token: str, at: str = "/other") -> int:
        return self.send("GET", f"{at}/scim/v2/Users", authorization=f"Bearer {token}").status

    @staticmethod
    def work(address: str) -> dict[str, Any]:
        """A primary e-mail."""
        return {"value": address, "type": "work", "primary": True}


@pytest.fixture
def serve() -> Iterator[Callable[[Fault | None], Server]]:
    """Makes servers and closes them afterwards."""
    made: list[Server] = []

    def make(sabotage: Fault | None = None) -> Server:
        made.append(Server(sabotage))
        return made[-1]

    yield make
    for server in made:
        server.transport.close()


@pytest.fixture
def server(serve: Callable[[Fault | None], Server], fault_name: str | None) -> Server:
    """The server of a test marked ``breaks``: sound, or with the fault that the mark names."""
    return serve(fault(fault_name) if fault_name else None)


@pytest.fixture
def policed(fault_name: str | None) -> Iterator[Policed]:
    """As ``server``, under the policy."""
    made = Policed(fault_name)
    yield made
    made.transport.close()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "breaks(name, sound, broken): what a test sees with and without a fault")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test with marks ``breaks`` runs once on the sound server, and once on the server with each fault named."""
    marks = list(metafunc.definition.iter_markers("breaks"))
    if marks:
        sound = [pytest.param(None, marks[0].kwargs["sound"], id="sound")]
        assert all(mark.kwargs["sound"] == marks[0].kwargs["sound"] for mark in marks)
        broken = [pytest.param(mark.args[0], mark.kwargs["broken"], id=mark.args[0]) for mark in marks]
        metafunc.parametrize(("fault_name", "expected"), sound + broken)
