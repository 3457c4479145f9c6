"""What a socket hears of epochs, at the owner and through a tunnel."""

from __future__ import annotations

import contextlib

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from collab import wire
from collab.close_codes import CloseCode
from tests.unit.serve_app.test_two_hosts import TOKEN, Pair, Served, pair

pytestmark = pytest.mark.unit
__all__ = ["pair"]


def socket(host: Served, project: str, scene: str, more: str) -> connect:
    return connect(f"ws://127.0.0.1:{host.port}/{project}/scene:{scene}?token={TOKEN}{more}", proxy=None)


async def frames_until_told(line: ClientConnection) -> int:
    """The epoch the server tells."""
    while True:
        frame = await line.recv()
        assert isinstance(frame, bytes)
        if frame[0] == wire.MESSAGE_EPOCH:
            return frame[1]


async def closed_with(line: ClientConnection) -> int | None:
    with contextlib.suppress(ConnectionClosed):
        async for frame in line:
            assert isinstance(frame, bytes)
            assert frame[0] != wire.MESSAGE_EPOCH
    return line.close_code


async def test_w72_an_epoch_is_told_to_who_asks_and_a_wrong_one_is_closed(pair: Pair) -> None:
    """W-72, W-71: at the owner and tunnelled; who does not ask hears nothing; at a renewal all are sent away."""
    project, scene = await pair.story()
    async with socket(pair.one, project, scene, "&epoch=") as here:
        assert await frames_until_told(here) == 1
        for host in (pair.one, pair.two):
            async with socket(host, project, scene, "&epoch=1") as known:
                assert await frames_until_told(known) == 1
            async with socket(host, project, scene, "&epoch=2") as wrong:
                assert await closed_with(wrong) == CloseCode.STALE_DOCUMENT
        async with socket(pair.two, project, scene, "") as stock:
            await stock.recv()  # it has joined
            asked = {"doc": f"scene:{scene}", "by": "owner", "key": "k"}
            renewed = await pair.commands.ask(project, "renew_document", asked)
            assert renewed["epoch"] == 2
            assert await closed_with(stock) == CloseCode.STALE_DOCUMENT
            assert await closed_with(here) == CloseCode.STALE_DOCUMENT
    async with socket(pair.two, project, scene, "&epoch=1") as late:
        assert await closed_with(late) == CloseCode.STALE_DOCUMENT
    async with socket(pair.one, project, scene, "&epoch=2") as again:
        assert await frames_until_told(again) == 2
