"""Stock clients, unmodified: yjs 13.6 and y-websocket 3.0, 3.1 and 3.1.0-rc (with its save light) in Node, against a
room behind the real web server seam."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from collab.close_codes import CloseCode, reason_for
from collab.ports import Entry
from collab.presence import User
from collab.room import Room
from collab.session import Access
from serve_app import seam
from serve_app.asgi_transport import open_transport
from tests.unit.collab import stage as rooms

pytestmark = pytest.mark.interop
HERE = Path(__file__).parent
DOC = "scene:scn_interop1"
NODE_S_MAX = 90.0
CLIENTS = {"y-websocket": "3.1", "y-websocket-3.0": "3.0", "y-websocket-rc": "3.1.0-rc"}
"""Where `package.json` keeps each release -> what the facts in docs and tests call it."""
INSTALLED = ("yjs", "hocuspocus-3", "hocuspocus-4", "y-indexeddb", *CLIENTS)
clients = pytest.mark.parametrize("client", CLIENTS)


@pytest.fixture(scope="session")
def node() -> str:
    """Node with the clients installed; without it these tests are not run."""
    found, npm = shutil.which("node"), shutil.which("npm")
    if found is None or npm is None:
        pytest.skip("node and npm are not on PATH")
    if not all((HERE / "node_modules" / each).exists() for each in INSTALLED):
        done = subprocess.run([npm, "ci", "--silent"], cwd=HERE, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"npm ci failed: {done.stderr.strip()[-200:]}")
    return found


class HeldLog(rooms.HeldLog):
    """A log in memory whose commits a script may hold."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = asyncio.Event()

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[int]:
        if self.held:
            self.waits.set()
        return super().append(entries)

    def answers(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What a script may ask of it: hold commits, tell when one waits, release them."""

        async def hold() -> None:
            self.waits.clear()
            self.held = True

        async def waiting() -> None:
            await self.waits.wait()

        async def release() -> None:
            self.held = False
            while self.waiting:
                self.release()

        return {"hold": hold, "waiting": waiting, "release": release}


class Stage:
    """One room per document over logs in memory; the room can be thrown away and rebuilt from its log."""

    def __init__(self) -> None:
        self.logs: dict[str, HeldLog] = {}
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
        room = self.rooms.setdefault(doc, Room(doc, self.logs.setdefault(doc, HeldLog())))
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


async def talk(
    process: asyncio.subprocess.Process, answers: Mapping[str, Callable[[], Awaitable[None]]]
) -> list[dict[str, Any]]:
    """Follow a script to its end; `answers` is what it may ask for. Returns the facts it told."""
    assert process.stdout is not None
    assert process.stdin is not None
    facts: list[dict[str, Any]] = []
    try:
        async for line in process.stdout:
            facts.append(json.loads(line))
            if "want" in facts[-1]:
                await answers[facts.pop()["want"]]()
                process.stdin.write(b"done\n")
        assert await process.wait() == 0, facts
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return facts


async def run_node(node: str, script: str, *args: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(node, script, *args, cwd=HERE, stdin=pipe, stdout=pipe)


async def test_two_people_write_leave_return_and_outlive_a_restart(node: str) -> None:
    """W-20: converge, durable echo, presence, offline and back, restart from the log alone, newcomer. R-32: whoever was
    away sees the others at once, after a restart too."""
    async with asyncio.timeout(NODE_S_MAX), asyncio.TaskGroup() as tasks:
        for client in CLIENTS:
            tasks.create_task(_write_leave_return_and_outlive(node, client))


async def _write_leave_return_and_outlive(node: str, client: str) -> None:
    stage, port = Stage(), free_port()
    url = f"ws://127.0.0.1:{port}/collab/prj_interop1"
    async with serving(stage, port):
        options = ("--url", url, "--doc", DOC, "--token", "secret", "--client", client)
        steps = await talk(await run_node(node, "two_clients.mjs", *options, "--restart"), {"restart": stage.stop})
    assert [each["step"] for each in steps] == [
        "synced", "converged", "durable echo", "presence", "offline and back", "presence back", "restarted", "newcomer",
    ]  # fmt: skip
    room = await stage.room(DOC)
    assert room.text("script") == steps[-1]["text"]
    presence = next(each for each in steps if each["step"] == "presence")
    assert presence["user"] == {"id": "ana", "name": "Ana", "color": "#336699"}


@clients
async def test_stop_codes_stop_stock_clients(node: str, client: str) -> None:
    """W-21: a wrong token and a write to a read-only document are refused, with others unharmed; 3.1.0 gives up as the
    code says. The releases before it knew no final codes: they come again and are refused again."""
    stage, port = Stage(), free_port()
    stage.access["Reader"] = Access.READ
    url = f"ws://127.0.0.1:{port}/collab/prj_interop1"
    async with asyncio.timeout(NODE_S_MAX), serving(stage, port):
        options = ("--url", url, "--doc", DOC, "--token", "secret", "--client", client)
        (facts,) = await talk(await run_node(node, "refusals.mjs", *options), {})
    retries = client != "y-websocket"
    assert facts["wrong token"] == {"code": 4401, "reason": "sign in first", "retries": retries}
    assert facts["read only"] == {"code": 4403, "reason": "this document is read-only for you", "retries": retries}
    assert facts["writer"] == {"connected": True, "text": "hello"}
    assert facts["reader saw"] == "hello"


async def test_the_light_of_sync_status_turns_green_only_after_the_commit(node: str) -> None:
    """W-75: edits, a deletion alone and what was written offline stay unsaved while their commit is held."""
    stage, port, log = Stage(), free_port(), HeldLog()
    stage.logs[DOC] = log
    url = f"ws://127.0.0.1:{port}/collab/prj_interop1"
    async with asyncio.timeout(NODE_S_MAX), serving(stage, port):
        facts = await talk(
            await run_node(node, "sync_status.mjs", "--url", url, "--doc", DOC, "--token", "secret"), log.answers()
        )
    typed, deleted, offline, last = facts
    assert set(typed["told"]) == {False}
    assert [each["saved"] for each in (typed, deleted, offline)] == [False] * 3
    assert "green" not in {each["held"] for each in (typed, deleted, offline)}
    assert [each["seen"] for each in (typed, deleted, offline)] == ["", "one two three", "two three"]
    assert last == {"step": "saved"}


def test_the_clients_are_the_ones_the_facts_are_about() -> None:
    """W-20: what `package.json` pins is what the tests ran with."""
    pinned = json.loads((HERE / "package.json").read_text())["dependencies"]
    versions = {name: pinned[name].rpartition("@")[2].lstrip("~") for name in CLIENTS}
    assert all(versions[name].startswith(wanted) for name, wanted in CLIENTS.items())
