"""Latents as a small picture without the decoder: a linear map from latent channels to colour, fitted per model.

Owns the fit. Invariant: a preview costs one small matrix product and never runs the decoder, so that looking at a job
is free and a cancelled job has decoded nothing. The map is learned at load, from blots of colour through the model's
own encoder; latents come from a step's callback, JPEG bytes leave.
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from gpu.video.buckets import Bucket
from gpu.video.clips import preview
from gpu.video.diffusers_families import encode_stills, latent_still
from gpu.video.models import Family

logger = logging.getLogger("storyforge.diffusers")

STILLS, STILL_PX, BLOT_PX = 12, 128, 32
RIDGE = 1e-2
"""Against channels that the blots do not tell apart. Higher: greyer previews."""
SEED = 20


class Previews:
    """`show` answers None for a model whose encoder could not be fitted; its job is as good without."""

    def __init__(self, family: Family, pipe: Any) -> None:
        self._family, self._pipe = family, pipe
        self._map: torch.Tensor | None = None
        try:
            with torch.inference_mode():
                self._map = _fitted(family, pipe)
        except (RuntimeError, ValueError, AttributeError) as error:
            logger.warning("no previews for this model", extra={"error": type(error).__name__})

    def show(self, latents: torch.Tensor, bucket: Bucket) -> bytes | None:
        if self._map is None:
            return None
        still = latent_still(self._family, self._pipe, latents, bucket).detach().float().cpu()
        channels = torch.cat([still.flatten(1).T, torch.ones(still.shape[1] * still.shape[2], 1)], 1)
        rgb = (channels @ self._map).view(still.shape[1], still.shape[2], 3)
        pixels = ((rgb + 1) * 127.5).clamp(0, 255).nan_to_num(127.5)
        return preview(np.ascontiguousarray(pixels.to(torch.uint8).numpy()))


def _fitted(family: Family, pipe: Any) -> torch.Tensor:
    """(channels + 1, 3): ridge regression of the pictures' colours on their latents."""
    dice = torch.Generator("cpu").manual_seed(SEED)
    coarse = torch.rand(STILLS, 3, STILL_PX // BLOT_PX, STILL_PX // BLOT_PX, generator=dice) * 2 - 1
    stills = F.interpolate(coarse, size=(STILL_PX, STILL_PX), mode="bicubic").clamp(-1, 1)
    latents = encode_stills(family, pipe, stills).float().cpu()
    colours = F.interpolate(stills, size=latents.shape[-2:], mode="area")
    x = latents.permute(0, 2, 3, 1).reshape(-1, latents.shape[1])
    x = torch.cat([x, torch.ones(len(x), 1)], 1)
    y = colours.permute(0, 2, 3, 1).reshape(-1, 3)
    return torch.linalg.solve(x.T @ x + RIDGE * len(x) * torch.eye(x.shape[1]), x.T @ y)
