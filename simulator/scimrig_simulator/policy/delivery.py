"""One attempt at delivering an event, and the headers that go with it (policy page §2.1).

Rule: whatever the attempt's headers depend on is in the ``Delivery``, so that making them again makes the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from scimrig_simulator.policy.signing import sign
from scimrig_simulator.wire import Headers

MEDIA_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt that is about to be made.

    event_id: the same in every attempt.  attempt: 1 for the first.  now: when it is made, seconds since the epoch.
    body: what will be sent, byte for byte.  secret: ``whsec_…`` of the endpoint.
    """

    event_id: str
    attempt: int
    now: float
    body: bytes
    secret: str = field(repr=False)


def headers(delivery: Delivery) -> Headers:
    """Content type, id, timestamp and signature; names in lower case, as the SDKs of receivers look them up."""
    timestamp = int(delivery.now)  # of this attempt: a retry hours later is fresh again (CAP-45)
    return (
        ("content-type", MEDIA_TYPE),
        ("webhook-id", delivery.event_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", sign(delivery.secret, delivery.event_id, timestamp, delivery.body)),
    )
