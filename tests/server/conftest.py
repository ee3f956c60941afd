"""A client by hand for the reference server, in process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import BY_THE_BOOK, PERCENT_20, Headers, Posted, Reply, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK_REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
TOKEN = "s3cret"


class Client:
    """Sends what a test writes. Headers given replace those of the book; None takes one away."""

    def __init__(self, base_url: str = "http://127.0.0.1:8080/scim/v2", seams: Seams | None = None, **settings: Any):
        self.clock = VirtualClock()
        self.app = build(Settings(token=TOKEN, clock=self.clock, **settings), seams)
        self._open(base_url, "http://127.0.0.1:8080/manage", TOKEN)

    def _open(self, base_url: str, management_url: str, token: str) -> None:
        self.transport = InProcessTransport(self.app, base_url, f"Bearer {token}", self.clock)
        self.management = InProcessTransport(self.app, management_url, f"Bearer {token}", self.clock)
        self.programs = InProcessTransport(self.app, "http://127.0.0.1:8080/api/v1", f"Bearer {TOKEN}", self.clock)

    def close(self) -> None:
        self.transport.close()
        self.management.close()
        self.programs.close()

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

    def bulk(self, *operations: Any, **job: Any) -> Reply:
        return self.send("POST", "/Bulk", body={"schemas": [BULK_REQUEST], "Operations": list(operations), **job})

    def put(self, resource: dict[str, Any], **attributes: Any) -> Reply:
        """The resource as it was read, with these attributes instead; None takes one away."""
        wanted = {**resource, **attributes}
        body = {name: value for name, value in wanted.items() if value is not None}
        kind = resource["meta"]["resourceType"]
        return self.send("PUT", f"/{kind}s/{resource['id']}", body=body)

    def names(self, **query: str) -> list[str]:
        return [user["userName"] for user in self.get("/Users", **query)["Resources"]]

    def manage(self, method: str, path: str, body: Any = None, headers: Any = BY_THE_BOOK) -> Reply:
        """The management API of a server with a policy."""
        return self.management.exchange(Send(method, path, "", headers, body))

    def api(self, method: str, path: str, body: Any = None, **query: str) -> Reply:
        """The API for programs, below /api/v1."""
        return self.programs.exchange(Send(method, path, PERCENT_20.encode(query), BY_THE_BOOK, body))

    def told_by_api(self, path: str, **query: str) -> dict[str, Any]:
        """What the API answers to a GET."""
        reply = self.api("GET", path, **query)
        assert reply.status == 200, reply.body
        return reply.resource()

    def managed(self, path: str) -> dict[str, Any]:
        reply = self.manage("GET", path)
        assert reply.status == 200, reply.body
        return reply.resource()


class Guest(Client):
    """A client of the tenant ``name`` of a server that is there already."""

    def __init__(self, host: Client, name: str, token: str) -> None:
        self.app, self.clock, self.name, self.token = host.app, host.clock, name, token
        self._open(f"http://127.0.0.1:8080/{name}/scim/v2", f"http://127.0.0.1:8080/{name}/manage", token)


class House(Client):
    """A client of the tenant without a name, which lets further tenants in."""

    def __init__(self, *names: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.guests: dict[str, Guest] = {}
        for name in names:
            self.let(name)

    def let(self, name: str) -> Guest:
        """A client of a tenant, made where it isn't there, with a token of its own."""
        reply = self.manage("PUT", f"/tenants/{name}")
        assert reply.status == 200, reply.body
        guest = self.guests[name] = self.guest(name, self.issue(name)["token"])
        return guest

    def guest(self, name: str, token: str) -> Guest:
        """A client of a tenant that comes with this token."""
        return Guest(self, name, token)

    def issue(self, name: str, expires_in: float | None = None) -> dict[str, Any]:
        """A new token of a tenant, as answered."""
        reply = self.manage("POST", f"/tenants/{name}/tokens", {"expires_in": expires_in})
        assert reply.status == 201, reply.body
        return reply.resource()

    def close(self) -> None:
        super().close()
        for guest in self.guests.values():
            guest.close()


@pytest.fixture
def house() -> Iterator[House]:
    """A server with the tenants acme and beta."""
    made = House("acme", "beta")
    yield made
    made.close()


