"""The users of a directory over the API: what an application reconciles with (CAP-49, CAP-52; policy page §3.2).

Who is switched off is listed as well, with ``active`` false; who is deleted is not.

Rule: reads; the profile is that of events. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.calls import Resource
from scimrig_simulator.clock import printed
from scimrig_simulator.policy.events import whole_user
from scimrig_simulator.policy.profile import as_texts
from scimrig_simulator.server import policy
from scimrig_simulator.server.api.listings import GROUP, PLACE, USER, Listing, bare, directory_of, page, since, switch
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Code, Operation, refusal
from scimrig_simulator.server.organizations import DirectoryRecord
from scimrig_simulator.server.store import Row, Store


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    return (Operation("ListDirectoryUsers", "GET", f"{PLACE}/users", _DirectoryUsers(house).page),)


@dataclass(frozen=True, slots=True)
class _DirectoryUsers:
    house: House

    def page(self, asked: Asked) -> Body:
        """GET: page_size, page_token, include_detail, directory_group_id, updated_after."""
        with self.house.store.reading():
            record = directory_of(self.house, asked)
            store = self.house.store.of(record.tenant)
            listing = Listing(store, policy.USER, since(self.house, asked), _group_id(store, asked))
            found = page(self.house, listing, record, asked)
            users = self._shown(record, found.found, asked, switch(asked, "include_detail"))
            return {"users": self.house.seams.listed(users), "total_size": listing.total(), **found.tokens}

    def _shown(self, record: DirectoryRecord, rows: Sequence[Row], asked: Asked, detail: bool) -> list[dict[str, Any]]:
        rules = self.house.policy(record.tenant)
        profiles, base_url = rules.profiles(), self.house.endpoint(record, asked.origin)
        resources = self.house.desk(record.tenant, base_url).portraits(rows)
        roles = rules.roles_of(resources) if detail else {}
        return [
            {
                **shown(user, profile := profiles.of(user), row),
                **({"user_detail": _detail(user, profile, roles[row.id])} if detail else {}),
            }
            for row, user in zip(rows, resources, strict=True)
        ]


def _group_id(store: Store, asked: Asked) -> str:
    wanted = asked.query.get("directory_group_id", "")
    if wanted and store.fetch(policy.GROUP, bare(wanted, GROUP)) is None:
        raise refusal(Code.NOT_FOUND, f"There is no group {wanted!r} in this directory.", "GROUP_NOT_FOUND")
    return bare(wanted, GROUP)


def shown(user: Resource, profile: Mapping[str, Any], row: Row) -> dict[str, Any]:
    """A user as the directory API shows one: what its protocol has, and what its samples read besides."""
    emails = [entry["value"] for entry in user.get("emails", ()) if entry.get("value")]
    address = profile.get("email", "")
    names = ("email", "preferred_username", "given_name", "family_name", "name")
    return {
        "id": f"{USER}{user['id']}",
        **{name: profile.get(name, "") for name in names},
        "emails": emails or ([address] if address else []),
        "groups": [
            {"id": f"{GROUP}{group['value']}", "display_name": group["display"], "name": group["display"]}
            for group in user.get("groups", ())
        ],
        "active": profile["active"],
        "external_id": profile.get("dp_id", ""),
        "updated_at": printed(row.modified / 1000),
    }


def _detail(user: Resource, profile: Mapping[str, Any], roles: Sequence[str]) -> dict[str, Any]:
    custom = as_texts(profile["custom_attributes"])
    return {"id": f"{USER}{user['id']}", **whole_user(user, {**profile, "custom_attributes": custom}, roles)}
