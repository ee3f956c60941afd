"""Examines the signature of a webhook: Standard Webhooks, symmetric scheme ``v1``, also under its ``svix-`` headers.

Other schemes are the business of ``signing_hmac.py``.

A receiver computes ``base64(HMAC-SHA256(key, id + "." + timestamp + "." + body))`` over the bytes as they arrived and
looks for it in the signature header. Where it is not there, a receiver says "no match"; this says what the sender
signed instead, as far as that can be found out by trying.

Rule: pure, and written without a look at any sender: what judges a signature does not share the code that made it. The
secret never leaves; nothing in the facts lets anybody guess it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scimrig.renderings import renderings
from scimrig_simulator.wire import Headers

__all__ = ["FAMILIES", "TOLERANCE", "examine", "renderings"]

FAMILIES: Mapping[str, tuple[str, ...]] = {
    "standard-webhooks": ("webhook",), "scalekit": ("webhook",), "svix": ("svix", "webhook"),
}
"""Declared ``webhooks.signing`` → prefixes of the header names that its receivers know, the first one preferred."""

TOLERANCE = 300.0
"""Seconds that a timestamp may lie off: what receivers' libraries allow where nothing else is declared."""

_PARTS = ("id", "timestamp", "signature")
_PREFIX = "whsec_"
_DIGEST = 32
_WHOLE_SECONDS = re.compile(r"[0-9]{1,11}")
_MILLISECONDS = re.compile(r"[0-9]{12,14}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_HEX_DIGEST = re.compile(r"[0-9a-fA-F]{64}")


def examine(
    headers: Headers, body: bytes, secrets: Sequence[str], signing: str, now: float, tolerance: float = TOLERANCE
) -> dict[str, Any]:
    """What a receiver makes of one delivery, as plain data for the log.

    secrets:   those that may have signed it, the newest first (several while one is being replaced); none = nothing to
               verify with
    signing:   standard-webhooks | svix | none, as declared
    now:       when it arrived, seconds since the epoch;  tolerance: seconds

    signature: valid | missing | malformed | wrong | re-serialised | unverified (no usable secret is known) |
               undeclared (signing "none");  why: in words, "" where valid
    by:        which of ``secrets`` have signed it, where it is valid
    missing:   names of absent headers;  signed: what the sender signed instead of the bytes it sent, "" where unknown
    id, timestamp: as received, "" where absent;  skew: seconds that the timestamp lies behind the arrival (negative =
               ahead), None where it is no time;  fresh: whether that is within the tolerance, None likewise
    """
    found = _headers(headers, signing)
    id, timestamp, signature = (found[part][1] for part in _PARTS)
    facts: dict[str, Any] = {"id": id, "timestamp": timestamp, "skew": None, "fresh": None, "missing": [], "signed": ""}
    facts["by"] = []
    if _WHOLE_SECONDS.fullmatch(timestamp):
        facts["skew"] = round(now - int(timestamp), 3)
        facts["fresh"] = abs(facts["skew"]) <= tolerance
    if signing not in FAMILIES:
        return {**facts, "signature": "undeclared", "why": ""}
    missing = [name for name, value in found.values() if not value]
    if missing:
        return {**facts, "signature": "missing", "missing": missing, "why": _absent(missing, headers)}
    why = _odd_timestamp(timestamp)
    if why:
        return {**facts, "signature": "malformed", "why": why}
    return {**facts, **_verified(_Signed(id, timestamp, body), signature, secrets)}


def _headers(headers: Headers, signing: str) -> dict[str, tuple[str, str]]:
    """Part → (header name, value). Each part is looked up by itself, as the svix libraries do."""
    families = FAMILIES.get(signing, ("webhook", "svix"))
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value.strip())
    found = {}
    for part in _PARTS:
        names = [f"{family}-{part}" for family in families]
        name = next((name for name in names if any(values.get(name, ()))), names[0])
        lines = [line for line in values.get(name, ()) if line]
        # the lines of a repeated header count as one (RFC 9110 §5.3); entries of a signature stand blank by blank
        found[part] = (name, " ".join(lines) if part == "signature" else next(iter(lines), ""))
    return found


def _absent(missing: Sequence[str], headers: Headers) -> str:
    words = f"no header {' and no '.join(missing)}"
    there = {name.lower() for name, value in headers if value.strip()}
    if all(name.replace("webhook-", "svix-") in there for name in missing):
        words += '; it came with svix- headers, which receivers know only where webhooks.signing is "svix"'
    return words


def _odd_timestamp(timestamp: str) -> str:
    """Why a timestamp is none that receivers read, "" where it is one."""
    if _WHOLE_SECONDS.fullmatch(timestamp):
        return ""
    if _MILLISECONDS.fullmatch(timestamp):
        return f"the timestamp {timestamp} is in milliseconds; receivers read seconds"
    if re.fullmatch(r"[0-9]+\.[0-9]*", timestamp):
        return f"the timestamp {timestamp} has a fraction; receivers read whole seconds"
    if re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", timestamp):
        return f"the timestamp {timestamp} is a date; receivers read seconds since 1970"
    return f"the timestamp {timestamp!r} is not a number of seconds"


