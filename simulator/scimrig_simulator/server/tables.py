"""The tables of the store, as they are laid out in an empty file.

Everything that belongs to a tenant says so in its first column, and every index starts with it; tenant 0 is the one
that is served without a name. How an older file comes to look like this is for ``layout.py``.

Rule: SQL, nothing else; whoever changes it writes the step from the version before. May import nothing of this project.
"""

from __future__ import annotations

BLOCK = 10
"""Rows are counted in blocks of 2**BLOCK sequence numbers, so that a page is found without walking to it."""

# A document is the text that is sent by default, links and meta apart; whole is all there is, where that is more.
RESOURCE = """
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

MEMBERSHIP = """
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

TERM = """
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

TALLY = f"""
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
  expires INTEGER,
  active INTEGER NOT NULL DEFAULT 1,
  used INTEGER
);
CREATE INDEX token_tenant ON token (tenant);
CREATE INDEX token_digest ON token (digest);
"""

# Every tenant is a directory of some organization; the tenant without a name has been there from the beginning.
ORGANIZATION = """
CREATE TABLE organization (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  external_id TEXT UNIQUE,
  region TEXT NOT NULL DEFAULT 'US',
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  scim INTEGER NOT NULL DEFAULT 1,
  features TEXT NOT NULL DEFAULT '{}',
  default_role TEXT NOT NULL DEFAULT 'member',
  metadata TEXT NOT NULL DEFAULT '{}'
);
CREATE TABLE directory (
  tenant INTEGER PRIMARY KEY,
  organization INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  type TEXT NOT NULL DEFAULT 'SCIM',
  provider TEXT NOT NULL DEFAULT '',
  enabled INTEGER NOT NULL DEFAULT 1,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL,
  synced INTEGER,
  email TEXT NOT NULL DEFAULT '',
  mappings TEXT NOT NULL DEFAULT '[]',
  allowed TEXT NOT NULL DEFAULT '[]'
);
CREATE INDEX directory_organization ON directory (organization);
CREATE TABLE domain (
  id TEXT PRIMARY KEY,
  organization INTEGER NOT NULL,
  domain TEXT NOT NULL,
  type TEXT NOT NULL,
  status TEXT NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL
);
CREATE INDEX domain_organization ON domain (organization, domain);
CREATE TABLE invited (
  id TEXT PRIMARY KEY,
  organization INTEGER NOT NULL,
  email TEXT NOT NULL,
  document TEXT NOT NULL,
  created INTEGER NOT NULL,
  modified INTEGER NOT NULL
);
CREATE UNIQUE INDEX invited_email ON invited (organization, email);
CREATE TABLE granted (
  tenant INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  roles TEXT NOT NULL,
  PRIMARY KEY (tenant, user_id)
) WITHOUT ROWID;
CREATE TABLE noted (
  tenant INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  document TEXT NOT NULL,
  PRIMARY KEY (tenant, user_id)
) WITHOUT ROWID;
CREATE TABLE session (
  digest BLOB PRIMARY KEY,
  tenant INTEGER NOT NULL,
  user_id TEXT NOT NULL,
  created INTEGER NOT NULL
);
CREATE INDEX session_user ON session (tenant, user_id);
INSERT INTO organization (number, id, name, created, modified) VALUES (1, 'org_ref', 'Reference organization', 0, 0);
INSERT INTO directory (tenant, organization, id, name, created, modified)
  VALUES (0, 1, 'dir_ref', 'Reference directory', 0, 0);
"""

# What was done, or refused, and by whom: written once, never changed, never removed (CAP-54).
AUDIT = """
CREATE TABLE audit (
  organization INTEGER NOT NULL,
  sequence INTEGER NOT NULL,
  at INTEGER NOT NULL,
  tenant INTEGER,
  action TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  actor TEXT NOT NULL,
  target_type TEXT NOT NULL,
  target_id TEXT NOT NULL,
  email TEXT,
  user_name TEXT,
  external_id TEXT,
  entry TEXT NOT NULL,
  PRIMARY KEY (organization, sequence)
) WITHOUT ROWID;
CREATE INDEX audit_target ON audit (organization, target_id);
CREATE INDEX audit_email ON audit (organization, email) WHERE email IS NOT NULL;
CREATE INDEX audit_refused ON audit (organization) WHERE outcome <> 'success';
CREATE INDEX audit_user_name ON audit (organization, user_name) WHERE user_name IS NOT NULL;
CREATE INDEX audit_external_id ON audit (organization, external_id) WHERE external_id IS NOT NULL;
CREATE TRIGGER audit_stands BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""

