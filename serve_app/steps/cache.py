"""Step `cache`: whether a film of the same recipe exists, else one that was asked for in other words.

The invariant: nothing of a cache fails a job; whatever is told is told with its level, its reasons and whose film it
is. Level one is asked first: the same recipe gives the same pictures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serve_app.step_runs import Report
from serve_app.steps.keeping import OF, kept_film
from serve_app.steps.observe import observation_key
from serve_app.steps.stores import StepStores
from serve_app.telemetry.films import FILM_ANSWERS
from storage.cache.answer import Answer
from storage.cache.asked import Question
from storage.codec import decode
from storage.ledger.protocol import Attempt

Told = dict[str, Any]
"""The body of the step's result: see `gpu.steps`."""


class AskCache:
    def __init__(self, stores: StepStores) -> None:
        self._stores = stores

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> Told:
        report(0.1, "CACHE_LOOKUP|Looking for the same take")
        ask = request.get("ask") or {}
        exact = self._exact(request["recipe_hash"], ask)
        FILM_ANSWERS.add("L1", "miss" if exact is None else "hit")
        return exact or self._semantic(ask, report)

    def _exact(self, recipe_hash: str, ask: Mapping[str, Any]) -> Told | None:
        wait, cache = self._stores.wait, self._stores.cache
        media = wait(kept_film(cache, self._stores.objects, recipe_hash))
        if media is None:
            return None
        seen = wait(cache.get(observation_key(media["video_key"])))
        of = media.pop(OF, None)
        saved = float(ask.get("price_usd") or 0.0)
        told = {"level": "L1", "similarity": 1.0, "sure": 1.0, "why": ["the same recipe"], "of": of, "saved_usd": saved}
        return {"verdict": "hit", "take": media if seen is None else {**media, **decode(seen)}, "cache": told}

    def _semantic(self, ask: Mapping[str, Any], report: Report) -> Told:
        films = self._stores.films
        question = None if films is None else films.question(ask)
        if films is None or question is None:
            return {"verdict": "miss", "take": None, "cache": {"why": ["no film of this recipe"]}}
        report(0.5, "CACHE_LOOKUP|Looking for a take in other words")
        told = _told(self._stores.wait(films.lookup(question)), question)
        FILM_ANSWERS.add("L2", told["verdict"])
        return told


def _told(answer: Answer, question: Question) -> Told:
    hit, entry = answer.verdict == "hit", answer.entry
    cache: Told = {
        "level": "L2" if answer.verdict != "miss" else "",
        "similarity": answer.similarity,
        "threshold": answer.threshold,
        "sure": answer.sure,
        "why": list(answer.why),
        "of": None if answer.near is None else dict(answer.near),
        "entry": answer.about,
        "space": question.space,
        "ask": question.film.digest,
        "saved_usd": question.price_usd if hit else 0.0,
    }
    if entry is not None and not hit:
        cache["warm"] = {"seed": entry.seed, "frame_key": entry.frame_key, "frame_sha256": entry.frame_sha256}
    return {"verdict": answer.verdict, "take": dict(entry.media) if entry is not None and hit else None, "cache": cache}
