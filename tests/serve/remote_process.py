"""One process of remote rendering that kills itself (SIGKILL) at a named boundary: `remote_process.py ROLE CONFIG`.

CONFIG is JSON: {"redis", "folder", "die_at", "order"}. Roles: owner (commits one attempt and dies), dispatcher, worker,
bridge ("endpoint" in the configuration). It prints "up" when it runs.
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
from storage.queue.protocol import Names
from tests.unit.serve_app.remote.rig import HOME, Rig, video_request
from tests.unit.serve_app.remote.test_worker import renderer


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
