"""What can be done at the portal, as operations: its JSON twin (CAP-17). The forms of its pages do the same.

Most of it is lent by the API: the portal is a window on one organization, and what it may do there is a selection.

Rule: may see and do nothing beyond the session's own organization. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from scimrig_simulator.policy.entries import REJECTED, Entry, cut
from scimrig_simulator.server.api.directories import PROVIDERS
from scimrig_simulator.server.api.listings import directory_of
from scimrig_simulator.server.audit import REFUSED, Wanted
from scimrig_simulator.server.diagnosis import Doctor
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import (
    Asked,
    Body,
    Code,
    Operation,
    Operations,
    Trouble,
    known,
    number,
    refusal,
)
from scimrig_simulator.server.organizations import Organization
from scimrig_simulator.server.steward import Steward

PLACE = "/api/v1/organizations/{organization_id}"
TEST = "PortalTestDirectory"

_LENT = frozenset({
    "ListDirectories", "CreateDirectory", "GetDirectory", "UpdateDirectory", "CreateDirectorySecret",
    "RegenerateDirectorySecret", "UpdateAttributes", "AssignRoles", "ListDirectoryGroupsSummary", "ListDomains",
})  # fmt: skip
_ALONE = {"UpdateDirectory": ("name", "directory_provider"), "CreateDirectory": ("name", "directory_provider")}
"""What of a body is taken, where that is less than the API takes."""

_ACTIONS = {
    "CreateDirectory": "directory.create", "UpdateDirectory": "directory.update",
    "CreateDirectorySecret": "secret.create", "RegenerateDirectorySecret": "secret.regenerate",
    "PortalRevokeSecret": "secret.revoke", "UpdateAttributes": "directory.update_attributes",
    "AssignRoles": "directory.assign_roles", TEST: "directory.test",
}  # fmt: skip
_USUAL, _MOST = 20, 100


class Functions:
    """The operations of the portal; paths begin behind an organization's, as the API has them. lent: the API's."""

    def __init__(self, house: House, lent: Operations) -> None:
        self.house = house
        self._lent = lent
        self._own = Operations(self._table())

    def find(self, organization: Organization, segments: Sequence[str]) -> tuple[dict[str, Operation], dict[str, str]]:
        """The operations at a path by method, and its variables. Raises Trouble 404."""
        path = ("api", "v1", "organizations", organization.id, *segments)
        found: dict[str, Operation] = {}
        variables: dict[str, str] = {}
        for table in (self._lent, self._own):
            with suppress(Trouble):
                methods, named = table.find(path)
                here = {key: one for key, one in methods.items() if one.name in _LENT or table is self._own}
                found |= here
                variables |= named if here else {}
        if not found:
            raise Trouble(404, "There is no such thing at the portal.")
        return found, variables

    def do(self, organization: Organization, operation: Operation, asked: Asked) -> Body | None:
        """Have it done. A refusal of what would have changed something goes on record. Raises Trouble, ScimError."""
        try:
            if operation.name in _ALONE:
                known(asked.body, *_ALONE[operation.name])
            return operation.handler(asked)
        except Trouble as trouble:
            self.refused(organization, operation, asked, trouble)
            raise

    def refused(self, organization: Organization, operation: Operation, asked: Asked, trouble: Trouble) -> None:
        """Leave an entry on what was refused, unless it was only to be read."""
        if operation.name not in _ACTIONS:
            return
        caller = asked.caller
        id = asked.path.get("directory_id") or asked.path.get("id") or ""
        actor = {"type": caller.kind, "id": caller.id, "ip": caller.address, "user_agent": cut(caller.user_agent)}
        entry = Entry(
            _ACTIONS[operation.name],
            self.house.clock.now(),
            REJECTED,
            trouble.error_code.lower(),
            actor={name: text for name, text in actor.items() if text},
            target={"type": "Directory", "id": cut(id)} if id else {"type": "Organization", "id": organization.id},
            request={"method": operation.method, "path": operation.path, "status": trouble.status},
            organization_id=organization.id,
        )
        self.house.audit.record(organization.number, None, entry)

    # Its own

    def _table(self) -> tuple[Operation, ...]:
        one = f"{PLACE}/directories/{{directory_id}}"
        return (
            Operation("PortalListProviders", "GET", f"{PLACE}/providers", self._providers),
            Operation("PortalRevokeSecret", "DELETE", f"{one}/secrets/{{secret_id}}", self._revoke),
            Operation("PortalListRejections", "GET", f"{one}/rejections", self._rejections),
            Operation("PortalDiagnose", "GET", f"{one}/diagnosis", self._diagnose),
            Operation(TEST, "POST", f"{one}:test", self._test),
        )

    def _providers(self, _: Asked) -> Body:
        return {"providers": [{"id": id, "name": name} for id, name in PROVIDERS.items()]}

    def _revoke(self, asked: Asked) -> None:
        directory = directory_of(self.house, asked)
        if not Steward(self.house).revoke(asked, directory, asked.path["secret_id"]):
            raise refusal(Code.NOT_FOUND, "There is no such token.", "SECRET_NOT_FOUND")

    def _rejections(self, asked: Asked) -> Body:
        """The newest first."""
        directory = directory_of(self.house, asked)
        limit = number(asked.query, "limit", _USUAL, 1, _MOST)
        wanted = Wanted(outcome=REFUSED, tenant=directory.tenant, actor="idp")
        found = self.house.audit.entries(directory.organization, wanted, limit, newest=True)
        return {"rejections": [_rejection(entry) for _, entry in found]}

    def _diagnose(self, asked: Asked) -> Body:
        directory = directory_of(self.house, asked)
        email = asked.query.get("email", "").strip()
        if not email:
            raise Trouble(400, "Say who is missed: the address goes into 'email'.")
        return Doctor(self.house, directory.tenant).diagnose(email)

    def _test(self, asked: Asked) -> Body:
        """Leave an entry on a test; what it has found is the body, whatever the client sent."""
        directory = directory_of(self.house, asked)
        organization = self.house.organizations.of(directory.tenant)
        found = {"passed": asked.body["passed"]}
        Steward(self.house).note(asked, _ACTIONS[TEST], organization, directory, after=found)
        return asked.body


def _rejection(entry: dict[str, Any]) -> dict[str, Any]:
    target, wanted = entry["target"], entry.get("wanted", {})
    who = wanted.get("email") or target.get("email") or wanted.get("user_name") or target.get("id", "")
    return {
        "id": entry["id"], "occurred_at": entry["occurred_at"], "action": entry["action"], "who": who,
        "reason": entry["reason"], "status": entry["request"]["status"], "outcome": entry["outcome"],
    }  # fmt: skip
