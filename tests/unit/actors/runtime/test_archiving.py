"""A-77, A-78: old rows of a project leave for the object store, and nobody misses one."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.commands import LockScene, SaveCheckpoint, SetBrain
from actors.runtime.archiving import Archived, NoArchive
from actors.runtime.lifecycle import Activated, RowsArchived, SnapshotBad
from actors.runtime.limits import NEVER_MS
from serve_app.copies import Asked, copy_living
from storage.ledger import archive
from storage.ledger.archive import Chunk
from storage.ledger.archived import ArchivedLedger
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Committed, Event
from storage.ledger.sqlite import SqliteLedger
from storage.ledger.verify import faults
from storage.objects.local import LocalObjects
from storage.objects.protocol import ObjectStoreError
from tests.unit.actors.runtime.test_home import owned, put, scene_of
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit
FAR = 1 << 50
STEPS = 24
"""Of a run over the project of these tests: a test counts them."""


class Killed(BaseException):
    """The process ended here."""


class Steps(ArchivedLedger):
    """Ends the process at one of the steps of a run: before or after each write."""

    def __init__(self, inner: Any, objects: LocalObjects) -> None:
        super().__init__(inner, objects)
        self.left: int | None = None  # steps until the end, None: it lives
        self.taken: list[str] = []
        self.append = self._append

    def _step(self, name: str) -> None:
        self.taken.append(name)
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Killed(name)

    async def store(self, rows: Sequence[Event]) -> Chunk:
        self._step("store")
        chunk = await super().store(rows)
        self._step("stored")
        return chunk

    async def _append(self, new: Append) -> Committed:
        lists = any(view.kind == archive.ARCHIVE for view in new.views)
        if lists:
            self._step("list")
        done = await self._inner.append(new)
        if lists:
            self._step("listed")
        return done

    async def trim(self, chunk: Chunk, *, epoch: int, limit: int = 3) -> int:
        self._step("trim")
        gone = await super().trim(chunk, epoch=epoch, limit=3)
        self._step("trimmed")
        return gone


async def lived(it: Story) -> tuple[str, str]:
    """A project with a past: (home, scene)."""
    home = await it.create()
    scene = await scene_of(it, home)
    room = await owned(it, home).room(f"scene:{scene}")
    for word in ("one ", "two ", "three "):
        await room.edit(put(word), "anna")
        await it.ask(home, SetBrain("pixar"))
    await it.ask(home, LockScene(scene))
    read = hashlib.sha256(room.text("script").encode()).hexdigest()
    await it.until(lambda: owned(it, home).find(scene).script_sha256 == read)  # type: ignore[union-attr]
    await it.until(lambda: owned(it, home).reread_upto() == owned(it, home).pipeline.known)
    return home, scene


async def told(it: Story, home: str, scene: str) -> dict[str, Any]:
    """What readers and live actors say."""
    mine = await it.runtime.open(home)
    await mine.activation(scene).loaded()
    room = await mine.room(f"scene:{scene}")
    return {
        "text": room.text("script"),
        "owners": set(room.document.owners.values()),
        "actors": {
            id: {k: v for k, v in mine.find(id).dump().items() if k != "checkpoints"}  # type: ignore[union-attr]
            for id in (home, scene)
        },
    }


async def history(ledger: Any, home: str, upto: int) -> list[Any]:
    return [await ledger.read(home, upto=upto), await ledger.read_back(home, before=upto + 1, scene=None, limit=1_000)]


async def run(it: Story, home: str) -> Archived:
    return await (await it.runtime.open(home)).archiver.run(before_ms=FAR)


async def test_old_rows_leave_and_everything_reads_as_before(tmp_path: Path) -> None:
    """A-77: history, verification, the live project, and the next owner's, who needs no archived row to open it."""
    inner = SqliteLedger(tmp_path / "ledger.db")
    ledger: Any = ArchivedLedger(inner, LocalObjects(tmp_path / "objects"))
    await ledger.open()
    async with story(ledger, settle_ms=1, settle_lag_ms=2) as it:
        home, scene = await lived(it)
        before, head = await told(it, home, scene), await ledger.head(home)
        past = await history(ledger, home, head)
        done = await run(it, home)
        assert done.upto >= head
        assert done.rows == done.upto
        assert it.facts[-1] == RowsArchived(home, done.upto, done.rows)
        assert [row.seq for row in await inner.read(home)][:1] == [done.upto + 1]
        assert await history(ledger, home, head) == past
        assert await faults(ledger, home) == []
        assert await told(it, home, scene) == before
        assert await run(it, home) == Archived(done.upto, 0, 0) or (await run(it, home)).upto > done.upto
    for path in (tmp_path / "objects" / "data").rglob("*-*"):
        path.rename(path.with_suffix(".away"))  # whoever opens the project needs none of it
    fresh: Any = ArchivedLedger(inner, LocalObjects(tmp_path / "objects"))
    async with story(fresh, "h2") as it:
        assert await told(it, home, scene) == before
        loaded = [f for f in it.facts if isinstance(f, Activated)]
        assert all(f.from_snapshot for f in loaded if f.actor in (home, scene))
        assert not [f for f in it.facts if isinstance(f, SnapshotBad)]
    await ledger.close()


