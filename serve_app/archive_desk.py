"""What a StoryHost does with the past of a project on request: let old rows go to the archive.

Owns the peer port's operation of that name. The invariant: whoever asks was found to own the project by Studio; what is
answered has left the ledger and is readable from the object store. Requests come from Studio over the peer port.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from actors.runtime.home import Home

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ArchiveDesk:
    """`open_home`: the home, claimed here if nobody has it. Raises `FaultError` MOVED."""

    def __init__(self, open_home: Callable[[str], Awaitable[Home]]) -> None:
        self._open_home = open_home

    def operations(self) -> dict[str, Operation]:
        return {"archive": self._archive}

    async def _archive(self, message: dict[str, Any]) -> dict[str, Any]:
        """Raises `LedgerError`; then every row is where it was."""
        home = await self._open_home(str(message["home"]))
        done = await home.archiver.run(before_ms=int(message["before_ms"]))
        return {"upto": done.upto, "rows": done.rows, "chunks": done.chunks}
