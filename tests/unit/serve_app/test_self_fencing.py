"""A host that did not run for longer than its lease: what it does first when it runs again. Time is turned by hand; no
timer of the host runs between the turn and the frames that waited for it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from actors.runtime.clock import MachineClock
from collab.lib0 import var_bytes, varuint
from serve_app.peers.faults import FaultError
from tests.unit.serve_app.test_two_hosts import TOKEN, Pair, two_hosts

pytestmark = pytest.mark.unit

STEP_1, STEP_2, UPDATE, AWARENESS = b"\x00\x00", b"\x00\x01", b"\x00\x02", b"\x01"


class Jumping(MachineClock):
    """Every host's boot clock; `slept_ms` is what the process slept without knowing."""

    slept_ms = 0

    def now_ms(self) -> int:
        return super().now_ms() + Jumping.slept_ms


@pytest.fixture
async def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Pair]:
    monkeypatch.setattr("serve_app.story_host.MachineClock", Jumping)
    monkeypatch.setattr(Jumping, "slept_ms", 0)
    async with two_hosts(tmp_path, lease_ttl_ms=60_000) as pair:
        yield pair


def presence(client: int, name: str, clock: int) -> bytes:
    state = json.dumps({"user": {"name": name}}).encode()
    return AWARENESS + var_bytes(varuint(1) + varuint(client) + varuint(clock) + var_bytes(state))


def typed(word: str) -> bytes:
    doc: Doc[Any] = Doc()
    doc.get("script", type=Text).insert(0, word)
    return UPDATE + var_bytes(doc.get_update())


def socket(pair: Pair, project: str, scene: str) -> connect:
    url = f"ws://127.0.0.1:{pair.one.port}/{project}/scene:{scene}"
    return connect(url, additional_headers={"Authorization": f"Bearer {TOKEN}"})


async def joined(one: ClientConnection) -> None:
    await one.send(STEP_1 + var_bytes(b"\x00"))
    async with asyncio.timeout(10):
        async for frame in one:
            assert isinstance(frame, bytes)
            if frame[:2] == STEP_1:
                await one.send(STEP_2 + var_bytes(b"\x00\x00"))
            elif frame[:2] == STEP_2:
                return


async def rest(one: ClientConnection) -> tuple[list[bytes], int | None]:
    """Everything it still gets, and the code it was closed with."""
    frames: list[bytes] = []
    try:
        async with asyncio.timeout(10):
            async for frame in one:
                assert isinstance(frame, bytes)
                frames.append(frame)
    except ConnectionClosed:
        pass
    return frames, one.close_code


async def test_a66_frames_that_waited_are_neither_taken_in_nor_shown(both: Pair) -> None:
    """A-66: the first frame after the sleep finds the end of the lease: everybody is closed with a retry code, nobody
    sees a presence or an edit, and the edit is not in the log."""
    project, scene = await both.story()
    async with socket(both, project, scene) as ada, socket(both, project, scene) as bo:
        await joined(ada)
        await joined(bo)
        await bo.send(presence(7, "bo", 1))
        async with asyncio.timeout(10):
            while b"bo" not in bytes(await ada.recv()):
                pass
        head = await both.one.core.ledger.head(project)
        Jumping.slept_ms = 60_000
        await bo.send(presence(7, "zombie", 2))
        await bo.send(typed("zombie"))
        (to_ada, ada_code), (to_bo, bo_code) = await asyncio.gather(rest(ada), rest(bo))
        assert (ada_code, bo_code) == (4509, 4509)
        assert not [frame for frame in (*to_ada, *to_bo) if b"zombie" in frame]
        assert await both.one.core.ledger.head(project) == head
        assert both.one.core.runtime.homes == ()


@pytest.mark.parametrize("how", ["join", "read", "command"])
async def test_a66_nothing_is_answered_from_memory(both: Pair, how: str) -> None:
    """A-66: a join, a read of the script and a command that waited find no home: none of them is told what was."""
    project, scene = await both.story()
    async with socket(both, project, scene) as ada:
        await joined(ada)
        await ada.send(typed("before"))
        async with asyncio.timeout(10):
            while b"before" not in bytes(await ada.recv()):
                pass
        core = both.one.core
        asked = {"home": project, "scene": scene}
        assert "before" in (await core._scene_text(asked))["text"]
        assert core.runtime.owned(project) is not None
        Jumping.slept_ms = 60_000
        if how == "join":
            async with socket(both, project, scene) as late:
                await late.send(STEP_1 + var_bytes(b"\x00"))
                frames, code = await rest(late)
            assert frames == []
            assert code is not None
            assert code >= 4500
        elif how == "read":
            assert await core._scene_text(asked) == {"held": False, "text": None}
            assert await core._scene_carets(asked) == {"held": False, "carets": []}
        else:
            body = {**asked, "doc": f"scene:{scene}", "by": "owner"}
            with pytest.raises(FaultError) as caught:
                await core._peers.call(core.runtime.lease.row.peer, "proposals", body)
            assert caught.value.code == "HOME_LOST"
        assert (await rest(ada))[1] == 4509


async def test_a66_a_timer_that_was_due_shows_nothing(both: Pair) -> None:
    """A-66: a presence that waited for its tick when the process stopped is not sent when it wakes."""
    project, scene = await both.story()
    async with socket(both, project, scene) as ada:
        await joined(ada)
        home = both.one.core.runtime.owned(project)
        assert home is not None
        room = await home.room(f"scene:{scene}")
        room.set_server_presence({"zombie": True})
        Jumping.slept_ms = 60_000
        frames, code = await rest(ada)
        assert code == 4509
        assert not [frame for frame in frames if b"zombie" in frame]


async def test_a66_it_begins_anew_by_itself(both: Pair) -> None:
    """A-66: the lease comes back with the next beat, and people with it; nothing acknowledged is missing."""
    project, scene = await both.story()
    async with both.one.person(project, scene, "ada") as ada:
        await ada.type("kept")
        await ada.until_acknowledged()
        epoch = both.one.core.runtime.owned(project).epoch  # type: ignore[union-attr]
        Jumping.slept_ms = 60_000
        assert not both.one.core.runtime.lease.holds()
        await both.one.core.runtime.lease.beat()
        await ada.until(lambda: ada.connections >= 2 and ada.synced.is_set())
        assert both.one.core.runtime.owned(project).epoch > epoch  # type: ignore[union-attr]
        assert "kept" in str(ada.text)
