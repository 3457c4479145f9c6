"""Finished films under their recipe, for the exact cache: with whose they are, so that a hit can say so."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from actors.runtime.ids import derive_id
from actors.scene.flights import SHARED
from storage.cache.exact import ExactCache
from storage.codec import decode, encode
from storage.ledger.protocol import Attempt
from storage.objects.protocol import ObjectStore, ObjectStoreError

logger = logging.getLogger("storyforge.steps")

OF = "of"
"""Name in what is kept, beside the media: {"take", "job", "scene", "project"}. Older entries have none."""


async def kept_film(cache: ExactCache, objects: ObjectStore, recipe_hash: str, job: str = "") -> dict[str, Any] | None:
    """The media, with `OF`, if it is there in whole. `job`: who is about to render it: then told as shared with whoever
    did meanwhile. Two who ask at once may both miss the cache before the first has a film."""
    found = await cache.get(bytes.fromhex(recipe_hash))
    media = None if found is None else decode(found)
    if media is None or not await _there(objects, media["playlist_key"]):
        return None
    if job:
        maker = (media.pop(OF, None) or {}).get("job", job)
        media |= {SHARED: maker} if maker != job else {}
    return dict(media)


async def _there(objects: ObjectStore, key: str) -> bool:
    """A film that cannot be looked at is none: no cache fails a job."""
    try:
        return await objects.head(key) is not None
    except ObjectStoreError as error:
        logger.warning("a kept film could not be looked at", extra={"code": error.code})
        return False


async def keep_film(cache: ExactCache, recipe_hash: str, media: Mapping[str, Any], attempt: Attempt) -> None:
    of = {
        "take": derive_id("tak", attempt.job),
        "job": attempt.job,
        "scene": attempt.scene,
        "project": attempt.home,
    }
    await cache.put(bytes.fromhex(recipe_hash), encode({**media, OF: of}))
