"""kill -9 of the owner at every commit of a job, as processes, on real databases: each job ends once (G-310).

An owner process on the ledger, a worker process that renders and lives; the owner dies before or after its n-th commit
of the job, a successor takes the project, and whoever asked asks again with the same key. Deaths of workers are in
`test_worker_kills.py`.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from actors.views import JobView
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import Attempt, AttemptState, Kind, Ledger
from storage.ledger.sqlite import SqliteLedger
from tests.jobs_owner import ROOT, WorkerProcess
from tests.owner_process import Life
from tests.serve.replicas import check_one_writer

pytestmark = pytest.mark.serve

STEPS = ("enhance", "cache", "storyboard", "video", "observe")
LIFE_S = 60
BOARD = ("job.created", "job.script_ready", "job.continuity_checked", "job.cache_answered", "job.board_done")
FILM = (*BOARD, "job.picked", "job.rendered", "job.observed", "job.final_ready")
ONCE = {"film": FILM, "pick": (*FILM, "job.preview_ready"), "cancel": (*BOARD, "job.cancelled"), "": FILM}
"""Events of a job by what people wish of it: each comes once."""


class Owners:
    """`tests.owner_process` and one worker beside it, on one database; a life at a time."""

    def __init__(self, folder: Path, database: str = "", **film: Any) -> None:
        self.folder, self.database = folder, database
        self._film = {"parts": 4, "part_ms": 5, **film}
        self.runs = folder / "runs"

    async def __aenter__(self) -> Owners:
        self.runs.touch()
        self.ledger: Ledger = (
            PostgresLedger(self.database) if self.database else SqliteLedger(self.folder / "ledger.db")
        )
        await self.ledger.open()
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.owner_process",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        self._worker = WorkerProcess(self.folder, database=self.database, runs=str(self.runs), **self._film)
        await self._worker.__aenter__()
        assert await self._line() == ("up", "")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._worker.__aexit__()
        async with asyncio.timeout(20):
            assert await self._process.wait() == 0
        await self.ledger.close()

    async def _line(self) -> tuple[str, str]:
        assert self._process.stdout is not None
        async with asyncio.timeout(LIFE_S):
            word, _, told = (await self._process.stdout.readline()).decode().strip().partition(" ")
        return word, told

    async def live(self, life: Life) -> tuple[Life, dict[str, Any], bool]:
        """That life to its end: itself with its scene, what it told at the end, and whether it was killed."""
        assert self._process.stdin is not None
        self._process.stdin.write(replace(life, folder=str(self.folder), database=self.database).line().encode())
        word, told = await self._line()
        if word == "scene":
            life = replace(life, scene=told)
            word, told = await self._line()
        assert word in ("dead", "ended"), (word, told)
        return life, json.loads(told), word == "dead"

    async def check(self, life: Life, job: str, epochs: int) -> None:
        """One take (none of what was cancelled), and every step tried, begun, claimed and charged once; each event of
        the job once; no gap in the log, no row of a dead owner after one of its successor."""
        view = await self.ledger.view("job", job)
        assert view is not None
        seen = JobView.from_blob(view.body or b"")
        cancelled = life.wish == "cancel"
        assert (seen.state, seen.error) == ("CANCELLED" if cancelled else "FINAL_READY", None)
        takes = [take.id for take in await self.ledger.views("take", parent=life.scene)]
        assert takes == ([] if cancelled else [seen.take])
        assert len(await self.ledger.views("job", parent=life.scene)) == 1
        async with asyncio.timeout(LIFE_S):  # a cancelled film stops at its next step
            while await self.ledger.attempts(life.home, open_only=True):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.02)
        rows = await self.ledger.attempts(life.home)
        ends = [AttemptState.DONE] * 3 + ([AttemptState.CANCELLED] if cancelled else [AttemptState.DONE] * 2)
        assert [(row.step, row.number, row.state, row.claims) for row in sorted(rows, key=place)] == [
            (step, 1, end, 1) for step, end in zip(STEPS, ends, strict=False)
        ]
        assert all(row.charge_ms > 0 for row in rows)
        begun = Counter(line.split()[1] for line in self.runs.read_text().splitlines())
        done = [row for row in rows if row.state is AttemptState.DONE]
        assert [begun[row.id] for row in done] == [1] * len(done), "a step was rendered again"
        assert max(begun[row.id] for row in rows) == 1
        events = await self.ledger.read(life.home, limit=10_000)
        check_one_writer(events)
        assert len([row for row in events if row.kind is Kind.OWNERSHIP]) == epochs
        told = Counter(row.type for row in events)
        assert {name: told[name] for name in ONCE[life.wish]} == dict.fromkeys(ONCE[life.wish], 1)


def place(row: Attempt) -> int:
    return STEPS.index(row.step)


def first(name: str, **how: Any) -> Life:
    return Life(folder="", host=f"{name}-h1", name=name, **how)


def successor(life: Life, **how: Any) -> Life:
    """The next host. It knows that the one before it is dead: its port refuses."""
    name, _, number = life.host.rpartition("-h")
    given = {"dies_at": 0, "dies_with": "", "before": False, **how}
    return replace(life, host=f"{name}-h{int(number) + 1}", deposes=f"{life.host}-1", **given)


async def killed_once(owners: Owners, name: str, **how: Any) -> dict[str, Any] | None:
    """What the owner was committing when it died there; None if its job had ended before."""
    life, told, dead = await owners.live(first(name, **how))
    if not dead:
        await owners.check(life, told["job"], epochs=1)
        return None
    life, ended, dead = await owners.live(successor(life))
    assert not dead
    await owners.check(life, ended["job"], epochs=2)
    return told


async def test_g310_owners_die_one_after_the_other_and_the_job_ends_once(tmp_path: Path) -> None:
    """G-310: each owner of one job dies at its third commit, by turns before and after it, until the job has ended."""
    async with Owners(tmp_path) as owners:
        life, told, dead = await owners.live(first("relay", dies_at=3))
        lives = 1
        while dead:
            lives += 1
            life, told, dead = await owners.live(successor(life, dies_at=3, before=lives % 2 == 0))
        assert lives >= 4
        await owners.check(life, told["job"], epochs=lives)


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.mark.proof
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("wish", ["film", "pick", "cancel"])
async def test_g310_an_owner_killed_at_any_commit_of_a_job_costs_time_only(
    tmp_path: Path, database: str, wish: str, before: bool
) -> None:
    """G-310: at every commit from the command to the end, also of one whose frame somebody picks or that is cancelled
    in mid-film: at each of the job's events, and at each opening of a step."""
    deaths: list[dict[str, Any]] = []
    async with Owners(tmp_path, database, part_ms=500 if wish == "cancel" else 5) as owners:
        at = 1
        while told := await killed_once(owners, f"at {at}", wish=wish, dies_at=at, before=before):
            deaths.append(told)
            at += 1
        seen = {name for death in deaths for name in death["types"]}
        for missed in set(ONCE[wish]) - seen:  # what shares a commit with what depends on the machine
            told = await killed_once(owners, missed, wish=wish, dies_with=missed, before=before)
            assert told, f"no owner died at {missed}"
            deaths.append(told)
    assert {step for death in deaths for step in death["opens"]} >= {"enhance", "storyboard", "video"}
    handed = sum(bool(death["hands"]) for death in deaths)
    print(
        f"\n{wish}: {len(deaths)} deaths {'before' if before else 'after'} a commit, {handed} handing an attempt over"
    )


@pytest.mark.proof
async def test_g310_a_job_whose_owner_dies_goes_on_though_nobody_asks(tmp_path: Path, database: str) -> None:
    """G-310: no successor was told and nobody comes: a host finds the open job when the dead one's lease has ended."""
    async with Owners(tmp_path, database) as owners:
        life, _told, dead = await owners.live(first("alone", dies_at=3))
        assert dead
        life, ended, _ = await owners.live(replace(successor(life, wish=""), deposes=""))
        await owners.check(life, ended["job"], epochs=2)
