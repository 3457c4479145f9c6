"""Where a project lives, and how a command gets there: the directory in the ledger, the peer ports, and the retries.

Invariant: only the ledger decides who owns; everything here is a guess that the owner may refuse (`MOVED`). A repeated
command is harmless because it carries its idempotency key.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any

from actors.commands import Answer, Envelope
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.wire import PeerError
from storage.ledger.protocol import HostRow, Ledger, Owned

logger = logging.getLogger("storyforge.ownership")

ROUTE_S = 12.0
"""How long a command looks for its owner before it answers OWNER_UNREACHABLE: longer than a SIGKILL takes to heal."""

RETRY_MS_MIN, RETRY_MS_MAX = 25, 400

_RETRY = frozenset(
    {"MOVED", "FENCED", "OWNED", "HOME_LOST", "HOST_DRAINING", "PEER_LOST", "PEER_REFUSED", "PEER_UNREACHABLE"}
)


class Directory:
    """Finds the host to ask for a project."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def host_for(self, home: str, *, avoid: frozenset[str] = frozenset()) -> HostRow | None:
        """The owner when it lives and is not avoided (by peer address), else whoever is to have the home, else any
        other live host that is not draining, else None."""
        owner = await self._ledger.owner(home)
        if owner is not None and owner.live and owner.host is not None and owner.host.peer not in avoid:
            return owner.host
        if owner is not None and owner.wanted_by is not None and owner.wanted_by.peer not in avoid:
            return owner.wanted_by
        hosts = [h for h in await self._ledger.hosts() if h.peer not in avoid and not h.draining]
        return random.choice(hosts) if hosts else None


class PeerCommands:
    """Sends commands from any replica to the owner; `committed` hears of each home and sequence that was answered."""

    def __init__(
        self, directory: Directory, peers: PeerClient, committed: Callable[[str, int], None] | None = None
    ) -> None:
        self._directory, self._peers, self._committed = directory, peers, committed

    async def send(self, envelope: Envelope) -> Answer:
        """The committed answer. Raises `CommandError`, or `FaultError` (OWNER_UNREACHABLE: nobody answered in time)."""
        answer = await self.ask(envelope.home, "command", {"envelope": envelope.to_dict()})
        if self._committed is not None:
            self._committed(envelope.home, answer["sequence"])
        return Answer(answer["sequence"], dict(answer["ids"]), bool(answer["replayed"]))

    async def ask(self, home: str, op: str, body: dict[str, Any]) -> dict[str, Any]:
        deadline = time.monotonic() + ROUTE_S
        avoid: frozenset[str] = frozenset()
        wait_ms, last = RETRY_MS_MIN, "no host is up"
        while True:
            host = await self._directory.host_for(home, avoid=avoid)
            if host is None:
                avoid = frozenset()
            else:
                try:
                    return await self._peers.call(host.peer, op, {**body, "home": home})
                except (PeerError, FaultError) as error:
                    if error.code not in _RETRY:
                        raise
                    last = str(error)
                    # A peer that cannot be reached is left out once, so that a survivor is asked and may claim.
                    avoid = frozenset({host.peer}) if error.code.startswith("PEER_") else frozenset()
            if time.monotonic() > deadline:
                raise FaultError("OWNER_UNREACHABLE", f"no host could take this within {ROUTE_S:g} s: {last}")
            await asyncio.sleep(random.uniform(0.5, 1.0) * wait_ms / 1000)
            wait_ms = min(RETRY_MS_MAX, wait_ms * 2)


OpenHome = Callable[..., Awaitable[Any]]


async def claim_or_moved(open_home: OpenHome, home: str, peers: PeerClient) -> Any:
    """Open `home` on this host, deposing an owner whose peer port refuses connections.

    Raises `Owned` while another host lives, and any `LedgerError` of the claim.
    """
    try:
        return await open_home(home)
    except Owned as owned:
        host = owned.owner.host
        if host is None or not await peers.refuses(host.peer):
            raise
        logger.warning("deposing a dead owner", extra={"home": home, "host": host.id, "pid": host.pid})
        return await open_home(home, depose=host.incarnation)
