"""What a StoryHost does with its outboxes on request: put an entry back, and tell what waits.

Owns the peer port's operations of that name. Invariant: as with every command, what is answered is committed, and a
retry under the same key gets the answer of the first try.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from actors.commands import CommandError
from actors.runtime.home import Home
from storage.codec import encode
from storage.ledger.errors import Conflict
from storage.ledger.protocol import StoredResponse

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class OutboxDesk:
    """`open_home`: the home, claimed here if nobody has it. Raises `FaultError` MOVED."""

    def __init__(self, open_home: Callable[[str], Awaitable[Home]]) -> None:
        self._open_home = open_home

    def operations(self) -> dict[str, Operation]:
        return {"outbox_put_back": self._put_back, "outbox_report": self._report}

    async def _put_back(self, message: dict[str, Any]) -> dict[str, Any]:
        """Raises `CommandError` NOT_FOUND, ALREADY_WAITING, IDEMPOTENCY_KEY_REUSED."""
        home = await self._open_home(str(message["home"]))
        id, by, key = str(message["entry"]), str(message["by"]), str(message["key"])
        digest = hashlib.sha256(encode(["outbox_put_back", id])).digest()
        for _ in range(2):
            stored = await home.ledger.response(home.id, by, key)
            if stored is not None:
                if stored.request_hash != digest:
                    words = "this idempotency key was used for another request"
                    raise CommandError("IDEMPOTENCY_KEY_REUSED", words, ("input", "idempotencyKey"))
                return {"sequence": stored.seq}
            try:
                committed = await home.put_back(id, StoredResponse(by, key, digest, encode({"ids": {}})))
            except Conflict:
                continue  # the same request, twice at once: its answer is stored by now
            return {"sequence": committed.last_seq}
        raise CommandError("BUSY", "the same request is under way", (), True)

    async def _report(self, message: dict[str, Any]) -> dict[str, Any]:
        home = await self._open_home(str(message["home"]))
        return home.outbox.report()
