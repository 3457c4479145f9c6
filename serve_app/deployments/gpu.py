"""Deployments of the gpu profile: VideoRenderer, pinned to an accelerator, and Observer.

MediaFinisher is `generation.Generation`. Invariant: as of every worker, nothing is asked of them: requests and results
are attempt rows, so any of them may die, be missing or wait for a GPU while the others work. Ray pins them: `num_gpus`
of the config file, a fraction or several.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
from typing import Any

from ray import serve

from serve_app import replica
from serve_app.config import Settings

logger = logging.getLogger("storyforge.generation")
serve_logger = logging.getLogger("ray.serve")  # what Serve keeps of a replica, where an operator looks for it


class _WorkerReplica:
    """What the two have in common: their stores, their worker, its health."""

    async def _open(self, args: dict[str, Any]) -> tuple[Settings, Any]:
        from serve_app.film_cache import open_film_cache
        from serve_app.steps.stores import StepStores
        from serve_app.stores import open_bus, open_cache, open_catalogue, open_ledger, open_objects, open_vectors

        settings = Settings.from_args(args, os.environ)
        replica.prepare(document_bytes_max=settings.document_bytes_max)
        self._ledger = open_ledger(settings)
        await self._ledger.open()
        self._bus = open_bus(settings)
        await self._bus.open()
        loop = asyncio.get_running_loop()
        objects, cache = open_objects(settings), open_cache(settings)
        self._vectors = open_vectors(settings)
        self._films = await open_film_cache(settings, objects, cache, self._vectors)
        self._catalogue = open_catalogue(settings)
        return settings, StepStores(loop, objects, cache, self._films, self._catalogue)

    def _start(self, kind: str, runs: Any, lanes: Any, loaded: Any = str) -> None:
        from serve_app.owner_bell import OwnerBell
        from serve_app.worker import Worker

        name = f"{kind}-{os.getpid()}-{secrets.token_hex(3)}"
        self._worker = Worker(name, self._ledger, runs, lanes, OwnerBell(self._bus), self._bus, loaded)
        self._worker.start()
        logger.info("worker up", extra={"worker": name})

    async def check_health(self) -> None:
        """Fails when a lane has ended. A database blip only makes the lanes wait."""
        self._worker.check()

    async def __del__(self) -> None:
        await self._worker.stop()
        await self._vectors.close()
        await self._catalogue.close()
        await self._bus.close()
        await self._ledger.close()


@serve.deployment
class VideoRenderer(_WorkerReplica):
    """One accelerator (or the share Ray gave it), one process, one film at a time."""

    async def __init__(self, args: dict[str, Any]) -> None:  # type: ignore[misc]  # Serve awaits it
        from serve_app.steps.gpu import renderer

        settings, stores = await self._open(args)
        made = await asyncio.to_thread(renderer, stores, settings)
        if settings.video_warm:
            await asyncio.to_thread(made.backends[0].warm)
        self._start("film", made.runs, made.lanes, made.loaded)
        given = os.environ.get("CUDA_VISIBLE_DEVICES")  # Ray's, by `num_gpus`: it hides the other cards from us
        serve_logger.info(f"renderer on {made.device}, accelerators given: {given or 'none'}")


@serve.deployment
class Observer(_WorkerReplica):
    """Watches finished takes on a CPU; a vision model would be asked here."""

    async def __init__(self, args: dict[str, Any]) -> None:  # type: ignore[misc]  # Serve awaits it
        from serve_app.steps.gpu import OBSERVER_LANES, observer_runs

        _settings, stores = await self._open(args)
        self._start("watch", observer_runs(stores), OBSERVER_LANES)
