"""The endpoints of a tenant: who hears of its events, and the secrets that sign them.

One of them may be the main one, which is registered and replaced as a whole (``/manage/webhook``); for the general
mechanism it is an endpoint like any other.

Rule: keeps what was set; what is sent, and when, is for ``outbox.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from scimrig_simulator.clock import Clock
from scimrig_simulator.policy import signing
from scimrig_simulator.server.store import Store

OVERLAP = 86_400.0
"""Seconds for which a secret still signs after another has followed it (CAP-46)."""

MOST = 50
"""How many endpoints a tenant may have: each of them costs a row an event and, where it hangs, threads."""

_COLUMNS = "number, id, url, description, events, enabled, created, main"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is told of events. events: types, none = all.  enabled: hears of what happens from now on.

    created: milliseconds since the epoch.  main: the one at ``/manage/webhook``.  number: inside the store only.
    """

    number: int
    id: str
    url: str
    description: str
    events: Sequence[str]
    enabled: bool
    created: int
    main: bool


class Endpoints:
    """The endpoints of one tenant. Safe to share by threads. Writing methods are a transaction, or part of one."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def all(self) -> list[Endpoint]:
        """Oldest first."""
        with self._store.lock:
            sql = f"SELECT {_COLUMNS} FROM endpoint WHERE tenant = ? ORDER BY number"
            return [_endpoint(*row) for row in self._store.execute(sql, (self._store.tenant,)).fetchall()]

    def one(self, id: str) -> Endpoint | None:
        """An endpoint by its id, None where there is none."""
        return next((endpoint for endpoint in self.all() if endpoint.id == id), None)

    def main(self) -> Endpoint | None:
        """The main one, None where nobody is registered."""
        return next((endpoint for endpoint in self.all() if endpoint.main), None)

    def secrets(self, number: int) -> tuple[str, ...]:
        """What signs for an endpoint now, newest first."""
        sql = """SELECT secret FROM endpoint_secret
                 WHERE tenant = ? AND endpoint = ? AND (expires IS NULL OR expires > ?) ORDER BY seq DESC"""
        with self._store.lock:
            found = self._store.execute(sql, (self._store.tenant, number, self._clock.now())).fetchall()
        return tuple(secret for (secret,) in found)

    def create(
        self, url: str, description: str = "", events: Sequence[str] = (), enabled: bool = True, main: bool = False
    ) -> tuple[Endpoint, str]:
        """A new endpoint and its secret. Raises ValueError where there are too many."""
        sql = """INSERT INTO endpoint (tenant, id, url, description, events, enabled, created, main)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
        with self._store.transaction():
            if len(self.all()) >= MOST:
                raise ValueError(f"there are {MOST} endpoints already, and more is not possible")
            id, created = f"ep_{uuid.uuid4().hex}", round(self._clock.now() * 1000)
            values = (self._store.tenant, id, url, description, json.dumps(list(events)), enabled, created, main)
            made = self._store.execute(sql, values)
            endpoint = Endpoint(made.lastrowid or 0, id, url, description, tuple(events), enabled, created, main)
            return endpoint, self._new_secret(endpoint.number)

    def change(
        self,
        endpoint: Endpoint,
        url: str | None = None,
        description: str | None = None,
        events: Sequence[str] | None = None,
        enabled: bool | None = None,
    ) -> None:
        """Change what is given; None leaves a thing as it is."""
        values = (
            endpoint.url if url is None else url,
            endpoint.description if description is None else description,
            json.dumps(list(endpoint.events if events is None else events)),
            endpoint.enabled if enabled is None else enabled,
        )
        sql = "UPDATE endpoint SET url = ?, description = ?, events = ?, enabled = ? WHERE tenant = ? AND number = ?"
        with self._store.transaction():
            self._store.execute(sql, (*values, self._store.tenant, endpoint.number))

    def rotate(self, endpoint: Endpoint, overlap: float = OVERLAP) -> str:
        """A new secret, which signs at once; those before it go on signing beside it for ``overlap`` seconds."""
        now = self._clock.now()
        with self._store.transaction():
            of_it = "tenant = ? AND endpoint = ?"
            values = (self._store.tenant, endpoint.number)
            self._store.execute(f"DELETE FROM endpoint_secret WHERE {of_it} AND expires <= ?", (*values, now))
            sql = f"UPDATE endpoint_secret SET expires = ? WHERE {of_it} AND expires IS NULL"
            self._store.execute(sql, (now + overlap, *values))
            return self._new_secret(endpoint.number)

    def remove(self, endpoint: Endpoint) -> None:
        """Forget an endpoint and its secrets."""
        values = (self._store.tenant, endpoint.number)
        with self._store.transaction():
            self._store.execute("DELETE FROM endpoint_secret WHERE tenant = ? AND endpoint = ?", values)
            self._store.execute("DELETE FROM endpoint WHERE tenant = ? AND number = ?", values)

    def _new_secret(self, number: int) -> str:
        secret = signing.new_secret()
        sql = "INSERT INTO endpoint_secret (tenant, endpoint, secret, created) VALUES (?, ?, ?, ?)"
        self._store.execute(sql, (self._store.tenant, number, secret, self._clock.now()))
        return secret


def _endpoint(
    number: int, id: str, url: str, description: str, events: str, enabled: int, created: int, main: int
) -> Endpoint:
    return Endpoint(number, id, url, description, tuple(json.loads(events)), bool(enabled), created, bool(main))
