"""A BERT encoder's forward pass in NumPy: word pieces in, one direction a text out.

Owns the arithmetic; no files. The invariant: a text's row does not depend on what it is batched with. Texts are never
padded: all pieces of a pass lie one after the other for the dense layers, and only attention looks at one text (or a
group of texts of equal length) at a time, so no mask can be wrong. Formulas: Devlin et al., arXiv 1810.04805; mean
pooling and unit length: Reimers and Gurevych, arXiv 1908.10084.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]

PIECES_PER_PASS_MAX = 2_048
"""Of all texts of one pass: its largest array is pieces × inner width × 4 bytes (12 MiB). More is no faster."""

ATTENTION_BYTES_MAX = 16 * 1024 * 1024
"""Of one group's attention weights: texts of equal length beyond it go in the next group."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers that the weights do not say."""

    layers: int
    heads: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class _Layer:
    """Matrices lie (in, out), whole: a transposed view costs each product 3 %."""

    qkv: tuple[Floats, Floats]
    out: tuple[Floats, Floats]
    norm_1: tuple[Floats, Floats]
    up: tuple[Floats, Floats]
    down: tuple[Floats, Floats]
    norm_2: tuple[Floats, Floats]


class Encoder:
    """Read-only once made, so any number of threads may use it. Raises `KeyError` for weights that are not a BERT's."""

    def __init__(self, weights: Mapping[str, Floats], shape: Shape) -> None:
        self._shape = shape
        self._words = weights["embeddings.word_embeddings.weight"]
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        self._places = weights["embeddings.position_embeddings.weight"] + kind
        self._norm = _pair(weights, "embeddings.LayerNorm")
        self.width = int(self._words.shape[1])
        scale = 1.0 / math.sqrt(self.width / shape.heads)
        self._layers = [_layer(weights, f"encoder.layer.{n}", scale) for n in range(shape.layers)]

    def rows(self, texts: Sequence[Sequence[int]]) -> Floats:
        """(len(texts), width), unit rows in the order given. Every text has at least one piece."""
        found = np.empty((len(texts), self.width), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
        for batch in _passes(order, [len(texts[n]) for n in order]):
            found[batch] = self._pass([texts[n] for n in batch])
        return found

    def _pass(self, texts: Sequence[Sequence[int]]) -> Floats:
        """`texts` by length."""
        lengths = [len(pieces) for pieces in texts]
        starts = list(itertools.accumulate(lengths, initial=0))[:-1]
        x = self._words[np.fromiter(itertools.chain.from_iterable(texts), dtype=np.int64, count=sum(lengths))]
        x += self._places[np.concatenate([np.arange(length) for length in lengths])]
        _normalise(x, self._norm, self._shape.epsilon)
        groups = _groups(lengths, self._shape.heads)
        for layer in self._layers:
            x = self._through(layer, x, groups)
        return unit(np.add.reduceat(x, starts, axis=0))  # a mean's length is its sum's

    def _through(self, layer: _Layer, x: Floats, groups: Sequence[tuple[int, int, int]]) -> Floats:
        seen = self._attention(_dense(x, layer.qkv), groups)
        seen = _dense(seen, layer.out)
        seen += x
        _normalise(seen, layer.norm_1, self._shape.epsilon)
        inner = _dense(seen, layer.up)
        _gelu(inner)
        after = _dense(inner, layer.down)
        after += seen
        _normalise(after, layer.norm_2, self._shape.epsilon)
        return after

    def _attention(self, qkv: Floats, groups: Sequence[tuple[int, int, int]]) -> Floats:
        """`groups`: (first piece, texts, pieces a text)."""
        heads, found = self._shape.heads, np.empty((len(qkv), self.width), dtype=np.float32)
        for start, count, length in groups:
            end = start + count * length
            split = qkv[start:end].reshape(count, length, 3, heads, -1).transpose(2, 0, 3, 1, 4)
            query, key, value = split[0], split[1], split[2]  # each (texts, heads, pieces, width of a head)
            weights = query @ key.transpose(0, 1, 3, 2)
            weights -= weights.max(axis=-1, keepdims=True)
            np.exp(weights, out=weights)
            weights /= weights.sum(axis=-1, keepdims=True)
            found[start:end] = (weights @ value).transpose(0, 2, 1, 3).reshape(end - start, self.width)
        return found


def unit(rows: Floats) -> Floats:
    """Rows of length one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / lengths, dtype=np.float32)


def _layer(weights: Mapping[str, Floats], name: str, scale: float) -> _Layer:
    """The three projections as one matrix, the scale of the scores in the first of them."""
    parts = [_linear(weights, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
    parts[0] = (parts[0][0] * np.float32(scale), parts[0][1] * np.float32(scale))
    return _Layer(
        (np.concatenate([w for w, _ in parts], axis=1), np.concatenate([b for _, b in parts])),
        _linear(weights, f"{name}.attention.output.dense"),
        _pair(weights, f"{name}.attention.output.LayerNorm"),
        _linear(weights, f"{name}.intermediate.dense"),
        _linear(weights, f"{name}.output.dense"),
        _pair(weights, f"{name}.output.LayerNorm"),
    )


def _pair(weights: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _linear(weights: Mapping[str, Floats], name: str) -> tuple[Floats, Floats]:
    weight, bias = _pair(weights, name)
    return np.ascontiguousarray(weight.T), bias


def _passes(order: Sequence[int], lengths: Sequence[int]) -> list[list[int]]:
    found: list[list[int]] = []
    room = 0
    for n, length in zip(order, lengths, strict=True):
        if not found or room < length:
            found.append([])
            room = PIECES_PER_PASS_MAX
        found[-1].append(n)
        room -= length
    return found


def _groups(lengths: Sequence[int], heads: int) -> list[tuple[int, int, int]]:
    found: list[tuple[int, int, int]] = []
    start = 0
    for length, same in itertools.groupby(lengths):
        left, most = len(list(same)), max(1, ATTENTION_BYTES_MAX // (4 * heads * length * length))
        while left:
            count = min(left, most)
            found.append((start, count, length))
            start, left = start + count * length, left - count
    return found


def _dense(x: Floats, layer: tuple[Floats, Floats]) -> Floats:
    found: Floats = x @ layer[0]
    found += layer[1]
    return found


def _normalise(x: Floats, norm: tuple[Floats, Floats], epsilon: float) -> None:
    x -= x.mean(axis=-1, keepdims=True)
    x *= 1.0 / np.sqrt(np.einsum("ij,ij->i", x, x)[:, None] / np.float32(x.shape[-1]) + np.float32(epsilon))
    x *= norm[0]
    x += norm[1]


# Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26: |error| of erf ≤ 1.5e-7, about a float32's own.
ERF = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
ERF_P = 0.3275911


def _gelu(x: Floats) -> None:
    """x · Φ(x), in place: Φ(x) = 1 - tail for x ≥ 0, tail for x < 0, tail = erfc(|x|/√2) / 2."""
    size = np.abs(x)
    t = size * np.float32(ERF_P / math.sqrt(2.0))
    t += np.float32(1.0)
    np.reciprocal(t, out=t)
    tail = np.full_like(x, ERF[0])
    for coefficient in ERF[1:]:
        tail *= t
        tail += np.float32(coefficient)
    tail *= t
    np.multiply(size, size, out=t)
    t *= np.float32(-0.5)
    np.exp(t, out=t)
    tail *= t
    tail *= size
    tail *= np.float32(0.5)  # now |x| · tail
    np.maximum(x, np.float32(0.0), out=x)
    x -= tail
