"""Two StoryHosts on one ledger, each behind a real web server: who owns, who tunnels, who takes over."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn

from actors.commands import CreateProject, CreateScene, Envelope
from actors.project.actor import project_id
from serve_app import seam
from serve_app.asgi_transport import AsgiTransport
from serve_app.config import Settings
from serve_app.ownership import Directory, PeerCommands
from serve_app.peers.client import PeerClient
from serve_app.story_host import StoryHostCore
from tests.serve.peer import Person

pytestmark = pytest.mark.unit

TOKEN = "owner-token-for-tests-0123456789"
SECRET = "cluster-secret-for-tests"


class Served:
    """A host and the address of its web server."""

    def __init__(self, settings: Settings) -> None:
        self.core = StoryHostCore(settings)
        config = uvicorn.Config(self.core.app, host="127.0.0.1", port=0, log_config=None, lifespan="on")
        self.server = uvicorn.Server(config)
        self.task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.task = asyncio.create_task(self.server._serve())
        async with asyncio.timeout(20):
            while not self.server.started:  # noqa: ASYNC110 - uvicorn tells it by this flag alone
                await asyncio.sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self.server.should_exit = True
        if self.task is not None:
            await self.task

    def person(self, project: str, scene: str, name: str) -> Person:
        return Person(f"ws://127.0.0.1:{self.port}/{project}/scene:{scene}", TOKEN, name)


class Pair:
    def __init__(self, one: Served, two: Served, commands: PeerCommands) -> None:
        self.one, self.two, self.commands = one, two, commands

    def owner(self, project: str) -> Served | None:
        return next((h for h in (self.one, self.two) if h.core.runtime.owned(project) is not None), None)

    async def story(self) -> tuple[str, str]:
        project = project_id("owner", "make")
        made = CreateProject("Two hosts", "SHORT")
        await self.commands.send(Envelope(project, project, "owner", "make", made))
        answer = await self.commands.send(
            Envelope(project, project, "owner", "scene", CreateScene("INT. ATTIC - NIGHT", None))
        )
        return project, answer.ids["scene"]


@contextlib.asynccontextmanager
async def two_hosts(folder: Path, **settings: int) -> AsyncIterator[Pair]:
    seam.install()
    given = {"data_dir": str(folder), "owner_token": TOKEN, "cluster_secret": SECRET, **settings}
    one, two = Served(Settings.from_args(given, {})), Served(Settings.from_args(given, {}))
    await one.start()
    await two.start()
    peers = PeerClient(SECRET.encode())
    yield Pair(one, two, PeerCommands(Directory(one.core.ledger), peers))
    await peers.close()
    await one.stop()
    with contextlib.suppress(asyncio.CancelledError):
        await two.stop()


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    async with two_hosts(tmp_path) as both:
        yield both


async def test_a46_a_project_nobody_has_open_follows_its_first_socket(pair: Pair) -> None:
    """A-46: a socket that lands beside an owner nobody is connected to takes the project over instead of tunnelling."""
    project, scene = await pair.story()
    other = pair.two if pair.owner(project) is pair.one else pair.one
    async with other.person(project, scene, "Ada") as ada:
        await ada.type("A knock.")
        await ada.until_acknowledged()
        assert pair.owner(project) is other


async def test_a47_a_socket_beside_a_busy_owner_is_tunnelled_and_misses_nothing(pair: Pair) -> None:
    """A-47: while others are connected to the owner, a socket elsewhere reaches it through one tunnel."""
    project, scene = await pair.story()
    async with pair.one.person(project, scene, "Ada") as ada:
        owner = pair.owner(project)
        assert owner is pair.one
        async with pair.two.person(project, scene, "Bo") as bo:
            for n in range(30):
                await ada.type(f" a{n:02d}")
                await bo.type(f" b{n:02d}")
            await ada.until_acknowledged()
            await bo.until_acknowledged()
            words = [*ada.typed, *bo.typed]
            await ada.until(lambda: all(word in str(ada.text) for word in words))
            await bo.until(lambda: all(word in str(bo.text) for word in words))
            assert str(ada.text) == str(bo.text)
            assert pair.owner(project) is pair.one
            assert (ada.connections, bo.connections) == (1, 1)


async def test_a47_the_same_without_the_seam(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-47: behind Serve's Python proxy a socket is plain ASGI, and its tunnel carries it all the same."""
    monkeypatch.setattr("serve_app.collab_sockets.open_transport", AsgiTransport)
    project, scene = await pair.story()
    async with (
        pair.one.person(project, scene, "Ada") as ada,
        pair.two.person(project, scene, "Bo") as bo,
    ):
        await ada.type("A knock.")
        await bo.type("Nobody.")
        await ada.until_acknowledged()
        await bo.until_acknowledged()
        await ada.until(lambda: "Nobody." in str(ada.text))
        await bo.until(lambda: "A knock." in str(bo.text))


async def test_a48_when_the_owner_leaves_in_order_the_other_host_has_everything(pair: Pair) -> None:
    """A-48: a host that stops closes its sockets with a retry code; they come back elsewhere with all they had."""
    project, scene = await pair.story()
    async with pair.one.person(project, scene, "Ada") as ada:
        await ada.type("Before.")
        await ada.until_acknowledged()
        assert pair.owner(project) is pair.one
        ada.url = ada.url.replace(f":{pair.one.port}/", f":{pair.two.port}/")
        await pair.one.core.stop()
        await ada.until(lambda: ada.connections == 2 and ada.synced.is_set())
        await ada.type("After.")
        await ada.until_acknowledged()
        assert ada.close_codes[0] in (4509, 4510)
        assert "Before.After." in str(ada.text)
        assert pair.two.core.runtime.owned(project) is not None
