"""Where a project lives, and how a command gets there: the directory in the ledger, the peer ports, and the retries.

Invariant: only the ledger decides who owns; everything here is a guess that the owner may refuse (`MOVED`), and a guess
that was refused is forgotten. Only the asker repeats a command: it is harmless because the command carries its
idempotency key, and whoever lost the project repeats nothing.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from actors.commands import Answer, Envelope
from serve_app.peers.client import PeerClient
from serve_app.peers.faults import FaultError
from serve_app.peers.wire import PeerError
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import HostRow, Ledger, Owner

ROUTE_S = 12.0
"""How long a command looks for its owner before it answers OWNER_UNREACHABLE: longer than a SIGKILL takes to heal."""

RETRY_MS_MIN, RETRY_MS_MAX = 25, 400

KNOWN_S = 5.0
"""How long an owner is known without a look at the ledger. Longer saves nothing measurable (a refusal forgets it at
once) and keeps a project that nobody has open with its old host."""

KNOWN_HOMES_MAX = 10_000
"""Owners known at a time, about 5 MB. Over it the one known longest is forgotten."""

_RETRY = frozenset(
    {"MOVED", "FENCED", "OWNED", "HOME_LOST", "HOST_DRAINING", "PEER_LOST", "PEER_REFUSED", "PEER_UNREACHABLE"}
)


class Directory:
    """Finds the host to ask for a project. Live owners are remembered until somebody is refused by them."""

    def __init__(self, ledger: Ledger, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._ledger, self._clock_s = ledger, clock_s
        self._known: OrderedDict[str, tuple[HostRow, float]] = OrderedDict()

    async def owner(self, home: str) -> HostRow | None:
        """The live owner; None if there is none. Raises `LedgerError`."""
        known = self._known.get(home)
        if known is not None and self._clock_s() < known[1]:
            return known[0]
        return self._learn(home, await self._ledger.owner(home))

    async def host_for(self, home: str, *, avoid: frozenset[str] = frozenset()) -> HostRow | None:
        """The owner when it lives and is not avoided (by peer address), else whoever is to have the home, else any
        other live host that is not draining, else None."""
        known = self._known.get(home)
        if known is not None and self._clock_s() < known[1] and known[0].peer not in avoid:
            return known[0]
        owner = await self._ledger.owner(home)
        found = self._learn(home, owner)
        if found is not None and found.peer not in avoid:
            return found
        if owner is not None and owner.wanted_by is not None and owner.wanted_by.peer not in avoid:
            return owner.wanted_by
        hosts = [h for h in await self._ledger.hosts() if h.peer not in avoid and not h.draining]
        return random.choice(hosts) if hosts else None

    def _learn(self, home: str, owner: Owner | None) -> HostRow | None:
        self._known.pop(home, None)
        if owner is None or not owner.live or owner.host is None:
            return None
        self._known[home] = (owner.host, self._clock_s() + KNOWN_S)
        if len(self._known) > KNOWN_HOMES_MAX:
            self._known.popitem(last=False)
        return owner.host

    def forget(self, home: str) -> None:
        """Somebody was refused there, or not answered."""
        self._known.pop(home, None)

    async def lives(self, host: HostRow) -> bool:
        """Whether its row says so; True when the ledger cannot say."""
        try:
            return any(row.incarnation == host.incarnation for row in await self._ledger.hosts())
        except LedgerError:
            return True


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
                    return await self._call(host, op, {**body, "home": home})
                except (PeerError, FaultError) as error:
                    self._directory.forget(home)
                    if error.code not in _RETRY:
                        raise
                    last = str(error)
                    # A peer that cannot be reached is left out once, so that a survivor is asked and may claim.
                    avoid = frozenset({host.peer}) if error.code.startswith("PEER_") else frozenset()
            if time.monotonic() > deadline:
                raise FaultError("OWNER_UNREACHABLE", f"no host could take this within {ROUTE_S:g} s: {last}")
            await asyncio.sleep(random.uniform(0.5, 1.0) * wait_ms / 1000)
            wait_ms = min(RETRY_MS_MAX, wait_ms * 2)

    async def _call(self, host: HostRow, op: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._peers.call(host.peer, op, body, lives=lambda: self._directory.lives(host))
