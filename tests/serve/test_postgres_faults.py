"""The deployed stack on a real PostgreSQL whose worst minute comes while people type."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Stack, start_stack, stop_stack
from tests.serve import replicas
from tests.serve.database import Postgres, postgres
from tests.serve.kills import kill_again_and_again
from tests.serve.load import are_together, check_closes, typing
from tests.serve.peer import Person
from tests.serve.stories import project_with_scene
from tests.serve.zombies import sleeps_past_its_lease

pytestmark = [pytest.mark.serve, pytest.mark.proof]

KILLS = int(os.environ.get("KILLS", "50"))
CUTS, CUT_EVERY_S = 40, 0.5
RESTARTS, RESTART_EVERY_S = 6, 3.0


@pytest.fixture(scope="module")
def database() -> Iterator[Postgres]:
    with postgres() as server:
        yield server


@pytest.fixture(scope="module")
def on_postgres(database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = start_stack(tmp_path_factory.mktemp("on-postgres") / "data", settings={"database_url": database.url})
    yield running
    stop_stack(running)


async def test_a30_fifty_kills_on_postgres(on_postgres: Stack) -> None:
    """A-30: as on SQLite."""
    print(f"\n{await kill_again_and_again(on_postgres, KILLS)}")


async def test_a103_a_zombie_on_postgres(on_postgres: Stack) -> None:
    """A-103: as on SQLite."""
    print(f"\n{replicas.seconds(await sleeps_past_its_lease(on_postgres, 'Zombie on PostgreSQL'))}")


async def under_load(stack: Stack, title: str, what: Callable[[], int | None], times: int, every_s: float) -> str:
    """People type while `what` happens again and again; then all is there, by the same processes."""
    project, scene = await asyncio.to_thread(project_with_scene, stack, title)
    url = f"ws://127.0.0.1:{stack.port}/collab/{project}/scene:{scene}"
    async with Person(url, stack.token, "Ada") as ada, Person(url, stack.token, "Bo") as bo:
        pids = {host.pid for host in await replicas.hosts(stack)}
        done = 0
        async with typing(ada, bo):
            for _ in range(times):
                done += await asyncio.to_thread(what) or 1
                await asyncio.sleep(every_s)
        took = await are_together((ada, bo))
        check_closes((ada, bo))
        alive = [pid for pid in pids if replicas.state_of(pid) not in ("", "Z")]
        assert set(alive) == pids, "a host was restarted"
        words = len(ada.typed) + len(bo.typed)
        connections = ada.connections + bo.connections
    replicas.check_one_writer(await replicas.rows(stack, project))
    return f"{done} times, {words} words, {connections} connections; together {took:.2f} s after the last"


async def test_a104_backends_are_terminated_again_and_again(on_postgres: Stack, database: Postgres) -> None:
    """A-104: every connection to the database is cut, in the middle of commits too: nothing acknowledged is lost,
    nothing is doubled, no host is restarted."""
    print(f"\nbackends cut {await under_load(on_postgres, 'Cut', database.terminate_backends, CUTS, CUT_EVERY_S)}")


async def test_a104_the_database_crashes_again_and_again(on_postgres: Stack, database: Postgres) -> None:
    """A-104: an immediate shutdown and a recovery, under load."""
    print(f"\ncrashes {await under_load(on_postgres, 'Crash', database.restart, RESTARTS, RESTART_EVERY_S)}")
