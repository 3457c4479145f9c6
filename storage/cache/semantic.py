"""The semantic cache (level two): films by what was asked for, in other words.

Owns the way of a question and of an entry; the index is a vector store's, the records an object store's. Invariants: a
cache can only save work: no method raises for anything a store does, a fault is a miss or a skipped write, logged and
counted. An entry is found only after its record is stored, so a death between the two leaves a record nobody finds, and
whoever remembers the film again makes the same entry. What an entry was told lies in its vector's metadata and is read
back after it was written, so that of two who tell at once neither is lost. A store that shows its writes late is
bridged by the exact cache and, for what people said, by this process's own memory.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from storage.cache.asked import Question
from storage.cache.entries import Entry, Records, entry_id
from storage.cache.exact import ExactCache
from storage.cache.threshold import DELTA, Experience, Seen, learned
from storage.cache.verdict import Judged, Judgement, Verdict, judge, reworded
from storage.codec import CodecError
from storage.objects.protocol import ObjectStore, ObjectStoreError
from storage.vectors.protocol import EXPIRES_AT, Match, Scalar, Vector, VectorFault, VectorStore

log = logging.getLogger(__name__)

TTL_S = 90 * 24 * 3600.0
"""How long a film serves. Lower: more is rendered again; higher: old looks outlive a changed taste."""

LOOKUP_S_MAX = 2.0
"""Then it is a miss. Higher: a store that hangs holds up every job."""
WRITE_S_MAX = 10.0

HITS_TRIED = 8
"""Entries with equal slots that are looked at. More than one only where people refused the nearest."""
NEIGHBOURS_TRIED = 4
NEIGHBOUR_MIN = 0.55
"""Cosine under which a neighbour is nobody's idea of the same scene: not named, and nothing is borrowed from it."""

TOLD_KEPT = 1_000
"""Words of people that this process remembers until every store shows them; the oldest go first."""
TELL_TRIES = 4

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


