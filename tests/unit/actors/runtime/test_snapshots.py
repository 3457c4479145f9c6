"""A-70, A-71: snapshots are verified before they are kept, and never needed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from actors.commands import SetBrain
from actors.project.actor import ProjectActor
from actors.runtime.lifecycle import Activated, SnapshotBad
from actors.runtime.rooms import HomeLog
from collab.compaction import BadFold
from collab.coverage import Coverage
from collab.folding import LocalFolder, fold, held
from collab.limits import Limits
from collab.ports import Lineage, Refused
from collab.room import Room
from collab.updates import read_header
from collab.verifying import missing
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Snapshot
from storage.ledger.seal import CorruptSnapshot, seal, unseal
from storage.ledger.sqlite import SqliteLedger
from tests.unit.actors.runtime.test_home import owned, put, scene_of
from tests.unit.actors.story import Story, story
from tests.unit.collab.stage import Author, HeldLog

pytestmark = pytest.mark.unit
ROW = Snapshot("prj_1", "@project", 7, 1, b"body")


def test_a_seal_covers_bytes_place_and_sequence() -> None:
    """A-71: whatever is changed on a sealed snapshot, it is refused; one from before seals is believed."""
    stored = seal(ROW)
    assert unseal(stored) == ROW
    assert unseal(ROW) == ROW
    changes: list[dict[str, Any]] = [
        {"body": stored.body[:-1]},
        {"body": bytes([stored.body[0] ^ 1]) + stored.body[1:]},
        {"body": stored.body[:-1] + b"Y"},
        {"body": b""},
        {"doc": "@continuity"},
        {"seq": 8},
        {"version": stored.version + 1},
    ]
    for change in changes:
        with pytest.raises(CorruptSnapshot):
            unseal(Snapshot(**{name: change.get(name, getattr(stored, name)) for name in stored.__slots__}))


async def _typed(it: Story, home: str, turns: int) -> None:
    for n in range(turns):
        await it.ask(home, SetBrain("pixar" if n % 2 else "thriller"))


async def _disk(tmp_path: Path) -> SqliteLedger:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    await ledger.open()
    return ledger


def _flip(path: Path, doc: str, *, newest: int) -> int:
    """Change one byte in the middle of the newest snapshots of a document, on disk; how many there are."""
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT seq, body FROM snapshots WHERE doc = ? ORDER BY seq DESC", (doc,)).fetchall()
        for seq, body in rows[:newest]:
            middle = len(body) // 2
            bad = body[:middle] + bytes([body[middle] ^ 0x40]) + body[middle + 1 :]
            db.execute("UPDATE snapshots SET body = ? WHERE doc = ? AND seq = ?", (bad, doc, seq))
    return len(rows)


@pytest.mark.parametrize("corrupt", [1, 2])
async def test_a_corrupt_actor_snapshot_costs_a_warning(tmp_path: Path, corrupt: int) -> None:
    """A-71: one bad: the one before it and more rows; both bad: the log. The state is the same."""
    ledger = await _disk(tmp_path)
    async with story(ledger, snapshot_every_events=4) as it:  # type: ignore[arg-type]
        home = await it.create()
        await _typed(it, home, 14)
        live = owned(it, home).find(home).dump()  # type: ignore[union-attr]
        await it.runtime.release(owned(it, home))
        assert _flip(ledger.path, "@project", newest=corrupt) == 2
        it.facts.clear()
        again = await it.runtime.open(home)
        assert again.find(home).dump() == live  # type: ignore[union-attr]
        bad = [f for f in it.facts if isinstance(f, SnapshotBad)]
        assert [f.doc for f in bad] == ["@project"] * corrupt
        (loaded,) = [f for f in it.facts if isinstance(f, Activated) and f.actor == home]
        assert loaded.from_snapshot == (corrupt == 1)
        await _typed(it, home, 1)
        await it.runtime.release(again)
        it.facts.clear()
        await it.runtime.open(home)
        assert not [f for f in it.facts if isinstance(f, SnapshotBad)]
    await ledger.close()


@pytest.mark.parametrize("corrupt", [1, 2])
async def test_a_corrupt_document_snapshot_costs_a_warning(tmp_path: Path, corrupt: int) -> None:
    """A-71: the text is the same from the previous snapshot, or from the first row."""
    ledger = await _disk(tmp_path)
    async with story(ledger) as it:  # type: ignore[arg-type]
        home = await it.create()
        doc = f"scene:{await scene_of(it, home)}"
        for word in ("one ", "two ", "three "):
            room = await owned(it, home).room(doc)
            await room.edit(put(word), "anna")
            compacting = room.compact()
            assert compacting is not None
            await compacting
        text, owners = room.text("script"), dict(room.document.owners)
        await it.runtime.release(owned(it, home))
        assert _flip(ledger.path, doc, newest=corrupt) == 2
        it.facts.clear()
        room = await (await it.runtime.open(home)).room(doc)
        assert room.text("script") == text
        assert room.document.owners == owners
        assert len([f for f in it.facts if isinstance(f, SnapshotBad)]) == corrupt
    await ledger.close()


async def test_a_snapshot_of_another_version_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-71: a version this host does not read falls back too: to the one before, or to the log."""
    async with story(snapshot_every_events=4) as it:
        home = await it.create()
        await _typed(it, home, 10)
        live = owned(it, home).find(home).dump()  # type: ignore[union-attr]
        await it.runtime.release(owned(it, home))
        monkeypatch.setattr(ProjectActor, "snapshot_version", 2)
        it.facts.clear()
        again = await it.runtime.open(home)
        assert again.find(home).dump() == live  # type: ignore[union-attr]
        assert {f.why for f in it.facts if isinstance(f, SnapshotBad)} == {"is of version 1, this one reads 2"}


