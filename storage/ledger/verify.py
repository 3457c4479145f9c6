"""Whether a home's log is whole: gapless sequences, epochs that only grow and begin with their ownership event.

Owns the check that operators and fault tests run over a ledger. Reads through the protocol, so it serves every
implementation; a home of a million rows is read in pages.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from storage.ledger.archive import ArchiveDamaged, ArchiveUnreadable
from storage.ledger.protocol import Event, Kind, Ledger
from storage.ledger.purging import DELETED

PAGE_ROWS = 1000


async def rows(ledger: Ledger, home: str, *, doc: str | None = None, after: int = 0) -> AsyncIterator[Event]:
    """Every row of a home in sequence order, read in pages."""
    while page := await ledger.read(home, doc=doc, after=after, limit=PAGE_ROWS):
        for event in page:
            yield event
        after = page[-1].seq


async def faults(ledger: Ledger, home: str) -> list[str]:
    """One sentence per fault found; empty for a sound home. Run it on a home nobody writes, or reread the head."""
    head = await ledger.head(home)
    found: list[str] = []
    seq = epoch = 0
    if await ledger.view(DELETED, home) is not None and (left := await ledger.read(home, limit=1)):
        seq, epoch = left[0].seq - 1, left[0].epoch - (left[0].kind is Kind.OWNERSHIP)  # erased up to here
    try:
        async for event in rows(ledger, home):
            if event.seq != seq + 1:
                found.append(f"{home}: sequence {event.seq} follows {seq}")
            if event.epoch < epoch:
                found.append(f"{home}: epoch {event.epoch} follows {epoch} at sequence {event.seq}")
            if (event.epoch > epoch) != (event.kind is Kind.OWNERSHIP):
                found.append(f"{home}: epoch {event.epoch} and its ownership event disagree at sequence {event.seq}")
            seq, epoch = event.seq, event.epoch
    except (ArchiveDamaged, ArchiveUnreadable) as fault:
        return [*found, str(fault)]
    if seq < head:
        found.append(f"{home}: the head says {head}, the last row is {seq}")
    owner = await ledger.owner(home)
    if owner is not None and owner.epoch != epoch:
        found.append(f"{home}: the head says epoch {owner.epoch}, the last row {epoch}")
    return found
