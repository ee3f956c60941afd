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
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from scimrig_simulator.calls import Admits, Credential
from scimrig_simulator.clock import Clock
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.organizations import DirectoryRecord, Organization, Organizations
from scimrig_simulator.server.store import Store
from scimrig_simulator.server.tables import TENANTS_OWN

DEFAULT = "default"
"""What the tenant that is served without a name is called where one has to be named."""

RESERVED = frozenset({
    DEFAULT, "scim", "manage", "livez", "readyz", "openapi.json", "api", "oauth", "keys", "portal",
})  # fmt: skip

LONGEST_LIFE = 100 * 365 * 86_400
"""Seconds for which a token may be good at most, unless it is good for ever."""

LAG = 2.0
"""Seconds by which what is on file of a token's last use may be behind."""

Vouch: TypeAlias = Callable[[Credential, int, float], bool]

_WITHDRAWN = 10
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token. suffix: its last four characters.  created, expires, used: seconds since the epoch.

    active: not withdrawn.  used: when it last let somebody in, None for never.
    """

    id: str
    suffix: str
    created: float
    expires: float | None
    active: bool = True
    used: float | None = None


def well_named(name: str) -> bool:
    """Whether a tenant may have this name."""
    return _NAME.fullmatch(name) is not None and name not in RESERVED


def only(token: str) -> Admits:
    """What admits the bearer of this token and nobody else; of an empty one, nobody."""
    digest = _digest(token.encode())
    return lambda given: hmac.compare_digest(digest, _presented(given)) and token != ""


class Tenants:
    """The register of tenants. Safe to share by threads. Tenant 0 is always there, and isn't asked for by name.

    A tenant is a directory of an organization (``organizations.py``); one that the API made can't be asked for by name.
    vouch: says whether a token on file is good.
    """

    def __init__(self, store: Store, clock: Clock, vouch: Vouch | None = None) -> None:
        self._store = store
        self._clock = clock
        self._vouch = vouch or Seams().vouch
        self.organizations = Organizations(store, clock)
        self.changing = store.transaction
        self._used: dict[bytes, int] = {}
        self._noted = float("-inf")

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
        return [name for (name,) in found if well_named(name)]

    def create(self, name: str) -> int:
        """The number of the tenant of this name, made where there is none. Raises ValueError for a bad name."""
        if not well_named(name):
            raise ValueError(
                f"A tenant can't be called {name!r}: a name has 1 to 63 of a-z, 0-9 and '-', doesn't start with '-',"
                f" and isn't one of {', '.join(sorted(RESERVED))}."
            )
        with self._store.transaction():
            number = self.number(name)
            if number is None:
                number = self._add(name)
                held = self.organizations.organization(f"org_{name}")  # it stays when its tenant is removed
                organization = held or self.organizations.create(name, id=f"org_{name}")
                self.organizations.open(organization, number, name, id=f"dir_{name}")
        return number

    def add(self, organization: Organization, name: str, type: str = "SCIM", provider: str = "") -> DirectoryRecord:
        """A new directory of an organization, with a tenant of its own that has no name."""
        with self._store.transaction():
            id = f"dir_{uuid.uuid4().hex}"
            return self.organizations.open(organization, self._add(id), name, type, provider, id)

    def _add(self, name: str) -> int:
        made = self._store.execute("INSERT INTO tenant (name) VALUES (?)", (name,))
        assert made.lastrowid is not None
        return made.lastrowid

    def delete(self, name: str) -> bool:
        """Remove a tenant with all that it has. Its number is never another's. False where there is none."""
        with self._store.transaction():
            number = self.number(name)
            if number is None:
                return False
            self.remove(number)
        return True

    def remove(self, number: int) -> None:
        """Remove a tenant by its number, with all that it has; what its organization has done stays on record."""
        with self._store.transaction():
            for table in TENANTS_OWN:
                self._store.execute(f"DELETE FROM {table} WHERE tenant = ?", (number,))
            self._store.execute("DELETE FROM tenant WHERE number = ?", (number,))

    # Tokens

    def issue(self, number: int, expires_in: float | None = None) -> tuple[Token, str]:
        """A new token of a tenant, good for so many seconds or (None) for ever, and its text, which is not kept.

        Those that have expired are forgotten.
        """
        text = secrets.token_hex(32)
        now = self._now()
        expires = None if expires_in is None else now + round(expires_in * 1000)
        values = (f"dirsec_{uuid.uuid4().hex}", number, _presented(text), text[-4:], now, expires)
        with self._store.transaction():
            self._store.execute("DELETE FROM token WHERE tenant = ? AND expires <= ?", (number, now))
            self._store.execute("INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, 1, NULL)", values)
        return _token(values[0], text[-4:], now, expires), text

    def regenerate(self, number: int, expires_in: float | None = None) -> tuple[Token, str]:
        """As ``issue``, and every earlier token of the tenant is good no longer: it stays on file as withdrawn.

        Of those that were withdrawn, the last few are kept.
        """
        with self._store.transaction():
            self._store.execute("UPDATE token SET active = 0 WHERE tenant = ?", (number,))
            sql = """DELETE FROM token WHERE tenant = ?1 AND rowid NOT IN
                     (SELECT rowid FROM token WHERE tenant = ?1 ORDER BY created DESC, rowid DESC LIMIT ?2)"""
            self._store.execute(sql, (number, _WITHDRAWN))
            return self.issue(number, expires_in)

    def tokens(self, number: int) -> list[Token]:
        """The tokens of a tenant, oldest first, those included that have expired since the last one was issued."""
        self.settle()
        sql = "SELECT id, suffix, created, expires, active, used FROM token WHERE tenant = ? ORDER BY created, rowid"
        with self._store.lock:
            return [_token(*row) for row in self._store.execute(sql, (number,)).fetchall()]

    def live(self, number: int) -> int:
        """How many tokens of a tenant let somebody in now."""
        now = self._clock.now()
        return sum(token.active and (token.expires is None or token.expires > now) for token in self.tokens(number))

    def revoke(self, number: int, id: str) -> bool:
        """Have a token be good no longer. False where the tenant has none of this id."""
        with self._store.transaction():
            sql = "DELETE FROM token WHERE tenant = ? AND id = ?"
            return self._store.execute(sql, (number, id)).rowcount > 0

    def admits(self, number: int, given: str) -> bool:
        """Whether a token lets its bearer in to a tenant now; it is looked up by its digest, which tells nothing."""
        sql = "SELECT tenant, active, expires FROM token WHERE digest = ?"
        with self._store.lock:
            found = self._store.execute(sql, (_presented(given),)).fetchall()
        return any(
            self._vouch(Credential(tenant, bool(active), _seconds(expires)), number, self._clock.now())
            for tenant, active, expires in found
        )

    def used(self, given: str) -> None:
        """A token has let somebody in. Put on file every ``LAG`` seconds at most, and before anybody asks for it."""
        now = self._now()
        with self._store.lock:
            self._used[_presented(given)] = now
            if now - self._noted >= LAG * 1000:
                self._noted = now
                with suppress(sqlite3.OperationalError):  # another process holds the file: it will be noted next time
                    self.settle()

    def settle(self) -> None:
        """Put on file when tokens were last used, for other processes to see."""
        with self._store.lock:
            if not self._used:
                return
            sql = "UPDATE token SET used = ?1 WHERE digest = ?2 AND (used IS NULL OR used < ?1)"
            with self._store.transaction():
                for digest, moment in self._used.items():
                    self._store.execute(sql, (moment, digest))
            self._used.clear()

    def reason(self, number: int, given: str) -> str:
        """Why a token isn't let in: ``token_unknown``, ``token_inactive`` or ``token_expired`` (CAP-39)."""
        sql = "SELECT active, expires FROM token WHERE tenant = ? AND digest = ?"
        with self._store.lock:
            found = self._store.execute(sql, (number, _presented(given))).fetchone()
        if found is None:
            return "token_unknown"
        return "token_expired" if found[0] else "token_inactive"

    def _now(self) -> int:
        return round(self._clock.now() * 1000)


def _token(
    id: str, suffix: str, created: int, expires: int | None, active: int = 1, used: int | None = None
) -> Token:
    return Token(id, suffix, created / 1000, _seconds(expires), bool(active), _seconds(used))


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000


def _presented(given: str) -> bytes:
    """The digest of a token as a header brings it: a character for each byte that was sent."""
    return _digest(given.encode("latin-1", "replace"))


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
