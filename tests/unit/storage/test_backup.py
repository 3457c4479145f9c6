"""Backups of a SQLite ledger and a folder of objects, taken while others write (S-110 to S-115)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storage import codec
from storage.backup.manifest import LEDGER_FILE, MANIFEST_FILE, OBJECTS_DIR, Manifest, folder_of, load
from storage.backup.restore import restore_ledger, restore_objects
from storage.backup.sink_sqlite import SqliteSink
from storage.backup.source_sqlite import SqliteSource
from storage.backup.stream import Damaged
from storage.backup.tables import EVENTS, LEFT_OUT, TABLES
from storage.backup.take import PlaceRefused, Taking
from storage.backup.verify import verify_backup, verify_living
from storage.ledger.dump import dump
from storage.ledger.errors import Fenced
from storage.ledger.protocol import Append, Claim, HostRow, Kind, NewAttempt, NewEvent, Snapshot, StoredResponse, View
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects

pytestmark = pytest.mark.unit

HOST = HostRow("h", "i", 1, "127.0.0.1:1")
TAKE_KEY = "videos/job_1/att_1/index.m3u8"


def row(text: str = "x") -> NewEvent:
    return NewEvent("d", Kind.EVENT, "t", codec.encode({"text": text}), scene="scn_1", confidence=0.5)


def view(home: str, id: str, **body: object) -> View:
    return View("take", id, home, home, "1", codec.encode(body))


async def fill(data: Path, homes: int = 3) -> dict[str, Claim]:
    """A ledger with every table in use, and one object that a projection names."""
    _made(data)
    ledger = SqliteLedger(data / "ledger.db")
    await ledger.open()
    await ledger.heartbeat(HOST, 60_000)
    claims: dict[str, Claim] = {}
    for n in range(homes):
        home = f"prj_{n}"
        claim = claims[home] = await ledger.claim(home, HOST)
        attempt = NewAttempt(f"att_{n}", home, "scn_1", "job_1", "draw", 1, b"\x01", 1_000)
        answer = StoredResponse("owner", "key", b"\x02", codec.encode({"ids": {}}))
        views = (view(home, f"tak_{n}", video_key=TAKE_KEY, panels=[]),)
        rows = tuple(row(f"{home} {k}") for k in range(5))
        await ledger.append(Append(home, claim.epoch, claim.seq, rows, views, (attempt,), response=answer))
        await ledger.put_snapshot(Snapshot(home, "@x", 3, 1, codec.encode({})), epoch=claim.epoch)
    await ledger.close()
    await LocalObjects(data / "objects").put(TAKE_KEY, b"#EXTM3U", content_type="application/vnd.apple.mpegurl")
    return claims


async def take(data: Path, place: Path) -> tuple[Path, Manifest]:
    with Taking(place) as taking:
        source = SqliteSource(data / "ledger.db", scratch=taking.folder / "copied.db")
        taking.ledger(source)
        source.close()
        await taking.objects(LocalObjects(data / "objects"))
        assert taking.faults == []
        return taking.finish("test")


def _made(folder: Path) -> None:
    folder.mkdir(exist_ok=True)


async def restored(folder: Path, data: Path, now_ms: int = 10_000) -> SqliteLedger:
    _made(data)
    await restore_objects(folder, LocalObjects(data / "objects"), lambda done, copied_bytes: None)
    restore_ledger(folder, load(folder), SqliteSink(data / "ledger.db"), now_ms)
    ledger = SqliteLedger(data / "ledger.db")
    await ledger.open()
    return ledger


def test_s110_every_table_of_the_schema_is_kept_or_named_as_left_out(tmp_path: Path) -> None:
    """S-110: a new table is never forgotten."""
    asyncio.run(fill(tmp_path))
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.db")) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        assert tables - set(LEFT_OUT) == {"homes", EVENTS.name, *(table.name for table in TABLES)}
        for table in (EVENTS, *TABLES):
            columns = {row[1] for row in connection.execute(f"PRAGMA table_info({table.name})")}
            assert columns - set(table.columns) <= {"num", "home"}, table.name


async def test_s110_a_backup_under_load_is_one_moment(tmp_path: Path) -> None:
    """S-110: every home's rows are gapless up to the recorded head, and views are not ahead, while others write."""
    data = tmp_path / "data"
    await fill(data)
    ledger = SqliteLedger(data / "ledger.db")
    await ledger.open()
    done, writing = asyncio.Event(), asyncio.Barrier(4)

    async def write(home: str) -> int:
        claim = await ledger.claim(home, HOST)
        seq = claim.seq
        while not done.is_set():
            views = (view(home, f"tak_{home}", n=seq),)
            seq = (await ledger.append(Append(home, claim.epoch, seq, (row(), row()), views))).last_seq
            if seq == claim.seq + 2:
                await writing.wait()
        return seq

    async with asyncio.TaskGroup() as group:
        writers = [group.create_task(write(f"prj_{n}")) for n in range(3)]
        await writing.wait()
        first, _ = await asyncio.to_thread(lambda: asyncio.run(take(data, tmp_path / "backups")))
        done.set()
    await ledger.close()
    found = verify_backup(first)
    assert found.faults == []
    heads = {home: head for home, (_, head, _) in found.heads.items()}
    assert all(8 <= heads[f"prj_{n}"] <= writers[n].result() for n in range(3))
    assert found.named == {TAKE_KEY: "the projection take tak_0 of prj_0"}


