"""W-107 … W-109: what a deploy, a larger and a smaller number of hosts, and a dead one cost people who are typing.

On real Ray, behind the ingress this machine has, by plain `serve deploy`. Figures are printed.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import start_stack, stop_stack
from tests.serve.rolling import Operator, Team, team_at_work

pytestmark = [pytest.mark.serve, pytest.mark.proof]

PROJECTS = 6
BACK_S_MAX = 5.0
WINDOW_S = 10
"""Serve's default draining period is 30 s; that of `storyforge serve` is 2, for a quick Ctrl-C."""


@pytest.fixture
def operator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    monkeypatch.setenv("RAY_SERVE_DIRECT_INGRESS_MIN_DRAINING_PERIOD_S", str(WINDOW_S))
    stack = start_stack(tmp_path / "data", "--dashboard")
    try:
        operator = Operator(stack, tmp_path)
        before = operator.hosts()
        operator.deploy(2, new_release=True)  # from here on what runs was deployed by this file
        operator.until(2, without=list(before))
        yield operator
    finally:
        stop_stack(stack)


def say(what: str, team: Team, moved: int | None = None) -> None:
    extra = "" if moved is None else f", survivors' projects moved {moved}"
    print(
        f"\n{what}: {team.returns()} returns, slowest {team.slowest_s():.2f} s, lost 0{extra}; "
        f"closes {sorted(team.close_codes())}"
    )


async def test_w107_a_new_release_under_load_loses_nothing_and_everybody_is_back(operator: Operator) -> None:
    """W-107: three releases in a row while people type: no edit is lost or doubled, each person is back within 5 s of
    each close, and no socket was left for Serve's 1012."""
    async with team_at_work(operator.stack, PROJECTS) as team:
        for _ in range(3):
            before = await asyncio.to_thread(operator.hosts)
            await asyncio.to_thread(operator.deploy, 2, new_release=True)
            await asyncio.to_thread(operator.until, 2, without=list(before))
        await team.settle()
        say("3 releases", team)
        assert team.returns() >= 3 * len(team.people)
        assert team.slowest_s() <= BACK_S_MAX
        assert 1012 not in team.close_codes()
        pids = set((await asyncio.to_thread(operator.hosts)).values())
        assert {pid for pid, _ in team.owners().values()} <= pids


async def test_w108_more_and_fewer_hosts_under_load(operator: Operator) -> None:
    """W-108: two hosts, four, two again: nothing is lost, a host that stays keeps its projects, and whoever has to
    move is back within 5 s."""
    async with team_at_work(operator.stack, PROJECTS) as team:
        two = await asyncio.to_thread(operator.hosts)
        before = await asyncio.to_thread(team.owners)
        await asyncio.to_thread(operator.deploy, 4, new_release=False)
        four = await asyncio.to_thread(operator.until, 4)
        assert set(two) < set(four)
        await team.grow(PROJECTS)
        grown = await asyncio.to_thread(team.owners)
        assert {project: grown[project] for project in before} == before  # more room moves nobody
        assert team.returns() == 0
        await asyncio.to_thread(operator.deploy, 2, new_release=False)
        left = await asyncio.to_thread(operator.until, 2)
        await team.settle()
        after, stay = await asyncio.to_thread(team.owners), set(left.values())
        moved = sum(after[project] != was for project, was in grown.items() if was[0] in stay)
        say("2 → 4 → 2 hosts", team, moved)
        assert moved == 0
        assert team.returns() > 0
        assert team.slowest_s() <= BACK_S_MAX
        assert {pid for pid, _ in after.values()} <= stay


async def test_w109_a_host_that_is_replaced_takes_nothing_from_the_survivors(operator: Operator) -> None:
    """W-109: one host is killed and Serve puts another in its place: the projects of the one that lived did not move,
    nor do they when their people come again."""
    async with team_at_work(operator.stack, PROJECTS) as team:
        hosts = await asyncio.to_thread(operator.hosts)
        before = await asyncio.to_thread(team.owners)
        victim = next(pid for pid in hosts.values() if any(pid == owned[0] for owned in before.values()))
        os.kill(victim, signal.SIGKILL)
        await asyncio.to_thread(operator.until, 2, without=[name for name, pid in hosts.items() if pid == victim])
        for person in team.people:
            assert person._socket is not None
            times = len(person.away_s)
            await person._socket.close(1001)
            await person.until(lambda person=person, times=times: len(person.away_s) > times)
        await team.settle()
        after = await asyncio.to_thread(team.owners)
        moved = sum(after[project] != was for project, was in before.items() if was[0] != victim)
        say("one of two hosts replaced", team, moved)
        assert moved == 0
        assert team.slowest_s() <= BACK_S_MAX
