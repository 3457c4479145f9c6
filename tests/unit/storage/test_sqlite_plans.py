"""Every read that grows with a home walks an index in order (S-58)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.ledger import sqlite_attempts, sqlite_read
from storage.ledger.protocol import Kind
from storage.ledger.sqlite_attempts import Claimer
from storage.ledger.sqlite_schema import connect, ensure_schema

pytestmark = pytest.mark.unit

READS: dict[str, tuple[Callable[[sqlite3.Connection], Any], str]] = {
    "home": (
        lambda db: sqlite_read.events(db, "h", doc=None, after=5, upto=9, kinds=None, limit=5),
        "PRIMARY KEY (home=? AND seq>? AND seq<?)",
    ),
    "document": (
        lambda db: sqlite_read.events(db, "h", doc="d", after=5, upto=None, kinds=[Kind.UPDATES], limit=5),
        "events_doc (home=? AND doc=? AND seq>?)",
    ),
    "history": (lambda db: sqlite_read.events_back(db, "h", 9, None, 5), "PRIMARY KEY (home=? AND seq<?)"),
    "history of a scene": (lambda db: sqlite_read.events_back(db, "h", 9, "s", 5), "events_scene (home=? AND scene=?"),
    "children": (
        lambda db: sqlite_read.views(db, "k", home=None, parent="p", after=("a", "b"), limit=5, newest_first=False),
        "views_parent (kind=? AND parent=? AND (order_key,id)>",
    ),
    "views of a home": (
        lambda db: sqlite_read.views(db, "k", home="h", parent=None, after=None, limit=5, newest_first=True),
        "views_home (kind=? AND home=?)",
    ),
    "views of a kind": (
        lambda db: sqlite_read.views(db, "k", home=None, parent=None, after=None, limit=5, newest_first=True),
        "views_order (kind=?)",
    ),
    "open attempts": (lambda db: sqlite_attempts.claimable(db, Claimer("w", ["s"], [], ""), 1), "attempts_live"),
    "attempts of a home": (lambda db: sqlite_attempts.of_home(db, "h", "j", False), "(home=? AND job=?)"),
}


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect(tmp_path / "l.db")
    ensure_schema(connection, tmp_path / "l.db")
    yield connection
    connection.close()


@pytest.mark.parametrize("name", sorted(READS))
def test_the_plan_uses_its_index(db: sqlite3.Connection, name: str) -> None:
    """S-58: an index range, no scan of a table, no sort of what a page leaves out."""
    read, index = READS[name]
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    read(db)
    db.set_trace_callback(None)
    plan = " | ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {statements[0]}"))
    assert index in plan
    if name != "attempts of a home":
        assert "TEMP B-TREE" not in plan
    assert "SCAN events" not in plan
