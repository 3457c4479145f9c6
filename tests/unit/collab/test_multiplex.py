"""Many documents on one socket: each by itself, all of them bounded."""

from __future__ import annotations

import asyncio
import json
import random
from pathlib import Path

import pytest

from collab import hocuspocus, wire
from collab.close_codes import CloseCode, CollabError
from collab.hocuspocus import SAVED, Type
from collab.lib0 import var_string
from collab.limits import Limits
from collab.multiplex import Channel, Entered, Multiplex
from collab.room import Room
from collab.session import Access
from collab.transport import CloseCallback, MessageCallback, MessageKind
from tests.unit.collab.stage import ANA, Author, HeldLog, Wire, turns, until

pytestmark = pytest.mark.unit
ONE, TWO = "scene:scn_1", "notes:scn_1"


class Browser(Wire):
    """The real socket, with a client's words for it."""

    def on_message(self, callback: MessageCallback) -> None:
        self._message = callback

    def on_close(self, callback: CloseCallback) -> None:
        self._gone = callback

    def says(self, name: str, message: bytes) -> None:
        self._message(MessageKind.BINARY, var_string(name) + message)

    def raw(self, frame: bytes, kind: MessageKind = MessageKind.BINARY) -> None:
        self._message(kind, frame)

    def token(self, name: str, token: str = "") -> None:
        self.says(name, bytes((Type.AUTH, 0)) + var_string(token))

    def leaves(self) -> None:
        self._gone(1001, "")

    def heard(self, name: str) -> list[bytes]:
        prefix = var_string(name)
        return [each[len(prefix) :] for each in self.sent if each.startswith(prefix)]


class House:
    """`Doors` to rooms in memory: `closed` names wait for the event, unknown names do not exist."""

    def __init__(self, *names: str, limits: Limits | None = None) -> None:
        self.rooms = {name: Room(name, HeldLog(), limits or Limits()) for name in names}
        self.access = Access.WRITE
        self.gate = asyncio.Event()
        self.gate.set()
        self.left = 0
        self.asked: list[str] = []

    async def enter(self, name: str, token: str, channel: Channel) -> Entered:
        self.asked.append(name)
        if token == "wrong":
            raise CollabError(CloseCode.UNAUTHENTICATED)
        await self.gate.wait()
        if name not in self.rooms:
            raise CollabError(CloseCode.NOT_FOUND)
        await self.rooms[name].open()
        session = self.rooms[name].join(channel, "ana", self.access, ANA, channel.framing)
        return Entered(self._leave, session.can_write)

    def _leave(self) -> None:
        self.left += 1

    def socket(self, limits: Limits | None = None) -> tuple[Browser, Multiplex]:
        browser = Browser()
        return browser, Multiplex(browser, self, limits or Limits())

    async def close(self) -> None:
        for room in self.rooms.values():
            await room.close()


STEP1 = wire.sync_step1(b"\x00")
GRANTED, READONLY = hocuspocus.authenticated(writes=True), hocuspocus.authenticated(writes=False)


async def test_two_documents_share_a_socket_and_nothing_else() -> None:
    """W-41: joined, written, and left by themselves."""
    house = House(ONE, TWO)
    browser, multiplex = house.socket()
    for name in (ONE, TWO):
        browser.token(name)
        browser.says(name, STEP1)  # as a provider does: without waiting for the answer
    await turns(20)
    assert browser.heard(ONE)[0] == browser.heard(TWO)[0] == GRANTED
    browser.sent.clear()
    browser.says(ONE, wire.sync_update(Author(5).type("hi")))
    await turns()
    assert browser.heard(ONE)[-1] == SAVED
    assert browser.heard(TWO) == []
    browser.says(TWO, bytes((Type.CLOSE,)))
    assert (house.left, multiplex.documents, house.rooms[TWO].sessions, house.rooms[ONE].sessions) == (1, 1, 0, 1)
    browser.token(TWO)
    await turns(20)
    assert (house.rooms[TWO].sessions, browser.code) == (1, None)
    browser.token(TWO)  # a provider made anew in the same page
    assert browser.heard(TWO)[-1] == GRANTED
    assert house.rooms[TWO].sessions == 1
    browser.leaves()
    assert (house.rooms[ONE].sessions, house.rooms[TWO].sessions, house.left) == (0, 0, 3)
    await house.close()


