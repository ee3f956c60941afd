"""Webhooks of the reference server in the hands of others: three published verifiers take them as they come.

They are the ones that receivers use: the vendor's own SDK and the reference verifiers of Standard Webhooks and Svix
(policy page §2.2). What was changed on the way, is stale, or was signed by somebody else, all three refuse.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import standardwebhooks.webhooks
import svix.webhooks
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import WebhookVerificationError as StandardRefusal

from scimrig_simulator.clock import VirtualClock
from scimrig_simulator.in_process import InProcessTransport
from scimrig_simulator.policy.signing import new_secret, secret_of, sign
from scimrig_simulator.server.app import Settings, build
from scimrig_simulator.wire import Headers, Posted, Send

from .conftest import NODE_PEERS, node_with_peers
from .scalekit_house import NodeClient

with warnings.catch_warnings(action="ignore"):  # its models are written for an older pydantic
    from scalekit import ScalekitClient
    from scalekit.client import WebhookVerificationError as ScalekitRefusal

pytestmark = pytest.mark.peer

TOKEN = "peer-t0ken-a71c"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a receiver holds: the headers and the raw body."""

    headers: dict[str, str]
    body: bytes

    def with_header(self, name: str, value: str) -> Delivery:
        return replace(self, headers={**self.headers, name: value})


def scalekit(secret: str, delivery: Delivery) -> None:
    client = ScalekitClient.__new__(ScalekitClient)  # as it is without an account: verifying asks nobody
    assert client.verify_webhook_payload(secret, delivery.headers, delivery.body) is True


def standard(secret: str, delivery: Delivery) -> None:
    value = standardwebhooks.webhooks.Webhook(secret).verify(delivery.body, delivery.headers)
    assert value == json.loads(delivery.body)


def svix_one(secret: str, delivery: Delivery) -> None:
    svix.webhooks.Webhook(secret).verify(delivery.body, delivery.headers)


VERIFIERS: dict[str, Callable[[str, Delivery], None]] = {
    "scalekit-sdk-python": scalekit, "standardwebhooks": standard, "svix": svix_one,
}  # fmt: skip


def verdicts(secret: str, delivery: Delivery) -> dict[str, bool]:
    """Each verifier's word: True where it takes the delivery. Only a refusal proper counts as one."""
    said = {}
    for name, verify in VERIFIERS.items():
        try:
            verify(secret, delivery)
            said[name] = True
        except (ScalekitRefusal, StandardRefusal):
            said[name] = False
    return said


ALL_TAKE = dict.fromkeys(VERIFIERS, True)
ALL_REFUSE = dict.fromkeys(VERIFIERS, False)


# Captured from a served process