class _Signed:
    """What is signed: id, timestamp, body, and other ways in which senders put them together."""

    def __init__(self, id: str, timestamp: str, body: bytes) -> None:
        self._id, self._timestamp, self.body = _octets(id), timestamp.encode("ascii"), body

    def text(self, body: bytes | None = None) -> bytes:
        return b".".join((self._id, self._timestamp, self.body if body is None else body))

    def otherwise(self) -> Iterator[tuple[str, bytes]]:
        yield "only the body, without id and timestamp", self.body
        yield 'timestamp "." body, without the id', self._timestamp + b"." + self.body
        yield 'id "." body, without the timestamp', self._id + b"." + self.body
        yield 'timestamp "." id "." body, in the wrong order', b".".join((self._timestamp, self._id, self.body))
        yield "id, timestamp and body without dots between", self._id + self._timestamp + self.body


def _octets(text: str) -> bytes:
    """A header value as it was on the wire: servers decode it as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")


def _verified(signed: _Signed, signature: str, secrets: Sequence[str]) -> dict[str, Any]:
    """The verdict on the entries of a signature header, left to right as receivers read them."""
    keys = [key for key in map(_key, secrets) if key]
    expected = [_hmac(key, signed.text()) for key in keys]
    digests, flaws = [], []
    by: set[int] = set()
    for entry in signature.split(" "):
        version, comma, text = entry.partition(",")
        if not comma or "," in text:  # the Python libraries stop here with an exception, whatever stands behind it
            if by:
                break
            return {"signature": "malformed", "why": f"the entry {_short(entry)!r} is not VERSION,SIGNATURE"}
        if version != "v1":
            continue
        digest, flaw = _digest(text)
        if digest:
            digests.append(digest)
            by |= {number for number, one in enumerate(expected) if hmac.compare_digest(one, digest)}
        else:
            flaws.append(flaw)
    if by:
        return {"signature": "valid", "why": "", "by": sorted(by)}
    if not digests and not flaws:
        others = ", ".join(dict.fromkeys(entry.partition(",")[0] for entry in signature.split(" ")))
        return {"signature": "malformed", "why": f"there is no v1 entry, only {others}"}
    if not digests:
        return {"signature": "malformed", "why": flaws[0]}
    return _mismatch(signed, set(digests), keys, secrets)


def _digest(text: str) -> tuple[bytes, str]:
    """The 32 bytes of a v1 entry, or why there are none."""
    if _HEX_DIGEST.fullmatch(text):
        return b"", "the v1 signature is in hex; receivers read base64"
    if not _BASE64.fullmatch(text):
        safe = "url-safe base64" if re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", text) else f"{_short(text)!r}, not base64"
        return b"", f"the v1 signature is {safe}; receivers read standard base64"
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        return b"", "the v1 signature is base64 without its padding, which the libraries do not decode"
    if len(raw) != _DIGEST:
        return b"", f"the v1 signature has {len(raw)} bytes; an HMAC-SHA256 has {_DIGEST}"
    return raw, ""


def _mismatch(signed: _Signed, digests: set[bytes], keys: Sequence[bytes], secrets: Sequence[str]) -> dict[str, Any]:
    """No entry matches. What did the sender sign, and with which key?"""
    for key in keys:
        for words, body in renderings(signed.body):
            if _hmac(key, signed.text(body)) in digests:
                return {"signature": "re-serialised", "signed": words, "why": f"it signs {words}, not the bytes sent"}
        for words, text in signed.otherwise():
            if _hmac(key, text) in digests:
                return {"signature": "wrong", "signed": words, "why": f"it signs {words}"}
    for secret in secrets:
        for words, key in _misread(secret):
            if _hmac(key, signed.text()) in digests:
                return {"signature": "wrong", "why": f"the key is {words}, not the base64 behind {_PREFIX} decoded"}
    if not keys:
        why = f"the secret is not {_PREFIX} and standard base64" if secrets else "no secret is known to verify it with"
        return {"signature": "unverified", "why": why}
    return {"signature": "wrong", "why": "it matches neither the bytes sent nor anything else that was tried"}


def _key(secret: str) -> bytes:
    """The key in a secret as receivers' libraries read it, b"" where they cannot. Prefix and padding may be absent."""
    text = secret.strip().removeprefix(_PREFIX).rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except binascii.Error:
        return b""


def _misread(secret: str) -> Iterator[tuple[str, bytes]]:
    """Keys that a sender may take a secret for."""
    text = secret.strip()
    yield "the text of the secret", text.encode()
    bare = text.removeprefix(_PREFIX)
    yield f"the text behind {_PREFIX}", bare.encode()
    if re.fullmatch(r"[A-Za-z0-9_-]+={0,2}", bare):
        bare = bare.rstrip("=")
        try:
            yield "the secret read as url-safe base64", base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
        except binascii.Error:
            return


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.new(key, text, hashlib.sha256).digest()


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:24]}…"
