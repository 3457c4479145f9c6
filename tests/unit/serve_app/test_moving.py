"""Projects that move between two live hosts: after their people, on request through the ledger, after a death."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from actors.commands import CreateScene, Envelope
from actors.runtime.home import Home
from tests.serve.peer import Person
from tests.unit.serve_app.test_two_hosts import Pair, Served, pair, two_hosts

__all__ = ["pair"]
pytestmark = pytest.mark.unit

SHORT = {"hold_ms": 400, "majority_ms": 200}
SECONDS = 20.0


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():  # noqa: ASYNC110 - the fact is in another host's map, which tells nobody
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def typing(*people: Person) -> AsyncIterator[None]:
    """They type all the while, each some words a second."""

    async def type_on(person: Person) -> None:
        for number in range(10_000):
            await person.type(f" {person.name}{number:04d}")
            await asyncio.sleep(0.02)

    tasks = [asyncio.create_task(type_on(person)) for person in people]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def all_have_all(*people: Person) -> None:
    words = [word for person in people for word in person.typed]
    for person in people:
        await person.until_acknowledged()
    for person in people:
        await person.until(lambda person=person: all(word in str(person.text) for word in words))
    assert len({str(person.text) for person in people}) == 1


@contextlib.contextmanager
def nobody_answers() -> Iterator[str]:
    """An address that takes no connection and refuses none: its queue is full, the kernel drops what comes."""
    with socket.socket() as port, contextlib.ExitStack() as fill:
        port.bind(("127.0.0.1", 0))
        port.listen(0)
        for _ in range(4):
            each = fill.enter_context(socket.socket())
            each.setblocking(False)
            each.connect_ex(port.getsockname())
        yield f"127.0.0.1:{port.getsockname()[1]}"


async def cut_off(host: Served, address: str) -> None:
    """From now on nobody reaches its peer port, while its heartbeat goes on."""
    lease = host.core.runtime.lease
    lease.row = replace(lease.row, peer=address)
    await lease.beat()
    assert any(row.peer == address for row in await host.core.ledger.hosts())


async def test_a65_a_project_follows_the_majority_of_its_sockets(tmp_path: Path) -> None:
    """A-65: with most sockets on the other host it moves there after the hold, while everybody types; nothing is lost,
    and everybody is back within seconds."""
    async with two_hosts(tmp_path, **SHORT) as both:
        project, scene = await both.story()
        async with both.one.person(project, scene, "ada") as ada:
            assert both.owner(project) is both.one
            async with (
                both.two.person(project, scene, "bo") as bo,
                both.two.person(project, scene, "cy") as cy,
                typing(ada, bo, cy),
            ):
                await until(lambda: both.owner(project) is both.two)
                people = (ada, bo, cy)
                await until(lambda: all(each.synced.is_set() for each in people))
                words = {each.name: len(each.typed) for each in people}
                await until(lambda: all(len(each.acknowledged) > words[each.name] for each in people))
                assert {code for each in people for code in each.close_codes} == {4509}, "told to come again"
            await all_have_all(ada)
            for each in (ada, bo, cy):
                assert all(word in str(ada.text) for word in each.acknowledged)
            assert both.owner(project) is both.two


async def test_a63_a_project_that_people_have_open_stays_for_the_hold(pair: Pair) -> None:
    """A-63: before it no majority moves it; one that nobody has open may go at once."""
    project, scene = await pair.story()
    async with pair.one.person(project, scene, "ada"):
        runtime = pair.one.core.runtime
        home = runtime.owned(project)
        assert isinstance(home, Home)
        assert not runtime.may_go(home)
        async with pair.two.person(project, scene, "bo"), pair.two.person(project, scene, "cy"):
            watch = pair.one.core._majority
            assert watch is not None
            watch._since[project] = (pair.two.core.incarnation, 0.0)
            await watch.look()
            assert pair.owner(project) is pair.one
    await until(lambda: runtime.may_go(home))


async def test_a64_an_owner_that_cannot_be_reached_is_asked_through_the_ledger(tmp_path: Path) -> None:
    """A-64: it sees the want with its heartbeat, keeps the project for the hold, then gives it back in order."""
    async with two_hosts(tmp_path, **SHORT, lease_ttl_ms=1_500) as both:
        project, scene = await both.story()
        with nobody_answers() as address:
            async with both.one.person(project, scene, "ada") as ada, typing(ada):
                assert both.owner(project) is both.one
                epoch = both.one.core.runtime.owned(project).epoch  # type: ignore[union-attr]
                await cut_off(both.one, address)
                async with both.two.person(project, scene, "bo") as bo:
                    assert both.owner(project) is both.two
                    moved = both.two.core.runtime.owned(project)
                    assert moved is not None
                    assert moved.epoch == epoch + 1, "asked for, given back, claimed: nobody was deposed"
                    await until(lambda: ada.connections >= 2 and ada.synced.is_set())
                    await bo.type(" at last")
                    await bo.until_acknowledged()
                    await ada.until(lambda: " at last" in str(ada.text))
            assert ada.acknowledged
            assert all(word in str(bo.text) for word in ada.acknowledged if word in str(ada.text))
            assert 4509 in ada.close_codes, ada.told()


async def test_a43_a_command_to_a_survivor_claims_at_once(pair: Pair) -> None:
    """A-43: also with no socket anywhere: the dead owner's row still lives when its project is served again."""
    project, _ = await pair.story()
    dead = pair.owner(project)
    assert dead is not None
    survivor = pair.two if dead is pair.one else pair.one
    incarnation = dead.core.incarnation
    await dead.core._port.stop()
    await dead.core.runtime.kill()
    made = CreateScene("EXT. ROOF - DAY", None)
    await pair.commands.send(Envelope(project, project, "owner", "after", made))
    assert pair.owner(project) is survivor
    assert incarnation in [row.incarnation for row in await survivor.core.ledger.hosts()]


async def test_a64_an_operator_moves_a_project_by_the_same_way(tmp_path: Path) -> None:
    """A-64: it is asked for until it is there; who has it open comes again there."""
    async with two_hosts(tmp_path, **SHORT, lease_ttl_ms=1_500) as both:
        project, scene = await both.story()
        async with both.one.person(project, scene, "ada") as ada, typing(ada):
            assert both.owner(project) is both.one
            assert not await both.two.core._claims.move_here(project), "asked for"
            await until(lambda: both.owner(project) is both.two)
            await until(lambda: ada.connections == 2 and ada.synced.is_set())
            count = len(ada.acknowledged)
            await until(lambda: len(ada.acknowledged) > count)
        assert await both.two.core._claims.move_here(project), "it is there already"


async def test_a66_a_tunnel_to_a_host_whose_lease_ended_is_cut(tmp_path: Path) -> None:
    """A-66: a stopped owner keeps its connections open; its browsers are sent to look for the next owner."""
    async with two_hosts(tmp_path, **SHORT, lease_ttl_ms=1_500) as both:
        project, scene = await both.story()
        async with both.one.person(project, scene, "ada"), both.two.person(project, scene, "bo") as bo:
            assert both.owner(project) is both.one
            await both.one.core.runtime.lease.kill()  # it answers as before, and beats no more
            await until(lambda: bo.connections >= 2 and bo.synced.is_set())
            assert bo.close_codes[0] == 4509
            await until(lambda: both.two.core.runtime.owned(project) is not None)