async def test_a_state_that_does_not_read_back_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A-70: a fold that dumps what it cannot load is found when it is written, not when it is needed."""

    def load(self: ProjectActor, data: Any) -> None:
        raise KeyError("facts")

    async with story(snapshot_every_events=3) as it:
        home = await it.create()
        monkeypatch.setattr(ProjectActor, "load", load)
        await _typed(it, home, 6)
        await it.until(lambda: any(isinstance(f, SnapshotBad) for f in it.facts))
        assert await it.ledger.snapshot(home, "@project") is None


def test_what_a_fold_lacks_is_named() -> None:
    """A-70: structs, deletions, and what waits behind a gap."""
    author, other = Author(5), Author(6)
    updates = [author.type("hello")]
    del author.script[1:3]
    updates += [author.updates[-1], other.type("x"), author.type(" world")]
    committed = Coverage()
    for update in updates:
        committed.add(read_header(update, Limits()))
    assert missing(committed, held(fold(updates))) == []
    assert missing(committed, held(fold(updates[:2]))) != []
    assert missing(committed, held(fold([updates[0], *updates[2:]]))) == [(5, 1, 3)]
    gap = Coverage()
    gap.add(read_header(updates[3], Limits()))
    assert missing(gap, held(updates[3])) == []


class LossyFolder(LocalFolder):
    """Loses the last update of every fold."""

    async def fold(self, updates: Any) -> bytes:
        return await super().fold(list(updates)[:-1])


async def test_nothing_is_forgotten_on_account_of_a_fold_that_lacks_something(caplog: pytest.LogCaptureFixture) -> None:
    """A-70: such a fold is thrown away; memory and log stay as they were."""
    author = Author(5)
    log = HeldLog([author.type("a"), author.type("b")])
    room = Room("scene:scn_1", log, folder=LossyFolder())
    await room.open()
    compacting = room.compact()
    assert compacting is not None
    await compacting
    assert log.snapshot is None
    assert room.document.tail_updates == 2
    assert room.text("script") == "ab"
    assert any(record.exc_info and record.exc_info[0] is BadFold for record in caplog.records)
    await room.close()


async def test_a_snapshot_the_ledger_did_not_keep_is_no_snapshot() -> None:
    """A-70: ahead of the head it is refused and says so; as new as one that is kept, it is not needed."""
    ledger = MemoryLedger()
    async with story(ledger) as it:
        home = await it.create()
        mine = owned(it, home)
        doc = f"scene:{await scene_of(it, home)}"
        room = await mine.room(doc)
        log = HomeLog(ledger, mine.claim, mine.pipeline, doc, mine.snapshots)
        with pytest.raises(Refused) as refusal:
            await log.put_snapshot(room.document.merged(), await ledger.head(home) + 5, Lineage())
        assert (refusal.value.code, refusal.value.fenced) == ("SNAPSHOT_NOT_KEPT", False)
        await log.put_snapshot(room.document.merged(), room.seq, Lineage())
        await log.put_snapshot(room.document.merged(), room.seq, Lineage())
        assert mine.snapshots.kept[doc].seq == room.seq
