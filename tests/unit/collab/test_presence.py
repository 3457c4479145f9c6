"""Presence: last value wins, the server's identity, nobody left behind, never stored."""

from __future__ import annotations

import asyncio
import json

import pytest

from collab import wire
from collab.close_codes import CloseCode
from collab.lib0 import Reader, var_string, varuint
from collab.limits import Limits
from collab.presence import User
from collab.room import Room
from tests.simulation.awareness import Awareness
from tests.unit.collab.stage import ANA, BEN, HeldLog, Wire, enter, opened

pytestmark = pytest.mark.unit


def say(*states: tuple[int, int, object]) -> bytes:
    parts = [varuint(client) + varuint(clock) + var_string(json.dumps(state)) for client, clock, state in states]
    return wire.awareness(varuint(len(states)) + b"".join(parts))


def heard(socket: Wire) -> list[tuple[int, int, object]]:
    found: list[tuple[int, int, object]] = []
    for message in socket.messages():
        if isinstance(message, wire.AwarenessMessage):
            reader = Reader(message.payload)
            for _ in range(reader.varuint()):
                found.append((reader.varuint(), reader.varuint(), json.loads(reader.var_string())))
    return found


async def tick(room: Room) -> None:
    await asyncio.sleep(room.limits.presence_tick_s(room.sessions) + 0.01)


async def test_stamped_echoed_and_never_logged() -> None:
    """R-30: a forged identity is replaced; the sender hears itself; one encode for all."""
    log = HeldLog()
    room = await opened(log)
    ana, ana_wire = enter(room)
    _, ben_wire = enter(room, "ben", user=BEN)
    ana.receive(say((5, 1, {"user": {"name": "Ben", "admin": True}, "cursor": {"at": 3}})))
    await tick(room)
    shown = {"user": {"id": "u1", "name": "Ana", "color": "#aa0000"}, "cursor": {"at": 3}}
    assert heard(ana_wire) == heard(ben_wire) == [(5, 2, shown)]
    assert ana_wire.shared[-1] is ben_wire.shared[-1]
    assert log.rows == []
    assert not log.waiting


async def test_last_value_wins_within_a_tick() -> None:
    """R-31."""
    room = await opened(HeldLog())
    ana, socket = enter(room)
    for clock in range(1, 50):
        ana.receive(say((5, clock, {"at": clock})))
    ana.receive(say((5, 3, {"at": "stale"})))
    await tick(room)
    assert [clock for _, clock, _ in heard(socket)] == [50]


async def test_newcomers_and_queries_hear_everybody() -> None:
    """R-32; R-33: no ghost of the server."""
    room = await opened(HeldLog())
    ana, _ = enter(room)
    ana.receive(say((5, 1, {})))
    await tick(room)
    ben, ben_wire = enter(room, "ben", user=BEN, synced=False)
    ben.receive(wire.sync_step1(b"\x00"))
    assert [client for client, _, _ in heard(ben_wire)] == [5]
    ben_wire.sent.clear()
    ben.receive(wire.query_awareness())
    assert [client for client, _, _ in heard(ben_wire)] == [5]
    empty = await opened(HeldLog())
    _, alone = enter(empty, synced=False)
    assert heard(alone) == []


async def test_leaving_takes_it_down_and_echoes_do_not_bring_it_back() -> None:
    """R-34."""
    room = await opened(HeldLog())
    ana, _ = enter(room)
    ben, ben_wire = enter(room, "ben", user=BEN)
    ana.receive(say((5, 1, {"at": 1})))
    await tick(room)
    echo = say((5, 1, {"at": 1, "x": "as a stock client repeats it"}))
    ana.closed()
    ben.receive(echo)
    await tick(room)
    assert heard(ben_wire)[-1] == (5, 2, None)
    ben.receive(echo)
    await tick(room)
    assert room.presence.states() == {}


async def test_nobody_speaks_for_others() -> None:
    """R-35: neither states nor goodbyes under somebody else's id; a socket has few ids."""
    room = await opened(HeldLog(), Limits(awareness_clients_per_session_max=2))
    ana, _ = enter(room)
    ben, ben_wire = enter(room, "ben", user=BEN)
    ana.receive(say((5, 1, {"at": 1})))
    ben.receive(say((5, 9, {"at": "forged"}), (5, 9, None), (6, 1, {}), (7, 1, {}), (8, 1, {})))
    await tick(room)
    assert sorted(room.presence.states()) == [5, 6, 7]
    assert room.presence.states()[5]["at"] == 1
    assert ben_wire.code is None


async def test_reconnect_before_the_old_socket_times_out() -> None:
    """R-36: the new socket takes the id over; the late end of the old one does not end the new one."""
    room = await opened(HeldLog())
    old, _ = enter(room)
    old.receive(say((5, 3, {"at": 1})))
    new, _ = enter(room)
    new.receive(say((5, 3, {"at": 2})))
    old.closed()
    await tick(room)
    assert room.presence.states()[5]["at"] == 2
    new.closed()
    assert room.presence.states() == {}


