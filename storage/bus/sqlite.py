"""The bus of one machine: frames in a SQLite file of its own, and a ring on loopback for whoever listens.

Owns that file (beside the cache, never the ledger) and throws it away when it is damaged. Invariants: it is bounded,
oldest frames out first, and a listener that fell behind the oldest hears `EVERYTHING`; nothing is written while nobody
listens; an idle listener sleeps. A ring is a datagram. It carries the frame (`storage.bus.ring`) where the sender read
the listener's word in the file; anybody may send an empty one. Either is only a hint: a lost one is found by a look
every `LOOK_S`, and a frame that does not follow what was heard is read from the file.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from storage.bus.base import Backoff, BusBase, BusFault
from storage.bus.protocol import Wake, pack
from storage.bus.ring import Heard, Ring, new_word, unpacked

log = logging.getLogger("storyforge.bus")

LOOK_S = 1.0
"""Between looks of a listener that no ring has woken. A look is one PRAGMA."""

LISTENER_TTL_S = 30.0
"""A listener that has not said so for this long is forgotten; it says so three times as often."""

FRAMES_MAX = 512
"""Frames kept. A listener further behind than that looks at everything."""

TRIM_EVERY = 64
"""Frames between two trims, so that the file is at most that much over its bound."""

BUSY_S_MAX = 0.25
READ_FRAMES = 128

SCHEMA_VERSION = 1
TABLES = (
    "CREATE TABLE frames (num INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE listeners (port INTEGER PRIMARY KEY, topics TEXT NOT NULL, until REAL NOT NULL)",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)

T = TypeVar("T")


class _Ring(asyncio.DatagramProtocol):
    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received

    def datagram_received(self, data: bytes, _from: object) -> None:
        self._received(data)

    def error_received(self, _error: Exception) -> None:
        """A port that nobody has any more; its row runs out by itself."""


class SqliteBus(BusBase):
    """See `storage.bus.protocol.Bus`."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.path, self._clock = path, clock
        self._pool: ThreadPoolExecutor | None = None
        self._db: sqlite3.Connection | None = None
        self._rung = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None
        self._port = 0
        self._out: socket.socket | None = None
        self._listening: asyncio.Task[None] | None = None
        self._read_upto: int | None = None
        self._heard = Heard()
        self._word = new_word()
        self._said = frozenset[str]()
        self._say_at = 0.0
        self._untrimmed = 0

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._out.setblocking(False)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="bus")
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Ring(self._datagram), local_addr=("127.0.0.1", 0)
        )
        self._port = self._transport.get_extra_info("sockname")[1]
        try:
            await self._run(lambda db: None)
        except BusFault as fault:
            self.lost(str(fault))
        else:
            self.now_live()
        self._listening = loop.create_task(self._listen(), name="bus-listen")

    async def stop(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._transport is not None:
            self._transport.close()
        with contextlib.suppress(BusFault):
            await self._run(lambda db: db.execute("DELETE FROM listeners WHERE port = ?", (self._port,)))
        pool, self._pool = self._pool, None
        if pool is not None:
            await asyncio.to_thread(pool.shutdown)
        if self._db is not None:
            self._db.close()
            self._db = None
        if self._out is not None:
            self._out.close()
            self._out = None

    def topics_changed(self) -> None:
        self._rung.set()  # the listening task writes them down, and tells everybody to look once they stand

    def in_force(self, topics: frozenset[str]) -> bool:
        return topics <= self._said

    # out
    async def send(self, topic: str, wakes: list[Wake]) -> int:
        frame = pack(wakes)
        return await self._run(lambda db: self._send(db, topic, frame))

    def _send(self, db: sqlite3.Connection, topic: str, frame: bytes) -> int:
        listeners = db.execute("SELECT port, topics FROM listeners WHERE until > ?", (self._clock(),)).fetchall()
        found = [(port, words) for port, topics in listeners if topic in (words := topics.split())]
        if not found:
            return 0
        self._untrimmed += 1
        with _transaction(db):
            newest = "SELECT num FROM frames WHERE topic = ? ORDER BY num DESC LIMIT 1"
            before = (db.execute(newest, (topic,)).fetchone() or (0,))[0]
            added = db.execute("INSERT INTO frames (topic, body) VALUES (?, ?)", (topic, frame)).lastrowid
            if self._untrimmed >= TRIM_EVERY:
                self._untrimmed = 0
                db.execute("DELETE FROM frames WHERE num <= (SELECT max(num) FROM frames) - ?", (FRAMES_MAX,))
        ring = Ring(topic, before, added or 0, frame)
        for port, words in found:
            with contextlib.suppress(OSError):  # a full buffer: it has rings to read already
                if self._out is not None:
                    self._out.sendto(ring.packed(words), ("127.0.0.1", port))
        return len(found)

    # in
    def _datagram(self, data: bytes) -> None:
        """A frame that follows what was heard of its topic needs no look at the file: half a millisecond less."""
        ring = unpacked(data, self._word)
        follows = ring is not None and ring.topic in self._said and self._heard.follows(ring)
        if ring is None or not follows or ring.num - (self._read_upto or 0) >= READ_FRAMES:
            self._rung.set()
        if ring is not None and follows:
            self._heard.note(ring.topic, ring.num)
            self.heard(ring.frame)

    async def _listen(self) -> None:
        backoff, data_version = Backoff(), -1
        while True:
            try:
                if self.topics != self._said or (self.topics and self._clock() >= self._say_at):
                    await self._say()
                rung = self._rung.is_set()
                self._rung.clear()
                if self.topics:
                    seen = await self._run(_data_version)
                    if rung or seen != data_version:
                        data_version = seen
                        await self._read()
                backoff.reset()
            except BusFault as fault:
                self.lost(str(fault))
                self._said, data_version = frozenset(), -1
                await asyncio.sleep(backoff.next_s())
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S if self.topics else None):
                    await self._rung.wait()

    async def _say(self) -> None:
        """Write down what this process listens to. A new word of it may have missed frames."""
        topics, now = self.topics, self._clock()
        row = (self._port, " ".join((*sorted(topics), self._word)), now + LISTENER_TTL_S)
        if topics:
            words = "INSERT OR REPLACE INTO listeners VALUES (?, ?, ?)"
            await self._run(lambda db: db.execute(words, row).rowcount)
        else:
            await self._run(lambda db: db.execute("DELETE FROM listeners WHERE port = ?", row[:1]).rowcount)
        if self._read_upto is None or topics - self._said:
            self._read_upto = await self._run(_newest)
            self._heard.begin(topics, self._read_upto)
        more = topics != self._said
        self._said, self._say_at = topics, now + LISTENER_TTL_S / 3
        if more:
            self.now_live()

    async def _read(self) -> None:
        while True:
            rows, oldest, newest = await self._run(lambda db: _after(db, self._read_upto or 0))
            upto = self._read_upto or 0
            if newest < upto or oldest > upto + 1:  # another file, or frames that went before they were read
                self._heard.begin(self.topics, 0)
                self.everything()
            for num, topic, body in rows:
                if topic in self.topics and self._heard.newer(topic, num):
                    self._heard.note(topic, num)
                    self.heard(body)
            self._read_upto = rows[-1][0] if rows else newest
            if len(rows) < READ_FRAMES:
                return

    # the file
    async def _run(self, call: Callable[[sqlite3.Connection], T]) -> T:
        if self._pool is None:
            raise BusFault("closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._guarded, call)

    def _guarded(self, call: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._db is None:
                self._db = _connect(self.path)
            return call(self._db)
        except (sqlite3.Error, OSError) as error:
            if self._db is not None:
                with contextlib.suppress(sqlite3.Error):
                    self._db.close()
                self._db = None
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                _discard(self.path)
            raise BusFault(f"{type(error).__name__}: {error}") from error


def _data_version(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def _newest(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(num), 0) FROM frames").fetchone()[0])


def _after(db: sqlite3.Connection, upto: int) -> tuple[list[tuple[int, str, bytes]], int, int]:
    """Frames after `upto`, and the oldest and newest number that is kept (0: none)."""
    db.execute("BEGIN")  # one look at the file: a frame that comes between two looks would be skipped
    try:
        rows = db.execute(
            "SELECT num, topic, body FROM frames WHERE num > ? ORDER BY num LIMIT ?", (upto, READ_FRAMES)
        ).fetchall()
        oldest, newest = db.execute("SELECT coalesce(min(num), 0), coalesce(max(num), 0) FROM frames").fetchone()
    finally:
        db.execute("COMMIT")
    return rows, oldest, newest


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S_MAX)
    try:
        db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("PRAGMA synchronous = OFF")  # nothing in here is worth a sync
        db.execute("PRAGMA journal_size_limit = 1048576")
        with _transaction(db):
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == 0:
                for statement in TABLES:
                    db.execute(statement)
            elif version != SCHEMA_VERSION:
                raise sqlite3.DatabaseError(f"bus schema {version}")
    except BaseException:
        db.close()
        raise
    return db


def _discard(path: Path) -> None:
    """Begin anew: nothing in here is missed."""
    log.warning("the bus file is damaged and begins anew")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            Path(f"{path}{suffix}").unlink(missing_ok=True)


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
