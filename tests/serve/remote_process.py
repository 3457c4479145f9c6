"""One process of remote rendering that kills itself (SIGKILL) at a named boundary: `remote_process.py ROLE CONFIG`.

CONFIG is JSON: {"redis", "folder", "die_at", "order", "bucket"}. Roles: owner (commits one attempt and dies),
dispatcher, worker, bridge ("endpoint" in the configuration). "die_at": a boundary, or "object 3": when so many objects
were stored. "bucket": [name, endpoint, access, secret] instead of the folder's objects. It prints "up" when it runs.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu.steps import Step
from serve_app.remote.bridge import Bridge
from serve_app.remote.dispatcher import NEEDS
from serve_app.remote.endpoint import Endpoint
from serve_app.remote.worker import RemoteWorker
from storage.codec import encode
from storage.ledger.protocol import Append, HostRow, NewAttempt
from storage.ledger.sqlite import SqliteLedger
from storage.objects.s3 import Buckets, S3Objects, S3Place
from storage.queue.protocol import Names
from tests.unit.serve_app.remote.rig import HOME, Rig, video_request
from tests.unit.serve_app.remote.test_worker import renderer


class MortalObjects:
    """An object store whose process dies with the `last` object it has stored."""

    def __init__(self, inner: Any, last: int) -> None:
        self._inner, self._left = inner, last

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def put(self, *given: Any, **how: Any) -> Any:
        stored = await self._inner.put(*given, **how)
        self._left -= 1
        if not self._left:
            os.kill(os.getpid(), signal.SIGKILL)
        return stored


def objects_of(rig: Rig, config: dict[str, Any]) -> Any:
    objects: Any = rig.objects
    if config.get("bucket"):
        name, endpoint, access, secret = config["bucket"]
        objects = S3Objects(S3Place(Buckets(name, False), endpoint, "us-east-1", access, secret))
    what, _, number = config.get("die_at", "").partition(" ")
    return MortalObjects(objects, int(number)) if what == "object" else objects


async def main(role: str, config: dict[str, Any]) -> None:
    async def at(boundary: str) -> None:
        if boundary == config.get("die_at"):
            os.kill(os.getpid(), signal.SIGKILL)

    folder = Path(config["folder"])
    ledger = SqliteLedger(folder / "ledger.db")
    if role == "owner":
        await ledger.open()
        host = await ledger.heartbeat(HostRow(f"host-{os.getpid()}", "inc-1", os.getpid(), "127.0.0.1:1"), 100)
        claim = await ledger.claim(HOME, host)
        body = encode(video_request(config["order"]))
        new = NewAttempt(config["order"], HOME, "scn_x", f"job_{config['order']}", Step.VIDEO, 1, body, 120_000)
        await ledger.append(Append(HOME, claim.epoch, claim.seq, (), attempts=(replace(new, needs=NEEDS),)))
        os.kill(os.getpid(), signal.SIGKILL)  # committed, and nobody was woken
    rig = Rig(config["redis"], folder, ledger, None, Names("t:jobs", "t:results"))
    rig.objects = objects_of(rig, config)
    print("up", flush=True)
    if role == "dispatcher":
        await ledger.open()
        rig.dispatcher(at=at)
        await asyncio.Event().wait()
    elif role == "worker":
        await RemoteWorker(
            f"w-{os.getpid()}", rig.lists, renderer(rig), hold_s=0.5, step_s=0.05, idle_s=0.3, at=at
        ).run()
    else:
        endpoint = Endpoint(config["endpoint"], "key", run_s=2.0)
        times = {"in_flight": 2, "grace_s": 0.5, "poll_s": 0.05, "slack_s": 0.3, "idle_s": 0.3}
        await Bridge(rig.lists, endpoint, rig.objects, at=at, **times).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
