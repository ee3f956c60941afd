"""Faults of webhooks. Each test states what a receiver of the sound server gets, and what one of the broken one does.

Whether a signature holds is found out here from the published scheme, not with the server's own code.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.faults import FAULTS, fault
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import Headers, Posted, Reply, Send

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PASSWORD = "correct-horse-7"


class Tenant:
    """A server under the policy, on a clock that stands still, and the receiver of its webhooks.

    deliveries: (time, headers, body) of each attempt.  answers: statuses of the next attempts, then 200.
    """

    def __init__(self, name: str | None) -> None:
        self.clock = VirtualClock()
        self.deliveries: list[tuple[float, dict[str, str], bytes]] = []
        self.answers: list[int] = []
        settings = Settings(token="s3cret", clock=self.clock, policy="scalekit", poster=self._post)
        app = fault(name).server(lambda seams: build(settings, seams)) if name else build(settings)
        self.transport = InProcessTransport(app, "http://127.0.0.1:8080", "Bearer s3cret", self.clock)
        assert self.send("PUT", "/manage/domains", {"domains": ["acme.test"]}).ok
        registered = self.send("PUT", "/manage/webhook", {"url": "http://127.0.0.1:9/"}).resource()
        self.key = base64.b64decode(registered["secret"].removeprefix("whsec_"))

    def _post(self, url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        self.deliveries.append((self.clock.now(), dict(headers), body))
        return Posted(self.answers.pop(0) if self.answers else 200)

    def send(self, method: str, path: str, body: Any = None) -> Reply:
        reply = self.transport.exchange(Send(method, path, body=body))
        self.clock.sleep(0.5)
        return reply

    def person(self, name: str = "ada", **attributes: Any) -> str:
        """The path of a new user of the registered domain."""
        reply = self.send("POST", "/scim/v2/Users", body_of(name, **attributes))
        assert reply.status == 201, reply.body
        return f"/scim/v2/Users/{reply.resource()['id']}"

    def patch(self, path: str, **values: Any) -> Reply:
        operations = [{"op": "replace", "path": name, "value": value} for name, value in values.items()]
        return self.send("PATCH", path, {"schemas": [PATCH_OP], "Operations": operations})

    @property
    def told(self) -> list[str]:
        """What each delivery tells: ``user_deleted deactivated``."""
        bodies = [json.loads(body) for _, _, body in self.deliveries]
        return [f"{body['type'].rpartition('.')[2]} {body['data'].get('reason', '')}".strip() for body in bodies]


def body_of(name: str, **attributes: Any) -> dict[str, Any]:
    emails = [{"value": f"{name}@acme.test", "primary": True}]
    return {"schemas": [USER], "userName": name, "active": True, "emails": emails, **attributes}


@pytest.fixture
def tenant(fault_name: str | None) -> Iterator[Tenant]:
    made = Tenant(fault_name)
    yield made
    made.transport.close()


def signed(headers: dict[str, str], body: bytes, key: bytes) -> str:
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


LIFE = ["user_created", "user_updated", "user_deleted deactivated", "user_created", "user_deleted deleted"]


@pytest.mark.breaks("webhook-missing", sound=LIFE, broken=[])
@pytest.mark.breaks(
    "webhook-missing-for-leavers", sound=LIFE,
    broken=["user_created", "user_updated", "user_created", "user_deleted deleted"],
)
def test_a_whole_life_is_told(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person()
    tenant.patch(ada, title="Lead")
    tenant.patch(ada, active=False)
    tenant.patch(ada, active=True)
    tenant.send("DELETE", ada)
    assert tenant.told == expected


@pytest.mark.breaks("webhook-unsigned", sound=("over the body", 0), broken=("not at all", 0))
@pytest.mark.breaks(
    "webhook-signed-reserialised", sound=("over the body", 0), broken=("over other bytes of the same value", 0)
)
@pytest.mark.breaks("webhook-stale-timestamp", sound=("over the body", 0), broken=("over the body", 600))
def test_what_is_signed_and_how_old_it_is(tenant: Tenant, expected: Any) -> None:
    tenant.person(title="Zoë’s deputy")
    ((at, headers, body),) = tenant.deliveries
    other = json.dumps(json.loads(body)).encode()
    assert other != body
    held = {
        signed(headers, body, tenant.key): "over the body",
        signed(headers, other, tenant.key): "over other bytes of the same value",
        None: "not at all",
    }
    assert (held[headers.get("webhook-signature")], int(at) - int(headers["webhook-timestamp"])) == expected


@pytest.mark.breaks("webhook-late", sound=[0.0, 0.0], broken=[7.0, 7.0])
def test_how_long_after_the_change_it_leaves_and_is_stamped(tenant: Tenant, expected: Any) -> None:
    changed = tenant.clock.now()
    tenant.person()
    tenant.clock.sleep(10)
    ((at, headers, _),) = tenant.deliveries
    stamped = int(headers["webhook-timestamp"]) - int(changed)
    assert [round(at - changed, 1), float(stamped)] == expected


@pytest.mark.breaks("webhook-never-retried", sound=(2, [5.0], "delivered"), broken=(1, [], "failed"))
@pytest.mark.breaks("webhook-new-id-per-retry", sound=(2, [5.0], "delivered"), broken=(2, [5.0], "delivered"))
def test_a_failed_delivery_is_tried_again_after_five_seconds(tenant: Tenant, expected: Any) -> None:
    tenant.answers = [500]
    tenant.person()
    tenant.clock.sleep(60)
    times = [at for at, _, _ in tenant.deliveries]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    (delivery,) = tenant.send("GET", "/manage/deliveries").resource()["deliveries"]
    assert (len(times), waits, delivery["state"]) == expected


@pytest.mark.breaks("webhook-new-id-per-retry", sound=(True, True), broken=(False, True))
@pytest.mark.breaks("webhook-ids-repeat", sound=(True, True), broken=(True, False))
def test_an_id_is_one_event_s_in_every_attempt(tenant: Tenant, expected: Any) -> None:
    tenant.answers = [500]
    ada = tenant.person()
    tenant.clock.sleep(60)
    tenant.patch(ada, active=False)
    ids = [headers["webhook-id"] for _, headers, _ in tenant.deliveries]
    assert (ids[0] == ids[1], ids[1] != ids[2]) == expected
    assert all(headers["webhook-signature"] == signed(headers, body, tenant.key)
               for _, headers, body in tenant.deliveries)  # fmt: skip


REFUSED = ["user_created", "user_created", "user_created", "user_updated"]


@pytest.mark.breaks("webhook-for-refused-write", sound=["user_created"], broken=REFUSED)
def test_what_is_refused_is_not_told(tenant: Tenant, expected: Any) -> None:
    """A foreign domain, a name that is taken, another address: in that order, after ada has come."""
    ada = tenant.person()
    foreign = body_of("joe", emails=[{"value": "joe@foreign.test"}])
    assert tenant.send("POST", "/scim/v2/Users", foreign).status == 400
    assert tenant.send("POST", "/scim/v2/Users", body_of("ada")).status == 409
    assert tenant.send("PUT", ada, body_of("ada", emails=[{"value": "new@acme.test"}])).status == 400
    assert tenant.send("POST", "/scim/v2/Users", {"userName": 7}).status == 400
    assert tenant.told == expected
    about = [json.loads(body)["data"]["email"] for _, _, body in tenant.deliveries][1:]
    assert about == ["joe@foreign.test", "ada@acme.test", "new@acme.test"][: len(about)]


@pytest.mark.breaks(
    "webhook-for-no-op", sound=["user_created"], broken=["user_created", "user_updated", "user_updated"]
)
def test_what_changes_nothing_is_not_told(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person()
    assert tenant.patch(ada, active=True).status == 200
    assert tenant.send("PUT", ada, body_of("ada")).status == 200
    assert tenant.told == expected


@pytest.mark.breaks("webhook-secret-in-payload", sound=[False, False, False], broken=[True, True, True])
def test_no_password_is_told(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person(password=PASSWORD)
    tenant.patch(ada, password=f"{PASSWORD}8", title="Lead")
    path_less = {"op": "replace", "value": {"Password": f"{PASSWORD}9", "title": "Chief"}}
    tenant.send("PATCH", ada, {"schemas": [PATCH_OP], "Operations": [path_less]})
    assert [PASSWORD.encode() in body for _, _, body in tenant.deliveries] == expected


def test_every_webhook_fault_is_one_of_the_policy() -> None:
    ours = [fault(name) for name, place in FAULTS.items() if place.startswith("webhooks:")]
    assert len(ours) >= 8
    assert {one.policy for one in ours} == {"scalekit"}
    assert all(one.name.startswith("webhook-") for one in ours)


@pytest.mark.breaks("webhook-202-is-success", sound=[2, 2, 2, 1], broken=[1, 2, 2, 1])
@pytest.mark.breaks("webhook-redirect-is-success", sound=[2, 2, 2, 1], broken=[2, 1, 2, 1])
@pytest.mark.breaks("webhook-4xx-is-final", sound=[2, 2, 2, 1], broken=[2, 2, 1, 1])
@pytest.mark.breaks("webhook-201-is-failure", sound=[2, 2, 2, 1], broken=[2, 2, 2, 2])
def test_attempts_after_answers_of_four_kinds(tenant: Tenant, expected: Any) -> None:
    made = []
    for answer in (202, 302, 400, 201):
        tenant.answers, before = [answer], len(tenant.deliveries)
        tenant.person(f"ada{answer}")
        tenant.clock.sleep(400)
        made.append(len(tenant.deliveries) - before)
    assert made == expected


@pytest.mark.breaks("webhook-retried-too-soon", sound=(8, 5), broken=(8, 1))
@pytest.mark.breaks("webhook-given-up", sound=(8, 5), broken=(5, 5))
def test_attempts_of_a_receiver_that_is_away(tenant: Tenant, expected: Any) -> None:
    tenant.answers = [500] * 20
    tenant.person()
    tenant.clock.sleep(200_000)
    first, second = (at for at, _, _ in tenant.deliveries[:2])
    assert (len(tenant.deliveries), round(second - first)) == expected


@pytest.mark.breaks("webhook-old-timestamp", sound=[0, 5, 305], broken=[0, 0, 0])
def test_timestamps_of_three_attempts(tenant: Tenant, expected: Any) -> None:
    tenant.answers = [500, 500]
    tenant.person()
    tenant.clock.sleep(400)
    stamps = [int(headers["webhook-timestamp"]) for _, headers, _ in tenant.deliveries]
    assert [stamp - stamps[0] for stamp in stamps] == expected


@pytest.mark.breaks("webhook-blocked-by-another", sound=True, broken=False)
def test_whether_another_webhook_goes_out_at_once_after_a_failure(tenant: Tenant, expected: Any) -> None:
    tenant.answers = [500]
    start = tenant.clock.now()
    tenant.person("ada")
    tenant.person("ben")
    tenant.clock.sleep(30)
    (ben,) = [at for at, _, body in tenant.deliveries if b"ben@acme.test" in body]
    assert (ben - start < 2) is expected


@pytest.mark.breaks("webhook-without-overlap", sound=[2, 1], broken=[1, 1])
@pytest.mark.breaks("webhook-old-secret-for-ever", sound=[2, 1], broken=[2, 2])
def test_signatures_after_a_change_of_secret_and_a_day_later(tenant: Tenant, expected: Any) -> None:
    assert tenant.send("POST", "/manage/webhook/secret:rotate").ok
    tenant.person("ada")
    tenant.clock.sleep(90_000)
    tenant.person("ben")
    assert [len(headers["webhook-signature"].split()) for _, headers, _ in tenant.deliveries] == expected


@pytest.mark.breaks("webhook-deleted-twice", sound=1, broken=2)
def test_what_is_told_of_somebody_who_leaves_and_is_deleted(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person()
    tenant.patch(ada, active=False)
    tenant.send("DELETE", ada)
    assert sum(told.startswith("user_deleted") for told in tenant.told) == expected


@pytest.mark.breaks("webhook-older-last", sound=["Analyst", "Lead"], broken=["Lead", "Analyst"])
def test_the_order_of_two_changes(tenant: Tenant, expected: Any) -> None:
    ada = tenant.person()
    for title in ("Analyst", "Lead"):
        tenant.patch(ada, title=title)
    bodies = [json.loads(body) for _, _, body in tenant.deliveries]
    assert [body["data"]["title"] for body in bodies if body["type"].endswith("user_updated")] == expected


@pytest.mark.breaks("webhook-missing-for-groups", sound=["group_deleted", "user_updated"], broken=["user_updated"])
@pytest.mark.breaks("webhook-missing-for-members", sound=["group_deleted", "user_updated"], broken=["group_deleted"])
def test_what_is_told_of_a_group_that_is_deleted(tenant: Tenant, expected: Any) -> None:
    member = {"value": tenant.person().rpartition("/")[2]}
    crew = tenant.send("POST", "/scim/v2/Groups", {"schemas": [GROUP], "displayName": "Crew", "members": [member]})
    before = len(tenant.told)
    tenant.send("DELETE", f"/scim/v2/Groups/{crew.resource()['id']}")
    assert sorted(tenant.told[before:]) == expected


@pytest.mark.breaks("webhook-by-plain-http", sound=400, broken=201)
def test_an_endpoint_that_is_not_encrypted(tenant: Tenant, expected: Any) -> None:
    assert tenant.send("POST", "/manage/webhooks", {"url": "http://hooks.example.com/scim"}).status == expected
