"""The steps of the gpu profile, by deployment: what each runs, in which lanes, with what to offer. No Ray.

Invariant: one card, one process, one film at a time; a renderer takes no work before its device is proven there. What
needs no accelerator (cache, drawn panels, animatic films, watching) never waits for one. What the finisher runs is in
`embedded.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gpu.steps import Step
from gpu.video.models import KIND, DiffusersModel
from gpu.video.protocol import VideoBackend, VideoError
from serve_app.settings.video import VideoSettings
from serve_app.step_runs import Lane, StepRun
from serve_app.steps.observe import Observe
from serve_app.steps.stores import StepStores
from serve_app.steps.storyboard import Storyboard
from serve_app.steps.typed import typed
from serve_app.steps.video import Video

OBSERVER_LANES = (Lane("watch", (Step.OBSERVE,)),)


@dataclass(frozen=True, slots=True)
class Renderer:
    """`first` is loaded and warmed before work is taken. `loaded()` is what attempts name in `affinity`."""

    runs: Mapping[str, StepRun]
    lanes: tuple[Lane, ...]
    backends: tuple[VideoBackend, ...]
    on_card: Callable[[], tuple[str, ...]]
    device: str = ""

    def loaded(self) -> str:
        names = self.on_card()
        return f"{KIND}:{names[0]}" if names else ""


def renderer(stores: StepStores, settings: VideoSettings) -> Renderer:
    """Raises VideoError: extra_missing, no_device, bad_request."""
    models = settings.models
    if not models:
        raise VideoError("bad_request", "video_models is empty: name at least one model for the gpu profile", False)
    try:
        from gpu.video.diffusers_backend import DiffusersBackend
        from gpu.video.diffusers_card import Card
    except ModuleNotFoundError as error:
        raise VideoError("extra_missing", f"{error.name} is not installed: storyforge[gpu]", False) from error
    card = Card(settings.video_device, settings.video_memory_mib * 1024**2)
    backends = tuple(DiffusersBackend(model, card) for model in models)
    runs: dict[str, StepRun] = {Step.VIDEO: typed(Video(stores, *backends))}
    lanes = [Lane("film", (Step.VIDEO,), offers=offers_of(models))]
    drawing = next((each for each in backends if each.name == settings.video_panels), None)
    if drawing is not None:
        runs[Step.STORYBOARD] = typed(Storyboard(stores, drawing))
        lanes.append(Lane("panels", (Step.STORYBOARD,)))
    return Renderer(runs, tuple(lanes), backends, lambda: card.loaded, str(card.device))


def offers_of(models: tuple[DiffusersModel, ...]) -> tuple[str, ...]:
    """By kind, and by name for a route that means one model."""
    return (KIND, *(model.name for model in models))


def observer_runs(stores: StepStores) -> dict[str, StepRun]:
    return {Step.OBSERVE: typed(Observe(stores))}
