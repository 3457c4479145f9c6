"""Questions to the cache as owners ask them, and an embedder of word shapes that needs no weights."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from storage.cache.asked import Question, question_of
from storage.vectors.protocol import Floats

DIMENSION = 64
FILTERS = {
    "scope": "prj_1", "kind": "film", "model": "animatic/animatic/1", "size": "1280x720@24", "seconds": "",
    "brain": "thriller/2/aa", "writer": "grammar/1", "beat": "", "place": "kitchen", "inside": "interior",
    "hour": "night", "cast": "chr_ann,chr_ben", "state": "", "references": "",
}  # fmt: skip
CAST = {"ANN": "chr_ann", "BEN": "chr_ben"}


def embed(texts: Sequence[str]) -> Floats:
    """(texts, DIMENSION) of unit length: hashed words and their letters, so like words are alike."""
    rows = np.zeros((len(texts), DIMENSION), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.casefold().split():
            for piece in (word, *(word[n : n + 3] for n in range(max(1, len(word) - 2)))):
                row[int.from_bytes(hashlib.sha256(piece.encode()).digest()[:2], "big") % DIMENSION] += 1.0
    lengths: Floats = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.maximum(lengths, 1e-6)


def ask_of(*texts: str, line: str = "", **other: Any) -> dict[str, Any]:
    """`other`: filters, and of the ask itself `seed`, `not_jobs`, `warm`, `fresh_for`, `price_usd`."""
    units = [{"kind": "action", "text": text, "speaker": ""} for text in texts]
    if line:
        units.append({"kind": "line", "text": line, "speaker": "chr_ann"})
    own = {name: other.pop(name) for name in ("seed", "not_jobs", "warm", "fresh_for", "price_usd") if name in other}
    ask = {"version": 1, "units": units, "entities": CAST, "filters": {**FILTERS, **other}}
    return {**ask, "seed": "", "not_jobs": [], "warm": True, "price_usd": 0.5, **own}


def question(*texts: str, **other: Any) -> Question:
    return question_of(ask_of(*texts, **other), "project", "words/1", embed)


def told(job: str, ask: dict[str, Any], seed: str = "11") -> dict[str, Any]:
    """A film to remember, as its owner tells it."""
    return {
        "ask": ask,
        "media": {"playlist_key": f"videos/{job}/master.m3u8", "video_key": f"videos/{job}/take.mp4"},
        "of": {"take": f"tak_{job}", "job": job, "scene": f"scn_{job}", "project": ask["filters"]["scope"]},
        "by": "anna",
        "seed": seed,
        "frame_key": f"assets/panels/{job}/0-0.jpg",
        "frame_sha256": "ab" * 32,
    }
