"""A worker for vendors in a process of its own, that dies by SIGKILL where it is told to.

`python vendor_story.py FOLDER URL RECONCILE BOUNDARY`: claims what there is on FOLDER's ledger until the attempt ends.
BOUNDARY: intent | answer | id | content (the moment after it is durable, or before the next is), or never.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from gpu.video.videos_api_wire import Endpoint
from serve_app.steps import video_vendors
from serve_app.steps.vendor_tasks import VendorTasks
from serve_app.steps.vendors import VendorWorker
from storage.cache.sqlite import SqliteExactCache
from storage.ledger.protocol import Attempt, AttemptState
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects
from tests.vendor import KEY


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dies_at(boundary: str) -> None:
    """Dies between two steps of the step: with what is durable then, and what the vendor knows then."""
    keep, accepted = VendorTasks._keep, VendorTasks._accepted

    async def kept(self: VendorTasks) -> None:
        await keep(self)
        has_task = any("task" in clip for clip in self._clips.values())
        if boundary == ("id" if has_task else "intent"):
            die()

    async def answered(self: VendorTasks, clip: Any, task: Any) -> str:
        if boundary == "answer":
            die()
        return await accepted(self, clip, task)

    def finished(*_: Any, **__: Any) -> Any:
        die()

    VendorTasks._keep, VendorTasks._accepted = kept, answered  # type: ignore[method-assign]
    if boundary == "content":
        video_vendors.finish = finished  # type: ignore[assignment]


async def work(folder: Path, url: str, how: Any) -> None:
    ledger, ended = SqliteLedger(folder / "ledger.db"), asyncio.Event()
    await ledger.open()

    async def tell(attempt: Attempt) -> None:
        row = await ledger.attempt(attempt.id)
        if row is not None and row.state not in (AttemptState.OPEN, AttemptState.CLAIMED):
            ended.set()

    endpoint = Endpoint(
        "loopback", url, "tiny-1", seconds=(2, 4), sizes=((128, 96),), poll_s=0.05, key=KEY, reconcile=how
    )
    stores = LocalObjects(folder / "objects"), SqliteExactCache(folder / "cache.db")
    worker = VendorWorker(f"w{os.getpid()}", (endpoint,), 2, ledger, *stores, tell)
    worker.start()
    async with asyncio.timeout(60):
        await ended.wait()
    await worker.stop()
    await ledger.close()


if __name__ == "__main__":
    dies_at(sys.argv[4])
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
