"""Figures with their 95 % intervals: F1, balanced accuracy, and the bootstrap over whole documents.

Invariant: pure, and the same on every run: the bootstrap draws with a fixed seed. A document is drawn whole, for what
stands in one story is not independent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DRAWS = 2_000
SEED = 7

Counts = NDArray[np.float64]


def f1(right: float, wrong: float, missed: float) -> float:
    return 2 * right / (2 * right + wrong + missed) if right else 0.0


def balanced_accuracy(true: Sequence[bool], said: Sequence[bool]) -> float:
    """The mean of how often each of two answers is recognised; ½ for whoever always says the same."""
    shares = []
    for kind in (True, False):
        of_kind = [says is kind for is_true, says in zip(true, said, strict=True) if is_true is kind]
        shares.append(sum(of_kind) / len(of_kind) if of_kind else 0.0)
    return sum(shares) / 2


def bootstrap(documents: Counts, figure: Callable[[Counts], float]) -> tuple[float, float]:
    """`documents`: a row of counts for each; `figure`: of their sums."""
    draw = np.random.default_rng(SEED)
    count = len(documents)
    found = [figure(documents[draw.integers(0, count, count)].sum(axis=0)) for _ in range(DRAWS)]
    low, high = np.percentile(found, (2.5, 97.5))
    return float(low), float(high)


def told(documents: Counts, figure: Callable[[Counts], float], digits: int = 4) -> dict[str, Any]:
    low, high = bootstrap(documents, figure)
    return {
        "value": round(figure(documents.sum(axis=0)), digits),
        "low": round(low, digits),
        "high": round(high, digits),
    }
