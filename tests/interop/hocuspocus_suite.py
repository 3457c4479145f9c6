"""The black-box part of Hocuspocus' own test suite against our rooms.

    python -m tests.interop.hocuspocus_suite CHECKOUT [--node NODE] [--only PATTERN]

CHECKOUT is a clone of github.com/ueberdosis/hocuspocus; nothing of it is kept here. Its tests start their server
through one helper, which a copy of them gets from us (`hocuspocus_suite.ts`): each test has a space of its own on the
server below, which is the real seam, `Multiplex` and `Room`s, and asks the test's hooks who may enter and what a
document starts with. Tests of hooks that have no counterpart on the wire report themselves as not applicable. Node 22
or newer is needed, and the registry, once.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import itertools
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from collab.close_codes import CloseCode, CollabError
from collab.limits import Limits
from collab.multiplex import Channel, Entered, Multiplex
from collab.presence import User
from collab.room import Room
from collab.session import Access
from serve_app import seam
from serve_app.asgi_transport import open_transport
from tests.ports import free_port
from tests.unit.collab.stage import HeldLog

NO_VERDICT = "it ended its file"
HELPER = Path(__file__).with_name("hocuspocus_suite.ts")
GROUPS = ("server", "provider", "providerwebsocket")
PACKAGES = {
    "@hocuspocus/common": "4.8.0",
    "@hocuspocus/provider": "4.8.0",
    "@hocuspocus/server": "4.7.0",
    "ava": "^7.0.0",
    "lib0": "^0.2.117",
    "mockdate": "^3.0.5",
    "redis": "^4.7.1",
    "sinon": "^12.0.1",
    "ws": "^8.21.0",
    "y-protocols": "^1.0.6",
    "yjs": "^13.6.29",
}
AVA = {
    "files": ["tests/**/*", "!tests/utils/**/*"],
    "extensions": {"ts": "module"},
    "require": ["./tests/utils/_force-exit.ts"],
    "nodeArguments": ["--no-warnings", "--experimental-transform-types"],
    "timeout": "10s",
    "workerThreads": False,
}


@dataclass
class Space:
    """What one test sees as its server. `Doors` of its sockets."""

    control: WebSocket
    doors: dict[str, asyncio.Lock] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    asked: dict[int, asyncio.Future[dict[str, Any]]] = field(default_factory=dict)
    numbers: Any = field(default_factory=itertools.count)

    async def ask(self, name: str, token: str) -> dict[str, Any]:
        """What the test's hooks say to this. Raises `CollabError` where they refuse."""
        number = next(self.numbers)
        self.asked[number] = asyncio.get_running_loop().create_future()
        question = {"ask": number, "doc": name, "token": token, "first": name not in self.rooms}
        try:
            await self.control.send_text(json.dumps(question))
        except WebSocketDisconnect:
            raise CollabError(CloseCode.NOT_FOUND) from None  # the test has ended, its page has not heard of it yet
        answer = await self.asked[number]
        if not answer["ok"]:
            raise CollabError(CloseCode.UNAUTHENTICATED)
        return answer

    async def enter(self, name: str, token: str, channel: Channel) -> Entered:
        if not name.strip():
            raise CollabError(CloseCode.NOT_FOUND)
        async with self.doors.setdefault(name, asyncio.Lock()):  # a document is loaded once
            answer = await self.ask(name, token)
            room = self.rooms.get(name)
            if room is None:
                update = base64.b64decode(answer["update"])
                room = self.rooms.setdefault(name, Room(name, HeldLog([update] if len(update) > 2 else [])))
                await room.open()
        access = Access.READ if answer["readOnly"] else Access.WRITE
        session = room.join(channel, "person", access, User("person", "", "#336699"), channel.framing)
        return Entered(lambda: None, session.can_write)


