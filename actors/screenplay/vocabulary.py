"""Word tables: written as plain text so that they read and diff like word lists."""

from __future__ import annotations


def words(table: str) -> frozenset[str]:
    """The words of a table, separated by any white space."""
    return frozenset(table.split())


def phrases(table: str) -> frozenset[str]:
    """The phrases of a table, separated by ``|``."""
    return frozenset(part.strip() for part in table.split("|"))
