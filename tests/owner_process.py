"""Owners of jobs as processes that kill themselves: `python -m tests.owner_process`, one life a line of standard input.

Owns the boundary at which a life ends: before or after a commit, counted in the ledger that the owner writes through.
Invariant: an owner dies by SIGKILL between two system calls, as in a crash: nothing of it runs afterwards. Each life is
a fork of one process that has everything imported, so that a hundred deaths take seconds. Lines in are `Life` as JSON;
lines out: "scene ID" when the story is made, then "dead {what was being committed}" or "ended {"job", "commits"}".
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from actors.commands import CancelJob, Command, CreateProject, CreateScene, Envelope, GenerateScene, PickPanel
from actors.project.actor import project_id
from actors.views import JobView
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import Append, Committed, Ledger
from storage.ledger.sqlite import SqliteLedger
from tests.jobs_owner import SCRIPT, Owner, owner

ENDED = ("FINAL_READY", "FAILED", "CANCELLED")


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One owner. `scene` empty: it makes the story first. `deposes`: the incarnation it takes over from, whose port is
    known to refuse. It dies at its `dies_at`th commit after the story was made (0: never), or at the first one with an
    event of type `dies_with`, before or after it."""

    folder: str
    database: str = ""
    host: str
    name: str  # of the story
    scene: str = ""
    deposes: str = ""
    dies_at: int = 0
    dies_with: str = ""
    before: bool = False
    wish: str = (
        "film"  # of whoever asks: "film", "pick" (they choose a frame), "cancel" (in mid-film), "" (nobody asks)
    )

    @property
    def home(self) -> str:
        return project_id("usr_a", self.name)

    def line(self) -> str:
        return json.dumps(asdict(self)) + "\n"


class MortalLedger:
    """A ledger whose process dies at a commit of its home; everything else is the ledger's."""

    def __init__(self, inner: Ledger, life: Life) -> None:
        self._inner, self._life = inner, life
        self.counting, self.commits = False, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def append(self, append: Append) -> Awaitable[Committed]:
        if not self.counting or append.home != self._life.home:
            return self._inner.append(append)
        self.commits += 1
        with_event = any(event.type == self._life.dies_with for event in append.events)
        mine = self.commits == self._life.dies_at or with_event
        if mine and self._life.before:
            _die(append)
        landed = asyncio.ensure_future(self._inner.append(append))
        return self._and_die(landed, append) if mine else landed

    async def _and_die(self, landed: asyncio.Future[Committed], append: Append) -> Committed:
        await landed
        _die(append)
        raise AssertionError("SIGKILL came back")


def _die(append: Append) -> None:
    told = {
        "types": [event.type for event in append.events],
        "opens": [attempt.step for attempt in append.attempts],
        "hands": [attempt.step for attempt in append.attempts if attempt.hand_to],
    }
    os.write(1, f"dead {json.dumps(told)}\n".encode())
    os.kill(os.getpid(), signal.SIGKILL)


async def live(life: Life) -> None:
    folder = Path(life.folder)
    inner: Ledger = PostgresLedger(life.database) if life.database else SqliteLedger(folder / "ledger.db")
    ledger = MortalLedger(inner, life)
    async with owner(folder, ledger, life.host) as it:  # type: ignore[arg-type]
        home, scene = life.home, life.scene
        if not scene:
            await it.runtime.command(Envelope(home, home, "usr_a", "project", CreateProject("Heat", "MOVIE")))
            made = CreateScene("INT. KITCHEN - DAY", SCRIPT)
            scene = (await it.runtime.command(Envelope(home, home, "usr_a", "scene", made))).ids["scene"]
            print(f"scene {scene}", flush=True)
        ledger.counting = True
        if life.deposes:
            await it.runtime.open(home, depose=life.deposes)
        job = await ask(it, life, scene) if life.wish else (await ledger.views("job", parent=scene))[0].id
        await it.until(job, lambda view: view.state in ENDED)
        print(f"ended {json.dumps({'job': job, 'commits': ledger.commits})}", flush=True)


def picked(view: JobView) -> bool:
    return any(shot["picked"] for shot in view.shots)


async def ask(it: Owner, life: Life, scene: str) -> str:
    """What people ask of one job, each wish with its key: whoever was cut off by a death asks it again."""

    async def command(key: str, command: Command) -> dict[str, str]:
        return (await it.runtime.command(Envelope(life.home, scene, "usr_a", key, command))).ids

    job = (await command("generate", GenerateScene(scene, auto_pick=life.wish != "pick")))["job"]
    if life.wish == "pick":
        seen = await it.until(job, lambda view: view.state in ("PREVIEW_READY", *ENDED) or picked(view))
        await command("pick", PickPanel(scene, job, min(panel["id"] for panel in seen.panels)))
    if life.wish == "cancel":
        seen = await it.until(job, lambda view: view.stage == "VIDEO_GENERATION" or view.state in ENDED)
        await it.begun(seen.attempt or "")
        await command("cancel", CancelJob(scene, job))
    return job


def main() -> None:
    print("up", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if not child:
            asyncio.run(live(Life(**json.loads(line))))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            print(f"broken {os.WEXITSTATUS(status)}", flush=True)


if __name__ == "__main__":
    main()
