"""How this host comes to own a project: by claiming what nobody live has, or by asking for it.

Invariant: a home is taken from a live host row only on proof that its process is gone; from one that lives and cannot
be reached it is asked for, through the ledger, and that host gives it back in order. Used by sockets that land here and
commands that are sent here.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from actors.runtime.home import Home
from serve_app.peers.verdicts import Reach, Verdicts
from storage.ledger.errors import LedgerError, Owned
from storage.ledger.protocol import WANT_MS, HostRow, Ledger, Owner

logger = logging.getLogger("storyforge.ownership")

ASK_AGAIN_S = WANT_MS / 1000 / 5
"""Between two wants for the same home: sockets and commands that cannot reach its owner come many at a time."""

ASKED_MAX = 1_024
"""Homes remembered to have been asked for. Over it the oldest is forgotten, and asked for again."""


class Claims:
    """`open_home`: `StoryRuntime.open`; `row`: this host's."""

    def __init__(
        self,
        ledger: Ledger,
        verdicts: Verdicts,
        open_home: Callable[..., Awaitable[Home]],
        row: Callable[[], HostRow],
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger, self._verdicts, self._open_home, self._row = ledger, verdicts, open_home, row
        self._clock_s = clock_s
        self._asked: OrderedDict[str, float] = OrderedDict()

    async def open(self, home: str, **how: Any) -> Home:
        """The home, open here. Raises `Owned` while another host lives (it was asked, if it cannot be reached), and
        what `open_home` raises."""
        try:
            return await self._open_home(home, **how)
        except Owned as owned:
            holder = owned.owner.host
            verdict = Reach.THERE if holder is None else await self._verdicts.of(holder)
            if holder is None or verdict is not Reach.GONE:
                if verdict is Reach.SILENT:
                    await self._ask_for(owned.owner)
                raise
            logger.warning("deposing a dead owner", extra={"home": home, "host": holder.id, "pid": holder.pid})
            return await self._open_home(home, depose=holder.incarnation, **how)

    async def move_here(self, home: str) -> bool:
        """Open it, or ask its owner for it as an operator does; whether it is here now. Raises what `open` does."""
        try:
            await self.open(home)
        except Owned as owned:
            await self._ask_for(owned.owner, again=True)
            return False
        return True

    async def _ask_for(self, owner: Owner, *, again: bool = False) -> None:
        now = self._clock_s()
        if not again and now < self._asked.get(owner.home, 0.0):
            return
        self._asked[owner.home] = now + ASK_AGAIN_S
        self._asked.move_to_end(owner.home)
        if len(self._asked) > ASKED_MAX:
            self._asked.popitem(last=False)
        holder = owner.host.id if owner.host is not None else ""
        with contextlib.suppress(LedgerError):  # whoever came for it comes again
            stands = await self._ledger.want(owner.home, self._row(), epoch=owner.epoch)
            logger.warning("asking for a home", extra={"home": owner.home, "host": holder, "stands": stands})
