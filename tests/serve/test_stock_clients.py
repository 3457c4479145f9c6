"""Stock clients against the deployed stack, through the real ingress: yjs with y-websocket 3.0, 3.1 and 3.1.0-rc, and
Hocuspocus providers 3.4 and 4.8, all in Node.

The scripts are the ones that tests/interop runs against a bare room; here the room is wherever its owner is, and the
owner is killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.conftest import Stack, wait_until
from tests.interop.test_y_websocket import CLIENTS, node, run_node, talk
from tests.serve.stories import SCRIPT, owner, project_with_scene

pytestmark = pytest.mark.serve
__all__ = ["node"]
NODE_S_MAX = 120.0
STEPS = [
    "synced",
    "converged",
    "durable echo",
    "presence",
    "offline and back",
    "presence back",
    "restarted",
    "newcomer",
]
FRESH = "query($id: ID!) { scene(id: $id) { script(fresh: true) } }"


class Kill:
    """SIGKILL of the project's owner once everybody who takes part has asked for it."""

    def __init__(self, stack: Stack, project: str, parties: int) -> None:
        self._stack, self._project, self._awaited = stack, project, parties
        self._done = asyncio.Event()

    async def asked(self) -> None:
        self._awaited -= 1
        if self._awaited == 0:
            await asyncio.to_thread(kill_owner, self._stack, self._project)
            self._done.set()
        await self._done.wait()


def kill_owner(stack: Stack, project: str) -> None:
    """SIGKILL the process that holds the project, and return once another one holds it."""
    before = owner(stack, project)
    assert before is not None
    os.kill(before["pid"], signal.SIGKILL)

    def moved() -> bool:
        now = owner(stack, project)
        return now is not None and now["epoch"] > before["epoch"]

    wait_until(moved, 30, "another process holds the project")


def another_scene(stack: Stack, project: str) -> str:
    heading = SCRIPT.split("\n", 1)[0]
    made = stack.mutate("createScene", "scene { id }", projectId=project, heading=heading, script=SCRIPT)
    scene: str = made["scene"]["id"]
    return scene


async def test_w50_stock_clients_write_leave_return_and_outlive_the_owner(stack: Stack, node: str) -> None:
    """W-50: two unmodified y-websocket clients of each release converge on the deployed stack, see each other by name,
    get the durable echo, come back from offline, and reconnect by themselves when the owning process is killed; a
    newcomer has it all."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Stock")
    kill = Kill(stack, project, len(CLIENTS))
    url = f"ws://127.0.0.1:{stack.port}/collab/{project}"

    async def play(client: str, scene: str) -> None:
        options = ("--url", url, "--doc", f"scene:{scene}", "--token", stack.token, "--client", client)
        process = await run_node(node, "two_clients.mjs", *options, "--restart", "--seconds", "40")
        steps = await talk(process, {"restart": kill.asked})
        assert [each["step"] for each in steps] == STEPS
        presence = next(each for each in steps if each.get("step") == "presence")
        assert presence["user"]["name"] == "Ana"
        assert steps[-1]["text"].startswith("meanwhile ")
        answer = await asyncio.to_thread(stack.graphql, FRESH, id=scene)
        assert answer["scene"]["script"] == steps[-1]["text"]

    scenes = [scene, *[await asyncio.to_thread(another_scene, stack, project) for _ in range(len(CLIENTS) - 1)]]
    async with asyncio.timeout(NODE_S_MAX), asyncio.TaskGroup() as tasks:
        for client, each in zip(CLIENTS, scenes, strict=True):
            tasks.create_task(play(client, each))


async def hocuspocus(
    stack: Stack, node: str, scenario: str, provider: str, project: str, docs: list[str], **answers: Any
) -> list[dict[str, Any]]:
    url = f"ws://127.0.0.1:{stack.port}/collab/{project}"
    script = ("hocuspocus_clients.mjs", "--scenario", scenario, "--provider", provider, "--seconds", "40")
    process = await run_node(node, *script, "--url", url, "--docs", ",".join(docs), "--token", stack.token)
    wanted: dict[str, Callable[[], Awaitable[None]]] = answers
    return await talk(process, wanted)


@pytest.mark.parametrize("provider", ["3", "4"])
async def test_w76_hocuspocus_providers_write_leave_and_return(stack: Stack, node: str, provider: str) -> None:
    """W-76: unmodified providers through the ingress: one socket for two documents, converge, presence by name,
    offline and back, a document left and entered again at once, newcomer, refusals that end one document only."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Providers")
    docs = [f"scene:{scene}", f"notes:{scene}"]

    async def at_once() -> None: ...

    async with asyncio.timeout(NODE_S_MAX):
        facts = await hocuspocus(stack, node, "together", provider, project, docs, left=at_once)
        (refused,) = await hocuspocus(stack, node, "refusals", provider, project, [docs[0], "live"])
    assert [each["step"] for each in facts] == ["synced", "converged", "presence", "offline and back", "newcomer"]
    assert facts[0]["sockets"] == [1, 1]
    assert facts[2]["user"]["name"] == "Ana"
    assert refused["stranger"] == ["sign in first", False]
    assert refused["missing"] == ["no such document", False]
    assert refused["scopes"] == ["read-write", "readonly"]
    assert refused["unsaved"] == [0, 1]
    script = (await asyncio.to_thread(stack.graphql, FRESH, id=scene))["scene"]["script"]
    assert script == refused["ben"][0] == f"{facts[-1]['text']}allowed"


async def test_w76_hocuspocus_providers_outlive_the_owner(stack: Stack, node: str) -> None:
    """W-76: the owning process is killed under both providers; what was acknowledged and what was typed meanwhile is
    there for both, for a newcomer and in the API."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Providers killed")
    scenes = {"3": scene, "4": await asyncio.to_thread(another_scene, stack, project)}
    kill = Kill(stack, project, len(scenes))

    async def play(provider: str, scene: str) -> None:
        docs = [f"scene:{scene}", f"notes:{scene}"]
        (fact,) = await hocuspocus(stack, node, "outlive", provider, project, docs, restart=kill.asked)
        assert [fact["text"].count(word) for word in ("acknowledged ", "meanwhile ", "both ")] == [1, 1, 1]
        answer = await asyncio.to_thread(stack.graphql, FRESH, id=scene)
        assert answer["scene"]["script"] == fact["text"]

    async with asyncio.timeout(NODE_S_MAX), asyncio.TaskGroup() as tasks:
        for provider, each in scenes.items():
            tasks.create_task(play(provider, each))
