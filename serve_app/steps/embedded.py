"""All five steps in one process, by embedded parts: grammar writer, animatic, technical observer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from gpu.enhance.chain import Chain
from gpu.steps import TALK, Step
from gpu.video.animatic import AnimaticBackend
from serve_app.film_cache import FilmCache
from serve_app.step_runs import Lane, StepRun, WaitingStep
from serve_app.steps.cache import AskCache
from serve_app.steps.enhance import Enhance
from serve_app.steps.observe import Observe
from serve_app.steps.stores import StepStores
from serve_app.steps.storyboard import Storyboard
from serve_app.steps.talk import Talk
from serve_app.steps.typed import typed
from serve_app.steps.video import Video
from storage.cache.exact import ExactCache
from storage.components.protocol import Catalogue
from storage.objects.protocol import ObjectStore

LANES = (
    Lane("quick", (Step.ENHANCE, TALK, Step.CACHE, Step.STORYBOARD, Step.OBSERVE)),
    Lane("video", (Step.VIDEO,), offers=(AnimaticBackend.name,)),
)
"""Video renders in a lane of its own: a first panel never waits behind somebody's film."""

FINISHER_LANES = (
    Lane("quick", (Step.ENHANCE, TALK, Step.CACHE, Step.STORYBOARD)),
    LANES[1],
)
"""In the gpu profile, where Observer watches and VideoRenderer has the accelerator."""


def lanes_of(profile: str) -> tuple[Lane, ...]:
    return FINISHER_LANES if profile == "gpu" else LANES


def embedded_runs(
    objects: ObjectStore,
    cache: ExactCache,
    chain: Chain,
    films: FilmCache | None = None,
    catalogue: Catalogue | None = None,
) -> Mapping[str, StepRun | WaitingStep]:
    """Call on the loop that owns the stores."""
    loop = asyncio.get_running_loop()
    stores, animatic = StepStores(loop, objects, cache, films, catalogue), AnimaticBackend()
    return {
        Step.ENHANCE: Enhance(chain, stores.parts),
        TALK: Talk(chain),
        Step.CACHE: typed(AskCache(stores)),
        Step.STORYBOARD: typed(Storyboard(stores, animatic)),
        Step.VIDEO: typed(Video(stores, animatic)),
        Step.OBSERVE: typed(Observe(stores)),
    }
