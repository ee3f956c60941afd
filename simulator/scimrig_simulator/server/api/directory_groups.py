"""The groups of a directory over the API (CAP-49, CAP-52; policy page §3.2).

Every group was pushed by the IdP, so ``include_external_groups`` adds none.

Rule: reads. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scimrig_simulator.clock import printed
from scimrig_simulator.server import policy
from scimrig_simulator.server.api.listings import GROUP, PLACE, Listing, counts, directory_of, page, since, switch
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Body, Operation
from scimrig_simulator.server.organizations import DirectoryRecord
from scimrig_simulator.server.store import Row


def operations(house: House) -> tuple[Operation, ...]:
    """The table."""
    groups = _DirectoryGroups(house)
    return (
        Operation("ListDirectoryGroups", "GET", f"{PLACE}/groups", groups.page),
        Operation("ListDirectoryGroupsSummary", "GET", f"{PLACE}/groups/summary", groups.summary),
    )


@dataclass(frozen=True, slots=True)
class _DirectoryGroups:
    house: House

    def page(self, asked: Asked) -> Body:
        """GET: page_size, page_token, include_detail, include_external_groups, updated_after."""
        switch(asked, "include_external_groups")
        with self.house.store.reading():
            record = directory_of(self.house, asked)
            listing = Listing(self.house.store.of(record.tenant), policy.GROUP, since(self.house, asked))
            found = page(self.house, listing, record, asked)
            groups = self._shown(record, found.found, asked, switch(asked, "include_detail"))
            return {"groups": self.house.seams.listed(groups), "total_size": listing.total(), **found.tokens}

    def summary(self, asked: Asked) -> Body:
        """GET of all at once, by id and name."""
        with self.house.store.reading():
            store = self.house.store.of(directory_of(self.house, asked).tenant)
            rows = [row for batch in store.each([policy.GROUP]) for row in batch]
        groups = [_named(row) for row in rows]
        return {"groups": groups, "total_size": len(groups), "next_page_token": "", "prev_page_token": ""}

    def _shown(self, record: DirectoryRecord, rows: Sequence[Row], asked: Asked, detail: bool) -> list[dict[str, Any]]:
        users = counts(self.house.store.of(record.tenant), [row.id for row in rows])
        desk = self.house.desk(record.tenant, self.house.endpoint(record, asked.origin))
        details = {group["id"]: group for group in desk.portraits(rows)} if detail else {}
        return [
            {
                **_named(row),
                "total_users": users[row.id],
                "member_count": users[row.id],
                "external_id": row.body.get("externalId", ""),
                "updated_at": printed(row.modified / 1000),
                **({"group_detail": details[row.id]} if detail else {}),
            }
            for row in rows
        ]


def _named(row: Row) -> dict[str, Any]:
    name = row.body.get("displayName", "")
    return {"id": f"{GROUP}{row.id}", "display_name": name, "name": name}
