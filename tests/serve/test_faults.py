"""The worst minute: the owning process is killed while people type and a film renders (A-30, R-01, G-01)."""

from __future__ import annotations

import asyncio
import os
import signal
from typing import Any

import pytest

from tests.conftest import Stack, wait_until
from tests.serve.peer import Person
from tests.serve.stories import owner, project_with_scene

pytestmark = pytest.mark.serve


def job(stack: Stack, id: str) -> dict[str, Any]:
    fields = "state stage progress message panels { id } take { id videoUrl durationS } error { code message }"
    found = stack.graphql(f"query($id: ID!) {{ job(id: $id) {{ {fields} }} }}", id=id)["job"]
    assert found["state"] != "FAILED", found["error"]
    return found


async def test_a30_a_killed_owner_loses_no_acknowledged_edit_and_the_job_ends_with_one_take(stack: Stack) -> None:
    """A-30: whatever was acknowledged before a `kill -9` is there after it; both people reconnect and converge; a job
    goes on from its last step."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Killed")
    url = f"ws://127.0.0.1:{stack.port}/collab/{project}/scene:{scene}"
    async with Person(url, stack.token, "Ada") as ada, Person(url, stack.token, "Bo") as bo:
        for n in range(20):
            await ada.type(f" <ada{n:03d}>")
            await bo.type(f" <bo{n:03d}>")
        await ada.until_acknowledged()
        await bo.until_acknowledged()
        made = await asyncio.to_thread(stack.mutate, "generateScene", "job { id }", sceneId=scene, autoPick=True)
        job_id = made["job"]["id"]
        await asyncio.to_thread(
            wait_until, lambda: job(stack, job_id)["stage"] == "VIDEO_GENERATION", 60, "the film is being drawn"
        )
        before = owner(stack, project)
        assert before is not None
        for n in range(20, 40):
            await ada.type(f" <ada{n:03d}>")
            await bo.type(f" <bo{n:03d}>")
        acknowledged = ada.acknowledged | bo.acknowledged
        os.kill(before["pid"], signal.SIGKILL)
        for n in range(40, 60):
            await ada.type(f" <ada{n:03d}>")
            await bo.type(f" <bo{n:03d}>")
        await ada.until_acknowledged(40)
        await bo.until_acknowledged(40)
        everything = [*ada.typed, *bo.typed]
        await ada.until(lambda: all(word in str(ada.text) for word in everything))
        await bo.until(lambda: all(word in str(bo.text) for word in everything))
        assert str(ada.text) == str(bo.text)
        assert all(str(ada.text).count(word) == 1 for word in everything)
        assert all(word in str(ada.text) for word in acknowledged)
        assert ada.connections >= 2
        after = owner(stack, project)
        assert after is not None
        assert after["pid"] != before["pid"]
        assert after["epoch"] > before["epoch"]
    done = await asyncio.to_thread(
        wait_until,
        lambda: (found := job(stack, job_id))["state"] == "FINAL_READY" and found,
        120,
        "the job ends after its owner was killed",
    )
    assert done["take"]["durationS"] > 1
    takes = stack.graphql("query($id: ID!) { scene(id: $id) { takes { id } script } }", id=scene)["scene"]
    assert [take["id"] for take in takes["takes"]] == [done["take"]["id"]]
    assert all(word in takes["script"] for word in everything)


async def test_a31_a_command_answered_before_the_kill_is_there_after_it_and_its_retry_is_the_same(stack: Stack) -> None:
    """A-31: a stored answer outlives its owner: the retry of a mutation with its key gets the same ids."""
    project, _ = await asyncio.to_thread(project_with_scene, stack, "Replayed")
    key = stack.key()
    fields = {"projectId": project, "heading": "EXT. PIER - DAY", "idempotencyKey": key}
    first = stack.mutate("createScene", "scene { id }", **fields)
    victim = owner(stack, project)
    assert victim is not None
    os.kill(victim["pid"], signal.SIGKILL)
    again = await asyncio.to_thread(stack.mutate, "createScene", "scene { id }", **fields)
    assert again == first
    scenes = stack.graphql("query($id: ID!) { project(id: $id) { scenes { id } } }", id=project)["project"]["scenes"]
    assert len(scenes) == 2