@dataclass(frozen=True, slots=True)
class Answer:
    """`entry`: of a hit or a warm start, else None; `near` names whom a miss came nearest to."""

    verdict: Verdict
    why: tuple[str, ...] = ()
    entry: Entry | None = None
    similarity: float | None = None
    threshold: float | None = None
    sure: float | None = None
    near: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class _Judged:
    entry: Entry
    judgement: Judgement
    similarity: float | None
    threshold: float | None


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
        self._told: OrderedDict[tuple[str, str], Experience] = OrderedDict()
        self._telling = asyncio.Lock()

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
        found: list[_Judged] = []
        for match in await self._same(question):
            judged = await self._judged(question, match, delta)
            if judged is not None and judged.judgement.verdict == "hit":
                if await self._records.shown(judged.entry):
                    return _answer(judged)
                await self.forget(question.space, match.id)
            elif judged is not None:
                found.append(judged)
        return await self._neighbour(question, delta, found)

    async def _same(self, question: Question) -> list[Match]:
        """Entries that ask for the same, slot by slot; first the one that no store may show yet."""
        where: dict[str, Scalar] = {"gate": question.film.gate, "key": question.film.key, "by": question.embedder}
        if question.seed:
            where["seed"] = question.seed
        found = await self._vectors.query(
            question.space, question.vector, top_k=HITS_TRIED, where=where, alive_at_s=self._clock()
        )
        fresh = await self._exact.get(_bridge(question.space, question.film.digest, question.seed))
        if fresh is not None and all(match.id != fresh.decode() for match in found):
            found.insert(0, Match(fresh.decode(), 1.0, {}))
        return found

    async def _judged(self, question: Question, match: Match, delta: float) -> _Judged | None:
        """None: it is no candidate for this question."""
        known = self._known(question.space, match)
        if str(match.metadata.get("job", "")) in question.not_jobs or known.refused(question.film.digest):
            return None
        entry = await self._records.get(question.space, match.id)
        if entry is None:
            await self.forget(question.space, match.id)
            return None
        if entry.of["job"] in question.not_jobs or (question.seed and entry.seed != question.seed):
            return None
        if entry.film.key != question.film.key:
            return _Judged(entry, judge(question.film, entry.film, 0.0, 2.0), None, None)
        similarity = _similarity(question, entry)
        curve = learned(known.pairs)
        at = Judged(curve.threshold(delta), curve, delta, question.coin(match.id))
        return _Judged(entry, judge(question.film, entry.film, similarity, at), similarity, at.value)

    async def _neighbour(self, question: Question, delta: float, same: list[_Judged]) -> Answer:
        """No hit: who lends something, else who came nearest and why it is not the same."""
        found = list(same)
        if not found:
            for match in await self._vectors.query(
                question.space,
                question.vector,
                top_k=NEIGHBOURS_TRIED,
                where={"by": question.embedder},
                alive_at_s=self._clock(),
                at_least=NEIGHBOUR_MIN,
            ):
                judged = await self._judged(question, match, delta)
                if judged is not None:
                    found.append(judged)
                if judged is not None and judged.judgement.verdict == "warm":
                    break
        lender = next((each for each in found if each.judgement.verdict == "warm"), None)
        if lender is not None and question.warm:
            return _answer(lender)
        if found:
            return replace(_answer(found[0]), verdict="miss", entry=None, near=found[0].entry.of)
        return Answer("miss", ("nothing like it is kept",))

    # remembering
    async def remember(self, question: Question, told: Mapping[str, Any]) -> str | None:
        """Keep the film of `told` (`actors/scene/cached.py`) as an answer to `question`; its entry, or None where that
        failed. Again with the same film: the same entry, with what it was told meanwhile."""
        id = entry_id(str(told["of"]["job"]), question.film)
        try:
            async with asyncio.timeout(WRITE_S_MAX):
                asked = {**told["ask"], "filters": dict(question.film.filters)}
                await self._records.put(question.space, id, {**told, "ask": asked}, question.rows)
                before = (await self._vectors.fetch(question.space, [id])).get(id)
                metadata: dict[str, Scalar] = {
                    "gate": question.film.gate,
                    "key": question.film.key,
                    "by": question.embedder,
                    "seed": str(told["seed"]),
                    **{name: str(told["of"][name]) for name in ("job", "scene", "project")},
                    **{f"with.{person}"[:120]: True for person in question.people},
                    "seen": "" if before is None else before.metadata.get("seen", ""),
                    EXPIRES_AT: self._clock() + self._ttl_s,
                }
                await self._vectors.upsert(question.space, [Vector(id, question.vector, metadata)])
        except Faults as error:
            self._fault("remember", error)
            return None
        for seed in ("", str(told["seed"])):
            await self._exact.put(_bridge(question.space, question.film.digest, seed), id.encode())
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
            async with asyncio.timeout(WRITE_S_MAX), self._telling:
                kept = await self._tell(space, entry, seen)
        except Faults as error:
            self._fault("tell", error)
            return False
        if kept and right:
            self.counts.accepted += 1
        elif kept:
            self.counts.refused += 1
        return kept

    async def _tell(self, space: str, entry: str, seen: Seen) -> bool:
        for _ in range(TELL_TRIES):
            vector = (await self._vectors.fetch(space, [entry])).get(entry)
            if vector is None:
                return False
            known = self._known(space, Match(entry, 1.0, vector.metadata)).told(seen)
            told = replace(vector, metadata={**vector.metadata, "seen": known.to_text()})
            await self._vectors.upsert(space, [told])
            self._told[(space, entry)] = known
            self._told.move_to_end((space, entry))
            while len(self._told) > TOLD_KEPT:
                self._told.popitem(last=False)
            if self._vectors.lag_s > 0:
                return True  # reading back proves nothing here
            after = (await self._vectors.fetch(space, [entry])).get(entry)
            if after is None or seen in Experience.from_text(str(after.metadata.get("seen", ""))).seen:
                return after is not None
        raise VectorFault("UNAVAILABLE", "others tell this entry at the same time", True)

    def _known(self, space: str, match: Match) -> Experience:
        """What the store shows, and what was said here and it may not show yet."""
        known = Experience.from_text(str(match.metadata.get("seen", "")))
        for seen in self._told.get((space, match.id), Experience()).seen:
            if seen not in known.seen:
                known = known.told(seen)
        return known

    # forgetting
    async def forget(self, space: str, entry: str) -> bool:
        """Whether it is gone for sure."""
        return await self._gone(space, [entry])

    async def forget_where(self, space: str, **named: str) -> int:
        """All entries of a `job`, a `scene`, or with a person of the story in them (`person`: entity id); how many."""
        where: dict[str, Scalar] = {}
        for name, value in named.items():
            where |= {f"with.{value}"[:120]: True} if name == "person" else {name: value}
        try:
            async with asyncio.timeout(WRITE_S_MAX):
                gone = await self._vectors.delete_where(space, where)
        except Faults as error:
            self._fault("forget", error)
            return 0
        self.counts.forgotten += gone
        return gone  # their records are found by nobody; `drop` and the sweep of the store's own rules take them

    async def drop(self, space: str) -> bool:
        """Everything of a space, as when its project is deleted."""
        try:
            await self._vectors.drop(space)
            self.counts.forgotten += await self._records.drop(space)
        except Faults as error:
            self._fault("drop", error)
            return False
        return True

    async def sweep(self) -> int:
        """Delete what expired; how many."""
        try:
            return await self._vectors.sweep(self._clock())
        except Faults as error:
            self._fault("sweep", error)
            return 0

    async def _gone(self, space: str, entries: list[str]) -> bool:
        try:
            async with asyncio.timeout(WRITE_S_MAX):
                await self._vectors.delete(space, entries)
                for each in entries:
                    await self._records.delete(space, each)
        except Faults as error:
            self._fault("forget", error)
            return False
        self.counts.forgotten += len(entries)
        return True

    def _fault(self, what: str, error: BaseException) -> None:
        self.counts.faults += 1
        code = getattr(error, "code", type(error).__name__)
        log.warning("semantic cache fault", extra={"what": what, "code": str(code)})


def _similarity(question: Question, entry: Entry) -> float:
    """The least, over the moments that are worded otherwise, of how like their words are; 1 where none is."""
    moments = reworded(question.film, entry.film)
    return max(0.0, min((float(np.dot(question.rows[n], entry.rows[n])) for n in moments), default=1.0))


def _answer(judged: _Judged) -> Answer:
    told = judged.judgement
    return Answer(told.verdict, told.why, judged.entry, judged.similarity, judged.threshold, told.sure)


def _bridge(space: str, digest: str, seed: str) -> bytes:
    return f"film\n{space}\n{digest}\n{seed}".encode()[:256]
