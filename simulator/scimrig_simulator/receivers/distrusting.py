"""Faults of the sample receiver in verifying: each believes a forgery, or disbelieves what is genuine.

Rule: each class overrides what it breaks and asks ``super()`` for the rest.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

from scimrig_simulator.receivers.verification import ID, SIGNATURE, TIMESTAMP, TOLERANCE, Refusal, Verifier


class Unchecked(Verifier):
    def signed(self, id: str, timestamp: str, signature: str, body: bytes) -> bool:
        return True


class UnsignedLetThrough(Verifier):
    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        return super().verify(headers, body, now) if headers.get(SIGNATURE) else headers.get(ID, "none")


class OnlyTheId(Verifier):
    """Takes whatever begins with the id of an event: a look at the headers that checks nothing."""

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        if not headers.get(ID, "").startswith("evt_"):
            raise Refusal("that is no id")
        return headers[ID]


class IdFromBody(Verifier):
    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        try:
            inside = str(json.loads(body)["id"])
        except (ValueError, TypeError, KeyError):
            inside = headers.get(ID, "")
        super().verify({**headers, ID: inside if headers.get(ID) else ""}, body, now)
        return headers[ID]


class Timeless(Verifier):
    def fresh(self, timestamp: str, now: float) -> bool:
        return timestamp.isascii() and timestamp.isdigit()


class FutureWelcome(Verifier):
    def fresh(self, timestamp: str, now: float) -> bool:
        return timestamp.isascii() and timestamp.isdigit() and now - int(timestamp) <= TOLERANCE


class OneMinute(Verifier):
    def fresh(self, timestamp: str, now: float) -> bool:
        return super().fresh(timestamp, now) and abs(now - int(timestamp)) <= 60


class NotANumber(Verifier):
    """``abs(now - nan) > 300`` is false, and so is every other comparison."""

    def fresh(self, timestamp: str, now: float) -> bool:
        try:
            return not abs(now - float(timestamp)) > TOLERANCE
        except ValueError:
            return False

    def expected(self, id: str, timestamp: str, body: bytes) -> str:
        text = b".".join((id.encode(), timestamp.encode(), body))
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        return "v1," + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


class OddTimestampCrashes(Verifier):
    def fresh(self, timestamp: str, now: float) -> bool:
        return abs(now - int(timestamp)) <= TOLERANCE


class TimestampUnsigned(Verifier):
    """Looks for a timestamp of about now under which the signature holds, "because clocks differ"."""

    def signed(self, id: str, timestamp: str, signature: str, body: bytes) -> bool:
        near = range(int(timestamp) - 30, int(timestamp) + 31)
        return any(super(TimestampUnsigned, self).signed(id, str(at), signature, body) for at in near)


class Reserialised(Verifier):
    style: Any = {}  # noqa: RUF012

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        with contextlib.suppress(ValueError):
            body = json.dumps(json.loads(body), **self.style).encode()
        return super().verify(headers, body, now)


class ReserialisedCompactly(Reserialised):
    style: Any = {"separators": (",", ":"), "ensure_ascii": False}  # noqa: RUF012


class FirstEntry(Verifier):
    def entries(self, signature: str) -> list[str]:
        return super().entries(signature)[:1]


class LastEntry(Verifier):
    def entries(self, signature: str) -> list[str]:
        return super().entries(signature)[-1:]


class UnknownVersion(Verifier):
    def entries(self, signature: str) -> list[str]:
        entries = super().entries(signature)
        return entries if all(entry.startswith("v1,") for entry in entries) else []


class VersionIgnored(Verifier):
    def same(self, expected: str, entry: str) -> bool:
        return super().same(expected.partition(",")[2], entry.partition(",")[2])


class EmptyMatches(Verifier):
    """Compares as many characters as it was given."""

    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        return super().verify({**headers, SIGNATURE: headers.get(SIGNATURE) or "v1,"}, body, now)

    def same(self, expected: str, entry: str) -> bool:
        return expected.startswith(entry)


class OddSignatureCrashes(Verifier):
    def same(self, expected: str, entry: str) -> bool:
        _, digest = entry.split(",")
        return hmac.compare_digest(base64.b64decode(expected[3:]), base64.b64decode(digest, validate=True))


class EmptySecret(Verifier):
    """Has a second secret for "the old one", which is not set."""

    def signed(self, id: str, timestamp: str, signature: str, body: bytes) -> bool:
        text = b".".join((id.encode(), timestamp.encode(), body))
        old = "v1," + base64.b64encode(hmac.new(b"", text, hashlib.sha256).digest()).decode()
        return super().signed(id, timestamp, signature, body) or old in self.entries(signature)


class MissingCrashes(Verifier):
    def verify(self, headers: Mapping[str, str], body: bytes, now: float) -> str:
        return super().verify({name: headers[name] for name in (ID, TIMESTAMP, SIGNATURE)}, body, now)
