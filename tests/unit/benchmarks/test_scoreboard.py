"""The scoreboard's rows, its choice of them, and the memory it watches."""

from __future__ import annotations

import importlib
import os
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from benchmarks import board_report
from benchmarks.collab import RssWatch
from benchmarks.load import KINDS, Plan
from benchmarks.scoreboard import HERE, Scoreboard, chosen, parse

pytestmark = pytest.mark.unit

PEERS = ["hocuspocus", "y-websocket-server"]


def config() -> dict[str, Any]:
    return tomllib.loads((HERE / "workloads.toml").read_text())


def test_every_target_of_the_scoreboard_is_predicted_and_has_a_row() -> None:
    """No target without a prediction, no prediction without what measures it."""
    predictions = tomllib.loads((HERE / "predictions.toml").read_text())
    names = {row["name"] for row in config()["row"]}
    for key, row in [(key, value[0]) for key, value in (board_report.VALUES | board_report.RATIOS).items()]:
        assert row in names
        assert "predicted" in predictions[key]
        assert "target" in predictions[key]


def test_every_row_has_a_load_columns_and_a_bound() -> None:
    """All rows at their bound, on every server, is what the bounds are for; usually they take a fraction."""
    for row in config()["row"]:
        assert row["load"] in KINDS
        assert row["load"] in board_report.COLUMNS
        assert row["bound_s"] <= 120
        assert hasattr(importlib.import_module(f"benchmarks.load_{row['load']}"), "measure")


def test_one_row_can_be_chosen_and_a_wrong_word_is_refused() -> None:
    given = parse(config(), ["--only", "presence,idle", "--without-peers", "--ways", "direct", "--quick"])
    assert [row["name"] for row in chosen(given, config())] == ["presence", "idle"]
    assert (given.peers, given.ways) == ([], ["direct"])
    assert chosen(given, config())[0]["args"]["seconds"] == config()["run"]["seconds_quick"]
    for wrong in (["--only", "presense"], ["--ways", "around"], ["--peers", "yhub"]):
        with pytest.raises(SystemExit):
            parse(config(), wrong)


def test_a_row_run_again_replaces_its_runs_and_no_other() -> None:
    rows = [row for row in config()["row"] if row["name"] == "idle"]
    look = {"load_average": 0, "busy_cores": 0, "stolen_cores": 0}
    found = {
        "runs": [{"workload": "idle", "server": "a"}, {"workload": "hot", "server": "a"}],
        "before": {"idle": look, "hot": look},
        "stack": {"started_s": 9},
    }
    kept = Scoreboard(rows, ["haproxy"], PEERS, found, quick=False).told
    assert [run["workload"] for run in kept["runs"]] == ["hot"]
    assert (list(kept["before"]), kept["stack"]) == (["hot"], {"started_s": 9})


def test_a_plan_keeps_pids_by_what_they_are() -> None:
    plan = Plan.of(
        {"rooms": [], "dialect": "y-websocket", "token": "", "groups": {"hosts": [1, 2], "haproxy": [3]}, "args": {}}
    )
    assert plan.pids == [1, 2, 3]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="not run: reads /proc")
def test_the_greatest_memory_is_kept_and_that_of_a_window_too() -> None:
    with RssWatch([os.getpid()]) as watch:
        large = bytearray(os.urandom(1)) * (64 << 20)
        watch.look()
        assert len(large) == 64 << 20
        del large
    told = watch.told(None)
    assert told["rss_peak_mb"] >= told["rss_start_mb"] + 32
    assert watch.told([0.0, 0.0])["rss_peak_window_mb"] <= told["rss_peak_mb"]
    assert Path(f"/proc/{os.getpid()}/statm").exists()