PORTAL = """
CREATE TABLE portal_link (
  id TEXT PRIMARY KEY,
  organization INTEGER NOT NULL,
  digest BLOB NOT NULL UNIQUE,
  created INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  opened INTEGER
);
CREATE TABLE portal_session (
  digest BLOB PRIMARY KEY,
  organization INTEGER NOT NULL,
  link TEXT NOT NULL,
  expires INTEGER NOT NULL
);
"""

_POLICY = """
CREATE TABLE setting (tenant INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tenant, name));
CREATE TABLE mapped_role (
  tenant INTEGER NOT NULL,
  group_id TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (tenant, group_id)
);
"""

# An event is kept once; each endpoint that is to hear of it has a delivery of its own. due: NULL = waits for another
# one about the same subject.  made: attempts so far;  base: those before the present round of the ladder.
WEBHOOKS = """
CREATE TABLE endpoint (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  url TEXT NOT NULL,
  description TEXT NOT NULL DEFAULT '',
  events TEXT NOT NULL DEFAULT '[]',
  enabled INTEGER NOT NULL DEFAULT 1,
  created INTEGER NOT NULL,
  main INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX endpoint_tenant ON endpoint (tenant);
CREATE TABLE endpoint_secret (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  secret TEXT NOT NULL,
  created REAL NOT NULL,
  expires REAL
);
CREATE INDEX endpoint_secret_endpoint ON endpoint_secret (tenant, endpoint);
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  occurred_at REAL NOT NULL,
  subject TEXT NOT NULL,
  body BLOB NOT NULL
);
CREATE INDEX event_tenant ON event (tenant);
CREATE TABLE delivery (
  tenant INTEGER NOT NULL,
  event INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  subject TEXT NOT NULL,
  state TEXT NOT NULL,
  due REAL,
  made INTEGER NOT NULL,
  base INTEGER NOT NULL,
  PRIMARY KEY (tenant, event, endpoint)
) WITHOUT ROWID;
CREATE INDEX delivery_state ON delivery (tenant, state, event);
CREATE INDEX delivery_due ON delivery (tenant, endpoint, due, event) WHERE state = 'pending';
CREATE INDEX delivery_subject ON delivery (tenant, endpoint, subject, event) WHERE state = 'pending';
CREATE TABLE attempt (
  tenant INTEGER NOT NULL,
  event INTEGER NOT NULL,
  endpoint INTEGER NOT NULL,
  number INTEGER NOT NULL,
  at REAL NOT NULL,
  duration REAL NOT NULL,
  status INTEGER NOT NULL,
  failure TEXT NOT NULL,
  answer TEXT NOT NULL,
  next REAL,
  PRIMARY KEY (tenant, event, endpoint, number)
) WITHOUT ROWID;
"""

# What the planner takes the tables for: ten million rows, a tenth of them one tenant's, half of those of a kind. Left
# to guess, SQLite takes the index of ``active`` for a search by name. (rows, then rows alike in one column, two, …)
STATISTICS = """
ANALYZE sqlite_master;
DELETE FROM sqlite_stat1;
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
  ('term', 'term_id', '10000000 1000000 2'),
  ('delivery', 'delivery', '10000000 1000000 20 1'),
  ('delivery', 'delivery_state', '10000000 1000000 500000 20 1'),
  ('delivery', 'delivery_due', '1000000 100000 5000 20 1'),
  ('delivery', 'delivery_subject', '1000000 100000 5000 2 1'),
  ('attempt', 'attempt', '10000000 1000000 20 2 1'),
  ('event', 'event_tenant', '1000000 100000'),
  ('audit', 'audit', '10000000 1000000 1'),
  ('audit', 'audit_target', '10000000 1000000 20'),
  ('audit', 'audit_email', '2000000 200000 2'),
  ('audit', 'audit_refused', '1000000 100000'),
  ('audit', 'audit_user_name', '500000 50000 10'),
  ('audit', 'audit_external_id', '500000 50000 10'),
  ('token', 'token_digest', '100000 1');
ANALYZE sqlite_master;
"""

TENANTS_OWN = (
    "resource", "membership", "term", "tally", "token", "setting", "mapped_role", "granted", "noted", "session",
    "directory",
    "endpoint", "endpoint_secret", "event", "delivery", "attempt",
)  # fmt: skip
"""Tables with rows of tenants, for whoever removes one."""

ALL = RESOURCE + MEMBERSHIP + TERM + TALLY + _TENANT + ORGANIZATION + _POLICY + WEBHOOKS + AUDIT + PORTAL
