"""Many rows in few statements.

Owns the SQL text of multi-row VALUES. The invariant: rows keep their order. The interpreter lock is released and taken
again at every statement step, and beside a busy event loop each taking may wait for a whole switch interval; so a
batch is a handful of steps, not one per row.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Sequence
from typing import Any

SIZES = (64, 16, 4, 1)
"""Rows a statement; each size is prepared once and kept."""


class ManyRows:
    """A statement around VALUES lists of `columns` placeholders."""

    def __init__(self, before: str, columns: int, after: str = "") -> None:
        row = f"({','.join('?' * columns)})"
        self.text = {size: f"{before} {','.join([row] * size)} {after}" for size in SIZES}


def run_many(connection: sqlite3.Connection, statement: ManyRows, rows: Sequence[tuple[Any, ...]]) -> int:
    """Rows changed."""
    at, before = 0, connection.total_changes  # rowcount does not know statements that begin with WITH
    for size in SIZES:
        while len(rows) - at >= size:
            values = list(itertools.chain.from_iterable(rows[at : at + size]))
            connection.execute(statement.text[size], values)
            at += size
    return connection.total_changes - before
