"""The frame that a like film lends to one in the making: taken where it is still there, left where it is not.

The invariant: what is lent is a help and never a need; a film whose lent frame is gone starts from its own.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from storage.objects.protocol import ObjectStore, ObjectStoreError

logger = logging.getLogger("storyforge.cache")


async def start_key(objects: ObjectStore, request: Mapping[str, Any]) -> str | None:
    """Key of the picture that the key shot starts from."""
    lent: str | None = request.get("lent_key")
    own: str | None = request.get("panel_key")
    if not lent:
        return own
    try:
        if await objects.head(lent) is not None:
            return lent
    except ObjectStoreError as error:
        logger.warning("a lent frame could not be looked for", extra={"code": error.code})
        return own
    logger.info("a lent frame is gone")
    return own