@pytest.fixture
def make_house() -> Iterator[Callable[..., House]]:
    made: list[House] = []

    def make(*names: str, **settings: Any) -> House:
        made.append(House(*names, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(scope="session")
def client_class() -> type[Client]:
    """For fixtures that outlive one test."""
    return Client


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.close()


@pytest.fixture
def make_client() -> Iterator[Callable[..., Client]]:
    made: list[Client] = []

    def make(*arguments: Any, **settings: Any) -> Client:
        made.append(Client(*arguments, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


class Receiver:
    """What was posted to the webhook: the events, oldest first."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __call__(self, url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        self.events.append(json.loads(body))
        return Posted(200)


class Tenant(Client):
    """A client of a server with the policy ``scalekit``, where acme.test is registered and a webhook listens."""

    def __init__(self, *, domains: tuple[str, ...] = ("acme.test",), seams: Seams | None = None, **settings: Any):
        self.receiver = Receiver()
        super().__init__(seams=seams, policy="scalekit", poster=self.receiver, **settings)
        if domains:
            assert self.manage("PUT", "/domains", {"domains": list(domains)}).status == 200
        assert self.manage("PUT", "/webhook", {"url": "http://127.0.0.1:9/hook"}).status == 200

    def person(self, name: str = "ada", **attributes: Any) -> dict[str, Any]:
        """A new user with a primary address at acme.test."""
        emails = [{"value": f"{name}@acme.test", "type": "work", "primary": True}]
        return self.user(name, **{"emails": emails, "active": True, **attributes})

    def roles(self, user: dict[str, Any]) -> list[str]:
        return list(self.managed(f"/users/{user['id']}/roles")["roles"])

    def told(self) -> list[tuple[str, str]]:
        """(event, whom it is about) of everything posted since the last time, on the clock's time."""
        self.clock.sleep(5)
        posted, self.receiver.events = self.receiver.events, []
        return [(event["type"].rpartition(".")[2], event["data"]["id"].partition("_")[2]) for event in posted]


class Programs(Tenant):
    """A client of a server with the policy ``scalekit`` that uses the API for programs as well."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.api = InProcessTransport(self.app, "http://127.0.0.1:8080", f"Bearer {TOKEN}", self.clock)
        self.opened: list[Client] = []

    def ask(self, method: str, path: str, body: Any = None, query: str = "", **headers: str) -> Reply:
        """A request of the API; its path begins behind /api/v1 unless it says otherwise."""
        place = path if path.startswith(("/oauth", "/keys", "/api")) else f"/api/v1{path}"
        lines = {**dict(BY_THE_BOOK), **headers}
        return self.api.exchange(Send(method, place, query, tuple(lines.items()), body))

    def asked(self, method: str, path: str, body: Any = None, query: str = "") -> dict[str, Any]:
        """The answer to a request that is served."""
        reply = self.ask(method, path, body, query)
        assert reply.status // 100 == 2, reply.body
        return reply.resource() if reply.body else {}

    def refused(self, method: str, path: str, body: Any = None, query: str = "") -> tuple[int, int, str]:
        """Status, code and error_code of a request that isn't."""
        reply = self.ask(method, path, body, query)
        told = reply.resource()
        assert list(told) == ["code", "message", "details"], told
        assert told["message"]
        return reply.status, told["code"], told["details"][0]["error_code"]

    def organization(self, name: str = "Acme", domain: str = "acme.test", **values: Any) -> dict[str, Any]:
        """A new organization where a domain is registered."""
        made: dict[str, Any] = self.asked("POST", "/organizations", {"display_name": name, **values})["organization"]
        if domain:
            self.asked("POST", f"/organizations/{made['id']}/domains", {"domain": domain})
        return made

    def directory(self, organization: dict[str, Any], **values: Any) -> dict[str, Any]:
        """A new directory of an organization."""
        answer = self.asked("POST", f"/organizations/{organization['id']}/directories", values)
        return dict(answer["directory"])

    def seen(self, directory: dict[str, Any]) -> dict[str, Any]:
        """A directory as it is shown now."""
        place = f"/organizations/{directory['organization_id']}/directories/{directory['id']}"
        shown: dict[str, Any] = self.asked("GET", place)["directory"]
        return shown

    def secret(self, directory: dict[str, Any], verb: str = "") -> dict[str, Any]:
        """A new secret of a directory, as answered."""
        place = f"/organizations/{directory['organization_id']}/directories/{directory['id']}/secrets"
        return self.asked("POST", f"{place}{verb}")

    def idp(self, directory: dict[str, Any], token: str = "") -> Client:
        """A client at a directory's endpoint, with a new secret unless it brings one."""
        made = Client.__new__(Client)
        made.app, made.clock = self.app, self.clock
        token = token or self.secret(directory)["plain_secret"]
        made._open(directory["directory_endpoint"], "http://127.0.0.1:8080/manage", token)
        self.opened.append(made)
        return made

    def audited(self, organization: str = "org_ref") -> list[tuple[str, str, str]]:
        """Action, type and id of the target of every entry of an organization's log, oldest first."""
        store = self.app._tenants.organizations._store
        sql = """SELECT action, target_type, target_id FROM audit
                 WHERE organization = (SELECT number FROM organization WHERE id = ?) ORDER BY sequence"""
        return list(map(tuple, store.execute(sql, (organization,)).fetchall()))

    def close(self) -> None:
        super().close()
        for one in (self.api, *self.opened):
            one.close()


@pytest.fixture
def programs() -> Iterator[Programs]:
    made = Programs()
    yield made
    made.close()


@pytest.fixture
def make_programs() -> Iterator[Callable[..., Programs]]:
    made: list[Programs] = []

    def make(**settings: Any) -> Programs:
        made.append(Programs(**settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def tenant() -> Iterator[Tenant]:
    made = Tenant()
    yield made
    made.close()


@pytest.fixture
def make_tenant() -> Iterator[Callable[..., Tenant]]:
    made: list[Tenant] = []

    def make(**settings: Any) -> Tenant:
        made.append(Tenant(**settings))
        return made[-1]

    yield make
    for one in made:
        one.close()
