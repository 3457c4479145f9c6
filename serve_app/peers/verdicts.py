"""What is known of other hosts' peer ports: gone, silent or there. Asked before a home is taken from a live host row.

Owns the verdicts. Invariant: *gone* is final, because an incarnation opens its port once, before its row is written,
and closes it once; *there* and *silent* are only how it was a moment ago. One question a host is on its way at a time,
however many wait for the answer.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from storage.ledger.protocol import HostRow

FRESH_S = 1.0
"""How long *there* and *silent* count. Shorter: a crowd of sockets costs a connection each; longer: a dead owner's
homes wait that much longer."""

INCARNATIONS_MAX = 1_024
"""Verdicts kept. Over it the oldest is forgotten, and asked for again."""


class Reach(enum.Enum):
    GONE = "gone"  # the connection was refused: the process has ended
    SILENT = "silent"  # nothing came back: stopped, cut off, or its machine is down
    THERE = "there"


class Verdicts:
    """`probe`: asks a peer address, e.g. `PeerClient.reach`."""

    def __init__(self, probe: Callable[[str], Awaitable[Reach]], clock_s: Callable[[], float] = time.monotonic) -> None:
        self._probe, self._clock_s = probe, clock_s
        self._known: OrderedDict[str, tuple[Reach, float]] = OrderedDict()
        self._asking: dict[str, asyncio.Task[Reach]] = {}

    async def of(self, host: HostRow) -> Reach:
        known = self._known.get(host.incarnation)
        if known is not None and (known[0] is Reach.GONE or self._clock_s() < known[1]):
            return known[0]
        asking = self._asking.get(host.incarnation)
        if asking is None:
            asking = self._asking[host.incarnation] = asyncio.get_running_loop().create_task(self._ask(host))
            asking.add_done_callback(lambda _: self._asking.pop(host.incarnation, None))
        return await asyncio.shield(asking)

    def saw(self, host: HostRow, verdict: Reach) -> None:
        """Somebody has just learned it at first hand."""
        self._known[host.incarnation] = (verdict, self._clock_s() + FRESH_S)
        self._known.move_to_end(host.incarnation)
        if len(self._known) > INCARNATIONS_MAX:
            self._known.popitem(last=False)

    async def close(self) -> None:
        """Ask nobody any more."""
        asking = list(self._asking.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)

    async def _ask(self, host: HostRow) -> Reach:
        verdict = await self._probe(host.peer)
        self.saw(host, verdict)
        return verdict
