"""Verifies a webhook as its receiver should: raw bytes, one secret, five minutes (policy page §2.2).

Rule: pure; knows headers and bytes, nothing of what a payload means.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from scimrig_simulator.policy.signing import sign

TOLERANCE = 300
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

_SECONDS = re.compile(r"[0-9]{1,12}")


class Refusal(Exception):
    """This delivery is not genuine; the text tells the sender no more than it may know."""


class Verifier:
    """Says whether a delivery is genuine. Each method is one question, which a fault may answer wrongly."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        """The id of a genuine delivery. headers: names in lower case.  now: seconds. Raises Refusal."""
        id, timestamp, signature = (headers.get(name, "") for name in (ID, TIMESTAMP, SIGNATURE))
        if not (id and timestamp and signature):
            raise Refusal("a header is missing")
        if not self.fresh(timestamp, now):
            raise Refusal("the timestamp is too far off")
        if not self.signed(id, timestamp, signature, body):
            raise Refusal("the signature does not match")
        return id

    def fresh(self, timestamp: str, now: float) -> bool:
        """Whether a timestamp is whole seconds, and near enough."""
        return _SECONDS.fullmatch(timestamp) is not None and abs(now - int(timestamp)) <= TOLERANCE

    def signed(self, id: str, timestamp: str, signature: str, body: bytes) -> bool:
        """Whether one of the entries is ours: while a secret is being replaced, there are several."""
        expected = self.expected(id, timestamp, body)
        return any(self.same(expected, entry) for entry in self.entries(signature))

    def expected(self, id: str, timestamp: str, body: bytes) -> str:
        """The entry that a genuine delivery has."""
        return sign(self.secret, id, int(timestamp), body)

    def entries(self, signature: str) -> list[str]:
        """The entries of a signature header."""
        return signature.split(" ")

    def same(self, expected: str, entry: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(expected.encode(), entry.encode("utf-8", "surrogateescape"))
