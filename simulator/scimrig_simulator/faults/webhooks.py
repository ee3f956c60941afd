"""Saboteurs of webhooks: events that go missing, are told wrongly, or can't be verified.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from scimrig_simulator.calls import Call, Resource
from scimrig_simulator.faults.patching import operations, path_of
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.policy.delivery import Delivery
from scimrig_simulator.policy.events import DEACTIVATED, USER_CREATED, USER_UPDATED, Event, user_event
from scimrig_simulator.policy.rules import DEFAULT_ROLE, Rules
from scimrig_simulator.scim.bodies import json_object
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import Seams, present
from scimrig_simulator.wire import Headers

_POLICY = "scalekit"
_SIGNATURE = "webhook-signature"
_STALE = 600.0
_LATE = 7.0  # seconds


class _Missing(Seams):
    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        return []


WEBHOOK_MISSING = Fault(
    "webhook-missing", "No webhook is sent",
    "An endpoint is registered and never hears of anybody; who relies on it lets leavers stay.",
    ("EVNT-02",), _Missing, policy=_POLICY,
)


class _MissingForLeavers(Seams):
    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        return [event for event in super().announce(call, events) if event.data.get("reason") != DEACTIVATED]


WEBHOOK_MISSING_FOR_LEAVERS = Fault(
    "webhook-missing-for-leavers", "Switching a user off sends no webhook",
    "Joiners and changes are told, and DELETE is; but IdPs switch leavers off rather than delete them.",
    ("EVNT-02", "LIFE-03"), _MissingForLeavers, policy=_POLICY,
)


class _Unsigned(Seams):
    def headers(self, delivery: Delivery) -> Headers:
        return tuple(line for line in super().headers(delivery) if line[0] != _SIGNATURE)


WEBHOOK_UNSIGNED = Fault(
    "webhook-unsigned", "Webhooks aren't signed",
    "A receiver can't tell an event from what anybody on the internet posts to it.",
    ("EVNT-02",), _Unsigned, policy=_POLICY,
)


class _SignedReserialised(Seams):
    def headers(self, delivery: Delivery) -> Headers:
        return super().headers(replace(delivery, body=json.dumps(json.loads(delivery.body)).encode()))


WEBHOOK_SIGNED_RESERIALISED = Fault(
    "webhook-signed-reserialised", "The signature is that of the event encoded once more, not of the bytes sent",
    "Blanks and escapes differ between two encoders, so a receiver that verifies what it got refuses every event.",
    ("EVNT-02",), _SignedReserialised, policy=_POLICY,
)


class _StaleTimestamp(Seams):
    def headers(self, delivery: Delivery) -> Headers:
        return super().headers(replace(delivery, now=delivery.now - _STALE))


WEBHOOK_STALE_TIMESTAMP = Fault(
    "webhook-stale-timestamp", "The timestamp is ten minutes old",
    "Well signed, and refused all the same: receivers drop what is older than five minutes as a replay.",
    ("EVNT-02",), _StaleTimestamp, policy=_POLICY,
)


class _Late(Seams):
    def ladder(self, attempt: int) -> float | None:
        return super().ladder(attempt) if attempt else _LATE


WEBHOOK_LATE = Fault(
    "webhook-late", "Webhooks leave seven seconds after the change",
    "Whoever ends sessions by webhook lets a leaver go on for longer than is promised.",
    ("EVNT-02", "LIFE-03"), _Late, policy=_POLICY,
)


class _NewIdPerRetry(Seams):
    def headers(self, delivery: Delivery) -> Headers:
        fresh = delivery.event_id if delivery.attempt == 1 else f"{delivery.event_id}_{delivery.attempt}"
        return super().headers(replace(delivery, event_id=fresh))


WEBHOOK_NEW_ID_PER_RETRY = Fault(
    "webhook-new-id-per-retry", "A delivery that is tried again has another id",
    "The receiver drops repeats by their id; this one it takes for another event, and acts twice.",
    ("EVNT-02",), _NewIdPerRetry, policy=_POLICY,
)


class _IdsRepeat(Seams):
    def headers(self, delivery: Delivery) -> Headers:
        subject = str(json.loads(delivery.body)["data"]["id"])
        return super().headers(replace(delivery, event_id=f"evt_{subject}"))


WEBHOOK_IDS_REPEAT = Fault(
    "webhook-ids-repeat", "All events about one user have one id",
    "The receiver drops repeats by their id, so it hears that somebody came and never that they left.",
    ("EVNT-02",), _IdsRepeat, policy=_POLICY,
)


class _NeverRetried(Seams):
    def ladder(self, attempt: int) -> float | None:
        return None


WEBHOOK_NEVER_RETRIED = Fault(
    "webhook-never-retried", "A delivery that failed isn't tried again",
    "Whoever leaves while the receiver restarts is never known to have left.",
    ("EVNT-02",), _NeverRetried, policy=_POLICY,
)


class _ForRefusedWrite(Seams):
    def admit(self, call: Call, before: Resource | None, after: Resource, rules: Rules) -> Resource:
        call.notes["wanted"] = after
        return super().admit(call, before, after, rules)

    def refused(self, call: Call, error: ScimError) -> list[Event]:
        told = super().refused(call, error)
        if "wanted" not in call.notes:  # it was refused for a reason that the event doesn't get past
            return told
        user = {"id": str(uuid.uuid4()), **(call.before or {}), **call.notes["wanted"]}
        return [*told, _about(USER_UPDATED if call.before else USER_CREATED, user, self)]


WEBHOOK_FOR_REFUSED_WRITE = Fault(
    "webhook-for-refused-write", "A write that was refused sends a webhook",
    "The event goes out before the write is checked, so receivers provision users that were turned away.",
    ("EVNT-02",), _ForRefusedWrite, policy=_POLICY,
)


class _ForNoOp(Seams):
    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        told = super().announce(call, events)
        idle = not events and call.method in ("PUT", "PATCH") and call.kind.name == "User"
        if not idle or call.before is None or not present(call.before):
            return told
        return [*told, _about(USER_UPDATED, call.before, self)]


WEBHOOK_FOR_NO_OP = Fault(
    "webhook-for-no-op", "A write that changes nothing sends a webhook",
    "IdPs send the same values again and again; each time receivers are told that the user has changed.",
    ("EVNT-02",), _ForNoOp, policy=_POLICY,
)


class _SecretInPayload(Seams):
    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        password = next(_passwords(call.content), None)
        told = super().announce(call, events)
        return told if password is None else [_with_password(event, password) for event in told]


WEBHOOK_SECRET_IN_PAYLOAD = Fault(
    "webhook-secret-in-payload", "A webhook holds the password that the IdP sent",
    "The request is copied into the event whole, so the password lands with every receiver and in its log.",
    ("EVNT-02", "CREA-05"), _SecretInPayload, policy=_POLICY,
)


def _about(type: str, user: Resource, seams: Seams) -> Event:
    return user_event(type, user, now=seams.clock.now(), roles=(DEFAULT_ROLE,))


def _passwords(content: bytes) -> Iterator[Any]:
    """Every password in the body of a write."""
    body = json_object(content) if content else {}
    for operation in operations(body):
        if path_of(operation).lower().rpartition(":")[2] == "password":
            yield operation.get("value")
    holders = [body, *(operation.get("value") for operation in operations(body))]
    for holder in holders:
        if isinstance(holder, dict):
            yield from (value for name, value in holder.items() if name.lower() == "password")


def _with_password(event: Event, password: Any) -> Event:
    raw = event.data.get("raw_attributes")
    if event.object != "DirectoryUser" or raw is None:
        return event
    return replace(event, data={**event.data, "raw_attributes": {**raw, "password": password}})
