"""Quora's question pairs, as GPTCache's own benchmark uses them: precision and recall of "is it the same question?".

Invariant: a pair is positive when people marked it so; the data is read from DATA and never kept. Our rule is made for
film prompts: what it does with questions is told as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.cache.measure import Texts
from benchmarks.cache.rates import Rate
from benchmarks.cache.rules import GPTCACHE_BENCHMARK, GPTCACHE_DEFAULT, Gate, gptcache_least, redisvl_least

THRESHOLDS = (0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98)


def measure(
    pairs: Sequence[tuple[str, str, bool]], texts: Callable[[list[str]], Texts], ours: Mapping[str, Gate]
) -> dict[str, Any]:
    one, other = texts([a for a, _, _ in pairs]), texts([b for _, b, _ in pairs])
    alike = np.einsum("nd,nd->n", one.rows, other.rows)
    true = np.array([same for _, _, same in pairs])
    said = {f"cosine ≥ {least:g}": alike >= least for least in THRESHOLDS}
    said[f"GPTCache, its default ({GPTCACHE_DEFAULT:g})"] = alike >= gptcache_least(GPTCACHE_DEFAULT)
    said[f"GPTCache, as in its benchmark ({GPTCACHE_BENCHMARK:g})"] = alike >= gptcache_least(GPTCACHE_BENCHMARK)
    said["RedisVL (distance 0.1)"] = alike >= redisvl_least()
    for name, gate in ours.items():
        judged = zip(one.prompts, other.prompts, alike, strict=True)
        said[name] = np.array([gate(a, b, float(s)) for a, b, s in judged])
    return {
        "pairs": len(pairs),
        "same": int(true.sum()),
        "rules": {name: _told(yes, true) for name, yes in said.items()},
    }


def _told(yes: np.ndarray[Any, Any], true: np.ndarray[Any, Any]) -> dict[str, Any]:
    right = int((yes & true).sum())
    return {
        "precision": Rate(right, int(yes.sum())).told(),
        "recall": Rate(right, int(true.sum())).told(),
    }
