"""The families of video models as diffusers knows them: how each is loaded, called, and looked into while it works.

Owns every difference between families. Invariant: a call always gets its own scheduler (they are stateful), an explicit
generator and shapes from a bucket; nothing asks a hub where a folder is given. Pipelines come from
`DiffusersModel.source`; clips leave as uint8 (frames, height, width, 3) RGB.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import diffusers
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from gpu.video.buckets import Bucket
from gpu.video.models import DiffusersModel, Family
from gpu.video.protocol import VideoError

StepEnd = Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]
DECODE_FRAMES = 8
"""Frames decoded at once where the decoder takes a choice. More: faster, and more memory at the end of a clip."""
FIRST_BLOCK_THRESHOLD = 0.1


@dataclass(frozen=True, slots=True)
class Order:
    """One clip. `image` None: from words alone."""

    prompt: str
    negative: str
    image: NDArray[np.uint8] | None
    bucket: Bucket
    seed: int


def dtype_of(model: DiffusersModel) -> torch.dtype:
    found: torch.dtype = getattr(torch, model.dtype)
    return found


def load_pipeline(model: DiffusersModel) -> Any:
    """The pipeline in main memory. Raises VideoError("model_missing" | "model_broken")."""
    if model.folder is None and model.source.startswith(("/", ".", "~")):
        raise VideoError("model_missing", f"{model.name}: there is no folder {model.source}", False)
    options: dict[str, Any] = {"dtype": dtype_of(model)}
    if model.folder is not None or os.environ.get("HF_HUB_OFFLINE") == "1":
        options["local_files_only"] = True
    if model.revision:
        options["revision"] = model.revision
    try:
        pipe = _pipeline(model, options)
        for n, lora in enumerate(model.loras):
            pipe.load_lora_weights(lora.source, adapter_name=f"lora{n}")
        if model.loras:
            pipe.set_adapters([f"lora{n}" for n in range(len(model.loras))], [lora.weight for lora in model.loras])
    except OSError as error:
        words = f"{model.name} is not at {model.source}: give a folder in diffusers' layout, or allow the hub"
        raise VideoError("model_missing", words, False) from error
    except (ValueError, KeyError, RuntimeError) as error:
        words = f"{model.name} could not be loaded: {type(error).__name__}: {str(error)[:300]}"
        raise VideoError("model_broken", words, False) from error
    pipe.set_progress_bar_config(disable=True)
    return pipe


def _pipeline(model: DiffusersModel, options: dict[str, Any]) -> Any:
    match model.family:
        case "animatediff":
            if model.adapter:
                options["motion_adapter"] = diffusers.MotionAdapter.from_pretrained(model.adapter, **options)
            return diffusers.AnimateDiffPipeline.from_pretrained(model.source, **options)
        case "svd":
            return diffusers.StableVideoDiffusionPipeline.from_pretrained(model.source, **options)
        case "ltx":
            return diffusers.LTXPipeline.from_pretrained(model.source, **options)
        case "wan":
            kind = diffusers.WanImageToVideoPipeline if model.starts_from_picture else diffusers.WanPipeline
            return kind.from_pretrained(model.source, **options)


def for_picture(model: DiffusersModel, pipe: Any) -> Any:
    """The pipeline that starts from a picture, on the same weights."""
    if model.family != "ltx":
        return pipe
    made = diffusers.LTXImageToVideoPipeline(**pipe.components)
    made.set_progress_bar_config(disable=True)
    return made


def network(pipe: Any) -> Any:
    """The part that denoises."""
    return pipe.unet if getattr(pipe, "unet", None) is not None else pipe.transformer


def speed_up(model: DiffusersModel, pipe: Any) -> None:
    """What the configuration switched on: they change frames slightly, so they are in the recipe."""
    if model.cache == "first_block":
        if model.family not in ("ltx", "wan"):
            raise VideoError("bad_request", f"{model.name}: the first-block cache needs a transformer model", False)
        network(pipe).enable_cache(diffusers.FirstBlockCacheConfig(threshold=FIRST_BLOCK_THRESHOLD))
    if model.compile:
        network(pipe).compile()


def call(model: DiffusersModel, pipe: Any, order: Order, step_end: StepEnd) -> NDArray[np.uint8]:
    """One clip. `step_end` is called after every denoise step and may raise: nothing is decoded then."""
    pipe.scheduler = type(pipe.scheduler).from_config(pipe.scheduler.config)
    bucket, family = order.bucket, model.family
    words: dict[str, Any] = {
        "width": bucket.width,
        "height": bucket.height,
        "num_frames": bucket.frames,
        "num_inference_steps": model.denoise_steps,
        # On the CPU whatever the device is: the same seed is the same noise on every card.
        "generator": torch.Generator("cpu").manual_seed(order.seed),
        "output_type": "np",
        "callback_on_step_end": step_end,
        "callback_on_step_end_tensor_inputs": ["latents"],
    }
    if order.image is not None:
        words["image"] = Image.fromarray(order.image)
    if family == "svd":
        words |= {"fps": bucket.fps, "max_guidance_scale": model.guidance_scale, "decode_chunk_size": DECODE_FRAMES}
    else:
        words |= {"prompt": order.prompt, "negative_prompt": order.negative, "guidance_scale": model.guidance_scale}
    if family == "animatediff":
        words["decode_chunk_size"] = DECODE_FRAMES
    if family == "ltx":
        words["frame_rate"] = bucket.fps
    try:
        with torch.inference_mode():
            made = np.asarray(pipe(**words).frames[0])
    finally:
        pipe.maybe_free_model_hooks()  # a call that was broken off has not done it
    out: NDArray[np.uint8] = np.clip(made * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return out


def latent_still(family: Family, pipe: Any, latents: torch.Tensor, bucket: Bucket) -> torch.Tensor:
    """(channels, h, w) of the clip's middle, from what a step's callback sees."""
    if family == "svd":  # (batch, frames, channels, h, w)
        return latents[0, latents.shape[1] // 2]
    if family == "ltx":
        grid = (
            (bucket.frames - 1) // pipe.vae_temporal_compression_ratio + 1,
            bucket.height // pipe.vae_spatial_compression_ratio,
            bucket.width // pipe.vae_spatial_compression_ratio,
        )
        latents = pipe._unpack_latents(
            latents, *grid, pipe.transformer_spatial_patch_size, pipe.transformer_temporal_patch_size
        )
    return latents[0, :, latents.shape[2] // 2]


def encode_stills(family: Family, pipe: Any, stills: torch.Tensor) -> torch.Tensor:
    """(n, channels, h, w) latents, scaled as the denoiser sees them, of (n, 3, H, W) pictures in -1..1."""
    vae, config = pipe.vae, pipe.vae.config
    stills = stills.to(device=vae.device, dtype=vae.dtype)
    if family in ("animatediff", "svd"):
        return vae.encode(stills).latent_dist.mode() * config.scaling_factor
    found = vae.encode(stills[:, :, None]).latent_dist.mode()[:, :, 0]
    if family == "ltx":
        mean, std, scale = vae.latents_mean, vae.latents_std, config.scaling_factor
    else:
        mean, std, scale = torch.tensor(config.latents_mean), torch.tensor(config.latents_std), 1.0
    mean, std = (each.view(1, -1, 1, 1).to(found.device, found.dtype) for each in (mean, std))
    return (found - mean) * scale / std


def scheduler_of(pipe: Any) -> dict[str, Any]:
    """Name and configuration, JSON-able."""
    config = {key: value for key, value in dict(pipe.scheduler.config).items() if not key.startswith("_")}
    plain = {k: v for k, v in config.items() if isinstance(v, str | int | float | bool | list | type(None))}
    return {"name": type(pipe.scheduler).__name__, "config": plain}
