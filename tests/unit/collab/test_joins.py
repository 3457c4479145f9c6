"""R-70..R-75: joins that do not storm."""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import Callable, Sequence

import pycrdt
import pytest

from collab import hocuspocus, wire
from collab.folding import LocalFolder
from collab.join_gate import JoinGate
from collab.limits import Limits
from collab.ports import Refused
from collab.room import Room
from collab.session import Access, Live, Session, Waiting
from collab.transport import WRITE_HIGH_BYTES
from tests.unit.collab.stage import ANA, BEN, Author, HeldLog, Wire, enter, opened, text_of, turns

pytestmark = pytest.mark.unit

LIMITS = Limits(join_small_bytes=0, join_diff_inline_bytes=0, join_tail_bytes_max=1_000)
NOTHING = b"\x00"
OWING = WRITE_HIGH_BYTES + 1


class HandClock:
    """Moves when told to."""

    def __init__(self) -> None:
        self._now, self._count = 100.0, 0
        self._due: list[tuple[float, int, HandTimer]] = []

    def now(self) -> float:
        return self._now

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> HandTimer:
        timer = HandTimer(callback)
        self._count += 1
        heapq.heappush(self._due, (self._now + delay_s, self._count, timer))
        return timer

    def move(self, seconds: float) -> None:
        until = self._now + seconds
        while self._due and self._due[0][0] <= until:
            self._now, _, timer = heapq.heappop(self._due)
            timer.run()
        self._now = until


