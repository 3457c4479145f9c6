"""The owner of jobs on the ledger and bus of a folder, in this process; workers are processes beside it.

What a StoryHost is to jobs, without sockets: the runtime, woken by the bus and waking by it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from actors.commands import Answer, Command, CreateProject, CreateScene, Envelope
from actors.kinds import ProjectKinds, make_room
from actors.project.actor import project_id
from actors.runtime.clock import MachineClock
from actors.runtime.host import StoryRuntime
from actors.runtime.limits import RuntimeLimits
from actors.views import JobView
from storage.bus.protocol import Topic, ring_workers
from storage.bus.sqlite import SqliteBus
from storage.ledger.protocol import AttemptState, HostRow, Ledger
from storage.ledger.sqlite import SqliteLedger
from tests.unit.actors.story import CATALOGUE

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = "Mara waits by the stove.\n\nMARA\nSoup!\n"


class Owner:
    def __init__(self, ledger: Ledger, bus: SqliteBus, host: str) -> None:
        self.ledger, self.bus = ledger, bus
        self.runtime = StoryRuntime(
            ledger,
            HostRow(host, f"{host}-1", 1, "127.0.0.1:1"),
            MachineClock(),
            RuntimeLimits(),
            kinds=ProjectKinds(),
            catalogue=CATALOGUE,
            make_room=make_room,
            wake=lambda home, cancelled: ring_workers(bus, home, cancelled),
        )
        self._keys = 0

    async def hear(self) -> None:
        async for wake in self.bus.subscribe(Topic.ATTEMPT):
            home, _, attempt = wake.what.partition("/")
            await self.runtime.attempt_changed(home, attempt)

    async def ask(self, home: str, target: str, command: Command) -> Answer:
        self._keys += 1
        return await self.runtime.command(Envelope(home, target, "usr_a", f"k{self._keys}", command))

    async def scene(self, name: str = "k") -> tuple[str, str]:
        home = project_id("usr_a", name)
        await self.runtime.command(Envelope(home, home, "usr_a", name, CreateProject("Heat", "MOVIE")))
        made = await self.ask(home, home, CreateScene("INT. KITCHEN - DAY", SCRIPT))
        return home, made.ids["scene"]

    async def job(self, id: str) -> JobView:
        row = await self.ledger.view("job", id)
        assert row is not None
        return JobView.from_blob(row.body or b"")

    async def until(self, id: str, holds: Callable[[JobView], Any], seconds: float = 30.0) -> JobView:
        """The job once it holds, looked at whenever anything was committed."""
        async with asyncio.timeout(seconds):
            while True:
                token = await self.ledger.change_token()  # before the look: a commit between the two is not missed
                if holds(seen := await self.job(id)):
                    return seen
                while await self.ledger.change_token() == token:  # noqa: ASYNC110 - shared memory, no disk
                    await asyncio.sleep(0.0005)

    async def begun(self, attempt: str, seconds: float = 30.0) -> None:
        """Until a worker has the attempt; at once if there is none."""
        async with asyncio.timeout(seconds):
            while True:
                row = await self.ledger.attempt(attempt)
                if row is None or row.state is not AttemptState.OPEN:
                    return
                await asyncio.sleep(0.002)

    async def partial(self, attempt: str, seconds: float = 30.0) -> None:
        """Until the attempt has a partial result."""
        async with asyncio.timeout(seconds):
            while True:
                row = await self.ledger.attempt(attempt)
                if row is not None and row.result is not None:
                    return
                await asyncio.sleep(0.002)


@contextlib.asynccontextmanager
async def owner(folder: Path, ledger: Ledger | None = None, host: str = "h1") -> AsyncIterator[Owner]:
    ledger = ledger or SqliteLedger(folder / "ledger.db")
    bus = SqliteBus(folder / "bus.db")
    await ledger.open()
    await bus.open()
    made = Owner(ledger, bus, host)
    await made.runtime.start()
    hearing = asyncio.get_running_loop().create_task(made.hear())
    try:
        yield made
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await made.runtime.stop()
        await bus.close()
        await ledger.close()


class WorkerProcess:
    """`tests.worker_process` as a child; ended when left."""

    def __init__(self, folder: Path, **told: Any) -> None:
        self._folder, self._told = folder, told

    async def __aenter__(self) -> WorkerProcess:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.worker_process", str(self._folder), json.dumps(self._told),
            stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        assert await self.line() == "up"
        return self

    async def line(self) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            return (await self._process.stdout.readline()).decode().strip()

    async def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        await self._process.wait()

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(10):
                    await self._process.wait()
            except TimeoutError:
                await self.kill()
