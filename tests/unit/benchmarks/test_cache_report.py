"""The figures of the cache as the report shows them, and the small counts behind them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cache_report, report
from benchmarks.cache import peer_gptcache, questions, rules
from benchmarks.cache.measure import Texts

pytestmark = pytest.mark.unit

TOLD = json.loads((Path(report.__file__).parent / report.CACHE).read_text())


def test_figures_are_named_as_they_were_predicted() -> None:
    found = cache_report.measured(TOLD)
    assert set(found) == {
        "cache_false_published_pct", "cache_false_committed_pct", "cache_recall_pct", "cache_pairs_false",
        "cache_read_ms", "cache_day_l1_pct", "cache_day_used_pct", "cache_day_saved_pct",
        "cache_desk_used_pct", "cache_desk_saved_pct",
    }  # fmt: skip
    assert found["cache_pairs_false"] == 0
    text = cache_report.section(TOLD)
    assert "shown another's film" in text
    assert "| StoryForge: slots and threshold |" in text


def test_what_did_not_run_says_where_its_data_is_published() -> None:
    """K-80"""
    why = "quora: no DATA given; published at https://github.com/zilliztech/GPTCache"
    sets = {**TOLD["false_hits"], "published": {"not_run": why}}
    told = {**TOLD, "false_hits": sets, "questions": {"not_run": why}, "session": {"not_run": "no embedder"}}
    text = cache_report.section(told)
    assert text.count(f"not run: {why}") == 2
    assert "cache_false_published_pct" not in cache_report.measured(told)
    assert cache_report.section({}) == ""
    assert cache_report.measured({}) == {}


def test_a_word_of_others_that_may_not_be_copied_is_not_kept() -> None:
    """K-80: examples only of what is committed."""
    for name, found in TOLD["false_hits"].items():
        for rule in found.get("rules", {}).values():
            assert ("examples" in rule) == (name == "committed")
    assert "examples" not in json.dumps(TOLD["questions"])


def test_precision_and_recall_of_questions() -> None:
    """Three pairs: the same and alike, the same and not alike, alike and not the same."""
    rows = {"a": (1.0, 0.0), "b": (1.0, 0.0), "c": (0.0, 1.0), "d": (0.96, 0.28)}

    def texts(of: list[str]) -> Texts:
        return Texts(rules.read(of), np.array([rows[text] for text in of], dtype=np.float32))

    told = questions.measure([("a", "b", True), ("a", "c", True), ("a", "d", False)], texts, {})
    assert (told["pairs"], told["same"]) == (3, 2)
    alike = told["rules"]["cosine ≥ 0.95"]
    assert (alike["precision"]["count"], alike["precision"]["of"]) == (1, 2)
    assert (alike["recall"]["count"], alike["recall"]["of"]) == (1, 2)
    assert told["rules"]["cosine ≥ 0.98"]["precision"]["share"] == 1.0


def test_a_peer_that_cannot_be_asked_is_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPTCACHE_PYTHON", raising=False)
    assert "restated" in peer_gptcache.checked()["not_run"]
    monkeypatch.setenv("GPTCACHE_PYTHON", "/nonexistent/python")
    assert "FileNotFoundError" in peer_gptcache.checked()["not_run"]
