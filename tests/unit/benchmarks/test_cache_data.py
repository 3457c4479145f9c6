"""The data of the cache benchmark is what its manifest says, and its paraphrases are made as they say (K-80, K-81)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.cache import data, embedding, rewording
from benchmarks.cache.rates import Rate

pytestmark = pytest.mark.unit

KINDS = ("camera direction", "role swap", "count", "negation", "time of day", "colour", "left and right")


def test_committed_files_are_those_of_the_manifest() -> None:
    """K-80"""
    for source in data.manifest().values():
        if source.committed:
            path = source.path(None)
            if path.suffix != ".npz":
                lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
                assert len(lines) - (path.suffix == ".jsonl") == source.count
            assert source.licence.startswith(("Apache-2.0", "as StoryForge"))
    assert len(data.prompts("vbench")) == data.manifest()["vbench"].count, "distinct already"


def test_committed_rows_are_of_the_committed_texts() -> None:
    """K-80: a changed prompt without its row is found here, not in a recall that fell."""
    rows = embedding.committed_rows()
    assert len(rows) == data.manifest()["rows"].count
    assert all(abs(float(row @ row) - 1) < 1e-5 for row in rows.values())
    assert (data.HERE / embedding.FILE).stat().st_size < 1_500_000


def test_absent_data_is_not_run_with_its_address(tmp_path: Path) -> None:
    """K-80"""
    with pytest.raises(data.NotRun, match="no DATA given; published at https"):
        data.question_pairs(None)
    with pytest.raises(data.NotRun, match=r"absent; published at https://github\.com/KaiyueSun98/T2V-CompBench"):
        data.prompts(*data.of_suite("t2v"), data=tmp_path)


def test_other_bytes_are_not_measured(tmp_path: Path) -> None:
    """K-80"""
    source = data.manifest()["vbench_category"]
    path = tmp_path / source.file
    path.parent.mkdir(parents=True)
    path.write_text("another list\n")
    with pytest.raises(data.NotRun, match="sha256 differs"):
        source.path(tmp_path)


def test_paraphrases_are_as_many_as_promised_and_kept_apart() -> None:
    """K-81: of one prompt all paraphrases lie on one side."""
    dev, held = data.paraphrases("dev"), data.paraphrases("heldout")
    known = {data.same_key(prompt) for prompt in data.prompts("vbench", "film", "moments")}
    assert len(dev) + len(held) >= 500
    for name, lines in (("dev", dev), ("heldout", held)):
        by_hand = sum(line.how == "hand" for line in lines)
        assert 0.4 <= by_hand / len(lines) <= 0.6, name
    assert {data.same_key(line.of) for line in dev}.isdisjoint({data.same_key(line.of) for line in held})
    for line in dev + held:
        assert data.same_key(line.of) in known
        assert data.same_key(line.text) not in known, f"says another published prompt: {line.text}"
    told = json.loads((data.HERE / "paraphrases-heldout.jsonl").read_text().splitlines()[0])["about"]
    assert "never tuned on" in told


def test_what_a_rule_made_it_makes_again() -> None:
    """K-81"""
    lines = [line for part in ("dev", "heldout") for line in data.paraphrases(part) if line.how != "hand"]
    for line in lines:
        assert line.text in rewording.made(line.how.removeprefix("rule: "), line.of), line
    assert {line.how.removeprefix("rule: ") for line in lines} == set(rewording.RULES)


def test_every_kind_of_minimal_pair_is_there_forty_times() -> None:
    """K-81"""
    pairs = data.pairs("dev") + data.pairs("heldout")
    for kind in KINDS:
        assert sum(pair.kind == kind for pair in data.pairs("heldout")) >= 40, kind
    keys = [frozenset((data.same_key(pair.one), data.same_key(pair.other))) for pair in pairs]
    assert len(set(keys)) == len(keys)
    assert min(map(len, keys)) == 2


def test_an_interval_holds_at_the_edges() -> None:
    """Wilson's: 0 of 1,642 may still be 0.23 %."""
    assert Rate(0, 1642).interval == pytest.approx((0.0, 0.00233), abs=1e-5)
    assert Rate(8, 8).interval[0] == pytest.approx(0.6756, abs=1e-4)
    assert Rate(0, 0).told()["share"] == 0.0
