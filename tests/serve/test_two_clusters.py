"""Two Ray clusters on one PostgreSQL, as during a move or an upgrade, with people of one project on each."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from serve_app.lifecycle import instance, processes
from tests.conftest import Stack, start_stack, stop_stack
from tests.serve import replicas
from tests.serve.database import postgres
from tests.serve.load import are_together, check_closes, typing
from tests.serve.peer import Person
from tests.serve.stories import owner, project_with_scene

pytestmark = [pytest.mark.serve, pytest.mark.proof]

SECRET = "one-secret-of-both-clusters"
TYPE_S = 10.0
DEAD_S = 20.0


@pytest.fixture
def clusters(tmp_path: Path) -> Iterator[list[Stack]]:
    with postgres() as server:
        common = {"database_url": server.url, "cluster_secret": SECRET}
        running: list[Stack] = []
        try:
            for name in ("one", "two"):
                running.append(start_stack(tmp_path / name, settings=common))
            yield running
        finally:
            for stack in running:
                if stack.process.poll() is None:
                    stop_stack(stack)


def kill_whole(stack: Stack) -> None:
    """Every process of a cluster at once. Its ports refuse from then on; a machine without power is silent instead,
    and is waited for as long as its lease lasts, as for a stopped one (A-103)."""
    signs = instance.signs_of(stack.data_dir)
    os.kill(stack.process.pid, signal.SIGKILL)
    while pids := processes.belonging(signs):  # its raylet restarts what dies before it
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
    stack.process.wait(10)


async def test_a106_two_clusters_have_one_writer(clusters: list[Stack]) -> None:
    """A-106 A-107: a project open in both has one owner, people of both see each other's words; when the owner's
    cluster is gone whole, the other takes over, and who comes there has lost nothing."""
    one, two = clusters
    project, scene = await asyncio.to_thread(project_with_scene, one, "Two clusters")
    urls = {s.port: f"ws://127.0.0.1:{s.port}/collab/{project}/scene:{scene}" for s in clusters}
    async with (
        Person(urls[one.port], one.token, "Ada") as ada,
        Person(urls[two.port], two.token, "Bo") as bo,
    ):
        both = await replicas.hosts(one)
        assert len(both) == 4, "not all hosts of both clusters are in the directory"
        async with typing(ada, bo):
            await asyncio.sleep(TYPE_S)
        together_s = await are_together((ada, bo))
        assert await asyncio.to_thread(owner, one, project) == await asyncio.to_thread(owner, two, project)
        before = await asyncio.to_thread(owner, one, project)
        assert before is not None
        mine = set(processes.belonging(instance.signs_of(one.data_dir)))
        victim, survivor = (one, two) if before["pid"] in mine else (two, one)
        orphan, settled = (ada, bo) if victim is one else (bo, ada)
        began = time.monotonic()
        async with typing(ada, bo):
            await asyncio.to_thread(kill_whole, victim)
            orphan.url = urls[survivor.port]  # their name now leads to the other cluster
            word = f" <{settled.name}-after>"
            await settled.type(word)
            async with asyncio.timeout(DEAD_S):
                while word not in settled.acknowledged:
                    settled.changed.clear()
                    await settled.changed.wait()
            took_over_s = time.monotonic() - began
            await asyncio.sleep(1)
        await are_together((ada, bo))
        check_closes((ada, bo))
        after = await asyncio.to_thread(owner, survivor, project)
        assert after is not None
        assert after["epoch"] > before["epoch"]
    found = await replicas.rows(survivor, project)
    replicas.check_one_writer(found)
    print(
        f"\n{len(found)} rows, together {together_s:.2f} s after typing; taken over {took_over_s:.2f} s after the kill"
    )
