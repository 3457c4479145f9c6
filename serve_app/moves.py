"""Moving a project to a host by name, as an operator asks: Studio's side of `storyforge move`.

Invariant: Studio writes nothing; the host that is to have the project claims it, or asks its owner for it through the
ledger. So it works as well when the two hosts cannot reach each other. Asking again renews what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actors.commands import CommandError
from serve_app.peers.client import PeerClient
from storage.ledger.protocol import HostRow, Ledger

ASK_S = 10.0
"""How long the chosen host may take to open the project."""


class Moves:
    def __init__(self, ledger: Ledger, peers: PeerClient) -> None:
        self._ledger, self._peers = ledger, peers

    async def ask(self, project: str, name: str) -> Mapping[str, Any]:
        """Ask once: {moved, host, pid, peer}; `moved`: it is there now. `name`: a host's id, process id or address.

        Raises `CommandError` NOT_FOUND, BAD_HOST, and what the host answers.
        """
        if await self._ledger.view("project", project) is None:
            raise CommandError("NOT_FOUND", "no such project", ("project",))
        target = _named(name, await self._ledger.hosts())
        answer = await self._peers.call(target.peer, "move_here", {"home": project}, timeout_s=ASK_S)
        return {"moved": bool(answer["here"]), "host": target.id, "pid": target.pid, "peer": target.peer}


def _named(name: str, hosts: list[HostRow]) -> HostRow:
    found = [each for each in hosts if name in (each.id, str(each.pid), each.peer) and not each.draining]
    if len(found) == 1:
        return found[0]
    shown = ", ".join(f"{h.id} (pid {h.pid}, {h.peer}{', draining' if h.draining else ''})" for h in hosts)
    raise CommandError("BAD_HOST", f"{name!r} names no one host that takes projects; there are: {shown}", ("host",))
