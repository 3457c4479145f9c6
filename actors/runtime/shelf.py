"""Parked proposals of one document in the ledger: offers and decisions, as rows of a stream beside the document.

Owns those rows. Invariants: an offer is a row before its sender hears of it; the decision to accept and the edit it
makes are one append. Rows go through the home's pipeline like everything else; `collab.proposals` asks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from functools import partial

from actors.commands import CommandError
from actors.runtime.pipeline import Parts, Pipeline
from actors.runtime.rooms import READ_ROWS, answered, land, refused, scene_of, updates_row
from collab.ports import Entry, Offer, Proposal, RequestKey
from storage.codec import decode, encode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Claim, Event, Kind, Ledger, NewEvent

OFFERED, ACCEPTED, DISMISSED = "proposal.offered", "proposal.accepted", "proposal.dismissed"


def stream_of(doc: str) -> str:
    return f"@proposals:{doc}"


class HomeShelf:
    """`collab.ports.ProposalLog` of one document of a home that is ours."""

    def __init__(self, ledger: Ledger, claim: Claim, pipeline: Pipeline, doc: str) -> None:
        self._ledger, self._claim, self._pipeline, self._doc = ledger, claim, pipeline, doc

    async def proposals(self) -> Sequence[Proposal]:
        found: dict[int, Proposal] = {}
        after = 0
        while True:
            try:
                rows = await self._ledger.read(
                    self._claim.home, doc=stream_of(self._doc), after=after, kinds=(Kind.EVENT,), limit=READ_ROWS
                )
            except LedgerError as error:
                raise refused(error) from error
            for row in rows:
                after = row.seq
                _fold(found, row)
            if len(rows) < READ_ROWS:
                return list(found.values())

    async def park(self, offer: Offer) -> Proposal:
        body = encode({"owners": [list(each) for each in offer.owners], "update": offer.update})
        try:
            committed = await asyncio.shield(self._pipeline.submit(Parts((self._row(OFFERED, body, offer.principal),))))
        except (LedgerError, CommandError) as error:
            raise refused(error) from error
        return _proposal(offer, committed.first_seq, committed.at_ms)

    def decide(
        self, proposal: Proposal, by: str, *, accepted: bool, entry: Entry | None, key: RequestKey | None
    ) -> Awaitable[int]:
        landed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        rows = [self._row(ACCEPTED if accepted else DISMISSED, encode({"offer": proposal.seq}), by)]
        if entry is not None:
            rows.append(replace(updates_row(self._doc, (entry,)), source=by))
        try:
            waiting = self._pipeline.submit(Parts(tuple(rows), response=answered(key)))
        except (LedgerError, CommandError) as error:
            landed.set_exception(refused(error))
        else:
            waiting.add_done_callback(partial(land, landed))
        return landed

    def _row(self, type: str, body: bytes, source: str) -> NewEvent:
        return NewEvent(stream_of(self._doc), Kind.EVENT, type, body, scene=scene_of(self._doc), source=source)


def _proposal(offer: Offer, seq: int, at_ms: int) -> Proposal:
    return Proposal(f"prp_{seq}", offer, seq, at_ms)


def _fold(found: dict[int, Proposal], row: Event) -> None:
    body = decode(row.body)
    if row.type == OFFERED:
        owners = tuple((client, owner) for client, owner in body["owners"])
        found[row.seq] = _proposal(Offer(row.source, owners, body["update"]), row.seq, row.at_ms)
    elif (decided := found.get(body["offer"])) is not None:
        found[decided.seq] = replace(decided, open=False)
