"""Homes with work that is due and no live owner: opened here, so that a crash resumes without anybody coming.

Owns nothing durable. The invariant: whatever a commit owes to the outside is looked for by every host now and then, and
done by whoever claims the home first; a home that somebody live holds is left alone. Due work is the beginning of one
index (`actors.outbox.protocol`), so an installation that owes nothing pays one read a look.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from actors.commands import CommandError
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Ledger

logger = logging.getLogger("storyforge.runtime")

ROWS_MAX = 200
"""Due rows looked at in one look; the rest has its turn in the next."""

OPENED_MAX = 8
"""Homes opened in one look: after a crash the survivors share the work."""


class Unattended:
    """`take`: kind of row -> how a home that has such rows is opened. `owned`: whether it is open here."""

    def __init__(
        self,
        ledger: Ledger,
        now_ms: Callable[[], int],
        owned: Callable[[str], bool],
        take: Mapping[str, Callable[[str], Awaitable[Any]]],
    ) -> None:
        self._ledger, self._now_ms, self._owned, self._take_by = ledger, now_ms, owned, take

    async def look(self) -> int:
        """How many homes were opened. Raises `LedgerError`."""
        opened, seen = 0, set[str]()
        for kind, take in self._take_by.items():
            due = f"{self._now_ms():015d}"
            for row in await self._ledger.views(kind, limit=ROWS_MAX):
                if row.order_key > due or opened >= OPENED_MAX:
                    break
                if row.home in seen or self._owned(row.home):
                    continue
                seen.add(row.home)
                opened += await self._take(row.home, take)
        return opened

    async def _take(self, home: str, take: Callable[[str], Awaitable[Any]]) -> bool:
        owner = await self._ledger.owner(home)
        if owner is not None and owner.live:
            return False
        try:
            await take(home)
        except (LedgerError, CommandError) as error:  # somebody was quicker, or this host is leaving
            logger.info("an unattended home was not opened", extra={"home": home, "code": error.code})
            return False
        logger.info("an unattended home is opened for what it owes", extra={"home": home})
        return True
