"""A worker process of its own on the ledger and bus of a folder: the real `Worker`, steps without pictures.

`python -m tests.worker_process FOLDER [JSON]` prints "up", then a line "at BOUNDARY ATTEMPT" when a film stands at a
boundary named in `stops`, where it stays until it is killed. SIGTERM stops it in order. JSON: {"parts": of a film,
"part_ms", "stops": ["claimed", "partial", "finishing"], "durable": whether each part is kept, "runs": a file that gets
a line "STEP ATTEMPT" whenever a step begins, "database": of PostgreSQL instead of the folder's SQLite}.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import secrets
import signal
import sys
import time
from pathlib import Path
from typing import Any

from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhanceRequest
from gpu.steps import Step
from serve_app.owner_bell import OwnerBell
from serve_app.steps.embedded import LANES
from serve_app.worker import Report, StepCancelled, Worker
from storage.bus.sqlite import SqliteBus
from storage.codec import decode, encode
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import Attempt, Ledger
from storage.ledger.sqlite import SqliteLedger


class Steps:
    def __init__(self, told: dict[str, Any]) -> None:
        self._parts, self._part_s = int(told.get("parts", 1)), float(told.get("part_ms", 0)) / 1000
        self._stops, self._durable = set(told.get("stops", ())), bool(told.get("durable"))
        self._runs = told.get("runs", "")
        self._writer, self._written = GrammarWriter(), dict[bytes, dict[str, Any]]()

    def runs(self) -> dict[str, Any]:
        return {step.value: self.run for step in Step}

    def run(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        if self._runs:
            with Path(self._runs).open("a") as counted:  # one small write: lines of two steps do not mix
                counted.write(f"{attempt.step} {attempt.id}\n")
        self._at("claimed", attempt)
        answer = self._film(attempt, request, report) if attempt.step == Step.VIDEO else self._quick(attempt, request)
        self._at("finishing", attempt)
        return answer

    def _at(self, boundary: str, attempt: Attempt) -> None:
        if boundary in self._stops and attempt.step == Step.VIDEO:
            print(f"at {boundary} {attempt.id}", flush=True)
            time.sleep(600)

    def _quick(self, attempt: Attempt, request: dict[str, Any]) -> dict[str, Any]:
        prefix = request.get("prefix", "")
        match Step(attempt.step):
            case Step.ENHANCE:
                return {"enhanced": self._enhanced(request["enhance"])}
            case Step.CACHE:
                return {"verdict": "miss", "take": None}
            case Step.STORYBOARD:
                panels = range(request["candidates"])
                return {
                    "panels": [{"candidate": n, "key": f"{prefix}/{n}.jpg", "sha256": "", "bytes": 1} for n in panels]
                }
        return {"verdict": "pass", "measures": {}, "reasons": [], "quality_score": 0.9, "epistemic_state": "ACCEPTED"}

    def _enhanced(self, request: dict[str, Any]) -> dict[str, Any]:
        key = encode({**request, "seed": 0})
        if key not in self._written:
            self._written[key] = self._writer.write(EnhanceRequest.from_dict(request)).to_dict()
        return self._written[key]

    def _film(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        """Part by part, each durable: whoever takes it over goes on behind the last."""
        before = decode(attempt.result) if attempt.result else {}
        drawn = list(before.get("drawn", ()))
        while len(drawn) < self._parts:
            if report.cancelled():
                raise StepCancelled
            time.sleep(self._part_s)
            drawn.append(f"{os.getpid()}")
            report(len(drawn) / self._parts, "VIDEO_GENERATION|Drawing")
            if self._durable:
                report.durable({"drawn": list(drawn)})
            if len(drawn) == (self._parts + 1) // 2:
                self._at("partial", attempt)
        if report.cancelled():
            raise StepCancelled
        digest = hashlib.sha256(encode({**request, "prefix": ""})).hexdigest()
        names = {"playlist_key": "master.m3u8", "video_key": "take.mp4", "thumbnail_key": "poster.jpg"}
        keys = {name: f"{request['prefix']}/{file}" for name, file in names.items()}
        files = {"take.mp4": {"key": keys["video_key"], "bytes": 1, "sha256": digest}, "drawn": drawn}
        return {
            **keys,
            "captions_key": None,
            "duration_s": 4.0,
            "backend": "animatic",
            "degraded": True,
            "files": files,
        }


async def main(folder: Path, told: dict[str, Any]) -> None:
    database = str(told.get("database", ""))
    ledger: Ledger = PostgresLedger(database) if database else SqliteLedger(folder / "ledger.db")
    bus = SqliteBus(folder / "bus.db")
    await ledger.open()
    await bus.open()
    name = f"w-{os.getpid()}-{secrets.token_hex(3)}"
    worker = Worker(name, ledger, Steps(told).runs(), LANES, OwnerBell(bus), bus)
    worker.start()
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    print("up", flush=True)
    await ended.wait()
    await worker.stop()
    await bus.close()
    await ledger.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}))
