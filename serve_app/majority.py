"""Projects follow the majority of their sockets: a socket that lands beside the owner costs every frame a second hop.

Owns since when another host has carried most sockets of each project here. Invariants: a project is handed over only
after it was here for the minimum hold and the same live host, in reach, carried its majority for `majority_ms`, so that
two crowds do not throw it to and fro; a tunnel to a host whose lease has ended is cut, so that its browser comes again
and finds the next owner. Counts come from `open_sockets`, one look a second; nothing is counted per message.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from actors.runtime.home import Home
from actors.runtime.host import StoryRuntime
from actors.runtime.limits import RuntimeLimits
from actors.runtime.rounds import Rounds
from collab.close_codes import CloseCode
from serve_app.open_sockets import OpenSockets
from serve_app.peers.verdicts import Reach, Verdicts
from storage.ledger.protocol import HostRow, Ledger

logger = logging.getLogger("storyforge.ownership")

LOOK_S_MAX = 1.0
"""Between two looks. Longer: people behind a tunnel to a stopped owner wait that much longer."""


class Majority(Rounds):
    """`give`: hands a home over. `here`: sockets in rooms of this host, with the host each came over; `tunnels`: those
    of this host that are in rooms of another, with that host."""

    put_off = "no project follows its people for now"

    def __init__(
        self,
        runtime: StoryRuntime,
        ledger: Ledger,
        here: OpenSockets,
        tunnels: OpenSockets,
        verdicts: Verdicts,
        give: Callable[[Home, HostRow], Awaitable[None]],
        limits: RuntimeLimits,
    ) -> None:
        super().__init__()
        self._runtime, self._ledger, self._here, self._tunnels = runtime, ledger, here, tunnels
        self._verdicts, self._give = verdicts, give
        self._majority_s = limits.majority_ms / 1000
        self._since: dict[str, tuple[str, float]] = {}

    def pause_s(self) -> float:
        return min(LOOK_S_MAX, self._majority_s / 4)

    async def look(self) -> None:
        """Hand over what is due, cut what leads nowhere. Reads the ledger only if there is something of either."""
        due = self._due(asyncio.get_running_loop().time())
        beyond = self._tunnels.hosts()
        if not due and not beyond:
            return
        rows = {row.incarnation: row for row in await self._ledger.hosts()}
        self._tunnels.close_over_hosts(beyond - rows.keys(), CloseCode.MOVED, "its owner has gone")
        for home, leader in due:
            row = rows.get(leader)
            if row is None or row.draining:
                continue
            if await self._verdicts.of(row) is Reach.THERE:  # else the people of this host could not follow
                logger.info("a project follows its people", extra={"home": home.id, "to": row.id})
                await self._give(home, row)

    def _due(self, now: float) -> list[tuple[Home, str]]:
        found: list[tuple[Home, str]] = []
        since: dict[str, tuple[str, float]] = {}
        for home in self._runtime.homes:
            host = leader(self._here.by_host(home.id))
            if not host:
                continue
            known = self._since.get(home.id)
            since[home.id] = known if known is not None and known[0] == host else (host, now)
            if now - since[home.id][1] >= self._majority_s and self._runtime.may_go(home):
                found.append((home, host))
        self._since = since
        return found


def leader(sockets: Counter[str]) -> str:
    """The host that carries more than half; "" for this one, or if there is none."""
    if not sockets:
        return ""
    host, count = sockets.most_common(1)[0]
    return host if 2 * count > sockets.total() else ""
