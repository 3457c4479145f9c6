"""A ledger with one owned home, lists on a real Valkey, a folder of objects, and workers as strangers write them."""

from __future__ import annotations

import asyncio
import inspect
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import redis
import redis.asyncio

from gpu.enhance.protocol import EnhancedScene
from gpu.steps import Step
from gpu.video.protocol import Look, Shot
from serve_app.remote.dispatcher import NEEDS, Dispatcher, Pace
from serve_app.remote.finishing import Finisher
from serve_app.remote.results import At
from serve_app.steps.stores import StepStores
from storage.cache.sqlite import SqliteExactCache
from storage.codec import decode, encode
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import FINAL_STATES, Append, Attempt, AttemptState, Claim, HostRow, Ledger, NewAttempt
from storage.objects.local import LocalObjects
from storage.queue.protocol import Names
from storage.queue.redis_lists import RedisLists

HOME = "prj_remote0000"
PACE = Pace(beat_s=0.02, look_s=0.02, deep_s=0.05, poll_s=0.02, hold_s=0.5, lost_s=0.1)

SCENE = EnhancedScene(
    shots=(Shot(0, 0.5, "PIER", False),),
    shot_prompts=("A pier.",),
    prompt="A pier at night.",
    negative="",
    look=Look(),
    brain="thriller",
    brain_version=1,
    writer="grammar",
    writer_version=1,
    seed=7,
)


def video_request(id: str, **more: Any) -> dict[str, Any]:
    return {
        "enhanced": SCENE.to_dict(),
        "seed": 7,
        "candidate": 0,
        "panel_key": None,
        "width": 160,
        "height": 96,
        "fps": 8,
        "prefix": f"{HOME}/job_{id}/{id}",
        "backend": None,
        "recipe_hash": "ab" * 32,
        **more,
    }


def film_bytes(folder: Path, level: int = 120) -> bytes:
    """A small MP4 as a stranger would render it."""
    path = folder / f"stranger-{level}.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=8)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(4):
            frame = av.VideoFrame.from_ndarray(np.full((96, 160, 3), level + number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 8)
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path.read_bytes()


class Rig:
    """Everything of one installation that outlives its processes."""

    def __init__(self, url: str, folder: Path, ledger: Ledger, claim: Claim | None, names: Names) -> None:
        self.url, self.folder, self.ledger, self.names = url, folder, ledger, names
        self._epoch = claim.epoch if claim else 0  # without a claim it only works, and orders nothing
        self.objects = LocalObjects(folder / "objects")
        self.cache = SqliteExactCache(folder / "cache.db")
        self.lists = RedisLists(url, names)
        self.direct = redis.asyncio.Redis.from_url(url)
        self.dispatchers: list[Dispatcher] = []
        self.told = asyncio.Event()
        self.count = 0
        self._seq = claim.seq if claim else 0

    @classmethod
    async def open(cls, url: str, folder: Path, names: Names, ledger: Ledger | None = None) -> Rig:
        ledger = ledger or MemoryLedger()
        await ledger.open()
        host = await ledger.heartbeat(HostRow("host-1", "inc-1", 1, "127.0.0.1:1"), 60_000)
        return cls(url, folder, ledger, await ledger.claim(HOME, host), names)

    async def close(self) -> None:
        for dispatcher in self.dispatchers:
            await dispatcher.stop()
        await self.lists.close()
        await self.direct.aclose()
        await self.cache.close()
        await self.ledger.close()

    def dispatcher(self, *, at: At | None = None, pace: Pace = PACE, private: bool = True) -> Dispatcher:
        async def tell(_attempt: Attempt) -> None:
            self.told.set()

        stores = StepStores(asyncio.get_running_loop(), self.objects, self.cache)
        more = {} if at is None else {"at": at}
        made = Dispatcher(
            self.ledger,
            self.lists,
            self.objects,
            self.cache,
            Finisher(stores, private=private),
            tell,
            backends=("animatediff", "svd"),
            pace=pace,
            **more,
        )
        self.dispatchers.append(made)
        made.start()
        return made

    async def order(self, *, timeout_ms: int = 60_000, needs: str = NEEDS, **more: Any) -> str:
        self.count += 1
        id = f"att_{self.count:012d}"
        body = encode(video_request(id, **more))
        new = NewAttempt(id, HOME, "scn_x", f"job_{id}", Step.VIDEO, 1, body, timeout_ms)
        await self.ledger.append(Append(HOME, self._epoch, self._seq, (), attempts=(replace(new, needs=needs),)))
        for dispatcher in self.dispatchers:
            dispatcher.wake()
        return id

    async def cancel(self, id: str) -> None:
        await self.ledger.append(Append(HOME, self._epoch, self._seq, (), cancel_attempts=(id,)))

    async def until(self, id: str, holds: Callable[[Attempt], bool], within_s: float = 15.0) -> Attempt:
        async with asyncio.timeout(within_s):
            while True:
                self.told.clear()
                row = await self.ledger.attempt(id)
                assert row is not None
                if holds(row):
                    return row
                await asyncio.wait((asyncio.ensure_future(self.told.wait()),), timeout=0.05)

    async def final(self, id: str, within_s: float = 15.0) -> Attempt:
        return await self.until(id, lambda row: row.state in FINAL_STATES, within_s)

    async def media(self, id: str) -> dict[str, Any]:
        row = await self.final(id)
        assert row.state is AttemptState.DONE, decode(row.error or b"\xc0")
        said = decode(row.result or b"")
        assert isinstance(said, dict)
        return said

    async def fact(self, holds: Callable[[], Any], within_s: float = 10.0) -> Any:
        """Waits until an awaitable or plain check gives something."""
        async with asyncio.timeout(within_s):
            while True:
                found = holds()
                if inspect.isawaitable(found):
                    found = await found
                if found:
                    return found
                await asyncio.sleep(0.01)


class Stranger:
    """A worker as the seed writes it: BLPOP, render, upload, RPUSH. At most once; no lease, no progress, no cancel."""

    def __init__(self, rig: Rig, film: bytes, **result: Any) -> None:
        self.rig, self.film, self.more = rig, film, result
        self.rendered: Counter[str] = Counter()
        self.go = threading.Event()
        self.go.set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def _loop(self) -> None:
        server = redis.Redis.from_url(self.rig.url)
        while not self._stop.is_set():
            taken = server.blpop([self.rig.names.jobs], timeout=0.1)
            if taken is None:
                continue
            job = json.loads(taken[1])
            self.rendered[job["job_id"]] += 1
            while not self.go.wait(0.05) and not self._stop.is_set():
                continue
            server.rpush(self.rig.names.results, json.dumps(self.answer(job)))
        server.close()

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        path = self.rig.folder / "objects/data" / job["output"]["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")  # rendered again, it is replaced whole: somebody may be reading the first
        part.write_bytes(self.film)
        part.replace(path)
        done = {"job_id": job["job_id"], "status": "success", "artifacts": {}, "runtime": {"backend": job["backend"]}}
        return {**done, "error": None, "meta": job["meta"], **self.more}

    def stop(self) -> None:
        self._stop.set()
        self.go.set()
        self._thread.join()
