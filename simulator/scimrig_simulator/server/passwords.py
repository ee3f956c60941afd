"""Passwords at rest: a salted scrypt hash, never the text.

Rule: the hash goes into the store and nowhere else. May import nothing of this project.
"""

from __future__ import annotations

import hashlib
import hmac
import os

_PREFIX = "scrypt"
CHEAP = 2  # a database in memory dies with the process: nothing to protect, and a run makes thousands of users
SOUND = 2**14


def hashed(text: str, cost: int) -> str:
    """``scrypt$cost$salt$hash`` of a password; ``cost`` is scrypt's n, a power of two."""
    salt = os.urandom(16)
    return f"{_PREFIX}${cost}${salt.hex()}${_derived(text, salt, cost).hex()}"


def verified(text: str, stored: str) -> bool:
    """True where ``text`` is the password that ``stored`` was made from. Compares in constant time."""
    if not stored.startswith(f"{_PREFIX}$"):
        return False
    _, cost, salt, digest = stored.split("$")
    return hmac.compare_digest(_derived(text, bytes.fromhex(salt), int(cost)), bytes.fromhex(digest))


def _derived(text: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(text.encode("utf-8", "surrogatepass"), salt=salt, n=cost, r=8, p=1, dklen=32)
