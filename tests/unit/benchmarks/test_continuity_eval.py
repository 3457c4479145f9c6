"""The continuity evaluation measures what its manifest names, and its report says what it measures (C-90, C-91)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.continuity import data, litbank, propara, real_plays, report
from benchmarks.continuity.__main__ import JSON, PARTS, run
from benchmarks.continuity.intervals import balanced_accuracy, bootstrap, f1

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def recorded() -> dict[str, Any]:
    told: dict[str, Any] = json.loads(JSON.read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    """Without DATA, as CI runs it; planted slips have tests of their own (C-53, C-70 to C-72)."""
    return run(None, [name for name in PARTS if name != "planted"])


def test_committed_files_are_those_of_the_manifest() -> None:
    """C-90"""
    for source in data.manifest().values():
        if source.committed:
            path = source.path(None)
            assert source.count > 0
            assert source.licence.startswith(("Apache-2.0", "CC BY 4.0", "public domain", "as StoryForge"))
            files = [path] if path.is_file() else list(path.iterdir())
            assert all(file.stat().st_size < 500_000 for file in files)


def test_absent_data_is_not_run_with_its_address(measured: dict[str, Any]) -> None:
    """C-90"""
    for name, part in measured.items():
        if name != "machine" and "not_run" in part:
            assert "value" not in str(part)
    for name in ("litbank", "pasta", "matres", "storysumm", "plays_all"):
        assert measured[name] == {"not_run": "no DATA given"}
    assert "published at https://github.com/allenai/propara" in measured["propara_dev"]["not_run"]


def test_other_bytes_are_not_measured(tmp_path: Path) -> None:
    """C-90"""
    source = data.manifest()["propara-dev"]
    path = tmp_path / source.file
    path.parent.mkdir(parents=True)
    path.write_text("{}\n")
    with pytest.raises(data.NotRun, match="sha256 differs"):
        source.path(tmp_path)


def test_what_ci_can_measure_is_as_recorded(measured: dict[str, Any], recorded: dict[str, Any]) -> None:
    """C-91: a reader that got worse, or better, is seen here."""
    again = json.loads(json.dumps(measured, ensure_ascii=False))
    for name in ("propara", "litbank_subset", "plays"):
        assert again[name] == recorded[name], f"{name}: run make eval-continuity and record what changed"


def test_the_report_is_of_the_recorded_figures(recorded: dict[str, Any]) -> None:
    """C-91"""
    assert report.PATH.read_text(encoding="utf-8") == report.rendered(recorded)


def test_where_things_are_beats_the_rule_baselines_of_the_paper(measured: dict[str, Any]) -> None:
    """C-91"""
    rules = propara.PUBLISHED["rule-based"]
    ours = measured["propara"]["ours"]
    assert ours["whether"] > rules[0]
    assert ours["when"] > rules[1]
    assert measured["propara"]["intervals"]["where"]["low"] > rules[2]
    assert ours["macro"] > rules[3]


def test_the_scorer_agrees_with_the_paper_on_its_authors_own_predictions(measured: dict[str, Any]) -> None:
    """C-91"""
    local = measured["propara"]["authors"]["prolocal"]
    published = propara.PUBLISHED["ProLocal"]
    assert all(abs(local[k] - p) < 2.2 for k, p in zip(("whether", "when", "where"), published, strict=False))


def test_entities_beat_the_majority_and_taggers_of_news(recorded: dict[str, Any]) -> None:
    """C-91"""
    held = recorded["litbank"]["f1"]
    assert held["low"] > recorded["litbank"]["majority"]
    assert 100 * held["low"] > litbank.PUBLISHED["trained on news (ACE 2005)"]


def test_no_false_alarm_on_a_play_of_forty_two_scenes(measured: dict[str, Any]) -> None:
    """C-94: whatever rule speaks of these plays, a person has read the place and agreed; else it is a false alarm."""
    plays = measured["plays"]
    assert plays["Antony and Cleopatra"]["scenes"] == 42
    assert {title: found["said"] for title, found in plays.items() if found["false_alarms"]} == {}


def test_every_judged_finding_says_why_and_what_was_done() -> None:
    """C-94"""
    for each in real_plays.judged():
        assert each["judgement"] in {"right", "false alarm"}
        assert each["why"]
        assert each["judgement"] == "right" or each["done"]


def test_a_recorded_target_that_is_missed_is_said_to_be_missed(recorded: dict[str, Any]) -> None:
    """C-91"""
    pairs = 100 * recorded["pasta"]["pairs"]["value"]
    said = "target of 70 is missed" in report.PATH.read_text(encoding="utf-8")
    assert said == (pairs < 70)
    assert recorded["planted"]["found"]["share"] >= 0.95
    assert recorded["planted"]["both"]["share"] >= 0.90


def test_intervals_are_the_same_each_time_and_hold_the_figure() -> None:
    """C-91"""
    import numpy as np

    rows = np.array([[8.0, 2.0, 1.0], [5.0, 1.0, 4.0], [0.0, 3.0, 3.0]])
    low, high = bootstrap(rows, lambda row: f1(*row))
    assert (low, high) == bootstrap(rows, lambda row: f1(*row))
    assert low < f1(13, 6, 8) < high
    assert balanced_accuracy([True, True, False], [True, True, True]) == 0.5
