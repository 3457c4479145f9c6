"""One look after the other, from `start` to `stop`: the loop of whatever goes over something now and then.

Owns its task and nothing of what is looked at. Invariants: a look that failed is put off to the next, with a line
in the log, and ends nothing; when `stop` is back, nothing runs any more. Time comes from whoever makes it.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import ClassVar

from storage.ledger.errors import LedgerError

logger = logging.getLogger("storyforge.rounds")


class Rounds(ABC):
    """`put_off`: what a refused look is in the log. `looks_at_once`: whether the first comes with the start."""

    put_off: ClassVar[str]
    looks_at_once: ClassVar[bool] = False

    def __init__(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._sleep = sleep
        self._task: asyncio.Task[None] | None = None

    @abstractmethod
    async def look(self) -> object:
        """May raise `LedgerError`: the store was away, or another host was faster."""

    @abstractmethod
    def pause_s(self) -> float:
        """Until the next look."""

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def ended(self) -> bool:
        """Whether it was started and runs no more."""
        return self._task is not None and self._task.done()

    async def _run(self) -> None:
        if not self.looks_at_once:
            await self._sleep(self.pause_s())
        while True:
            try:
                await self.look()
            except LedgerError as error:
                logger.info(self.put_off, extra={"code": error.code})
            except Exception:  # a mistake of ours: nobody awaits the task, so it would have ended unseen
                logger.exception(self.put_off)
            await self._sleep(self.pause_s())
