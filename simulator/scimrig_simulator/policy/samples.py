"""Events that nothing has happened for: one of each type, for whoever wants to see how their endpoint takes them.

Rule: made like any other event, so that a sample looks as the real thing does. Knows no seam, store or socket.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from scimrig_simulator.policy import events
from scimrig_simulator.policy.events import Event, Source, group_event, user_event

_USERS = (events.USER_CREATED, events.USER_UPDATED, events.USER_DELETED)
_GROUPS = (events.GROUP_CREATED, events.GROUP_UPDATED, events.GROUP_DELETED)
TYPES = (*_USERS, *_GROUPS)
"""The types there is a sample of."""


def sample(type: str, now: float, source: Source) -> Event:
    """An event of this type about somebody who is new each time. Raises LookupError for a type that isn't there."""
    if type in _USERS:
        return user_event(type, _user(str(uuid.uuid4())), now=now, roles=("member",), source=source)
    if type in _GROUPS:
        group = {"id": str(uuid.uuid4()), "displayName": "Engineering", "externalId": "sample-engineering"}
        return group_event(type, group, now=now, source=source)
    raise LookupError(type)


def _user(id: str) -> Mapping[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": id,
        "externalId": "sample-amara",
        "userName": "amara.osei@acme.test",
        "name": {"givenName": "Amara", "familyName": "Osei", "formatted": "Amara Osei"},
        "emails": [{"value": "amara.osei@acme.test", "type": "work", "primary": True}],
        "locale": "en-GB",
        "active": True,
        "groups": [],
    }
