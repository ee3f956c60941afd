"""The management API of a server with a policy: what its owner sets up, and what there is to see of it.

Rule: reads and sets; what follows from a setting is for ``policy.py`` and the outbox. May not import ``faults``,
``idp`` or ``drive``.
"""

from __future__ import annotations

import re
from typing import Any

from scimrig_simulator.calls import Resource
from scimrig_simulator.policy.rules import canonical_domain
from scimrig_simulator.server.desk import Desk
from scimrig_simulator.server.house import House
from scimrig_simulator.server.office import PLACE
from scimrig_simulator.server.operations import Asked, Body, Operation, Trouble, only
from scimrig_simulator.server.organizations import DirectoryRecord, Organization
from scimrig_simulator.server.policy import GROUP, USER, Policy
from scimrig_simulator.server.sessions import Sessions
from scimrig_simulator.server.steward import Steward
from scimrig_simulator.server.webhooks import Webhooks

_ROLE = re.compile(r"[^\s\x00-\x1f](?:[^\x00-\x1f]{0,98}[^\s\x00-\x1f])?")


class Management:
    """What can be done below ``PLACE`` of one tenant."""

    def __init__(self, house: House, policy: Policy) -> None:
        self._steward = Steward(house)
        self._policy = policy
        self._desk = Desk(policy.store, policy.definitions, policy.clock, "")

    @property
    def _organization(self) -> Organization:
        return self._policy.organizations.of(self._policy.store.tenant)

    @property
    def _directory(self) -> DirectoryRecord:
        record = self._policy.organizations.record(self._policy.store.tenant)
        if record is None:
            raise Trouble(404, "This tenant is gone.")
        return record

    def operations(self) -> tuple[Operation, ...]:
        """The table."""
        roles = f"{PLACE}/roles"
        return (
            Operation("ManageListDomains", "GET", f"{PLACE}/domains", self._domains),
            Operation("ManageSetDomains", "PUT", f"{PLACE}/domains", self._set_domains),
            Operation("ManageGetRoles", "GET", roles, self._roles),
            Operation("ManageSetDefaultRole", "PUT", roles, self._set_default_role),
            Operation("ManageMapRole", "PUT", f"{roles}/map/{{group_id}}", self._map_role),
            Operation("ManageUnmapRole", "DELETE", f"{roles}/map/{{group_id}}", self._unmap_role),
            Operation("ManageGetUserRoles", "GET", f"{PLACE}/users/{{id}}/roles", self._roles_of),
            Operation("ManageGetUserAccess", "GET", f"{PLACE}/users/{{id}}/access", self._access_of),
            *Sessions(self._policy, self._desk).operations(),
            *Webhooks(self._policy.store, self._policy.outbox).operations(),
        )

    # Domains

    def _domains(self, _: Asked) -> Body:
        with self._policy.store.lock:
            return {"domains": list(self._policy.rules().domains)}

    def _set_domains(self, asked: Asked) -> Body:
        wanted = only(asked.body, "domains")
        if not isinstance(wanted, list) or not all(isinstance(item, str) for item in wanted):
            raise Trouble(400, '\'domains\' must be an array of domain names, as in {"domains": ["acme.test"]}.')
        names = {text: canonical_domain(text) for text in wanted}
        wrong = next((text for text, name in names.items() if not name), None)
        if wrong is not None:
            raise Trouble(400, f"{wrong!r} is no domain name; write it as it stands behind the @ of an address.")
        self._steward.set_domains(asked, self._organization, sorted(set(names.values())))
        return self._domains(asked)

    # Roles

    def _roles(self, _: Asked) -> Body:
        with self._policy.store.lock:
            rules = self._policy.rules()
        return {"default": rules.default_role, "map": dict(rules.roles)}

    def _set_default_role(self, asked: Asked) -> Body:
        self._steward.set_default_role(asked, self._organization, _role(only(asked.body, "default"), "default"))
        return self._roles(asked)

    def _map_role(self, asked: Asked) -> Body:
        group_id, role = asked.path["group_id"], _role(only(asked.body, "role"), "role")
        with self._policy.store.lock:
            if self._policy.store.fetch(GROUP, group_id) is None:
                raise Trouble(404, f"There is no group with id {group_id!r}.")
            self._steward.assign(asked, self._directory, {**self._policy.rules().roles, group_id: role})
        return {"role": role}

    def _unmap_role(self, asked: Asked) -> None:
        group_id = asked.path["group_id"]
        with self._policy.store.lock:
            held = self._policy.rules().roles
            if group_id not in held:
                raise Trouble(404, f"The group {group_id!r} gives no role.")
            self._steward.assign(asked, self._directory, {id: role for id, role in held.items() if id != group_id})

    # Users

    def _roles_of(self, asked: Asked) -> Body:
        id = asked.path["id"]
        with self._policy.store.lock:
            user = self._user(id)
            if user is None:
                raise Trouble(404, f"There is no user with id {id!r}.")
            return {"roles": list(self._policy.roles(user, self._policy.rules()))}

    def _access_of(self, asked: Asked) -> Body:
        with self._policy.store.lock:
            user = self._user(asked.path["id"])
            allowed = self._policy.seams.access(user)
        return {"allowed": allowed, "reason": "" if allowed else "unknown" if user is None else "deactivated"}

    def _user(self, id: str) -> Resource | None:
        return self._desk.fetch(self._desk.definitions.resource_type(USER), id)


def _role(value: Any, key: str) -> str:
    if not isinstance(value, str) or not _ROLE.fullmatch(value):
        raise Trouble(400, f"{key!r} must be the name of a role, of 100 characters at most.")
    return value
