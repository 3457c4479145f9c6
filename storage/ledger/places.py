"""Where everybody stands in the queue, worked out from one look at it: position and time, by measured rates.

Pure. The invariant: the order is that of the claims (`storage.ledger.fairness`) if nothing else comes and every step
takes as long as such steps do. It is a forecast: who comes next with a smaller share goes before.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from storage.ledger.fairness import COST_MS_DEFAULT, Share, price_ms

QUEUE_ROWS_MAX = 2_000
"""Attempts a look reads, oldest first. Who stands behind them has no place yet."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """An attempt that waits or runs, with the shares it has a part in (see `fairness.turn`)."""

    id: str
    pool: str
    user: str
    home: str
    step: str
    needs: str
    priority: int
    weight: int
    claimed_at_ms: int | None  # None: it waits
    not_before_ms: int
    of_pool: Share
    of_user: Share
    of_home: Share


@dataclass(frozen=True, slots=True)
class Queue:
    """One look. `rates`: (step, needs) → mean duration, of what was measured."""

    at_ms: int
    rows: Sequence[Waiting]
    rates: Mapping[tuple[str, str], int]

    def mean_ms(self, step: str, needs: str = "") -> int | None:
        """How long such a step takes; by whatever does it, where nobody has measured this one."""
        found = self.rates.get((step, needs))
        if found is not None:
            return found
        others = [mean for (name, _), mean in self.rates.items() if name == step]
        return max(others) if others else None


@dataclass(frozen=True, slots=True)
class Place:
    """`position` counts from 1; `starts_in_ms`: None where a step ahead was never measured."""

    position: int
    starts_in_ms: int | None


@dataclass(slots=True)
class _Line:
    waiting: list[Waiting] = field(default_factory=list)
    running_ms: list[int | None] = field(default_factory=list)  # what is left of each


def places(queue: Queue) -> dict[str, Place]:
    """Attempt → its place, of all that wait."""
    lines: dict[str, _Line] = defaultdict(_Line)
    for row in queue.rows:
        line = lines[row.pool]
        if row.claimed_at_ms is None:
            line.waiting.append(row)
        else:
            mean = queue.mean_ms(row.step, row.needs)
            line.running_ms.append(None if mean is None else max(0, mean - (queue.at_ms - row.claimed_at_ms)))
    found: dict[str, Place] = {}
    for line in lines.values():
        workers = max(1, len(line.running_ms))
        ahead = _sum(line.running_ms)
        for position, row in enumerate(_in_order(line.waiting, queue), 1):
            starts_ms = None if ahead is None else max(ahead // workers, row.not_before_ms - queue.at_ms)
            found[row.id] = Place(position, starts_ms)
            mean = queue.mean_ms(row.step, row.needs)
            ahead = None if ahead is None or mean is None else ahead + mean
    return found


def _sum(values: Iterable[int | None]) -> int | None:
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


class _Person:
    """Somebody's rows of one priority, project by project, and their virtual times as claims would move them."""

    def __init__(self, row: Waiting) -> None:
        self.start_ms = max(row.of_user.vtime_ms, row.of_pool.vtime_ms)
        self.inner_ms = row.of_user.inner_ms
        self.homes: dict[str, deque[tuple[int, Waiting]]] = defaultdict(deque)
        self.spent: dict[str, int] = {}

    def add(self, num: int, row: Waiting) -> None:
        self.homes[row.home].append((num, row))
        self.spent.setdefault(row.home, row.of_home.vtime_ms)

    def next(self) -> tuple[int, int, int, str]:
        """(start, inner lag, num, home) of the row whose turn is next."""
        lag, num, home = min(
            (max(0, self.spent[home] - self.inner_ms), rows[0][0], home) for home, rows in self.homes.items() if rows
        )
        return self.start_ms, lag, num, home

    def take(self, home: str, queue: Queue) -> Waiting:
        row = self.homes[home].popleft()[1]
        if not self.homes[home]:
            del self.homes[home]
        self.inner_ms = max(self.inner_ms, self.spent[home])
        self.spent[home] = max(self.spent[home], self.inner_ms) + _price(row, queue)
        self.start_ms += _price(row, queue)
        return row


def _in_order(rows: Sequence[Waiting], queue: Queue) -> list[Waiting]:
    """As claims would take them, one after the other. `rows`: oldest first. The even turns, which do not look at
    priorities, are left out: who waits below urgent work may come sooner than told."""
    people: dict[str, _Person] = {}
    levels: dict[int, list[tuple[int, Waiting]]] = defaultdict(list)
    for num, row in enumerate(rows):
        levels[row.priority].append((num, row))
        people.setdefault(row.user, _Person(row))
    ordered: list[Waiting] = []
    for level in sorted(levels, reverse=True):
        for num, row in levels[level]:
            people[row.user].add(num, row)
        heap = [(*people[user].next(), user) for user in {row.user for _, row in levels[level]}]
        heapq.heapify(heap)
        while heap:
            *_, home, user = heapq.heappop(heap)
            ordered.append(people[user].take(home, queue))
            if people[user].homes:
                heapq.heappush(heap, (*people[user].next(), user))
    return ordered


def _price(row: Waiting, queue: Queue) -> int:
    return price_ms(queue.mean_ms(row.step, row.needs) or COST_MS_DEFAULT, row.weight)
