"""What a StoryHost does with documents on request: list and decide proposals, start a new epoch.

Owns the peer port's operations of that name. Invariant: who asks may write the document here and now, by the owner's
own rules; what is answered is committed. Requests come from Studio over the peer port, go to `collab` rooms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from actors.commands import CommandError
from actors.runtime.compose import SERVER
from actors.runtime.home import Home
from collab.close_codes import CollabError
from collab.ports import Proposal, Refused, RequestKey
from collab.room import Room
from collab.session import Access
from storage.codec import encode

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class DocumentDesk:
    """`open_home`: the home, claimed here if nobody has it. Raises `FaultError` MOVED."""

    def __init__(self, open_home: Callable[[str], Awaitable[Home]]) -> None:
        self._open_home = open_home

    def operations(self) -> dict[str, Operation]:
        return {"proposals": self._proposals, "decide_proposal": self._decide, "renew_document": self._renew}

    async def _room(self, message: dict[str, Any]) -> tuple[Home, Room]:
        """Raises `CommandError` NOT_FOUND, FORBIDDEN."""
        home = await self._open_home(str(message["home"]))
        doc, principal = str(message["doc"]), str(message["by"])
        room = await home.room(doc)
        allowed = home.access(doc, principal)
        if allowed is None or allowed < max(Access.WRITE, room.write_access):
            raise CommandError("FORBIDDEN", "this document is not yours to change", ("document",))
        return home, room

    async def _proposals(self, message: dict[str, Any]) -> dict[str, Any]:
        _, room = await self._room(message)
        return {"proposals": [_shown(each) for each in await room.proposals()], "epoch": room.epoch}

    async def _decide(self, message: dict[str, Any]) -> dict[str, Any]:
        home, room = await self._room(message)
        id, accept = str(message["proposal"]), bool(message["accept"])
        key = _key(message, "decide_proposal", id, accept)

        async def decide() -> dict[str, Any]:
            return {"sequence": await room.decide_proposal(id, key.principal, accept=accept, key=key)}

        return await _once(home, key, decide, ("input", "proposalId"))

    async def _renew(self, message: dict[str, Any]) -> dict[str, Any]:
        home, room = await self._room(message)
        key = _key(message, "renew_document")

        async def renew() -> dict[str, Any]:
            done = await room.renew(key.principal, SERVER, key)
            return {
                "sequence": done.seq,
                "epoch": done.epoch,
                "bytes_before": done.bytes_before,
                "bytes_after": done.bytes_after,
                "left_out": done.left_out,
            }

        return await _once(home, key, renew, ("document",))


def _key(message: dict[str, Any], *asked: Any) -> RequestKey:
    digest = hashlib.sha256(encode([str(message["doc"]), *asked])).digest()
    return RequestKey(str(message["by"]), str(message["key"]), digest)


async def _once(
    home: Home, key: RequestKey, work: Callable[[], Awaitable[dict[str, Any]]], path: tuple[str, ...]
) -> dict[str, Any]:
    """Do it, or answer with the sequence at which it was done. Raises `CommandError`, `Refused`."""
    if (done := await _done(home, key)) is not None:
        return done
    try:
        return await work()
    except CollabError as error:
        raise CommandError(error.code, str(error), path, error.retryable) from error
    except Refused:
        if (done := await _done(home, key)) is not None:  # the same request twice at once
            return done
        raise


async def _done(home: Home, key: RequestKey) -> dict[str, Any] | None:
    stored = await home.ledger.response(home.id, key.principal, key.key)
    if stored is None:
        return None
    if stored.request_hash != key.request_hash:
        words = "this idempotency key was used for another request"
        raise CommandError("IDEMPOTENCY_KEY_REUSED", words, ("idempotencyKey",))
    return {"sequence": stored.seq}


def _shown(proposal: Proposal) -> dict[str, Any]:
    offer = proposal.offer
    return {
        "id": proposal.id,
        "by": offer.principal,
        "owners": sorted({owner for _, owner in offer.owners}),
        "at_ms": proposal.at_ms,
        "bytes": len(offer.update),
        "seq": proposal.seq,
    }
