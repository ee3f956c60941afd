"""Who may use the portal of an organization: links that open once and soon, and the sessions they open (CAP-16).

Of links and sessions only digests are kept. Rule: lets in, and knows nothing of what is done then. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass

from scimrig_simulator.calls import Link
from scimrig_simulator.clock import Clock
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.store import Store

OPENS_FOR = 60.0
"""Seconds for which a link opens."""

LASTS = 6 * 3600.0
"""Seconds for which a session lasts."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody at the portal. organization: its number.  link: the id of what opened it.  proof: what forms bring."""

    organization: int
    link: str
    expires: float
    proof: str


@dataclass(frozen=True, slots=True)
class Links:
    """The links and sessions of all organizations."""

    store: Store
    clock: Clock
    seams: Seams

    def make(self, organization: int) -> tuple[Link, str]:
        """A new link and its token, which isn't kept. What can't be opened any more is forgotten."""
        token, now = secrets.token_urlsafe(32), self.clock.now()
        link = Link(f"plink_{uuid.uuid4().hex}", organization, now + OPENS_FOR, None)
        values = (link.id, organization, _digest(token), _ms(now), _ms(link.expires))
        with self.store.transaction():
            self.store.execute("DELETE FROM portal_link WHERE expires <= ?", (_ms(now - LASTS),))
            self.store.execute("DELETE FROM portal_session WHERE expires <= ?", (_ms(now),))
            self.store.execute("INSERT INTO portal_link VALUES (?, ?, ?, ?, ?, NULL)", values)
        return link, token

    def open(self, organization: int) -> list[Link]:
        """The links of an organization that can still be opened."""
        sql = f"SELECT {_LINK} FROM portal_link WHERE organization = ? ORDER BY created"
        with self.store.lock:
            found = [_link(*row) for row in self.store.execute(sql, (organization,)).fetchall()]
        return [link for link in found if self.seams.opens(link, self.clock.now())]

    def withdraw(self, organization: int, id: str | None = None) -> list[str]:
        """Forget the links of an organization, or one of them, and end their sessions. The ids of those."""
        with self.store.transaction():
            sql = "SELECT id FROM portal_link WHERE organization = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY created"
            ids = [one for (one,) in self.store.execute(sql, (organization, id)).fetchall()]
            for one in ids:
                self.store.execute("DELETE FROM portal_link WHERE id = ?", (one,))
                self.store.execute("DELETE FROM portal_session WHERE link = ?", (one,))
        return ids

    def enter(self, token: str) -> tuple[Session, str] | None:
        """Open a link: a session and its key, which isn't kept; None where the link opens nothing (any more)."""
        now = self.clock.now()
        with self.store.transaction():
            sql = f"SELECT {_LINK} FROM portal_link WHERE digest = ?"
            found = self.store.execute(sql, (_digest(token),)).fetchone()
            link = None if found is None else _link(*found)
            if link is None or not self.seams.opens(link, now):
                return None
            key = secrets.token_urlsafe(32)
            self.store.execute("UPDATE portal_link SET opened = ? WHERE id = ?", (_ms(now), link.id))
            values = (_digest(key), link.organization, link.id, _ms(now + LASTS))
            self.store.execute("INSERT INTO portal_session VALUES (?, ?, ?, ?)", values)
        return Session(link.organization, link.id, now + LASTS, _proof(key)), key

    def session(self, key: str) -> Session | None:
        """The session that a key belongs to, None where it has ended."""
        sql = "SELECT organization, link, expires FROM portal_session WHERE digest = ? AND expires > ?"
        with self.store.lock:
            found = self.store.execute(sql, (_digest(key), _ms(self.clock.now()))).fetchone()
        return Session(found[0], found[1], found[2] / 1000, _proof(key)) if found else None

    def leave(self, key: str) -> None:
        """End a session."""
        with self.store.transaction():
            self.store.execute("DELETE FROM portal_session WHERE digest = ?", (_digest(key),))


_LINK = "id, organization, expires, opened"


def _link(id: str, organization: int, expires: int, opened: int | None) -> Link:
    return Link(id, organization, expires / 1000, None if opened is None else opened / 1000)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _proof(key: str) -> str:
    """What only a page of the portal knows, and no other page that has the browser send its cookie."""
    return hmac.new(key.encode("utf-8", "replace"), b"portal form", hashlib.sha256).hexdigest()


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
