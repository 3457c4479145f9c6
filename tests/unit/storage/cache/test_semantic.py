"""The semantic cache over a vector store, an object store and an exact cache that are real, and some that fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from storage.cache.semantic import TTL_S, SemanticCache
from storage.cache.sqlite import SqliteExactCache
from storage.cache.threshold import SEEN_MAX
from storage.objects.local import LocalObjects
from storage.vectors.memory import MemoryVectors
from storage.vectors.protocol import VectorFault
from tests.unit.storage.cache.asks import ask_of, question, told

pytestmark = pytest.mark.unit

WORDS = "A man walks slowly. Camera pans left."
LIKE = "A guy walks slowly. The camera pans left."
ELSE = "A man walks slowly. Camera pans right."


class Bench:
    def __init__(self, folder: Path) -> None:
        self.now = 1_000.0
        self.vectors, self.objects = MemoryVectors(), LocalObjects(folder / "objects")
        self.exact = SqliteExactCache(folder / "cache.db")
        self.cache = self.another()

    def another(self) -> SemanticCache:
        """As another process has it: the same stores, no memory of its own."""
        return SemanticCache(self.vectors, self.objects, self.exact, clock=lambda: self.now)

    async def film(self, job: str, *texts: str, seed: str = "11", **other: Any) -> str:
        """A film that was made for these words and can be played."""
        ask = ask_of(*texts, **other)
        await self.objects.put(f"videos/{job}/master.m3u8", b"#EXTM3U", content_type="text/plain")
        entry = await self.cache.remember(question(*texts, **other), told(job, ask, seed))
        assert entry is not None
        return entry


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    yield made
    await made.exact.close()


async def test_a_film_in_other_words(bench: Bench) -> None:
    """K-68: what was remembered answers the same in other words, and says whose it is and how sure."""
    entry = await bench.film("job_1", WORDS)
    found = await bench.cache.lookup(question(LIKE))
    assert (found.verdict, found.entry and found.entry.id) == ("hit", entry)
    assert found.entry is not None
    assert found.entry.of == {"take": "tak_job_1", "job": "job_1", "scene": "scn_job_1", "project": "prj_1"}
    assert found.sure is not None
    assert found.similarity is not None
    assert found.threshold is not None
    assert found.sure > 0.99
    assert found.threshold <= found.similarity < 1
    assert bench.cache.counts.hits == 1


async def test_another_direction_is_a_warm_start_that_says_so(bench: Bench) -> None:
    """K-65: a minimal pair is never the film; its neighbour is named with the difference, and lends where it may."""
    await bench.film("job_1", WORDS)
    found = await bench.cache.lookup(question(ELSE))
    assert found.verdict == "warm"
    assert found.entry is not None
    assert (found.entry.seed, found.entry.frame_key) == ("11", "assets/panels/job_1/0-0.jpg")
    assert found.why == ("camera direction: right / left",)
    cold = await bench.cache.lookup(question(ELSE, warm=False))
    assert (cold.verdict, cold.entry, cold.near and cold.near["job"]) == ("miss", None, "job_1")
    assert cold.why == found.why
    assert (await bench.cache.lookup(question("Rain."))).why == ("nothing like it is kept",)


async def test_seeds_and_films_that_were_seen(bench: Bench) -> None:
    """K-61: an asked seed is answered by a film of that seed; a film that was shown for these words by none, and it
    lends nothing either."""
    await bench.film("job_1", WORDS, seed="11")
    assert (await bench.cache.lookup(question(LIKE, seed="11"))).verdict == "hit"
    assert (await bench.cache.lookup(question(LIKE, seed="12", warm=False))).verdict == "miss"
    again = await bench.cache.lookup(question(LIKE, not_jobs=["job_1"]))
    assert (again.verdict, again.entry) == ("miss", None)
    for by, words, verdict in (("anna", WORDS, "miss"), ("anna", LIKE, "hit"), ("ben", WORDS, "hit")):
        assert (await bench.cache.lookup(question(words, fresh_for=by))).verdict == verdict, (by, words)


async def test_a_changed_fact_is_another_question(bench: Bench) -> None:
    """K-70: when looks, a place, the scene's start or a reference changed, nothing made before answers; and what was
    made with somebody in it can be let go of at once."""
    await bench.film("job_1", WORDS)
    for name, value in (("cast", "chr_ann:ff,chr_ben"), ("place", "attic"), ("references", "ee"), ("state", "dd")):
        assert (await bench.cache.lookup(question(LIKE, **{name: value}))).verdict != "hit"
    assert await bench.cache.forget_where("films.prj_1", person="chr_zoe") == 0
    assert await bench.cache.forget_where("films.prj_1", person="chr_ann") == 1
    assert (await bench.another().lookup(question(LIKE))).verdict == "miss"


async def test_a_project_is_dropped_whole(bench: Bench) -> None:
    """K-70: the namespace and the records of a deleted project go; another project's stay."""
    await bench.film("job_1", WORDS)
    await bench.film("job_2", WORDS, scope="prj_2")
    assert await bench.cache.drop("films.prj_1")
    assert (await bench.cache.lookup(question(LIKE))).verdict == "miss"
    assert (await bench.cache.lookup(question(LIKE, scope="prj_2"))).verdict == "hit"
    assert not await bench.objects.list("internal/cache/films.prj_1/")


