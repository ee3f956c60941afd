"""What the API's writes leave in the audit log: one entry each, in the transaction of the write (CAP-54).

Rule: makes entries and decides nothing. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from scimrig_simulator.policy.entries import Entry, cut
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked
from scimrig_simulator.server.organizations import DirectoryRecord, Organization

STATUS = {"POST": 201, "PUT": 200, "PATCH": 200, "DELETE": 204}


def record(
    house: House,
    asked: Asked,
    action: str,
    organization: Organization,
    directory: DirectoryRecord | None,
    target: Mapping[str, str],
    changes: Sequence[Mapping[str, Any]] = (),
    request: tuple[str, str] | None = None,
) -> None:
    """Tell of a write that is done. action: "user.update" and the like.  target: type, id, external_id, email.

    request: method, and the template of the path.
    """
    caller = asked.caller
    actor = {"type": caller.kind, "id": caller.id, "ip": caller.address, "user_agent": cut(caller.user_agent)}
    entry = Entry(
        action,
        house.clock.now(),
        actor={name: value for name, value in actor.items() if value},
        target={name: cut(value) for name, value in target.items() if value},
        request={} if request is None else {"method": request[0], "path": request[1], "status": STATUS[request[0]]},
        changes=changes,
        organization_id=organization.id,
        directory_id="" if directory is None else directory.id,
    )
    house.audit.record(organization.number, None if directory is None else directory.tenant, entry)
