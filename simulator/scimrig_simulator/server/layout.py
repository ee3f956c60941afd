"""The tables of the store, and how a file of an older version becomes one of this.

Everything that belongs to a tenant says so in its first column, and every index starts with it; tenant 0 is the one
that is served without a name. Versions only ever go forward: each step makes one version out of the one before, and all
steps that a file needs are one transaction.

Rule: SQL and its migrations, nothing else. May not import ``faults``, ``idp`` or ``drive``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping

from scimrig_simulator.scim.compare import fold

MARK = 0x5C1A1
VERSION = 3

BLOCK = 10
"""Rows are counted in blocks of 2**BLOCK sequence numbers, so that a page is found without walking to it."""

# A document is the text that is sent by default, links and meta apart; whole is all there is, where that is more.
_RESOURCE = """
CREATE TABLE resource (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  revision INTEGER NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  user_name TEXT,
  external_id TEXT,
  display_name TEXT,
  active INTEGER,
  label TEXT NOT NULL,
  document TEXT NOT NULL,
  whole TEXT
);
CREATE UNIQUE INDEX resource_id ON resource (tenant, id);
CREATE INDEX resource_tenant ON resource (tenant);
CREATE INDEX resource_kind ON resource (tenant, kind);
CREATE INDEX resource_user_name ON resource (tenant, kind, user_name);
CREATE INDEX resource_external_id ON resource (tenant, kind, external_id);
CREATE INDEX resource_display_name ON resource (tenant, kind, display_name);
CREATE INDEX resource_active ON resource (tenant, kind, active);
CREATE INDEX resource_created ON resource (tenant, kind, created);
CREATE INDEX resource_modified ON resource (tenant, kind, modified);
"""

_MEMBERSHIP = """
CREATE TABLE membership (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  group_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  display TEXT
);
CREATE INDEX membership_group ON membership (tenant, group_id, member_id);
CREATE INDEX membership_order ON membership (tenant, group_id);
CREATE INDEX membership_member ON membership (tenant, member_id, group_id);
"""

_TERM = """
CREATE TABLE term (
  tenant INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, name, value, id)
) WITHOUT ROWID;
CREATE INDEX term_id ON term (tenant, id);
"""

_TALLY = f"""
CREATE TABLE tally (
  tenant INTEGER NOT NULL,
  kind TEXT NOT NULL,
  block INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind, block)
) WITHOUT ROWID;
CREATE TRIGGER resource_in AFTER INSERT ON resource BEGIN
  INSERT INTO tally VALUES (NEW.tenant, NEW.kind, -1, 1), (NEW.tenant, NEW.kind, NEW.seq >> {BLOCK}, 1)
  ON CONFLICT (tenant, kind, block) DO UPDATE SET stored = stored + 1;
END;
CREATE TRIGGER resource_out AFTER DELETE ON resource BEGIN
  UPDATE tally SET stored = stored - 1
  WHERE tenant = OLD.tenant AND kind = OLD.kind AND block IN (-1, OLD.seq >> {BLOCK});
END;
"""

_TENANT = """
CREATE TABLE tenant (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
INSERT INTO tenant VALUES (0, '');
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  tenant INTEGER NOT NULL,
  digest BLOB NOT NULL,
  suffix TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER
);
CREATE INDEX token_tenant ON token (tenant);
"""

_POLICY = """
CREATE TABLE setting (tenant INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tenant, name));
CREATE TABLE mapped_role (
  tenant INTEGER NOT NULL,
  group_id TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (tenant, group_id)
);
CREATE TABLE webhook (tenant INTEGER PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL);
CREATE TABLE delivery (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  event_id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  url TEXT NOT NULL,
  body BLOB NOT NULL,
  state TEXT NOT NULL,
  due REAL NOT NULL
);
CREATE INDEX delivery_state ON delivery (tenant, state, due);
CREATE TABLE attempt (
  event_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  at REAL NOT NULL,
  status INTEGER NOT NULL,
  failure TEXT NOT NULL,
  PRIMARY KEY (event_id, number)
);
"""

# What the planner takes the tables for: ten million rows, a tenth of them one tenant's, half of those of a kind. Left
# to guess, SQLite takes the index of ``active`` for a search by name. (rows, then rows alike in one column, two, …)
_STATISTICS = """
ANALYZE sqlite_master;
INSERT INTO sqlite_stat1 VALUES
  ('resource', 'resource_id', '10000000 1000000 1'),
  ('resource', 'resource_tenant', '10000000 1000000'),
  ('resource', 'resource_kind', '10000000 1000000 500000'),
  ('resource', 'resource_user_name', '10000000 1000000 500000 1'),
  ('resource', 'resource_external_id', '10000000 1000000 500000 1'),
  ('resource', 'resource_display_name', '10000000 1000000 500000 2'),
  ('resource', 'resource_active', '10000000 1000000 500000 400000'),
  ('resource', 'resource_created', '10000000 1000000 500000 2'),
  ('resource', 'resource_modified', '10000000 1000000 500000 2'),
  ('membership', 'membership_group', '10000000 1000000 100 1'),
  ('membership', 'membership_order', '10000000 1000000 100'),
  ('membership', 'membership_member', '10000000 1000000 10 1'),
  ('term', 'term', '10000000 1000000 500000 250000 2 1'),
  ('term', 'term_id', '10000000 1000000 2');
