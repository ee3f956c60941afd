"""Directories over the API (CAP-08, CAP-11, CAP-20, CAP-51; policy page §3.2).

Rule: reads and answers; what is done to a directory stands in ``server/steward.py``. May not import ``faults``, ``idp``
or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.clock import printed
from scimrig_simulator.policy.addresses import network
from scimrig_simulator.policy.events import UNSPECIFIED
from scimrig_simulator.server import policy
from scimrig_simulator.server.api import secrets
from scimrig_simulator.server.api.listings import GROUP, bare, directory_of
from scimrig_simulator.server.api.organizations import found
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, flag, known, refusal, text
from scimrig_simulator.server.organizations import DirectoryRecord
from scimrig_simulator.server.steward import Steward

PLACE = "/api/v1/organizations/{organization_id}/directories"

TYPES = ("SCIM", "LDAP", "POLL")
PROVIDERS = {
    "OKTA": "Okta", "GOOGLE": "Google Workspace", "MICROSOFT_AD": "Microsoft Entra ID", "AUTH0": "Auth0",
    "ONELOGIN": "OneLogin", "JUMPCLOUD": "JumpCloud", "PING_IDENTITY": "PingOne",
}  # fmt: skip
"""What a directory of each provider is called unless it is named."""

_MOST = 100


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    desk = _Directories(house, Steward(house))
    one = f"{PLACE}/{{id}}"
    return (
        Operation("ListDirectories", "GET", PLACE, desk.all),
        Operation("CreateDirectory", "POST", PLACE, desk.create, 201),
        Operation("GetDirectory", "GET", one, desk.get),
        Operation("UpdateDirectory", "PATCH", one, desk.update),
        Operation("DeleteDirectory", "DELETE", one, desk.delete),
        Operation("EnableDirectory", "PATCH", f"{one}:enable", lambda asked: desk.switch(asked, True)),
        Operation("DisableDirectory", "PATCH", f"{one}:disable", lambda asked: desk.switch(asked, False)),
        Operation("AssignRoles", "PUT", f"{one}/groups/-/roles:assign", desk.assign),
        Operation("TriggerDirectorySync", "GET", f"{PLACE}/{{directory_id}}:sync", desk.sync),
    )


@dataclass(frozen=True, slots=True)
class _Directories:
    house: House
    steward: Steward

    def all(self, asked: Asked) -> Body:
        """GET of an organization's directories, oldest first; they aren't paged."""
        with self.house.store.lock:
            organization = found(self.house, asked.path["organization_id"])
            records = self.house.organizations.directories(organization)
            return {"directories": [self._shown(asked, organization.id, record) for record in records]}

    def create(self, asked: Asked) -> Body:
        """POST."""
        body = known(asked.body, "directory_type", "directory_provider", "name")
        type, provider = _type(body) or TYPES[0], _provider(body)
        name = text(body, "name", "").strip() or PROVIDERS.get(provider, "Custom directory")
        with self.house.store.transaction():
            organization = found(self.house, asked.path["organization_id"])
            record = self.steward.open(asked, organization, name, type, provider)
            return {"directory": self._shown(asked, organization.id, record)}

    def get(self, asked: Asked) -> Body:
        """GET of one."""
        with self.house.store.lock:
            return {"directory": self._shown(asked, asked.path["organization_id"], self._record(asked))}

    def update(self, asked: Asked) -> Body:
        """PATCH: what is named is set. allowed_addresses: networks that may come in, none = all (CAP-20)."""
        body = known(
            asked.body, "name", "directory_type", "directory_provider", "enabled", "email", "allowed_addresses"
        )
        values: dict[str, Any] = {"name": text(body, "name")} if "name" in body else {}
        if _type(body):
            values["type"] = _type(body)
        if "directory_provider" in body:
            values["provider"] = _provider(body)
        if "enabled" in body:
            values["enabled"] = flag(body, "enabled")
        if "email" in body:
            values["email"] = text(body, "email", "")
        if "allowed_addresses" in body:
            values["allowed"] = networks(body["allowed_addresses"], "allowed_addresses")
        record = self.steward.adjust(asked, self._record(asked), **values)
        with self.house.store.lock:
            return {"directory": self._shown(asked, asked.path["organization_id"], record)}

    def delete(self, asked: Asked) -> None:
        """DELETE of one with all that it has."""
        try:
            self.steward.close(asked, self._record(asked))
        except ValueError as error:
            raise refusal(Code.FAILED_PRECONDITION, str(error)) from None

    def switch(self, asked: Asked, enabled: bool) -> Body:
        """PATCH …:enable and :disable."""
        return {"enabled": self.steward.adjust(asked, self._record(asked), enabled=enabled).enabled}

    def assign(self, asked: Asked) -> Body:
        """PUT: the groups that give roles, these and no others (CAP-31)."""
        wanted = _assignments(known(asked.body, "assignments").get("assignments"))
        with self.house.store.transaction():
            record = self._record(asked)
            store = self.house.store.of(record.tenant)
            unknown = next((id for id in wanted if store.fetch(policy.GROUP, id) is None), None)
            if unknown is not None:
                words = f"There is no group {GROUP + unknown!r} in {record.id}."
                raise refusal(Code.NOT_FOUND, words, "GROUP_NOT_FOUND")
            self.steward.assign(asked, record, wanted)
            return {"role_assignments": _roles(store.mapped_roles())}

    def sync(self, asked: Asked) -> Body:
        """GET …:sync. An IdP pushes what it has when it wants to: there is nobody to be polled."""
        self._record(asked, "directory_id")
        return {}

    def _record(self, asked: Asked, key: str = "id") -> DirectoryRecord:
        return directory_of(self.house, asked, key)

    def _shown(self, asked: Asked, organization_id: str, record: DirectoryRecord) -> Mapping[str, Any]:
        """A directory as the API shows it. Under the store's lock."""
        store, tokens = self.house.store.of(record.tenant), self.house.tenants.tokens(record.tenant)
        stats = {
            "total_users": store.tally([policy.USER]), "total_groups": store.tally([policy.GROUP]),
            **_moment("user_updated_at", store.newest(policy.USER)),
            **_moment("group_updated_at", store.newest(policy.GROUP)),
        }  # fmt: skip
        return {
            "id": record.id,
            "name": record.name,
            "directory_type": record.type,
            "directory_provider": record.provider or UNSPECIFIED,
            "organization_id": organization_id,
            "enabled": record.enabled,
            "status": "COMPLETED" if record.synced is not None else "IN_PROGRESS" if tokens else "DRAFT",
            "directory_endpoint": self.house.endpoint(record, asked.origin),
            "email": record.email,
            "groups_tracked": "ALL",
            "allowed_addresses": list(record.allowed),
            **_moment("last_synced_at", record.synced),
            "total_users": stats["total_users"],
            "total_groups": stats["total_groups"],
            "stats": stats,
            "secrets": [secrets.shown(token, record) for token in tokens],
            "role_assignments": _roles(store.mapped_roles()),
            "attribute_mappings": {"attributes": [dict(one) for one in record.mappings]},
        }


