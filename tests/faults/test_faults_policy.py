"""Faults of what a policy promises, each on a server of its own process, with a client that knows HTTP and no more.

Each test states what a sound server answers and what the broken one does.
"""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import scimrig
import scimrig_simulator
from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.faults import FAULTS, fault
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import Posted, Reply, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ROOTS = [str(Path(str(package.__file__)).parent.parent) for package in (scimrig, scimrig_simulator)]
TOKEN = "s3cret"
OURS = sorted(name for name in FAULTS if fault(name).policy)


class Tenant:
    """A client by hand of one served process, where acme.test is registered."""

    _numbers = itertools.count(1)

    def __init__(self, base_url: str) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self.scim = httpx.Client(base_url=base_url, headers=headers, timeout=10, trust_env=False)
        self.management = httpx.Client(
            base_url=base_url.replace("/scim/v2", "/manage"), headers=headers, timeout=10, trust_env=False
        )
        self.manage("PUT", "/domains", {"domains": ["acme.test"]})

    def close(self) -> None:
        self.scim.close()
        self.management.close()

    def manage(self, method: str, path: str, body: Any = None) -> Any:
        reply = self.management.request(method, path, json=body)
        assert reply.is_success, reply.text
        return reply.json()

    def create(self, address: str) -> httpx.Response:
        emails = [{"value": address, "type": "work", "primary": True}]
        name = f"ada{next(self._numbers)}"
        return self.scim.post("/Users", json={"schemas": [USER], "userName": name, "active": True, "emails": emails})

    def person(self) -> dict[str, Any]:
        """A user with an address of its own; see ``unnumbered``."""
        reply = self.create(f"ada{next(self._numbers)}@acme.test")
        assert reply.status_code == 201, reply.text
        return dict(reply.json())

    def read(self, user: dict[str, Any]) -> dict[str, Any]:
        return dict(self.scim.get(f"/Users/{user['id']}").json())

    def put(self, user: dict[str, Any], **attributes: Any) -> httpx.Response:
        return self.scim.put(f"/Users/{user['id']}", json={**user, **attributes})

    def patch(self, place: str, *operations: dict[str, Any]) -> httpx.Response:
        return self.scim.patch(place, json={"schemas": [PATCH_OP], "Operations": list(operations)})

    def switch(self, user: dict[str, Any], active: bool) -> None:
        assert self.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": active}).is_success

    def team(self, role: str, *members: dict[str, Any]) -> str:
        """The path of a new group that gives a role."""
        body = {"schemas": [GROUP], "displayName": role, "members": [{"value": member["id"]} for member in members]}
        id = self.scim.post("/Groups", json=body).json()["id"]
        self.manage("PUT", f"/roles/map/{id}", {"role": role})
        return f"/Groups/{id}"

    def roles(self, user: dict[str, Any]) -> list[str]:
        return list(self.manage("GET", f"/users/{user['id']}/roles")["roles"])

    def allowed(self, user: dict[str, Any]) -> bool:
        return bool(self.manage("GET", f"/users/{user['id']}/access")["allowed"])


def served(name: str | None) -> Iterator[Tenant]:
    """A tenant of ``scimrig serve --policy scalekit``, with the fault where one is named; gone afterwards."""
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR") if key in os.environ}
    env = {**kept, "PYTHONPATH": os.pathsep.join(ROOTS), "LANG": "C.UTF-8", "SCIMRIG_TOKEN": TOKEN}
    words = ["serve", "--policy", "scalekit", *(["--fault", name] if name else [])]
    process = subprocess.Popen(
        [sys.executable, "-m", "scimrig.cli.main", *words], env=env,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
    )
    try:
        assert process.stdout is not None
        tenant = Tenant(process.stdout.readline().strip())
        yield tenant
        tenant.close()
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def sound() -> Iterator[Tenant]:
    yield from served(None)


@pytest.fixture
def tenant(fault_name: str | None, request: pytest.FixtureRequest) -> Iterator[Tenant]:
    """The tenant of a test marked ``breaks``: of the sound server, or of one with the fault that the mark names."""
    if fault_name is None:
        yield request.getfixturevalue("sound")
    else:
        yield from served(fault_name)


def address(value: str) -> dict[str, Any]:
    return {"emails": [{"value": value, "type": "work", "primary": True}]}


def unnumbered(user: dict[str, Any]) -> str:
    """The address of a user without the number that makes it nobody else's."""
    return re.sub(r"\d", "", user["emails"][0]["value"])


