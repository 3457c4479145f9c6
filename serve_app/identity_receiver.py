"""A host's receiver of entries about characters: opens what it needs at the first one.

Invariant: a host whose projects have no pictures carries neither arrays, nor a vector store, nor a picture decoder.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, ClassVar

from actors.outbox.protocol import Entry, Outcome
from serve_app.config import Settings

if TYPE_CHECKING:
    from serve_app.identities import Identities


logger = logging.getLogger("storyforge.host")


class IdentityReceiver:
    ordered: ClassVar[bool] = True  # learn, then forget: the other way round would keep what was to go

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = asyncio.Lock()
        self._identities: Identities | None = None

    async def deliver(self, entry: Entry) -> Outcome:
        return await (await self._opened()).deliver(entry)

    async def erase(self, project: str) -> bool:
        """Everybody of a project that was deleted, and its parts. False: a store is away."""
        from storage.vectors.protocol import VectorFault

        try:
            return await (await self._opened()).forget_project(project)
        except VectorFault as fault:
            logger.warning("the people of a deleted project stay for now", extra={"code": fault.code})
            return False

    async def close(self) -> None:
        identities, self._identities = self._identities, None
        if identities is not None:
            await identities.close()

    async def _opened(self) -> Identities:
        async with self._opening:
            if self._identities is None:
                from serve_app.identities import open_identities

                self._identities = await open_identities(self._settings)
            return self._identities
