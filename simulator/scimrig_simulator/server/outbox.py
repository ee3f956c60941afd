"""The outbox: events on their way to the webhook endpoint, kept in the same database as what they tell of.

An event is written in the transaction of the change, so neither exists without the other; delivering starts after the
commit and outside every request. Whatever is pending when the process ends is sent by the next one that opens the file.
Delivery is at least once: the id stays the same, and receivers drop what they have seen (policy page CAP-45, CAP-48).

Rule: knows events as ids, types and bytes; what they say, how they are signed and when to try again is for the seams.
May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from scimrig_simulator.clock import Clock, printed
from scimrig_simulator.policy import signing
from scimrig_simulator.policy.delivery import Delivery
from scimrig_simulator.policy.events import Event
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.lane import Lane
from scimrig_simulator.server.store import Store
from scimrig_simulator.wire import Posted, Poster

SUCCESS = frozenset({200, 201})
"""What a receiver answers when it has the event; everything else is tried again (policy page D6)."""

TIMEOUT = 10.0
"""Seconds for a whole attempt (CAP-43)."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who is told of events. secret: ``whsec_…``, which signs them."""

    url: str
    secret: str = field(repr=False)


class Outbox:
    """Events of one server and their one endpoint. Safe to share by threads.

    poster: posts a webhook and never raises; it is called in the clock's threads, never in a request.
    """

    def __init__(self, store: Store, clock: Clock, seams: Seams, poster: Poster) -> None:
        self._store = store
        self._clock = clock
        self._seams = seams
        self._poster = poster
        self._recorded: deque[str] = deque()
        self._lane = Lane(clock, self._attempt)
        self._closed = False

    # The endpoint

    def register(self, url: str) -> str:
        """Make ``url`` the endpoint and return its new secret. What another endpoint still waits for is given up."""
        secret = signing.new_secret()
        with self._store.transaction():
            self._store.execute("INSERT OR REPLACE INTO webhook VALUES (?, ?, ?)", (self._store.tenant, url, secret))
            self._give_up("url <> ?", (url,))
        return secret

    def unregister(self) -> None:
        """Have no endpoint from now on; what it still waits for is given up."""
        with self._store.transaction():
            self._store.execute("DELETE FROM webhook WHERE tenant = ?", (self._store.tenant,))
            self._give_up("TRUE", ())

    def endpoint(self) -> Endpoint | None:
        """The endpoint, None where nobody is registered."""
        with self._store.lock:
            sql = "SELECT url, secret FROM webhook WHERE tenant = ?"
            found = self._store.execute(sql, (self._store.tenant,)).fetchone()
        return Endpoint(*found) if found else None

    def _give_up(self, which: str, values: Sequence[object]) -> None:
        sql = f"UPDATE delivery SET state = 'failed', body = x'' WHERE tenant = ? AND state = 'pending' AND {which}"
        self._store.execute(sql, (self._store.tenant, *values))

    # Events

    def record(self, events: Sequence[Event]) -> None:
        """Keep events for the endpoint, if there is one. Inside the transaction of the change they tell of."""
        endpoint = self.endpoint() if events else None
        if endpoint is None:
            return
        now = self._clock.now()
        sql = """INSERT OR IGNORE INTO delivery (tenant, event_id, type, url, body, state, due)
                 VALUES (?, ?, ?, ?, ?, 'pending', ?)"""
        for event in events:
            values = (self._store.tenant, event.id, event.type, endpoint.url, self._seams.payload(event), now)
            self._store.execute(sql, values)
            self._recorded.append(event.id)

    def kick(self) -> None:
        """After the commit: have what was recorded sent. What was rolled back is not found again, and not sent."""
        now = self._clock.now()
        while self._recorded:
            try:
                event_id = self._recorded.popleft()
            except IndexError:  # another thread had it
                return
            self._lane.add(now, event_id)

    def resume(self) -> None:
        """At the start: have what an earlier process left pending sent when it is due, in the order of commits."""
        with self._store.lock:
            sql = "SELECT due, event_id FROM delivery WHERE tenant = ? AND state = 'pending' ORDER BY due, seq"
            pending = self._store.execute(sql, (self._store.tenant,)).fetchall()
        for due, event_id in pending:
            self._lane.add(due, event_id)

    def close(self) -> None:
        """Send nothing more; call it before the store is closed. What is pending stays so."""
        self._lane.close()
        with self._store.lock:
            self._closed = True

    def deliveries(self) -> list[dict[str, Any]]:
        """All events for the endpoints there were, oldest first, each with its attempts, as JSON."""
        with self._store.lock:
            sql = "SELECT event_id, type, state FROM delivery WHERE tenant = ? ORDER BY seq"
            events = self._store.execute(sql, (self._store.tenant,)).fetchall()
            sql = """SELECT event_id, at, attempt.status, failure FROM attempt JOIN delivery USING (event_id)
                     WHERE tenant = ? ORDER BY event_id, number"""
            made = self._store.execute(sql, (self._store.tenant,)).fetchall()
        attempts: dict[str, list[dict[str, Any]]] = {}
        for event_id, at, status, failure in made:
            attempt = {"at": printed(at), "status": status, "failure": failure}
            attempts.setdefault(event_id, []).append(attempt)
        return [
            {"id": event_id, "type": type, "attempts": attempts.get(event_id, []), "state": state}
            for event_id, type, state in events
        ]

    # Attempts

    def _attempt(self, event_id: str) -> None:
        """One attempt, in a thread of the clock; the store is free while the endpoint takes its time."""
        begun = self._begun(event_id)
        if begun is None:
            return
        url, delivery = begun
        posted = self._posted(url, delivery)
        with self._store.lock:
            if self._closed:  # the next process makes the attempt again
                return
            wait = self._settle(delivery, posted)
        if wait is not None:
            self._lane.add(wait, event_id)

    def _begun(self, event_id: str) -> tuple[str, Delivery] | None:
        """Where to send what; None where it isn't pending any more, or never was committed."""
        sql = """SELECT url, secret, body, (SELECT COUNT(*) FROM attempt WHERE attempt.event_id = delivery.event_id)
                 FROM delivery JOIN webhook USING (tenant, url) WHERE event_id = ? AND state = 'pending'"""
        with self._store.lock:
            found = None if self._closed else self._store.execute(sql, (event_id,)).fetchone()
        if found is None:
            return None
        url, secret, body, made = found
        return url, Delivery(event_id, made + 1, self._clock.now(), body, secret)

    def _posted(self, url: str, delivery: Delivery) -> Posted:
        try:
            return self._poster(url, self._seams.headers(delivery), delivery.body, TIMEOUT)
        except Exception as error:  # an attempt that fails in an unforeseen way is a failed attempt, not a lost event
            _log.exception("webhook %s", delivery.event_id)
            return Posted(0, f"not sent: {type(error).__name__}")

    def _settle(self, delivery: Delivery, posted: Posted) -> float | None:
        """Write down how an attempt ended. When to make the next one, None for never."""
        wait = None if posted.status in SUCCESS else self._seams.ladder(delivery.attempt)
        due = None if wait is None else self._clock.now() + wait  # each delay starts at the failure before it (D6)
        with self._store.transaction():
            values = (delivery.event_id, delivery.attempt, delivery.now, posted.status, posted.failure)
            self._store.execute("INSERT OR REPLACE INTO attempt VALUES (?, ?, ?, ?, ?)", values)
            if posted.status in SUCCESS:
                self._end(delivery.event_id, "delivered")
            elif due is None:
                self._end(delivery.event_id, "failed")
            else:
                self._store.execute("UPDATE delivery SET due = ? WHERE event_id = ?", (due, delivery.event_id))
        return due

    def _end(self, event_id: str, state: str) -> None:
        """A delivery that is over needs its body no more."""
        self._store.execute("UPDATE delivery SET state = ?, body = x'' WHERE event_id = ?", (state, event_id))
