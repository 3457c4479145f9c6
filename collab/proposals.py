"""Proposals: structs that came under somebody else's client id, parked until an editor decides.

Owns the shelf of one document: what was offered, by whom, when, and what became of it. Invariants: what is parked is in
the ledger, in no document and shown to nobody; nobody's offer is parked twice, however often their client repeats it
(a stock client does with every reconnect); what is open is bounded, in number and bytes; its sender is told, whatever
becomes of it. Offers come from `collab.admission`, decisions from an editor through `Room`; rows live in a stream of
their own beside the document.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from collab.close_codes import CloseCode, CollabError
from collab.coverage import RangeSet
from collab.limits import Limits
from collab.ports import Entry, Offer, Proposal, ProposalLog, Refused, RequestKey
from collab.session import Session
from collab.updates import read_header

log = logging.getLogger(__name__)

FOREIGN_ID = "FOREIGN_ID: changes under the client id of somebody else; connect again to propose them"
PARKED = "PARKED: changes under the client id of somebody else wait for an editor"
PROPOSALS_FULL = "PROPOSALS_FULL: changes under the client id of somebody else, and too many wait already"
"""What a sender is told: a code, then words."""


class Proposals:
    """Of one open room; read from the log at first need. `on_fenced`: the log says this host has lost the document."""

    def __init__(self, shelf: ProposalLog, limits: Limits, on_fenced: Callable[[], None]) -> None:
        self._shelf, self._limits, self._on_fenced = shelf, limits, on_fenced
        self._open: dict[str, Proposal] | None = None
        self._offered: dict[str, RangeSet] = {}
        self._parking: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        return bool(self._parking)

    async def drain(self) -> None:
        """Wait until nothing is on its way to the shelf."""
        while self._parking:
            await asyncio.wait(set(self._parking))

    async def open(self) -> list[Proposal]:
        """Those nobody has decided on, oldest first. Raises `Refused`."""
        return list((await self._load()).values())

    async def get(self, id: str) -> Proposal:
        """Raises `CollabError` NOT_FOUND, `Refused`."""
        found = (await self._load()).get(id)
        if found is None:
            raise CollabError(CloseCode.NOT_FOUND, "no such proposal is open")
        return found

    def take(self, session: Session, offer: Offer) -> None:
        """Park an offer and tell its sender. A log that refuses closes the sender, who comes again with it."""
        task = asyncio.get_running_loop().create_task(self._park(session, offer))
        self._parking.add(task)
        task.add_done_callback(self._parking.discard)

    async def _park(self, session: Session, offer: Offer) -> None:
        try:
            told = await self.offer(offer)
        except Refused as refused:
            log.warning("an offer could not be parked", extra={"code": refused.code})
            if refused.fenced:
                self._on_fenced()
            else:
                session.close(CloseCode.LEDGER_UNAVAILABLE if refused.retryable else CloseCode.REFUSED, refused.code)
        else:
            session.refuse(told)

    async def offer(self, offer: Offer) -> str:
        """Park it, unless its sender has offered all of it before; returns what to tell them. Raises `Refused`."""
        opened = await self._load()
        mine = self._offered.setdefault(offer.principal, RangeSet())
        runs = read_header(offer.update, self._limits).structs
        if runs and mine.covers_all(runs):
            return PARKED
        size = sum(len(each.offer.update) for each in opened.values()) + len(offer.update)
        if len(opened) >= self._limits.proposals_open_max or size > self._limits.proposals_bytes_max:
            return PROPOSALS_FULL
        mine.add_all(runs)  # before the wait: the same offer on a second socket is not parked beside it
        try:
            parked = await self._shelf.park(offer)
        except BaseException:
            self._open = None  # read again what is there
            raise
        opened[parked.id] = parked
        return PARKED

    def decide(
        self, proposal: Proposal, by: str, *, accepted: bool, entry: Entry | None, key: RequestKey | None
    ) -> Awaitable[int]:
        """Commit a decision and, in the same append, `entry`: what the document lacks of it. Raises `Refused`."""
        return self._shelf.decide(proposal, by, accepted=accepted, entry=entry, key=key)

    def decided(self, proposal: Proposal) -> None:
        """Its decision is committed."""
        if self._open is not None:
            self._open.pop(proposal.id, None)

    async def _load(self) -> dict[str, Proposal]:
        if self._open is None:
            rows = await self._shelf.proposals()
            if self._open is None:
                self._offered = {}
                for each in rows:
                    runs = read_header(each.offer.update, self._limits).structs
                    self._offered.setdefault(each.offer.principal, RangeSet()).add_all(runs)
                self._open = {each.id: each for each in rows if each.open}
        return self._open