class Receiver:
    """An endpoint on loopback that keeps what it gets, header names as they stand on the wire."""

    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.deliveries.append(Delivery(dict(self.headers.items()), body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hooks?tenant=acme"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def wait_for(self, count: int) -> list[Delivery]:
        end = time.monotonic() + PATIENCE
        while len(self.deliveries) < count:
            assert time.monotonic() < end, f"{len(self.deliveries)} deliveries, not {count}"
            time.sleep(0.02)
        return self.deliveries


@dataclass(frozen=True, slots=True)
class Captured:
    """Deliveries of one tenant, and the secret that was told when the webhook was registered."""

    secret: str
    deliveries: list[Delivery]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def captured(serve: Callable[[Callable[[int], Sequence[str]], str], str], receiver: Receiver) -> Captured:
    """A user comes, changes, joins a group, is switched off and deleted; the first delivery has to be made twice."""
    rig = (sys.executable, "-m", "scimrig.cli.main", "serve", "--policy", "scalekit", "--token", TOKEN)
    origin = serve(lambda port: (*rig, "--port", str(port)), "")
    receiver.answers = [503]
    with httpx.Client(base_url=origin, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False) as client:

        def send(method: str, path: str, body: Any = None) -> Any:
            reply = client.request(method, path, json=body)
            assert reply.is_success, reply.text
            return reply.json() if reply.content else None

        def patch(path: str, name: str, value: Any) -> None:
            operation = {"op": "replace", "path": name, "value": value}
            send("PATCH", path, {"schemas": [PATCH_OP], "Operations": [operation]})

        send("PUT", "/manage/domains", {"domains": ["acme.test"]})
        secret = send("PUT", "/manage/webhook", {"url": receiver.url})["secret"]
        body = {"schemas": [USER], "userName": "zoë@acme.test", "active": True, "title": "Šéf 😀 </b>\u2028",
                "name": {"givenName": "Zoë", "familyName": "O'Neil \"Z\" \\"}}  # fmt: skip
        user = send("POST", "/scim/v2/Users", body)["id"]
        receiver.wait_for(2)  # the second attempt, so that the order of what follows is known
        patch(f"/scim/v2/Users/{user}", "title", "Chief")
        send("POST", "/scim/v2/Groups", {"schemas": [GROUP], "displayName": "Crew", "members": [{"value": user}]})
        patch(f"/scim/v2/Users/{user}", "active", False)
        patch(f"/scim/v2/Users/{user}", "active", True)
        send("DELETE", f"/scim/v2/Users/{user}")
    return Captured(secret, receiver.wait_for(8))


@pytest.mark.slow
def test_every_delivery_of_a_served_process_verifies_unchanged_with_all_three(captured: Captured) -> None:
    said = [verdicts(captured.secret, delivery) for delivery in captured.deliveries]
    assert said == [ALL_TAKE] * 8
    types = [json.loads(delivery.body)["type"].removeprefix("organization.directory.")
             for delivery in captured.deliveries]  # fmt: skip
    assert types[:2] == ["user_created", "user_created"]
    assert sorted(types[2:]) == ["group_created", "user_created", "user_deleted", "user_deleted", "user_updated",
                                 "user_updated"]  # fmt: skip
    ids = [delivery.headers["webhook-id"] for delivery in captured.deliveries]
    assert (ids[0], len(set(ids))) == (ids[1], 7)


@pytest.mark.slow
def test_all_three_refuse_what_was_changed_on_the_way_or_signed_by_somebody_else(captured: Captured) -> None:
    for delivery in captured.deliveries:
        body, headers = delivery.body, delivery.headers
        changes = {
            "first byte": replace(delivery, body=b"[" + body[1:]),
            "a byte in the middle": replace(delivery, body=body.replace(b'"data":', b'"dat4":', 1)),
            "last byte": replace(delivery, body=body[:-1] + b"]"),
            "one byte more": replace(delivery, body=body + b"\n"),
            "encoded again": replace(delivery, body=json.dumps(json.loads(body)).encode()),
            "another id": delivery.with_header("webhook-id", headers["webhook-id"] + "0"),
            "another time": delivery.with_header("webhook-timestamp", str(int(headers["webhook-timestamp"]) + 1)),
            "another signature": delivery.with_header(
                "webhook-signature", sign(new_secret(), headers["webhook-id"], int(headers["webhook-timestamp"]), body)
            ),
        }
        assert all(changed != delivery for changed in changes.values())
        said = {change: verdicts(captured.secret, changed) for change, changed in changes.items()}
        assert said == dict.fromkeys(changes, ALL_REFUSE)
        assert verdicts(new_secret(), delivery) == ALL_REFUSE


# By a clock that is off


def delivered_by_a_server_whose_clock_is_off(seconds: float) -> Captured:
    """What a server sends whose clock shows another time than ours; in process, as a socket knows no other time."""
    clock, deliveries = VirtualClock(time.time() + seconds), []

    def post(url: str, headers: Headers, body: bytes, timeout: float) -> Posted:
        deliveries.append(Delivery(dict(headers), body))
        return Posted(200)

    app = build(Settings(token=TOKEN, clock=clock, policy="scalekit", poster=post))
    transport = InProcessTransport(app, "http://127.0.0.1:8080", f"Bearer {TOKEN}", clock)
    transport.exchange(Send("PUT", "/manage/domains", body={"domains": ["acme.test"]}))
    registered = transport.exchange(Send("PUT", "/manage/webhook", body={"url": "http://127.0.0.1:9/"})).resource()
    transport.exchange(Send("POST", "/scim/v2/Users", body={"schemas": [USER], "userName": "zoë@acme.test"}))
    clock.sleep(0.0)
    transport.close()
    (delivery,) = deliveries
    return Captured(registered["secret"], [delivery])


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-86_400, ALL_REFUSE), (-301, ALL_REFUSE), (-280, ALL_TAKE), (0, ALL_TAKE), (280, ALL_TAKE), (330, ALL_REFUSE)],
)
def test_all_three_refuse_what_was_signed_more_than_five_minutes_away(
    seconds: float, expected: dict[str, bool]
) -> None:
    there = delivered_by_a_server_whose_clock_is_off(seconds)
    assert verdicts(there.secret, there.deliveries[0]) == expected


