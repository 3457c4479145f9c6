"""The cache against the committed prompts: how often it is wrong, how often right (K-82 to K-84)."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest

from benchmarks.cache import data, drawing, embedding, measure, rules
from benchmarks.cache.measure import Texts

pytestmark = pytest.mark.unit

FALSE_MAX, RECALL_MIN = 0.005, 0.60

FRESH = rules.OURS


@cache
def stored() -> Texts:
    return texts(data.prompts("vbench", "film", "moments"))


@cache
def rows() -> dict[str, np.ndarray]:
    return embedding.committed_rows()


def texts(of: list[str]) -> Texts:
    return Texts(rules.read(of), np.array([rows()[text] for text in of]))


def as_if_equal(of: list[str]) -> Texts:
    """Rows that call every two texts the same: what slots alone must tell apart."""
    return Texts(rules.read(of), np.ones((len(of), 1), dtype=np.float32))


def test_another_prompts_film_is_hardly_ever_shown() -> None:
    """K-82: of 1,146 distinct prompts, each asked of all others, even if every two were alike."""
    found = measure.false_hits(as_if_equal([p.text for p in stored().prompts]), FRESH, data.same_films())
    assert found["of"] == 1146
    assert found["share"] <= FALSE_MAX, found["examples"]
    plain = measure.false_hits(stored(), rules.rules()[0], data.same_films())
    assert plain["share"] > 0.1, "the same prompts, plain cosine 0.95: more than one in ten"


def test_paraphrases_are_answered_with_their_film() -> None:
    """K-83: held out from tuning."""
    lines = data.paraphrases("heldout")
    found = measure.recall(texts([line.text for line in lines]), lines, stored(), FRESH, data.same_films())
    assert found["share"] >= RECALL_MIN, {how: rate["share"] for how, rate in found["by"].items()}
    assert found["another_film"]["share"] <= FALSE_MAX


@pytest.mark.parametrize("part", ["dev", "heldout"])
def test_minimal_pairs_are_two_films(part: str) -> None:
    """K-84: whatever the embedder says."""
    pairs = data.pairs(part)
    one, other = as_if_equal([pair.one for pair in pairs]), as_if_equal([pair.other for pair in pairs])
    found = measure.minimal_pairs(pairs, one, other, FRESH)
    assert found["count"] == 0, found["examples"]
    assert found["of"] == 2 * len(pairs)


def test_a_gate_only_takes_hits_away() -> None:
    """Our rule at any least cosine answers no more falsely than the cosine alone, and the picture shows both."""
    few = Texts(stored().prompts[:300], stored().rows[:300])
    lines = [line for line in data.paraphrases("heldout") if line.of in {p.text for p in few.prompts}]
    asked = texts([line.text for line in lines])
    alone = measure.curve(few, asked, lines, None, measure.STEPS, {})
    ours = measure.curve(few, asked, lines, rules.slots_equal, measure.STEPS, {})
    assert all(a["false_hits"] >= b["false_hits"] for a, b in zip(alone, ours, strict=True))
    assert alone[0]["false_hits"] == 1.0
    told = {rule.name: measure.false_hits(few, rule, {}) for rule in rules.rules()}
    right = {rule.name: measure.recall(asked, lines, few, rule, {}) for rule in rules.rules()}
    assert json.loads(json.dumps([told, right, ours])) is not None, "numbers of NumPy cannot be written"
    drawn = drawing.curve({"cosine alone": alone, "slots, then cosine": ours}, {"rules": told}, right)
    assert drawn.count("<polyline") == 2
    assert drawn.count("<circle") == len(drawing.MARKED) + 1


def test_the_peers_rules_are_those_of_their_sources() -> None:
    """GPTCache: 4 less the squared distance, at least the threshold times 4. RedisVL: a distance of at most 0.1."""
    assert rules.gptcache_least(0.8) == pytest.approx(0.6)
    assert rules.gptcache_least(0.95) == pytest.approx(0.9)
    assert rules.redisvl_least() == pytest.approx(0.9)
    for least in (0.6, 0.9):
        assert rules.gptcache_rank(least) == pytest.approx(4 * (1 - (2 - 2 * least) / 4))
