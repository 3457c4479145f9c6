"""Finished films under their recipe, for the exact cache: with whose they are, so that a hit can say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.runtime.ids import derive_id
from storage.cache.exact import ExactCache
from storage.codec import encode
from storage.ledger.protocol import Attempt

OF = "of"
"""Name in what is kept, beside the media: {"take", "job", "scene", "project"}. Older entries have none."""


async def keep_film(cache: ExactCache, recipe_hash: str, media: Mapping[str, Any], attempt: Attempt) -> None:
    of = {
        "take": derive_id("tak", attempt.job),
        "job": attempt.job,
        "scene": attempt.scene,
        "project": attempt.home,
    }
    await cache.put(bytes.fromhex(recipe_hash), encode({**media, OF: of}))
