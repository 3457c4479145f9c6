"""A project that follows its people on the deployed stack: most sockets at the other host, everybody typing."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

import pytest

from tests.conftest import Stack
from tests.serve import replicas
from tests.serve.peer import Person
from tests.serve.stories import owner, project_with_scene

pytestmark = pytest.mark.serve


@contextlib.asynccontextmanager
async def typing(*people: Person) -> AsyncIterator[None]:
    async def type_on(person: Person) -> None:
        for number in range(10_000):
            await person.type(f" <{person.name}{number:04d}>")
            await asyncio.sleep(0.05)

    tasks = [asyncio.create_task(type_on(person)) for person in people]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_a65_a_project_moves_to_where_its_people_are(second: Stack) -> None:
    """A-65: two people come over the other host's own door, one over the owner's; after the hold the project is there,
    nobody waited for long, and everything acknowledged is there once."""
    stack = second
    project, scene = await asyncio.to_thread(project_with_scene, stack, "Moves")
    hosts = await replicas.hosts(stack)
    assert len(hosts) == 2
    doors = {host.pid: f"ws://127.0.0.1:{replicas.door(host)}/collab/{project}/scene:{scene}" for host in hosts}
    before = await asyncio.to_thread(owner, stack, project)
    assert before is not None
    there = next(host.pid for host in hosts if host.pid != before["pid"])
    ada = Person(doors[before["pid"]], stack.token, "ada")
    bo, cy = (Person(doors[there], stack.token, name) for name in ("bo", "cy"))
    people = (ada, bo, cy)
    async with ada, bo, cy:
        async with typing(*people), asyncio.timeout(30):
            now = before
            while now is None or now["pid"] != there:
                await asyncio.sleep(0.1)
                now = await asyncio.to_thread(owner, stack, project)
            moved = time.monotonic()
            counts = {each.name: len(each.typed) for each in people}
            for each in people:
                await each.until(lambda each=each: len(each.acknowledged) > counts[each.name])
            print(f"\neverybody was acknowledged again {time.monotonic() - moved:.2f} s after the move was seen")
        words = [word for each in people for word in each.typed]
        for each in people:
            await each.until_acknowledged()
            await each.until(lambda each=each: all(word in str(each.text) for word in words))
        assert len({str(each.text) for each in people}) == 1
        assert all(str(ada.text).count(word) == 1 for word in words)
        assert {code for each in people for code in each.close_codes} == {4509}
    replicas.check_one_writer(await replicas.rows(stack, project))
