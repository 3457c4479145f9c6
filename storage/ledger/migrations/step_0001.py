"""Step 1: the tables of the first release.

SQLite: homes have a number so that rows and index entries stay short; rows are clustered by (home, seq), which is how
they are read. Indexes leave out what most rows lack (scene, narrative time) and what CRDT rows share (their type).
"""

from __future__ import annotations

from storage.ledger.migrations.plan import Step, statements

SQLITE = """
CREATE TABLE hosts (
  id TEXT NOT NULL, incarnation TEXT NOT NULL, pid INTEGER NOT NULL, peer TEXT NOT NULL,
  boot_id TEXT NOT NULL, expires_boot_ms INTEGER NOT NULL,
  PRIMARY KEY (id, incarnation)
) WITHOUT ROWID;
CREATE TABLE homes (
  num INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL, seq INTEGER NOT NULL,
  owner_id TEXT, owner_incarnation TEXT
);
CREATE TABLE events (
  home INTEGER NOT NULL, seq INTEGER NOT NULL, epoch INTEGER NOT NULL, at_ms INTEGER NOT NULL, doc TEXT NOT NULL,
  kind INTEGER NOT NULL, type TEXT NOT NULL, body BLOB NOT NULL, scene TEXT, turn INTEGER NOT NULL,
  version INTEGER NOT NULL, source TEXT NOT NULL, confidence REAL, narrative_ts INTEGER NOT NULL,
  PRIMARY KEY (home, seq)
) WITHOUT ROWID;
CREATE INDEX events_doc ON events (home, doc, seq);
CREATE INDEX events_scene ON events (home, scene, seq) WHERE scene IS NOT NULL;
CREATE INDEX events_type ON events (home, type, seq) WHERE kind = 1;
CREATE INDEX events_narrative ON events (home, narrative_ts, seq) WHERE narrative_ts <> 0;
CREATE TABLE snapshots (
  home TEXT NOT NULL, doc TEXT NOT NULL, seq INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (home, doc, seq)
);
CREATE TABLE responses (
  home TEXT NOT NULL, principal TEXT NOT NULL, key TEXT NOT NULL, request_hash BLOB NOT NULL, body BLOB NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (home, principal, key)
);
CREATE TABLE views (
  kind TEXT NOT NULL, id TEXT NOT NULL, home TEXT NOT NULL, parent TEXT NOT NULL, order_key TEXT NOT NULL,
  body BLOB NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX views_parent ON views (kind, parent, order_key, id);
CREATE INDEX views_home ON views (kind, home, order_key, id);
CREATE INDEX views_order ON views (kind, order_key, id);
CREATE TABLE attempts (
  num INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, home TEXT NOT NULL, scene TEXT NOT NULL, job TEXT NOT NULL, step TEXT NOT NULL,
  number INTEGER NOT NULL, state TEXT NOT NULL, request BLOB NOT NULL, timeout_ms INTEGER NOT NULL,
  priority INTEGER NOT NULL, created_at_ms INTEGER NOT NULL, deadline_at_ms INTEGER, worker TEXT,
  heartbeat_at_ms INTEGER, progress REAL NOT NULL, message TEXT NOT NULL, cancel_requested INTEGER NOT NULL,
  result BLOB, error BLOB, version INTEGER NOT NULL,
  UNIQUE (home, job, step, number)
);
CREATE INDEX attempts_live ON attempts (priority DESC, num) WHERE state IN ('open', 'claimed');
"""

STEP = Step(
    1,
    "the tables of the first release",
    kind="expand",
    beside=1,
    sqlite=statements(SQLITE),
)
