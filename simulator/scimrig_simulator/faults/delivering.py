"""Saboteurs of how webhooks are delivered and signed, and of what is announced about groups and about leavers.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from scimrig_simulator.calls import Call
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.policy.delivery import Delivery
from scimrig_simulator.policy.events import DELETED, USER_DELETED, USER_UPDATED, Event, user_event
from scimrig_simulator.scim import urns
from scimrig_simulator.seams import Seams, present
from scimrig_simulator.wire import Headers

_POLICY = "scalekit"
_BLOCKED = 15.0  # seconds
_SOON = 1.0
_FEWER = 5

# Success and retries


class _AnySuccess(Seams):
    def delivered(self, status: int) -> bool:
        return 200 <= status < 300


WEBHOOK_202_IS_SUCCESS = Fault(
    "webhook-202-is-success", "Any 2xx counts as delivered",
    "A receiver that has put the event aside with 202, and lost it then, doesn't hear of it again.",
    ("EVNT-02",), _AnySuccess, policy=_POLICY,
)


class _RedirectIsSuccess(Seams):
    def delivered(self, status: int) -> bool:
        return super().delivered(status) or 300 <= status < 400


WEBHOOK_REDIRECT_IS_SUCCESS = Fault(
    "webhook-redirect-is-success", "A redirect counts as delivered",
    "The receiver has moved and says so, and its events end in nothing.",
    ("EVNT-02",), _RedirectIsSuccess, policy=_POLICY,
)


class _GoneForGood(Seams):
    def delivered(self, status: int) -> bool:
        return super().delivered(status) or 400 <= status < 500


WEBHOOK_4XX_IS_FINAL = Fault(
    "webhook-4xx-is-final", "A receiver that answers 4xx isn't tried again",
    "One bad release of the receiver, or a limit of its proxy, and events are lost for good.",
    ("EVNT-02",), _GoneForGood, policy=_POLICY,
)


class _CreatedIsFailure(Seams):
    def delivered(self, status: int) -> bool:
        return status == 200


WEBHOOK_201_IS_FAILURE = Fault(
    "webhook-201-is-failure", "Only 200 counts as delivered",
    "A receiver that answers 201, as it may, gets everything eight times.",
    ("EVNT-02",), _CreatedIsFailure, policy=_POLICY,
)


class _RetriedTooSoon(Seams):
    def ladder(self, attempt: int) -> float | None:
        return None if super().ladder(attempt) is None else _SOON


WEBHOOK_RETRIED_TOO_SOON = Fault(
    "webhook-retried-too-soon", "A delivery that failed is tried again every second",
    "All eight attempts are made while the receiver restarts, and then nobody tries any more.",
    ("EVNT-02",), _RetriedTooSoon, policy=_POLICY,
)


class _GivenUp(Seams):
    def ladder(self, attempt: int) -> float | None:
        return super().ladder(attempt) if attempt < _FEWER else None


WEBHOOK_GIVEN_UP = Fault(
    "webhook-given-up", "A delivery is given up after five attempts of eight",
    "A receiver that is away for a night is behind for good.",
    ("EVNT-02",), _GivenUp, policy=_POLICY,
)


class _FirstTimestamp(Seams):
    def __init__(self) -> None:
        self._first: dict[str, float] = {}

    def headers(self, delivery: Delivery) -> Headers:
        return super().headers(replace(delivery, now=self._first.setdefault(delivery.event_id, delivery.now)))


WEBHOOK_OLD_TIMESTAMP = Fault(
    "webhook-old-timestamp", "A delivery that is tried again has the timestamp of the first attempt",
    "Receivers drop what is older than five minutes, so from the third attempt on nothing can get through.",
    ("EVNT-02",), _FirstTimestamp, policy=_POLICY,
)


class _OneFailureBlocks(Seams):
    def delivered(self, status: int) -> bool:
        arrived = super().delivered(status)
        if not arrived:
            self.clock.sleep(_BLOCKED)
        return arrived


WEBHOOK_BLOCKED_BY_ANOTHER = Fault(
    "webhook-blocked-by-another", "After a failure nothing is sent for a while, whomever it is about",
    "A message about somebody else can't be delivered, and a leaver's waits behind it.",
    ("EVNT-02", "LIFE-03"), _OneFailureBlocks, policy=_POLICY,
)


class _OlderLast(Seams):
    def __init__(self) -> None:
        self._held: dict[str, Event] = {}

    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        told: list[Event] = []
        for event in super().announce(call, events):
            who = str(event.data.get("id"))
            held = self._held.pop(who, None)
            if held is None and event.type == USER_UPDATED:
                self._held[who] = event
            else:
                told += [event] if held is None else [event, held]
        return told


WEBHOOK_OLDER_LAST = Fault(
    "webhook-older-last", "Of two changes of a user the second is announced first",
    "Two workers send what one queue holds, and whoever listens ends with the older state.",
    ("EVNT-02",), _OlderLast, policy=_POLICY,
)

# Secrets


class _NewestSecret(Seams):
    def headers(self, delivery: Delivery) -> Headers:
        return super().headers(replace(delivery, secrets=tuple(delivery.secrets)[:1]))


WEBHOOK_WITHOUT_OVERLAP = Fault(
    "webhook-without-overlap", "From one moment to the next webhooks are signed with the new secret alone",
    "Every receiver refuses every event until somebody has given it the new secret.",
    ("EVNT-02",), _NewestSecret, policy=_POLICY,
)


class _OldSecretForEver(Seams):
    def __init__(self) -> None:
        self._known: dict[str, Sequence[str]] = {}

    def headers(self, delivery: Delivery) -> Headers:
        for secret in delivery.secrets:
            self._known.setdefault(secret, tuple(delivery.secrets))
        chain = dict.fromkeys((*delivery.secrets, *self._known.get(delivery.secrets[0], ())))
        return super().headers(replace(delivery, secrets=tuple(chain)))


WEBHOOK_OLD_SECRET_FOR_EVER = Fault(
    "webhook-old-secret-for-ever", "A secret that was replaced goes on signing",
    "The secret has leaked, and what is signed with it passes for ever.",
    ("EVNT-02",), _OldSecretForEver, policy=_POLICY,
)

# What is announced


class _DeletedTwice(Seams):
    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        told, before = super().announce(call, events), call.before
        if call.method != "DELETE" or before is None or call.kind.schema.id != urns.USER or present(before):
            return told
        return [*told, user_event(USER_DELETED, before, now=self.clock.now(), reason=DELETED)]


WEBHOOK_DELETED_TWICE = Fault(
    "webhook-deleted-twice", "Somebody who had left is announced once more when they are deleted",
    "Who counts seats or leavers by the events counts them twice.",
    ("EVNT-02", "LIFE-09"), _DeletedTwice, policy=_POLICY,
)


class _GroupsUntold(Seams):
    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        return [event for event in super().announce(call, events) if event.object != "DirectoryGroup"]


WEBHOOK_MISSING_FOR_GROUPS = Fault(
    "webhook-missing-for-groups", "Groups come, change and go unannounced",
    "Who opens doors by group knows the groups of the first day.",
    ("EVNT-02",), _GroupsUntold, policy=_POLICY,
)


class _MembersUntold(Seams):
    def announce(self, call: Call, events: list[Event]) -> list[Event]:
        told = super().announce(call, events)
        if call.method != "DELETE" or call.kind.schema.id != urns.GROUP:
            return told
        return [event for event in told if event.object == "DirectoryGroup"]


WEBHOOK_MISSING_FOR_MEMBERS = Fault(
    "webhook-missing-for-members", "A group that is deleted takes its role from people without a word about them",
    "Who follows people by their events goes on with rights that are gone.",
    ("EVNT-02", "GRP-12"), _MembersUntold, policy=_POLICY,
)


class _PlainHttp(Seams):
    def unencrypted(self, host: str) -> bool:
        return True


WEBHOOK_BY_PLAIN_HTTP = Fault(
    "webhook-by-plain-http", "Webhooks may go anywhere without encryption",
    "People's data travel the network for all to read.",
    ("EVNT-02",), _PlainHttp, policy=_POLICY,
)
