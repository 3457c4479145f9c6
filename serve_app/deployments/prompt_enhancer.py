"""The deployment of vLLM: a worker for the step `enhance` that writes several scenes at once on one engine.

Invariant: nothing is asked of it but its health: scenes and words are attempt rows, so it may die at any time. It is
pinned to its share of a GPU where one is configured; on a CPU it runs in the environment that has the CPU build.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ray import serve

from serve_app.config import Settings

THREADS_BESIDE = 4
"""For the grammar, the ledger and the bus."""

logger = logging.getLogger("storyforge.enhancer")


@serve.deployment
class PromptEnhancer:
    async def __init__(self, args: dict[str, Any]) -> None:  # type: ignore[misc]  # Serve awaits it
        from gpu.enhance.phrasing import PhrasingWriter
        from gpu.enhance.vllm_writer import EngineSize, VllmCompleter
        from gpu.steps import TALK, Step
        from serve_app.owner_bell import OwnerBell
        from serve_app.steps.enhance import Enhance
        from serve_app.steps.parts import Parts
        from serve_app.steps.talk import Talk
        from serve_app.steps.writers import unmetered, writer_chain
        from serve_app.stores import open_bus, open_catalogue, open_ledger, open_objects
        from serve_app.worker import Lane, StepRun, WaitingStep, Worker

        settings = Settings.from_args(args, os.environ)
        size = EngineSize(
            settings.vllm_context_tokens,
            settings.vllm_concurrency * 8,
            settings.vllm_memory_percent / 100,
            settings.vllm_gpu_percent == 0,
        )
        # Each slot holds a thread, and writing needs some besides: the default pool of few cores would stand still.
        threads = ThreadPoolExecutor(settings.vllm_concurrency + THREADS_BESIDE, "enhance")
        asyncio.get_running_loop().set_default_executor(threads)
        engine = await VllmCompleter.start(settings.vllm_model, size)
        self._ledger, self._bus = open_ledger(settings), open_bus(settings)
        await self._ledger.open()
        await self._bus.open()
        writer = PhrasingWriter(engine, calls_at_once=settings.vllm_concurrency * 8)
        self._chain = writer_chain(settings, self._ledger, unmetered(settings, writer))
        self._catalogue = open_catalogue(settings)
        parts = Parts(open_objects(settings), self._catalogue)
        runs: dict[str, StepRun | WaitingStep] = {Step.ENHANCE.value: Enhance(self._chain, parts)}
        runs[TALK] = Talk(self._chain)
        lane = Lane("enhance", (Step.ENHANCE, TALK), slots=settings.vllm_concurrency)
        name = f"enh-{os.getpid()}-{secrets.token_hex(3)}"
        self._worker = Worker(name, self._ledger, runs, (lane,), OwnerBell(self._bus), self._bus, lambda: engine.name)
        self._worker.start()
        logger.info("prompt enhancer up", extra={"worker": name, "model": engine.model})

    async def check_health(self) -> None:
        """Fails with a lane or the engine: Serve starts another."""
        self._worker.check()
        await self._chain.check()

    async def __del__(self) -> None:
        await self._worker.stop()
        await self._chain.close()
        await self._catalogue.close()
        await self._bus.close()
        await self._ledger.close()


def actor_options(settings: Settings) -> dict[str, Any]:
    """What Ray must give its process: a share of a GPU, and the interpreter that has vLLM."""
    options: dict[str, Any] = {"num_gpus": settings.vllm_gpu_percent / 100}
    if settings.vllm_python:
        options["runtime_env"] = {"py_executable": settings.vllm_python}
    return options