def networks(given: Any, key: str) -> list[str]:
    """An allow-list in canonical form, each network once. Raises Trouble 400."""
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given) or len(given) > _MOST:
        words = f"{key!r} must be an array of at most {_MOST} networks, as in [\"192.0.2.0/24\", \"2001:db8::1\"]."
        raise refusal(Code.INVALID_ARGUMENT, words)
    wanted = []
    for one in given:
        try:
            wanted.append(network(one))
        except ValueError:
            words = f"{one[:100]!r} is neither a network nor an address, such as 192.0.2.0/24 or 2001:db8::1."
            raise refusal(Code.INVALID_ARGUMENT, words) from None
    return list(dict.fromkeys(wanted))


def _type(body: Body) -> str:
    """The type that a body names, "" where it names none."""
    type = text(body, "directory_type", "")
    if type in ("", "DIRECTORY_TYPE_UNSPECIFIED"):
        return ""
    if type not in TYPES:
        raise refusal(Code.INVALID_ARGUMENT, f"'directory_type' must be one of {', '.join(TYPES)}.")
    return type


def _provider(body: Body) -> str:
    """The provider that a body names, "" for a custom one."""
    provider = text(body, "directory_provider", "")
    if provider in ("", UNSPECIFIED):
        return ""
    if provider not in PROVIDERS:
        words = f"'directory_provider' must be one of {', '.join(PROVIDERS)}, or {UNSPECIFIED} for any other."
        raise refusal(Code.INVALID_ARGUMENT, words)
    return provider


def _assignments(given: Any) -> dict[str, str]:
    """Roles by the ids of groups, as SCIM knows them."""
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        words = "'assignments' must be an array of {\"group_id\": …, \"role_name\": …}."
        raise refusal(Code.INVALID_ARGUMENT, words)
    wanted: dict[str, str] = {}
    for one in given:
        known(one, "group_id", "role_name", "role_id")
        named, role = text(one, "group_id"), text(one, "role_name", longest=100).strip()
        id = bare(named, GROUP)
        if not id:
            raise refusal(Code.INVALID_ARGUMENT, f"{named[:100]!r} is no group's id, which begins with {GROUP}.")
        if wanted.setdefault(id, role) != role:
            raise refusal(Code.INVALID_ARGUMENT, f"{named!r} can give one role only.")
    return wanted


def _roles(mapped: Mapping[str, str]) -> Mapping[str, Any]:
    return {"assignments": [{"group_id": GROUP + id, "role_name": role, "role_id": ""} for id, role in mapped.items()]}


def _moment(name: str, milliseconds: int | None) -> dict[str, str]:
    return {} if milliseconds is None else {name: printed(milliseconds / 1000)}
