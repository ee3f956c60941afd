"""Who is in which group: rows, one for each membership, read in both directions.

A membership is a row of its own, so that one more member costs the same in a group of ten and of ten thousand.
Rule: as for ``store``, whose part this is. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import NamedTuple

from scimrig_simulator.server.database import Database

_BATCH = 500

# All groups above each member, the direct ones at height 0. UNION drops what it has seen, so a circle ends.
_GROUPS_ABOVE = """
WITH RECURSIVE above (root, group_id, height) AS (
  SELECT member_id, group_id, 0 FROM membership WHERE tenant = ?1 AND member_id IN ({marks})
  UNION
  SELECT above.root, membership.group_id, 1
  FROM above CROSS JOIN membership ON membership.tenant = ?1 AND membership.member_id = above.group_id
)
SELECT root, group_id, label, MIN(height)
FROM above JOIN resource ON resource.tenant = ?1 AND resource.id = group_id
GROUP BY root, group_id ORDER BY MIN(height), resource.seq
"""


class Link(NamedTuple):
    """One end of a membership: id, kind and label of the other resource; ``direct`` False through a nested group."""

    id: str
    kind: str
    label: str
    direct: bool = True


class Memberships:
    """The memberships of one tenant. Whoever asks holds the database's lock."""

    def __init__(self, database: Database, tenant: int) -> None:
        self._db = database
        self.tenant = tenant

    def links(self, ids: Iterable[str]) -> dict[str, Link]:
        """What a membership shows of these resources; unknown ids are left out."""
        found = {}
        for batch in batches(ids):
            sql = f"SELECT id, kind, label FROM resource WHERE tenant = ? AND {among('id', batch)}"
            found.update({row[0]: Link(*row) for row in self._db.execute(sql, (self.tenant, *batch))})
        return found

    def members(self, group_ids: Iterable[str], named: Collection[str] | None = None) -> dict[str, list[Link]]:
        """Members of each group in the order in which they came; only those among ``named`` where it is given."""
        found: dict[str, list[Link]] = {}
        only = "" if named is None else f" AND {among('member_id', named)}"
        for batch in batches(group_ids):
            sql = f"""SELECT group_id, id, kind, COALESCE(display, label)
                      FROM membership JOIN resource ON resource.tenant = membership.tenant AND resource.id = member_id
                      WHERE membership.tenant = ? AND {among("group_id", batch)}{only} ORDER BY membership.seq"""
            for group_id, *link in self._db.execute(sql, (self.tenant, *batch, *(named or ()))):
                found.setdefault(group_id, []).append(Link(*link))
        return found

    def groups(self, member_ids: Iterable[str]) -> dict[str, list[Link]]:
        """Groups above each member, direct ones first."""
        found: dict[str, list[Link]] = {}
        for batch in batches(member_ids):
            sql = f"SELECT DISTINCT member_id FROM membership WHERE tenant = ? AND {among('member_id', batch)}"
            held = [id for (id,) in self._db.execute(sql, (self.tenant, *batch))]  # most often few or none of many
            if not held:
                continue
            for member_id, group_id, label, height in self._db.execute(_groups_above(len(held)), (self.tenant, *held)):
                found.setdefault(member_id, []).append(Link(group_id, "Group", label, height == 0))
        return found

    def groups_holding(self, member_id: str) -> list[str]:
        """Ids of the groups of which this is a direct member."""
        sql = "SELECT DISTINCT group_id FROM membership WHERE tenant = ? AND member_id = ?"
        return [group_id for (group_id,) in self._db.execute(sql, (self.tenant, member_id))]

    def crowded(self, group_id: str, count: int) -> bool:
        """Whether a group has more than ``count`` members; costs no more than to count so far."""
        sql = "SELECT 1 FROM membership WHERE tenant = ? AND group_id = ? LIMIT 1 OFFSET ?"
        return self._db.execute(sql, (self.tenant, group_id, count)).fetchone() is not None

    def set_members(
        self, group_id: str, members: Sequence[tuple[str, str]], named: Collection[str] | None = None
    ) -> None:
        """Make these, as (id, display), the members of a group, or those among ``named``; who is one keeps the place.

        A display that is no more than the member's label isn't stored, so that it follows the label.
        """
        missing = Counter(members)
        only = "" if named is None else f" AND {among('member_id', named)}"
        sql = f"""SELECT membership.seq, member_id, COALESCE(display, label)
                  FROM membership JOIN resource ON resource.tenant = membership.tenant AND resource.id = member_id
                  WHERE membership.tenant = ? AND group_id = ?{only} ORDER BY membership.seq"""
        unwanted = []
        for seq, member_id, display in self._db.execute(sql, (self.tenant, group_id, *(named or ()))).fetchall():
            if missing[member_id, display]:
                missing[member_id, display] -= 1
            else:
                unwanted.append((seq, member_id))
        added = list(missing.elements())
        renamed = dict(added) if unwanted else {}
        kept = {member_id for _, member_id in unwanted} & renamed.keys()
        shown = "NULLIF(?, (SELECT label FROM resource WHERE tenant = ? AND id = ?))"
        self._db.executemany("DELETE FROM membership WHERE seq = ?", [(seq,) for seq, id in unwanted if id not in kept])
        self._db.executemany(
            f"UPDATE membership SET display = {shown} WHERE seq = ?",
            [(renamed[id], self.tenant, id, seq) for seq, id in unwanted if id in kept],
        )
        self._db.executemany(
            f"INSERT INTO membership (tenant, group_id, member_id, display) VALUES (?, ?, ?, {shown})",
            [(self.tenant, group_id, id, display, self.tenant, id) for id, display in added if id not in kept],
        )

    def _forget(self, id: str) -> None:
        """Remove the memberships of a resource, both ways."""
        for end in ("member_id", "group_id"):
            self._db.execute(f"DELETE FROM membership WHERE tenant = ? AND {end} = ?", (self.tenant, id))


@cache
def _groups_above(count: int) -> str:
    return _GROUPS_ABOVE.format(marks=", ".join(f"?{place}" for place in range(2, count + 2)))


def among(column: str, values: Collection[str]) -> str:
    """A condition with a ``?`` for each value."""
    if len(values) == 1:
        return f"{column} = ?"
    return f"{column} IN ({', '.join('?' * len(values))})"


def batches(values: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """The values in batches that one statement takes."""
    rest = iter(values)
    while batch := tuple(islice(rest, _BATCH)):
        yield batch
