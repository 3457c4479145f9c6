"""The generation deployment of the embedded profile: one worker with every step, woken by the bus, fed by the ledger.

Invariant: no work is asked of it: requests and results are attempt rows, so it may die at any time. Studio asks it how
it is (`told`), and does without.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
from typing import Any

from ray import serve

from serve_app import replica
from serve_app.config import Settings

logger = logging.getLogger("storyforge.generation")


@serve.deployment
class Generation:
    """Embedded: grammar writer, animatic, finisher, observer in one process. In the gpu profile it is MediaFinisher,
    and `beside` are the deployments with the accelerator and the observer: named so that they exist, never called."""

    async def __init__(self, args: dict[str, Any], *beside: Any) -> None:  # type: ignore[misc]  # Serve awaits it
        # Imported here: codecs and painters weigh 60 MB that the other deployments need not carry.
        from serve_app.film_cache import open_film_cache
        from serve_app.owner_bell import OwnerBell
        from serve_app.remote.opening import start_dispatcher
        from serve_app.steps.embedded import embedded_runs, lanes_of
        from serve_app.steps.vendors import VendorWorker
        from serve_app.steps.writers import writer_chain
        from serve_app.stores import open_bus, open_cache, open_catalogue, open_ledger, open_objects, open_vectors
        from serve_app.sweeping import Sweeper
        from serve_app.vendor_endpoints import endpoints_of
        from serve_app.worker import Worker
        from storage.ledger.errors import LedgerError
        from storage.objects.protocol import ObjectStoreError

        settings = Settings.from_args(args, os.environ)
        replica.step_back()
        replica.prepare(document_bytes_max=settings.document_bytes_max)
        self._ledger = open_ledger(settings)
        await self._ledger.open()
        self._bus = open_bus(settings)
        await self._bus.open()
        objects = open_objects(settings)
        cache = self._cache = open_cache(settings)
        self._catalogue = open_catalogue(settings)
        with contextlib.suppress(ObjectStoreError):  # an unwritable folder fails the steps that need it, with words
            await objects.sweep()
        with contextlib.suppress(LedgerError):  # a busy database is asked at the next start
            await self._ledger.prune_shares()
        self._vectors = open_vectors(settings)
        self._chain = writer_chain(settings, self._ledger)
        self._films = await open_film_cache(settings, objects, cache, self._vectors)
        films = self._films.cache if self._films is not None else None
        self._sweeper = Sweeper(cache, self._vectors, settings.vector_sweep_s, films)
        self._sweeper.start()
        runs = embedded_runs(objects, cache, self._chain, self._films, self._catalogue)
        name = f"gen-{os.getpid()}-{secrets.token_hex(3)}"
        self._worker = Worker(name, self._ledger, runs, lanes_of(settings.profile), OwnerBell(self._bus), self._bus)
        self._worker.start()
        stores, bell = (self._ledger, objects, cache), OwnerBell(self._bus)
        self._vendors = VendorWorker(
            f"{name}v", endpoints_of(settings), settings.vendor_jobs_max, *stores, bell, self._bus
        )
        self._vendors.start()
        self._remote = start_dispatcher(settings, self._ledger, objects, cache, self._bus)
        logger.info("worker up", extra={"worker": name, "profile": settings.profile})

    async def check_health(self) -> None:
        """Fails when a lane has ended. A database blip only makes the lanes wait."""
        self._worker.check()
        self._sweeper.check()
        self._vendors.check()
        if self._remote is not None:
            self._remote.check()

    async def told(self) -> dict[str, Any]:
        """What Studio shows of this process: {"worker", "parts": name → "ok" or words, "families": of metrics}."""
        from serve_app.telemetry.films import FILM_ANSWERS, film_families
        from serve_app.telemetry.vectors import families

        films = film_families(FILM_ANSWERS, self._films.cache.counts if self._films is not None else None)
        return {
            "worker": self._worker.name,
            "parts": {"vectors": await self._vectors.state()},
            "families": [family.plain() for family in (*families(self._vectors), *films)],
        }

    async def __del__(self) -> None:
        await self._sweeper.stop()
        await self._worker.stop()
        await self._vendors.stop()
        if self._remote is not None:
            await self._remote.stop()
        await self._chain.close()
        await self._cache.close()
        await self._catalogue.close()
        await self._vectors.close()
        await self._bus.close()
        await self._ledger.close()
