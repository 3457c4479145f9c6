"""Stock Hocuspocus providers 3.4 and 4.8, unmodified, in Node: against rooms whose commits a test can hold, and against
the real host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from collab.limits import Limits
from collab.multiplex import Channel, Entered, Multiplex
from collab.presence import User
from collab.room import Room
from collab.session import Access
from serve_app import seam
from serve_app.asgi_transport import open_transport
from serve_app.story_host import StoryHostCore
from tests.interop.test_y_websocket import NODE_S_MAX, HeldLog, free_port, node, run_node, talk
from tests.unit.serve_app.test_two_hosts import TOKEN, Pair, pair

pytestmark = pytest.mark.interop
__all__ = ["node", "pair"]
SCENE = "scene:scn_interop1"
providers = pytest.mark.parametrize("provider", ["3", "4"])


class Doors:
    """Every document exists and anybody may write it."""

    def __init__(self, room: Room, name: str) -> None:
        self._room, self._name = room, name

    async def enter(self, name: str, token: str, channel: Channel) -> Entered:
        user = User(self._name.lower(), self._name, "#336699")
        session = self._room.join(channel, self._name, Access.WRITE, user, channel.framing)
        return Entered(lambda: None, session.can_write)


@asynccontextmanager
async def serving(room: Room) -> AsyncIterator[str]:
    async def endpoint(websocket: WebSocket) -> None:
        await websocket.accept()
        transport = open_transport(websocket)
        multiplex = Multiplex(transport, Doors(room, websocket.query_params["name"]), Limits())
        await transport.serve()
        multiplex.end()

    seam.install()
    await room.open()
    port = free_port()
    app = Starlette(routes=[WebSocketRoute("/collab/{project}", endpoint)])
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    running = asyncio.ensure_future(server.serve())
    while not server.started:  # noqa: ASYNC110 (uvicorn offers no event)
        await asyncio.sleep(0.01)
    try:
        yield f"ws://127.0.0.1:{port}/collab/prj_interop1"
    finally:
        await room.close()
        server.should_exit = True
        await running


async def play(
    node: str, scenario: str, provider: str, answers: Mapping[str, Callable[[], Awaitable[None]]], *args: str
) -> list[dict[str, Any]]:
    """Run a scenario to its end; `answers` is what it may ask for."""
    script = ("hocuspocus_clients.mjs", "--scenario", scenario, "--provider", provider)
    return await talk(await run_node(node, *script, *args), answers)


@providers
async def test_the_save_light_turns_green_only_after_the_commit(node: str, provider: str) -> None:
    """W-42, W-43: unsaved while a commit is held, live and after being offline; exact counts, so green afterwards."""
    log = HeldLog()
    async with asyncio.timeout(NODE_S_MAX), serving(Room(SCENE, log)) as url:
        facts = await play(node, "honest", provider, log.answers(), "--url", url, "--docs", SCENE)
    live, back, last = facts
    assert live["held"] == 3
    assert live["seen"] == ""
    assert back["held"] == 2  # the step 2 with what was written offline, and the word typed since
    assert back["seen"] == "one two three"
    assert last == {"step": "saved"}


def at_home(pair: Pair, project: str) -> tuple[StoryHostCore, str]:
    """The host that has the project, and its address: nothing is handed over, so nobody has to come again."""
    host = pair.owner(project)
    assert host is not None
    return host.core, f"ws://127.0.0.1:{host.port}/{project}"


async def _documents(pair: Pair) -> tuple[str, str]:
    project, scene = await pair.story()
    return project, f"scene:{scene},notes:{scene}"


@providers
async def test_two_people_write_on_one_socket_each(node: str, provider: str, pair: Pair) -> None:
    """W-40, W-41: the real host, token in the auth message: converge, presence, offline, leave and return."""
    project, docs = await _documents(pair)
    host, url = at_home(pair, project)

    async def left() -> None:
        home = host.runtime.owned(project)
        assert home is not None
        room = await home.room(docs.split(",")[1])
        while room.sessions != 1:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async with asyncio.timeout(NODE_S_MAX):
        facts = await play(node, "together", provider, {"left": left}, "--url", url, "--docs", docs, "--token", TOKEN)
    assert facts[0] == {"step": "synced", "sockets": [1, 1], "scope": "read-write"}
    assert facts[1] == {"step": "converged", "apart": ["other document 0"]}
    assert facts[2] == {"step": "presence", "user": {"id": "owner", "name": "Ana", "color": "#336699"}}
    assert facts[3] == {"step": "offline and back", "sockets": [2, 1]}
    home = host.runtime.owned(project)
    assert home is not None
    assert (await home.room(docs.split(",")[0])).text("script") == facts[4]["text"]


async def test_a_document_twice_on_one_socket(node: str, pair: Pair) -> None:
    """W-41, W-42: session awareness and batched updates, as 4.x offers them; one twin leaves, the other stays."""
    project, docs = await _documents(pair)
    _, url = at_home(pair, project)
    async with asyncio.timeout(NODE_S_MAX):
        assert await play(node, "twins", "4", {}, "--url", url, "--docs", docs, "--token", TOKEN) == [
            {"sockets": 1, "ended": None}
        ]


async def test_a_multiplexed_socket_beside_the_owner_is_tunnelled_whole(node: str, pair: Pair) -> None:
    """W-48: two people on two hosts, one owner, one hop; all documents of the socket go through it."""
    project, docs = await _documents(pair)
    sessions: list[int] = []

    async def left() -> None:
        homes = [host.core.runtime.owned(project) for host in (pair.one, pair.two)]
        (home,) = [each for each in homes if each is not None]
        sessions.append((await home.room(docs.split(",")[0])).sessions)

    urls = [f"ws://127.0.0.1:{each.port}/{project}" for each in (pair.one, pair.two)]
    async with asyncio.timeout(NODE_S_MAX):
        facts = await play(
            node, "together", "4", {"left": left},
            "--url", urls[0], "--other", urls[1], "--docs", docs, "--token", TOKEN,
        )  # fmt: skip
    assert [each["step"] for each in facts] == ["synced", "converged", "presence", "offline and back", "newcomer"]
    assert sessions == [2]  # one owner, and both people are in its room


@providers
async def test_refusals_are_said_and_end_one_document_only(node: str, provider: str, pair: Pair) -> None:
    """W-41, W-45, W-46: wrong token, unknown document, and `live`, which clients may only read."""
    project, docs = await _documents(pair)
    _, url = at_home(pair, project)
    async with asyncio.timeout(NODE_S_MAX):
        documents = docs.split(",")[0] + ",live"
        facts = await play(node, "refusals", provider, {}, "--url", url, "--docs", documents, "--token", TOKEN)
    assert facts == [
        {
            "stranger": ["sign in first", False],
            "missing": ["no such document", False],
            "sockets": 1,
            "scopes": ["read-write", "readonly"],
            "unsaved": [0, 1],
            "ben": ["INT. ATTIC - NIGHT\n\nallowed", ""],
        }
    ]


def test_the_providers_are_the_ones_the_facts_are_about() -> None:
    """W-40: what `package.json` pins is what the tests ran with."""
    root = Path(__file__).parent
    pinned = json.loads((root / "package.json").read_text())["dependencies"]
    assert [pinned[f"hocuspocus-{n}"].rpartition("@")[2][:3] for n in (3, 4)] == ["3.4", "4.8"]