async def test_a_document_that_is_denied_is_denied_alone() -> None:
    """W-46: unknown, wrong token, full, and read-only: said on the wire, the others go on."""
    house = House(ONE, TWO, limits=Limits(sessions_per_room_max=1))
    other, _ = house.socket()
    other.token(TWO)
    await turns(20)
    browser, multiplex = house.socket()
    house.access = Access.READ
    browser.token("scene:scn_unknown")
    browser.token("outline", "wrong")
    browser.token(ONE)
    browser.token(TWO)
    await turns(20)
    assert browser.heard("scene:scn_unknown") == [hocuspocus.permission_denied("no such document")]
    assert browser.heard("outline") == [hocuspocus.permission_denied("sign in first")]
    assert browser.heard(TWO) == [hocuspocus.permission_denied("too busy, try again: sessions_per_room_max")]
    assert browser.heard(ONE)[0] == READONLY
    browser.says("scene:scn_unknown", STEP1)
    assert (multiplex.documents, browser.code, house.rooms[TWO].sessions) == (1, None, 1)
    await house.close()


async def test_what_ends_a_document_and_what_ends_the_socket() -> None:
    """W-41, W-47: too large ends the document; a moved room or a malformed message the socket, and no other."""
    house = House(ONE, TWO, limits=Limits(document_bytes_max=200))
    browser, multiplex = house.socket()
    bystander, _ = house.socket()
    for each in (browser, bystander):
        for name in (ONE, TWO):
            each.token(name)
            each.says(name, STEP1)
    await turns(20)
    browser.says(ONE, wire.sync_update(Author(5).type("x" * 400)))
    assert browser.heard(ONE)[-1] == hocuspocus.closed("over the size limit: document_bytes_max")
    assert (browser.code, multiplex.documents, house.rooms[ONE].sessions) == (None, 1, 1)
    browser.says(TWO, wire.sync_update(b"\xff\xff"))
    assert browser.code == CloseCode.MALFORMED
    assert (multiplex.documents, house.rooms[TWO].sessions, bystander.code) == (0, 1, None)
    await house.rooms[TWO].close(CloseCode.MOVED)
    assert bystander.code == CloseCode.MOVED
    assert house.rooms[ONE].sessions == 0
    await house.close()


@pytest.mark.parametrize(
    "frame",
    [
        *(b"", b"\x00", b"\xff\xff"),
        *(var_string(ONE) + each for each in (b"", b"\x0b", SAVED, b"\x02\x07")),
    ],
)
async def test_a_frame_that_is_no_message_ends_its_socket(frame: bytes) -> None:
    """W-47."""
    browser, _ = House(ONE).socket()
    browser.raw(frame)
    assert browser.code == CloseCode.MALFORMED


async def test_mutated_frames_end_their_own_socket_at_most() -> None:
    """W-47, W-10: what the providers send, with bytes changed, cut and doubled; another socket writes on unharmed."""
    golden = json.loads((Path(__file__).parents[2] / "data/golden/hocuspocus-wire.json").read_text())
    frames = [bytes.fromhex(text) for each in golden["providers"].values() for text in each.values()]
    dice, house = random.Random(47), House(golden["name"])
    author, (good, _) = Author(5), house.socket()
    good.token(golden["name"])
    good.says(golden["name"], STEP1)
    await turns(20)
    for _ in range(300):
        browser, multiplex = house.socket()
        for frame in dice.sample(frames, 6):
            mutated = bytearray(frame)
            for _ in range(dice.randrange(3)):
                mutated[dice.randrange(len(mutated))] = dice.randrange(256)
            browser.raw(bytes(mutated[: dice.choice([len(mutated), dice.randrange(len(mutated))])]))
        await turns(2)
        multiplex.end()
    good.says(golden["name"], wire.sync_update(author.type("unharmed")))
    await until(lambda: "unharmed" in house.rooms[golden["name"]].text("script"))
    assert (good.code, house.rooms[golden["name"]].sessions) == (None, 1)
    await house.close()


