"""A locked scene and those who have it open: on the owner's host, through a tunnel, and on a multiplexed socket."""

from __future__ import annotations

import asyncio
import re

import pytest
from websockets.asyncio.client import connect

from actors.commands import Envelope, LockScene, UnlockScene
from collab import hocuspocus, wire
from collab.close_codes import CloseCode
from collab.hocuspocus import NOT_SAVED
from collab.lib0 import var_string
from tests.unit.serve_app.test_access_sockets import PLACES, S_MAX, Shared, ended, shared, typed, until
from tests.unit.serve_app.test_two_hosts import TOKEN, pair

pytestmark = pytest.mark.unit
__all__ = ["pair", "shared"]
WHO = re.compile(rb"this document is read-only for you: the scene was locked by the project's owner at 20\d\d-")


async def lock(shared: Shared, locked: bool) -> None:
    command = LockScene(shared.scene) if locked else UnlockScene(shared.scene)
    shared.keys += 1
    await shared.pair.commands.send(Envelope(shared.project, shared.scene, "owner", f"lock-{shared.keys}", command))


@PLACES
async def test_g210_a_lock_is_told_and_closes_who_writes_against_it(shared: Shared, place: str) -> None:
    """G-210 A-15: an open socket is told who locked the scene; a live edit ends it with 4403; unlocked, it is taken."""
    address = f"{shared.url(place, shared.script)}?token={TOKEN}"
    async with asyncio.timeout(S_MAX):
        async with connect(address) as ben:
            await ben.send(wire.sync_step1(b"\x00"))
            await until(ben, b"\x00\x01")
            await lock(shared, True)
            assert WHO.search(await until(ben, b"read-only"))
            await ben.send(wire.sync_update(typed("Against the lock.")))
            assert (await ended(ben))[0] == CloseCode.FORBIDDEN
        async with connect(address) as again:
            await again.send(wire.sync_update(typed("And again.")))
            assert (await ended(again))[0] == CloseCode.FORBIDDEN
            assert again.close_reason is not None
            assert WHO.match(again.close_reason.encode())
        await lock(shared, False)
        async with connect(address) as ben:
            await ben.send(wire.sync_step1(b"\x00"))
            await until(ben, b"\x00\x01")
            await ben.send(wire.sync_update(typed("Now it may.")))
            await until(ben, b"Now it may.")


@PLACES
async def test_g210_a_provider_that_counts_is_told_in_words(shared: Shared, place: str) -> None:
    """G-210: on a multiplexed socket the edit is not saved, and a message for the page says who and when."""
    await lock(shared, True)
    name = var_string(shared.script)
    async with asyncio.timeout(S_MAX), connect(shared.url(place)) as ben:
        await ben.send(name + bytes((hocuspocus.Type.AUTH, 0)) + var_string(TOKEN))
        await until(ben, b"readonly")
        await ben.send(name + wire.sync_step1(b"\x00"))
        await ben.send(name + wire.sync_update(typed("Against the lock.")))
        await until(ben, NOT_SAVED)
        assert WHO.search(await until(ben, b"read-only"))
