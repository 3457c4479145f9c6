"""What the steps of a drain do on a StoryHost: successors, hand-overs, closes (`serve_app.drain.House`).

Owns which projects are leaving. Invariant: *released* means released in the ledger, so whoever asks for a project that
is leaving waits for that, and a project leaves once however many ask.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

from actors.runtime.home import Home
from actors.runtime.host import StoryRuntime
from serve_app.collab_sockets import Sockets
from serve_app.drain import DrainLimits, Load, retry_hint
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.wire import PeerError
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import HostRow, Ledger

logger = logging.getLogger("storyforge.drain")

ASK_S = 1.0
"""How long another host has to say whether it would take over."""


class Leaving:
    def __init__(self, runtime: StoryRuntime, ledger: Ledger, peers: PeerClient, sockets: Sockets) -> None:
        self._runtime, self._ledger, self._peers, self._sockets = runtime, ledger, peers, sockets
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._successors: list[HostRow] = []
        self.begun = False

    def of(self, home: str) -> bool:
        """Whether it is on its way out."""
        return home in self._leaving

    def turns_away(self, home: str) -> bool:
        """Whether a socket for it has to come again: it is on its way out, or we open nothing any more."""
        return self.begun and (self.of(home) or self._runtime.owned(home) is None)

    async def release(self, home: Home, over_s: float = 0.0, to: HostRow | None = None) -> None:
        """Close what is open in it and give it back (`to`: for that host); returns when the ledger has it."""
        task = self._leaving.get(home.id)
        if task is None:
            task = self._leaving[home.id] = asyncio.get_running_loop().create_task(self._release(home, over_s, to))
            task.add_done_callback(lambda _done: self._leaving.pop(home.id, None))
        await asyncio.shield(task)

    async def give_to(self, home: Home, to: HostRow) -> None:
        """Hand one over that people have open; a crowd is sent to its new host in slices."""
        sockets, limits = self._sockets.here.count(home.id), DrainLimits()
        over_s = min(limits.crowd_spread_s_max, sockets / limits.sockets_per_s)
        await self.release(home, over_s if sockets > limits.crowd_sockets else 0.0, to)

    async def released(self, home: str) -> None:
        """Wait for one that is leaving."""
        task = self._leaving.get(home)
        await (self._runtime.left(home) if task is None else asyncio.shield(task))

    async def _release(self, home: Home, over_s: float, to: HostRow | None) -> None:
        jobs = self.begun and bool(home.waits_for())
        if over_s:
            await self._sockets.here.close_over(over_s, retry_hint(), home.id)
        await self._runtime.release(home, to=to, reason=retry_hint() if self.begun else "the project moves")
        if jobs:
            await self._give(home.id)

    async def _give(self, home: str) -> None:
        """A project with a job goes to somebody by name: nobody may be about to open it, and its job must go on."""
        for host in self._successors:
            try:
                await self._peers.call(host.peer, "adopt", {"home": home}, timeout_s=ASK_S)
            except (PeerError, FaultError) as error:
                logger.info("a project was not taken", extra={"home": home, "code": error.code})
            else:
                return

    # serve_app.drain.House
    async def stop_claiming(self) -> None:
        self.begun = True
        try:
            await self._runtime.drain()
        except LedgerError as error:
            logger.info("the next heartbeat says that we leave", extra={"code": error.code})

    async def has_successor(self) -> bool:
        try:
            rows = await self._ledger.hosts()
        except LedgerError as error:
            logger.info("successors are not known", extra={"code": error.code})
            return False
        others = [row for row in rows if row.id != self._runtime.lease.row.id and not row.draining]
        answers = await asyncio.gather(*(self._ask(row) for row in others))
        self._successors = [row for row, takes in zip(others, answers, strict=True) if takes]
        return bool(self._successors)

    async def _ask(self, row: HostRow) -> bool:
        try:
            answer: dict[str, Any] = await self._peers.call(row.peer, "ping", {}, timeout_s=ASK_S)
        except (PeerError, FaultError):
            return False
        return not answer.get("draining", False)

    def loads(self) -> Sequence[Load]:
        here = [Load(home.id, self._sockets.here.count(home.id)) for home in self._runtime.homes]
        here += [Load(id, self._sockets.here.count(id)) for id in self._leaving if self._runtime.owned(id) is None]
        tunnels = len(self._sockets.tunnels)
        return [*here, Load("", tunnels)] if tunnels else here

    async def hand_over(self, home: str, over_s: float) -> None:
        if not home:
            await self._sockets.tunnels.close_over(over_s, retry_hint())
            return
        owned = self._runtime.owned(home)
        if owned is not None:
            await self.release(owned, over_s)
        else:
            await self.released(home)

    def close_rest(self) -> None:
        self._sockets.draining = True
        self._sockets.open_sockets.close_all(retry_hint())

    async def retire(self) -> None:
        await self._runtime.lease.stop()
