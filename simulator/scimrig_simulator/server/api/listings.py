"""What listings of users and of groups of a directory have in common: the directory, the order, and what has changed.

Everything comes in the order in which it was made; what has changed after a moment, in the order of its changes, so
that whoever changes meanwhile comes at the end. Neither costs more as the directory grows.

Rule: reads rows; how they are shown is for ``directory_users.py`` and ``directory_groups.py``. May not import
``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from scimrig_simulator.scim.compare import instant
from scimrig_simulator.server.api.organizations import found
from scimrig_simulator.server.api.paging import Part, Place, part
from scimrig_simulator.server.house import House
from scimrig_simulator.server.operations import Asked, Code, refusal
from scimrig_simulator.server.organizations import DirectoryRecord
from scimrig_simulator.server.store import Row, Store

PLACE = "/api/v1/organizations/{organization_id}/directories/{directory_id}"
USER = "diruser_"
GROUP = "dirgroup_"

_BELOW = """id IN (WITH RECURSIVE below (id) AS (
  SELECT member_id FROM membership WHERE tenant = ? AND group_id = ?
  UNION
  SELECT member_id FROM below CROSS JOIN membership ON membership.tenant = ? AND membership.group_id = below.id
) SELECT id FROM below)"""


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of one kind in a directory.

    since: milliseconds since the epoch after which they have changed, None = all.  group_id: that they are in, at any
    depth, "" = any.
    """

    store: Store
    kind: str
    since: int | None = None
    group_id: str = ""

    @property
    def _by_change(self) -> bool:
        return self.since is not None and not self.group_id

    @property
    def _where(self) -> tuple[str, tuple[object, ...]]:
        terms: list[str] = ["kind = ?"]
        values: list[object] = [self.kind]
        if self.since is not None:
            terms.append("modified > ?")
            values.append(self.since)
        if self.group_id:
            terms.append(_BELOW)
            values += [self.store.tenant, self.group_id, self.store.tenant]
        return " AND ".join(terms), tuple(values)

    def place(self, row: Row) -> Place:
        """Where a row stands in the order."""
        return (row.modified if self._by_change else 0, row.seq)

    def take(self, place: Place, forward: bool, limit: int) -> list[Row]:
        """What comes after a place, or before it, nearest first."""
        where, values = self._where
        sign, order = (">", "") if forward else ("<", " DESC")
        if self._by_change:
            where, values = f"{where} AND (modified, seq) {sign} (?, ?)", (*values, *place)
            return self.store.rows(where, values, f"modified{order}, seq{order}", limit)
        seq = "+seq" if self.group_id else "seq"  # by the members of the group, not by looking for them among all
        return self.store.rows(f"{where} AND {seq} {sign} ?", (*values, place[1]), f"{seq}{order}", limit)

    def total(self) -> int:
        """How many there are."""
        where, values = self._where
        return self.store.tally([self.kind]) if where == "kind = ?" else self.store.count(where, values)


def page(house: House, listing: Listing, record: DirectoryRecord, asked: Asked) -> Part[Row]:
    """The page of a listing that is asked for. Raises Trouble 400."""
    name = [record.id, listing.kind, str(listing.since), listing.group_id]
    return part(house, name, asked, listing.take, listing.place)


def directory_of(house: House, asked: Asked, key: str = "directory_id") -> DirectoryRecord:
    """The directory that a path names. Raises Trouble 404, also where it is another organization's."""
    organization = found(house, asked.path["organization_id"])
    record = house.organizations.directory(asked.path[key])
    if record is None or record.organization != organization.number:
        words = f"There is no directory {asked.path[key]!r} in {organization.id}."
        raise refusal(Code.NOT_FOUND, words, "DIRECTORY_NOT_FOUND")
    return record


def since(house: House, asked: Asked) -> int | None:
    """``updated_after`` in milliseconds, as the seams let it pass. Raises Trouble 400."""
    text = asked.query.get("updated_after", "")
    if not text:
        moment = None
    else:
        try:
            moment = (instant(text) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()
        except ValueError:
            words = "'updated_after' must be a time, as in 2026-03-04T05:06:07Z."
            raise refusal(Code.INVALID_ARGUMENT, words) from None
    passed = house.seams.since(moment)
    return None if passed is None else round(passed * 1000)


def switch(asked: Asked, key: str) -> bool:
    """A boolean of a query, false where it is absent. Raises Trouble 400."""
    text = asked.query.get(key, "").lower()
    if text not in ("", "true", "false", "1", "0"):
        raise refusal(Code.INVALID_ARGUMENT, f"{key!r} must be true or false.")
    return text in ("true", "1")


def bare(id: str, prefix: str) -> str:
    """An id without what says of what it is one; "" where it doesn't say that."""
    return id.removeprefix(prefix) if id.startswith(prefix) else ""


def counts(store: Store, group_ids: Sequence[str]) -> dict[str, int]:
    """How many users each group has, at any depth."""
    sql = """SELECT COUNT(*) FROM resource WHERE tenant = ? AND kind = 'User' AND """ + _BELOW
    found = {}
    for id in group_ids:
        (found[id],) = store.execute(sql, (store.tenant, store.tenant, id, store.tenant)).fetchone()
    return found
