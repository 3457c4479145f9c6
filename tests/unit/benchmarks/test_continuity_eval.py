"""The continuity evaluation measures what its manifest names, and its report says it (C-90, C-91, C-95 to C-97)."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from actors.continuity.codes import CODES
from benchmarks.continuity import data, fresh, heldout, litbank, propara, real_plays, report, spacy_spans, transplanted
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
    return run(None, [name for name in PARTS if name not in ("planted", "fresh", "transplanted")])


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
    for name in ("litbank", "pasta", "matres", "storysumm", "plays_all", "heldout_plays"):
        assert measured[name] == {"not_run": "no DATA given"}
    assert "published at https://github.com/allenai/propara" in measured["propara_dev"]["not_run"]


def test_a_parser_that_is_not_here_is_not_run() -> None:
    """C-90: what a parser would add is told where one is installed, and nowhere else."""
    assert spacy_spans.pipeline() is not None or spacy_spans.main(None) == spacy_spans.NOT_RUN


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
    for name in ("propara", "litbank_subset", "plays", "heldout"):
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


def test_photoplays_of_a_hundred_and_forty_five_scenes_raise_no_false_alarm(measured: dict[str, Any]) -> None:
    """C-95: two screenplays in the public domain that no rule had seen; of 14 plays each finding was judged."""
    told = measured["heldout"]
    counted = [way for ways in told["photoplays"].values() for way in ways.values()]
    assert sum(way["scenes"] for way in counted) == 2 * 145
    assert [way["false_alarms"] for way in counted] == [0] * 4
    for each in heldout.first_sight()["findings"]:
        assert each["judgement"] in {"right", "false alarm"}
        assert each["why"]
        assert each["judgement"] == "right" or each["done"]


def test_slips_in_published_texts_are_found_with_both_quotations(recorded: dict[str, Any]) -> None:
    """C-96: five kinds, each planted sixteen times and more in texts that nobody here wrote."""
    told = recorded["transplanted"]
    assert all(kind["planted"] >= 16 for kind in told["kinds"].values())
    assert told["found"]["share"] >= 0.95
    assert told["both"]["share"] >= 0.90


def test_one_slip_in_a_published_text_is_found_and_then_the_text_is_as_before() -> None:
    """C-96: as the recorded figure is measured, of one text."""
    text = transplanted.Text("play-macbeth")
    before = text.story.findings()
    slip = next(transplanted._drifts(text, random.Random(1)))
    assert [each.code for each in text.said_of(slip)] == ["name_drift"]
    assert text.story.findings() == before


def test_fresh_slips_are_as_marked_and_their_first_sight_stands(recorded: dict[str, Any]) -> None:
    """C-97: a set is frozen once it is measured; what it gave then is what the report says."""
    for entry in fresh.measured():
        planted = list(fresh.cases(entry["file"]))
        assert len(planted) == entry["planted"] == sum(kind["planted"] for kind in entry["kinds"].values())
        assert {case.code for case in planted} <= set(CODES)
        assert all(kind["planted"] >= 5 for kind in entry["kinds"].values())
        for case in planted:
            assert 0 <= case.slip[1] < case.slip[2] <= len(case.scenes[case.slip[0]])
    assert recorded["fresh"]["first_sight"] == fresh.measured()


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
