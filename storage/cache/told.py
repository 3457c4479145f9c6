"""What people said of an entry: each word a row of its own beside the entries.

Owns the namespace of words. The invariants: a word has the id of its pair (entry, question), so of several processes
that tell at once none loses another's word; the last one on a pair counts; at most `SEEN_MAX` of an entry are kept.
Where a store shows its writes late, this process remembers what it told itself.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

from storage.cache.threshold import SEEN_MAX, Experience, Seen
from storage.vectors.protocol import EXPIRES_AT, Floats, Scalar, Vector, VectorStore

TOLD_KEPT = 1_000
"""Entries whose words this process remembers until every store shows them; the oldest go first."""
READ_MAX = 100
"""Words of an entry that are read: its `SEEN_MAX`, and those told while others were let go."""


def words_of(space: str) -> str:
    """The namespace of what was said of the entries of a space."""
    return f"{space}.said"


class Told:
    def __init__(self, vectors: VectorStore) -> None:
        self._vectors = vectors
        self._here: OrderedDict[tuple[str, str], Experience] = OrderedDict()

    async def tell(self, space: str, entry: str, seen: Seen, at_s: float) -> bool:
        """False: there is no such entry. Raises `VectorFault`."""
        vector = (await self._vectors.fetch(space, [entry])).get(entry)
        if vector is None:
            return False
        metadata: dict[str, Scalar] = {
            "about": entry,
            "ask": seen.ask,
            "right": seen.right,
            "similarity": seen.similarity,
            "at_s": at_s,
        }
        if EXPIRES_AT in vector.metadata:
            metadata[EXPIRES_AT] = vector.metadata[EXPIRES_AT]
        word = replace(vector, id=_id(entry, seen.ask), metadata=metadata)
        await self._vectors.upsert(words_of(space), [word])
        if self._vectors.lag_s > 0:
            self._remember(space, entry, seen)
        await self._bound(space, vector)
        return True

    async def of(self, space: str, entry: str, near: Floats, alive_at_s: float) -> Experience:
        """What was said of an entry, oldest first; of more than fits, about the questions nearest to `near`."""
        rows = await self._vectors.query(
            words_of(space),
            near,
            top_k=READ_MAX,
            where={"about": entry},
            alive_at_s=alive_at_s,
        )
        known = Experience()
        for row in sorted(rows, key=lambda row: (float(row.metadata["at_s"]), row.id)):
            known = known.told(_seen(row.metadata))
        for seen in self._here.get((space, entry), Experience()).seen:
            known = known.told(seen)
        return known

    async def refused(self, space: str, entries: Sequence[str], ask: str) -> set[str]:
        """Those that were refused as an answer to this very question."""
        rows = await self._vectors.fetch(words_of(space), [_id(entry, ask) for entry in entries])
        found = {str(row.metadata["about"]) for row in rows.values() if not row.metadata["right"]}
        for entry in entries:
            for seen in self._here.get((space, entry), Experience()).seen:
                if seen.ask == ask:
                    (found.discard if seen.right else found.add)(entry)
        return found

    async def forget(self, space: str, entry: str) -> None:
        self._here.pop((space, entry), None)
        await self._vectors.delete_where(words_of(space), {"about": entry})

    async def _bound(self, space: str, vector: Vector) -> None:
        rows = await self._vectors.query(words_of(space), vector.values, top_k=READ_MAX, where={"about": vector.id})
        over = len(rows) - SEEN_MAX
        if over > 0:  # acceptances go before refusals, the older before the newer
            rows.sort(key=lambda row: (not row.metadata["right"], float(row.metadata["at_s"])))
            await self._vectors.delete(words_of(space), [row.id for row in rows[:over]])

    def _remember(self, space: str, entry: str, seen: Seen) -> None:
        key = (space, entry)
        self._here[key] = self._here.pop(key, Experience()).told(seen)
        while len(self._here) > TOLD_KEPT:
            self._here.popitem(last=False)


def _id(entry: str, ask: str) -> str:
    return f"{entry}.{ask[:64]}"


def _seen(metadata: object) -> Seen:
    told = dict(metadata)  # type: ignore[call-overload]
    return Seen(float(told["similarity"]), bool(told["right"]), str(told["ask"]))
