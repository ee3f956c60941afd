"""Saboteurs of PUT.

Rule: each class overrides what it breaks and asks ``super()`` for the rest. May not import ``server`` or ``idp``.
"""

from __future__ import annotations

from scimrig_simulator.calls import Answer, Call, Resource, Rows
from scimrig_simulator.faults.patching import nameless
from scimrig_simulator.faults.sabotage import Fault
from scimrig_simulator.scim import urns
from scimrig_simulator.scim.errors import ScimError
from scimrig_simulator.seams import Seams


class _Put204(Seams):
    def emit(self, call: Call, answer: Answer) -> Answer:
        if call.method == "PUT" and answer.status == 200:
            answer.status, answer.body = 204, None
        return super().emit(call, answer)


PUT_204 = Fault(
    "put-204", "PUT is answered 204, without the resource",
    "PATCH may be answered so, PUT may not: Okta reads the resource in the answer.",
    ("PUT-05",), _Put204,
)


class _PutCreates(Seams):
    def find(self, call: Call, rows: Rows) -> Resource:
        try:
            return super().find(call, rows)
        except ScimError:
            if call.method != "PUT" or call.id is None:
                raise
            return nameless(call, rows)


PUT_CREATES = Fault(
    "put-creates", "PUT of an unknown id creates a resource",
    "A stale id brings a deleted account back, where 404 would make the IdP look the person up again.",
    ("PUT-06",), _PutCreates,
)


class _PutRecreates(Seams):
    def unique(self, call: Call, after: Resource, rows: Rows) -> None:
        super().unique(call, after, rows)
        if call.method == "PUT" and call.kind.schema.id == urns.USER and call.id is not None:
            rows.remove(call.kind, call.id)
            rows.create(call.kind, {**after, "id": call.id})


PUT_RECREATES = Fault(
    "put-recreates", "PUT of a user deletes the row and inserts it anew",
    "Whatever hangs on the row is gone with every update: the user drops out of all groups.",
    ("PUT-03",), _PutRecreates,
)
