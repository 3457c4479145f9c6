"""The rules that decide whether a stored film answers a prompt: plain cosine, GPTCache's, RedisVL's, slots, ours.

Invariant: every rule sees the same prompts and the same rows of the same embedder. A rule is a gate (may this pair be
the same film at all?) and a least cosine; what is shown is the nearest of those that pass both. GPTCache's and
RedisVL's are restated here from their sources (below): on unit vectors both come to a least cosine, and
`peer_gptcache.py` holds ours against GPTCache's own class. Ours is the cache's own `judge`, with the threshold that an
entry has before anybody spoke.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from storage.cache.threshold import DELTA, learned
from storage.cache.verdict import Film, Judged, judge

GPTCACHE_DISTANCE_MAX = 4.0
"""`max_distance` of its SearchDistanceEvaluation (gptcache 0.1.44); the distance is faiss' squared L2, and two unit
vectors are 2 - 2 cos apart."""

GPTCACHE_DEFAULT, GPTCACHE_BENCHMARK = 0.8, 0.95
"""`similarity_threshold` of its Config, and the one of its own examples/benchmark."""

REDISVL_DISTANCE = 0.1
"""`distance_threshold` of redisvl 0.28's SemanticCache; its distance is 1 - cos."""

PLAIN_COSINE = 0.95
"""A rule often taken for films, and the one that was measured at 14.5 % false hits."""

LEAST = -1.0
"""Every cosine is at least this."""


CAST = ("Ada", "Juno", "Ruth", "Tomas", "Yusuf", "Elias", "Margaret", "Officer Dune", "The Pilot", "Stranger",
        "Harbor Master", "Margaret Bell", "Elias Voss")  # fmt: skip
"""People of our own scenes: a project knows its people, so the owner's ask names them (`actors.scene.cached`)."""

ENTITIES = {name: "ent_" + name.split()[0 if name != "The Pilot" else 1].lower() for name in CAST}


@dataclass(frozen=True, slots=True)
class Prompt:
    text: str
    film: Film
    key: str

    @classmethod
    def of(cls, text: str) -> Prompt:
        """As an owner asks: one moment of action, with the people that the project knows."""
        film = Film.of_ask({"entities": ENTITIES, "filters": {}, "units": [{"kind": "action", "text": text}]})
        return cls(text, film, film.key)


Gate = Callable[[Prompt, Prompt, float], bool]
"""(asked, stored, cosine): may the one be shown for the other?"""


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    least: float
    gate: Gate | None = None
    """None: any. A gate passes only pairs with one `key`: the others are never tried."""


def slots_equal(asked: Prompt, stored: Prompt, _similarity: float) -> bool:
    """Whatever the similarity: as if the words were equal."""
    return judge(asked.film, stored.film, 1.0, LEAST).verdict == "hit"


def full_verdict(asked: Prompt, stored: Prompt, similarity: float) -> bool:
    """Of an entry nobody has spoken of; below its threshold never (the cache does so as seldom as the bound allows)."""
    curve = learned(())
    at = Judged(curve.threshold(DELTA), curve, DELTA, coin=0.0)
    return judge(asked.film, stored.film, similarity, at).verdict == "hit"


def gptcache_rank(similarity: float) -> float:
    """Its `evaluation` of a search result."""
    return GPTCACHE_DISTANCE_MAX - min(max(2 - 2 * similarity, 0.0), GPTCACHE_DISTANCE_MAX)


def gptcache_least(threshold: float) -> float:
    """The cosine from which its rank reaches its threshold times the range of ranks."""
    return 1 - GPTCACHE_DISTANCE_MAX * (1 - threshold) / 2


def redisvl_least() -> float:
    return 1 - REDISVL_DISTANCE


def rules() -> list[Rule]:
    return [
        Rule(f"cosine ≥ {PLAIN_COSINE:g}", PLAIN_COSINE),
        Rule(f"GPTCache, its default ({GPTCACHE_DEFAULT:g})", gptcache_least(GPTCACHE_DEFAULT)),
        Rule(f"GPTCache, as in its benchmark ({GPTCACHE_BENCHMARK:g})", gptcache_least(GPTCACHE_BENCHMARK)),
        Rule(f"RedisVL (distance {REDISVL_DISTANCE:g})", redisvl_least()),
        Rule("slots alone", LEAST, slots_equal),
        OURS,
    ]


OURS = Rule("StoryForge: slots and threshold", LEAST, full_verdict)


def read(texts: Sequence[str]) -> list[Prompt]:
    return [Prompt.of(text) for text in texts]
