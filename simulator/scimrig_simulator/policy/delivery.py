"""One attempt at delivering an event: the headers that go with it, what counts as delivered, when to try again.

Rule: whatever the attempt's headers depend on is in the ``Delivery``, so that making them again makes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from scimrig_simulator.policy.signing import sign
from scimrig_simulator.wire import Headers

MEDIA_TYPE = "application/json"

SUCCESS = frozenset({200, 201})
"""What a receiver answers when it has the event; everything else is tried again (D6)."""

LADDER = (0.0, 5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 36_000.0)
"""Seconds from the failure before to each attempt: eight in 27 hours and a half (D6)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An attempt that is about to be made.

    event_id: the same in every attempt.  attempt: 1 for the first of the ladder.  now: when it is made, seconds since
    the epoch.  body: what will be sent, byte for byte.  secrets: ``whsec_…`` of the endpoint, newest first.
    """

    event_id: str
    attempt: int
    now: float
    body: bytes
    secrets: Sequence[str] = field(repr=False)


def headers(delivery: Delivery) -> Headers:
    """Content type, id, timestamp and signatures; names in lower case, as the SDKs of receivers look them up.

    While one secret follows another, both sign: each receiver finds the signature of the one it knows (CAP-46).
    """
    timestamp = int(delivery.now)  # of this attempt: a retry hours later is fresh again (CAP-45)
    signatures = (sign(secret, delivery.event_id, timestamp, delivery.body) for secret in delivery.secrets)
    return (
        ("content-type", MEDIA_TYPE),
        ("webhook-id", delivery.event_id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", " ".join(signatures)),
    )


def ladder(attempt: int) -> float | None:
    """Seconds to wait after attempt ``attempt`` has failed, 0 being the commit itself; None = give up (D6)."""
    return LADDER[attempt] if attempt < len(LADDER) else None
