"""What may be spent on writing, and how fast: budgets, reservations, and a token bucket.

Invariant: a call starts only if its most possible cost, with all that was spent and all that is under way in this
process, stays within both budgets; so several processes together overrun by at most one call each. What was spent is
asked of a port (`Spending`), which reads committed rows; amounts are millionths of a currency unit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from gpu.enhance.writer import WriterError

Clock = Callable[[], float]


class Spending(Protocol):
    """What committed rows say was spent."""

    async def of_project(self, project: str) -> int: ...

    async def today(self) -> int:
        """Of all projects since midnight UTC."""
        ...


class NothingSpent:
    """For installations that pay nobody."""

    async def of_project(self, project: str) -> int:
        return 0

    async def today(self) -> int:
        return 0


@dataclass(frozen=True, slots=True)
class Limits:
    """Millionths of a currency unit; 0: no limit."""

    project_micro: int = 0
    day_micro: int = 0


class Budget:
    """One per process."""

    def __init__(self, limits: Limits, spending: Spending) -> None:
        self._limits, self._spending = limits, spending
        self._held: dict[str, int] = {}  # project → what calls under way may cost

    async def reserve(self, project: str, cost_micro: int) -> contextlib.AbstractContextManager[None]:
        """Room for a call. Raises WriterError("quota") naming the budget that has none."""
        if cost_micro:
            asked, limits = cost_micro, self._limits
            spent = await self._spending.of_project(project) if limits.project_micro else 0
            if limits.project_micro and spent + self._held.get(project, 0) + asked > limits.project_micro:
                raise WriterError("quota", "the project's budget for writing is spent")
            spent = await self._spending.today() if limits.day_micro else 0
            if limits.day_micro and spent + sum(self._held.values()) + asked > limits.day_micro:
                raise WriterError("quota", "today's budget for writing is spent")
        return self._holding(project, cost_micro)

    @contextlib.contextmanager
    def _holding(self, project: str, cost_micro: int) -> Iterator[None]:
        if not cost_micro:
            yield
            return
        self._held[project] = self._held.get(project, 0) + cost_micro
        try:
            yield
        finally:
            self._held[project] -= cost_micro
            if not self._held[project]:
                del self._held[project]


class TokenBucket:
    """`per_minute` calls, `burst` of them at once; 0 per minute: as many as one likes."""

    def __init__(self, per_minute: int, burst: int, clock: Clock) -> None:
        self._rate, self._burst, self._clock = per_minute / 60, float(burst), clock
        self._tokens, self._at = float(burst), clock()

    def take(self) -> float:
        """0.0 and a token is taken; else the seconds until there is one."""
        if not self._rate:
            return 0.0
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate
        self._tokens -= 1
        return 0.0
