"""The part about hosts says what was measured and what did not run, and its model is arithmetic on the measured."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import hosts_report

pytestmark = pytest.mark.unit

FULL = {
    "durable_per_s": 10_000, "delivered_per_s": 30_000, "wall_s": 10.0, "server_cpu_s": 12.0, "load_cpu_s": 4.0,
    "server_cpu_by": {"hosts": 10.0, "haproxy": 2.0}, "projects_on_hosts": [9, 7],
}  # fmt: skip
AWAY = {"people": 100, "returns": 50, "away_p50_s": 0.1, "away_max_s": 0.4, "edits": 9_000, "lost": 0}


def hosts(**changes: Any) -> dict[str, Any]:
    return {
        "machine": {"cores": 2},
        "roll": {**AWAY, "rolled_s": 20.0, "haproxies": 3, "haproxy_pss_mb": 100.0},
        "recovery": {
            **AWAY, "first_back_s": 0.2, "last_back_s": 1.2, "survivors_moved": 0, "survivors_projects": 48,
            "victims_projects": 52,
        },
        "full": {"1": FULL, "2": {"not_run": "no hosts"}},
        **changes,
    }  # fmt: skip


def test_what_was_measured_has_its_keys_and_what_was_not_has_none() -> None:
    found = hosts_report.measured(hosts(roll={"not_run": "it hung"}))
    assert found == {
        "recovery_first_s": 0.2, "recovery_last_s": 1.2, "recovery_lost": 0, "survivors_moved": 0,
        "full_1_per_s": 10_000,
    }  # fmt: skip
    assert hosts_report.measured({}) == {}
    assert hosts_report.section({}, {}) == ""


def test_a_part_that_did_not_run_says_why() -> None:
    text = hosts_report.section(hosts(recovery={"not_run": "no second host"}), {})
    assert "SIGKILL of one of two hosts | not run: no second host" in text
    assert "**0.40**" in text
    assert "not run: no Ray" in hosts_report.section(hosts(not_run="no Ray"), {})


def test_the_model_is_the_least_of_hosts_cores_and_writer() -> None:
    """10 s of host for 100,000 edits are 100 µs: 10,000/s a host, and 160 µs in all: 12,500/s on two cores."""
    ledger = {"scenarios": {"grouped_200_homes_1_event": {"events_per_s": 19_000}}}
    text = hosts_report.section(hosts(), ledger)
    assert "100 µs of its one core" in text
    assert "so 12,500 on these 2" in text
    assert "1 a row: 1: 10,000, 2: 19,000, 4: 19,000" in text
    assert "4 a row: 1: 10,000, 2: 20,000, 4: 40,000, 8: 76,000" in text
    assert "W was not measured here" in hosts_report.section(hosts(), {})
