"""Suspended projects are looked over now and then, by whichever host finds one due: *while you were away*.

Owns the look of one host over the `background` rows. The invariants: a project is opened only if it switched this on,
is due, and nobody has it; the claim decides between two hosts; and it is given back after one turn, unless people came.
"""

from __future__ import annotations

import logging

from actors.commands import CommandError
from actors.runtime.clock import Clock
from actors.runtime.host import StoryRuntime
from actors.runtime.rounds import Rounds
from actors.views import BackgroundView
from actors.workflow.messages import WORKFLOW, TimePasses
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import View

logger = logging.getLogger("storyforge.workflow")

LOOK_EVERY_MS = 60_000
"""Between two looks of a host for projects that are due: one indexed read when there are none."""

PROJECTS_PER_LOOK_MAX = 4
"""Projects opened by one look, one after the other; the rest waits for the next. More: a host wakes a crowd at once."""

ROWS_PER_LOOK_MAX = 200
"""Rows looked at, the longest due first; projects that people have open stand in the way of nobody."""


class Suspended(Rounds):
    put_off = "the look for suspended projects was put off"

    def __init__(self, runtime: StoryRuntime, clock: Clock, every_ms: int = LOOK_EVERY_MS) -> None:
        super().__init__(clock.sleep)
        self._runtime, self._every_ms = runtime, every_ms

    def pause_s(self) -> float:
        return self._every_ms / 1000

    async def look(self) -> int:
        """Visit what is due; how many. Raises `LedgerError`."""
        ledger, visited = self._runtime.ledger, 0
        now_ms = await ledger.now_ms()
        for row in await ledger.views("background", parent="", limit=ROWS_PER_LOOK_MAX):
            if visited >= PROJECTS_PER_LOOK_MAX or not self._due(row, now_ms):
                break
            owner = await ledger.owner(row.home)
            if owner is not None and owner.host is not None and owner.live:
                continue
            visited += await self._visit(row.home)
        return visited

    def _due(self, row: View, now_ms: int) -> bool:
        return row.body is not None and BackgroundView.from_blob(row.body).due_at_ms <= now_ms

    async def _visit(self, home: str) -> int:
        try:
            await self._runtime.visit(home, WORKFLOW, TimePasses())
        except (CommandError, LedgerError) as error:  # another host was faster, or people came
            logger.info("a suspended project was not looked over", extra={"home": home, "code": error.code})
            return 0
        return 1