async def test_s111_a_restored_ledger_has_the_same_rows(tmp_path: Path) -> None:
    """S-111: the same dumps but for the row that says it was restored; and all other tables."""
    data, again = tmp_path / "data", tmp_path / "again"
    claims = await fill(data)
    _, manifest = await take(data, tmp_path / "backups")
    ledger = await restored(folder_of(tmp_path / "backups"), again)
    before = SqliteLedger(data / "ledger.db")
    await before.open()
    for home, claim in claims.items():
        old, new = [[one async for one in dump(each, home)] for each in (before, ledger)]
        assert new[:-1] == old
        assert (new[-1]["kind"], new[-1]["body"]["host"], new[-1]["body"]["incarnation"]) == (
            "ownership",
            "@restore",
            manifest.taken_at,
        )
        assert await ledger.attempts(home) == await before.attempts(home)
        assert await ledger.views("take", home=home) == await before.views("take", home=home)
        assert await ledger.response(home, "owner", "key") == await before.response(home, "owner", "key")
        assert await ledger.snapshot(home, "@x") == await before.snapshot(home, "@x")
        owner = await ledger.owner(home)
        assert owner is not None
        assert (owner.host, owner.epoch > claim.epoch) == (None, True)
    assert await LocalObjects(again / "objects").get(TAKE_KEY) == b"#EXTM3U"
    await before.close()
    await ledger.close()
    source = SqliteSource(again / "ledger.db")
    assert (await verify_living(source, LocalObjects(again / "objects"))).faults == []
    source.close()


async def test_s112_an_old_host_cannot_write_what_was_restored(tmp_path: Path) -> None:
    """S-112: neither the claim of before the backup, nor one the old world made after it, nor one of an earlier
    restore of the same backup."""
    data = tmp_path / "data"
    claims = await fill(data, homes=1)
    folder, _ = await take(data, tmp_path / "backups")
    old = SqliteLedger(data / "ledger.db")
    await old.open()
    after = [await old.claim("prj_0", HOST) for _ in range(3)]
    await old.close()
    first = await restored(folder, tmp_path / "first", now_ms=10_000)
    await first.heartbeat(HOST, 60_000)
    earlier = await first.claim("prj_0", HOST)
    await first.close()
    ledger = await restored(folder, tmp_path / "second", now_ms=20_000)
    head = await ledger.head("prj_0")
    for claim in (claims["prj_0"], *after, earlier):
        with pytest.raises(Fenced):
            await ledger.append(Append("prj_0", claim.epoch, head, (row(),)))
    await ledger.heartbeat(HOST, 60_000)
    new = await ledger.claim("prj_0", HOST)
    assert new.epoch > max(claim.epoch for claim in (*after, earlier))
    await ledger.append(Append("prj_0", new.epoch, new.seq, (row(),)))
    await ledger.close()