async def test_return_with_the_same_clock_is_seen() -> None:
    """R-36."""
    room = await opened(HeldLog())
    _, ben_wire = enter(room, "ben", user=BEN)
    ana, _ = enter(room)
    ana.receive(say((5, 3, {"at": 1})))
    await tick(room)
    ana.closed()
    await tick(room)
    again, _ = enter(room)
    again.receive(say((5, 3, {"at": 1})))
    await tick(room)
    assert [(clock, state is None) for _, clock, state in heard(ben_wire)] == [(4, False), (4, True), (5, False)]


class Page:
    """A stock page with a socket: it applies what it hears as y-protocols does, and repeats it as y-websocket does."""

    def __init__(self, id: int, user: User) -> None:
        self.awareness, self.user = Awareness(id), user

    def enter(self, room: Room) -> None:
        self.session, self.wire = enter(room, self.user.id, user=self.user)
        self.session.receive(wire.awareness(self.awareness.encode([self.awareness.id])))

    def lose(self) -> None:
        self.session.closed()
        self.awareness.alone()

    def hear(self) -> None:
        for message in self.wire.messages():
            if isinstance(message, wire.AwarenessMessage) and (changed := self.awareness.hear(message.payload, 0.0)):
                self.session.receive(wire.awareness(self.awareness.encode(changed)))
        self.wire.sent.clear()

    @property
    def sees(self) -> set[int]:
        return set(self.awareness.others())


async def all_hear(room: Room, *pages: Page) -> None:
    for _ in range(2):  # what they repeat is heard too
        await tick(room)
        for page in pages:
            page.hear()


async def test_who_comes_back_is_seen_and_sees_the_others_at_once() -> None:
    """R-32: a page that was away has forgotten the others' states and not their clocks; nobody has moved meanwhile. The
    second time its own state is, byte for byte, what the room was told before."""
    room = await opened(HeldLog())
    ana, ben = Page(5, ANA), Page(6, BEN)
    ana.enter(room)
    ben.enter(room)
    await all_hear(room, ana, ben)
    for _ in range(3):
        assert (ana.sees, ben.sees) == ({6}, {5})
        ana.lose()
        await all_hear(room, ben)
        assert (ana.sees, ben.sees) == (set(), set())
        ana.enter(room)
        await all_hear(room, ana, ben)
    assert (ana.sees, ben.sees) == ({6}, {5})
    assert json.loads(ana.awareness.states[5])["caret"] == 1


async def test_people_see_each_other_at_once_in_a_room_that_was_rebuilt_elsewhere() -> None:
    """R-32: the new room knows no clocks at all, those who come have seen each other before, and one of them was away
    for a moment in the old one."""
    log = HeldLog()
    room = await opened(log)
    ana, ben = Page(5, ANA), Page(6, BEN)
    for times in range(3):
        ana.enter(room)
        ben.enter(room)
        await all_hear(room, ana, ben)
        assert (ana.sees, ben.sees) == ({6}, {5})
        for _ in range(times):
            ana.lose()
            ana.enter(room)
            await all_hear(room, ana, ben)
        await room.close(CloseCode.MOVED)
        ana.lose()
        ben.lose()
        room = await opened(log)


async def test_a_page_that_never_said_anything_of_itself_is_seen() -> None:
    """R-32: a stock page starts with an empty state at clock 0, and a stock page believes 0 of nobody."""
    room = await opened(HeldLog())
    ana, ben = Page(5, ANA), Page(6, BEN)
    ana.awareness.clocks[5], ana.awareness.states[5] = 0, "{}"
    ben.enter(room)
    ana.enter(room)
    await all_hear(room, ana, ben)
    assert (ana.sees, ben.sees) == ({6}, {5})


async def test_server_presence_is_opt_in() -> None:
    """R-33."""
    room = await opened(HeldLog())
    _, socket = enter(room)
    room.set_server_presence({"user": {"name": "Continuity"}, "task": "reading"})
    await tick(room)
    assert len(room.presence.states()) == 1
    room.set_server_presence(None)
    await tick(room)
    assert [state is None for _, _, state in heard(socket)] == [False, True]
    assert room.presence.states() == {}


async def test_silent_rooms_say_something() -> None:
    """R-37: stock clients hang up after 30 s of silence."""
    room = await opened(HeldLog(), Limits(heartbeat_s=0.02, presence_ttl_s=0.05))
    ana, socket = enter(room)
    ana.receive(say((5, 1, {})))
    await asyncio.sleep(0.2)
    assert wire.AwarenessMessage(b"\x00") in socket.messages()
    assert room.presence.states() == {}
    await room.close()


async def test_presence_that_would_break_clients_is_refused() -> None:
    """R-38."""
    room = await opened(HeldLog())
    for body in (b"[1]", b"{", b'{"a":NaN}', b'{"a":1e999}', b"\xff", b"[" * 3000):
        ana, socket = enter(room)
        ana.receive(wire.awareness(b"\x01\x05\x01" + varuint(len(body)) + body))
        assert socket.code == CloseCode.MALFORMED, body[:10]
    ana, socket = enter(room)
    lone = b'{"a":"\\ud800"}'
    ana.receive(wire.awareness(b"\x01\x05\x01" + varuint(len(lone)) + lone))
    ana.receive(say((6, 1, {"big": "x" * 5000})))
    await tick(room)
    assert socket.code is None
    assert sorted(room.presence.states()) == [5]
    assert ANA.name in str(heard(socket))
