"""Shares with their intervals: pure arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

Z_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `of`, with the Wilson interval at 95 %: it holds where the normal one does not, near 0 and 1."""

    count: int
    of: int

    @property
    def share(self) -> float:
        return self.count / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        if not self.of:
            return 0.0, 1.0
        n, p, z = self.of, self.share, Z_95
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z / (1 + z * z / n) * sqrt(p * (1 - p) / n + z * z / (4 * n * n))
        return max(0.0, middle - half), min(1.0, middle + half)

    def told(self) -> dict[str, Any]:
        low, high = self.interval
        return {"count": self.count, "of": self.of, "share": round(self.share, 5), "low": round(low, 5),
                "high": round(high, 5)}  # fmt: skip
