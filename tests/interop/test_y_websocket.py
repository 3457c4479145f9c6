"""Stock clients, unmodified: yjs 13.6 and y-websocket 3.1 in Node against a room behind the real web server seam."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from collab.close_codes import CloseCode, reason_for
from collab.presence import User
from collab.room import Room
from collab.session import Access
from serve_app import seam
from serve_app.asgi_transport import open_transport
from tests.simulation.world import MemoryLog

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent
DOC = "scene:scn_interop1"
NODE_S_MAX = 90.0


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the clients installed; without it these tests are not run."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("node and npm are not on PATH")
    if not all((HERE / "node_modules" / each).exists() for each in ("yjs", "hocuspocus-3", "hocuspocus-4")):
        done = subprocess.run([npm, "ci", "--silent"], cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm ci failed: {done.stderr.strip()[-200:]}")
    return found


class Stage:
    """One room per document over logs in memory; the room can be thrown away and rebuilt from its log."""

    def __init__(self) -> None:
        self.logs: dict[str, MemoryLog] = {}
        self.rooms: dict[str, Room] = {}
        self.access: dict[str, Access] = {}

    async def endpoint(self, websocket: WebSocket) -> None:
        await websocket.accept()
        transport = open_transport(websocket)
        if websocket.query_params.get("token") != "secret":
            transport.close(CloseCode.UNAUTHENTICATED, reason_for(CloseCode.UNAUTHENTICATED))
        else:
            room = await self.room(websocket.path_params["doc"])
            name = websocket.query_params["name"]
            room.join(transport, name, self.access.get(name, Access.WRITE), User(name.lower(), name, "#336699"))
        await transport.serve()

    async def room(self, doc: str) -> Room:
        room = self.rooms.setdefault(doc, Room(doc, self.logs.setdefault(doc, MemoryLog())))
        await room.open()
        return room

    async def stop(self) -> None:
        for room in self.rooms.values():
            await room.close(CloseCode.GOING_AWAY)
        self.rooms.clear()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def serving(stage: Stage, port: int) -> AsyncIterator[None]:
    seam.install()
    app = Starlette(routes=[WebSocketRoute("/collab/{project}/{doc}", stage.endpoint)])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    running = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn offers no event)
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        await stage.stop()
        server.should_exit = True
        await running


async def run_node(node: str, script: str, *args: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(node, script, *args, cwd=HERE, stdin=pipe, stdout=pipe)


async def test_two_people_write_leave_return_and_outlive_a_restart(node: str) -> None:
    """W-20: converge, durable echo, presence, offline and back, restart from the log alone, newcomer."""
    stage, port = Stage(), free_port()
    url = f"ws://127.0.0.1:{port}/collab/prj_interop1"
    steps: list[dict[str, Any]] = []
    async with asyncio.timeout(NODE_S_MAX), serving(stage, port):
        process = await run_node(node, "two_clients.mjs", "--url", url, "--doc", DOC, "--token", "secret", "--restart")
        assert process.stdout is not None
        assert process.stdin is not None
        async for line in process.stdout:
            steps.append(json.loads(line))
            if "want" in steps[-1]:
                await stage.stop()
                process.stdin.write(b"done\n")
        assert await process.wait() == 0, steps[-1]
    assert [each["step"] for each in steps if "step" in each] == [
        "synced", "converged", "durable echo", "presence", "offline and back", "presence back", "restarted", "newcomer",
    ]  # fmt: skip
    room = await stage.room(DOC)
    assert room.text("script") == steps[-1]["text"]
    presence = next(each for each in steps if each.get("step") == "presence")
    assert presence["user"] == {"id": "ana", "name": "Ana", "color": "#336699"}


async def test_stop_codes_stop_stock_clients(node: str) -> None:
    """W-21: a wrong token and a write to a read-only document end reconnecting; others are unharmed."""
    stage, port = Stage(), free_port()
    stage.access["Reader"] = Access.READ
    url = f"ws://127.0.0.1:{port}/collab/prj_interop1"
    async with asyncio.timeout(NODE_S_MAX), serving(stage, port):
        process = await run_node(node, "refusals.mjs", "--url", url, "--doc", DOC, "--token", "secret")
        assert process.stdout is not None
        facts = json.loads(await process.stdout.readline())
        assert await process.wait() == 0
    assert facts["wrong token"] == {"code": 4401, "reason": "sign in first", "retries": False}
    assert facts["read only"] == {"code": 4403, "reason": "this document is read-only for you", "retries": False}
    assert facts["writer"] == {"connected": True, "text": "hello"}
    assert facts["reader saw"] == "hello"
