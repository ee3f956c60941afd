"""What became of events: the deliveries of a tenant, listed with their attempts, and sent once more where one asks.

A delivery belongs to one event and one endpoint, and its id says so; the endpoint may be gone. Sending once more begins
a new round of the ladder: the same event under the same id, with a fresh timestamp and the secrets of today (CAP-45).

Rule: reads what the outbox writes, and asks it to send. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.clock import printed
from scimrig_simulator.server.outbox import Outbox
from scimrig_simulator.server.store import Store

LARGEST_PAGE = 1000

_LIST = """
SELECT event.seq, event.id, event.type, delivery.endpoint, endpoint.id, state, due, made
FROM delivery JOIN event ON event.seq = delivery.event LEFT JOIN endpoint ON endpoint.number = delivery.endpoint
WHERE delivery.tenant = ? AND {which} ORDER BY delivery.event, delivery.endpoint LIMIT ?
"""
_ATTEMPTS = """
SELECT number, at, duration, status, failure, answer, next FROM attempt
WHERE tenant = ? AND event = ? AND endpoint = ? ORDER BY number
"""
_AGAIN = """
UPDATE delivery SET state = 'pending', base = made, due = CASE WHEN EXISTS (
  SELECT 1 FROM delivery AS other WHERE other.tenant = ?1 AND other.endpoint = ?3 AND other.subject = delivery.subject
  AND other.state = 'pending' AND other.event <> ?2
) THEN NULL ELSE ?4 END
WHERE tenant = ?1 AND event = ?2 AND endpoint = ?3
"""


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The deliveries of one tenant."""

    store: Store
    outbox: Outbox

    def listed(self, state: str = "", after: str = "", limit: int = LARGEST_PAGE) -> tuple[list[dict[str, Any]], str]:
        """At most ``limit``, oldest event first, as JSON, and what to give as ``after`` for more; "" = no more.

        Raises LookupError where ``after`` is no delivery.
        """
        self.outbox.settle()
        with self.store.lock:
            which, values = "TRUE", list[Any]()
            if state:
                which, values = "state = ?", [state]
            if after:
                event, endpoint = self._numbers(after)
                which += " AND (delivery.event > ? OR (delivery.event = ? AND delivery.endpoint > ?))"
                values += [event, event, endpoint]
            found = self.store.execute(_LIST.format(which=which), (self.store.tenant, *values, limit + 1)).fetchall()
            shown = [self._shown(*row) for row in found[:limit]]
        return shown, shown[-1]["id"] if len(found) > limit else ""

    def again(self, id: str) -> list[dict[str, Any]]:
        """Send a delivery once more, or (by the id of an event) all of that event, whatever became of them.

        Raises LookupError where there is none, ValueError where its endpoint or its body is gone.
        """
        self.outbox.settle()
        with self.store.transaction():
            rows = self._found(id)
            lacking = next((row for row in rows if row[4] is None), None)
            if lacking is not None:
                raise ValueError(f"the endpoint of delivery {_id(lacking[1], lacking[3])} has been removed")
            for event, _, _, endpoint, *_ in rows:
                (size,) = self.store.execute("SELECT LENGTH(body) FROM event WHERE seq = ?", (event,)).fetchone()
                if not size:
                    raise ValueError("an older scimrig delivered it and didn't keep its body")
                self.store.execute(_AGAIN, (self.store.tenant, event, endpoint, self.outbox.now()))
            shown = [self._shown(*row) for row in self._found(id)]
        self.outbox.kick()
        return shown

    def _found(self, id: str) -> list[Any]:
        name, dot, endpoint = id.rpartition(".")
        which, values = ("event.id = ? AND delivery.endpoint = ?", (name, endpoint)) if dot else ("event.id = ?", (id,))
        rows = self.store.execute(_LIST.format(which=which), (self.store.tenant, *values, -1)).fetchall()
        if not rows:
            raise LookupError(id)
        return rows

    def _numbers(self, id: str) -> tuple[int, int]:
        row = self._found(id)[-1]
        return int(row[0]), int(row[3])

    def _shown(
        self, event: int, event_id: str, type: str, endpoint: int, endpoint_id: str | None, state: str,
        due: float | None, made: int,
    ) -> dict[str, Any]:  # fmt: skip
        attempts = self.store.execute(_ATTEMPTS, (self.store.tenant, event, endpoint)).fetchall() if made else []
        return {
            "id": _id(event_id, endpoint),
            "event_id": event_id,
            "endpoint_id": endpoint_id,
            "type": type,
            "state": state,
            "next_attempt_at": _moment(due if state == "pending" else None),
            "attempts": _attempts(attempts),
        }


def _attempts(rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    return [
        {
            "number": number,
            "started_at": printed(at),
            "duration": round(duration, 6),
            "status": status,
            "failure": failure,
            "response": answer,
            "next_attempt_at": _moment(next),
        }
        for number, at, duration, status, failure, answer, next in rows
    ]


def _id(event_id: str, endpoint: int) -> str:
    return f"{event_id}.{endpoint}"


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else printed(seconds)
