"""The section about lookups says what was measured, what did not run, and nothing before the first run (K-39)."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import vectors, vectors_report

pytestmark = pytest.mark.unit


def told(**more: Any) -> dict[str, Any]:
    ways = {
        name: {
            "upserts_s": 1.0,
            "first_query_s": 0.5,
            **{one: {"p50_ms": 1.0, "p99_ms": 2.0} for one in vectors.FILTERS},
        }
        for name in ("compared", "graph", "numpy")
    }
    return {
        "machine": {"date": "today", "commit": "c", "cores": 2},
        "before": {},
        "entries": 10,
        "size": 3,
        "fits": dict.fromkeys(vectors.FILTERS, 5),
        "redisvl": "not run: why",
        **ways,
        **more,
    }


def test_the_section() -> None:
    """K-39"""
    assert vectors_report.section({}) == ""
    assert vectors_report.measured({}) == {}
    text = vectors_report.section(told())
    assert "RedisVL: not run: why." in text
    assert "A million" not in text
    assert vectors_report.measured(told()) == {
        "vectors_p50_ms": 1.0,
        "vectors_p99_ms": 2.0,
        "vectors_worst_p50_ms": 1.0,
        "vectors_worst_p99_ms": 2.0,
    }
    took = {"p50_ms": 1.0, "p99_ms": 2.0}
    million = {
        "date": "d", "graph": took, "compared": took, "missed_share": 0.01, "graph_s": 9.0, "memory_mb": 4000
    }  # fmt: skip
    assert "missed 1 %" in vectors_report.section(told(million=million))


def test_quantiles() -> None:
    """K-39"""
    assert vectors.quantiles([n / 1000 for n in range(1, 101)]) == {"p50_ms": 51.0, "p99_ms": 100.0, "max_ms": 100.0}
