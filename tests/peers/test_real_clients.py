"""The ``rfc`` dialect beside a client of others in the same role: the same career, request by request, side by side.

scim2-client says what it sends by its own lights: it finds the differences (``PatchOp.build_from``), writes the filter,
the bodies and the headers. Each difference stands in a table with its reason; one that is there no more is an error.
Of the packages that were looked at, no other has an IdP's side of SCIM that can be played beside it: Canaille's needs
an older scim2-client than the one here, and its wheel brings a package ``tests``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_models import PatchOp, PatchOperation, SearchRequest

from scimrig_simulator import idp
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.drive import InProcessTransport, play
from scimrig_simulator.scim.urns import ENTERPRISE, GROUP, USER
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import Reply, Send
from scimrig_simulator.workforce.company import Company
from scimrig_simulator.workforce.person import Person

pytestmark = [pytest.mark.peer, pytest.mark.slow]

BASE = "http://target.example/scim/v2"
COMPANY = Company(5)
ADA, BOB, TEAM = COMPANY.person(1), COMPANY.person(2), COMPANY.team(1)
LATER = ADA.changed({"title": None, "department": "Engines", "phone": "+1 202 555 0100", "familyName": "Sample",
                     "email": "new@example.com"})
RENAMED = COMPANY.team(1, version=1)

DIFFERENCES = {
    "connect: requests": "it reads what the server publishes of itself, and has no test of its own",
    "header accept": "it leaves that to httpx2, which takes anything; RFC 7644 §3.8 knows application/scim+json",
    "header content-type": "it leaves that to httpx2, which says application/json; a server should take both (§3.1)",
    "header accept-encoding": "httpx2 asks for compressed answers",
    "header user-agent": "httpx2 says who it is",
    "header connection": "httpx2 says that it would go on",
}
"""What differs → why. A header differs in every request alike; what else differs is named by act, place and part."""


class Target:
    """A reference server in this process; keeps what it is sent. Ids are called by the order in which they came."""

    def __init__(self) -> None:
        clock = VirtualClock()
        app = build(Settings(token="t", clock=clock))
        self._inside, self.clock = InProcessTransport(app, BASE, "Bearer t", clock, 5.0), clock
        self._ids: dict[str, str] = {}
        self._sent: list[dict[str, Any]] = []

    def exchange(self, request: Send) -> Reply:
        headers = {name.lower(): value for name, value in request.header_lines("Bearer t")}
        self._sent.append(self._parts(request.method, request.target, headers, request.content))
        return self._answer(request)

    def handle(self, request: httpx2.Request) -> httpx2.Response:
        """The same for a client of httpx2."""
        path = request.url.raw_path.decode().removeprefix("/scim/v2")
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        self._sent.append(self._parts(request.method, path, headers, request.content or None))
        place, _, query = path.partition("?")
        reply = self._answer(Send(request.method, place, query, tuple(headers.items()), request.content or None))
        return httpx2.Response(reply.status, headers=list(reply.headers), content=reply.body)

    def taken(self) -> list[dict[str, Any]]:
        """What was sent since the last time, each request in parts."""
        sent, self._sent = self._sent, []
        return sent

    def close(self) -> None:
        self._inside.close()

    def _answer(self, request: Send) -> Reply:
        reply = self._inside.exchange(request)
        if request.method == "POST":
            self._ids.setdefault(reply.resource()["id"], f"<{len(self._ids) + 1}>")
        return reply

    def _parts(self, method: str, target: str, headers: dict[str, str], content: bytes | None) -> dict[str, Any]:
        path, _, query = target.partition("?")
        parts: dict[str, Any] = {"method": method, "path": self._named(unquote(path))}
        parts |= {f"query {name}": self._named(value) for name, value in parse_qsl(query)}
        parts |= {f"header {name}": value for name, value in headers.items() if name != "content-length"}
        body = json.loads(self._named(content.decode())) if content else {}
        for operation in body.pop("Operations", ()):
            parts[f"{operation['op']} {operation.get('path')}"] = operation.get("value")
        return parts | {f"body {name}": value for name, value in body.items()}

    def _named(self, text: str) -> str:
        for id, name in self._ids.items():
            text = text.replace(id, name)
        return text


@pytest.fixture
def target() -> Iterator[Callable[[], Target]]:
    """A target of one's own for each who asks."""
    made: list[Target] = []

    def new() -> Target:
        made.append(Target())
        return made[-1]

    yield new
    for one in made:
        one.close()


def ours(target: Target) -> dict[str, list[dict[str, Any]]]:
    """Act → what the dialect sends."""
    engine = idp.engage("rfc", 7)
    career: list[tuple[str, Any]] = [
        ("connect", engine.connect),
        ("assign", lambda: engine.assign(ADA)), ("assign another", lambda: engine.assign(BOB)),
        ("update", lambda: engine.update(LATER)), ("nothing has changed", lambda: engine.update(LATER)),
        ("push a group", lambda: engine.push_group(TEAM, [ADA])),
        ("join", lambda: engine.set_members(TEAM, [ADA, BOB])), ("leave", lambda: engine.set_members(TEAM, [BOB])),
        ("rename the group", lambda: engine.rename_group(RENAMED, [BOB])),
        ("deactivate", lambda: engine.deactivate(LATER)), ("import", engine.import_users),
        ("delete", lambda: engine.delete(LATER)), ("delete the group", lambda: engine.delete_group(RENAMED)),
    ]
    sent = {}
    for act, flow in career:
        assert play(flow(), target, target.clock).ok
        sent[act] = target.taken()
    return sent


