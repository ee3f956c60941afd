"""Signatures of webhooks: the symmetric scheme of Standard Webhooks, version 1 (policy page D5).

    key       = what stands in base64 after "whsec_" in the secret
    text      = id "." timestamp "." body, the bytes exactly as they are sent
    signature = "v1," base64(HMAC-SHA256(key, text))

Rule: signs bytes, never values: whoever encodes a body again after it was signed breaks the signature.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
KEY_BYTES = 24
"""Length of a new key; 24 bytes need no padding in base64, over which some verifiers stumble (policy page §2.2)."""


def new_secret() -> str:
    """A fresh signing secret, ``whsec_…``."""
    return secret_of(secrets.token_bytes(KEY_BYTES))


def secret_of(key: bytes) -> str:
    """The secret that stands for a key: standard alphabet, padded."""
    return PREFIX + base64.b64encode(key).decode("ascii")


def key_of(secret: str) -> bytes:
    """The key in a secret. Raises ValueError where it is none, without repeating it."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"a webhook secret starts with {PREFIX}")
    try:
        key = base64.b64decode(secret[len(PREFIX) :], validate=True)
    except binascii.Error:
        raise ValueError(f"what follows {PREFIX} in a webhook secret is standard base64 with its padding") from None
    if not key:
        raise ValueError(f"no key follows {PREFIX} in the webhook secret")
    return key


def sign(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """One entry of the header ``webhook-signature``. timestamp: whole seconds since the epoch, of this attempt."""
    text = b".".join((id.encode(), str(timestamp).encode("ascii"), body))
    digest = hmac.new(key_of(secret), text, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")
