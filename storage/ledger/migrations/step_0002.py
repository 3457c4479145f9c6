"""Step 2: homes that are asked for, when they were claimed, and hosts on their way out.

`wanted_*`: whose want stands (see `Ledger.want`), or for whom a home that was given back is kept, and since when. The
index holds only homes somebody has asked for, so that a heartbeat finds its own without a look at the others.
"""

from __future__ import annotations

from storage.ledger.migrations import step_0001
from storage.ledger.migrations.plan import Step, statements

SQLITE = """
ALTER TABLE hosts ADD COLUMN draining INTEGER NOT NULL DEFAULT 0;
ALTER TABLE homes ADD COLUMN claimed_at_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE homes ADD COLUMN wanted_id TEXT;
ALTER TABLE homes ADD COLUMN wanted_incarnation TEXT;
ALTER TABLE homes ADD COLUMN wanted_at_ms INTEGER NOT NULL DEFAULT 0;
CREATE INDEX homes_wanted ON homes (wanted_incarnation) WHERE wanted_incarnation IS NOT NULL;
"""

POSTGRES = """
ALTER TABLE storyforge.hosts ADD COLUMN draining BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE storyforge.homes ADD COLUMN claimed_at_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE storyforge.homes ADD COLUMN wanted_id TEXT COLLATE "C";
ALTER TABLE storyforge.homes ADD COLUMN wanted_incarnation TEXT COLLATE "C";
ALTER TABLE storyforge.homes ADD COLUMN wanted_at_ms BIGINT NOT NULL DEFAULT 0;
CREATE INDEX homes_wanted ON storyforge.homes (wanted_incarnation) WHERE wanted_incarnation IS NOT NULL;
"""

STEP = Step(
    2,
    "homes that are asked for, hosts on their way out",
    kind="expand",
    beside=step_0001.STEP.beside,
    sqlite=statements(SQLITE),
    postgres=statements(POSTGRES),
)