def by_path(value: str) -> dict[str, Any]:
    return {"op": "replace", "path": 'emails[type eq "work"].value', "value": value}


@pytest.mark.breaks("email-change-accepted", sound=[(400, "mutability", "ada@acme.test", None)] * 2,
        broken=[(200, None, "new@acme.test", "Lead")] * 2)  # fmt: skip
@pytest.mark.breaks("email-change-accepted-by-patch", sound=[(400, "mutability", "ada@acme.test", None)] * 2,
        broken=[(400, "mutability", "ada@acme.test", None), (200, None, "new@acme.test", "Lead")])  # fmt: skip
@pytest.mark.breaks("email-change-ignored", sound=[(400, "mutability", "ada@acme.test", None)] * 2,
        broken=[(200, None, "ada@acme.test", "Lead")] * 2)  # fmt: skip
@pytest.mark.breaks("email-change-accepted-in-part", sound=[(400, "mutability", "ada@acme.test", None)] * 2,
        broken=[(400, "mutability", "ada@acme.test", "Lead")] * 2)  # fmt: skip
@pytest.mark.breaks("policy-refusal-403", sound=[(400, "mutability", "ada@acme.test", None)] * 2,
        broken=[(403, None, "ada@acme.test", None)] * 2)  # fmt: skip
def test_another_address_and_a_title_in_one_put_and_in_one_patch(tenant: Tenant, expected: Any) -> None:
    ada, ben = tenant.person(), tenant.person()
    title = {"op": "replace", "path": "title", "value": "Lead"}
    replies = [
        tenant.put(ada, **address("new1@acme.test"), title="Lead"),
        tenant.patch(f"/Users/{ben['id']}", title, by_path("new2@acme.test")),
    ]
    seen = [
        (reply.status_code, reply.json().get("scimType"), unnumbered(user), user.get("title"))
        for reply, user in zip(replies, map(tenant.read, (ada, ben)), strict=True)
    ]
    assert seen == expected


