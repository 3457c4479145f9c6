"""An event loop on a thread of its own, for clients whose connections belong to one loop, while callers have several.

Owns the thread. The invariant: work that is cancelled by its caller is cancelled there too; after `stop` nothing runs.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from storage.vectors.protocol import VectorFault

T = TypeVar("T")


class OwnLoop:
    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    async def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()


async def run_on(loop: OwnLoop | None, work: Coroutine[Any, Any, T]) -> T:
    """Raises `VectorFault` UNAVAILABLE where there is no loop: the store is closed."""
    if loop is None:
        work.close()
        raise VectorFault("UNAVAILABLE", "the vector store is closed", True)
    return await loop.run(work)