class Spaces:
    def __init__(self) -> None:
        self.spaces: dict[str, Space] = {}

    async def control(self, websocket: WebSocket) -> None:
        await websocket.accept()
        space = self.spaces[websocket.path_params["space"]] = Space(websocket)
        await websocket.send_text("{}")
        try:
            while True:
                answer = json.loads(await websocket.receive_text())
                asked = space.asked.pop(answer["ask"])
                if not asked.done():  # who asked may have hung up
                    asked.set_result(answer)
        except WebSocketDisconnect:
            for room in space.rooms.values():
                await room.close()

    async def collab(self, websocket: WebSocket) -> None:
        await websocket.accept()
        transport = open_transport(websocket)
        multiplex = Multiplex(transport, self.spaces[websocket.path_params["space"]], Limits())
        await transport.serve()
        multiplex.end()


def prepare(checkout: Path, folder: Path) -> None:
    for group in (*GROUPS, "utils"):
        shutil.copytree(checkout / "tests" / group, folder / "tests" / group)
    shutil.copy(HELPER, folder / "tests/utils/newHocuspocus.ts")
    package = {"type": "module", "private": True, "dependencies": PACKAGES, "ava": AVA}
    (folder / "package.json").write_text(json.dumps(package))


async def command(folder: Path, node: str, *arguments: str, **environment: str) -> str:
    path = f"{Path(node).parent}:/usr/local/bin:/usr/bin:/bin"
    process = await asyncio.create_subprocess_exec(
        *arguments,
        cwd=folder,
        env={**os.environ, "PATH": path, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return said.decode()


@dataclass(frozen=True, slots=True)
class Verdict:
    title: str
    result: str
    why: str


def verdicts(file: str, tap: str, notes: Path) -> list[Verdict]:
    """One for each test of the file that asked for a server."""
    noted = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    reasons = {each["title"]: each["why"] for each in reversed(noted) if "why" in each}
    found = {each["title"]: Verdict(f"{file}: {each['title']}", "failed", NO_VERDICT) for each in noted}
    parts = re.split(r"^(ok|not ok) \d+ - (.*)$", tap, flags=re.MULTILINE)
    for verdict, title, detail in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        if title in found:
            why = "" if verdict == "ok" else " ".join(detail.split())[:300]
            found[title] = Verdict(f"{file}: {title}", "passed" if verdict == "ok" else "failed", why)
    for title, why in reasons.items():
        found[title] = Verdict(f"{file}: {title}", "not applicable", why)
    return list(found.values())


async def suite(checkout: Path, node: str, only: str) -> list[Verdict]:
    seam.install()
    spaces, port = Spaces(), free_port()
    routes = [WebSocketRoute("/control/{space}", spaces.control), WebSocketRoute("/collab/{space}", spaces.collab)]
    config = uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    running = asyncio.ensure_future(server.serve())
    found: list[Verdict] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(checkout, folder)
        print(await command(folder, node, "npm", "install", "--silent", "--no-audit", "--no-fund"))
        ava = str(folder / "node_modules/ava/entrypoints/cli.mjs")
        for path in sorted(each for group in GROUPS for each in (folder / "tests" / group).glob(f"{only}.ts")):
            file = str(path.relative_to(folder / "tests"))
            notes = folder / f"{path.parent.name}-{path.stem}.notes"
            told = {"SUITE_SERVER": f"ws://127.0.0.1:{port}", "SUITE_NOTES": str(notes)}
            run = (node, ava, "--tap", f"tests/{file}")
            of_file = verdicts(file, await command(folder, node, *run, **told), notes)
            for lost in [each for each in of_file if each.why == NO_VERDICT]:  # another test's fault ended the file
                title = lost.title.partition(": ")[2]
                notes.unlink(missing_ok=True)
                alone = verdicts(file, await command(folder, node, *run, "--match", title, **told), notes)
                of_file[of_file.index(lost)] = next((each for each in alone if each.title == lost.title), lost)
            found += of_file
    server.should_exit = True
    await running
    return found


def report(found: list[Verdict]) -> None:
    for result in ("passed", "failed", "not applicable"):
        those = [each for each in found if each.result == result]
        print(f"\n{result}: {len(those)}")
        for each in those:
            print(f"  {each.title}  {each.why}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Hocuspocus' own tests against our rooms")
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--only", default="*", help="files to run, as a pattern of their names")
    parser.add_argument("--node", default=shutil.which("node") or "node")
    chosen = parser.parse_args()
    report(asyncio.run(suite(chosen.checkout, chosen.node, chosen.only)))
