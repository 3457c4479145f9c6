"""Step 4: attempts that ask for the same thing, by name (`flight`): one of them is worked on, the others wait for it.

Older code inserts attempts without the column and claims without looking at it: such rows fly alone, and are worked on
as before.
"""

from __future__ import annotations

from storage.ledger.migrations import step_0003
from storage.ledger.migrations.plan import Step, statements

SQLITE = """
ALTER TABLE attempts ADD COLUMN flight TEXT NOT NULL DEFAULT '';
CREATE INDEX attempts_flight ON attempts (flight, num) WHERE flight <> '' AND state IN ('open', 'claimed');
"""

POSTGRES = """
ALTER TABLE storyforge.attempts ADD COLUMN flight text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX attempts_flight ON storyforge.attempts (flight, num)
  WHERE flight <> '' AND state IN ('open', 'claimed');
"""

STEP = Step(
    4,
    "attempts that ask for the same thing",
    kind="expand",
    beside=step_0003.STEP.beside,
    sqlite=statements(SQLITE),
    postgres=statements(POSTGRES),
)
