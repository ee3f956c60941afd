"""The tenants of a server and the tokens that let clients in.

Several tokens of one tenant may be good at a time, so that one can follow another without a gap. What is kept of a
token is its SHA-256 digest and its last four characters: a reader of the database can't use it, and its owner can tell
it from the others. A slow hash, as for passwords, would add nothing but cost to every request: it defends secrets that
can be guessed, and 256 random bits can't.

Rule: everything is read from the database at each request, since another process may have changed it. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import uuid
from dataclasses import dataclass

from scimrig_simulator.clock import Clock
from scimrig_simulator.seams import Admits
from scimrig_simulator.server.layout import TENANTS_OWN
from scimrig_simulator.server.store import Store

DEFAULT = "default"
"""What the tenant that is served without a name is called where one has to be named."""

RESERVED = frozenset({DEFAULT, "scim", "manage", "livez", "readyz", "openapi.json"})

LONGEST_LIFE = 100 * 365 * 86_400
"""Seconds for which a token may be good at most, unless it is good for ever."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token. suffix: its last four characters.  created, expires: seconds since the epoch."""

    id: str
    suffix: str
    created: float
    expires: float | None


def well_named(name: str) -> bool:
    """Whether a tenant may have this name."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED


def only(token: str) -> Admits:
    """What admits the bearer of this token and nobody else; of an empty one, nobody."""
    digest = _digest(token.encode())
    return lambda given: hmac.compare_digest(digest, _presented(given)) and token != ""


class Tenants:
    """The register of tenants. Safe to share by threads. Tenant 0 is always there, and isn't asked for by name."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # Tenants

    def number(self, name: str) -> int | None:
        """The number of a tenant; None where there is none of this name."""
        with self._store.lock:
            found = self._store.execute("SELECT number FROM tenant WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found and name else None

    def names(self) -> list[str]:
        """The tenants' names in their order."""
        with self._store.lock:
            found = self._store.execute("SELECT name FROM tenant WHERE number <> 0 ORDER BY name").fetchall()
        return [name for (name,) in found]

    def create(self, name: str) -> int:
        """The number of the tenant of this name, made where there is none. Raises ValueError for a bad name."""
        if not well_named(name):
            raise ValueError(
                f"A tenant can't be called {name!r}: a name has 1 to 63 of a-z, 0-9 and '-', doesn't start with '-',"
                f" and isn't one of {', '.join(sorted(RESERVED))}."
            )
        with self._store.transaction():
            self._store.execute("INSERT OR IGNORE INTO tenant (name) VALUES (?)", (name,))
            (number,) = self._store.execute("SELECT number FROM tenant WHERE name = ?", (name,)).fetchone()
        return int(number)

    def delete(self, name: str) -> bool:
        """Remove a tenant with all that it has. Its number is never another's. False where there is none."""
        with self._store.transaction():
            number = self.number(name)
            if number is None:
                return False
            its_events = "SELECT event_id FROM delivery WHERE tenant = ?"
            self._store.execute(f"DELETE FROM attempt WHERE event_id IN ({its_events})", (number,))
            for table in TENANTS_OWN:
                self._store.execute(f"DELETE FROM {table} WHERE tenant = ?", (number,))
            self._store.execute("DELETE FROM tenant WHERE number = ?", (number,))
        return True

    # Tokens

    def issue(self, number: int, expires_in: float | None = None) -> tuple[Token, str]:
        """A new token of a tenant, good for so many seconds or (None) for ever, and its text, which is not kept.

        Those that have expired are forgotten.
        """
        text = secrets.token_hex(32)
        now = self._now()
        expires = None if expires_in is None else now + round(expires_in * 1000)
        values = (str(uuid.uuid4()), number, _presented(text), text[-4:], now, expires)
        with self._store.transaction():
            self._store.execute("DELETE FROM token WHERE tenant = ? AND expires <= ?", (number, now))
            self._store.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?)", values)
        return _token(values[0], text[-4:], now, expires), text

    def tokens(self, number: int) -> list[Token]:
        """The tokens of a tenant, oldest first, those included that have expired since the last one was issued."""
        sql = "SELECT id, suffix, created, expires FROM token WHERE tenant = ? ORDER BY created, rowid"
        with self._store.lock:
            return [_token(*row) for row in self._store.execute(sql, (number,)).fetchall()]

    def live(self, number: int) -> int:
        """How many tokens of a tenant let somebody in now."""
        return len(self._digests(number))

    def revoke(self, number: int, id: str) -> bool:
        """Have a token be good no longer. False where the tenant has none of this id."""
        with self._store.transaction():
            sql = "DELETE FROM token WHERE tenant = ? AND id = ?"
            return self._store.execute(sql, (number, id)).rowcount > 0

    def admits(self, number: int, given: str) -> bool:
        """Whether a token is one of the tenant's, and good now. The time taken doesn't tell which one it resembles."""
        digest = _presented(given)
        equal = [hmac.compare_digest(digest, held) for held in self._digests(number)]
        return any(equal)

    def _digests(self, number: int) -> list[bytes]:
        sql = "SELECT digest FROM token WHERE tenant = ? AND (expires IS NULL OR expires > ?)"
        with self._store.lock:
            found = self._store.execute(sql, (number, self._now())).fetchall()
        return [digest for (digest,) in found]

    def _now(self) -> int:
        return round(self._clock.now() * 1000)


def _token(id: str, suffix: str, created: int, expires: int | None) -> Token:
    return Token(id, suffix, created / 1000, None if expires is None else expires / 1000)


def _presented(given: str) -> bytes:
    """The digest of a token as a header brings it: a character for each byte that was sent."""
    return _digest(given.encode("latin-1", "replace"))


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
