"""The whole of a recorded concurrent writing session on the deployed stack (W-78)."""

from __future__ import annotations

import asyncio
import random
import time

import pytest

from tests.conftest import Stack
from tests.serve.stories import project_with_scene
from tests.traces import Typist, load, replay

pytestmark = [pytest.mark.serve, pytest.mark.proof]


async def test_w78_friends_forever_ends_in_its_own_text(stack: Stack) -> None:
    """W-78: 26,078 keystrokes of two people through the ingress, each causally after what its author had seen, about
    a hundred lost connections; both, and the API, end with the text the trace ends with."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Friends forever")
    url = f"ws://127.0.0.1:{stack.port}/collab/{project}/scene:{scene}"
    trace = load()
    async with Typist(url, stack.token, "Ada") as ada, Typist(url, stack.token, "Bo") as bo:
        began = time.monotonic()
        outcome = await replay(trace, [ada, bo], random.Random(0), cuts=100, limit_s=480)
        print(f"{time.monotonic() - began:.1f} s, {outcome.cuts} cuts, {outcome.connections} connections")
        assert outcome.texts == [trace.end] * 2
        assert outcome.cuts > 50
    query = "query($id: ID!) { scene(id: $id) { script(fresh: true) } }"
    assert (await asyncio.to_thread(stack.graphql, query, id=scene))["scene"]["script"] == trace.end
