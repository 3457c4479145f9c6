"""The index of a namespace that has outgrown comparing everything: a graph of neighbours beside the exact matrix.

Owns the graph (HNSW by `usearch`, eight bits a number) and the thread that builds it. The invariants: the graph only
proposes; what it proposes is filtered by the same columns and ranked by the same exact cosines as ever. Rows that are
not in the graph yet are compared one by one, so that nothing is missed for being new. Where few rows fit a filter the
graph is not asked at all; where it proposes too few that fit, everything that fits is compared. With many that fit an
answer is approximate: of the ten nearest it misses one in some hundred.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from usearch.index import Index

from storage.vectors.columns import Rows
from storage.vectors.exact import ExactIndex, unit_rows
from storage.vectors.protocol import Floats, Match, Scalar, Vector

GRAPH_FROM = 100_000
"""Entries from which a graph is worth its memory and its building (about 0.4 ms an entry, on one thread aside)."""
EXACT_ROWS_MAX = 20_000
"""Rows that fit a filter and are compared one by one: some 3 ms."""
BITE = 500
"""Rows added at a time. Larger: a replaced entry waits longer for the graph."""
CONNECTIVITY, EXPANSION_ADD, EXPANSION_SEARCH = 16, 128, 128
"""Of the graph: neighbours a node keeps, and how many are in sight while adding and searching."""
OVERFETCH, PROPOSED_MIN = 8, 64
"""Proposals for each one wanted, and at least: some do not fit, and eight bits shuffle the nearest."""


class UsearchIndex(ExactIndex):
    """See `ExactIndex`; one caller at a time, beside the thread that builds."""

    def __init__(self, dimension: int, *, graph_from: int = GRAPH_FROM, exact_rows_max: int = EXACT_ROWS_MAX) -> None:
        self._graph_from, self._exact_rows_max = graph_from, exact_rows_max
        self._graph_lock = threading.Lock()
        self._graph: Index | None = None
        self._graphed = 0
        """Rows below this one are in the graph, or holes."""
        self._builder: threading.Thread | None = None
        super().__init__(dimension)

    def _begin(self, capacity: int) -> None:
        with self._graph_lock:  # rows get other numbers: the graph knows none of them
            self._graph, self._graphed = None, 0
        super()._begin(capacity)

    # writing
    def put(self, vectors: Sequence[Vector]) -> None:
        known = [vector.id for vector in vectors if vector.id in self._row_of]
        with self._graph_lock:
            self._ungraph([self._row_of[id] for id in known])
            super().put(vectors)
            self._regraph([self._row_of[id] for id in known])
        self._build()

    def remove(self, ids: Iterable[str]) -> int:
        ids = list(ids)
        with self._graph_lock:
            self._ungraph([self._row_of[id] for id in ids if id in self._row_of])
        return super().remove(ids)

    def _ungraph(self, rows: list[int]) -> None:
        inside = [row for row in rows if row < self._graphed]
        if self._graph is not None and inside:
            self._graph.remove(np.array(inside, np.uint64))

    def _regraph(self, rows: list[int]) -> None:
        inside = [row for row in rows if row < self._graphed]
        if self._graph is not None and inside:
            self._graph.add(np.array(inside, np.uint64), self._units[inside], threads=1)

    # building
    def _build(self) -> None:
        behind = len(self._ids) - self._graphed
        busy = self._builder is not None and self._builder.is_alive()
        if len(self) >= self._graph_from and behind >= BITE and not busy:
            self._builder = threading.Thread(target=_building, args=(weakref.ref(self),), name="usearch", daemon=True)
            self._builder.start()

    def bite(self) -> bool:
        """Add the next rows; whether more wait."""
        with self._graph_lock:
            if self._graph is None:
                self._graph = Index(
                    ndim=self.dimension,
                    metric="cos",
                    dtype="i8",
                    connectivity=CONNECTIVITY,
                    expansion_add=EXPANSION_ADD,
                    expansion_search=EXPANSION_SEARCH,
                )
            until = min(self._graphed + BITE, len(self._ids), len(self._units))
            rows = self._graphed + np.flatnonzero(self._alive[self._graphed : until])
            if len(rows):
                self._graph.add(rows.astype(np.uint64), self._units[rows], threads=1)
            self._graphed = until
            return len(self._ids) - until >= BITE

    # reading
    def search(
        self,
        values: Floats,
        *,
        top_k: int,
        where: Mapping[str, tuple[Scalar, ...]],
        alive_at_s: float | None,
        at_least: float,
    ) -> list[Match]:
        fitting = self._candidates(where, alive_at_s)
        count = len(self._ids) if fitting is None else len(fitting)
        behind = len(self._ids) - self._graphed
        if self._graph is None or count <= self._exact_rows_max or behind > max(BITE, self._exact_rows_max):
            return self._ranked(values, fitting, top_k, at_least)
        rows = self._proposed(values, top_k, where, alive_at_s)
        if len(rows) < top_k:
            return self._ranked(values, fitting, top_k, at_least)
        return self._ranked(values, rows, top_k, at_least)

    def _proposed(
        self, values: Floats, top_k: int, where: Mapping[str, tuple[Scalar, ...]], alive_at_s: float | None
    ) -> Rows:
        """What the graph says, and every row it does not know; those that fit."""
        assert self._graph is not None
        unit, used = unit_rows(values.reshape(1, -1))[0][0], len(self._ids)
        matches: Any = self._graph.search(unit, max(PROPOSED_MIN, OVERFETCH * top_k), threads=1)
        known = matches.keys.astype(np.intp)
        rows = np.unique(np.concatenate([known, np.arange(self._graphed, used, dtype=np.intp)]))
        rows = rows[self._alive[rows]]
        fitting = self._columns.matching(where, rows, used)
        fitting = fitting if alive_at_s is None else self._columns.not_expired(fitting, alive_at_s, used)
        return rows if fitting is None else fitting


def _building(index: weakref.ref[UsearchIndex]) -> None:
    """Until all is in; an index that nobody holds any more ends it."""
    with contextlib.suppress(RuntimeError):  # interpreter shutdown: the graph is memory only
        while (one := index()) is not None and one.bite():
            del one
