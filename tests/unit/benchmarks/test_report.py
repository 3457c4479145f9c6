"""RESULTS.md says what was missed, what did not run and when the machine was busy, by rule."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks import board_report, report

pytestmark = pytest.mark.unit

ROWS = [
    {"name": "hot", "says": "1 room", "load": "typing", "rank_by": "p99_ms", "repeats": 3},
    {"name": "idle", "says": "2,000", "load": "idle", "rank_by": "rss_kb_per_socket", "repeats": 1},
]
PREDICTIONS: dict[str, dict[str, Any]] = {
    "start_s": {"says": "start", "unit": "s", "better": "lower", "predicted": 10, "target": 15},
    "render_realtime": {"says": "render", "unit": "×", "better": "higher", "predicted": 7, "target": 6},
    "hot_p99_ms": {"says": "hot p99", "unit": "ms", "better": "lower", "predicted": 20},
    "hot_delivered": {"says": "delivered", "unit": "", "better": "higher", "predicted": 1, "target": 1},
}

MACHINE = {
    "cpu": "A CPU", "cores": 2, "memory_gb": 8, "kernel": "Linux 6", "date": "2026-01-01", "commit": "abc",
    "versions": {"python": "3.11"},
}  # fmt: skip


def run(server: str, **changes: Any) -> dict[str, Any]:
    result = {
        "expected": 100, "delivered": 100, "complete": True, "repeated": 0, "strayed": 0, "sockets_lost": 0,
        "p50_ms": 5.0, "p99_ms": 9.0, "echo_p50_ms": 5.0, "echo_p99_ms": 9.0, "server_cpu_s": 2.0,
        "server_cpu_us_per_delivery": 20.0, "server_cpu_by": {"hosts": 1.5, "haproxy": 0.5},
        "server_pss_mb": 50.0, "load_cpu_share": 0.4, "load_bound": False, "check": {"ok": True}, "rest_pss_mb": 0.0,
    }  # fmt: skip
    return {**entry("hot", server), "result": {**result, **changes}}


def entry(row: str, server: str) -> dict[str, Any]:
    return {
        "workload": row, "server": server, "load_average": 0.1, "date": "2026-01-01", "commit": "abc", "quick": False,
    }  # fmt: skip


def idle_run(server: str, **changes: Any) -> dict[str, Any]:
    result = {
        "complete": True, "connects_per_s": 500.0, "p50_ms": 5.0, "p99_ms": 9.0, "rss_kb_per_socket": 30.0,
        "rss_kb_by": {"node": 30.0}, "server_cpu_s": 1.0, "idle_cpu_share": 0.01, "load_cpu_share": 0.3,
        "load_bound": False, "sockets_lost": 0,
    }  # fmt: skip
    return {**entry("idle", server), "result": {**result, **changes}}


def board(*runs: dict[str, Any], **changes: Any) -> dict[str, Any]:
    quiet = {"load_average": 0.2, "busy_cores": 0.1, "stolen_cores": 0.0}
    return {"machine": MACHINE, "before": {"hot": quiet}, "runs": list(runs), "stack": {}, **changes}


def results(**changes: Any) -> dict[str, Any]:
    return {
        "machine": MACHINE,
        "quick": False,
        "before": {"start": {"load_average": 3.0, "busy_cores": 0.1, "stolen_cores": 0.0}},
        "start": {"started_s": 9.0},
        "render": {"typical": _scene(7.0)},
        **changes,
    }  # fmt: skip


def _scene(realtime: float) -> dict[str, Any]:
    return {
        "scene_s": 12, "wall_s": 2, "cpu_s": 4, "realtime_wall": realtime, "realtime_two_cores": 7,
        "cpu_ms_per_frame": 8,
    }  # fmt: skip


def told(found: dict[str, Any], scores: dict[str, Any]) -> str:
    return report.render(found, scores, PREDICTIONS, ROWS, {})


def test_a_missed_target_is_a_remark_and_a_verdict() -> None:
    """A missed target is never told as met."""
    text = told(results(render={"typical": _scene(4.5)}), board(run("storyforge")))
    assert "| render | 7 × | **4.5 ×** | ≥ 6 × | **missed** |" in text
    assert "- **Target missed**: render: 4.5 ×, promised 6 ×." in text
    assert "| start | 10 s | **9 s** | ≤ 15 s | met |" in text


def test_all_met_on_a_quiet_machine_has_no_complaint() -> None:
    text = told(results(), board(run("storyforge")))
    assert "missed" not in text
    assert "Provisional" not in text
    assert "**" not in text.partition("## Remarks")[2]


def test_what_did_not_run_is_never_green() -> None:
    """Absent parts, rows and servers read "not run"."""
    silent = {**entry("hot", "hocuspocus"), "not_run": "there is no Node"}
    found = results(start={"not_run": "ended"})
    del found["render"]
    text = told(found, board(silent, run("storyforge")))
    assert "| start | 10 s | not run | ≤ 15 s | not run |" in text
    assert "| hocuspocus | not run: there is no Node |" in text
    assert "- not run: hot · hocuspocus: there is no Node." in text
    assert (
        "## (c) Render: a three-shot scene to MP4, HLS 360p/720p, poster and captions, on two cores\n\nnot run" in text
    )


def test_a_report_of_nothing_says_that_nothing_ran() -> None:
    text = report.render({}, {}, PREDICTIONS, ROWS, {})
    assert "## (a) Scoreboard: collab beside the peers\n\nnot run" in text
    assert "met" not in text.partition("## Remarks")[0].replace("metal", "")


def test_a_busy_machine_and_a_quick_run_are_provisional() -> None:
    """Before a row of the scoreboard as before any other part."""
    busy = {"load_average": 0.1, "busy_cores": 0.2, "stolen_cores": 0.9}
    text = told(results(before={"render": busy}, quick=True), board(run("storyforge"), before={"hot": busy}))
    assert "> **Provisional. The machine was not quiet (others used over 0.5 cores before: render, hot)" in text
    assert "A quick run" in text


def test_lost_edits_a_failed_check_and_a_bound_load_show() -> None:
    lost = run("storyforge", delivered=90, complete=False, load_bound=True, load_cpu_share=0.97,
               check={"ok": False, "why": "3 texts short"})  # fmt: skip
    text = told(results(), board(lost))
    assert "**90.00%**" in text
    assert "97% **load-bound**" in text
    assert "**Not everything arrived**: hot · storyforge: 90 of 100" in text
    assert "**The stock client missed edits**: hot · storyforge: 3 texts short." in text
    assert "| delivered | 1 | **0.9** | ≥ 1 | **missed** |" in text


def test_the_best_complete_run_is_told_and_the_worst_delivery_counts() -> None:
    """Repeats choose the lowest p99 among complete runs; delivery is judged over all runs."""
    scores = board(
        run("storyforge", p99_ms=1.0, p50_ms=0.5, delivered=99, complete=False),
        run("storyforge", p99_ms=30.0, p50_ms=12.0),
        run("storyforge", p99_ms=20.0, p50_ms=11.0),
    )
    values = board_report.measured(scores, ROWS)
    assert values["hot_p99_ms"] == 20.0
    assert values["hot_delivered"] == 0.99


def test_ratios_compare_with_the_better_peer_that_delivered_everything() -> None:
    """Lower CPU is better, more connects are; a CPU time of a few ticks is not divided by."""
    runs = [
        run("storyforge", server_cpu_us_per_delivery=30.0),
        run("hocuspocus", server_cpu_us_per_delivery=20.0),
        run("y-websocket-server", server_cpu_us_per_delivery=5.0, complete=False),
        idle_run("storyforge", connects_per_s=450.0),
        idle_run("hocuspocus", connects_per_s=300.0),
        idle_run("y-websocket-server", connects_per_s=900.0),
    ]
    values = board_report.measured(board(*runs), ROWS)
    assert (values["hot_cpu_ratio"], values["idle_connects_ratio"]) == (1.5, 0.5)
    assert "the better peer's: hot 1.5×." in told(results(), board(*runs))
    asleep = board(run("storyforge"), run("hocuspocus", server_cpu_s=0.02))
    assert board_report.measured(asleep, ROWS)["hot_cpu_ratio"] is None


def test_every_load_has_its_columns_and_a_short_form() -> None:
    """What the loads tell is what the tables read: a run of a real row renders."""
    outcome = {"result": idle_run("storyforge")["result"]}
    assert board_report.in_short("idle", outcome).startswith("connects/s 500, connect p50 ms 5.00")
    assert board_report.in_short("idle", {"not_run": "no room"}) == "not run: no room"
    assert set(board_report.COLUMNS) == set(board_report.RATIO_FIELDS)
    text = told(results(), board(idle_run("storyforge"), idle_run("hocuspocus", rss_kb_per_socket=20.0)))
    assert "| storyforge | 500 | 5.00 | 9.00 | 30.00 | node 30.0 | 1.00 | 1.0% | yes | 30% | 1.00 | 1.50 |" in text


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
    found = results(generate=generate, ledger={"scenarios": scenarios})
    text = told(found, board(run("storyforge")))
    assert "| cold | 0.020 | 0.300 | 4.000 | 12 | animatic, cache miss |" in text
    assert "storyboard 0.09 s, video generation 0.60 s." in text
    assert "Import of a 120-page screenplay (120 scenes): 210 ms, 190 ms." in text
    assert "| grouped a | 9.00 | 20.00 | 61,000 | 70,000 |" in text
    values = report.measured(found)
    assert (values["ledger_grouped_events_per_s"], values["ledger_lone_p50_ms"]) == (61_000, 0.6)
    assert (values["import_ms"], values["first_panel_cold_s"]) == (190.0, None)
