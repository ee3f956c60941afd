"""The outbox: events on their way to webhook endpoints, kept in the same database as what they tell of.

An event is written in the transaction of the change, with a delivery for each endpoint that hears of its type, so none
exists without the others; sending starts after the commit and outside every request. Whatever is pending when the
process ends is sent by the next one that opens the file. Delivery is at least once: the id stays the same, and
receivers drop what they have seen (CAP-45, CAP-48).

Order: an endpoint hears of things in the order of commits, as long as it takes them at once. A delivery that is tried
again keeps no other waiting, but for those about the same user or group at the same endpoint: they wait behind it until
it has arrived or is given up, so that nobody is told an older state after a newer one. Endpoints know nothing of each
other.

Work is done in turns: what has ended is written down, what is due is taken and handed to the sender, a batch at a time,
so that the store is never held for long. What is taken is due again after ``LEASE``: should its process have died, or
another one share the file, it is neither lost nor sent by both.

Rule: knows events as ids, types and bytes; what they say, how they are signed, what counts as delivered and when to try
again is for the seams. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from scimrig_simulator.clock import Clock
from scimrig_simulator.policy.delivery import Delivery
from scimrig_simulator.policy.events import Event
from scimrig_simulator.seams import Seams
from scimrig_simulator.server.endpoints import Endpoint, Endpoints
from scimrig_simulator.server.sender import TIMEOUT, Job, Sender, Sent
from scimrig_simulator.server.store import Store

LEASE = TIMEOUT + 5.0
"""Seconds for which what one process has taken to send is left to it."""

BATCH = 64
"""How many deliveries one turn writes down, and how many it takes, at most."""

KEPT = 10_000
"""How many events of a tenant are kept; older ones are, while a delivery of theirs is pending or has failed."""

PENDING, DELIVERED, FAILED = STATES = ("pending", "delivered", "failed")

_AGAIN = 1.0  # seconds until the next turn where one has failed, as where another process holds the file
_PRUNE = 16  # events between two looks at what may be forgotten

_log = logging.getLogger(__name__)

_NEW_EVENT = "INSERT OR IGNORE INTO event (tenant, id, type, occurred_at, subject, body) VALUES (?, ?, ?, ?, ?, ?)"
_NEW = """
INSERT INTO delivery (tenant, event, endpoint, subject, state, due, made, base)
SELECT ?1, ?2, number, ?3, 'pending', CASE WHEN EXISTS (
  SELECT 1 FROM delivery WHERE tenant = ?1 AND endpoint = number AND subject = ?3 AND state = 'pending'
) THEN NULL ELSE ?4 END, 0, 0
FROM endpoint WHERE tenant = ?1 AND enabled AND (events = '[]' OR instr(events, ?5) > 0)
"""
_DUE = """
SELECT event, made, base, id, body FROM delivery JOIN event ON event.seq = delivery.event
WHERE delivery.tenant = ? AND endpoint = ? AND state = 'pending' AND due <= ? ORDER BY due, event LIMIT ?
"""
_NEXT = "SELECT MIN(due) FROM delivery WHERE tenant = ? AND endpoint = ? AND state = 'pending'"
_TAKEN = "UPDATE delivery SET due = ? WHERE tenant = ? AND event = ? AND endpoint = ? AND state = 'pending'"
_ENDED = """
UPDATE delivery SET state = ?, due = ?, made = ?
WHERE tenant = ? AND event = ? AND endpoint = ? AND state = 'pending' AND made = ? RETURNING subject
"""
_FOLLOWS = """
UPDATE delivery SET due = MAX(?1, ?5 + (SELECT occurred_at FROM event WHERE seq = delivery.event))
WHERE tenant = ?2 AND endpoint = ?3 AND event = (
  SELECT MIN(event) FROM delivery WHERE tenant = ?2 AND endpoint = ?3 AND subject = ?4 AND state = 'pending'
) AND due IS NULL
"""
_GIVEN_UP = "UPDATE delivery SET state = 'failed', due = NULL WHERE tenant = ? AND endpoint = ? AND state = 'pending'"


@dataclass(frozen=True, slots=True)
class _Taken:
    """A delivery that is to be sent now. base: attempts that were made before this round of the ladder."""

    endpoint: Endpoint
    secrets: Sequence[str]
    event: int
    made: int
    base: int
    event_id: str
    body: bytes


class Outbox:
    """Events of one tenant and their endpoints. Safe to share by threads."""

    def __init__(self, store: Store, clock: Clock, seams: Seams, sender: Sender) -> None:
        self._store = store
        self._clock = clock
        self._seams = seams
        self.unencrypted = seams.unencrypted
        self._sender = sender
        self.endpoints = Endpoints(store, clock)
        self._ended: deque[tuple[Job, Sent]] = deque()
        self._under_way: dict[tuple[int, int], int] = {}  # delivery → what ``base`` was when it was taken
        self._planning = threading.Lock()
        self._turning = threading.RLock()  # a seam may sleep in a turn, and virtual time begins another meanwhile
        self._alarm: float | None = None
        self._last = float("-inf")
        self._rotation = 0
        self._fresh = _PRUNE
        self._pruned = 0
        self._closed = False

    # The endpoint at /manage/webhook

    def register(self, url: str) -> str:
        """Make ``url`` the main endpoint and return its new secret. What another main one waits for is given up."""
        with self._store.transaction():
            held = self.endpoints.main()
            if held is not None and held.url == url:
                secret = self.endpoints.rotate(held, overlap=0.0)
            else:
                self.unregister()
                _, secret = self.endpoints.create(url, main=True)
        self._sender.ready()
        return secret

    def unregister(self) -> None:
        """Have no main endpoint from now on; what it still waits for is given up."""
        with self._store.transaction():
            held = self.endpoints.main()
            if held is not None:
                self.remove(held)

    def remove(self, endpoint: Endpoint) -> None:
        """Forget an endpoint; what it still waits for is given up, and stays listed."""
        with self._store.transaction():
            self._store.execute(_GIVEN_UP, (self._store.tenant, endpoint.number))
            self.endpoints.remove(endpoint)

    # Events

    def record(self, events: Sequence[Event]) -> None:
        """Keep events for whoever hears of them. Inside the transaction of the change they tell of."""
        if not events:
            return
        due, tenant = self._clock.now() + (self._seams.ladder(0) or 0.0), self._store.tenant
        for event in events:
            subject = str(event.data.get("id", event.id))
            values = (tenant, event.id, event.type, event.occurred_at, subject, self._seams.payload(event))
            made = self._store.execute(_NEW_EVENT, values)
            if made.rowcount:
                self._store.execute(_NEW, (tenant, made.lastrowid, subject, due, json.dumps(event.type)))
        self._fresh += len(events)

    def kick(self) -> None:
        """After a commit: have what is due sent. What was rolled back is not found, and not sent."""
        self._plan(self._clock.now())

    def resume(self) -> None:
        """At the start: have what an earlier process left pending sent when it is due, in the order of commits."""
        if self.endpoints.all():
            self._sender.ready()
            self.kick()

    def close(self) -> None:
        """Send nothing more; call it before the store is closed. What is pending stays so, and due."""
        with self._store.transaction(lasting=False):
            if self._closed:
                return
            self._settle(len(self._ended))
            self._closed = True
            now = self._clock.now()
            for event, endpoint in self._under_way:  # the next process makes the attempt again
                self._store.execute(_TAKEN, (now, self._store.tenant, event, endpoint))

    def now(self) -> float:
        """The time, in seconds since the epoch."""
        return self._clock.now()

    def settle(self) -> None:
        """Write down all that has ended, for whoever wants to look."""
        with self._store.transaction(lasting=False):
            self._settle(len(self._ended))

    # Turns

    def _plan(self, when: float) -> None:
        """Have a turn at ``when``, or as soon after the last one as the sender wants."""
        with self._planning:
            when = max(when, self._last + self._sender.pause)
            if self._closed or (self._alarm is not None and self._alarm <= when):
                return
            self._alarm = when
        self._clock.at(when, partial(self._wake, when))

    def _wake(self, alarm: float) -> None:
        """The clock calls. An alarm that a later, earlier one has replaced does nothing."""
        with self._planning:
            if self._alarm != alarm:
                return
            self._alarm = None
            self._last = self._clock.now()
        try:
            with self._turning:
                self._turn()
        except Exception:
            _log.exception("webhooks of tenant %s wait a moment", self._store.tenant)
            self._plan(self._clock.now() + _AGAIN)

    def _turn(self) -> None:
        with self._store.transaction(lasting=False):
            if self._closed:
                return
            self._settle(BATCH)
            self._prune()
        with self._store.transaction(lasting=False):  # another one: who waits for the store has a go in between
            if self._closed:
                return
            taken = self._take()
            following = self._following()
        self._send(taken)
        if following is not None:
            self._plan(following)

    def _take(self) -> list[_Taken]:
        """What is due now, a fair share for each endpoint, and marked as under way."""
        now, tenant = self._clock.now(), self._store.tenant
        endpoints = [endpoint for endpoint in self.endpoints.all() if endpoint.enabled]
        self._rotation += 1
        first = self._rotation % max(1, len(endpoints))
        bodies: dict[int, bytes] = {}  # one object an event, for a sender that hands it on
        taken: list[_Taken] = []
        for endpoint in endpoints[first:] + endpoints[:first]:
            room = min(self._sender.room(endpoint.number), BATCH - len(taken))
            due = self._store.execute(_DUE, (tenant, endpoint.number, now, room)).fetchall() if room > 0 else []
            secrets = self.endpoints.secrets(endpoint.number) if due else ()
            for event, made, base, event_id, body in due:
                self._store.execute(_TAKEN, (now + LEASE, tenant, event, endpoint.number))
                if (event, endpoint.number) not in self._under_way:
                    self._under_way[event, endpoint.number] = base
                    same = bodies.setdefault(event, body)
                    taken.append(_Taken(endpoint, secrets, event, made, base, event_id, same))
        return taken

    def _following(self) -> float | None:
        """When there is something to do again, as far as it is known; None for when something new comes."""
        if self._ended:
            return self._clock.now()
        open_to_more = [one.number for one in self.endpoints.all() if one.enabled and self._sender.room(one.number)]
        found = (self._store.execute(_NEXT, (self._store.tenant, number)).fetchone() for number in open_to_more)
        return min((due for (due,) in found if due is not None), default=None)

    def _send(self, taken: Sequence[_Taken]) -> None:
        jobs: list[Job] = []
        try:
            jobs.extend(map(self._job, taken))
        finally:
            for lost in taken[len(jobs) :]:  # its turn comes again after the lease
                self._under_way.pop((lost.event, lost.endpoint.number), None)
            self._sender.send(jobs, self._done)

    def _job(self, taken: _Taken) -> Job:
        number = taken.made + 1
        delivery = Delivery(taken.event_id, number - taken.base, self._clock.now(), taken.body, taken.secrets)
        headers = self._seams.headers(delivery)
        return Job((taken.event, taken.endpoint.number), number, taken.endpoint.url, headers, taken.body)

    def _done(self, job: Job, sent: Sent) -> None:
        """An attempt has ended, in whatever thread."""
        self._ended.append((job, sent))
        self._plan(self._clock.now())

    def _settle(self, most: int) -> None:
        """Write down how attempts ended, at most so many. Inside a transaction."""
        for _ in range(most):
            try:
                job, sent = self._ended.popleft()
            except IndexError:  # another thread had it
                return
            base = self._under_way.pop(job.delivery, 0)
            self._write_down(job, sent, base)

    def _write_down(self, job: Job, sent: Sent, base: int) -> None:
        tenant, (event, endpoint), posted = self._store.tenant, job.delivery, sent.posted
        arrived = self._seams.delivered(posted.status)
        wait = None if arrived else self._seams.ladder(job.number - base)
        due = None if wait is None else sent.began + sent.duration + wait  # from the failure before (D6)
        state = DELIVERED if arrived else FAILED if due is None else PENDING
        values = (state, due, job.number, tenant, event, endpoint, job.number - 1)
        found = self._store.execute(_ENDED, values).fetchall()
        if not found:
            return  # it was given up meanwhile, or another process had it
        answer = posted.answer.decode("utf-8", "replace")
        attempt = (tenant, event, endpoint, job.number, sent.began, sent.duration, posted.status, posted.failure)
        self._store.execute("INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*attempt, answer, due))
        if state != PENDING:
            begins = self._seams.ladder(0) or 0.0  # who has waited for another is told no sooner than without it
            self._store.execute(_FOLLOWS, (self._clock.now(), tenant, endpoint, *found[0], begins))

    def _prune(self) -> None:
        """Forget what is old and arrived. Inside a transaction."""
        if self._fresh < _PRUNE:
            return
        self._fresh = 0
        tenant = self._store.tenant
        sql = "SELECT seq FROM event WHERE tenant = ? ORDER BY seq DESC LIMIT 1 OFFSET ?"
        oldest = self._store.execute(sql, (tenant, KEPT)).fetchone()
        if oldest is None:
            return
        sql = "SELECT event, endpoint FROM delivery WHERE tenant = ? AND state = 'delivered' AND event <= ? LIMIT 1000"
        told = self._store.execute(sql, (tenant, *oldest)).fetchall()
        for delivery in told:
            for table in ("attempt", "delivery"):
                which = "tenant = ? AND event = ? AND endpoint = ?"
                self._store.execute(f"DELETE FROM {table} WHERE {which}", (tenant, *delivery))
        untold = "NOT EXISTS (SELECT 1 FROM delivery WHERE delivery.tenant = event.tenant AND delivery.event = seq)"
        for event in {event for event, _ in told}:
            self._store.execute(f"DELETE FROM event WHERE seq = ? AND {untold}", (event,))
        sql = f"DELETE FROM event WHERE tenant = ? AND seq > ? AND seq <= ? AND {untold}"
        self._store.execute(sql, (tenant, self._pruned, *oldest))
        (self._pruned,) = oldest
