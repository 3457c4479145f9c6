"""Settings of video backends: which there are, and with what models."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from gpu.video.capabilities import ANIMATIC, Capabilities
from gpu.video.models import DiffusersModel
from serve_app.settings.bounded import bounded

MODELS_MAX = 16


@dataclass(frozen=True, kw_only=True)
class VideoSettings:
    video_models: str = ""
    """A list of diffusion models, as YAML or JSON, each with `name`, `family` (animatediff, svd, ltx, wan), `source` (a
    folder in diffusers' layout, or a model id) and what else `gpu.video.models.DiffusersModel` knows. Each is a video
    backend by its name, in the gpu profile; the first is what a VideoRenderer loads at its start."""
    video_device: str = "auto"
    """auto: the first accelerator, else the CPU; cpu; cuda; cuda:1."""
    video_memory_mib: int = bounded(0, 0, 4_194_304, "memory of that device for models and their work; 0: all of it")
    video_panels: str = ""
    """The model that draws storyboard panels, by name; it must work from words. Empty: the animatic draws them."""
    video_warm: int = bounded(1, 0, 1, "1: a renderer loads and runs its first model before it takes work")

    @property
    def models(self) -> tuple[DiffusersModel, ...]:
        """Raises VideoError, or ValueError for what is no list; `Settings` has asked, so it does not."""
        return models_in(self.video_models)

    @property
    def video_backends(self) -> tuple[Capabilities, ...]:
        """What this installation renders by itself, as routers see it."""
        return (ANIMATIC, *(model.capabilities for model in self.models))

    def check_video(self) -> None:
        """Raises ValueError or VideoError in words."""
        models = self.models
        names = [ANIMATIC.name, *(model.name for model in models)]
        if len(models) > MODELS_MAX:
            raise ValueError(f"holds more than {MODELS_MAX} models")
        if len(set(names)) < len(names):
            raise ValueError(f"names must differ, and not be {ANIMATIC.name}")
        drawing = {model.name: model for model in models}.get(self.video_panels)
        if self.video_panels and (drawing is None or drawing.needs_picture):
            raise ValueError(f"video_panels names {self.video_panels!r}, which is no model here that works from words")


def models_in(text: str) -> tuple[DiffusersModel, ...]:
    """Raises ValueError for what is no list, VideoError for a wrong model."""
    if not text.strip():
        return ()
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"is neither YAML nor JSON ({type(error).__name__})") from error
    if not isinstance(found, list):
        raise ValueError("must be a list of models")
    return tuple(DiffusersModel.from_dict(item) for item in found)