async def test_text_pings_and_stateless_messages() -> None:
    """W-44, W-47: a ping is answered, stateless words are nobody's, text is no message."""
    browser, multiplex = House(ONE).socket()
    browser.raw(hocuspocus.PING)
    browser.raw(hocuspocus.PONG)
    browser.says(ONE, bytes((Type.STATELESS,)) + var_string("hello"))
    assert browser.sent == [hocuspocus.PONG]
    assert (browser.code, multiplex.documents) == (None, 0)
    browser.raw(b"hi", MessageKind.TEXT)
    assert browser.code == CloseCode.MALFORMED


async def test_a_document_without_its_token_is_kept_waiting_within_bounds() -> None:
    """W-46: what comes before the auth message is delivered after it; too much of it closes 4401. No door is asked."""
    house = House(ONE)
    browser, _ = house.socket(Limits(unauthenticated_bytes_max=100))
    browser.says(ONE, STEP1)
    await turns()
    assert (house.asked, browser.sent) == ([], [])
    browser.token(ONE)
    await turns(20)
    assert [each[:2] for each in browser.heard(ONE)[:3]] == [GRANTED[:2], b"\x00\x01", b"\x00\x00"]
    for _ in range(2):
        browser.says(TWO, wire.sync_update(bytes(60)))
    assert browser.code == CloseCode.UNAUTHENTICATED
    await house.close()


async def test_documents_of_a_socket_are_counted() -> None:
    """W-41: one over `documents_per_socket_max` is denied; one that ended makes room."""
    house = House(ONE, TWO)
    browser, multiplex = house.socket(Limits(documents_per_socket_max=1))
    browser.token("scene:scn_unknown")
    await turns(20)
    browser.token(ONE)
    browser.token(TWO)
    await turns(20)
    assert browser.heard(TWO) == [hocuspocus.permission_denied("too busy, try again: documents_per_socket_max")]
    assert (multiplex.documents, house.rooms[ONE].sessions, browser.code) == (1, 1, None)
    await house.close()


async def test_a_slow_opening_stops_the_reading_not_the_words() -> None:
    """W-41: over `entering_bytes_pause` the socket is not read until the room is open; nothing is lost."""
    house = House(ONE)
    house.gate.clear()
    browser, _ = house.socket(Limits(entering_bytes_pause=50))
    browser.token(ONE)
    browser.says(ONE, STEP1)
    author = Author(5)
    for word in ("one ", "two ", "three"):
        browser.says(ONE, wire.sync_update(author.type(word)))
    assert not browser.reading
    house.gate.set()
    await turns(20)
    await until(lambda: house.rooms[ONE].text("script") == "one two three")
    await house.close()


async def test_a_socket_that_leaves_while_its_room_opens_is_in_no_room() -> None:
    """W-41: nor is one that took its document back."""
    house = House(ONE, TWO)
    house.gate.clear()
    gone, multiplex = house.socket()
    back, _ = house.socket()
    for each in (gone, back):
        each.token(ONE)
    await turns()
    gone.leaves()
    multiplex.end()
    back.says(ONE, bytes((Type.CLOSE,)))
    house.gate.set()
    await turns(20)
    assert house.rooms[ONE].sessions == 0
    assert gone.sent == back.sent == []
    await house.close()


async def test_a_room_given_up_while_it_opens_sends_the_socket_away() -> None:
    """W-41: a project that moves drops what it is loading; the socket comes again instead of waiting for ever."""
    house = House(ONE)
    house.gate.clear()
    browser, multiplex = house.socket()
    browser.token(ONE)
    await turns()
    (entering,) = multiplex._entering
    entering.cancel()
    await turns()
    assert (browser.code, multiplex.documents) == (CloseCode.GOING_AWAY, 0)


async def test_the_rate_of_words_to_nobody_is_bounded() -> None:
    """W-41: messages no session counts are counted by the socket."""
    house = House(ONE)
    browser, _ = house.socket(Limits(messages_burst=3, messages_per_s=1_000))
    for _ in range(4):
        browser.says(ONE, bytes((Type.STATELESS,)) + var_string("x"))
    assert not browser.reading
    await until(lambda: browser.reading)
