"""The steps from an empty database to today's schema, for SQLite and PostgreSQL.

**To add a step**: write `step_NNNN.py` beside the others with the next number, append its `STEP` to `STEPS` below, and
change the SQL that uses it. Nothing else: fresh databases run all steps, old ones those they lack. Rules, each held by
tests/unit/storage/test_migrations.py:

- A released step is never changed; a mistake in it is the next step.
- A step names `beside`: the oldest schema whose code goes on working on the database once the step was run. It is
  always less than its own number, because in a rolling deploy the previous version runs on while the new one migrates.
  - `expand` (a new table, index, or column with a default): `beside` as its predecessor's (now 1). Code that knows
    less opens such a database; therefore every INSERT names its columns, and no SELECT says `*`.
  - `contract` (drops or renames what older code uses): `beside` is the schema of the first code that no longer uses it,
    so it ships at least one release after that code.
- Statements are separate strings. All of one step run in one transaction; a crash leaves whole steps.
- On PostgreSQL every name carries its schema (`storyforge.homes`): a pooler keeps no search_path for us.
"""

from __future__ import annotations

from storage.ledger.migrations import step_0001, step_0002, step_0003, step_0004, step_0005
from storage.ledger.migrations.plan import Found, Step, missing

STEPS: tuple[Step, ...] = (step_0001.STEP, step_0002.STEP, step_0003.STEP, step_0004.STEP, step_0005.STEP)

__all__ = ["STEPS", "Found", "Step", "missing"]
