"""Metadata of many entries as columns: a filter is a few comparisons of whole arrays.

Owns the columns; pure. The invariant: `at(row)` is what was put into the row, types included. Each name has one array
of codes (which of the column's distinct values a row has, −1: none); `expires_at` is an array of times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.vectors.protocol import EXPIRES_AT, Scalar, expires_at_of

Rows = NDArray[np.intp]

ABSENT = -1


class _Column:
    def __init__(self, capacity: int) -> None:
        self.codes = np.full(capacity, ABSENT, np.int32)
        self.values: list[Scalar] = []
        self._code_of: dict[tuple[type, Scalar], int] = {}
        self.rows_of: list[int] = []
        """Per code, how many rows have it: the rarest filter is tried first."""

    def put(self, row: int, value: Scalar | None) -> None:
        old = int(self.codes[row])
        if old != ABSENT:
            self.rows_of[old] -= 1
        if value is None:
            self.codes[row] = ABSENT
            return
        code = self._code_of.setdefault((type(value), value), len(self.values))
        if code == len(self.values):
            self.values.append(value)
            self.rows_of.append(0)
        self.codes[row] = code
        self.rows_of[code] += 1

    def wanted(self, values: tuple[Scalar, ...]) -> list[int]:
        """The codes of these values. Numbers are equal by value, a truth value is no number."""
        asked: list[tuple[type, Any]] = []
        for value in values:
            if isinstance(value, bool | str):
                asked.append((type(value), value))
            else:
                asked += [(int, value), (float, value)]  # 1 == 1.0 in a dict, so the type tells them apart
        return sorted({self._code_of[one] for one in asked if one in self._code_of})

    def grow(self, capacity: int) -> None:
        self.codes = np.concatenate([self.codes, np.full(capacity - len(self.codes), ABSENT, np.int32)])


class Columns:
    """Rows 0..capacity−1; a row is empty until it is put."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._columns: dict[str, _Column] = {}
        self._expires_at = np.full(capacity, np.inf)

    def grow(self, capacity: int) -> None:
        for column in self._columns.values():
            column.grow(capacity)
        self._expires_at = np.concatenate([self._expires_at, np.full(capacity - self._capacity, np.inf)])
        self._capacity = capacity

    def put(self, row: int, metadata: Mapping[str, Scalar]) -> None:
        for name in metadata.keys() - self._columns.keys():
            if name != EXPIRES_AT:
                self._columns[name] = _Column(self._capacity)
        for name, column in self._columns.items():
            column.put(row, metadata.get(name))
        self._expires_at[row] = expires_at_of(metadata)

    def clear(self, row: int) -> None:
        self.put(row, {})

    def at(self, row: int) -> dict[str, Scalar]:
        found = {
            name: column.values[column.codes[row]]
            for name, column in self._columns.items()
            if column.codes[row] != ABSENT
        }
        if np.isfinite(self._expires_at[row]):
            found[EXPIRES_AT] = float(self._expires_at[row])
        return found

    def matching(self, where: Mapping[str, tuple[Scalar, ...]], alive: Rows | None, used: int) -> Rows | None:
        """Rows below `used`, of `alive` where given, that have all these values; None: all of them, unfiltered."""
        wanted = []
        for name, values in where.items():
            column = self._columns.get(name)
            codes = column.wanted(values) if column is not None else []
            if column is None or not codes:
                return np.empty(0, np.intp)
            wanted.append((sum(column.rows_of[code] for code in codes), column.codes, codes))
        rows = alive
        for _, column_codes, codes in sorted(wanted, key=lambda one: one[0]):
            here = column_codes[:used] if rows is None else column_codes[rows]
            hit = here == codes[0] if len(codes) == 1 else np.isin(here, codes)
            rows = np.flatnonzero(hit) if rows is None else rows[hit]
        return rows

    def not_expired(self, rows: Rows | None, at_s: float, used: int) -> Rows | None:
        hit = (self._expires_at[:used] if rows is None else self._expires_at[rows]) > at_s
        if hit.all():
            return rows
        return np.flatnonzero(hit) if rows is None else rows[hit]

    def expired(self, at_s: float, used: int) -> Rows:
        return np.flatnonzero(self._expires_at[:used] <= at_s)
