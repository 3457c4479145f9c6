"""The StoryHost deployment: actors and their sockets, as a Ray Serve replica.

Everything that is not Ray is `serve_app.story_host`; this adds the ingress, the health check and the sign on which the
host starts to leave.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import ray
from ray import serve
from starlette.types import ASGIApp

from serve_app import replica
from serve_app.config import Settings

logger = logging.getLogger("storyforge.host")


def peer_host(settings: Settings) -> str:
    """Loopback while the front is on loopback, else this node's address."""
    if settings.host in ("127.0.0.1", "localhost", "::1"):
        return "127.0.0.1"
    address: str = ray.util.get_node_ip_address()
    return address


@serve.deployment
@serve.ingress()
class StoryHost:
    """One of N; which projects it holds is decided by leases in the ledger."""

    def __init__(self, args: dict[str, Any], worker: Any = None) -> None:
        """`worker`: handle of the `Worker` deployment, where there is one; else large folds go to a helper process."""
        settings = Settings.from_args(args, os.environ)
        ingress = replica.prepare(document_bytes_max=settings.document_bytes_max)
        # Imported here: whoever builds or inspects the application need not load what only a replica runs.
        from serve_app.deployments import stop_signs
        from serve_app.deployments.folding import ByHandle
        from serve_app.folding import OutsideFolder
        from serve_app.story_host import StoryHostCore

        folder = None if worker is None else OutsideFolder(ByHandle(worker))
        self._core = StoryHostCore(settings, peer_host(settings), folder)
        self._window_s = stop_signs.window_s(ingress)
        self._hold = ingress == "haproxy"  # there the window passes whether we use it or not
        self._core.signs = stop_signs.StopSigns(ingress, self._leave)
        replica.settle()

    def __serve_build_asgi_app__(self) -> ASGIApp:
        app: ASGIApp = self._core.app
        return app

    def _leave(self) -> None:
        self._core.leave(self._window_s, hold=self._hold)

    async def check_health(self) -> None:
        """Fails when this process cannot do its work any more; a database blip alone is none of that."""
        await self._core.check_health()
