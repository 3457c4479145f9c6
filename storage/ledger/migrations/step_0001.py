"""Step 1: the tables of the first release.

SQLite: homes have a number so that rows and index entries stay short; rows are clustered by (home, seq), which is how
they are read. Indexes leave out what most rows lack (scene, narrative time) and what CRDT rows share (their type).

PostgreSQL: events and attempts are partitioned by month (`storage.ledger.postgres_partitions`), so their keys hold the
time; that (home, seq) and attempts exist once is held by the lock and the check of the home's head. Collation "C"
sorts by bytes, as SQLite does.
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

POSTGRES = """
CREATE TABLE storyforge.hosts (
  id text COLLATE "C" NOT NULL, incarnation text COLLATE "C" NOT NULL, pid bigint NOT NULL, peer text NOT NULL,
  expires_at_ms bigint NOT NULL,
  PRIMARY KEY (id, incarnation)
) WITH (fillfactor = 50);
CREATE TABLE storyforge.homes (
  num bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, epoch bigint NOT NULL,
  seq bigint NOT NULL, owner_id text COLLATE "C", owner_incarnation text COLLATE "C"
) WITH (fillfactor = 50);
CREATE TABLE storyforge.events (
  home bigint NOT NULL, seq bigint NOT NULL, epoch bigint NOT NULL, at_ms bigint NOT NULL,
  doc text COLLATE "C" NOT NULL, kind bigint NOT NULL, type text COLLATE "C" NOT NULL, body bytea NOT NULL,
  scene text COLLATE "C", turn bigint NOT NULL, version bigint NOT NULL, source text COLLATE "C" NOT NULL,
  confidence double precision, narrative_ts bigint NOT NULL,
  PRIMARY KEY (home, seq, at_ms)
) PARTITION BY RANGE (at_ms);
CREATE INDEX events_doc ON storyforge.events (home, doc, seq);
CREATE INDEX events_scene ON storyforge.events (home, scene, seq) WHERE scene IS NOT NULL;
CREATE INDEX events_type ON storyforge.events (home, type, seq) WHERE kind = 1;
CREATE INDEX events_narrative ON storyforge.events (home, narrative_ts, seq) WHERE narrative_ts <> 0;
CREATE TABLE storyforge.events_default PARTITION OF storyforge.events DEFAULT;
CREATE TABLE storyforge.snapshots (
  home text COLLATE "C" NOT NULL, doc text COLLATE "C" NOT NULL, seq bigint NOT NULL, version bigint NOT NULL,
  body bytea NOT NULL,
  PRIMARY KEY (home, doc, seq)
);
CREATE TABLE storyforge.responses (
  home text COLLATE "C" NOT NULL, principal text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL,
  request_hash bytea NOT NULL, body bytea NOT NULL, seq bigint NOT NULL,
  PRIMARY KEY (home, principal, key)
);
CREATE TABLE storyforge.views (
  kind text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, home text COLLATE "C" NOT NULL,
  parent text COLLATE "C" NOT NULL, order_key text COLLATE "C" NOT NULL, body bytea NOT NULL, seq bigint NOT NULL,
  PRIMARY KEY (kind, id)
);
CREATE INDEX views_parent ON storyforge.views (kind, parent, order_key, id);
CREATE INDEX views_home ON storyforge.views (kind, home, order_key, id);
CREATE INDEX views_order ON storyforge.views (kind, order_key, id);
CREATE SEQUENCE storyforge.attempts_num;
CREATE TABLE storyforge.attempts (
  num bigint NOT NULL DEFAULT nextval('storyforge.attempts_num'),
  id text COLLATE "C" NOT NULL, home text COLLATE "C" NOT NULL, scene text COLLATE "C" NOT NULL,
  job text COLLATE "C" NOT NULL, step text COLLATE "C" NOT NULL, number bigint NOT NULL,
  state text COLLATE "C" NOT NULL, request bytea NOT NULL, timeout_ms bigint NOT NULL, priority bigint NOT NULL,
  created_at_ms bigint NOT NULL, deadline_at_ms bigint, worker text COLLATE "C", heartbeat_at_ms bigint,
  progress double precision NOT NULL, message text COLLATE "C" NOT NULL, cancel_requested boolean NOT NULL,
  result bytea, error bytea, version bigint NOT NULL,
  PRIMARY KEY (id, created_at_ms), UNIQUE (home, job, step, number, created_at_ms)
) PARTITION BY RANGE (created_at_ms);
CREATE INDEX attempts_live ON storyforge.attempts (priority DESC, num) WHERE state IN ('open', 'claimed');
CREATE TABLE storyforge.attempts_default PARTITION OF storyforge.attempts DEFAULT;
"""

STEP = Step(
    1,
    "the tables of the first release",
    kind="expand",
    beside=1,
    sqlite=statements(SQLITE),
    postgres=statements(POSTGRES),
)
