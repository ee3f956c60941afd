"""Cursors: where a page ended, as a word that only this server can read (RFC 9865).

A cursor holds a place in the order of a result, not a number of rows, so that nothing is missed or met twice when rows
come and go between two pages, and the server keeps nothing in between. It is enciphered and authenticated with a key of
the tenant: a place may be somebody's name, which has no business in a URL. Like errors for like ends: a cursor that is
forged, another tenant's, or of another search looks the same from outside (§5.2).

Rule: pure but for the key in the store. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator import limits
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.server.sorting import Position
from scimrig_simulator.server.store import Store

_SETTING = "cursor-key"
_TAG = 16
_SPELLING = re.compile(r"[A-Za-z0-9_-]{24,}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to go on. position: of the row next to the page, None = from the very first.

    forward: whether the page comes after that row.  count: how many resources a page has.
    """

    position: Position | None = None
    forward: bool = True
    count: int = 0


@dataclass(frozen=True, slots=True)
class Seal:
    """Writes and reads the cursors of one search of one tenant. search: what the pages have in common."""

    key: bytes
    search: str
    now: float

    def written(self, cursor: Cursor) -> str:
        """The cursor as a client sees it: unreserved characters only (RFC 9865 §2)."""
        expires = int(self.now) + limits.CURSOR_LIFETIME
        held = [self.search, expires, cursor.forward, cursor.count, cursor.position]
        plain = json.dumps(held, separators=(",", ":")).encode()
        tag = self._tag(plain)
        return _spelt(tag + self._masked(plain, tag))

    def read(self, text: str) -> Cursor:
        """The cursor behind a text; an empty one is the beginning. Raises ScimError 400 (RFC 9865 §2.1)."""
        if not text:
            return Cursor()
        search, expires, forward, count, position = self._opened(text)
        if search != self.search:
            raise _invalid()
        if expires < self.now:
            detail = f"This cursor is older than {limits.CURSOR_LIFETIME} seconds; begin again with an empty one."
            raise ScimError(400, "expiredCursor", detail)
        return Cursor(None if position is None else (position[0], position[1]), forward, count)

    def _opened(self, text: str) -> list[Any]:
        if _SPELLING.fullmatch(text) is None:
            raise _invalid()
        try:
            sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raise _invalid() from None
        tag, plain = sealed[:_TAG], self._masked(sealed[_TAG:], sealed[:_TAG])
        if _spelt(sealed) != text:  # bits at the end that nothing stands in
            raise _invalid()
        if not hmac.compare_digest(tag, self._tag(plain)):
            raise _invalid()
        held: list[Any] = json.loads(plain)
        return held

    def _tag(self, plain: bytes) -> bytes:
        return hmac.digest(self.key, plain, "sha256")[:_TAG]

    def _masked(self, text: bytes, tag: bytes) -> bytes:
        """Text put behind a mask that its own tag decides (a synthetic IV, as in RFC 5297), or brought out again."""
        mask = hashlib.shake_256(b"mask" + self.key + tag).digest(len(text))
        return bytes(one ^ other for one, other in zip(text, mask, strict=True))


def _spelt(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def key(store: Store) -> bytes:
    """The tenant's key, made when it is first needed; other processes on the same file use the same."""
    held = store.setting(_SETTING)
    if held is None:
        with store.transaction():
            held = store.setting(_SETTING)
            if held is None:
                held = secrets.token_hex(32)
                store.set(_SETTING, held)
    return bytes.fromhex(held)


def search(*parts: str | Sequence[str] | None) -> str:
    """What pages of one search have in common, in short: its resource types, filter and order."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _invalid() -> ScimError:
    detail = "This cursor belongs to no such search; send one as it came, with the parameters it came with."
    return ScimError(400, "invalidCursor", detail)
