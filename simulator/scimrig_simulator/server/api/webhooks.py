"""A test event over the API: a sample of a type goes to the endpoints that hear of it, like any other event.

Rule: reads and answers; what a sample looks like stands in ``policy/samples.py``. May not import ``faults``, ``idp`` or
``drive``.
"""

from __future__ import annotations

import json

from scimrig_simulator.policy.events import payload
from scimrig_simulator.policy.samples import TYPES, sample
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, known, refusal, text

PLACE = "/api/v1/webhooks/test-event/{event_type}"
_REFERENCE = "dir_ref"


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""

    def send(asked: Asked) -> Body:
        type, id = asked.path["event_type"], text(known(asked.body, "directory_id"), "directory_id", _REFERENCE)
        directory = house.organizations.directory(id)
        if directory is None:
            raise refusal(Code.NOT_FOUND, f"There is no directory {id!r}.", "DIRECTORY_NOT_FOUND")
        policy = house.policy(directory.tenant)
        try:
            event = sample(type, house.clock.now(), policy.source())
        except LookupError:
            raise refusal(Code.INVALID_ARGUMENT, f"There is no event {type!r}, only {', '.join(TYPES)}.") from None
        with policy.store.transaction():
            policy.outbox.record([event])
        policy.outbox.kick()
        return {"event_id": event.id, "event_type": type, "event_payload": json.loads(payload(event))}

    return (Operation("SendTestEvent", "POST", PLACE, send),)
