"""Step 3: who an attempt is for and what it needs, and the shares of a fair queue (`storage.ledger.fairness`).

`shares`: per pool, person ("*": the pool itself) and home ("": the person's whole) how much service was had, in
milliseconds of virtual time. `rates`: how long a step has taken lately. Older code inserts attempts without the new
columns and claims without looking at them: such rows are anybody's, and such claims are not charged.
"""

from __future__ import annotations

from storage.ledger.migrations import step_0002
from storage.ledger.migrations.plan import Step, statements

SQLITE = """
ALTER TABLE attempts ADD COLUMN principal TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN needs TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN affinity TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN not_before_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN claims INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN pool TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN weight INTEGER NOT NULL DEFAULT 100;
ALTER TABLE attempts ADD COLUMN charge_ms INTEGER NOT NULL DEFAULT 0;
CREATE TABLE shares (
  pool TEXT NOT NULL, principal TEXT NOT NULL, home TEXT NOT NULL, vtime_ms INTEGER NOT NULL, inner_ms INTEGER NOT NULL,
  turns INTEGER NOT NULL,
  PRIMARY KEY (pool, principal, home)
) WITHOUT ROWID;
CREATE TABLE rates (
  step TEXT NOT NULL, needs TEXT NOT NULL, mean_ms INTEGER NOT NULL, seen INTEGER NOT NULL,
  PRIMARY KEY (step, needs)
) WITHOUT ROWID;
"""

POSTGRES = """
ALTER TABLE storyforge.attempts ADD COLUMN principal text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE storyforge.attempts ADD COLUMN needs text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE storyforge.attempts ADD COLUMN affinity text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE storyforge.attempts ADD COLUMN not_before_ms bigint NOT NULL DEFAULT 0;
ALTER TABLE storyforge.attempts ADD COLUMN claims bigint NOT NULL DEFAULT 0;
ALTER TABLE storyforge.attempts ADD COLUMN pool text COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE storyforge.attempts ADD COLUMN weight bigint NOT NULL DEFAULT 100;
ALTER TABLE storyforge.attempts ADD COLUMN charge_ms bigint NOT NULL DEFAULT 0;
CREATE TABLE storyforge.shares (
  pool text COLLATE "C" NOT NULL, principal text COLLATE "C" NOT NULL, home text COLLATE "C" NOT NULL,
  vtime_ms bigint NOT NULL, inner_ms bigint NOT NULL, turns bigint NOT NULL, charge_ms bigint NOT NULL,
  PRIMARY KEY (pool, principal, home)
) WITH (fillfactor = 50);
CREATE TABLE storyforge.rates (
  step text COLLATE "C" NOT NULL, needs text COLLATE "C" NOT NULL, mean_ms bigint NOT NULL, seen bigint NOT NULL,
  PRIMARY KEY (step, needs)
) WITH (fillfactor = 50);
"""

STEP = Step(
    3,
    "who attempts are for, and a fair queue's shares",
    kind="expand",
    beside=step_0002.STEP.beside,
    sqlite=statements(SQLITE),
    postgres=statements(POSTGRES),
)
