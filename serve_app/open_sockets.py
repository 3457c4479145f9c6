"""The sockets that are open on this host, by project: to count them, and to close them in good order.

Invariant: a socket is in here exactly while it is held; nothing is looked up per message. A socket grows old: after
`age_s_max` at most it is told to come again, so that an old worker of the ingress (it lives as long as its oldest
socket) ends before its hard stop would cut people off.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator

from collab.close_codes import CloseCode, reason_for
from collab.transport import Transport

AGE_SPREAD = 0.25
"""A socket lives between (1 - this) and 1 times the greatest age: those of one deploy must not all end together."""


class OpenSockets:
    def __init__(self, age_s_max: float | None = None) -> None:
        self._age_s_max = age_s_max
        self._held: dict[str, dict[Transport, str]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._held.values()))

    def count(self, project: str) -> int:
        return len(self._held.get(project, ()))

    def by_host(self, project: str) -> Counter[str]:
        """How many of a project's sockets go over which other host (incarnation; "": they are this host's own)."""
        return Counter(self._held.get(project, {}).values())

    def hosts(self) -> set[str]:
        """Every other host that a socket here goes over."""
        return {host for held in self._held.values() for host in held.values() if host}

    @contextlib.contextmanager
    def hold(self, transport: Transport, project: str, host: str = "") -> Iterator[None]:
        self._held.setdefault(project, {})[transport] = host
        timer = None
        if self._age_s_max is not None:
            age_s = self._age_s_max * random.uniform(1 - AGE_SPREAD, 1)
            timer = asyncio.get_running_loop().call_later(age_s, close, transport, "the socket is old")
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
            held = self._held[project]
            held.pop(transport, None)
            if not held:
                del self._held[project]

    def close_all(self, detail: str) -> None:
        for held in list(self._held.values()):
            for transport in list(held):
                close(transport, detail)

    def close_over_hosts(self, hosts: set[str], code: CloseCode, detail: str) -> None:
        """Close those that go over any of these hosts, now."""
        for held in list(self._held.values()):
            for transport in [transport for transport, host in held.items() if host in hosts]:
                transport.close(code, reason_for(code, detail))

    async def close_over(self, over_s: float, detail: str, project: str | None = None) -> None:
        """Close those of one project, or all, one after the other over `over_s`."""
        sets = self._held.values() if project is None else [self._held.get(project, {})]
        sockets = [transport for held in sets for transport in held]
        random.shuffle(sockets)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number, transport in enumerate(sockets):
            if (early := began + over_s * number / len(sockets) - loop.time()) > 0:
                await asyncio.sleep(early)
            close(transport, detail)


def close(transport: Transport, detail: str) -> None:
    transport.close(CloseCode.GOING_AWAY, reason_for(CloseCode.GOING_AWAY, detail))
