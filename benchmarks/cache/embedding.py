"""Rows of texts: by the embedder of the generation app, or the committed ones for the test that runs everywhere.

Invariant: committed rows are those of one named embedder and of exactly the texts whose hash they carry; other texts
than these have no row. `python -m benchmarks.cache.embedding` writes them anew.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from benchmarks.cache import data

FILE = "rows.npz"
BATCH = 64


class Embedded:
    """An `Embedder` that embeds each text once."""

    def __init__(self) -> None:
        from gpu.embed.minilm import MiniLM

        self._model = MiniLM()
        self._rows: dict[str, NDArray[np.float32]] = {}
        self.took_s = 0.0

    @property
    def name(self) -> str:
        return self._model.name

    @property
    def dimension(self) -> int:
        return self._model.dimension

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in self._rows]
        begin = time.perf_counter()
        for at in range(0, len(new), BATCH):
            part = new[at : at + BATCH]
            self._rows.update(zip(part, self._model.embed(part), strict=True))
        self.took_s += time.perf_counter() - begin
        return np.array([self._rows[text] for text in texts], dtype=np.float32)


def committed_texts() -> list[str]:
    """What the test measures: the committed prompts and the paraphrases that are held out."""
    prompts = data.prompts("vbench", "film", "moments")
    return list(dict.fromkeys(prompts + [line.text for line in data.paraphrases("heldout")]))


def text_hash(texts: Iterable[str]) -> str:
    return hashlib.sha256(json.dumps(list(texts), ensure_ascii=False).encode()).hexdigest()


def committed_rows() -> dict[str, NDArray[np.float32]]:
    """Raises ValueError when the rows are of other texts than those committed."""
    texts = committed_texts()
    with np.load(data.manifest()["rows"].path(None), allow_pickle=False) as kept:
        if str(kept["texts"]) != text_hash(texts):
            raise ValueError("rows.npz is of other texts: python -m benchmarks.cache.embedding")
        rows = kept["rows"].astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return dict(zip(texts, rows, strict=True))


def main() -> None:
    texts, model = committed_texts(), Embedded()
    rows = model.embed(texts).astype(np.float16)
    np.savez_compressed(data.HERE / FILE, rows=rows, texts=np.array(text_hash(texts)), embedder=np.array(model.name))
    data.rehash("rows", FILE, len(texts))
    print(f"{len(texts)} rows of {model.name}, {model.took_s:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
