"""A worker as a process of its own, as the gpu profile runs it, without Ray: every step, tiny models on a CPU.

python -m tests.models.worker FOLDER MODELS     (FOLDER holds ledger and objects, MODELS is `video_models`)
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import torch

from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhanceRequest
from gpu.steps import Step
from gpu.video.animatic import AnimaticBackend
from serve_app.settings.video import VideoSettings
from serve_app.steps.cache import AskCache
from serve_app.steps.gpu import observer_runs, renderer
from serve_app.steps.stores import StepStores
from serve_app.steps.storyboard import Storyboard
from serve_app.steps.typed import typed
from serve_app.worker import Lane, Report, Worker
from storage.cache.sqlite import SqliteExactCache
from storage.ledger.protocol import Attempt
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects


def by_grammar(_attempt: Attempt, request: dict[str, Any], _report: Report) -> dict[str, Any]:
    return {"enhanced": GrammarWriter().write(EnhanceRequest.from_dict(request["enhance"])).to_dict()}


async def ring(_attempt: Attempt) -> None:
    """Nobody is woken: the owner looks."""


async def work(folder: Path, models: str) -> None:
    ledger = SqliteLedger(folder / "ledger.db")
    await ledger.open()
    stores = StepStores(
        asyncio.get_running_loop(), LocalObjects(folder / "objects"), SqliteExactCache(folder / "cache.db")
    )
    made = renderer(stores, VideoSettings(video_models=models, video_device="cpu"))
    quick = {
        Step.ENHANCE: by_grammar,
        Step.CACHE: typed(AskCache(stores)),
        Step.STORYBOARD: typed(Storyboard(stores, AnimaticBackend())),
        **observer_runs(stores),
    }
    workers = []  # a worker nobody holds is collected with its lanes
    for name, runs, lanes in (("quick", quick, (Lane("quick", tuple(quick)),)), ("film", made.runs, made.lanes)):
        # A name of its own: a claimer never takes over what stands under its own name.
        workers.append(Worker(f"{name}-{os.getpid()}", ledger, runs, lanes, ring, loaded=made.loaded))
        workers[-1].start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    torch.set_num_threads(1)
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2]))
