"""Where resources are kept: one SQLite database, in memory or in a file.

Rule: cost per look-up and per write doesn't grow with the number of resources: the keys that IdPs search by, and
memberships in both directions, are indexed columns; everything else is one JSON text. It knows rows, not SCIM: what a
row means is for ``desk.py``. May import nothing of this project.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

MEMORY = ":memory:"
KEYS = ("user_name", "external_id", "display_name")

_MARK = 0x5C1A1
_VERSION = 2
_BATCH = 500
_COLUMNS = "seq, id, kind, revision, created, modified, body"

_LAYOUT = """
CREATE TABLE resource (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  user_name TEXT,
  external_id TEXT,
  display_name TEXT,
  label TEXT NOT NULL,
  body TEXT NOT NULL
);
CREATE INDEX resource_kind ON resource (kind);
CREATE INDEX resource_user_name ON resource (kind, user_name);
CREATE INDEX resource_external_id ON resource (kind, external_id);
CREATE INDEX resource_display_name ON resource (kind, display_name);
CREATE TABLE membership (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  group_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  display TEXT
);
CREATE INDEX membership_group ON membership (group_id, member_id);
CREATE INDEX membership_member ON membership (member_id, group_id);
CREATE TABLE tally (kind TEXT PRIMARY KEY, stored INTEGER NOT NULL);
CREATE TRIGGER resource_in AFTER INSERT ON resource BEGIN
  INSERT INTO tally VALUES (NEW.kind, 1) ON CONFLICT (kind) DO UPDATE SET stored = stored + 1;
END;
CREATE TRIGGER resource_out AFTER DELETE ON resource BEGIN
  UPDATE tally SET stored = stored - 1 WHERE kind = OLD.kind;
