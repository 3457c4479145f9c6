"""What a checkpoint is made of: every actor's state and every document's newest snapshot, gathered for one turn.

Owns the look over a home, and when so much was written that a checkpoint is due by itself. The invariant: only
committed state is gathered; each stream says up to which sequence, and all of them hold every row up to `seq`. Actors
that are live are dumped together, without an await between them; others are read from snapshot and log, as a load does.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from actors.runtime.actor import Actor, Gathered

if TYPE_CHECKING:
    from actors.runtime.home import Home

ASLEEP_AT_ONCE = 8
"""Actors read from the ledger at the same time. More: a checkpoint crowds out other readers."""


class Checkpoints:
    """Of one home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._doc = ""  # where people wrote last

    def wrote(self, doc: str) -> None:
        if doc != "outline":
            self._doc = doc

    async def gather(self) -> Gathered:
        """Raises `LedgerError`."""
        home = self._home
        seq = home.pipeline.known  # a turn that had committed by now has folded before the reads below are back
        read: dict[str, Actor] = {}
        await home.ledger.head(home.id)
        while lacking := [id for id in home.actor_ids() if home.find(id) is None and id not in read]:
            some = lacking[:ASLEEP_AT_ONCE]
            read.update(zip(some, await asyncio.gather(*map(home.read_actor, some)), strict=True))
        actors = [home.find(id) or read[id] for id in home.actor_ids()]
        states = {
            actor.stream: {
                "id": actor.id,
                "seq": actor.seq,
                "version": actor.snapshot_version,
                "state": actor.dump(),
            }
            for actor in actors
        }
        known = tuple(work for actor in actors if (work := actor.known()) is not None)
        kept = home.snapshots.kept.items()
        documents = {doc: (each.seq, each.sha256) for doc, each in kept if not doc.startswith("@")}
        return Gathered(seq, states, known, documents, self._doc.partition(":")[2])

    def due(self) -> bool:
        """Whether so many rows or bytes were written since the last one that it is time."""
        limits, pipeline = self._home.limits, self._home.pipeline
        last = self._home.last_checkpoint()
        if pipeline.counted_from < last:
            pipeline.count_from(last)
        rows = pipeline.known - last
        return rows >= limits.checkpoint_every_rows or pipeline.counted_bytes >= limits.checkpoint_every_bytes
