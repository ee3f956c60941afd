"""The events of directories over the API, as they were sent to webhooks, and kept where no webhook listens (CAP-55).

Rule: reads; what an event says is for ``policy/events.py``. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.server.api import paging
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Operation, Trouble, known, text
from scimrig_simulator.server.records import moment

PLACE = "/api/v1/events"

_KEYS = ("event_types", "start_time", "end_time", "organization_id", "source")
_SOURCES = ("", "SOURCE_UNSPECIFIED", "DIR_SYNC", "SCALEKIT")
_OURS = frozenset({"", "SOURCE_UNSPECIFIED", "DIR_SYNC"})


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    return (Operation("ListEventsPaginated", "POST", f"{PLACE}/paginated", _Events(house).list),)


@dataclass(frozen=True, slots=True)
class _Events:
    house: House

    def list(self, asked: Asked) -> Body:
        """Oldest first. The body is the filter: ``event_types``, ``start_time``, ``end_time`` (not included),
        ``organization_id``, ``source``; what is empty doesn't matter."""
        where, values = _filter(asked.body)

        def take(place: paging.Place, forward: bool, count: int) -> Sequence[tuple[int, bytes]]:
            beyond, order = (">", "ASC") if forward else ("<", "DESC")
            sql = f"""SELECT seq, body FROM event JOIN directory USING (tenant)
                      JOIN organization ON organization.number = directory.organization
                      WHERE seq {beyond} ? AND {where} ORDER BY seq {order} LIMIT ?"""
            with self.house.store.lock:
                return self.house.store.execute(sql, (place[1], *values, count)).fetchall()

        with self.house.store.reading():
            page = paging.part(self.house, ("events", where, json.dumps(values)), asked, take, lambda row: (0, row[0]))
        return {"events": [json.loads(body) for _, body in page.found], **page.tokens}


def _filter(body: Body) -> tuple[str, list[Any]]:
    """What an event has to meet, as an SQL condition and its values. Raises Trouble 400."""
    known(body, *_KEYS)
    terms: list[str] = ["TRUE"]
    values: list[Any] = []
    types = body.get("event_types") or []
    if not isinstance(types, list) or not all(isinstance(one, str) for one in types) or len(types) > 100:
        raise Trouble(400, "'event_types' must be a list of names of events, of 100 at most.")
    if types:
        terms.append(f"event.type IN ({', '.join('?' * len(types))})")
        values += types
    for key, sign in (("start_time", ">="), ("end_time", "<")):
        given = moment(text(body, key, ""), key)
        if given is not None:
            terms.append(f"event.occurred_at {sign} ?")
            values.append(given)
    if organization_id := text(body, "organization_id", ""):
        terms.append("organization.id = ?")
        values.append(organization_id)
    source = text(body, "source", "")
    if source not in _SOURCES:
        raise Trouble(400, f"'source' must be one of {', '.join(_SOURCES[1:])}.")
    return " AND ".join(terms if source in _OURS else [*terms, "FALSE"]), values
