"""The typing client of the fault tests sends as stock y-websocket does: from the moment its socket is open.

Held here because every "nothing was lost" of the fault tests rests on it: a client that swallows a word between two
messages of the handshake looks exactly like a server that lost one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.asyncio.server import ServerConnection, serve

from tests.serve.peer import STEP_1, STEP_2, UPDATE, Person, read_var_bytes, var_bytes
from tests.serve.rolling import Stock

pytestmark = pytest.mark.unit
EMPTY = b"\x00\x00"


class Room:
    """A server that keeps its step 2 back until it is let, as a busy one does; it confirms by echo."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("script", type=Text)
        self.answered, self.goes_on = asyncio.Event(), asyncio.Event()

    async def talk(self, socket: ServerConnection) -> None:
        await socket.send(STEP_1 + var_bytes(self.doc.get_state()))
        sender: asyncio.Task[None] | None = None
        async for frame in socket:
            assert isinstance(frame, bytes)
            if frame[:2] == STEP_1:
                sender = asyncio.create_task(self._step_2(socket))
            else:
                self.doc.apply_update(read_var_bytes(frame[2:]))
                if frame[:2] == STEP_2:
                    self.answered.set()
                else:
                    await socket.send(UPDATE + frame[2:])
        if sender is not None:
            sender.cancel()

    async def _step_2(self, socket: ServerConnection) -> None:
        await self.goes_on.wait()
        await socket.send(STEP_2 + var_bytes(EMPTY))


@pytest.mark.parametrize("kind", [Person, Stock])
async def test_a_word_between_the_two_steps_is_sent(kind: type[Person]) -> None:
    """Typed after the client has told what it has and before the server's answer came: sent, and acknowledged."""
    room = Room()
    async with serve(room.talk, "127.0.0.1", 0) as server:
        ada = kind(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", "token", "Ada")
        entering = asyncio.create_task(ada.__aenter__())
        await room.answered.wait()
        await ada.type(" between")
        room.goes_on.set()
        await entering
        await ada.until_acknowledged(5)
        assert str(room.text) == " between"
        await ada.__aexit__(None, None, None)


async def test_a_client_that_waits_in_vain_says_where_it_stands() -> None:
    """What a failed wait prints: socket, connections and closes, and which words are missing."""
    room = Room()
    room.goes_on.set()
    async with serve(room.talk, "127.0.0.1", 0) as server:
        ada = Person(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}", "token", "Ada")
        await ada.__aenter__()
        ada.typed.append(" never sent")
        with pytest.raises(TimeoutError) as failed:
            await ada.until_acknowledged(0.01)
        await ada.__aexit__(None, None, None)
    told = str(failed.value)
    assert "Ada: socket OPEN, synced, 1 connections, closes []" in told
    assert "not acknowledged: 1 (numbers [0]: [' never sent'])" in told