class HandTimer:
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self._callback = None

    def run(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class HeldFolder(LocalFolder):
    """Diffs when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[asyncio.Future[None]] = []
        self.fail: Exception | None = None

    async def diff(self, update: bytes, state_vector: bytes) -> bytes:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.asked.append(future)
        await future
        if self.fail is not None:
            raise self.fail
        return await super().diff(update, state_vector)


def story(*words: str, client: int = 5) -> tuple[Author, list[bytes]]:
    author = Author(client)
    return author, [author.type(word) for word in words]


def joined(room: Room, name: str, *, owed: int = 0, vector: bytes = NOTHING) -> tuple[Session, Wire]:
    """A joiner that has said step 1. `owed`: what its socket owes once it is written to."""
    socket = Wire()
    session = room.join(socket, name, Access.WRITE, ANA)
    socket.sent.clear()
    socket.owed = owed
    session.receive(wire.sync_step1(vector))
    return session, socket


def kinds(socket: Wire) -> list[str]:
    return [type(each).__name__ for each in socket.messages() if not isinstance(each, wire.AwarenessMessage)]


async def test_joiners_share_one_snapshot_and_one_tail_while_people_type() -> None:
    """R-70: the snapshot is the same bytes object before and after an edit; what came since is a step 2 behind it, so
    that a client says "synced" when it has both."""
    author, updates = story("x" * 5_000)
    room = await opened(HeldLog(updates), LIMITS)
    ana, _ = enter(room)
    _, first = joined(room, "1")
    ana.receive(wire.sync_update(author.type("more")))
    await turns()
    _, second = joined(room, "2")
    _, third = joined(room, "3")
    assert kinds(first)[:2] == kinds(second) == kinds(third) == ["SyncUpdate", "SyncStep2"]
    assert first.shared[-3] is second.shared[-2] is third.shared[-2]
    assert second.shared[-1] is third.shared[-1]
    assert first.text() == second.text() == third.text() == "x" * 5_000 + "more"
    room.drop()
    assert joined(room, "4")[1].text() == third.text()


async def test_a_small_document_goes_out_in_one_message_at_once() -> None:
    """R-70, R-73."""
    room = await opened(HeldLog(story("hello")[1]))
    (_, one), (_, two) = joined(room, "1", owed=OWING), joined(room, "2", owed=OWING)
    assert kinds(one) == kinds(two) == ["SyncStep2"]
    assert one.shared[-1] is two.shared[-1]


async def test_a_returner_that_lacks_only_the_tail_gets_the_tail() -> None:
    """R-71: no document is compared, deletions are whole, and nothing waits behind the queue."""
    author, updates = story("x" * 5_000, "y")
    folder = HeldFolder()
    log = HeldLog(updates)
    room = await opened(log, LIMITS, folder=folder)
    mine = pycrdt.merge_updates(*updates)
    ana, _ = enter(room)
    del author.script[10:20]
    ana.receive(wire.sync_update(author.updates[-1]))
    ana.receive(wire.sync_update(author.type("new")))
    await turns()
    await asyncio.sleep(0.02)
    _, returner = joined(room, "1", vector=pycrdt.get_state(mine))
    _, settled = joined(room, "2", vector=room.document.state_vector())
    assert folder.asked == []
    assert kinds(returner) == ["SyncStep2"]
    assert max(map(len, returner.sent)) < 200
    assert text_of([mine, *returner.updates()]) == room.text("script")
    assert text_of([mine, author.updates[-1], *settled.updates()]) == room.text("script")


async def test_deletions_of_a_snapshot_reach_a_returner_that_has_all_its_structs() -> None:
    """R-71: a state vector says nothing about deletions, so they are always sent."""
    author, updates = story("x" * 5_000)
    mine = updates[0]
    del author.script[0:4_000]
    room = await opened(HeldLog(author.updates), LIMITS)
    task = room.compact()
    assert task is not None
    await task
    _, returner = joined(room, "1", vector=pycrdt.get_state(mine))
    assert text_of([mine, *returner.updates()]) == "x" * 1_000


async def test_a_returner_after_a_compaction_has_what_the_compaction_took_in() -> None:
    """R-71: "the tail" is what came after the snapshot that is shared now, not after the one it knew."""
    author, updates = story("x" * 5_000)
    mine = list(updates)
    room = await opened(HeldLog(updates), LIMITS, folder=LocalFolder())
    ana, _ = enter(room)
    ana.receive(wire.sync_update(author.type("one")))
    await turns()
    task = room.compact()
    assert task is not None
    await task
    ana.receive(wire.sync_update(author.type("two")))
    await asyncio.sleep(0.02)
    _, returner = joined(room, "1", vector=pycrdt.get_state(mine[0]))
    await turns()
    assert text_of([*mine, *returner.updates()]) == "x" * 5_000 + "onetwo"


async def test_structs_behind_a_gap_are_in_every_answer() -> None:
    """R-71: where clocks have gaps a state vector does not say what a peer has; the whole difference is sent."""
    _, updates = story("x" * 5_000, "lost", "kept")
    room = await opened(HeldLog([updates[0], updates[2]]), LIMITS)
    _, returner = joined(room, "1", vector=pycrdt.get_state(updates[0]))
    await turns()
    assert text_of([updates[0], *returner.updates(), updates[1]]) == "x" * 5_000 + "lostkept"


async def test_a_gap_that_is_closed_after_a_compaction_hides_nothing() -> None:
    """R-71: what stood behind the gap is in the snapshot and not in the tail (found by simulation, seed 68)."""
    _, updates = story("x" * 5_000, "late", "early")
    room = await opened(HeldLog([updates[0], updates[2]]), LIMITS)
    ana, _ = enter(room)
    await turns()
    task = room.compact()
    assert task is not None
    await task
    ana.receive(wire.sync_update(updates[1]))
    await turns()
    _, returner = joined(room, "1", vector=pycrdt.get_state(updates[0]))
    await turns()
    assert text_of([updates[0], *returner.updates()]) == "x" * 5_000 + "lateearly"


async def test_full_diffs_are_made_elsewhere_a_few_at_a_time() -> None:
    """R-72: what is committed meanwhile is in the answer too; one that left is not computed for."""
    author, updates = story("x" * 3_000, "y" * 3_000)
    folder = HeldFolder()
    room = await opened(HeldLog(updates), LIMITS, folder=folder)
    vector = wire.state_vector({5: 2_000})
    ana, _ = enter(room)
    returners = [joined(room, str(at), vector=vector) for at in range(4)]
    await turns()
    assert len(folder.asked) == LIMITS.join_diffs_at_once_max
    assert [kinds(socket) for _, socket in returners] == [[]] * 4
    ana.receive(wire.sync_update(author.type("z")))
    await turns()
    returners[2][0].closed()
    for _ in range(2):
        for asked in folder.asked:
            if not asked.done():
                asked.set_result(None)
        await turns()
    assert len(folder.asked) == 3
    for session, socket in (returners[0], returners[1], returners[3]):
        assert isinstance(session.state, Live)
        assert text_of([Author(5).type("x" * 2_000), *socket.updates()]) == room.text("script")
        assert room.text("script").endswith("yz")


async def test_a_lost_folder_does_not_lose_a_returner() -> None:
    """R-72: the difference is then made here."""
    _, updates = story("x" * 3_000, "y" * 3_000)
    folder = HeldFolder()
    folder.fail = RuntimeError("gone")
    room = await opened(HeldLog(updates), LIMITS, folder=folder)
    _, socket = joined(room, "1", vector=wire.state_vector({5: 3_000}))
    await turns()
    folder.asked[0].set_result(None)
    await turns()
    assert text_of([updates[0], *socket.updates()]) == room.text("script")


def crowd_limits(answers: int, size: int) -> Limits:
    return Limits(join_small_bytes=0, join_bytes_in_flight_max=answers * size, join_tail_bytes_max=1 << 20)


async def test_bytes_in_flight_are_bounded_and_places_are_given_back() -> None:
    """R-73, R-74: by who has taken all, by who leaves while it waits or reads, and by who is too slow."""
    clock = HandClock()
    _, updates = story("x" * 10_000)
    limits = crowd_limits(2, len(updates[0]) + 10)
    gate = JoinGate(limits, clock)
    room = await opened(HeldLog(updates), limits, clock=clock, gate=gate)
    people = [joined(room, str(at), owed=OWING) for at in range(7)]

    def served() -> list[int]:
        return [at for at, (_, socket) in enumerate(people) if "SyncStep2" in kinds(socket)]

    assert (served(), gate.waiting) == ([0, 1], 5)
    assert gate.bytes_in_flight <= limits.join_bytes_in_flight_max
    people[0][1].drain()
    assert served() == [0, 1, 2]
    people[3][0].closed()  # waits
    people[1][0].closed()  # reads
    assert served() == [0, 1, 2, 4]
    clock.move(limits.join_slow_s_max)
    assert served() == [0, 1, 2, 4, 5, 6]
    for _, socket in people:
        socket.drain()
    assert (gate.bytes_in_flight, gate.waiting) == (0, 0)
    assert isinstance(people[2][0].state, Live)


async def test_rooms_take_turns() -> None:
    """R-73: a crowd at one document is not in front of the one joiner of another."""
    clock = HandClock()
    _, updates = story("x" * 10_000)
    limits = crowd_limits(1, len(updates[0]) + 10)
    gate = JoinGate(limits, clock)
    crowded, other = [await opened(HeldLog(updates), limits, clock=clock, gate=gate) for _ in range(2)]
    crowd = [joined(crowded, str(at), owed=OWING) for at in range(4)]
    _, late = joined(other, "late", owed=OWING)
    crowd[0][1].drain()
    assert kinds(late) == []
    crowd[1][1].drain()
    assert "SyncStep2" in kinds(late)
    assert kinds(crowd[2][1]) == []


async def test_one_turn_of_the_loop_hands_over_only_so_much() -> None:
    """R-75: live edits are not behind all joiners of a storm."""
    clock = HandClock()
    _, updates = story("x" * 10_000)
    limits = Limits(join_small_bytes=0, join_bytes_per_turn=15_000)
    gate = JoinGate(limits, clock)
    room = await opened(HeldLog(updates), limits, clock=clock, gate=gate)
    holder = gate.enter(object(), limits.join_bytes_in_flight_max, lambda: None)
    people = [joined(room, str(at)) for at in range(5)]
    holder.over()
    assert ["SyncStep2" in kinds(socket) for _, socket in people] == [True, True, False, False, False]
    clock.move(0.0)
    assert all("SyncStep2" in kinds(socket) for _, socket in people)


async def test_who_waits_hears_its_position_and_misses_nothing() -> None:
    """R-74, R-75: more often than stock clients hang up; its own edits are committed, others' are in its answer;
    the position is taken down at its turn."""
    clock = HandClock()
    author, updates = story("x" * 10_000)
    limits = crowd_limits(1, len(updates[0]) + 500)
    gate = JoinGate(limits, clock)
    log = HeldLog(updates)
    room = await opened(log, limits, clock=clock, gate=gate)
    ana, live = enter(room)
    holder = gate.enter(object(), limits.join_bytes_in_flight_max, lambda: None)
    (first, _), (second, socket) = joined(room, "1"), joined(room, "2")
    assert isinstance(second.state, Waiting)
    clock.move(0.0)
    assert _positions(socket) == [{"position": 2, "waiting": 2}]
    first.closed()
    clock.move(limits.join_position_s)
    assert _positions(socket)[-1] == {"position": 1, "waiting": 1}
    assert limits.join_position_s < 30
    second.receive(wire.sync_update(Author(9).type("mine ")))
    ana.receive(wire.sync_update(author.type("yours")))
    clock.move(1.0)
    await turns()
    assert kinds(socket) == []
    assert text_of([*updates, *live.updates()]) == room.text("script")
    holder.over()
    assert socket.text() == room.text("script")
    assert "mine " in socket.text()
    assert "yours" in socket.text()
    assert _positions(socket)[-1] is None


def _positions(socket: Wire) -> list[dict[str, int] | None]:
    found: list[dict[str, int] | None] = []
    for message in socket.messages():
        if isinstance(message, wire.AwarenessMessage) and b"joining" in message.payload:
            text = message.payload[message.payload.index(b"{") :]
            found.append(json.loads(text)["joining"])
        elif isinstance(message, wire.AwarenessMessage) and message.payload.endswith(b"\x04null"):
            found.append(None)
    return found


async def test_stock_hocuspocus_clients_hear_their_position_as_a_stateless_message() -> None:
    """R-74: which they hand on without looking."""
    clock = HandClock()
    _, updates = story("x" * 10_000)
    limits = crowd_limits(1, len(updates[0]))
    gate = JoinGate(limits, clock)
    room = await opened(HeldLog(updates), limits, clock=clock, gate=gate)
    gate.enter(object(), limits.join_bytes_in_flight_max, lambda: None)
    socket = Wire()
    session = room.join(socket, "ben", Access.WRITE, BEN, hocuspocus.framing("scene:scn_1"))
    session.receive(wire.sync_step1(NOTHING))
    clock.move(0.0)
    envelope = hocuspocus.read_envelope(socket.sent[-1], limits)
    assert envelope is not None
    assert envelope.type is hocuspocus.Type.STATELESS
    assert json.loads(envelope.body[2:]) == {"type": "joining", "position": 1, "waiting": 1}


async def test_a_room_that_shuts_takes_its_queue_with_it() -> None:
    """R-74: no place stays taken, nobody is answered after the end."""
    clock = HandClock()
    author, updates = story("x" * 10_000)
    limits = crowd_limits(1, len(updates[0]))
    gate = JoinGate(limits, clock)
    log = HeldLog(updates)
    room = await opened(log, limits, clock=clock, gate=gate)
    people = [joined(room, str(at), owed=OWING) for at in range(3)]
    log.fail_next = Refused("HOME_LOST", "gone", False, True)
    people[0][0].receive(wire.sync_update(author.type("!")))
    await turns()
    assert room.closed
    assert (gate.waiting, gate.bytes_in_flight) == (0, 0)
    sent = [len(socket.sent) for _, socket in people]
    clock.move(60.0)
    assert [len(socket.sent) for _, socket in people] == sent


async def test_a_stuck_handshake_does_not_block_a_room() -> None:
    """R-75: sockets that never say step 1, or never read their answer, delay neither edits nor later joiners."""
    clock = HandClock()
    author, updates = story("x" * 10_000)
    limits = crowd_limits(1, len(updates[0]) + 500)
    room = await opened(HeldLog(updates), limits, clock=clock)
    room.join(Wire(), "silent", Access.WRITE, ANA)
    joined(room, "deaf", owed=OWING)
    ana, socket = enter(room, synced=False)
    ana.receive(wire.sync_step1(NOTHING))
    ana.receive(wire.sync_update(author.type("!")))
    await turns()
    assert room.text("script").endswith("!")
    clock.move(limits.join_slow_s_max)
    assert socket.text() == room.text("script")


def test_a_crowd_of_many_rooms_keeps_its_books() -> None:
    """R-73: whatever the order of comings and goings, the gate ends empty and never over its bound."""
    clock = HandClock()
    limits = Limits(join_bytes_in_flight_max=1_000, join_bytes_per_turn=10_000)
    gate = JoinGate(limits, clock)
    started: list[int] = []
    rooms = [object() for _ in range(3)]
    tickets = [
        gate.enter(rooms[at % 3], 100 + at * 7 % 400, lambda at=at: started.append(at))  # type: ignore[misc]
        for at in range(60)
    ]
    order: Sequence[int] = [(at * 37) % 60 for at in range(60)]
    for at in order:
        assert gate.bytes_in_flight <= 1_000
        tickets[at].over()
        tickets[at].over()
    clock.move(100.0)
    assert (gate.bytes_in_flight, gate.waiting) == (0, 0)
    assert len(set(started)) == len(started)


@pytest.mark.parametrize("inline", [0, 1 << 30])
async def test_an_edit_made_before_the_answer_is_confirmed_by_an_echo(inline: int) -> None:
    """R-72, R-90: its step 1 claims it, so the difference leaves it out; the sender hears it all the same."""
    clock = HandClock()
    _, updates = story("x" * 3_000, "y" * 3_000)
    mine = Author(9)
    edit = mine.type("mine")
    limits = Limits(join_small_bytes=0, join_diff_inline_bytes=inline, join_tail_bytes_max=1_000)
    gate = JoinGate(limits, clock)
    room = await opened(HeldLog(updates), limits, clock=clock, gate=gate)
    holder = gate.enter(object(), limits.join_bytes_in_flight_max, lambda: None)
    session, socket = joined(room, "1", vector=wire.state_vector({5: 3_000, 9: 4}))
    session.receive(wire.sync_step2(edit))
    await turns()
    task = room.compact()
    assert task is not None
    await task
    assert kinds(socket) == []
    holder.over()
    await turns()
    assert isinstance(session.state, Live)
    echoed = pycrdt.Doc()
    for update in socket.updates()[1:]:
        echoed.apply_update(update)
    assert dict(wire.read_state_vector(echoed.get_state(), limits)).get(9) == 4
