"""Where resources are kept: one table of rows, found by key.

Rule: cost per look-up, page and write doesn't grow with the number of resources: what IdPs search by is indexed, pages
come from keys, totals from counters. The store knows rows, not SCIM: what a row means is for ``desk.py``. A ``Store``
sees one tenant of a database; ``of`` makes those of the others. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from scimrig_simulator.server.database import MEMORY, Database, Found, SqliteDatabase, StoreError
from scimrig_simulator.server.memberships import Link, Memberships, among, batches
from scimrig_simulator.server.tables import BLOCK

__all__ = ["KEYS", "MEMORY", "Keys", "Link", "Row", "Store", "StoreError"]

KEYS = ("user_name", "external_id", "display_name")

_COLUMNS = "seq, id, kind, revision, created, modified, document, whole"
_BATCH = 500
_WRITTEN = (*KEYS, "active", "label", "document", "whole")
_NEW = ("tenant", "id", "kind", "revision", "created", "modified", *_WRITTEN)
_INSERT = f"INSERT INTO resource ({', '.join(_NEW)}) VALUES ({', '.join('?' * len(_NEW))}) ON CONFLICT DO NOTHING"
_UPDATE = f"""UPDATE resource SET {", ".join(f"{name} = ?" for name in ("revision", "modified", *_WRITTEN))}
              WHERE tenant = ? AND id = ?"""
_NEW_TERM = "INSERT INTO term VALUES (?, ?, ?, ?, ?)"

# All users in groups, at any depth, that start from given ids (of users or groups).
_USERS_BELOW = """
WITH RECURSIVE below (id) AS (
  SELECT id FROM resource WHERE tenant = ?1 AND id IN ({marks})
  UNION
  SELECT member_id FROM below CROSS JOIN membership ON membership.tenant = ?1 AND membership.group_id = below.id
)
SELECT {columns} FROM resource WHERE tenant = ?1 AND kind = 'User' AND id IN below ORDER BY seq
"""


class Row(NamedTuple):
    """A stored resource. created, modified: milliseconds since the epoch.

    document: the JSON text that is sent by default, links and meta apart.  whole: all attributes, where that is more.
    """

    seq: int
    id: str
    kind: str
    revision: int
    created: int
    modified: int
    document: str
    whole: str | None = None

    @property
    def body(self) -> dict[str, Any]:
        """All attributes that are stored, id included; a new object."""
        held: dict[str, Any] = json.loads(self.whole or self.document)
        return held


@dataclass(frozen=True, slots=True)
class Keys:
    """What a row is found by, as compared (folded where case doesn't count), and the ``label`` that others show.

    terms: further values, as (attribute, value).
    """

    user_name: str | None
    external_id: str | None
    display_name: str | None
    label: str
    active: bool | None = None
    terms: tuple[tuple[str, str], ...] = ()


class Store(Memberships):
    """Rows of one tenant. Safe to share by threads: one connection, and whoever uses it holds ``lock``.

    source: path of a SQLite file, or a database. Raises StoreError where a file can't be used.
    """

    def __init__(self, source: str | Database = MEMORY, tenant: int = 0) -> None:
        database = SqliteDatabase(source) if isinstance(source, str) else source
        super().__init__(database, tenant)
        self.lock = database.lock
        self.durable = database.durable
        self.transaction = database.transaction
        self.reading = database.reading
        self.ready = database.ready
        self.close = database.close

    def of(self, tenant: int) -> Store:
        """The same database as another tenant sees it."""
        return Store(self._db, tenant)

    def execute(self, sql: str, values: Sequence[object] = ()) -> Found:
        """A statement on tables that another module keeps in this database (``outbox.py``), ``lock`` held."""
        return self._db.execute(sql, values)

    # Reading

    def fetch(self, kind: str, id: str) -> Row | None:
        """The row with this id, None where there is none of this kind."""
        found = self.rows("id = ? AND kind = ?", (id, kind))
        return found[0] if found else None

    def keyed(self, kinds: Sequence[str], key: str, value: str) -> list[Row]:
        """Rows with an indexed key (one of ``KEYS``, or "id") equal to ``value``, oldest first."""
        if key not in (*KEYS, "id"):
            raise ValueError(f"{key} is no indexed key")
        return self.rows(f"{among('kind', kinds)} AND {key} = ?", (*kinds, value))

    def holders(self, kind: str, name: str, value: str) -> list[str]:
        """Ids of the resources that have ``value``, as compared, among the terms of attribute ``name``."""
        sql = "SELECT id FROM term WHERE tenant = ? AND kind = ? AND name = ? AND value = ? ORDER BY id"
        return [id for (id,) in self._db.execute(sql, (self.tenant, kind, name, value))]

    def rows(self, where: str, values: Sequence[object], order: str = "seq", limit: int | None = None) -> list[Row]:
        """The tenant's rows that meet an SQL condition on the columns of ``resource``."""
        bound = "" if limit is None else f" LIMIT {limit}"
        return self._select(where, values, f"ORDER BY {order}{bound}")

    def _select(self, where: str, values: Sequence[object], tail: str) -> list[Row]:
        sql = f"SELECT {_COLUMNS} FROM resource WHERE tenant = ? AND {where} {tail}"
        return list(map(Row._make, self._db.execute(sql, (self.tenant, *values))))

    def count(self, where: str, values: Sequence[object]) -> int:
        """How many of the tenant's rows meet an SQL condition."""
        sql = f"SELECT COUNT(*) FROM resource WHERE tenant = ? AND {where}"
        (found,) = self._db.execute(sql, (self.tenant, *values)).fetchone()
        return int(found)

    def page(self, kinds: Sequence[str], offset: int, count: int) -> list[Row]:
        """At most ``count`` rows after the first ``offset``, oldest first; found by blocks, wherever the page is."""
        first, rest = self._block(kinds, offset) if offset else (0, 0)
        which = among("kind" if len(kinds) == 1 else "+kind", kinds)  # with several kinds, the order decides the index
        tail = f"ORDER BY seq LIMIT {count} OFFSET {rest}"
        return self._select(f"{which} AND seq >= ?", (*kinds, first << BLOCK), tail)

    def _block(self, kinds: Sequence[str], offset: int) -> tuple[int, int]:
        """The block that holds the row after ``offset`` rows, and how many rows of it come before."""
        sql = f"""SELECT block, SUM(stored) FROM tally WHERE tenant = ? AND {among("kind", kinds)} AND block >= 0
                  GROUP BY block ORDER BY block"""
        last = 0
        for block, stored in self._db.execute(sql, (self.tenant, *kinds)):
            if offset < stored:
                return block, offset
            offset -= stored
            last = block + 1
        return last, 0

    def each(self, kinds: Sequence[str]) -> Iterator[list[Row]]:
        """All rows, oldest first, in batches."""
        last = 0
        which = among("kind" if len(kinds) == 1 else "+kind", kinds)
        while batch := self.rows(f"{which} AND seq > ?", (*kinds, last), limit=_BATCH):
            yield batch
            last = batch[-1].seq

    def tally(self, kinds: Sequence[str]) -> int:
        """How many rows there are."""
        sql = f"SELECT TOTAL(stored) FROM tally WHERE tenant = ? AND {among('kind', kinds)} AND block = -1"
        (total,) = self._db.execute(sql, (self.tenant, *kinds)).fetchone()
        return int(total)

    def newest(self, kind: str) -> int | None:
        """When a resource of a kind has changed last, in milliseconds since the epoch; None where there is none."""
        sql = "SELECT MAX(modified) FROM resource WHERE tenant = ? AND kind = ?"
        (found,) = self._db.execute(sql, (self.tenant, kind)).fetchone()
        return None if found is None else int(found)

    def users_below(self, ids: Sequence[str]) -> list[Row]:
        """The users among these, and those in the groups among these, at any depth; each once."""
        found: dict[str, Row] = {}
        for batch in batches(ids):
            marks = ", ".join(f"?{place}" for place in range(2, len(batch) + 2))
            sql = _USERS_BELOW.format(marks=marks, columns=_COLUMNS)
            found.update({columns[1]: Row(*columns) for columns in self._db.execute(sql, (self.tenant, *batch))})
        return list(found.values())

    def setting(self, name: str) -> Any:
        """What was set under this name, None where nothing was."""
        sql = "SELECT value FROM setting WHERE tenant = ? AND name = ?"
        found = self._db.execute(sql, (self.tenant, name)).fetchone()
        return None if found is None else json.loads(found[0])

    def mapped_roles(self) -> dict[str, str]:
        """The role of each group that gives one."""
        sql = "SELECT group_id, role FROM mapped_role WHERE tenant = ? ORDER BY group_id"
        return dict(self._db.execute(sql, (self.tenant,)).fetchall())

    # Writing (inside a transaction)

    def insert(self, kind: str, id: str, now: int, keys: Keys, document: str, whole: str | None = None) -> Row:
        """Add a row. Raises ValueError where the id is taken."""
        made = self._db.execute(_INSERT, (self.tenant, id, kind, 1, now, now, *_written(keys, document, whole)))
        if not made.rowcount:
            raise ValueError(f"the id {id} is taken")
        for name, value in keys.terms:
            self._db.execute(_NEW_TERM, (self.tenant, kind, name, value, id))
        return Row(made.lastrowid or 0, id, kind, 1, now, now, document, whole)

    def update(self, row: Row, now: int, keys: Keys, document: str, whole: str | None = None) -> Row:
        """Replace keys and texts of a row, and move its revision and time of change. The row as it is now."""
        values = (row.revision + 1, modified := max(now, row.modified + 1), *_written(keys, document, whole))
        self._db.execute(_UPDATE, (*values, self.tenant, row.id))
        self._index(row.kind, row.id, keys.terms)
        return Row(row.seq, row.id, row.kind, row.revision + 1, row.created, modified, document, whole)

    def _index(self, kind: str, id: str, terms: Sequence[tuple[str, str]]) -> None:
        sql = "SELECT name, value FROM term WHERE tenant = ? AND id = ?"
        held, wanted = set(self._db.execute(sql, (self.tenant, id))), set(terms)
        sql = "DELETE FROM term WHERE tenant = ? AND kind = ? AND name = ? AND value = ? AND id = ?"
        for name, value in held - wanted:
            self._db.execute(sql, (self.tenant, kind, name, value, id))
        for name, value in wanted - held:
            self._db.execute(_NEW_TERM, (self.tenant, kind, name, value, id))

    def touch(self, ids: Sequence[str], now: int) -> None:
        """Move revision and time of change. The time always moves, even where the clock stands still."""
        for batch in batches(ids):
            sql = f"""UPDATE resource SET revision = revision + 1, modified = MAX(?, modified + 1)
                      WHERE tenant = ? AND {among("id", batch)}"""
            self._db.execute(sql, (now, self.tenant, *batch))

    def set(self, name: str, value: Any) -> None:
        """Keep a JSON value under this name."""
        values = (self.tenant, name, json.dumps(value))
        self._db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?, ?)", values)

    def map_role(self, group_id: str, role: str | None) -> None:
        """Have a group give a role; None = none any more."""
        self._db.execute("DELETE FROM mapped_role WHERE tenant = ? AND group_id = ?", (self.tenant, group_id))
        if role is not None:
            self._db.execute("INSERT INTO mapped_role VALUES (?, ?, ?)", (self.tenant, group_id, role))

    def delete(self, id: str) -> None:
        """Remove a row, its terms and its memberships, both ways."""
        self._forget(id)
        for table in ("term", "resource"):
            self._db.execute(f"DELETE FROM {table} WHERE tenant = ? AND id = ?", (self.tenant, id))


def _written(keys: Keys, document: str, whole: str | None) -> tuple[object, ...]:
    active = None if keys.active is None else int(keys.active)
    return (keys.user_name, keys.external_id, keys.display_name, active, keys.label, document, whole)
