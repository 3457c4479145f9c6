"""R-78: what a host lets go of when memory is short, in which order, and what stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actors.runtime.lifecycle import Announcer, Lifecycle, Relieved
from actors.runtime.memory import MemoryWatch
from actors.runtime.rooms import Rooms
from collab import wire
from collab.limits import Limits
from collab.room import Room
from collab.session import Access
from tests.unit.actors.runtime.test_home import owned, scene_of
from tests.unit.actors.story import story
from tests.unit.collab.stage import ANA, Author, HeldLog, Wire, enter, turns

pytestmark = pytest.mark.unit


class Host:
    """Three documents: one read by somebody, one with people in it, one that nobody is in."""

    def __init__(self, relieved_after: int) -> None:
        self.readings = 0
        self.trims = 0
        self.facts: list[Lifecycle] = []
        self._relieved_after = relieved_after
        self.rooms = Rooms(self._make, lambda doc, seq: None)
        self.watch = MemoryWatch(self._pressure, lambda: [self.rooms], Announcer([self.facts.append]), self._trim)

    def _make(self, doc: str) -> Room:
        return Room(doc, HeldLog([Author(5).type(doc)]), Limits(join_small_bytes=0))

    def _pressure(self) -> float:
        self.readings += 1
        return 1.0 if self.readings <= self._relieved_after else 0.5

    def _trim(self) -> None:
        self.trims += 1

    async def open(self) -> tuple[Room, Room, Room]:
        read, peopled, empty = [await self.rooms.open(f"scene:{name}") for name in ("read", "peopled", "empty")]
        assert read.text("script") == "scene:read"
        enter(peopled)
        enter(read)
        return read, peopled, empty


async def test_nothing_is_let_go_of_while_there_is_room() -> None:
    """R-78."""
    host = Host(0)
    read, _, empty = await host.open()
    await host.watch.look()
    assert (host.facts, host.trims) == ([], 0)
    assert read.hydrated
    assert not empty.closed


@pytest.mark.parametrize(
    ("readings", "let_go"),
    [
        (1, [Relieved("documents", 1)]),
        (2, [Relieved("documents", 1), Relieved("frames", 3)]),
        (9, [Relieved("documents", 1), Relieved("frames", 3), Relieved("rooms", 1)]),
    ],
)
async def test_the_cheapest_goes_first_and_nobody_is_sent_away(readings: int, let_go: list[Relieved]) -> None:
    """R-78: documents, frames, rooms nobody is in; a new reading after each; people notice nothing."""
    host = Host(readings)
    read, peopled, empty = await host.open()
    await host.watch.look()
    assert host.facts == let_go
    assert host.trims == len(let_go)
    assert not read.hydrated
    assert empty.closed == (len(let_go) == 3)
    assert (read.sessions, peopled.sessions) == (1, 1)
    session, socket = enter(peopled, "ben", synced=False)
    session.receive(wire.sync_step1(b"\x00"))
    session.receive(wire.sync_update(Author(9).type("!")))
    await turns(20)
    assert socket.text() == peopled.text("script")
    assert (await host.rooms.open("scene:empty")).text("script") == "scene:empty"


async def test_a_document_is_hydrated_only_while_somebody_reads_it() -> None:
    """R-78: joining, typing and leaving need no Y.Doc; one that was read is dropped when nobody reads it any more."""
    async with story(document_unread_ms=1, sweep_ms=5) as it:
        home = await it.create()
        room = await owned(it, home).room(f"scene:{await scene_of(it, home)}")
        socket = Wire()
        session = room.join(socket, "usr_anna", Access.WRITE, ANA)
        session.receive(wire.sync_step1(b"\x00"))
        room.drop()
        await turns()
        assert socket.text().endswith("Mara waits.")
        assert not room.hydrated
        assert room.text("script").endswith("Mara waits.")
        await it.until(_not(lambda: room.hydrated))
        session.closed()


def _not(holds: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: not holds()


async def test_the_runtime_looks_by_itself() -> None:
    """R-78."""
    async with story(memory_look_ms=5) as it:
        assert not [fact for fact in it.facts if isinstance(fact, Relieved)]
    it.facts.clear()
    async with story(memory_look_ms=5) as it:
        it.runtime._memory._pressure = lambda: 1.0
        await it.until(lambda: any(isinstance(fact, Relieved) for fact in it.facts))


async def test_freed_memory_is_given_back_after_rooms_were_closed() -> None:
    """R-79: by a sweep that closed some, and not by every sweep."""
    trims: list[int] = []
    async with story(actor_idle_ms=1, sweep_ms=5, trim_ms=1, settle_ms=1, settle_lag_ms=2) as it:
        it.runtime._trim = lambda: trims.append(1)
        home = await it.create()
        await owned(it, home).room(f"scene:{await scene_of(it, home)}")
        await it.until(lambda: trims)
        assert owned(it, home).rooms.open_docs == []