async def test_a_film_that_is_gone_is_forgotten(bench: Bench) -> None:
    """K-71: an entry whose film or record is no more is a miss, and is removed."""
    await bench.film("job_1", WORDS)
    await bench.objects.delete("videos/job_1/master.m3u8")
    assert (await bench.cache.lookup(question(LIKE))).verdict == "miss"
    assert await bench.vectors.count("films.prj_1") == 0
    assert not await bench.objects.list("internal/cache/")
    entry = await bench.film("job_2", WORDS)
    await bench.objects.delete(f"internal/cache/films.prj_1/{entry}")
    assert (await bench.cache.lookup(question(LIKE))).verdict == "miss"
    assert await bench.vectors.count("films.prj_1") == 0


async def test_ninety_days(bench: Bench) -> None:
    """K-71: an entry serves ninety days; then the sweep takes it."""
    await bench.film("job_1", WORDS)
    bench.now += TTL_S - 1
    assert (await bench.cache.lookup(question(LIKE))).verdict == "hit"
    bench.now += 2
    assert (await bench.cache.lookup(question(LIKE))).verdict == "miss"
    assert await bench.cache.sweep() == 1


async def test_not_this_evicts_the_pair_and_teaches(bench: Bench) -> None:
    """K-69: what was refused is never given to that question again, by no process; the entry's threshold rises, and
    identical words in another scene still are the same film."""
    entry = await bench.film("job_1", WORDS)
    first = await bench.cache.lookup(question(LIKE))
    assert first.similarity is not None
    told_ = await bench.cache.tell(
        "films.prj_1", entry, ask=question(LIKE).film.digest, similarity=first.similarity, right=False
    )
    assert told_
    for cache in (bench.cache, bench.another()):
        assert (await cache.lookup(question(LIKE))).entry is None
        other = await cache.lookup(question("A guy walks slowly. Pan left."))
        assert other.verdict != "hit"
    assert (await bench.cache.lookup(question(WORDS))).verdict == "hit"
    assert bench.cache.counts.refused == 1
    assert not await bench.cache.tell("films.prj_1", "none", ask="x", similarity=0.9, right=True)


async def test_two_processes_tell_at_once(bench: Bench) -> None:
    """K-69: words of several people on one film at the same moment are all kept."""
    entry = await bench.film("job_1", WORDS)
    caches = [bench.another() for _ in range(6)]
    said = [
        each.tell("films.prj_1", entry, ask=f"{n:032x}", similarity=0.9, right=n % 2 == 0)
        for n, each in enumerate(caches)
    ]
    assert all(await asyncio.gather(*said))
    assert await bench.vectors.count("films.prj_1.said") == 6
    for n in range(SEEN_MAX + 10):
        assert await bench.cache.tell("films.prj_1", entry, ask=f"{n:032x}", similarity=0.9, right=n > 2)
    assert await bench.vectors.count("films.prj_1.said") == SEEN_MAX


async def test_remembered_twice_is_one_entry(bench: Bench) -> None:
    """K-72: the step that remembers may run twice; what people said of the entry stays."""
    entry = await bench.film("job_1", WORDS)
    await bench.cache.tell("films.prj_1", entry, ask="a" * 32, similarity=0.9, right=True)
    assert await bench.film("job_1", WORDS) == entry
    assert await bench.vectors.count("films.prj_1") == 1
    assert await bench.vectors.count("films.prj_1.said") == 1


class Late(MemoryVectors):
    """Shows what was written only after `show`, as an eventually consistent index does."""

    lag_s = 5.0

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Any] = []

    async def upsert(self, namespace: str, vectors: Any) -> None:
        self.waiting.append((namespace, vectors))

    async def show(self) -> None:
        for namespace, vectors in self.waiting:
            await super().upsert(namespace, vectors)
        self.waiting.clear()


