"""A host that is stopped past its lease and wakes: what must hold, on any database."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from functools import partial

from tests.conftest import Stack
from tests.serve import replicas
from tests.serve.peer import Person
from tests.serve.stories import owner, project_with_scene


async def until(fact: Callable[[], Awaitable[bool]], timeout_s: float) -> float:
    """Seconds until the fact holds, in another process."""
    began = time.monotonic()
    async with asyncio.timeout(timeout_s):
        while not await fact():  # noqa: ASYNC110 (a fact in another process)
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def _free(stack: Stack, project: str) -> bool:
    return await asyncio.to_thread(owner, stack, project) is None


async def _survivor_of(stack: Stack, pid: int) -> bool:
    return any(host.pid != pid for host in await replicas.hosts(stack))


async def sleeps_past_its_lease(stack: Stack, title: str) -> dict[str, float]:
    """Stop the owner, let another claim and people type there, wake it; then all are together again, and it wrote
    nothing. Returns how long what took."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, title)
    path = f"/collab/{project}/scene:{scene}"
    async with (
        Person(f"ws://127.0.0.1:{stack.port}{path}", stack.token, "Ada") as ada,
        Person(f"ws://127.0.0.1:{stack.port}{path}", stack.token, "Bo") as bo,
    ):
        for n in range(10):
            await ada.type(f" <a{n:03d}>")
            await bo.type(f" <b{n:03d}>")
        await ada.until_acknowledged()
        await bo.until_acknowledged()
        before = await asyncio.to_thread(owner, stack, project)
        assert before is not None
        await until(partial(_survivor_of, stack, before["pid"]), 60)
        other = next(host for host in await replicas.hosts(stack) if host.pid != before["pid"])
        ada.close_codes.clear()
        bo.close_codes.clear()
        os.kill(before["pid"], signal.SIGSTOP)
        try:
            await ada.type(" <queued>")  # taken by the kernel of the zombie: what it reads first when it wakes
            took = {"the lease ends": await until(partial(_free, stack, project), 30)}
            began = time.monotonic()
            cy = Person(f"ws://127.0.0.1:{replicas.door(other)}{path}", stack.token, "Cy")
            async with cy:
                await cy.type(" <c000>")
                await cy.until_acknowledged()
            took["another claims and commits"] = time.monotonic() - began
            claimed = await asyncio.to_thread(owner, stack, project)
            assert claimed is not None
            assert (claimed["pid"], claimed["epoch"]) == (other.pid, before["epoch"] + 1)
            assert replicas.state_of(before["pid"]) == "T"
        finally:
            began = time.monotonic()
            os.kill(before["pid"], signal.SIGCONT)
        await bo.type(" <b010>")
        words = [*ada.typed, *bo.typed, *cy.typed]
        for each in (ada, bo):
            await each.until_acknowledged(60)
            await each.until(lambda each=each: all(word in str(each.text) for word in words), 60)
        took["all are back"] = time.monotonic() - began
        assert str(ada.text) == str(bo.text)
        assert all(str(ada.text).count(word) == 1 for word in words)
    assert replicas.state_of(before["pid"]) not in ("", "T", "Z"), "the zombie lives, and is no owner"
    for each in (ada, bo):
        assert each.close_codes[0] in range(4500, 4600), f"{each.name} was closed with {each.close_codes}"
    found = await replicas.rows(stack, project)
    replicas.check_one_writer(found)
    late = [row for row in found if b"<queued>" in row.body]
    assert [row.epoch > before["epoch"] for row in late] == [True], "a zombie wrote"
    return took
