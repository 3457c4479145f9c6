"""The owner is killed again and again while people type: what must hold after each kill, on any database."""

from __future__ import annotations

import asyncio
import os
import signal

from tests.conftest import Stack
from tests.serve.peer import Person
from tests.serve.stories import owner, project_with_scene


async def kill_again_and_again(stack: Stack, kills: int) -> str:
    """After each kill both people are back, everything acknowledged is there once, and the texts are equal. Returns the
    figures."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Fifty kills")
    url = f"ws://127.0.0.1:{stack.port}/collab/{project}/scene:{scene}"
    slowest_s = 0.0
    async with Person(url, stack.token, "Ada") as ada, Person(url, stack.token, "Bo") as bo:
        for round_ in range(kills):
            for n in range(5):
                await ada.type(f" <a{round_:03d}.{n}>")
                await bo.type(f" <b{round_:03d}.{n}>")
            victim = await asyncio.to_thread(owner, stack, project)
            if victim is not None:
                os.kill(victim["pid"], signal.SIGKILL)
            began = asyncio.get_running_loop().time()
            await ada.type(f" <a{round_:03d}.x>")
            await ada.until_acknowledged(60)
            await bo.until_acknowledged(60)
            slowest_s = max(slowest_s, asyncio.get_running_loop().time() - began)
            words = [*ada.typed, *bo.typed]
            await ada.until(lambda words=words: all(word in str(ada.text) for word in words))
            await bo.until(lambda words=words: all(word in str(bo.text) for word in words))
            assert str(ada.text) == str(bo.text)
            assert all(str(ada.text).count(word) == 1 for word in words)
    return f"{kills} kills, slowest return {slowest_s:.2f} s, epoch {(owner(stack, project) or {}).get('epoch')}"
