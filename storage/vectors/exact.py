"""The exact index of one namespace: filter first, then multiply what is left.

Owns the matrix and its columns; pure, no I/O, one caller at a time. The invariant: an answer is what comparing every
live entry would give, ties by id. A deleted row stays as a hole until a quarter are holes; then the index is
made anew without them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from storage.vectors.columns import Columns, Rows
from storage.vectors.protocol import Floats, Match, Scalar, Vector

CAPACITY_MIN = 64
BITE_ROWS = 512
"""Rows copied at a time: at 384 numbers they stay in a core's cache until they are multiplied."""
HOLES_MIN = 1_024
"""Fewer holes are never worth a copy of the matrix."""


class ExactIndex:
    """Vectors of one length. Callers have checked what they put."""

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension
        self._begin(CAPACITY_MIN)

    def _begin(self, capacity: int) -> None:
        self._units = np.empty((capacity, self.dimension), np.float32)
        self._lengths = np.empty(capacity, np.float32)
        self._alive = np.zeros(capacity, np.bool_)
        self._columns = Columns(capacity)
        self._row_of: dict[str, int] = {}
        self._ids: list[str | None] = []

    def __len__(self) -> int:
        return len(self._row_of)

    @property
    def bytes(self) -> int:
        return self._units.nbytes

    # writing
    def put(self, vectors: Sequence[Vector]) -> None:
        if not vectors:
            return
        given = np.stack([vector.values for vector in vectors]).astype(np.float32, copy=False)
        units, lengths = unit_rows(given)
        rows = [self._row(vector.id) for vector in vectors]
        self._units[rows], self._lengths[rows], self._alive[rows] = units, lengths, True
        for row, vector in zip(rows, vectors, strict=True):
            self._columns.put(row, vector.metadata)

    def _row(self, id: str) -> int:
        row = self._row_of.get(id)
        if row is None:
            row = self._row_of[id] = len(self._ids)
            self._ids.append(id)
            if row == len(self._units):
                self._grow(2 * row)
        return row

    def _grow(self, capacity: int) -> None:
        units, lengths, alive, used = self._units, self._lengths, self._alive, len(self._lengths)
        self._units = np.empty((capacity, self.dimension), np.float32)
        self._lengths = np.empty(capacity, np.float32)
        self._alive = np.zeros(capacity, np.bool_)
        self._units[:used], self._lengths[:used], self._alive[:used] = units, lengths, alive
        self._columns.grow(capacity)

    def remove(self, ids: Iterable[str]) -> int:
        """How many were there."""
        removed = 0
        for id in ids:
            row = self._row_of.pop(id, None)
            if row is not None:
                self._ids[row], self._alive[row] = None, False
                self._columns.clear(row)
                removed += 1
        holes = len(self._ids) - len(self._row_of)
        if holes >= HOLES_MIN and holes * 4 > len(self._ids):
            self._compact()
        return removed

    def _compact(self) -> None:
        units, lengths, columns, kept = self._units, self._lengths, self._columns, self._row_of
        rows = list(kept.values())
        self._begin(max(CAPACITY_MIN, len(rows) * 2))
        self._units[: len(rows)], self._lengths[: len(rows)] = units[rows], lengths[rows]
        self._alive[: len(rows)] = True
        for row, (id, old) in enumerate(kept.items()):
            self._row_of[id] = row
            self._ids.append(id)
            self._columns.put(row, columns.at(old))

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
        return self._ranked(values, self._candidates(where, alive_at_s), top_k, at_least)

    def _ranked(self, values: Floats, rows: Rows | None, top_k: int, at_least: float) -> list[Match]:
        scores = self._cosines(unit_rows(values.reshape(1, -1))[0][0], rows)
        return self._best(rows, scores, top_k, at_least)

    def _cosines(self, unit: Floats, rows: Rows | None) -> Floats:
        """Of these rows. Copying a row out costs about as much as multiplying it twice, and a copy of all of them at
        once is memory that the system must clear first: so most rows are multiplied where they lie, few in bites."""
        used = len(self._ids)
        if rows is None or 3 * len(rows) > used:
            scores: Floats = self._units[:used] @ unit
            return scores if rows is None else scores[rows]
        bite = np.empty((min(BITE_ROWS, len(rows)), self.dimension), np.float32)
        scores = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), BITE_ROWS):
            here = rows[start : start + BITE_ROWS]
            taken = self._units.take(here, axis=0, out=bite[: len(here)], mode="clip")
            np.dot(taken, unit, out=scores[start : start + len(here)])
        return scores

    def _candidates(self, where: Mapping[str, tuple[Scalar, ...]], alive_at_s: float | None) -> Rows | None:
        """Rows to compare; None: all that were ever used."""
        used = len(self._ids)
        holes = used != len(self._row_of)
        alive = np.flatnonzero(self._alive[:used]) if holes and not where else None  # a hole has no metadata to match
        rows = self._columns.matching(where, alive, used)
        return rows if alive_at_s is None else self._columns.not_expired(rows, alive_at_s, used)

    def _best(self, rows: Rows | None, scores: Floats, top_k: int, at_least: float) -> list[Match]:
        """Ties by id: what stands at the edge of the cut is looked at whole."""
        if len(scores) > top_k:
            edge = np.partition(scores, len(scores) - top_k)[len(scores) - top_k]
            picked: NDArray[np.intp] = np.flatnonzero(scores >= max(edge, np.float32(at_least)))
        else:
            picked = np.flatnonzero(scores >= at_least)
        found = []
        for place in picked:
            row = int(place if rows is None else rows[place])
            found.append((-float(scores[place]), self._ids[row] or "", row))
        found.sort()
        return [Match(id, min(1.0, max(-1.0, -less)), self._columns.at(row)) for less, id, row in found[:top_k]]

    def ids_where(self, where: Mapping[str, tuple[Scalar, ...]]) -> list[str]:
        rows = self._candidates(where, None)
        return self._named(range(len(self._ids)) if rows is None else rows)

    def expired(self, at_s: float) -> list[str]:
        return self._named(self._columns.expired(at_s, len(self._ids)))

    def _named(self, rows: Iterable[int]) -> list[str]:
        return [id for row in rows if (id := self._ids[row]) is not None]

    def get(self, ids: Iterable[str]) -> dict[str, Vector]:
        found = {}
        for id in ids:
            row = self._row_of.get(id)
            if row is not None:
                values = (self._units[row] * self._lengths[row]).astype(np.float32)
                found[id] = Vector(id, values, self._columns.at(row))
        return found


def unit_rows(rows: Floats) -> tuple[Floats, Floats]:
    """(rows of length one, their lengths): float32 (n, d) → float32 (n, d), (n,)."""
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    return (rows / lengths[:, None]).astype(np.float32), lengths.astype(np.float32)
