"""A project moves between two real hosts while its film is rendered: the render goes on, and is taken once (G-311)."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from functools import partial
from operator import eq, ne
from pathlib import Path
from typing import Any

import pytest

from storage.ledger.protocol import HostRow
from tests.conftest import Stack, start_stack, stop_stack
from tests.serve import replicas
from tests.serve.conftest import SHORT
from tests.serve.films_in_motion import Film, fact
from tests.serve.load import are_together, typing
from tests.serve.peer import Person
from tests.serve.test_operating import command

pytestmark = pytest.mark.serve


async def other(film: Film) -> HostRow:
    """The host that does not have the project; once there is one."""
    now = await film.owner()
    assert now is not None

    async def found() -> list[HostRow]:
        return [host for host in await replicas.hosts(film.stack) if host.pid != now["pid"]]

    return (await fact(found))[0]


async def until_at(film: Film, is_it: Callable[[int], bool]) -> None:
    async def there() -> bool:
        now = await film.owner()
        return now is not None and is_it(now["pid"])

    await fact(there)


async def asked_for(film: Film) -> None:
    """As `storyforge move` asks, in one process less: again and again until it is there."""
    there = await other(film)
    ask = partial(film.stack.request, f"/api/move/{film.project}", {"host": there.id})

    async def moved() -> bool:
        return bool((await asyncio.to_thread(ask))[1]["moved"])

    await fact(moved)
    await until_at(film, partial(eq, there.pid))


async def by_command(film: Film) -> None:
    there = await other(film)
    ask = partial(command, "move", film.project, there.id, "--data-dir", film.stack.data_dir)
    code, words = await asyncio.to_thread(ask)
    assert code == 0, words
    await until_at(film, partial(eq, there.pid))


async def by_majority(film: Film) -> None:
    """Two people come over the other host's door, one over the owner's; nobody asks."""
    before, there = await film.owner(), await other(film)
    assert before is not None
    here = next(host for host in await replicas.hosts(film.stack) if host.pid == before["pid"])
    doors = {host.pid: replicas.door(host) for host in (here, there)}
    people = [
        Person(f"ws://127.0.0.1:{doors[host.pid]}/collab/{film.project}/scene:{film.scene}", film.stack.token, name)
        for host, name in ((here, "ada"), (there, "bo"), (there, "cy"))
    ]
    async with people[0], people[1], people[2]:
        async with typing(*people):
            await until_at(film, partial(eq, there.pid))
        await are_together(people)
        assert {code for each in people for code in each.close_codes} == {4509}


async def by_death(film: Film) -> None:
    """kill -9 of the owner: whoever finds the open job has it next."""
    before = await film.owner()
    assert before is not None
    os.kill(before["pid"], signal.SIGKILL)
    await until_at(film, partial(ne, before["pid"]))


async def test_g311_a_project_moves_while_its_film_is_rendered(stack: Stack) -> None:
    """G-311: asked for in mid-film: the worker goes on, the new owner takes the result, the watcher sees progress go
    on, nothing is rendered twice."""
    film = await Film.asked(stack, "Moves in mid-film", shots=8)
    watching = asyncio.create_task(film.watch())
    drawn = await film.drawing()
    before = await film.owner()
    await asked_for(film)
    await film.drawing(beyond=drawn.progress)
    seen = len(film.seen)
    await film.over(watching)
    await film.check(drawn)
    after = await film.owner()
    assert before is not None
    assert after is not None
    assert after["epoch"] == before["epoch"] + 1
    told = film.went_on(seen)
    assert told
    assert told == sorted(told)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def homes(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A stack whose projects may move soon after they came."""
    folder: Path = tmp_path_factory.mktemp("moves")
    settings: dict[str, Any] = dict(SHORT)
    if request.param == "postgres":
        server, name = request.getfixturevalue("postgres_server"), request.getfixturevalue("postgres_database")
        settings["database_url"] = server.url(name)
    stack = start_stack(folder / "data", settings=settings)
    yield stack
    stop_stack(stack)


@pytest.mark.proof
@pytest.mark.parametrize(
    "ways", [(by_command, by_command), (by_majority,), (by_death, asked_for)], ids=["command", "majority", "death"]
)
async def test_g311_however_it_moves_in_mid_film(homes: Stack, ways: tuple[object, ...]) -> None:
    """G-311: there and back by command, to where its people are, by the owner's death and on from there."""
    film = await Film.asked(homes, "Moves", shots=24)
    watching = asyncio.create_task(film.watch())
    drawn = at = await film.drawing()
    before = await film.owner()
    for way in ways:
        await way(film)  # type: ignore[operator]
        at = await film.drawing(beyond=at.progress)
    seen = len(film.seen)
    take = await film.over(watching)
    await film.check(drawn)
    after = await film.owner()
    assert before is not None
    assert after is not None
    assert after["epoch"] == before["epoch"] + len(ways)
    told = film.went_on(seen)
    assert told
    assert told == sorted(told)
    names = ", then ".join(way.__name__ for way in ways)  # type: ignore[attr-defined]
    print(f"\n{names}: {drawn.progress:.2f} to {at.progress:.2f} of {take['durationS']:.0f} s, told {len(told)} times")