def wanted(person: Person, external_id: str) -> dict[str, Any]:
    """The person as RFC 7643 §4.1 writes one, by a hand that knows no engine; None for what there is none of."""
    return {
        "schemas": [USER, ENTERPRISE], "externalId": external_id, "userName": person.user_name,
        "name": {"formatted": person.formatted, "familyName": person.family_name, "givenName": person.given_name,
                 "middleName": person.middle_name or None},
        "displayName": person.display_name, "title": person.title or None, "locale": person.locale,
        "active": person.active, "emails": [{"value": person.email, "type": "work", "primary": True}],
        "phoneNumbers": [{"value": person.phone_work, "type": "work"},
                         {"value": person.phone_mobile, "type": "mobile"}],
        "addresses": [{"type": "work", "streetAddress": person.street, "locality": person.locality,
                       "region": person.region, "postalCode": person.postal_code, "country": person.country}],
        ENTERPRISE: {"employeeNumber": person.employee_number, "department": person.department},
    }  # fmt: skip


class TheirIdp:
    """What an IdP does that is built on scim2-client: look up, create, read, send the differences."""

    def __init__(self, target: Target) -> None:
        http = httpx2.Client(base_url=BASE, headers={"Authorization": "Bearer t"},
                             transport=httpx2.MockTransport(target.handle))
        self.scim = SyncSCIMClient(http)
        self.scim.discover()
        self.User, self.Group = (self.scim.get_resource_model(name) for name in ("User", "Group"))

    def assign(self, values: dict[str, Any]) -> str:
        self._look_up(self.User, "userName", values["userName"])
        return str(self.scim.create(self.User.model_validate(values)).id)

    def update(self, id: str, values: dict[str, Any]) -> None:
        held = self.scim.query(self.User, id)
        patch = PatchOp.build_from(held, self.User.model_validate(values))
        if patch is not None:
            self.scim.modify(self.User, id, patch)

    def push(self, values: dict[str, Any]) -> str:
        self._look_up(self.Group, "displayName", values["displayName"])
        return str(self.scim.create(self.Group.model_validate(values)).id)

    def change(self, kind: Any, id: str, *operations: tuple[str, str, Any]) -> None:
        made = [PatchOperation[kind](op=op, path=path, value=value) for op, path, value in operations]
        self.scim.modify(kind, id, PatchOp[kind](operations=made))

    def _look_up(self, kind: Any, name: str, value: str) -> None:
        assert not self.scim.query(kind, SearchRequest(filter=f"{name} eq {json.dumps(value)}")).resources

def theirs(target: Target) -> dict[str, list[dict[str, Any]]]:
    """Act → what their client sends."""
    them, engine = TheirIdp(target), idp.engage("rfc", 7)
    sent = {"connect": target.taken()}

    def noted(act: str, result: Any = None) -> Any:
        sent[act] = target.taken()
        return result

    external, named = engine.external_id(ADA), engine.expected_group(TEAM, []).values
    ada = noted("assign", them.assign(wanted(ADA, external)))
    bob = noted("assign another", them.assign(wanted(BOB, engine.external_id(BOB))))
    noted("update", them.update(ada, wanted(LATER, external)))
    noted("nothing has changed", them.update(ada, wanted(LATER, external)))
    group = noted("push a group", them.push({"schemas": [GROUP], **named, "members": [{"value": ada}]}))
    noted("join", them.change(them.Group, group, ("add", "members", [{"value": bob}])))
    noted("leave", them.change(them.Group, group, ("remove", f'members[value eq "{ada}"]', None)))
    noted("rename the group", them.change(them.Group, group, ("replace", "displayName", RENAMED.display_name)))
    noted("deactivate", them.change(them.User, ada, ("replace", "active", False)))
    noted("import", them.scim.query(them.User, SearchRequest(start_index=1, count=100)))
    noted("delete", them.scim.delete(them.User, ada))
    noted("delete the group", them.scim.delete(them.Group, group))
    return sent


def differences(mine: list[dict[str, Any]], yours: list[dict[str, Any]], act: str) -> Iterator[str]:
    """What differs between the requests of an act, by name."""
    if [(one["method"], one["path"]) for one in mine] != [(one["method"], one["path"]) for one in yours]:
        yield f"{act}: requests"
        return
    for number, (one, other) in enumerate(zip(mine, yours, strict=True), 1):
        for name in one.keys() | other.keys():
            if one.get(name, ...) != other.get(name, ...):
                yield name if name.startswith("header ") else f"{act} {number}: {name}"


def test_the_same_career_comes_to_the_same_requests(target: Callable[[], Target]) -> None:
    mine, yours = ours(target()), theirs(target())
    found = {name for act in mine.keys() | yours.keys()
             for name in differences(mine.get(act, []), yours.get(act, []), act)}  # fmt: skip
    assert sorted(found - DIFFERENCES.keys()) == []
    assert sorted(DIFFERENCES.keys() - found) == [], "idle: there is no such difference any more"


@pytest.mark.parametrize(("change", "name"), [
    ({"method": "PUT"}, "update: requests"), ({"path": "/Users/2"}, "update: requests"),
    ({"query count": "1"}, "update 1: query count"), ({"header accept": "*/*"}, "header accept"),
    ({"replace title": "x"}, "update 1: replace title"), ({"remove title": 1}, "update 1: remove title"),
])
def test_a_difference_is_found_and_named(change: dict[str, Any], name: str) -> None:
    request = {"method": "PATCH", "path": "/Users/1", "header accept": "application/scim+json", "remove title": None}
    assert list(differences([request], [request], "update")) == []
    assert list(differences([request], [request | change], "update")) == [name]
    assert list(differences([request], [], "update")) == ["update: requests"]
