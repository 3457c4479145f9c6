"""The semantic cache (level two): films by what was asked for, in other words.

Owns the way of a question and of an entry; the index is a vector store's, the records an object store's. Invariants: a
cache can only save work: no method raises for anything a store does, a fault is a miss or a skipped write, logged and
counted. An entry is found only after its record is stored, so a death between the two leaves a record nobody finds, and
whoever remembers the film again makes the same entry. What people said of an entry lies in rows of its own (`told`). A
store that shows its writes late is bridged by the exact cache.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from storage.cache.answer import Answer, Candidate, candidate, unwanted
from storage.cache.asked import Question
from storage.cache.entries import Records, entry_id
from storage.cache.exact import ExactCache
from storage.cache.threshold import DELTA, Experience, Seen
from storage.cache.told import Told, words_of
from storage.codec import CodecError
from storage.objects.protocol import ObjectStore, ObjectStoreError
from storage.vectors.protocol import EXPIRES_AT, Scalar, Vector, VectorFault, VectorStore

log = logging.getLogger(__name__)

TTL_S = 90 * 24 * 3600.0
"""How long a film serves. Lower: more is rendered again; higher: old looks outlive a changed taste."""

LOOKUP_S_MAX = 2.0
"""Then it is a miss. Higher: a store that hangs holds up every job."""
WRITE_S_MAX = 10.0

HITS_TRIED = 8
"""Entries with equal slots that are looked at. More than one only where people refused the nearest."""
NEIGHBOURS_TRIED = 4
BRIDGE_LAGS = 20
"""How many times a store's lag the exact cache bridges it. Longer: what was let go of meanwhile is found for longer."""
NEIGHBOUR_MIN = 0.55
"""Cosine under which a neighbour is nobody's idea of the same scene: not named, and nothing is borrowed from it."""

Faults = (VectorFault, ObjectStoreError, CodecError, TimeoutError, OSError)


@dataclass(slots=True)
class SemanticCounts:
    hits: int = 0
    warm: int = 0
    misses: int = 0
    remembered: int = 0
    forgotten: int = 0
    accepted: int = 0
    refused: int = 0
    faults: int = 0


