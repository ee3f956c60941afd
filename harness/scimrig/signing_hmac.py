"""Examines signatures that are a bare HMAC-SHA256 in a header: as declared (``webhooks.hmac``), and as WorkOS has it.

The signature is compared with that of the bytes as they arrived, in constant time. Where it is another one, this says
what the sender signed instead, as far as that can be found out by trying.

Rule: pure, and written without a look at any sender. The secret never leaves; nothing in the facts lets anybody guess
it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig.declarations import Declarations
from scimrig.renderings import renderings
from scimrig.signing import TOLERANCE
from scimrig_simulator.wire import Headers

_WHOLE = re.compile(r"[0-9]{1,16}")


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a sender signs.

    header:    name of the header with the signature;  prefix: what stands before it there (``sha256=``)
    encoding:  hex | base64;  key: text (the secret itself) | base64 (what it decodes to)
    signed:    what is signed, with {timestamp} and {body}
    stamp:     name of the header with the timestamp, "" for none; where it is ``header`` itself, that is a list such as
               ``t=1790000000000, v1=5f…``, and ``prefix`` the name in it
    unit:      of the timestamp: s | ms
    """

    header: str
    prefix: str = ""
    encoding: str = "hex"
    key: str = "text"
    signed: str = "{body}"
    stamp: str = ""
    unit: str = "s"

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> Scheme:
        """As the table ``webhooks.hmac`` has it."""
        return cls(
            declared["header"].lower(), declared.get("prefix", ""), declared.get("encoding", "hex"),
            declared.get("key", "text"), declared.get("signed", "{body}"),
            declared.get("timestamp_header", "").lower(), declared.get("timestamp_unit", "s"),
        )


WORKOS = Scheme("workos-signature", "v1=", "hex", "text", "{timestamp}.{body}", "workos-signature", "ms")
"""``WorkOS-Signature: t=<ms>, v1=<hex>`` (workos.com/docs, WorkOS SDKs)."""

WORKOS_TOLERANCE = 180.0
"""Seconds by which its timestamp may be off."""


def scheme_of(declared: Declarations) -> Scheme | None:
    """The scheme that is declared, None where none of these is."""
    signing, table = declared.value("webhooks.signing"), declared.value("webhooks.hmac")
    if signing == "workos":
        return WORKOS
    return Scheme.of(table) if signing == "hmac-sha256" and table is not None else None


def tolerance_of(declared: Declarations) -> float:
    """Seconds by which a timestamp may be off: as declared, else as receivers of the family have it."""
    said = declared.value("webhooks.tolerance_s")
    usual = WORKOS_TOLERANCE if declared.value("webhooks.signing") == "workos" else TOLERANCE
    return usual if said is None else float(said)


def examine_hmac(
    headers: Headers, body: bytes, secrets: Sequence[str], scheme: Scheme, now: float, tolerance: float
) -> dict[str, Any]:
    """What a receiver makes of one delivery; the same facts as ``signing.examine``, without an id."""
    timestamp, signatures = _parts(headers, scheme)
    facts: dict[str, Any] = {
        "id": "", "timestamp": timestamp, "skew": None, "fresh": None, "missing": [], "signed": "", "by": [],
    }
    missing = [name for name, found in ((scheme.stamp, timestamp), (scheme.header, signatures)) if name and not found]
    if missing:
        names = list(dict.fromkeys(missing))
        return {**facts, "signature": "missing", "missing": names, "why": f"no header {' and no '.join(names)}"}
    if scheme.stamp:
        if not _WHOLE.fullmatch(timestamp):
            return {**facts, "signature": "malformed", "why": f"the timestamp {timestamp!r} is no whole number"}
        facts["skew"] = round(now - int(timestamp) / (1000 if scheme.unit == "ms" else 1), 3)
        facts["fresh"] = abs(facts["skew"]) <= tolerance
    return {**facts, **_verified(_Signed(scheme, timestamp, body), signatures, secrets)}


def _parts(headers: Headers, scheme: Scheme) -> tuple[str, list[str]]:
    """(timestamp, signatures without their prefix); "" and none where they are not there."""
    values: dict[str, str] = {}
    for name, value in headers:
        known = values.get(name.lower())
        values[name.lower()] = value.strip() if known is None else f"{known},{value.strip()}"
    line = values.get(scheme.header, "")
    if scheme.stamp != scheme.header:
        found = [line.removeprefix(scheme.prefix)] if line.startswith(scheme.prefix) else []
        return values.get(scheme.stamp, ""), [one for one in found if one]
    items = [item.strip() for item in line.split(",")]
    stamps = [item.removeprefix("t=") for item in items if item.startswith("t=")]
    found = [item.removeprefix(scheme.prefix) for item in items if item.startswith(scheme.prefix)]
    return next(iter(stamps), ""), [one for one in found if one]


class _Signed:
    """What is signed, and other ways in which senders put it together."""

    def __init__(self, scheme: Scheme, timestamp: str, body: bytes) -> None:
        self.scheme, self._timestamp, self.body = scheme, timestamp.encode(), body

    def text(self, body: bytes | None = None) -> bytes:
        return self._put(self.scheme.signed, self.body if body is None else body)

    def _put(self, pattern: str, body: bytes) -> bytes:
        before, _, after = pattern.partition("{body}")
        stamped = (part.encode().replace(b"{timestamp}", self._timestamp) for part in (before, after))
        first, last = stamped
        return first + body + last

    def otherwise(self) -> Iterator[tuple[str, bytes]]:
        for pattern in ("{body}", "{timestamp}.{body}", "{timestamp}{body}"):
            if pattern != self.scheme.signed and (self._timestamp or pattern == "{body}"):
                yield f"{pattern!r}, not {self.scheme.signed!r}", self._put(pattern, self.body)


def _verified(signed: _Signed, signatures: Sequence[str], secrets: Sequence[str]) -> dict[str, Any]:
    keys = [key for key in (_key(secret, signed.scheme.key) for secret in secrets) if key]
    if not keys:
        why = "the secret is not base64" if secrets else "no secret is known to verify it with"
        return {"signature": "unverified", "why": why}
    digests = [digest for digest in (_decoded(text, signed.scheme.encoding) for text in signatures) if digest]
    if not digests:
        return {"signature": "malformed", "why": f"the signature is not 32 bytes in {signed.scheme.encoding}"}
    by = [number for number, key in enumerate(keys) if _among(_hmac(key, signed.text()), digests)]
    if by:
        return {"signature": "valid", "why": "", "by": by}
    for key in keys:
        for words, body in renderings(signed.body):
            if _among(_hmac(key, signed.text(body)), digests):
                return {"signature": "re-serialised", "signed": words, "why": f"it signs {words}, not the bytes sent"}
        for words, text in signed.otherwise():
            if _among(_hmac(key, text), digests):
                return {"signature": "wrong", "signed": words, "why": f"it signs {words}"}
    return {"signature": "wrong", "why": "it matches neither the bytes sent nor anything else that was tried"}


def _among(digest: bytes, digests: Sequence[bytes]) -> bool:
    return any(hmac.compare_digest(digest, one) for one in digests)


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _key(secret: str, kind: str) -> bytes:
    if kind == "text":
        return secret.strip().encode()
    try:
        return base64.b64decode(secret.strip(), validate=True)
    except binascii.Error:
        return b""


def _decoded(text: str, encoding: str) -> bytes:
    """The 32 bytes of a signature, b"" where it is none."""
    try:
        raw = bytes.fromhex(text) if encoding == "hex" else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return b""
    return raw if len(raw) == hashlib.sha256().digest_size else b""
