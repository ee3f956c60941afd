-- A file of version 3 as it was laid out, with what a policy kept for three tenants.
PRAGMA application_id = 377249;
PRAGMA user_version = 3;
CREATE TABLE attempt (
  event_id TEXT NOT NULL,
  number INTEGER NOT NULL,
  at REAL NOT NULL,
  status INTEGER NOT NULL,
  failure TEXT NOT NULL,
  PRIMARY KEY (event_id, number)
);
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
CREATE TABLE mapped_role (
  tenant INTEGER NOT NULL,
  group_id TEXT NOT NULL,
  role TEXT NOT NULL,
  PRIMARY KEY (tenant, group_id)
);
CREATE TABLE membership (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant INTEGER NOT NULL,
  group_id TEXT NOT NULL,
  member_id TEXT NOT NULL,
  display TEXT
);
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
CREATE TABLE setting (tenant INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (tenant, name));
CREATE TABLE tally (
  tenant INTEGER NOT NULL,
  kind TEXT NOT NULL,
  block INTEGER NOT NULL,
  stored INTEGER NOT NULL,
  PRIMARY KEY (tenant, kind, block)
) WITHOUT ROWID;
CREATE TABLE tenant (number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);
INSERT INTO "tenant" VALUES(0,'');
CREATE TABLE term (
  tenant INTEGER NOT NULL,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (tenant, kind, name, value, id)
) WITHOUT ROWID;
CREATE TABLE token (
  id TEXT PRIMARY KEY,
  tenant INTEGER NOT NULL,
  digest BLOB NOT NULL,
  suffix TEXT NOT NULL,
  created INTEGER NOT NULL,
  expires INTEGER
);
CREATE TABLE webhook (tenant INTEGER PRIMARY KEY, url TEXT NOT NULL, secret TEXT NOT NULL);
CREATE UNIQUE INDEX resource_id ON resource (tenant, id);
CREATE INDEX resource_tenant ON resource (tenant);
CREATE INDEX resource_kind ON resource (tenant, kind);
CREATE INDEX resource_user_name ON resource (tenant, kind, user_name);
CREATE INDEX resource_external_id ON resource (tenant, kind, external_id);
CREATE INDEX resource_display_name ON resource (tenant, kind, display_name);
CREATE INDEX resource_active ON resource (tenant, kind, active);
CREATE INDEX resource_created ON resource (tenant, kind, created);
CREATE INDEX resource_modified ON resource (tenant, kind, modified);
CREATE INDEX membership_group ON membership (tenant, group_id, member_id);
CREATE INDEX membership_order ON membership (tenant, group_id);
CREATE INDEX membership_member ON membership (tenant, member_id, group_id);
CREATE INDEX term_id ON term (tenant, id);
CREATE TRIGGER resource_in AFTER INSERT ON resource BEGIN
  INSERT INTO tally VALUES (NEW.tenant, NEW.kind, -1, 1), (NEW.tenant, NEW.kind, NEW.seq >> 10, 1)
  ON CONFLICT (tenant, kind, block) DO UPDATE SET stored = stored + 1;
END;
CREATE TRIGGER resource_out AFTER DELETE ON resource BEGIN
  UPDATE tally SET stored = stored - 1
  WHERE tenant = OLD.tenant AND kind = OLD.kind AND block IN (-1, OLD.seq >> 10);
END;
CREATE INDEX token_tenant ON token (tenant);
CREATE INDEX delivery_state ON delivery (tenant, state, due);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('tenant',0);
ANALYZE sqlite_master;
INSERT INTO sqlite_stat1 VALUES ('term', 'term_id', '10000000 1000000 2');
INSERT INTO tenant VALUES (4, 'acme'), (7, 'beta');
INSERT INTO token VALUES ('t1', 4, x'00', '0a1b', 1700000000000, NULL);
INSERT INTO setting VALUES (0, 'domains', '["ref.test"]'), (4, 'domains', '["acme.test","acme.example"]');
INSERT INTO setting VALUES (4, 'default role', '"guest"'), (0, 'cursor key', '"abc"');
INSERT INTO mapped_role VALUES (4, 'g1', 'admin');
INSERT INTO webhook VALUES (4, 'http://127.0.0.1:9/hook', 'whsec_c2VjcmV0');
INSERT INTO delivery VALUES (5, 4, 'evt_1', 'a.b', 'http://127.0.0.1:9/hook', x'7b7d', 'pending', 1.5);
INSERT INTO delivery VALUES (6, 7, 'evt_2', 'a.b', 'http://127.0.0.1:9/old', x'', 'failed', 1.5);
INSERT INTO attempt VALUES ('evt_1', 1, 1.0, 500, '');
