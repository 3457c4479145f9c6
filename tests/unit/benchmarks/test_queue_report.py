"""The queue's figures as the report shows them."""

from __future__ import annotations

import pytest

from benchmarks import queue, queue_report

pytestmark = pytest.mark.unit

TIMES = {"p50_ms": 30.0, "p99_ms": 40.0, "max_ms": 50.0}
TOLD = {
    "machine": {"date": "today", "commit": "abc", "cores": 2},
    "before": {},
    "overhead": {**TIMES, "steps": 5},
    "fairness": {"ratio": 1.2, "by_arrival_ratio": 21.1, "few_ms": 200.0, "flood_ms": 900.0, "film_ms": 20},
    "cancel": {"part_ms": 40, "ended": TIMES, "next_begun": TIMES},
}


def test_figures_are_named_as_they_were_predicted() -> None:
    found = queue_report.measured(TOLD)
    assert (found["queue_overhead_p50_ms"], found["queue_step_p50_ms"]) == (30.0, 6.0)
    assert found["queue_fair_ratio"] == 1.2
    assert "the longest mean wait of a person is **" in queue_report.section(TOLD)


def test_nothing_is_said_before_the_first_run() -> None:
    assert queue_report.measured({}) == {}
    assert queue_report.section({}) == ""


def test_in_order_of_arrival_the_last_waits_longest() -> None:
    assert queue.arrival_ratio(10, 10) == 21.0
    assert queue.arrival_ratio(1, 10) == 1.0
