"""Tells subscribers that something of their project was committed, by any process: wake-ups of the bus, and a poll.

The invariant: both run only while somebody waits, and nobody queries unless something moved. A wake-up names a project
and wakes its subscribers alone; the shared poll of the ledger's change token wakes everybody, slowly while the bus is
live and often while it is not. A fault of the ledger is waited out, since a subscription outlives a hiccup.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from serve_app.graphql.ports import Reader
from storage.bus.protocol import ANY, Bus, BusState, Topic
from storage.ledger.errors import LedgerError

POLL_S = 0.08
"""Without a bus: the longest delay between a commit elsewhere and its event here."""
POLL_LIVE_S = 2.0
"""Beside a live bus: the most that a lost wake-up costs."""
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


class Watch:
    """One subscriber's view of one home."""

    def __init__(self) -> None:
        self._version = 0
        self._moved = asyncio.Event()

    @property
    def version(self) -> int:
        """Take it before reading; what commits during the read is then not missed."""
        return self._version

    async def changed(self, seen: int) -> int:
        """Returns the version once it differs from `seen` (at once if it already does)."""
        while self._version == seen:
            self._moved.clear()
            await self._moved.wait()
        return self._version

    def touch(self) -> None:
        self._version += 1
        self._moved.set()


class ChangeFeed:
    """`watch(home)` while interested."""

    def __init__(
        self,
        reader: Reader,
        bus: Bus | None = None,
        *,
        poll_s: float = POLL_S,
        poll_live_s: float = POLL_LIVE_S,
        watchers_max: int = 1_000,
    ) -> None:
        self._reader, self._bus = reader, bus
        self._watchers_max = watchers_max
        self._poll_s, self._poll_live_s = poll_s, poll_live_s
        self._watches: dict[str, set[Watch]] = {}
        self._watchers = 0
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def watchers(self) -> int:
        return self._watchers

    @property
    def polling(self) -> bool:
        return bool(self._tasks)

    @asynccontextmanager
    async def watch(self, home: str) -> AsyncIterator[Watch]:
        """Raises `TooManyWatchers` over the limit: the newest is refused, those who watch go on."""
        if self._watchers >= self._watchers_max:
            raise TooManyWatchers(self._watchers_max)
        self._watchers += 1
        watch = Watch()
        self._watches.setdefault(home, set()).add(watch)
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self._poll(), name="graphql-change-feed"))
            if self._bus is not None:
                self._tasks.append(asyncio.create_task(self._listen(self._bus), name="graphql-bus"))
        try:
            yield watch
        finally:
            self._watchers -= 1
            self._watches[home].discard(watch)
            if not self._watches[home]:
                del self._watches[home]
            if self._watchers == 0:
                for task in self._tasks:
                    task.cancel()
                self._tasks.clear()

    def touch(self, home: str) -> None:
        """Something of that home committed; `ANY`: of some home."""
        for one in [home] if home != ANY else list(self._watches):
            for watch in self._watches.get(one, ()):
                watch.touch()

    async def _listen(self, bus: Bus) -> None:
        heard = bus.subscribe(Topic.HOME, Topic.ATTEMPT)
        try:
            async for wake in heard:
                self.touch(wake.what.partition("/")[0])
        finally:
            heard.close()

    async def _poll(self) -> None:
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
                self.touch(ANY)
            live = self._bus is not None and self._bus.state is BusState.LIVE
            await asyncio.sleep(self._poll_live_s if live else self._poll_s)