END;
"""

# What came with version 2: what a policy has set, and the role of whoever is in a group.
_POLICY = """
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE mapped_role (group_id TEXT PRIMARY KEY, role TEXT NOT NULL);
"""

# All groups above each member, the direct ones at height 0. UNION drops what it has seen, so a cycle ends.
_GROUPS_ABOVE = """
WITH RECURSIVE above (root, group_id, height) AS (
  SELECT member_id, group_id, 0 FROM membership WHERE member_id IN ({marks})
  UNION
  SELECT above.root, membership.group_id, 1 FROM membership JOIN above ON membership.member_id = above.group_id
)
SELECT root, group_id, label, MIN(height) FROM above JOIN resource ON resource.id = group_id
GROUP BY root, group_id ORDER BY MIN(height), resource.seq
"""


# All users in groups, at any depth, that start from given ids (of users or groups).
_USERS_BELOW = """
WITH RECURSIVE below (id) AS (
  SELECT id FROM resource WHERE id IN ({marks})
  UNION
  SELECT member_id FROM membership JOIN below ON membership.group_id = below.id
)
"""


class StoreError(Exception):
    """The database can't be opened or isn't ours; the message says which file, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A stored resource. created, modified: milliseconds since the epoch. body: its attributes, links apart."""

    seq: int
    id: str
    kind: str
    revision: int
    created: int
    modified: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Keys:
    """What a row is found by, as compared (folded where case doesn't count), and the ``label`` that others show."""

    user_name: str | None
    external_id: str | None
    display_name: str | None
    label: str


@dataclass(frozen=True, slots=True)
class Link:
    """One end of a membership: id, kind and label of the other resource; ``direct`` False through a nested group."""

    id: str
    kind: str
    label: str
    direct: bool = True


class Store:
    """Rows and memberships. Safe to share by threads: one connection, and whoever uses it holds ``lock``."""

    def __init__(self, path: str = MEMORY) -> None:
        self.lock = threading.RLock()
        self.durable = path != MEMORY
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5)
            self._prepare()
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}. Name a writable file, or one that scimrig made.") from None

    def _prepare(self) -> None:
        with self.transaction():
            mark = self._number("PRAGMA application_id")
            version = self._number("PRAGMA user_version")
            if mark == 0 and not self._number("SELECT COUNT(*) FROM sqlite_master"):
                self._lay_out(_LAYOUT + _POLICY)
                self._db.execute(f"PRAGMA application_id = {_MARK}")
            elif mark != _MARK:
                raise sqlite3.DatabaseError("this SQLite database belongs to another program")
            elif version == 1:
                self._lay_out(_POLICY)
            elif version != _VERSION:
                raise sqlite3.DatabaseError(f"its layout is version {version}, this scimrig reads {_VERSION}")
        if self.durable:
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")

    def _lay_out(self, script: str) -> None:
        for statement in _statements(script):
            self._db.execute(statement)
        self._db.execute(f"PRAGMA user_version = {_VERSION}")

    def _number(self, sql: str) -> int:
        (value,) = self._db.execute(sql).fetchone()
        return int(value)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, alone: also another process sharing the file waits at the door."""
        with self.lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def execute(self, sql: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        """A statement on tables that another module keeps in this database (``outbox.py``), ``lock`` held."""
        return self._db.execute(sql, tuple(values))

    def close(self) -> None:
        """Close the database; the store is of no use afterwards."""
        with self.lock:
            self._db.close()

    # Reading

    def fetch(self, kind: str, id: str) -> Row | None:
        """The row with this id, None where there is none of this kind."""
        found = self._rows("WHERE id = ? AND kind = ?", (id, kind))
        return found[0] if found else None

    def keyed(self, kinds: Sequence[str], key: str, value: str) -> list[Row]:
        """Rows with an indexed key (one of ``KEYS``, or "id") equal to ``value``, oldest first."""
        if key not in (*KEYS, "id"):
            raise ValueError(f"{key} is no indexed key")
        return self._rows(f"WHERE {_among('kind', kinds)} AND {key} = ? ORDER BY seq", (*kinds, value))

    def page(self, kinds: Sequence[str], offset: int, count: int) -> list[Row]:
        """At most ``count`` rows after the first ``offset``, oldest first."""
        return self._rows(f"WHERE {_among('kind', kinds)} ORDER BY seq LIMIT ? OFFSET ?", (*kinds, count, offset))

    def each(self, kinds: Sequence[str]) -> Iterator[list[Row]]:
        """All rows, oldest first, in batches."""
        last = 0
        while batch := self._rows(
            f"WHERE {_among('kind', kinds)} AND seq > ? ORDER BY seq LIMIT ?", (*kinds, last, _BATCH)
        ):
            yield batch
            last = batch[-1].seq

    def tally(self, kinds: Sequence[str]) -> int:
        """How many rows there are."""
        sql = f"SELECT TOTAL(stored) FROM tally WHERE {_among('kind', kinds)}"
        (total,) = self._db.execute(sql, tuple(kinds)).fetchone()
        return int(total)

    def links(self, ids: Iterable[str]) -> dict[str, Link]:
        """What a membership shows of these resources; unknown ids are left out."""
        found = {}
        for batch in _batches(ids):
            sql = f"SELECT id, kind, label FROM resource WHERE {_among('id', batch)}"
            found.update({id: Link(id, kind, label) for id, kind, label in self._db.execute(sql, batch)})
        return found

    def members(self, group_ids: Iterable[str]) -> dict[str, list[Link]]:
        """Members of each group in the order in which they came."""
        found: dict[str, list[Link]] = {}
        for batch in _batches(group_ids):
            sql = f"""SELECT group_id, id, kind, COALESCE(display, label)
                      FROM membership JOIN resource ON resource.id = member_id
                      WHERE {_among("group_id", batch)} ORDER BY membership.seq"""
            for group_id, *link in self._db.execute(sql, batch):
                found.setdefault(group_id, []).append(Link(*link))
        return found

    def groups(self, member_ids: Iterable[str]) -> dict[str, list[Link]]:
        """Groups above each member, direct ones first."""
        found: dict[str, list[Link]] = {}
        for batch in _batches(member_ids):
            sql = _GROUPS_ABOVE.format(marks=", ".join("?" * len(batch)))
            for member_id, group_id, label, height in self._db.execute(sql, batch):
                found.setdefault(member_id, []).append(Link(group_id, "Group", label, height == 0))
        return found

    def users_below(self, ids: Iterable[str]) -> list[Row]:
        """The users among these, and those in the groups among these, at any depth; each once."""
        found: dict[str, Row] = {}
        for batch in _batches(ids):
            below = _USERS_BELOW.format(marks=", ".join("?" * len(batch)))
            rows = self._rows("WHERE kind = 'User' AND id IN below ORDER BY seq", batch, below)
            found.update({row.id: row for row in rows})
        return list(found.values())

    def setting(self, name: str) -> Any:
        """What was set under this name, None where nothing was."""
        found = self._db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])

    def mapped_roles(self) -> dict[str, str]:
        """The role of each group that gives one."""
        return dict(self._db.execute("SELECT group_id, role FROM mapped_role ORDER BY group_id"))

    def _rows(self, where: str, values: Sequence[object], preamble: str = "") -> list[Row]:
        found = self._db.execute(f"{preamble}SELECT {_COLUMNS} FROM resource {where}", tuple(values))
        return [
            Row(seq, id, kind, revision, created, modified, json.loads(body))
            for seq, id, kind, revision, created, modified, body in found
        ]

    # Writing (inside a transaction)

    def insert(self, kind: str, id: str, now: int, keys: Keys, body: dict[str, Any]) -> Row:
        """Add a row. Raises ValueError where the id is taken."""
        values = (id, kind, now, now, keys.user_name, keys.external_id, keys.display_name, keys.label, _text(body))
        sql = f"""INSERT INTO resource
                  (id, kind, revision, created, modified, {", ".join(KEYS)}, label, body)
                  VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?)"""
        try:
            seq = self._db.execute(sql, values).lastrowid
        except sqlite3.IntegrityError:
            raise ValueError(f"the id {id} is taken") from None
        return Row(seq or 0, id, kind, 1, now, now, body)

    def update(self, id: str, now: int, keys: Keys, body: dict[str, Any]) -> None:
        """Replace a row's keys and body, and move its revision and time of change."""
        values = (keys.user_name, keys.external_id, keys.display_name, keys.label, _text(body), id)
        assignments = ", ".join(f"{key} = ?" for key in (*KEYS, "label", "body"))
        self._db.execute(f"UPDATE resource SET {assignments} WHERE id = ?", values)
        self.touch([id], now)

    def touch(self, ids: Sequence[str], now: int) -> None:
        """Move revision and time of change. The time always moves, even where the clock stands still."""
        for batch in _batches(ids):
            sql = f"""UPDATE resource SET revision = revision + 1, modified = MAX(?, modified + 1)
                      WHERE {_among("id", batch)}"""
            self._db.execute(sql, (now, *batch))

    def set_members(self, group_id: str, members: Sequence[tuple[str, str]]) -> None:
        """Make these, as (id, display), the members of a group; who is one already keeps the place.

        A display that is no more than the member's label isn't stored, so that it follows the label.
        """
        missing = Counter(members)
        sql = """SELECT membership.seq, member_id, COALESCE(display, label)
                 FROM membership JOIN resource ON resource.id = member_id WHERE group_id = ? ORDER BY membership.seq"""
        unwanted = []
        for seq, member_id, display in self._db.execute(sql, (group_id,)):
            if missing[member_id, display]:
                missing[member_id, display] -= 1
            else:
                unwanted.append((seq, member_id))
        added = list(missing.elements())
        renamed = dict(added) if unwanted else {}
        kept = {member_id for _, member_id in unwanted} & renamed.keys()
        shown = "NULLIF(?, (SELECT label FROM resource WHERE id = ?))"
        self._db.executemany("DELETE FROM membership WHERE seq = ?", [(seq,) for seq, id in unwanted if id not in kept])
        self._db.executemany(
            f"UPDATE membership SET display = {shown} WHERE seq = ?",
            [(renamed[id], id, seq) for seq, id in unwanted if id in kept],
        )
        self._db.executemany(
            f"INSERT INTO membership (group_id, member_id, display) VALUES (?, ?, {shown})",
            [(group_id, id, display, id) for id, display in added if id not in kept],
        )

    def groups_holding(self, member_id: str) -> list[str]:
        """Ids of the groups of which this is a direct member."""
        sql = "SELECT DISTINCT group_id FROM membership WHERE member_id = ?"
        return [group_id for (group_id,) in self._db.execute(sql, (member_id,))]

    def set(self, name: str, value: Any) -> None:
        """Keep a JSON value under this name."""
        self._db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(value)))

    def map_role(self, group_id: str, role: str | None) -> None:
        """Have a group give a role; None = none any more."""
        self._db.execute("DELETE FROM mapped_role WHERE group_id = ?", (group_id,))
        if role is not None:
            self._db.execute("INSERT INTO mapped_role VALUES (?, ?)", (group_id, role))

    def delete(self, id: str) -> None:
        """Remove a row and its memberships, both ways."""
        self._db.execute("DELETE FROM membership WHERE member_id = ?", (id,))
        self._db.execute("DELETE FROM membership WHERE group_id = ?", (id,))
        self._db.execute("DELETE FROM resource WHERE id = ?", (id,))


def _among(column: str, values: Sequence[str]) -> str:
    if len(values) == 1:
        return f"{column} = ?"
    return f"{column} IN ({', '.join('?' * len(values))})"


def _batches(values: Iterable[str]) -> Iterator[tuple[str, ...]]:
    rest = iter(values)
    while batch := tuple(islice(rest, _BATCH)):
        yield batch


def _statements(script: str) -> Iterator[str]:
    """The statements of a script: ``executescript`` would end the transaction."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def _text(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