async def test_a_store_that_shows_its_writes_late(bench: Bench) -> None:
    """K-72: until the index shows a new film the exact cache bridges: the same words find it, and what this process was
    told holds before the index shows it."""
    late = Late()
    bench.vectors, bench.cache = late, SemanticCache(late, bench.objects, bench.exact, clock=lambda: bench.now)
    entry = await bench.film("job_1", WORDS)
    assert (await bench.cache.lookup(question(WORDS))).verdict == "hit"
    await late.show()
    assert await bench.cache.tell("films.prj_1", entry, ask=question(LIKE).film.digest, similarity=0.9, right=False)
    assert (await bench.cache.lookup(question(LIKE))).verdict != "hit"
    assert (await bench.another().lookup(question(LIKE))).verdict == "hit"  # elsewhere, until the index shows it
    await late.show()
    assert (await bench.another().lookup(question(LIKE))).verdict != "hit"


class Broken(MemoryVectors):
    def __init__(self, fault: Exception | None) -> None:
        super().__init__()
        self.fault = fault

    async def query(self, *args: Any, **how: Any) -> Any:
        return await self._fail()

    async def upsert(self, *args: Any, **how: Any) -> None:
        await self._fail()

    async def fetch(self, *args: Any, **how: Any) -> Any:
        return await self._fail()

    async def delete_where(self, *args: Any, **how: Any) -> int:
        await self._fail()
        return 0

    async def drop(self, namespace: str) -> None:
        await self._fail()

    async def sweep(self, now_s: float) -> int:
        await self._fail()
        return 0

    async def _fail(self) -> Any:
        if self.fault is not None:
            raise self.fault
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    "fault",
    [
        VectorFault("UNAVAILABLE", "gone", True),
        VectorFault("THROTTLED", "slower", True, 3.0),
        VectorFault("REFUSED", "no such index", False),
        OSError(28, "no space left"),
        None,
    ],
    ids=["unavailable", "throttled", "refused", "full disk", "hangs"],
)
async def test_a_fault_is_a_miss(
    bench: Bench, fault: Exception | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """K-68: whatever the store does, nothing raises: a question is a miss, a film is not remembered; each fault is
    logged and counted."""
    monkeypatch.setattr("storage.cache.semantic.LOOKUP_S_MAX", 0.05)
    monkeypatch.setattr("storage.cache.semantic.WRITE_S_MAX", 0.05)
    cache = SemanticCache(Broken(fault), bench.objects, bench.exact)
    with caplog.at_level(logging.WARNING, logger="storage.cache.semantic"):
        assert (await cache.lookup(question(LIKE))).verdict == "miss"
        assert await cache.remember(question(WORDS), told("job_1", ask_of(WORDS))) is None
        assert not await cache.tell("films.prj_1", "e", ask="a", similarity=0.9, right=True)
        assert await cache.forget_where("films.prj_1", job="job_1") is None
        if fault is not None:
            assert not await cache.drop("films.prj_1")
            assert await cache.sweep() == 0
    assert cache.counts.faults == len(caplog.records) == (6 if fault is not None else 4)


class Dies(BaseException):
    """The process, between two durable steps."""


@pytest.mark.parametrize("after", ["record", "vector"])
async def test_a_death_between_two_steps_loses_nothing_that_was_kept(
    bench: Bench, after: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """K-72: died after the record: nothing is found, remembering again makes the entry; after the vector: found."""

    async def die(*_: Any, **__: Any) -> Any:
        raise Dies

    upsert = bench.vectors.upsert

    async def upsert_and_die(*given: Any) -> None:
        await upsert(*given)
        raise Dies

    monkeypatch.setattr(bench.vectors, "upsert", die if after == "record" else upsert_and_die)
    await bench.objects.put("videos/job_1/master.m3u8", b"#EXTM3U", content_type="text/plain")
    with pytest.raises(Dies):
        await bench.cache.remember(question(WORDS), told("job_1", ask_of(WORDS)))
    monkeypatch.undo()
    found = await bench.another().lookup(question(LIKE))
    assert found.verdict == ("miss" if after == "record" else "hit")
    entry = await bench.another().remember(question(WORDS), told("job_1", ask_of(WORDS)))
    found = await bench.another().lookup(question(LIKE))
    assert (found.verdict, found.entry and found.entry.id) == ("hit", entry)
    assert await bench.vectors.count("films.prj_1") == 1
