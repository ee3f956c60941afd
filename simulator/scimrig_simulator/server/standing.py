"""What is kept of a provisioned user beside the resource: roles set by the API, the application's notes, sessions.

All of it goes with the user. A session is kept as the digest of its token, so that nobody can use what is stored.

Rule: rows of one directory, read and written; what follows from them is for ``policy.py``. May not import ``faults``,
``idp`` or ``drive``.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.server.memberships import among, batches
from scimrig_simulator.server.store import Store

_KEPT = ("granted", "noted", "session")


@dataclass(frozen=True, slots=True)
class Standing:
    """The register of one directory. Whoever asks holds the store's lock; whoever writes is in a transaction."""

    store: Store

    # Roles

    def granted(self, ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The roles that were set for some of these users, whole (CAP-35)."""
        found: dict[str, tuple[str, ...]] = {}
        for batch in batches(ids):
            sql = f"SELECT user_id, roles FROM granted WHERE tenant = ? AND {among('user_id', batch)}"
            rows = self.store.execute(sql, (self.store.tenant, *batch)).fetchall()
            found.update({user_id: tuple(json.loads(roles)) for user_id, roles in rows})
        return found

    def grant(self, user_id: str, roles: Sequence[str]) -> None:
        """Set the roles of a user, whatever the groups say."""
        values = (self.store.tenant, user_id, json.dumps(sorted(set(roles))))
        self.store.execute("INSERT OR REPLACE INTO granted VALUES (?, ?, ?)", values)

    def forget_roles(self, ids: Sequence[str]) -> None:
        """Have the groups of these users decide again."""
        for batch in batches(ids):
            sql = f"DELETE FROM granted WHERE tenant = ? AND {among('user_id', batch)}"
            self.store.execute(sql, (self.store.tenant, *batch))

    # Notes

    def notes(self, user_id: str) -> dict[str, Any]:
        """What the application has noted of a user: external_id, metadata and the like."""
        sql = "SELECT document FROM noted WHERE tenant = ? AND user_id = ?"
        found = self.store.execute(sql, (self.store.tenant, user_id)).fetchone()
        return {} if found is None else dict(json.loads(found[0]))

    def note(self, user_id: str, notes: Mapping[str, Any]) -> None:
        """Keep these notes instead."""
        values = (self.store.tenant, user_id, json.dumps(dict(notes)))
        self.store.execute("INSERT OR REPLACE INTO noted VALUES (?, ?, ?)", values)

    # Sessions

    def open_session(self, user_id: str, now: float) -> str:
        """The token of a new session."""
        token = secrets.token_urlsafe(32)
        values = (_digest(token), self.store.tenant, user_id, round(now * 1000))
        self.store.execute("INSERT INTO session (digest, tenant, user_id, created) VALUES (?, ?, ?, ?)", values)
        return token

    def session(self, token: str) -> str | None:
        """The id of the user whose session this is, None where there is none."""
        sql = "SELECT user_id FROM session WHERE digest = ? AND tenant = ?"
        found = self.store.execute(sql, (_digest(token), self.store.tenant)).fetchone()
        return None if found is None else str(found[0])

    def end_sessions(self, user_id: str) -> None:
        """End all sessions of a user, for good."""
        self.store.execute("DELETE FROM session WHERE tenant = ? AND user_id = ?", (self.store.tenant, user_id))

    # All of it

    def clear(self, user_id: str, sessions: bool = True) -> None:
        """Forget a user who is gone. sessions: those too."""
        for table in _KEPT if sessions else _KEPT[:2]:
            self.store.execute(f"DELETE FROM {table} WHERE tenant = ? AND user_id = ?", (self.store.tenant, user_id))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
