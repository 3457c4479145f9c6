"""Step `cache`: whether a take of the same recipe exists, with what an observer said of it."""

from __future__ import annotations

from typing import Any

from serve_app.steps.observe import observation_key
from serve_app.steps.stores import StepStores
from serve_app.worker import Report
from storage.codec import decode
from storage.ledger.protocol import Attempt


class AskCache:
    def __init__(self, stores: StepStores) -> None:
        self._stores = stores

    def __call__(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        report(0.1, "CACHE_LOOKUP|Looking for the same take")
        wait, cache = self._stores.wait, self._stores.cache
        found = wait(cache.get(bytes.fromhex(request["recipe_hash"])))
        media = None if found is None else decode(found)
        if media is None or wait(self._stores.objects.head(media["playlist_key"])) is None:
            return {"verdict": "miss", "take": None}
        seen = wait(cache.get(observation_key(media["video_key"])))
        return {"verdict": "hit", "take": media if seen is None else {**media, **decode(seen)}}
