"""Which bus an installation gets, what health says of it, and who rings whom in a host."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from actors.commands import CreateProject, CreateScene, Envelope, GenerateScene
from actors.project.actor import project_id
from serve_app.config import Settings, SettingsError
from serve_app.http.deps import StudioDeps
from serve_app.http.health import Health
from serve_app.stores import open_bus
from serve_app.story_host import StoryHostCore
from storage.bus.memory import Air, MemoryBus
from storage.bus.protocol import EVERYTHING, Topic
from storage.bus.redis import RedisBus
from storage.bus.sqlite import SqliteBus

pytestmark = pytest.mark.unit


def test_r50_the_address_of_a_redis_chooses_the_bus(tmp_path: Path) -> None:
    """R-50: ours wins over the name every client knows; a wrong address is named; none: a file."""
    given = {"data_dir": str(tmp_path)}
    known, ours = {"REDIS_URL": "redis://:word@a:1/0"}, {"STORYFORGE_REDIS_URL": "redis://b:2/0"}
    assert isinstance(open_bus(Settings.from_args(given, {})), SqliteBus)
    settings = Settings.from_args(given, known)
    assert isinstance(open_bus(settings), RedisBus)
    assert "word" not in repr(settings)
    assert Settings.from_args(given, {**known, **ours}).redis_url == "redis://b:2/0"
    with pytest.raises(SettingsError, match="redis_url"):
        open_bus(Settings.from_args({**given, "redis_url": "http://a"}, {}))


def test_r50_without_the_redis_client_everything_loads_and_the_extra_is_named(tmp_path: Path) -> None:
    """R-50: a base install imports the server; only who names a server needs the client."""
    words = f"""
import sys
sys.modules["redis"] = None
import serve_app.story_host, serve_app.studio
from serve_app.config import Settings, SettingsError
from serve_app.stores import open_bus
open_bus(Settings.from_args({{"data_dir": {str(tmp_path)!r}}}, {{}}))
try:
    open_bus(Settings.from_args({{"data_dir": {str(tmp_path)!r}, "redis_url": "redis://a"}}, {{}}))
except SettingsError as error:
    print(error.fix)
"""
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "install storyforge[redis]"


async def test_q88_health_names_a_bus_that_polls(tmp_path: Path) -> None:
    """Q-88: degraded, never down, with the word `polling`; readiness does not mind."""
    air = Air()
    bus = MemoryBus(air)
    await bus.open()
    nothing: Any = None
    deps = StudioDeps(*[nothing] * 9, static_dir=tmp_path, owner=nothing, move=nothing, status=nothing, bus=bus)
    seen = await Health(deps).healthz(nothing)
    assert (seen.status_code, bytes(seen.body)) == (200, b'{"status":"ok","parts":{"studio":"ok","bus":"ok"}}')
    air.fall()
    seen = await Health(deps).healthz(nothing)
    assert (seen.status_code, bytes(seen.body)) == (
        200,
        b'{"status":"degraded","parts":{"studio":"ok","bus":"polling"}}',
    )
    await bus.close()


async def test_a90_commits_and_opened_attempts_are_told_once_a_turn(tmp_path: Path) -> None:
    """A-90: after the commit, by stream and sequence; a publisher's fault is none of the command's."""
    host = StoryHostCore(Settings.from_args({"data_dir": str(tmp_path)}, {}))
    await host.start()
    other = SqliteBus(tmp_path / "bus.db")
    await other.open()
    homes, work = other.subscribe(Topic.HOME), other.subscribe(Topic.WORK)
    async with asyncio.timeout(20):
        assert (await homes.next(), await work.next()) == (EVERYTHING, EVERYTHING)
        home = project_id("owner", "make")
        await host.runtime.command(Envelope(home, home, "owner", "make", CreateProject("Bus", "SHORT")))
        made = CreateScene("INT. BUS - NIGHT", "INT. BUS - NIGHT\n\nIt waits.\n")
        scene = (await host.runtime.command(Envelope(home, home, "owner", "scene", made))).ids["scene"]
        job = await host.runtime.command(Envelope(home, scene, "owner", "job", GenerateScene(scene)))
        while (await homes.next()).seq < job.sequence:
            pass
        await work.next()
    await other.close()
    await host.stop()
