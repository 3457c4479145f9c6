"""`GET /metrics` and the hosts' part of `/readyz`: Studio asks every live host at its peer port.

Owns the asking. The invariant: a host that does not answer costs `ASK_S` and its own numbers, nobody else's, and is
itself a number (`host_answers`). Chosen before Ray's metrics endpoint because that is served by Ray's dashboard agent,
which a laptop does not start and which asks for no token: here one address serves laptop and cluster, behind ours.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from actors.outbox.protocol import DEAD, WAITING
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.wire import PeerError
from serve_app.telemetry.families import Family, gauge, render
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import HostRow, Ledger

ASK_S = 1.0
"""How long a host may take. Prometheus gives a scrape 10 s by default."""

Part = Callable[[], Awaitable[bool]]
Own = Callable[[], Iterable[Family]]
Told = Callable[[], Awaitable[Mapping[str, Any]]]


class Gathering:
    """`parts`: what Studio can say of the installation's parts, by name. `own`: numbers of this replica itself, which
    stand under a name of its own, since the next scrape may meet another one. `told`: `families` of a worker.
    """

    def __init__(
        self,
        ledger: Ledger,
        peers: PeerClient,
        parts: Mapping[str, Part],
        own: Own = tuple,
        told: Told | None = None,
    ) -> None:
        self._ledger, self._peers, self._parts, self._own, self._told = ledger, peers, parts, own, told
        self._name = f"studio-{secrets.token_hex(4)}"

    async def metrics(self) -> str:
        """Prometheus text. Never raises: what cannot be asked is shown as not up."""
        up = gauge("up", "1: this part of the installation works.")
        for name, works in zip(self._parts, await asyncio.gather(*map(_works, self._parts.values())), strict=True):
            up.add(works, part=name)
        own = [Family.from_plain(family.plain(), host=self._name) for family in self._own()]
        asked = [*await self._of_ledger(), *await self._of_hosts(), *await self._of_generation()]
        return render([up, *asked, *own])

    async def _of_generation(self) -> list[Family]:
        told = {} if self._told is None else await self._told()
        return [Family.from_plain(plain, worker=told["worker"]) for plain in told.get("families", ())]

    async def _of_hosts(self) -> list[Family]:
        answers = gauge("host_answers", "1: this live host answered at its peer port.")
        found = [answers]
        for host, said in await self.ask_hosts("metrics"):
            answers.add(said is not None, host=host.id)
            found += [Family.from_plain(plain, host=host.id) for plain in (said or {}).get("families", ())]
        return found

    async def _of_ledger(self) -> list[Family]:
        """What is true of the whole installation, asked once."""
        count: Callable[[], Awaitable[dict[str, int]]] | None = getattr(self._ledger, "live_attempts", None)
        try:
            waiting, dead = await self._ledger.count_views(WAITING), await self._ledger.count_views(DEAD)
            counts = {} if count is None else await count()  # a ledger in memory counts none
        except LedgerError:
            return []
        attempts = gauge("attempts", "Attempts that have not ended, of the whole installation.")
        for state in ("open", "claimed"):
            attempts.add(counts.get(state, 0), state=state)
        return [
            attempts,
            gauge("outbox_waiting", "Effects outside that wait to be delivered.", waiting),
            gauge("outbox_dead", "Dead letters: given up until somebody puts them back.", dead),
        ]

    async def ready_hosts(self) -> dict[str, dict[str, bool]]:
        """Host id → what it says it can do; nothing for one that does not answer."""
        return {host.id: dict(said or {"answers": False}) for host, said in await self.ask_hosts("ready")}

    async def ask_hosts(self, operation: str) -> list[tuple[HostRow, dict[str, Any] | None]]:
        try:
            hosts = await self._ledger.hosts()
        except LedgerError:
            return []
        return list(zip(hosts, await asyncio.gather(*(self._ask(host, operation) for host in hosts)), strict=True))

    async def _ask(self, host: HostRow, operation: str) -> dict[str, Any] | None:
        try:
            return await self._peers.call(host.peer, operation, {}, timeout_s=ASK_S)
        except (PeerError, FaultError):
            return None


async def _works(part: Part) -> bool:
    try:
        async with asyncio.timeout(2 * ASK_S):
            return await part()
    except Exception:  # noqa: BLE001 - whatever a part does, the others are told
        return False