async def test_a_copy_of_an_archived_project_has_its_whole_past(tmp_path: Path) -> None:
    """A-77: out of the living ledger, both places are read; where the archive cannot be, nothing is copied in part."""
    inner = SqliteLedger(tmp_path / "ledger.db")
    objects = LocalObjects(tmp_path / "objects")
    ledger: Any = ArchivedLedger(inner, objects)
    await ledger.open()
    async with story(ledger, settle_ms=1, settle_lag_ms=2) as it:
        home, _scene = await lived(it)
        await run(it, home)
        done = await asyncio.to_thread(copy_living, tmp_path, Asked(home, "usr_anna", "k"), 1)
        assert done.title.startswith("Heat")
        made = [row for row in await ledger.read(done.project, limit=10_000) if row.type == "scene.created"]
        assert len(made) == 1
        (chunk, *_) = await ledger.chunks(home)
        await objects.delete(chunk.key)
        with pytest.raises(ObjectStoreError):
            await asyncio.to_thread(copy_living, tmp_path, Asked(home, "usr_anna", "k2"), 1)
    await ledger.close()


async def test_only_what_a_checkpoint_holds_may_go() -> None:
    """A-77: what is young stays, and no checkpoint is made for it."""
    ledger: Any = ArchivedLedger(MemoryLedger(), LocalObjects(Path("/nonexistent")))
    async with story(ledger, settle_ms=1, settle_lag_ms=2) as it:
        home, _ = await lived(it)
        kept = await ledger.count_views("checkpoint", home=home)
        nothing = await owned(it, home).archiver.run(before_ms=1)
        assert nothing == Archived(0, 0, 0)
        assert await ledger.count_views("checkpoint", home=home) == kept


async def test_the_last_checkpoint_bounds_what_leaves(tmp_path: Path) -> None:
    """A-77: a save, then more work: a run of today takes a fresh checkpoint, so that nothing after it leaves."""
    ledger: Any = ArchivedLedger(MemoryLedger(), LocalObjects(tmp_path))
    async with story(ledger, settle_ms=1, settle_lag_ms=2) as it:
        home, _ = await lived(it)
        await it.ask(home, SaveCheckpoint("mine"))
        await it.ask(home, SetBrain("thriller"))
        done = await run(it, home)
        project = owned(it, home).find(home)
        assert done.upto <= project.checkpoints[-1].seq  # type: ignore[union-attr]
        assert project.checkpoints[-1].type == "autosave"  # type: ignore[union-attr]


async def test_the_steps_of_a_run_are_all_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-78: the test below ends a run at each of them."""
    monkeypatch.setattr("actors.runtime.archiving.CHUNK_ROWS", 8)
    ledger: Any = Steps(MemoryLedger(), LocalObjects(tmp_path))
    async with story(ledger, settle_ms=1, settle_lag_ms=2) as it:
        home, _ = await lived(it)
        await run(it, home)
    assert set(ledger.taken) == {"store", "stored", "list", "listed", "trim", "trimmed"}
    assert len(ledger.taken) >= STEPS


@pytest.mark.parametrize("at", range(STEPS))
async def test_a_run_may_end_between_any_two_steps(tmp_path: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-78: whatever step was the last, every row is readable once, and the next run finishes."""
    monkeypatch.setattr("actors.runtime.archiving.CHUNK_ROWS", 8)
    inner = MemoryLedger()
    ledger: Any = Steps(inner, LocalObjects(tmp_path))
    async with story(ledger, settle_ms=1, settle_lag_ms=2) as it:
        home, scene = await lived(it)
        before, head = await told(it, home, scene), await ledger.head(home)
        past = await history(ledger, home, head)
        ledger.left = at
        with pytest.raises(Killed):
            await run(it, home)
        ledger.left = None
        fresh: Any = ArchivedLedger(inner, LocalObjects(tmp_path))
        assert await history(fresh, home, head) == past
        assert await faults(fresh, home) == []
        await it.runtime.kill()
    again: Any = ArchivedLedger(inner, LocalObjects(tmp_path))
    async with story(again, "h2", settle_ms=1, settle_lag_ms=2) as it:
        await it.runtime.open(home, depose="h1-1")
        # What is read anew comes in portions, a pack of rules after the other: the run waits for the last.
        await it.until(lambda: owned(it, home).reread_upto() == owned(it, home).pipeline.known)
        done = await run(it, home)
        assert done.upto >= head
        assert (await inner.read(home, limit=1))[0].seq > head
        assert await history(again, home, head) == past
        assert await faults(again, home) == []
        assert await told(it, home, scene) == before


async def test_a_policy_archives_by_itself(tmp_path: Path) -> None:
    """A-77: off unless an age is given; then what is older goes, if it is enough."""
    for after_ms, rows_min, goes in ((1, 1, True), (1, 10_000, False), (NEVER_MS, 1, False)):
        ledger: Any = ArchivedLedger(MemoryLedger(), LocalObjects(tmp_path / str(rows_min)))
        policy = {"archive_after_ms": after_ms, "archive_rows_min": rows_min, "archive_look_ms": 1}
        async with story(ledger, sweep_ms=5, settle_ms=1, settle_lag_ms=2, **policy) as it:
            home, _ = await lived(it)
            if goes:
                await it.until(lambda: any(isinstance(f, RowsArchived) for f in it.facts))
            else:
                await owned(it, home).sweep()
                await owned(it, home).close()
                assert await ledger.chunks(home) == []


async def test_a_ledger_without_objects_says_so() -> None:
    """A-77: nothing is touched."""
    async with story() as it:
        home = await it.create()
        with pytest.raises(NoArchive):
            await owned(it, home).archiver.run(before_ms=FAR)
