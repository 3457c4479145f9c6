"""From a deleted project to none: the steps of its erasure, each committed before the next.

Owns how far each is (the projection `deleted`; see `actors.views.DeletedView`). The invariant: every step is done by
whoever claims the home, can be done again without harm, and is followed by a fenced append that names the next one; so
a process that dies between any two of them costs time and nothing else. A restore claims the home too: it comes before
`project.erasing`, and everything is as it was, or after it, and is refused.

  closing  jobs are cancelled at once               → kept    until the grace is over
  kept     `project.erasing`: no way back           → caches  with what was spent, and no words of the story
  caches   nobody is given its films or parts       → films   after `FILMS_WAIT_MS`: who was given one shows it by then
  films    objects nobody else shows                → rows
  rows     log, snapshots, answers, projections     → gone    the tombstone stays
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from actors.project.deletion import ERASING
from actors.runtime.clock import Clock
from actors.runtime.rounds import Rounds
from actors.views import DeletedView, TakeView, order_ms
from storage.codec import encode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Append, Claim, HostRow, Kind, Ledger, NewEvent, View
from storage.ledger.purging import DELETED

logger = logging.getLogger("storyforge.runtime")

LOOK_EVERY_MS = 5_000
"""Between two looks of a host: one indexed read where nothing is due."""

HOMES_PER_LOOK = 4
STEPS_PER_LOOK = 8
"""Steps of one home in a row; the rest has its turn in the next look."""

RETRY_MS = 60_000
"""After a store refused. Shorter: an outage of it fills the log with claims."""

FILMS_WAIT_MS = 3_600_000
"""Between forgetting films in the caches and erasing them: longer than a job of another project that was given one
takes to show it."""

PAGE_ROWS = 200

NEVER_DUE_MS = 10**15 - 1


class Erase(Protocol):
    """What of a project lies outside the ledger. False: a store is away, ask again."""

    async def caches(self, home: str) -> bool: ...
    async def films(self, home: str) -> bool: ...


class Purges(Rounds):
    """`wake`: as `StoryRuntime` has it: workers whose attempts are cancelled have to look."""

    put_off = "the look for deleted projects was put off"
    looks_at_once = True

    def __init__(
        self,
        ledger: Ledger,
        host: Callable[[], HostRow],
        clock: Clock,
        erase: Erase,
        wake: Callable[[str, Sequence[str]], None] = lambda home, cancelled: None,
        films_wait_ms: int = FILMS_WAIT_MS,
    ) -> None:
        super().__init__(clock.sleep)
        self._ledger, self._host, self._clock, self._erase, self._wake = ledger, host, clock, erase, wake
        self._films_wait_ms = films_wait_ms

    def pause_s(self) -> float:
        return LOOK_EVERY_MS / 1000

    async def look(self) -> int:
        """How many steps were taken. Raises `LedgerError`."""
        now, taken = order_ms(await self._ledger.now_ms()), 0
        for row in await self._ledger.views(DELETED, limit=HOMES_PER_LOOK):
            if row.order_key > now:
                break
            try:
                for _ in range(STEPS_PER_LOOK):
                    if not await self.step(row.home):
                        break
                    taken += 1
            except LedgerError as error:  # another host was faster, or somebody restores it
                logger.info("an erasure waits", extra={"home": row.home, "code": error.code})
        return taken

    async def step(self, home: str) -> bool:
        """The step that is due, under a claim of its own; whether there was one. Raises `LedgerError`."""
        claim = await self._ledger.claim(home, self._host())
        try:
            self._ledger.saw(home, claim.seq)
            row = await self._ledger.view(DELETED, home)
            if row is None or row.body is None or row.order_key > order_ms(await self._ledger.now_ms()):
                return False
            told = DeletedView.from_blob(row.body)
            match told.phase:
                case "closing":
                    await self._cancel(claim, told)
                case "kept":
                    await self._begin(claim, told)
                case "caches" | "films":
                    return await self._outside(claim, told)
                case "rows":
                    await self._rows(claim, told)
                case _:
                    return False
            return True
        finally:
            await self._ledger.release(claim, self._host())

    async def _cancel(self, claim: Claim, told: DeletedView) -> None:
        open_ones = tuple(each.id for each in await self._ledger.attempts(claim.home, open_only=True))
        await self._write(claim, replace(told, phase="kept"), told.purge_at_ms, cancel=open_ones)
        self._wake(claim.home, open_ones)

    async def _begin(self, claim: Claim, told: DeletedView) -> None:
        now, (takes, spent) = await self._ledger.now_ms(), await self._totals(claim.home)
        audit = {"deleted_at_ms": told.deleted_at_ms, "at_ms": now, "takes": takes, "spent_usd": spent}
        left = replace(told, phase="caches", title="", upto=claim.seq + 1)
        await self._write(claim, left, now, NewEvent("@project", Kind.EVENT, ERASING, encode(audit)))
        logger.info("a deleted project is being erased", extra={"home": claim.home})

    async def _outside(self, claim: Claim, told: DeletedView) -> bool:
        work = self._erase.caches if told.phase == "caches" else self._erase.films
        done, now = await work(claim.home), await self._ledger.now_ms()
        if not done:
            await self._write(claim, told, now + RETRY_MS)
            return False
        if told.phase == "caches":
            await self._write(claim, replace(told, phase="films"), now + self._films_wait_ms)
        else:
            await self._write(claim, replace(told, phase="rows"), now)
        return True

    async def _rows(self, claim: Claim, told: DeletedView) -> None:
        while await self._ledger.purge(claim.home, epoch=claim.epoch, before=told.upto):
            await self._clock.sleep(0)
        now = await self._ledger.now_ms()
        erased = NewEvent("@project", Kind.EVENT, "project.erased", encode({"at_ms": now}))
        await self._write(claim, replace(told, phase="gone"), NEVER_DUE_MS, erased)
        logger.info("a deleted project is erased", extra={"home": claim.home})

    async def _write(
        self, claim: Claim, told: DeletedView, due_ms: int, *events: NewEvent, cancel: tuple[str, ...] = ()
    ) -> None:
        row = View(DELETED, claim.home, claim.home, "", order_ms(due_ms), told.blob())
        await self._ledger.append(Append(claim.home, claim.epoch, claim.seq, events, (row,), cancel_attempts=cancel))

    async def _totals(self, home: str) -> tuple[int, float]:
        """(takes, what they cost in USD): all that is kept of what was made."""
        takes, spent = 0, 0.0
        after: tuple[str, str] | None = None
        while True:
            rows = await self._ledger.views("take", home=home, after=after, limit=PAGE_ROWS)
            for row in rows:
                cost = TakeView.from_blob(row.body or b"").cost or {}
                spent += float(cost.get("amount") or 0.0) if str(cost.get("unit", "")).casefold() == "usd" else 0.0
            takes += len(rows)
            if len(rows) < PAGE_ROWS:
                return takes, round(spent, 6)
            after = rows[-1].order_key, rows[-1].id
