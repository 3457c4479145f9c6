"""A Hocuspocus socket before its token: on a real host, with nothing looked up until somebody is known."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collab import hocuspocus, wire
from collab.close_codes import CloseCode
from collab.hocuspocus import Type
from collab.lib0 import var_string
from serve_app import seam
from serve_app.config import Settings
from tests.unit.serve_app.test_two_hosts import SECRET, TOKEN, Pair, Served, pair

pytestmark = pytest.mark.unit
__all__ = ["pair"]
NOBODYS = "prj_doesnotexist"
S_MAX = 20.0


def token_for(name: str, token: str = TOKEN) -> bytes:
    return var_string(name) + bytes((Type.AUTH, 0)) + var_string(token)


async def closed_with(socket: ClientConnection) -> int | None:
    try:
        while True:
            await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd is not None else None


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Served]:
    seam.install()
    host = Served(Settings.from_args({"data_dir": str(tmp_path), "owner_token": TOKEN, "cluster_secret": SECRET}, {}))
    await host.start()
    yield host
    await host.stop()


async def test_nothing_is_looked_up_before_a_token_holds(host: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """W-46: a wrong token is denied without a look; the first that holds is, and the project does not exist."""
    looked_up: list[str] = []
    exists = host.core.exists

    async def spy(project: str) -> bool:
        looked_up.append(project)
        return await exists(project)

    monkeypatch.setattr(host.core, "exists", spy)
    async with asyncio.timeout(S_MAX), connect(f"ws://127.0.0.1:{host.port}/{NOBODYS}") as socket:
        await socket.send(token_for("outline", "wrong"))
        denied = await socket.recv()
        assert denied == var_string("outline") + hocuspocus.permission_denied("sign in first")
        assert looked_up == []
        await socket.send(token_for("outline"))
        assert await closed_with(socket) == CloseCode.NOT_FOUND
        assert looked_up == [NOBODYS]


async def test_unauthenticated_bytes_and_seconds_are_bounded(host: Served) -> None:
    """W-46: both close 4401, and text or junk 4400."""
    url = f"ws://127.0.0.1:{host.port}/{NOBODYS}"
    host.core._sockets._limits = limits = type(host.core._rooms)(
        unauthenticated_bytes_max=100, unauthenticated_s_max=0.05
    )
    async with asyncio.timeout(S_MAX):
        async with connect(url) as silent:
            assert await closed_with(silent) == CloseCode.UNAUTHENTICATED
        async with connect(url) as loud:
            await loud.send(var_string("outline") + wire.sync_update(bytes(limits.unauthenticated_bytes_max)))
            assert await closed_with(loud) == CloseCode.UNAUTHENTICATED
        async with connect(url) as confused:
            await confused.send(b"\xff\xff")
            assert await closed_with(confused) == CloseCode.MALFORMED


@pytest.mark.parametrize("proof", ["message", "query", "bearer"])
async def test_the_ways_to_prove_who_one_is(pair: Pair, proof: str) -> None:
    """W-46: the auth message, the address or the header; a wrong one is not rescued by a good one."""
    project, scene = await pair.story()
    url = f"ws://127.0.0.1:{pair.one.port}/{project}" + (f"?token={TOKEN}" if proof == "query" else "")
    headers = {"Authorization": f"Bearer {TOKEN}"} if proof == "bearer" else {}
    name = f"scene:{scene}"
    async with asyncio.timeout(S_MAX), connect(url, additional_headers=headers) as socket:
        await socket.send(var_string(name) + wire.sync_step1(b"\x00"))  # before its token: kept
        await socket.send(token_for(name, TOKEN if proof == "message" else ""))
        heard = [await socket.recv(decode=False) for _ in range(3)]
        prefix = var_string(name)
        assert heard[0] == prefix + hocuspocus.authenticated(writes=True)
        assert [each[len(prefix) : len(prefix) + 2] for each in heard[1:]] == [b"\x00\x01", b"\x00\x00"]
        await socket.send(token_for("outline", "wrong"))
        while (answer := await socket.recv())[:8] != var_string("outline"):
            pass
        assert answer == var_string("outline") + hocuspocus.permission_denied("sign in first")
