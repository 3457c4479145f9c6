"""Rolling deploys as an operator makes them: `serve deploy` of a changed file, watched through Ray's own REST API."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from serve_app.lifecycle.instance import read_run
from tests.conftest import ROOT, Stack, wait_until
from tests.serve.peer import STEP_1, Person, var_bytes
from tests.serve.stories import owner, project_with_scene

DEPLOY_S = 120
BACKOFF_S, BACKOFF_S_MAX = 0.1, 2.5
"""Of stock y-websocket: doubles with each connection that failed, no jitter; an open one resets it."""


class Operator:
    """`serve deploy` on the cluster of a running stack."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        run = read_run(stack.data_dir)
        assert run is not None
        self.stack, self._folder, self._release = stack, folder, 0
        self._dashboard = f"http://127.0.0.1:{run.ports['dashboard']}"
        self._env = {**os.environ, "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": run.ray_token}
        self._headers = {"Authorization": f"Bearer {run.ray_token}"}

    def deploy(self, hosts: int, *, new_release: bool) -> None:
        """Hand the repository's file to Serve, with this number of hosts and perhaps another release of `collab`."""
        self._release += new_release
        config = yaml.safe_load((ROOT / "serve_config.yaml").read_text())
        config["http_options"]["port"] = self.stack.port
        for app in config["applications"]:
            app["args"] |= {"data_dir": str(self.stack.data_dir), "host": "127.0.0.1", "port": self.stack.port}
            if app["name"] == "collab":
                app["args"]["release"] = f"release {self._release}"
                app["deployments"][0]["num_replicas"] = hosts
        file = self._folder / "deployed.yaml"
        file.write_text(yaml.safe_dump(config))
        command = [str(Path(sys.executable).parent / "serve"), "deploy", str(file), "-a", self._dashboard]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=90, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def hosts(self) -> dict[str, int]:
        """Replica → process id of the StoryHosts that run, those that are stopping left out."""
        return {each["replica_id"]: each["pid"] for each in self._replicas() if each["state"] == "RUNNING"}

    def until(self, hosts: int, *, without: Sequence[str] = ()) -> dict[str, int]:
        """Wait until exactly so many run, none of `without` among them, and nothing is starting or stopping."""

        def settled() -> dict[str, int] | None:
            replicas = self._replicas()
            now = {each["replica_id"]: each["pid"] for each in replicas if each["state"] == "RUNNING"}
            return now if len(now) == len(replicas) == hosts and not set(now) & set(without) else None

        found: dict[str, int] = wait_until(settled, DEPLOY_S, f"{hosts} StoryHosts run")
        return found

    def _replicas(self) -> list[dict[str, Any]]:
        request = urllib.request.Request(f"{self._dashboard}/api/serve/applications/", headers=self._headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            told = json.loads(answer.read())
        collab = told["applications"].get("collab", {"deployments": {}})
        found: list[dict[str, Any]] = collab["deployments"].get("StoryHost", {"replicas": []})["replicas"]
        return found


class Stock(Person):
    """Comes back as stock y-websocket does, and remembers how long it was away each time."""

    def __init__(self, url: str, token: str, name: str) -> None:
        super().__init__(url, token, name)
        self.away_s: list[float] = []
        self._left_at: float | None = None

    async def _live(self) -> None:
        failed = 0
        while True:
            try:
                headers = {"Authorization": f"Bearer {self.token}"}
                async with connect(self.url, additional_headers=headers, max_size=None, open_timeout=5) as socket:
                    failed = 0
                    self.connections += 1
                    self._socket = socket
                    await socket.send(STEP_1 + var_bytes(self.doc.get_state()))
                    async for frame in socket:
                        if isinstance(frame, bytes):
                            await self._frame(socket, frame)
            except (OSError, TimeoutError, InvalidHandshake, InvalidMessage, ConnectionClosed) as error:
                self.fault = f"{type(error).__name__}: {error}"
                failed += self._socket is None
            finally:
                if self._socket is not None:
                    self.close_codes.append(self._socket.close_code or 0)
                self._socket = None
                if self.synced.is_set():
                    self._left_at = time.monotonic()
                self.synced.clear()
            await asyncio.sleep(min(BACKOFF_S * 2**failed, BACKOFF_S_MAX))

    async def _frame(self, socket: Any, frame: bytes) -> None:
        was_synced = self.synced.is_set()
        await super()._frame(socket, frame)
        if self.synced.is_set() and not was_synced and self._left_at is not None:
            self.away_s.append(time.monotonic() - self._left_at)
            self._left_at = None


@dataclass
class Team:
    """Two people on each of some projects, all typing."""

    stack: Stack
    projects: list[str] = field(default_factory=list)
    people: list[Stock] = field(default_factory=list)
    typing: bool = True
    open: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def grow(self, projects: int) -> None:
        """So many projects more, with their people."""
        for _ in range(projects):
            title = f"Rolling {len(self.projects)}"
            project, scene = await asyncio.to_thread(project_with_scene, self.stack, title)
            self.projects.append(project)
            url = f"ws://127.0.0.1:{self.stack.port}/collab/{project}/scene:{scene}"
            pair = [await self.open.enter_async_context(Stock(url, self.stack.token, name)) for name in ("Ada", "Bo")]
            self.people += pair

    async def type_on(self, every_s: float) -> None:
        """Until `typing` is off: everybody a word at a time."""
        round_ = 0
        while self.typing:
            for number, person in enumerate(list(self.people)):
                await person.type(f" <{number:02d}.{round_:04d}>")
            round_ += 1
            await asyncio.sleep(every_s)

    async def settle(self) -> None:
        """Stop typing; everything typed is acknowledged, and there once for both of a project."""
        self.typing = False
        for person in self.people:
            await person.until_acknowledged(60)
        for one, two in zip(self.people[::2], self.people[1::2], strict=True):
            words = [*one.typed, *two.typed]
            for person in (one, two):
                await person.until(lambda person=person, words=words: all(word in str(person.text) for word in words))
                assert all(str(person.text).count(word) == 1 for word in words)
            assert str(one.text) == str(two.text)

    def owners(self) -> dict[str, tuple[int, int]]:
        """Project → (process, epoch) of those that are owned."""
        found = {project: owner(self.stack, project) for project in self.projects}
        return {project: (told["pid"], told["epoch"]) for project, told in found.items() if told is not None}

    def slowest_s(self) -> float:
        return max((away for person in self.people for away in person.away_s), default=0.0)

    def returns(self) -> int:
        return sum(len(person.away_s) for person in self.people)

    def close_codes(self) -> set[int]:
        return {int(code) for person in self.people for code in person.close_codes}


@asynccontextmanager
async def team_at_work(stack: Stack, projects: int, every_s: float = 0.1) -> AsyncIterator[Team]:
    team = Team(stack)
    async with team.open:
        await team.grow(projects)
        typing = asyncio.create_task(team.type_on(every_s))
        try:
            yield team
        finally:
            typing.cancel()
            await asyncio.gather(typing, return_exceptions=True)
