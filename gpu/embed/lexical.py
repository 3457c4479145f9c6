"""Hashed words and letter groups as directions: what stands in where the model's weights are not installed.

Owns nothing; pure. The invariant: it is what its name says. Texts with the same words are near, synonyms are not, and
word order counts only between neighbours; a text's row is the same in every process. Features are words, pairs of
neighbours, and groups of three letters, each at a place and with a sign from a keyed hash (feature hashing, Weinberger
et al., ICML 2009), damped by the logarithm of how often they come.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from gpu.embed.protocol import check

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSION = 384
"""As the model it stands in for, so that an index made for one takes the other's rows (under another name)."""

WORD = re.compile(r"[^\W_]+", re.UNICODE)
WEIGHT_WORD, WEIGHT_PAIR, WEIGHT_LETTERS = 1.0, 0.6, 0.25
FEATURES_KEPT = 65_536


class LexicalEmbedder:
    """See `gpu.embed.protocol.Embedder`."""

    name = "lexical/1"
    dimension = DIMENSION

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        check(texts)
        rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            _fill(row, text)
        return rows


def _fill(row: NDArray[np.float32], text: str) -> None:
    counted = Counter(_features(text))
    for (feature, weight), times in counted.items():
        place, sign = _place(feature)
        row[place] += sign * weight * (1.0 + math.log(times))
    length = float(np.linalg.norm(row))
    if length == 0.0:  # no words at all, or features that cancelled out
        row[0] = length = 1.0
    row /= length


def _features(text: str) -> Iterator[tuple[str, float]]:
    words = WORD.findall(text.casefold())
    for word in words:
        yield f"w {word}", WEIGHT_WORD
        padded = f"<{word}>"
        for at in range(len(padded) - 2):
            yield f"l {padded[at : at + 3]}", WEIGHT_LETTERS
    for one, next in itertools.pairwise(words):
        yield f"p {one} {next}", WEIGHT_PAIR


@lru_cache(FEATURES_KEPT)
def _place(feature: str) -> tuple[int, float]:
    digest = hashlib.blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=8, person=b"lexical-1").digest()
    number = int.from_bytes(digest, "big")
    return number % DIMENSION, 1.0 if number >> 63 else -1.0