@pytest.mark.breaks("email-case-is-change", sound=(200, "ada@acme.test"), broken=(400, "ada@acme.test"))
def test_the_address_in_other_letters(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person()
    reply = tenant.put(ada, **address(ada["emails"][0]["value"].title().replace("Test", "test")))
    assert (reply.status_code, unnumbered(tenant.read(ada))) == expected


@pytest.mark.breaks("foreign-domain-accepted", sound=[400, 400, 400, 201], broken=[201, 201, 201, 201])
@pytest.mark.breaks("subdomain-accepted", sound=[400, 400, 400, 201], broken=[400, 201, 400, 201])
@pytest.mark.breaks("lookalike-domain-accepted", sound=[400, 400, 400, 201], broken=[400, 400, 201, 201])
@pytest.mark.breaks("domain-case-sensitive", sound=[400, 400, 400, 201], broken=[400, 400, 400, 400])
def test_addresses_of_four_domains(tenant: Tenant, expected: Any) -> None:
    before = tenant.scim.get("/Users").json()["totalResults"]
    domains = ("other.test", "ext.acme.test", "notacme.test", "ACME.test")
    assert [tenant.create(f"joe@{domain}").status_code for domain in domains] == expected
    assert tenant.scim.get("/Users").json()["totalResults"] == before + expected.count(201)


@pytest.mark.breaks("two-at-signs-accepted", sound=[400, 400], broken=[201, 400])
def test_an_address_with_two_at_signs(tenant: Tenant, expected: Any) -> None:
    addresses = ("joe@other.test@acme.test", "joe@acme.test@other.test")
    assert [tenant.create(address).status_code for address in addresses] == expected


@pytest.mark.breaks("default-role-missing", sound=(["member"], ["developer"]), broken=([], ["developer"]))
@pytest.mark.breaks("default-role-added", sound=(["member"], ["developer"]),
        broken=(["member"], ["developer", "member"]))  # fmt: skip
@pytest.mark.breaks("mapped-role-missing", sound=(["member"], ["developer"]), broken=(["member"], ["member"]))
def test_roles_in_no_team_and_in_one(tenant: Tenant, expected: Any) -> None:
    ada, ben = tenant.person(), tenant.person()
    tenant.team("developer", ben)
    assert (tenant.roles(ada), tenant.roles(ben)) == expected


@pytest.mark.breaks("role-kept-after-leaving", sound=(["admin"], ["member"]),
        broken=(["admin", "developer"], ["admin", "developer"]))  # fmt: skip
def test_roles_after_leaving_a_team_and_the_last_one(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person()
    first, second = tenant.team("developer", ada), tenant.team("admin", ada)
    assert tenant.roles(ada) == ["admin", "developer"]
    tenant.patch(first, {"op": "remove", "path": f'members[value eq "{ada["id"]}"]'})
    left_one = tenant.roles(ada)
    tenant.scim.delete(second)
    assert (left_one, tenant.roles(ada)) == expected


@pytest.mark.breaks("roles-not-united", sound=["admin", "developer"], broken=["admin"])
def test_roles_in_two_teams(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person()
    tenant.team("developer", ada)
    tenant.team("admin", ada)
    assert tenant.roles(ada) == expected


@pytest.mark.breaks("access-kept-after-deactivation", sound=[True, False, True, False],
        broken=[True, True, True, False])  # fmt: skip
@pytest.mark.breaks("deactivation-late", sound=[True, False, True, False], broken=[True, True, True, False])
@pytest.mark.breaks("access-lost-for-good", sound=[True, False, True, False], broken=[True, False, False, False])
def test_access_before_and_while_switched_off_and_after_return_and_deletion(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person()
    seen = [tenant.allowed(ada)]
    for active in (False, True):
        tenant.switch(ada, active)
        assert tenant.read(ada)["active"] is active
        seen.append(tenant.allowed(ada))
    tenant.scim.delete(f"/Users/{ada['id']}")
    assert [*seen, tenant.allowed(ada)] == expected


# In process: what needs a clock of its own, or all faults


@pytest.fixture
def embedded() -> Iterator[Callable[..., tuple[Callable[..., Any], VirtualClock]]]:
    """Makes a server under the policy in this process: what sends to it (path from the origin), and its clock."""
    made: list[InProcessTransport] = []

    def make(name: str) -> tuple[Callable[..., Any], VirtualClock]:
        clock = VirtualClock()
        settings = Settings(token=TOKEN, clock=clock, policy="scalekit", poster=lambda *_: Posted(200))
        app = fault(name).server(lambda seams: build(settings, seams))
        transport = InProcessTransport(app, "http://127.0.0.1:8080", f"Bearer {TOKEN}", clock)
        made.append(transport)

        def send(method: str, path: str, body: Any = None) -> Reply:
            return transport.exchange(Send(method, path, body=body))

        assert send("PUT", "/manage/domains", {"domains": ["acme.test"]}).ok
        assert send("PUT", "/manage/webhook", {"url": "http://127.0.0.1:9/"}).ok
        return send, clock

    yield make
    for transport in made:
        transport.close()


def test_a_late_deactivation_takes_ten_seconds(embedded: Callable[..., Any]) -> None:
    send, clock = embedded("deactivation-late")
    body = {"schemas": [USER], "userName": "ada@acme.test", "active": True}
    ada = send("POST", "/scim/v2/Users", body).resource()["id"]
    send("PUT", f"/scim/v2/Users/{ada}", {**body, "active": False})
    seen = []
    for _ in range(3):
        clock.sleep(4.9)
        seen.append(send("GET", f"/manage/users/{ada}/access").resource()["allowed"])
    assert seen == [True, True, False]


@pytest.mark.parametrize("name", OURS)
def test_under_the_policy_what_a_fault_does_not_name_still_works(embedded: Callable[..., Any], name: str) -> None:
    """Users of the registered domain come, change, join, are switched off and on, and go."""
    send, clock = embedded(name)
    body = {"schemas": [USER], "userName": "ada", "active": True, **address("ada@acme.test")}
    created = send("POST", "/scim/v2/Users", body)
    assert created.status == 201
    path = f"/scim/v2/Users/{created.resource()['id']}"
    for wanted in ({**body, "title": "Lead"}, {**body, "active": False}, body):
        assert send("PUT", path, wanted).ok
        clock.sleep(1)
    team = {"schemas": [GROUP], "displayName": "Crew", "members": [{"value": created.resource()["id"]}]}
    assert send("POST", "/scim/v2/Groups", team).status == 201
    assert send("DELETE", path).status == 204
    clock.sleep(30)
    assert all(entry["state"] != "pending" for entry in send("GET", "/manage/deliveries").resource()["deliveries"])


def test_a_fault_of_a_policy_does_nothing_under_open(serve: Callable[..., Any]) -> None:
    server = serve(fault("email-change-ignored"))
    ada = server.user("ada", emails=[{"value": "ada@acme.test"}])
    changed = server.send("PUT", ada, {"schemas": [USER], "userName": "ada", "emails": [{"value": "new@other.test"}]})
    assert changed.resource()["emails"] == [{"value": "new@other.test"}]
