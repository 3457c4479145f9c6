"""Stock clients against the deployed stack: yjs and y-websocket in Node, through the real ingress (W-50).

The script is the one that tests/interop runs against a bare room; here the room is wherever its owner is, and the owner
is killed.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Stack, wait_until
from tests.serve.stories import owner, project_with_scene

pytestmark = pytest.mark.serve
HERE = ROOT / "tests" / "interop"
NODE_S_MAX = 90.0
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


@pytest.fixture(scope="module")
def clients(node: str) -> Path:
    """The folder with the stock clients installed."""
    if not (HERE / "node_modules" / "yjs").exists():
        npm = shutil.which("npm")
        if npm is None:
            pytest.skip("not run: npm is not on PATH")
        done = subprocess.run([npm, "ci", "--silent"], cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"not run: npm ci failed: {done.stderr.strip()[-200:]}")
    return HERE


def kill_owner(stack: Stack, project: str) -> None:
    """SIGKILL the process that holds the project, and return once another one holds it."""
    before = owner(stack, project)
    assert before is not None
    os.kill(before["pid"], signal.SIGKILL)

    def moved() -> bool:
        now = owner(stack, project)
        return now is not None and now["epoch"] > before["epoch"]

    wait_until(moved, 30, "another process holds the project")


async def test_w50_stock_clients_write_leave_return_and_outlive_the_owner(
    stack: Stack, node: str, clients: Path
) -> None:
    """W-50: two unmodified y-websocket clients converge on the deployed stack, see each other by name, get the durable
    echo, come back from offline, and reconnect by themselves when the owning process is killed; a newcomer
    has it all."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Stock")
    steps: list[dict[str, Any]] = []
    pipe = asyncio.subprocess.PIPE
    url = f"ws://127.0.0.1:{stack.port}/collab/{project}"
    process = await asyncio.create_subprocess_exec(
        *(node, "two_clients.mjs", "--url", url, "--doc", f"scene:{scene}", "--token", stack.token),
        *("--restart", "--seconds", "40"),
        cwd=clients,
        stdin=pipe,
        stdout=pipe,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    async with asyncio.timeout(NODE_S_MAX):
        async for line in process.stdout:
            steps.append(json.loads(line))
            if "want" in steps[-1]:
                await asyncio.to_thread(kill_owner, stack, project)
                process.stdin.write(b"done\n")
        assert await process.wait() == 0, steps[-1]
    assert [each["step"] for each in steps if "step" in each] == STEPS
    presence = next(each for each in steps if each.get("step") == "presence")
    assert presence["user"]["name"] == "Ana"
    assert steps[-1]["text"].startswith("meanwhile ")
    query = "query($id: ID!) { scene(id: $id) { script(fresh: true) } }"
    assert stack.graphql(query, id=scene)["scene"]["script"] == steps[-1]["text"]
