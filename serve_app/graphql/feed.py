"""Tells subscribers that something was committed, by any process: one shared poll of the ledger's change token.

The invariant: the poll runs only while somebody waits, and nobody queries unless the token moved. Every subscriber of
the process waits on the same counter; a fault of the ledger is waited out, since a subscription outlives a hiccup.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serve_app.graphql.ports import Reader
from storage.ledger.protocol import LedgerError

POLL_S = 0.08
"""Longest delay between a commit elsewhere and its event here. A poll is one PRAGMA (microseconds)."""
FAULT_POLL_S = 1.0

logger = logging.getLogger("storyforge.graphql.feed")


class TooManyWatchers(Exception):
    """This process has as many subscriptions as it takes."""

    code = "BUSY"
    retryable = True

    def __init__(self, watchers_max: int) -> None:
        super().__init__(watchers_max)
        self.watchers_max = watchers_max

    def __str__(self) -> str:
        return f"There are {self.watchers_max} open subscriptions already. Try again later."


class ChangeFeed:
    """`watch()` while interested; `changed(seen)` waits for the next commit after `seen`."""

    def __init__(self, reader: Reader, *, poll_s: float = POLL_S, watchers_max: int = 1_000) -> None:
        self._reader = reader
        self._watchers_max = watchers_max
        self._poll_s = poll_s
        self._version = 0
        self._watchers = 0
        self._poll: asyncio.Task[None] | None = None
        self._moved: asyncio.Event = asyncio.Event()

    @property
    def watchers(self) -> int:
        return self._watchers

    @property
    def polling(self) -> bool:
        return self._poll is not None

    @property
    def version(self) -> int:
        """Take it before reading; what commits during the read is then not missed."""
        return self._version

    @asynccontextmanager
    async def watch(self) -> AsyncIterator[ChangeFeed]:
        """Raises `TooManyWatchers` over the limit: the newest is refused, those who watch go on."""
        if self._watchers >= self._watchers_max:
            raise TooManyWatchers(self._watchers_max)
        self._watchers += 1
        if self._poll is None:
            self._poll = asyncio.create_task(self._run(), name="graphql-change-feed")
        try:
            yield self
        finally:
            self._watchers -= 1
            if self._watchers == 0 and self._poll is not None:
                self._poll.cancel()
                self._poll = None

    async def changed(self, seen: int) -> int:
        """Returns the version once it differs from `seen` (at once if it already does)."""
        while self._version == seen:
            await self._moved.wait()
        return self._version

    def touch(self) -> None:
        """Something of this process committed: do not wait for the poll."""
        self._version += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def _run(self) -> None:
        token: int | None = None
        while True:
            try:
                now = await self._reader.change_token()
            except LedgerError as error:
                logger.warning("change token unavailable", extra={"code": error.code})
                await asyncio.sleep(FAULT_POLL_S)
                continue
            if now != token:  # the first look counts as a move: a commit may lie between a caller's read and it
                token = now
                self.touch()
            await asyncio.sleep(self._poll_s)
