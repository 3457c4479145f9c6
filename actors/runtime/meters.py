"""Numbers the runtime keeps of itself, read when somebody asks.

Owns the histogram. The invariant: to observe is one search in a short tuple and two additions; nothing is computed,
formatted or sent before a reader comes.
"""

from __future__ import annotations

from bisect import bisect_left

COMMIT_BOUNDS_S = (0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds, in seconds: fine where a healthy disk is, coarse where a sick one is."""


class Histogram:
    """Counts of values at most each bound (and above all), their sum; only ever grows."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...] = COMMIT_BOUNDS_S) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value