ANALYZE sqlite_master;
"""

TENANTS_OWN = ("resource", "membership", "term", "tally", "token", "setting", "mapped_role", "webhook", "delivery")
"""Tables with rows of tenants, for whoever removes one."""


class LayoutError(Exception):
    """A file whose tables can't be used as they are; the message says why."""


def prepare(db: sqlite3.Connection) -> None:
    """Bring a database to this version, in the transaction under way; an empty one is laid out anew.

    Raises LayoutError for another program's database and for one of a newer version, which is left as it is.
    """
    mark, version = _number(db, "PRAGMA application_id"), _number(db, "PRAGMA user_version")
    if mark == 0 and not _number(db, "SELECT COUNT(*) FROM sqlite_master"):
        _run(db, _RESOURCE + _MEMBERSHIP + _TERM + _TALLY + _TENANT + _POLICY)
        db.execute(f"PRAGMA application_id = {MARK}")
    elif mark != MARK:
        raise LayoutError("this SQLite database belongs to another program")
    elif version > VERSION:
        raise LayoutError(
            f"its layout is version {version}, and this scimrig reads up to {VERSION}: a newer scimrig wrote it"
        )
    else:
        for older in range(version, VERSION):
            _STEPS[older](db)
    if version != VERSION:
        _run(db, _STATISTICS)
        db.execute(f"PRAGMA user_version = {VERSION}")


def _from_1(db: sqlite3.Connection) -> None:
    """Version 2 had what a policy sets."""
    _run(db, """
        CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE mapped_role (group_id TEXT PRIMARY KEY, role TEXT NOT NULL);
    """)  # fmt: skip


def _from_2(db: sqlite3.Connection) -> None:
    """Version 3 has tenants, keeps documents as they are sent, and indexes and counts more."""
    _run(db, """
        DROP TRIGGER resource_in; DROP TRIGGER resource_out; DROP TABLE tally;
        CREATE TABLE IF NOT EXISTS webhook (id INTEGER PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS delivery (seq INTEGER PRIMARY KEY, event_id TEXT, type TEXT, url TEXT, body BLOB,
          state TEXT, due REAL);
        CREATE TABLE IF NOT EXISTS attempt (event_id TEXT, number INTEGER, at REAL, status INTEGER, failure TEXT);
        DROP INDEX resource_kind; DROP INDEX resource_user_name; DROP INDEX resource_external_id;
        DROP INDEX resource_display_name; DROP INDEX membership_group; DROP INDEX membership_member;
        DROP INDEX IF EXISTS delivery_state;
    """)  # fmt: skip
    tables = ("resource", "membership", "setting", "mapped_role", "webhook", "delivery", "attempt")
    for table in tables:
        db.execute(f"ALTER TABLE {table} RENAME TO old_{table}")
    _run(db, _RESOURCE + _MEMBERSHIP + _TERM + _TALLY + _TENANT + _POLICY)
    columns = "seq, id, kind, revision, created, modified, external_id, label, body"
    for row in db.execute(f"SELECT {columns} FROM old_resource ORDER BY seq").fetchall():
        _move(db, *row)
    _run(db, """
        INSERT INTO membership SELECT seq, 0, group_id, member_id, display FROM old_membership;
        INSERT INTO setting SELECT 0, name, value FROM old_setting;
        INSERT INTO mapped_role SELECT 0, group_id, role FROM old_mapped_role;
        INSERT INTO webhook SELECT 0, url, secret FROM old_webhook;
        INSERT INTO delivery SELECT seq, 0, event_id, type, url, body, state, due FROM old_delivery;
        INSERT INTO attempt SELECT event_id, number, at, status, failure FROM old_attempt;
    """)  # fmt: skip
    for table in tables:
        db.execute(f"DROP TABLE old_{table}")


def _move(db: sqlite3.Connection, seq: int, id: str, kind: str, *rest: object) -> None:
    """One resource of version 2, which knew two kinds, and nothing but the password that isn't sent by default."""
    *columns, body = rest
    held = json.loads(str(body))
    whole = {"schemas": held.pop("schemas", []), "id": id, **held}
    shown = {name: value for name, value in whole.items() if name != "password"}
    active = whole.get("active")
    revision, created, modified, external_id, label = columns
    user_name, display_name = (
        fold(name) if isinstance(name := whole.get(key), str) else None for key in ("userName", "displayName")
    )
    db.execute(
        f"INSERT INTO resource VALUES ({', '.join('?' * 14)})",
        (
            seq, 0, id, kind, revision, created, modified, user_name, external_id, display_name,
            int(active) if isinstance(active, bool) else None, label, _text(shown),
            _text(whole) if shown != whole else None,
        ),
    )  # fmt: skip
    for email in whole.get("emails", ()) if kind == "User" else ():
        if isinstance(email.get("value"), str):
            values = (0, kind, "emails.value", fold(email["value"]), id)
            db.execute("INSERT OR IGNORE INTO term VALUES (?, ?, ?, ?, ?)", values)


_STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _from_1, 2: _from_2}


def _run(db: sqlite3.Connection, script: str) -> None:
    for statement in _statements(script):
        db.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script: ``executescript`` would end the transaction."""
    pending = ""
    for piece in script.split(";"):
        pending += piece + ";"
        if pending.strip(" \n;") and sqlite3.complete_statement(pending):
            yield pending
            pending = ""


def _number(db: sqlite3.Connection, sql: str) -> int:
    (value,) = db.execute(sql).fetchone()
    return int(value)


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
