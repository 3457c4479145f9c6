"""The worker that renders with vendors: its step, its lane, its connections. Beside the worker of everything else.

Invariant: a process claims a vendor's attempt only if it has that endpoint; the lane's slots are waits on the loop, not
threads, and bound how many films this process waits for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from gpu.steps import Step
from gpu.video.videos_api import VideosApi
from gpu.video.videos_api_wire import Endpoint
from serve_app.steps.stores import StepStores
from serve_app.steps.video_vendors import VendorVideo
from serve_app.worker import Lane, Notify, Worker
from storage.bus.protocol import Bus
from storage.cache.exact import ExactCache
from storage.ledger.protocol import Ledger
from storage.objects.protocol import ObjectStore


class VendorWorker:
    """Make and start it on the loop that owns the stores; nothing runs where no endpoint is configured."""

    def __init__(
        self,
        name: str,
        endpoints: Sequence[Endpoint],
        jobs_max: int,
        ledger: Ledger,
        objects: ObjectStore,
        cache: ExactCache,
        notify: Notify,
        bus: Bus | None = None,
    ) -> None:
        self._apis = {endpoint.name: VideosApi(endpoint) for endpoint in endpoints}
        stores = StepStores(asyncio.get_running_loop(), objects, cache)
        lane = Lane("vendors", (Step.VIDEO,), slots=jobs_max, offers=tuple(e.kind for e in endpoints))
        runs = {Step.VIDEO.value: VendorVideo(stores, self._apis)}
        self._worker = Worker(name, ledger, runs, (lane,), notify, bus) if endpoints else None

    def start(self) -> None:
        if self._worker is not None:
            self._worker.start()

    def check(self) -> None:
        """Raises RuntimeError when a lane is not running any more."""
        if self._worker is not None:
            self._worker.check()

    async def stop(self) -> None:
        if self._worker is not None:
            await self._worker.stop()
        for api in self._apis.values():
            await api.close()
