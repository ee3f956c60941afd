"""How a file is laid out, and how one of an older version becomes one of this.

Versions only ever go forward: each step makes one version out of the one before, and all steps that a file needs are
one transaction.

Rule: ``tables.py`` says what there is now; here stands how to get there. May not import ``faults``, ``idp``
or ``drive``.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping

from scimrig_simulator.scim.compare import fold
from scimrig_simulator.server.tables import (
    ALL,
    AUDIT,
    MEMBERSHIP,
    ORGANIZATION,
    PORTAL,
    RESOURCE,
    STATISTICS,
    TALLY,
    TERM,
    WEBHOOKS,
)

MARK = 0x5C1A1
VERSION = 4

class LayoutError(Exception):
    """A file whose tables can't be used as they are; the message says why."""


def prepare(db: sqlite3.Connection) -> None:
    """Bring a database to this version, in the transaction under way; an empty one is laid out anew.

    Raises LayoutError for another program's database and for one of a newer version, which is left as it is.
    """
    mark, version = _number(db, "PRAGMA application_id"), _number(db, "PRAGMA user_version")
    if mark == 0 and not _number(db, "SELECT COUNT(*) FROM sqlite_master"):
        _run(db, ALL)
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
        _run(db, STATISTICS)
        db.execute(f"PRAGMA user_version = {VERSION}")


# As version 3 had them, for files that come from before it.
_TENANT_3 = """
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
_POLICY_3 = """
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
    _run(db, RESOURCE + MEMBERSHIP + TERM + TALLY + _TENANT_3 + _POLICY_3)
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


def _from_3(db: sqlite3.Connection) -> None:
    """Version 4 has organizations around the tenants, an audit log, and several endpoints for webhooks."""
    _run(db, """
        ALTER TABLE token ADD COLUMN active INTEGER NOT NULL DEFAULT 1;
        ALTER TABLE token ADD COLUMN used INTEGER;
        CREATE INDEX token_digest ON token (digest);
        DROP INDEX delivery_state;
        ALTER TABLE webhook RENAME TO old_webhook;
        ALTER TABLE delivery RENAME TO old_delivery;
        ALTER TABLE attempt RENAME TO old_attempt;
    """)  # fmt: skip
    _run(db, ORGANIZATION + WEBHOOKS + AUDIT + PORTAL)
    _run(db, """
        INSERT INTO organization (id, name, created, modified)
          SELECT 'org_' || name, name, 0, 0 FROM tenant WHERE number <> 0 ORDER BY number;
        INSERT INTO directory (tenant, organization, id, name, created, modified)
          SELECT tenant.number, organization.number, 'dir_' || tenant.name, tenant.name, 0, 0
          FROM tenant JOIN organization ON organization.id = 'org_' || tenant.name WHERE tenant.number <> 0;
        INSERT INTO domain
          SELECT 'dom_' || lower(hex(randomblob(16))), organization, held.value, 'ORGANIZATION_DOMAIN', 'VERIFIED', 0, 0
          FROM setting JOIN directory USING (tenant) JOIN json_each(setting.value) AS held
          WHERE setting.name = 'domains';
        UPDATE organization SET default_role = COALESCE(
          (SELECT json_extract(value, '$') FROM setting JOIN directory USING (tenant)
           WHERE organization = organization.number AND setting.name = 'default role'), default_role);
        DELETE FROM setting WHERE name IN ('domains', 'default role');
        INSERT INTO endpoint (tenant, id, url, created, main)
          SELECT tenant, 'ep_' || lower(hex(randomblob(16))), url, 0, 1 FROM old_webhook;
        INSERT INTO endpoint_secret (tenant, endpoint, secret, created)
          SELECT tenant, endpoint.number, old_webhook.secret, 0 FROM old_webhook JOIN endpoint USING (tenant);
        INSERT INTO event (seq, tenant, id, type, occurred_at, subject, body)
          SELECT seq, tenant, event_id, type, due, event_id, body FROM old_delivery ORDER BY seq;
        INSERT INTO delivery
          SELECT old_delivery.tenant, seq, endpoint.number, event_id, state, due,
            (SELECT COUNT(*) FROM old_attempt WHERE old_attempt.event_id = old_delivery.event_id), 0
          FROM old_delivery JOIN endpoint ON endpoint.tenant = old_delivery.tenant;
        INSERT INTO attempt
          SELECT delivery.tenant, delivery.event, endpoint, number, at, 0, status, failure, '', NULL
          FROM old_attempt JOIN delivery ON delivery.subject = old_attempt.event_id;
        DROP TABLE old_webhook; DROP TABLE old_delivery; DROP TABLE old_attempt;
    """)  # fmt: skip


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


_STEPS: Mapping[int, Callable[[sqlite3.Connection], None]] = {1: _from_1, 2: _from_2, 3: _from_3}


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
