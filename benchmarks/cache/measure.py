"""Counts what a rule does on prompts: false hits, recall, minimal pairs, and the curve over thresholds.

Invariant: a hit on any film but the one asked for is a false hit, whatever it looks like; published prompts that say
one film twice by our eye (`data.same_films`) count as false in the plain figure and are told beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.cache.data import Pair, Paraphrase, pair_key
from benchmarks.cache.rates import Rate
from benchmarks.cache.rules import LEAST, Gate, Prompt, Rule

Rows = NDArray[np.float32]
NOBODY = -1


@dataclass(frozen=True, slots=True)
class Texts:
    """Prompts with their rows: (n, dimension), unit length."""

    prompts: Sequence[Prompt]
    rows: Rows


@dataclass(frozen=True, slots=True)
class Nearest:
    """Of each asked prompt: the stored one that is shown, and its cosine; NOBODY and -2 where the gate passes none."""

    index: NDArray[np.int64]
    cosine: NDArray[np.float64]

    def shown(self, least: float) -> NDArray[np.int64]:
        return np.where(self.cosine >= least, self.index, NOBODY)


def nearest(asked: Texts, stored: Texts, gate: Gate | None, *, but_itself: bool = False) -> Nearest:
    """`but_itself`: asked and stored are the same prompts, and none answers itself."""
    similar = asked.rows @ stored.rows.T
    if but_itself:
        np.fill_diagonal(similar, -2.0)
    if gate is None:
        best = similar.argmax(axis=1)
        return Nearest(best, similar[np.arange(len(best)), best].astype(np.float64))
    by_key: Mapping[str, list[int]] = _by_key(stored.prompts)
    index, cosine = np.full(len(asked.prompts), NOBODY), np.full(len(asked.prompts), -2.0)
    for at, prompt in enumerate(asked.prompts):
        for other in by_key.get(prompt.key, ()):
            found = float(similar[at, other])
            itself = but_itself and other == at
            if not itself and found > cosine[at] and gate(prompt, stored.prompts[other], found):
                index[at], cosine[at] = other, found
    return Nearest(index, cosine)


def _by_key(prompts: Sequence[Prompt]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for at, prompt in enumerate(prompts):
        found[prompt.key].append(at)
    return found


def false_hits(texts: Texts, rule: Rule, same: Mapping[str, str]) -> dict[str, Any]:
    """Each prompt inserted, all others asked."""
    shown = nearest(texts, texts, rule.gate, but_itself=True).shown(rule.least)
    wrong = [(texts.prompts[at].text, texts.prompts[other].text) for at, other in enumerate(shown) if other != NOBODY]
    strange = [pair for pair in wrong if pair_key(*pair) not in same]
    return {
        **Rate(len(wrong), len(shown)).told(),
        "same_film_by_eye": len(wrong) - len(strange),
        "examples": sorted({tuple(sorted(pair)) for pair in strange})[:12],
    }


def recall(
    asked: Texts, lines: Sequence[Paraphrase], stored: Texts, rule: Rule, same: Mapping[str, str]
) -> dict[str, Any]:
    """Of paraphrases: how many are shown the film of the prompt they say in other words (or of the one that says the
    same film, by our eye), how many another's."""
    shown = nearest(asked, stored, rule.gate).shown(rule.least)
    right = [_is_film_of(stored, at, line, same) for at, line in zip(shown, lines, strict=True)]
    wrong = sum(bool(at != NOBODY) and not good for at, good in zip(shown, right, strict=True))
    by_how: dict[str, list[bool]] = defaultdict(list)
    for line, good in zip(lines, right, strict=True):
        by_how["hand" if line.how == "hand" else "rule"].append(good)
        by_how[line.how].append(good)
        by_how[line.source].append(good)
    return {
        **Rate(sum(right), len(lines)).told(),
        "another_film": Rate(wrong, len(lines)).told(),
        "by": {how: Rate(sum(found), len(found)).told() for how, found in sorted(by_how.items())},
    }


def minimal_pairs(pairs: Sequence[Pair], one: Texts, other: Texts, rule: Rule) -> dict[str, Any]:
    """False per kind, each pair asked both ways."""
    found: dict[str, list[bool]] = defaultdict(list)
    examples = []
    for at, pair in enumerate(pairs):
        a, b, similarity = one.prompts[at], other.prompts[at], float(one.rows[at] @ other.rows[at])
        for asked, stored in ((a, b), (b, a)):
            said = similarity >= rule.least and (rule.gate is None or rule.gate(asked, stored, similarity))
            found[pair.kind].append(said)
            if said:
                examples.append((asked.text, stored.text))
    all_of = [said for each in found.values() for said in each]
    return {
        **Rate(sum(all_of), len(all_of)).told(),
        "by": {kind: Rate(sum(said), len(said)).told() for kind, said in sorted(found.items())},
        "examples": examples[:12],
    }


def curve(
    films: Texts,
    asked: Texts,
    lines: Sequence[Paraphrase],
    gate: Gate | None,
    steps: Sequence[float],
    same: Mapping[str, str],
) -> list[dict[str, float]]:
    """False hits among `films` and recall of paraphrases asked of them, at each least cosine."""
    alone = nearest(films, films, gate, but_itself=True)
    answers = nearest(asked, films, gate)
    right = np.array([_is_film_of(films, at, line, same) for at, line in zip(answers.index, lines, strict=True)])
    return [
        {
            "least": round(float(least), 4),
            "false_hits": round(float((alone.shown(least) != NOBODY).mean()), 5),
            "recall": round(float((right & (answers.shown(least) != NOBODY)).mean()), 5),
        }
        for least in steps
    ]


def _is_film_of(films: Texts, at: np.int64, line: Paraphrase, same: Mapping[str, str]) -> bool:
    """Whether the film shown is of the prompt that the line says in other words, or says the same film by our eye."""
    if at == NOBODY:
        return False
    shown = films.prompts[at].text
    return shown == line.of or pair_key(shown, line.of) in same


STEPS = (LEAST, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.88, 0.9, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995)
"""Thresholds of the curve; the first is none at all."""