class SemanticCache:
    """Questions come with their vectors: embedding is the caller's (`storage.cache.asked`)."""

    def __init__(
        self,
        vectors: VectorStore,
        objects: ObjectStore,
        exact: ExactCache,
        *,
        delta: float = DELTA,
        ttl_s: float = TTL_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.counts = SemanticCounts()
        self._vectors, self._records, self._exact = vectors, Records(objects), exact
        self._delta, self._ttl_s, self._clock = delta, ttl_s, clock
        self._told = Told(vectors)

    # asking
    async def lookup(self, question: Question, *, delta: float | None = None) -> Answer:
        """`delta`: of this project, where it says one."""
        try:
            async with asyncio.timeout(LOOKUP_S_MAX):
                answer = await self._lookup(question, self._delta if delta is None else delta)
        except Faults as error:
            self._fault("lookup", error)
            answer = Answer("miss", ("the cache did not answer",))
        match answer.verdict:
            case "hit":
                self.counts.hits += 1
            case "warm":
                self.counts.warm += 1
            case _:
                self.counts.misses += 1
        return answer

    async def _lookup(self, question: Question, delta: float) -> Answer:
        found: list[Candidate] = []
        matches = [*await self._fresh(question), *await self._same(question)]
        for each in await self._candidates(question, matches, delta):
            if each.judgement.verdict != "hit":
                found.append(each)
            elif await self._records.shown(each.entry):
                return each.answer()
            else:
                await self.forget(question.space, each.entry.id)
        if not found:
            found = await self._candidates(question, await self._near(question), delta)
        lender = next((each for each in found if each.judgement.verdict == "warm"), None)
        if lender is not None and question.warm:
            return lender.answer()
        return found[0].missed() if found else Answer("miss", ("nothing like it is kept",))

    async def _same(self, question: Question) -> list[str]:
        """Entries that ask for the same, slot by slot, the likest first."""
        where: dict[str, Scalar] = {"gate": question.film.gate, "key": question.film.key, "by": question.embedder}
        if question.seed:
            where["seed"] = question.seed
        return await self._query(question, HITS_TRIED, where, -1.0)

    async def _near(self, question: Question) -> list[str]:
        return await self._query(question, NEIGHBOURS_TRIED, {"by": question.embedder}, NEIGHBOUR_MIN)

    async def _query(self, question: Question, top_k: int, where: Mapping[str, Scalar], at_least: float) -> list[str]:
        found = await self._vectors.query(
            question.space, question.vector, top_k=top_k, where=where, alive_at_s=self._clock(), at_least=at_least
        )
        return [match.id for match in found if str(match.metadata.get("job", "")) not in question.not_jobs]

    async def _fresh(self, question: Question) -> list[str]:
        """The entry of these very words that a late store may not show yet."""
        if self._vectors.lag_s == 0:
            return []
        found = await self._exact.get(_bridge(question.space, question.film.digest, question.seed))
        return [] if found is None else [found.decode()]

    async def _candidates(self, question: Question, ids: list[str], delta: float) -> list[Candidate]:
        """Of these entries, those that may be judged for this question at all, in the same order."""
        ids = list(dict.fromkeys(ids))
        refused = await self._told.refused(question.space, ids, question.film.digest)
        found: list[Candidate] = []
        for id in ids:
            if id in refused:
                continue
            entry = await self._records.get(question.space, id)
            if entry is None:
                await self.forget(question.space, id)
            elif not unwanted(question, entry):
                known = Experience()
                if entry.film.key == question.film.key:
                    known = await self._told.of(question.space, id, question.vector, self._clock())
                found.append(candidate(question, entry, known, delta))
        return found

    # remembering
    async def remember(self, question: Question, told: Mapping[str, Any]) -> str | None:
        """Keep the film of `told` (`actors/scene/cached.py`) as an answer to `question`; its entry, or None where that
        failed. Again with the same film: the same entry, with what it was told meanwhile."""
        id = entry_id(str(told["of"]["job"]), question.film)
        try:
            async with asyncio.timeout(WRITE_S_MAX):
                asked = {**told["ask"], "filters": dict(question.film.filters)}
                await self._records.put(question.space, id, {**told, "ask": asked}, question.rows)
                metadata: dict[str, Scalar] = {
                    "gate": question.film.gate,
                    "key": question.film.key,
                    "by": question.embedder,
                    "seed": str(told["seed"]),
                    **{name: str(told["of"][name]) for name in ("job", "scene", "project")},
                    **{f"with.{person}"[:120]: True for person in question.people},
                    EXPIRES_AT: self._clock() + self._ttl_s,
                }
                await self._vectors.upsert(question.space, [Vector(id, question.vector, metadata)])
        except Faults as error:
            self._fault("remember", error)
            return None
        for seed in ("", str(told["seed"])) if self._vectors.lag_s > 0 else ():
            key = _bridge(question.space, question.film.digest, seed)
            await self._exact.put(key, id.encode(), ttl_s=BRIDGE_LAGS * self._vectors.lag_s)
        self.counts.remembered += 1
        return id

    # what people say
    async def tell(self, space: str, entry: str, *, ask: str, similarity: float, right: bool) -> bool:
        """One person's word on the film of `entry` as the answer to the question with digest `ask`: it was right (kept,
        or said of one that was passed over), or it was not (*not this*, asked again). What is refused is never given
        to that question again, and the threshold learns. Told twice it counts once; the last word counts. False: the
        entry is gone, or nobody could be told: tell it again."""
        seen = Seen(round(max(0.0, min(1.0, similarity)), 4), right, ask)
        try:
            async with asyncio.timeout(WRITE_S_MAX):
                kept = await self._told.tell(space, entry, seen, self._clock())
        except Faults as error:
            self._fault("tell", error)
            return False
        if kept and right:
            self.counts.accepted += 1
        elif kept:
            self.counts.refused += 1
        return kept

    async def is_gone(self, space: str, entry: str) -> bool:
        """Whether there is surely no such entry, so that nobody need be told of it."""
        try:
            async with asyncio.timeout(LOOKUP_S_MAX):
                return not await self._vectors.fetch(space, [entry]) and self._vectors.lag_s == 0
        except Faults as error:
            self._fault("fetch", error)
            return False

    # forgetting
    async def forget(self, space: str, entry: str) -> bool:
        """Whether it is gone for sure."""
        try:
            async with asyncio.timeout(WRITE_S_MAX):
                await self._vectors.delete(space, [entry])
                await self._told.forget(space, entry)
                await self._records.delete(space, entry)
        except Faults as error:
            self._fault("forget", error)
            return False
        self.counts.forgotten += 1
        return True

    async def forget_where(self, space: str, **named: str) -> int | None:
        """All entries of a `job`, a `scene`, or with a person of the story in them (`person`: entity id); how many, or
        None where the store could not be told."""
        where: dict[str, Scalar] = {}
        for name, value in named.items():
            where |= {f"with.{value}"[:120]: True} if name == "person" else {name: value}
        try:
            async with asyncio.timeout(WRITE_S_MAX):
                gone = await self._vectors.delete_where(space, where)
                if "job" in named:
                    await self._records.delete_of(space, named["job"])
        except Faults as error:
            self._fault("forget", error)
            return None
        self.counts.forgotten += gone
        return gone  # records of a scene or a person are found by nobody now; the sweep takes them in time

    async def drop(self, space: str) -> bool:
        """Everything of a space, as when its project is deleted."""
        try:
            await self._vectors.drop(space)
            await self._vectors.drop(words_of(space))
            self.counts.forgotten += await self._records.drop(space)
        except Faults as error:
            self._fault("drop", error)
            return False
        return True

    async def sweep(self) -> int:
        """Delete what expired; how many."""
        try:
            await self._records.sweep((self._clock() - self._ttl_s) * 1000)
            return await self._vectors.sweep(self._clock())
        except Faults as error:
            self._fault("sweep", error)
            return 0

    def _fault(self, what: str, error: BaseException) -> None:
        self.counts.faults += 1
        code = getattr(error, "code", type(error).__name__)
        log.warning("semantic cache fault", extra={"what": what, "code": str(code)})


def _bridge(space: str, digest: str, seed: str) -> bytes:
    return f"film\n{space}\n{digest}\n{seed}".encode()[:256]
