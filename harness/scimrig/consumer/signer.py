"""Signs webhooks as a sender does, in each of the families that a target file may declare.

    standard-webhooks, scalekit, svix    v1,base64(HMAC-SHA256(key, id "." timestamp "." body)), three headers
    workos, hmac-sha256                  one HMAC-SHA256 in a header, as ``signing_hmac.Scheme`` describes it

Rule: pure, and written without a look at any sender or receiver of ours: what judges a receiver shares no code with it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from scimrig.signing import FAMILIES
from scimrig.signing_hmac import Scheme

PREFIX = "whsec_"
FOREIGN = PREFIX + base64.b64encode(b"not-the-key-of-anybody..").decode("ascii")
"""A secret that no receiver has been told: what it signs must be refused everywhere."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes the headers of deliveries for one receiver.

    secret: ``whsec_`` and base64 for the families of Standard Webhooks, else as declared
    family: ``consumer.signing``;  scheme: of ``workos`` and ``hmac-sha256``, None for the others
    """

    secret: str
    family: str = "standard-webhooks"
    scheme: Scheme | None = None

    @property
    def parts(self) -> Collection[str]:
        """What a delivery carries: of ``id``, ``timestamp`` and ``signature``."""
        if self.scheme is None:
            return ("id", "timestamp", "signature")
        return ("timestamp", "signature") if self.scheme.stamp else ("signature",)

    @property
    def milliseconds(self) -> bool:
        """Whether its timestamps count milliseconds."""
        return self.scheme is not None and self.scheme.unit == "ms"

    def headers(self, id: str, timestamp: str, entries: Sequence[str], omit: Collection[str]) -> list[tuple[str, str]]:
        """The header lines that carry these, but for the parts that are left out."""
        scheme = self.scheme
        if scheme is None:
            values = {"id": id, "timestamp": timestamp, "signature": " ".join(entries)}
            return [(self.name(part), value) for part, value in values.items() if part not in omit]
        signature = "" if "signature" in omit else f"{scheme.prefix}{entries[0]}"
        if scheme.stamp != scheme.header:
            stamped = [(scheme.stamp, timestamp)] if scheme.stamp and "timestamp" not in omit else []
            return [*stamped, *([] if "signature" in omit else [(scheme.header, signature)])]
        items = [f"t={timestamp}" if "timestamp" not in omit else "", signature]
        return [(scheme.header, ", ".join(filter(None, items)))] if any(items) else []

    def name(self, part: str) -> str:
        """The header that carries a part, in the families of Standard Webhooks."""
        return f"{FAMILIES[self.family][0]}-{part}"

    def entry(self, kind: str, id: str, timestamp: str, body: bytes) -> str:
        """One entry of the signature header.

        kind: own (right) | foreign (another's secret) | keyless (HMAC with an empty key) | own-v1a, own-v2 (the right
        digest under another version) | ed25519 (an asymmetric signature, as other senders put it beside) |
        ``=TEXT`` (as it stands)
        """
        if kind.startswith("="):
            return kind[1:]
        if kind == "ed25519":
            return "v1a," + base64.b64encode(hashlib.sha512(body).digest()).decode("ascii")
        key = {"foreign": self.key(FOREIGN), "keyless": b""}.get(kind, self.key(self.secret))
        if self.scheme is not None:
            before, _, after = self.scheme.signed.replace("{timestamp}", timestamp).partition("{body}")
            digest = hmac.new(key, before.encode() + body + after.encode(), hashlib.sha256).digest()
            return digest.hex() if self.scheme.encoding == "hex" else base64.b64encode(digest).decode("ascii")
        version = kind.partition("-")[2] or "v1"
        text = b".".join((id.encode("utf-8"), timestamp.encode("ascii"), body))
        return f"{version},{base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode('ascii')}"

    def key(self, secret: str) -> bytes:
        """The key in a secret, as this family reads it."""
        if self.scheme is not None and self.scheme.key == "text":
            return secret.encode("utf-8")
        return key_of(secret)


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises ValueError (binascii.Error) where it is none."""
    return base64.b64decode(secret.strip().removeprefix(PREFIX), validate=True)


def new_secret() -> str:
    """A fresh secret whose base64 needs no padding."""
    return PREFIX + base64.b64encode(secrets.token_bytes(24)).decode("ascii")
