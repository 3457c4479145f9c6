"""What a step must not forget, in its attempt row before it goes on: a vendor's task id, paid for.

Owns nothing; the row does. Invariant: `Held.store` comes back only when the ledger has the bytes under our claim,
so whoever claims the attempt anew finds them, and two workers never both believe that they may go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Attempt, Ledger

logger = logging.getLogger("storyforge.worker")

AGAIN_S = 0.25
"""Between tries while the ledger is away. It ends by itself: meanwhile the claim goes stale, and is lost."""


class StepCancelled(Exception):
    """The step saw `cancelled()` and stopped; nothing it made counts."""


class ClaimLost(StepCancelled):
    """Another worker has the attempt: leave everything to it."""


@dataclass(frozen=True, slots=True)
class Held:
    """One claimed attempt. `leaving`: whether this worker is to stop."""

    ledger: Ledger
    attempt: str
    worker: str
    leaving: Callable[[], bool]

    async def store(self, body: bytes, progress: float, message: str) -> None:
        """Raises `StepCancelled` (stored, and somebody cancelled it), `ClaimLost` (nothing stored)."""
        while True:
            try:
                stop = await self.ledger.beat_attempt(
                    self.attempt, self.worker, progress=progress, message=message, result=body
                )
                if not stop:
                    return
                raise StepCancelled if await self._ours() else ClaimLost
            except LedgerError as fault:
                logger.warning("a step waits for the ledger", extra={"attempt": self.attempt, "code": fault.code})
                if self.leaving():
                    raise ClaimLost from fault
            await asyncio.sleep(AGAIN_S)

    async def unwanted(self) -> bool:
        """False where nobody can tell: what is wanted must not be thrown away."""
        try:
            row = await self.ledger.attempt(self.attempt)
        except LedgerError:
            return False
        return row is not None and row.cancel_requested and row.worker in (None, self.worker)

    async def _ours(self) -> bool:
        row: Attempt | None = await self.ledger.attempt(self.attempt)
        return row is not None and row.worker == self.worker and row.cancel_requested
