"""W-100 … W-103: a host with people on it leaves, beside one that stays; real sockets, one ledger."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from actors.commands import CreateScene, Envelope, GenerateScene
from collab.close_codes import CloseCode
from serve_app.drain import State
from serve_app.open_sockets import OpenSockets
from tests.simulation.clock import run
from tests.unit.collab.stage import Wire
from tests.unit.serve_app.test_two_hosts import Pair, Served, pair

__all__ = ["pair"]
pytestmark = pytest.mark.unit
WINDOW_S = 5.0


def sides(pair: Pair, project: str) -> tuple[Served, Served]:
    """(the owner, the other)."""
    owner = pair.owner(project)
    assert owner is not None
    return owner, pair.two if owner is pair.one else pair.one


async def test_w102_people_come_back_elsewhere_with_everything(pair: Pair) -> None:
    """W-102: whom a drain closes finds the project open on the other host; an edit sent meanwhile is there once."""
    project, scene = await pair.story()
    async with pair.one.person(project, scene, "Ada") as ada, pair.one.person(project, scene, "Bo") as bo:
        leaving, staying = sides(pair, project)
        assert leaving is pair.one
        await ada.type("Before.")
        await ada.until_acknowledged()
        for person in (ada, bo):
            person.url = person.url.replace(f":{leaving.port}/", f":{staying.port}/")
        drain = leaving.core.leave(WINDOW_S)
        assert leaving.core.state is State.DRAINING
        typed = 0
        while leaving.core.state is not State.DRAINED:
            typed += 1
            await bo.type(f" <b{typed:03d}>")
            await asyncio.sleep(0.02)
        await drain.ended()
        await ada.until(lambda: ada.connections == 2 and ada.synced.is_set())
        await bo.until_acknowledged()
        await ada.until(lambda: all(word in str(ada.text) for word in bo.typed))
        assert typed > 10
        assert all(str(ada.text).count(word) == 1 for word in bo.typed)
        assert (ada.close_codes, bo.close_codes) == ([4510], [4510])
        assert staying.core.runtime.owned(project) is not None
        assert [row.id for row in await staying.core.ledger.hosts()] == [staying.core.runtime.lease.row.id]
        await leaving.core.check_health()


async def test_w102_a_tunnelled_socket_of_either_end_comes_back(pair: Pair) -> None:
    """W-102: a socket carried through a host that leaves ends with a retry code, and so does one carried to it."""
    project, scene = await pair.story()
    async with pair.one.person(project, scene, "Ada") as ada, pair.two.person(project, scene, "Bo") as bo:
        assert (ada.connections, bo.connections) == (1, 1)
        leaving, staying = sides(pair, project)
        carried, local = (bo, ada) if leaving is pair.one else (ada, bo)
        local.url = local.url.replace(f":{leaving.port}/", f":{staying.port}/")
        await leaving.core.leave(WINDOW_S).ended()
        await carried.until(lambda: carried.connections == 2 and carried.synced.is_set())
        await local.until(lambda: local.connections == 2 and local.synced.is_set())
        await local.type("After.")
        await local.until_acknowledged()
        await carried.until(lambda: "After." in str(carried.text))
        assert set(ada.close_codes + bo.close_codes) == {4510}


async def test_w100_a_leaving_host_opens_nothing_and_says_so(pair: Pair) -> None:
    """W-100: a socket for a project that is not open here is told to come again; a command finds the other host."""
    project, scene = await pair.story()
    leaving, staying = sides(pair, project)
    await leaving.core.leave(WINDOW_S).ended()
    assert pair.owner(project) is None
    envelope = Envelope(project, project, "owner", "late", CreateScene("EXT. PIER - DAY", None))
    assert (await pair.commands.send(envelope)).ids["scene"]
    assert staying.core.runtime.owned(project) is not None
    late = leaving.person(project, scene, "Late")
    task = asyncio.create_task(late._live())
    async with asyncio.timeout(10):
        while not late.close_codes:  # noqa: ASYNC110 - the client counts its closes by itself
            await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert late.close_codes[0] == CloseCode.GOING_AWAY
    assert leaving.core.runtime.owned(project) is None


async def test_w103_a_project_with_a_job_is_given_to_somebody(pair: Pair) -> None:
    """W-103: nobody has it open, so nobody would claim it: the other host takes it by name, and waits for its job."""
    project, _ = await pair.story()
    written = CreateScene("INT. ATTIC - NIGHT", "INT. ATTIC - NIGHT\n\nADA lights a lamp.\n")
    scene = (await pair.commands.send(Envelope(project, project, "owner", "written", written))).ids["scene"]
    made = await pair.commands.send(Envelope(project, scene, "owner", "job", GenerateScene(scene)))
    leaving, staying = sides(pair, project)
    home = leaving.core.runtime.owned(project)
    assert home is not None
    assert home.waits_for()
    await leaving.core.leave(WINDOW_S).ended()
    taken = staying.core.runtime.owned(project)
    assert taken is not None
    async with asyncio.timeout(10):
        while not taken.waits_for():  # noqa: ASYNC110 - the job is handed out after the project was opened
            await asyncio.sleep(0.01)
    assert made.ids


def test_w101_slices_of_a_crowd_are_even_and_leave_other_projects_alone() -> None:
    """W-101: 300 sockets closed over 1.5 s: 50 in each quarter of a second, in no order; the neighbour stays."""

    async def main() -> tuple[list[float], Wire]:
        sockets, loop, closed = OpenSockets(), asyncio.get_running_loop(), list[float]()

        class Told(Wire):
            def close(self, code: int, reason: str = "") -> None:
                super().close(code, reason)
                closed.append(loop.time())

        neighbour = Told()
        with contextlib.ExitStack() as held:
            held.enter_context(sockets.hold(neighbour, "other"))
            for _ in range(300):
                held.enter_context(sockets.hold(Told(), "crowd"))
            assert (sockets.count("crowd"), len(sockets)) == (300, 301)
            await sockets.close_over(1.5, "retry_ms=1", "crowd")
        return closed, neighbour

    closed, neighbour = run(main())
    assert neighbour.code is None
    assert [sum(n <= at * 4 < n + 1 for at in closed) for n in range(6)] == [50] * 6


def test_w106_a_socket_grows_old_and_the_ages_are_spread() -> None:
    """W-106: none outlives its age, and those that came together do not go together."""

    async def main() -> list[float]:
        sockets, loop = OpenSockets(age_s_max=3_600), asyncio.get_running_loop()
        ended: list[float] = []

        async def socket() -> None:
            wire = Wire()
            with sockets.hold(wire, "prj"):
                while wire.code is None:  # noqa: ASYNC110 - a wire in memory tells nobody
                    await asyncio.sleep(1)
            assert wire.code == CloseCode.GOING_AWAY
            ended.append(loop.time())

        await asyncio.gather(*(socket() for _ in range(20)))
        assert len(sockets) == 0
        return ended

    ended = run(main())
    assert max(ended) <= 3_601
    assert min(ended) >= 2_700
    assert max(ended) - min(ended) > 60