@pytest.mark.slow
def test_the_vendor_s_client_for_node_takes_the_raw_text_and_nothing_else(
    environment: dict[str, str],
) -> None:
    captured = delivered_by_a_server_whose_clock_is_off(0)
    account = dict.fromkeys(("SCALEKIT_URL", "SCALEKIT_CLIENT_ID", "SCALEKIT_CLIENT_SECRET"), "https://unused.invalid")
    node = NodeClient(node_with_peers(), NODE_PEERS / "scalekit-client.mjs", environment | account)
    try:
        for delivery in captured.deliveries:
            text = delivery.body.decode()
            assert node("verifyWebhookPayload", captured.secret, delivery.headers, text) is True
            for changed in (f"{text} ", text.replace(":", ": "), json.loads(text)):
                refused = node.refused("verifyWebhookPayload", captured.secret, delivery.headers, changed)
                assert refused[0] == "WebhookVerificationError"
            foreign = node.refused("verifyWebhookPayload", new_secret(), delivery.headers, text)
            assert foreign[0] == "WebhookVerificationError"
    finally:
        node.stop()


# For all keys, ids and bodies

KEYS = st.binary(min_size=24, max_size=64)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


def signed(key: bytes, id: str, body: bytes, at: int | None = None) -> Delivery:
    timestamp = int(time.time()) if at is None else at
    signature = sign(secret_of(key), id, timestamp, body)
    return Delivery(
        {"webhook-id": id, "webhook-timestamp": str(timestamp), "webhook-signature": signature}, body
    )


@given(key=KEYS, id=IDS, value=JSON)
def test_what_is_signed_verifies_for_every_key_id_and_json(key: bytes, id: str, value: Any) -> None:
    body = json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()
    assert verdicts(secret_of(key), signed(key, id, body)) == ALL_TAKE


@given(key=KEYS, id=IDS, value=JSON, where=st.integers(0), flip=st.integers(1, 127))
def test_any_byte_that_changes_is_noticed(key: bytes, id: str, value: Any, where: int, flip: int) -> None:
    body = bytearray(json.dumps(value).encode())
    delivery = signed(key, id, bytes(body))
    body[where % len(body)] ^= flip
    assert verdicts(secret_of(key), replace(delivery, body=bytes(body))) == ALL_REFUSE


@given(key=KEYS, other=KEYS, id=IDS)
def test_no_other_key_verifies(key: bytes, other: bytes, id: str) -> None:
    assert verdicts(secret_of(other), signed(key, id, b"{}")) == (ALL_TAKE if key == other else ALL_REFUSE)


@given(key=KEYS, id=IDS, body=st.text(st.characters(exclude_categories=["Cs"])), at=st.integers(0, 2**33))
def test_the_signature_is_that_of_standardwebhooks(key: bytes, id: str, body: str, at: int) -> None:
    theirs = standardwebhooks.webhooks.Webhook(key).sign(id, datetime.fromtimestamp(at, UTC), body)
    assert sign(secret_of(key), id, at, body.encode()) == theirs


@given(key=KEYS, id=IDS, body=st.binary(max_size=300), at=st.integers(0, 2**33))
def test_bytes_that_are_no_text_are_signed_alike(key: bytes, id: str, body: bytes, at: int) -> None:
    theirs = standardwebhooks.webhooks.hmac_data(key, f"{id}.{at}.".encode() + body)
    ours = base64.b64decode(sign(secret_of(key), id, at, body).removeprefix("v1,"), validate=True)
    assert ours == theirs == hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
