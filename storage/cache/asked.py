"""A question to the semantic cache, with the rows of its words: made once, beside the loop, by whoever has an embedder.

Owns how an ask becomes a film, its space, and the vectors that find it. The invariant: a pure function of the ask, the
scope and the embedder. Blocking: reading slots and embedding take milliseconds a moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from storage.cache.verdict import Film
from storage.vectors.protocol import Floats

Embed = Callable[[Sequence[str]], Floats]
"""Texts → float32 (texts, dimension), rows of unit length."""

Scope = Literal["project", "installation"]
SPACE = "films"

BOUND_UNIT = 10_000
"""An ask's `bound` is wrong answers among so many."""


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """`rows`: (moments, dimension), of the words of each moment. `vector`: their mean, to find neighbours by."""

    film: Film
    space: str
    embedder: str
    vector: Floats
    rows: Floats
    seed: str
    not_jobs: frozenset[str]
    warm: bool
    fresh_for: str
    price_usd: float
    people: tuple[str, ...]
    delta: float | None = None
    """The project's own bound on wrong answers, as a part of 1; None: as the installation has it."""

    def coin(self, entry: str) -> float:
        """0..1, of this question to this entry: the same at every try."""
        digest = hashlib.sha256(f"{self.film.digest}\n{entry}".encode()).digest()
        return float(int.from_bytes(digest[:8], "big")) / 2.0**64


def question_of(ask: Mapping[str, Any], scope: Scope, embedder: str, embed: Embed, *, lends: bool = True) -> Question:
    """`lends`: whether neighbours may lend at all. Raises KeyError, TypeError for what is no ask, and
    what `embed` raises."""
    project = str(ask["filters"]["scope"])
    filters = {name: value for name, value in ask["filters"].items() if name != "scope" or scope == "project"}
    film = Film.of_ask({**ask, "filters": filters})
    rows = np.asarray(embed([unit.text or " " for unit in film.units]), dtype=np.float32)
    whole = rows.mean(axis=0)
    length = float(np.linalg.norm(whole))
    return Question(
        film=film,
        space=space_of(project, scope),
        embedder=embedder,
        vector=(whole / length if length > 1e-6 else rows[0]).astype(np.float32),
        rows=rows,
        seed=str(ask["seed"]),
        not_jobs=frozenset(str(job) for job in ask["not_jobs"]),
        warm=bool(ask["warm"]) and lends,
        fresh_for=str(ask.get("fresh_for", "")),
        price_usd=float(ask["price_usd"]),
        delta=int(ask["bound"]) / BOUND_UNIT if ask.get("bound") else None,
        people=tuple(sorted({str(id) for id in ask["entities"].values()}))[:20],
    )


def space_of(project: str, scope: Scope) -> str:
    """Whose films are asked: the project's own, or everybody's of this installation."""
    return f"{SPACE}.{project}" if scope == "project" else SPACE
