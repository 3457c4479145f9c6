"""RESULTS.md says what was missed, what did not run and when the machine was busy, by rule."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import report

pytestmark = pytest.mark.unit

WORKLOADS = [{"name": "hot", "says": "1 room"}]
PREDICTIONS: dict[str, dict[str, Any]] = {
    "start_s": {"says": "start", "unit": "s", "better": "lower", "predicted": 10, "target": 15},
    "render_realtime": {"says": "render", "unit": "×", "better": "higher", "predicted": 7, "target": 6},
    "collab_hot_p50_ms": {"says": "hot p50", "unit": "ms", "better": "lower", "predicted": 20},
    "collab_delivered": {"says": "delivered", "unit": "", "better": "higher", "predicted": 1, "target": 1},
}


def run(server: str, **changes: Any) -> dict[str, Any]:
    result = {
        "expected": 100, "delivered": 100, "complete": True, "repeated": 0, "strayed": 0, "sockets_lost": 0,
        "p50_ms": 5.0, "p99_ms": 9.0, "echo_p50_ms": 5.0, "echo_p99_ms": 9.0, "server_cpu_s": 2.0,
        "server_pss_mb": 50.0, "load_cpu_share": 0.4, "load_bound": False, "check": {"ok": True}, "rest_pss_mb": 0.0,
    }  # fmt: skip
    return {"workload": "hot", "server": server, "load_average": 0.1, "result": {**result, **changes}}


def results(*runs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "machine": {
            "cpu": "A CPU", "cores": 2, "memory_gb": 8, "kernel": "Linux 6", "date": "2026-01-01", "commit": "abc",
            "versions": {"python": "3.11"},
        },
        "quick": False,
        "before": {"start": {"load_average": 3.0, "busy_cores": 0.1, "stolen_cores": 0.0}},
        "busy_cores_quiet_max": 0.5,
        "start": {"started_s": 9.0},
        "collab": {"runs": list(runs), "seconds": 10, "repeats": 3},
        "render": {"typical": _scene(7.0)},
        **changes,
    }  # fmt: skip


def _scene(realtime: float) -> dict[str, Any]:
    return {
        "scene_s": 12, "wall_s": 2, "cpu_s": 4, "realtime_wall": realtime, "realtime_two_cores": 7,
        "cpu_ms_per_frame": 8,
    }  # fmt: skip


def test_a_missed_target_is_a_remark_and_a_verdict() -> None:
    """A missed target is never told as met."""
    text = report.render(results(run("storyforge"), render={"typical": _scene(4.5)}), PREDICTIONS, WORKLOADS)
    assert "| render | 7 × | **4.5 ×** | ≥ 6 × | **missed** |" in text
    assert "- **Target missed**: render: 4.5 ×, promised 6 ×." in text
    assert "| start | 10 s | **9 s** | ≤ 15 s | met |" in text


def test_all_met_on_a_quiet_machine_has_no_complaint() -> None:
    text = report.render(results(run("storyforge")), PREDICTIONS, WORKLOADS)
    assert "missed" not in text
    assert "Provisional" not in text
    assert "**" not in text.partition("## Remarks")[2]


def test_what_did_not_run_is_never_green() -> None:
    """Absent parts and servers read "not run"."""
    silent = {"workload": "hot", "server": "hocuspocus", "load_average": 0.1, "not_run": "there is no Node"}
    found = results(silent, run("storyforge"))
    del found["render"]
    found["start"] = {"not_run": "ended"}
    text = report.render(found, PREDICTIONS, WORKLOADS)
    assert "| start | 10 s | not run | ≤ 15 s | not run |" in text
    assert "| hocuspocus | not run: there is no Node |" in text
    assert "- not run: hot · hocuspocus: there is no Node." in text
    assert (
        "## (c) Render: a three-shot scene to MP4, HLS 360p/720p, poster and captions, on two cores\n\nnot run" in text
    )


def test_a_busy_machine_and_a_quick_run_are_provisional() -> None:
    busy = {"load_average": 0.1, "busy_cores": 0.2, "stolen_cores": 0.9}
    text = report.render(results(run("storyforge"), before={"render": busy}, quick=True), PREDICTIONS, WORKLOADS)
    assert "> **Provisional. The machine was not quiet (others used over 0.5 cores before: render)" in text
    assert "A quick run" in text


def test_lost_edits_a_failed_check_and_a_bound_load_show() -> None:
    lost = run("storyforge", delivered=90, complete=False, load_bound=True, load_cpu_share=0.97,
               check={"ok": False, "why": "3 texts short"})  # fmt: skip
    text = report.render(results(lost), PREDICTIONS, WORKLOADS)
    assert "**90.00%**" in text
    assert "97% **load-bound**" in text
    assert "**Not everything arrived**: hot · storyforge: 90 of 100" in text
    assert "**The stock client missed edits**: hot · storyforge: 3 texts short." in text
    assert "| delivered | 1 | **0.9** | ≥ 1 | **missed** |" in text


def test_the_best_complete_run_is_told_and_the_worst_delivery_counts() -> None:
    """Repeats choose the lowest p99 among complete runs; delivery is judged over all runs."""
    found = results(
        run("storyforge", p99_ms=1.0, p50_ms=0.5, delivered=99, complete=False),
        run("storyforge", p99_ms=30.0, p50_ms=12.0),
        run("storyforge", p99_ms=20.0, p50_ms=11.0),
    )
    values = report.measured(found)
    assert values["collab_hot_p50_ms"] == 11.0
    assert values["collab_delivered"] == 0.99


def test_ratios_compare_with_the_better_peer_that_delivered_everything() -> None:
    runs = [
        run("storyforge", server_cpu_s=3.0),
        run("hocuspocus", server_cpu_s=2.0),
        run("y-websocket-server", server_cpu_s=0.5, complete=False),
    ]
    found = results(*runs)
    assert report.measured(found)["collab_hot_cpu_ratio"] == 1.5
    assert "CPU of StoryHosts and HAProxy over the better peer's: hot 1.5×." in report.render(
        found, PREDICTIONS, WORKLOADS
    )
    idle = results(run("storyforge"), run("hocuspocus", server_cpu_s=0.02))
    assert report.measured(idle)["collab_hot_cpu_ratio"] is None


def test_every_part_has_its_table() -> None:
    job = {
        "accepted_s": 0.02, "first_panel_s": 0.3, "playable_s": 4.0, "duration_s": 12.0, "backend": "animatic",
        "cache_verdict": "miss", "stages": {"STORYBOARD": 0.09, "VIDEO_GENERATION": 0.6},
    }  # fmt: skip
    imports = [{"ms": 210.0, "scenes": 120, "bytes": 9}, {"ms": 190.0, "scenes": 120, "bytes": 9}]
    generate = {"jobs": [job], "imports": imports, "first_panel_s": 0.3, "playable_s": 4.0}
    scenarios = {
        "lone_append": {"p50_ms": 0.6, "p99_ms": 1.5, "max_ms": 3.0},
        "grouped_a": {"p50_ms": 9.0, "p99_ms": 20.0, "events_per_s": 61_000, "events_per_cpu_s": 70_000},
        "grouped_b": {"p50_ms": 9.0, "p99_ms": 20.0, "events_per_s": 12_000, "events_per_cpu_s": 15_000},
    }
    found = results(run("storyforge"), generate=generate, ledger={"scenarios": scenarios})
    text = report.render(found, PREDICTIONS, WORKLOADS)
    assert "| cold | 0.020 | 0.300 | 4.000 | 12 | animatic, cache miss |" in text
    assert "storyboard 0.09 s, video generation 0.60 s." in text
    assert "Import of a 120-page screenplay (120 scenes): 210 ms, 190 ms." in text
    assert "| grouped a | 9.00 | 20.00 | 61,000 | 70,000 |" in text
    values = report.measured(found)
    assert (values["ledger_grouped_events_per_s"], values["ledger_lone_p50_ms"]) == (61_000, 0.6)
    assert (values["import_ms"], values["first_panel_cold_s"]) == (190.0, None)