async def test_s113_a_flipped_byte_anywhere_is_named(tmp_path: Path) -> None:
    """S-113: in every file of the backup, at the beginning, the end and between."""
    data = tmp_path / "data"
    await fill(data)
    folder, _ = await take(data, tmp_path / "backups")
    files = [path for path in (tmp_path / "backups").rglob("*") if path.is_file() and path.stat().st_size]
    assert {LEDGER_FILE, MANIFEST_FILE} < {path.name for path in files}
    assert any(OBJECTS_DIR in path.parts for path in files)
    for path in files:
        whole = path.read_bytes()
        step = max(1, len(whole) // 60)
        for at in {*range(0, len(whole), step), len(whole) - 1}:
            path.write_bytes(whole[:at] + bytes((whole[at] ^ 0x10,)) + whole[at + 1 :])
            faults = verify_backup(folder).faults
            name = TAKE_KEY if OBJECTS_DIR in path.parts else path.name
            assert any(name in fault for fault in faults), (path, at, faults)
        path.write_bytes(whole[:-1])
        assert verify_backup(folder).faults, path
        path.write_bytes(whole)
    assert verify_backup(folder).faults == []
    for path in files:
        if path.name != MANIFEST_FILE:
            path.rename(path.with_name("aside"))
            assert any("missing" in fault for fault in verify_backup(folder).faults), path
            path.with_name("aside").rename(path)


def break_sequence(db: sqlite3.Connection) -> str:
    db.execute("DELETE FROM events WHERE seq = 4 AND home = 1")
    return "prj_0: sequence 5 follows 3"


def break_head(db: sqlite3.Connection) -> str:
    db.execute("UPDATE homes SET seq = seq + 1 WHERE num = 2")
    return "prj_1: the head says 7, the last row is 6"


def break_epoch(db: sqlite3.Connection) -> str:
    db.execute("UPDATE events SET epoch = 9 WHERE home = 1 AND seq = 6")
    return "prj_0: epoch 9 and its ownership event disagree at sequence 6"


def break_view(db: sqlite3.Connection) -> str:
    db.execute("UPDATE views SET seq = 99 WHERE id = 'tak_1'")
    return "prj_1: the projection take tak_1 says sequence 99, the head is 6"


def break_snapshot(db: sqlite3.Connection) -> str:
    db.execute("UPDATE snapshots SET body = x'00' WHERE home = 'prj_2'")
    return "prj_2: the snapshot of @x at 3 does not decode (CodecError)"


def break_stray(db: sqlite3.Connection) -> str:
    db.execute("UPDATE attempts SET home = 'prj_9' WHERE id = 'att_0'")
    return "prj_9: the attempt att_0 belongs to a home that is not there"


@pytest.mark.parametrize(
    "damage",
    [break_sequence, break_head, break_epoch, break_view, break_snapshot, break_stray],
    ids=lambda d: d.__name__,
)
async def test_s114_verify_names_each_fault_of_a_living_ledger(
    tmp_path: Path, damage: Callable[[sqlite3.Connection], str]
) -> None:
    """S-114: gaps, heads, epochs, projections ahead of the log, snapshots that do not decode, rows of no home."""
    await fill(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        sentence = damage(db)
        db.commit()
    source = SqliteSource(tmp_path / "ledger.db")
    found = await verify_living(source, LocalObjects(tmp_path / "objects"))
    source.close()
    assert sentence in found.faults


async def test_s114_verify_names_objects_that_are_gone_or_changed(tmp_path: Path) -> None:
    """S-114: an object a projection names is there, with the hash it was stored with."""
    await fill(tmp_path)
    store = LocalObjects(tmp_path / "objects")

    async def faults() -> list[str]:
        source = SqliteSource(tmp_path / "ledger.db")
        try:
            return (await verify_living(source, store)).faults
        finally:
            source.close()

    path = tmp_path / "objects" / "data" / TAKE_KEY
    was = path.stat()
    path.write_bytes(b"#EXTM3u")
    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert await faults() == [f"object {TAKE_KEY}: its content is not what was stored"]
    path.unlink()
    assert await faults() == [f"object {TAKE_KEY}: is missing, and the projection take tak_0 of prj_0 names it"]


async def test_s115_a_second_backup_copies_only_new_objects(tmp_path: Path) -> None:
    """S-115: contents are kept once, whatever their keys, and a backup is a copy, not a link."""
    data, place = tmp_path / "data", tmp_path / "backups"
    await fill(data)
    store = LocalObjects(data / "objects")
    first, _ = await take(data, place)
    kept = {path: path.stat().st_ino for path in (place / OBJECTS_DIR).rglob("*") if path.is_file()}
    await store.put("assets/panels/a.jpg", b"#EXTM3U", content_type="image/jpeg")
    await store.put("assets/panels/b.jpg", b"new", content_type="image/jpeg")
    (first / "kept").touch()
    with Taking(place, now=lambda: _later(first)) as taking:
        source = SqliteSource(data / "ledger.db")
        taking.ledger(source)
        source.close()
        await taking.objects(store)
        second, manifest = taking.finish("test")
    now = {path: path.stat().st_ino for path in (place / OBJECTS_DIR).rglob("*") if path.is_file()}
    assert (manifest.objects, len(now) - len(kept)) == (3, 1)
    assert all(now[path] == inode for path, inode in kept.items())
    assert folder_of(place) == second
    assert verify_backup(first).faults == verify_backup(second).faults == []


def _later(first: Path) -> datetime:
    return datetime.strptime(first.name, "%Y-%m-%dT%H-%M-%SZ").replace(tzinfo=UTC) + timedelta(seconds=1)


KILLED = """
import sys
from pathlib import Path
from storage.backup.source_sqlite import SqliteSource
from storage.backup.take import Taking

data, place = map(Path, sys.argv[1:])
with Taking(place) as taking:
    source = SqliteSource(data / "ledger.db", scratch=taking.folder / "copied.db")
    def told(record):
        print(record.kind, flush=True)
        sys.stdin.readline()
    taking.ledger(source, told)
"""


def test_s115_a_killed_backup_looks_like_none_and_is_swept(tmp_path: Path) -> None:
    """S-115: SIGKILL in the middle leaves nothing that can be restored; the next backup sweeps it."""
    data, place = tmp_path / "data", tmp_path / "backups"
    asyncio.run(fill(data))
    argv = [sys.executable, "-c", KILLED, str(data), str(place)]
    root = str(Path(__file__).resolve().parents[3])
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": root}
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        with pytest.raises(PlaceRefused, match="another backup"):
            asyncio.run(take(data, place))
        process.send_signal(signal.SIGKILL)
    assert any(path.name.endswith(".partial") for path in place.iterdir())
    with pytest.raises(Damaged, match="no finished backup"):
        folder_of(place)
    folder, _ = asyncio.run(take(data, place))
    assert sorted(path.name for path in place.iterdir()) == sorted([folder.name, OBJECTS_DIR, "storyforge-backups"])


async def test_s115_an_interrupted_backup_leaves_nothing(tmp_path: Path) -> None:
    """S-115: Ctrl-C, and a folder that is not ours is not touched."""
    data, place = tmp_path / "data", tmp_path / "backups"
    await fill(data)
    source = SqliteSource(data / "ledger.db")

    def interrupted() -> None:
        with Taking(place) as taking:
            taking.ledger(source, _interrupt)

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    source.close()
    assert [path.name for path in place.iterdir()] == ["storyforge-backups"]
    with pytest.raises(PlaceRefused, match="something else"):
        await take(data, data)


def _interrupt(_record: object) -> None:
    raise KeyboardInterrupt


async def test_s115_a_damaged_ledger_restores_nothing(tmp_path: Path) -> None:
    """S-115: a restore that meets damage leaves no ledger behind."""
    data = tmp_path / "data"
    await fill(data)
    folder, manifest = await take(data, tmp_path / "backups")
    path = folder / LEDGER_FILE
    raw = bytearray(path.read_bytes())
    raw[-20] ^= 1
    path.write_bytes(raw)
    again = tmp_path / "again"
    again.mkdir()
    with pytest.raises(Damaged):
        restore_ledger(folder, manifest, SqliteSink(again / "ledger.db"), 1)
    assert list(again.iterdir()) == []
