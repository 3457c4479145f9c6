"""The video backends an installation is configured for, as its owners see them: who may render, at what price.

Invariant: what is offered here has a worker somewhere that offers the same kind; one that is only configured waits in
the queue. One list for every host, from settings alone: no host asks a worker.
"""

from __future__ import annotations

from gpu.video.capabilities import ANIMATIC, Capabilities
from gpu.video.router import Policy, Router
from serve_app.config import Settings
from serve_app.vendor_endpoints import endpoints_of


def offers_of(settings: Settings) -> tuple[Capabilities, ...]:
    """Raises `SettingsError`."""
    rendered_here = settings.video_backends if settings.profile == "gpu" else (ANIMATIC,)
    return (*rendered_here, *(endpoint.capabilities for endpoint in endpoints_of(settings)))


def router_of(settings: Settings) -> Router:
    """Raises `SettingsError`."""
    policy = Policy(cost_max=settings.video_cents_max / 100, moderated_elsewhere=bool(settings.moderated_elsewhere))
    return Router(offers_of(settings), policy)
