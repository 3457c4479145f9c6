"""How everything of a deleted home leaves a database: the statements, the same for both.

Owns what goes and what stays. The invariant: rows go only under the owner's epoch, the log lowest first, so that what
is left of it is one run up to the head; each call is bounded, and one that nobody follows up has done no harm.
What stays: the head (its sequence never begins anew), the log from the tombstone on, and the projections in `KEPT`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

DELETED = "deleted"
"""The kind of projection that says a home was deleted, and how far its erasure is."""

SPEND = "spend"

KEPT = (DELETED, SPEND)
"""Projections that stay: the tombstone, and what was spent, which names no word of the story."""

PURGE_ROWS = 500
"""Rows taken out in one transaction. More: whoever types waits for it."""

HEAD = "SELECT num, epoch, seq, owner_id FROM {p}homes WHERE name = {m}"

EVENTS = """DELETE FROM {p}events WHERE home = {m} AND seq < {m} AND seq < {m} + (
  SELECT min(seq) FROM {p}events WHERE home = {m})"""
"""(num, before, limit, num)"""

ROWS = (
    "DELETE FROM {p}snapshots WHERE home = {m} AND (doc, seq) IN ("
    "SELECT doc, seq FROM {p}snapshots WHERE home = {m} LIMIT {m})",
    "DELETE FROM {p}responses WHERE home = {m} AND (principal, key) IN ("
    "SELECT principal, key FROM {p}responses WHERE home = {m} LIMIT {m})",
    "DELETE FROM {p}attempts WHERE home = {m} AND id IN (SELECT id FROM {p}attempts WHERE home = {m} LIMIT {m})",
)
"""(home, home, limit)"""

KINDS = """WITH RECURSIVE k(kind) AS (SELECT min(kind) FROM {p}views UNION ALL
  SELECT (SELECT min(v.kind) FROM {p}views v WHERE v.kind > k.kind) FROM k WHERE k.kind IS NOT NULL)
  SELECT kind FROM k WHERE kind IS NOT NULL"""
"""From one entry of the index to the next: no look at every row of everybody."""

VIEWS = """DELETE FROM {p}views WHERE kind = {m} AND id IN (
  SELECT id FROM {p}views WHERE kind = {m} AND home = {m} LIMIT {m})"""
"""(kind, kind, home, limit)"""

Step = tuple[str, Sequence[Any]]


def written(statement: str, prefix: str, mark: str) -> str:
    return statement.replace("{p}", prefix).replace("{m}", mark)


def steps(home: str, num: int, before: int, limit: int, kinds: Sequence[str]) -> list[Step]:
    """What to run until one of them takes rows away."""
    first: list[Step] = [(EVENTS, (num, before, limit, num))]
    rows: list[Step] = [(each, (home, home, limit)) for each in ROWS]
    views: list[Step] = [(VIEWS, (kind, kind, home, limit)) for kind in kinds if kind not in KEPT]
    return first + rows + views
