"""A diffusion model as configuration: which, where from, and how it is run; light to import.

Owns `DiffusersModel` and what the families take. Invariant: an instance that exists is within its limits and its shapes
are ones its family takes. Values come from settings (`serve_app/settings/video.py`) as plain dicts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, Self, get_args

from gpu.video.buckets import Shapes
from gpu.video.capabilities import Capabilities
from gpu.video.protocol import SCENE_SECONDS_MAX, VideoError

Family = Literal["animatediff", "svd", "ltx", "wan"]
Dtype = Literal["float32", "float16", "bfloat16"]
Cache = Literal["", "first_block"]

KIND = "diffusers"
LORAS_MAX = 8
STEPS_MAX = 1000
HASH_CHUNK_BYTES = 1 << 20

SHAPES: dict[Family, Shapes] = {
    "animatediff": Shapes(512, 512, 8, frames_base=8, frames_step=4, frames_max=16, fps=8),
    "svd": Shapes(1024, 576, 64, frames_base=25, frames_step=0, frames_max=25, fps=7),
    "ltx": Shapes(704, 480, 32, frames_base=9, frames_step=8, frames_max=161, fps=24),
    "wan": Shapes(832, 480, 16, frames_base=5, frames_step=4, frames_max=81, fps=16),
}
"""As their makers' model cards and pipelines say: AnimateDiff 16 frames at 8 a second; SVD-XT 25 at 7; LTX sides by 32
and 8k+1 frames; Wan sides by 16 and 4k+1 frames at 16 a second."""

STEPS: dict[Family, int] = {"animatediff": 25, "svd": 25, "ltx": 40, "wan": 40}
GUIDANCE: dict[Family, float] = {"animatediff": 7.5, "svd": 3.0, "ltx": 3.0, "wan": 5.0}

UNSEEN = frozenset({"name", "quality", "cost_per_s", "cost_unit", "speed_s_per_s", "preview_every", "offload"})
"""Fields of a model that change no picture."""

VERSION_HEX = 12

PIPELINES: dict[str, tuple[Family, bool]] = {
    "StableDiffusionPipeline": ("animatediff", False),  # with a motion adapter
    "AnimateDiffPipeline": ("animatediff", False),
    "StableVideoDiffusionPipeline": ("svd", True),
    "LTXPipeline": ("ltx", True),
    "LTXImageToVideoPipeline": ("ltx", True),
    "WanPipeline": ("wan", False),
    "WanImageToVideoPipeline": ("wan", True),
}
"""A pipeline's class as its folder's model_index.json names it: (family, can start from a picture)."""


@dataclass(frozen=True, slots=True)
class Lora:
    """Low-rank weights over a model: a file, a folder or an id; their hash goes into the recipe."""

    source: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class DiffusersModel:
    """One backend. `source` is a folder in diffusers' layout (never asks a hub), or a model id.

    `adapter`: AnimateDiff's motion adapter, where the folder is a plain Stable Diffusion 1.5 one. `image_to_video`: Wan
    and LTX by an id whose class is not known before loading. `width`, `height`, `frames_max`, `fps`: the model's own
    area, longest clip and rate, where they differ from the family's. `offload`: parts wait in main memory until used.
    """

    name: str
    family: Family
    source: str
    revision: str = ""
    adapter: str = ""
    image_to_video: bool | None = None
    dtype: Dtype = "bfloat16"
    steps: int = 0
    guidance: float = -1.0
    width: int | None = None
    height: int | None = None
    frames_max: int | None = None
    fps: int | None = None
    loras: tuple[Lora, ...] = ()
    compile: bool = False
    cache: Cache = ""
    offload: bool = False
    preview_every: int = 5
    quality: int = 60
    cost_per_s: float = 0.0
    cost_unit: str = "gpu_s"
    speed_s_per_s: float = 0.0

    def __post_init__(self) -> None:
        for where, kinds in (("family", Family), ("dtype", Dtype), ("cache", Cache)):
            value: Any = getattr(self, where)
            if value not in get_args(kinds):
                allowed = ", ".join(map(repr, get_args(kinds)))
                raise _bad(f"{self.name}.{where}", f"must be one of {allowed}, got {value!r:.40}")
        if not self.source:
            raise _bad(f"{self.name}.source", "must be a folder or a model id")
        saved_as = pipeline_class(self.folder)
        if saved_as and PIPELINES.get(saved_as, ("",))[0] != self.family:
            raise _bad(f"{self.name}.source", f"holds a {saved_as}, which is no {self.family}")
        if len(self.loras) > LORAS_MAX:
            raise _bad(f"{self.name}.loras", f"holds more than {LORAS_MAX}")
        for where, low, high in (
            ("steps", 0, STEPS_MAX),
            ("guidance", -1.0, 100.0),
            ("preview_every", 0, STEPS_MAX),
        ):
            value = getattr(self, where)
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise _bad(f"{self.name}.{where}", f"must be a number from {low:g} to {high:g}, got {value!r:.40}")
        _ = self.shapes, self.capabilities

    @property
    def shapes(self) -> Shapes:
        return SHAPES[self.family].sized(self.width, self.height, self.frames_max, self.fps)

    @property
    def denoise_steps(self) -> int:
        return self.steps or STEPS[self.family]

    @property
    def guidance_scale(self) -> float:
        return GUIDANCE[self.family] if self.guidance < 0 else self.guidance

    @property
    def folder(self) -> Path | None:
        """The folder it is loaded from; None for an id."""
        path = Path(self.source).expanduser()
        return path if path.is_dir() else None

    @property
    def starts_from_picture(self) -> bool:
        if self.image_to_video is not None:
            return self.image_to_video
        return PIPELINES.get(pipeline_class(self.folder), ("", self.family in ("svd", "ltx")))[1]

    @property
    def needs_picture(self) -> bool:
        """It cannot work from words alone."""
        return self.family == "svd" or (self.family == "wan" and self.starts_from_picture)

    @property
    def version(self) -> str:
        """The revision, and a mark of what of this configuration shows in pictures: a cache must not take a film of
        ten steps for one of forty. Weights exchanged in their folder are known only to who loads them."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in UNSEEN}
        text = json.dumps({**told, "loras": [asdict(lora) for lora in self.loras]}, sort_keys=True)
        mark = hashlib.sha256(text.encode()).hexdigest()[:VERSION_HEX]
        return f"{self.revision}+{mark}" if self.revision else mark

    @property
    def capabilities(self) -> Capabilities:
        shapes, pictures = self.shapes, self.starts_from_picture
        return Capabilities(
            name=self.name,
            kind=KIND,
            model=self.source.rpartition("/")[2],
            version=self.version,
            duration_s_max=SCENE_SECONDS_MAX,
            sizes=((shapes.width, shapes.height),),
            fps=(shapes.fps,),
            text_to_video=not self.needs_picture,
            image_to_video=pictures,
            negative=self.family != "svd",
            preview=self.preview_every > 0,
            quality=self.quality,
            cost_per_s=self.cost_per_s,
            cost_unit=self.cost_unit,
            speed_s_per_s=self.speed_s_per_s,
            speed_source="declared" if self.speed_s_per_s else "unknown",
        )

    @classmethod
    def from_dict(cls, data: object) -> Self:
        """Raises VideoError("bad_request") naming the field."""
        if not isinstance(data, Mapping):
            raise _bad("video model", "must be an object")
        known = {f.name: f for f in fields(cls)}
        unknown = sorted(str(key)[:32] for key in data if key not in known)
        missing = [name for name, f in known.items() if f.default is MISSING and name not in data]
        if unknown or missing:
            raise _bad("video model", f"has unknown fields {unknown[:8]}, lacks {missing}")
        loras = data.get("loras", ())
        if not isinstance(loras, list | tuple):
            raise _bad("loras", "must be a list")
        return cls(**{**data, "loras": tuple(map(_lora, loras))})


def pipeline_class(folder: Path | None) -> str:
    """The pipeline class a folder in diffusers' layout was saved from; "" where there is none."""
    index = folder / "model_index.json" if folder else None
    if index is None or not index.is_file():
        return ""
    try:
        return str(json.loads(index.read_text(encoding="utf-8")).get("_class_name", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def content_hash(path: Path) -> str:
    """SHA-256 over the names and contents of a folder's files, or over one file: what the bytes are, wherever they lie.
    Reads all of them once; a worker does so at load, when it reads them anyway."""
    if path.is_file():
        return _file_hash(path)
    digest = hashlib.sha256()
    for each in sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path))):
        digest.update(f"{each.relative_to(path).as_posix()}\0{_file_hash(each)}\n".encode())
    return digest.hexdigest()


def weight_bytes(path: Path) -> int:
    """Bytes of the weight files in a folder: an estimate of what its model takes before it was ever loaded."""
    return sum(p.stat().st_size for p in path.rglob("*") if p.suffix in (".safetensors", ".bin") and p.is_file())


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _lora(item: object) -> Lora:
    if isinstance(item, str):
        return Lora(item)
    if isinstance(item, Mapping) and set(item) <= {"source", "weight"} and isinstance(item.get("source"), str):
        return Lora(item["source"], float(item.get("weight", 1.0)))
    raise _bad("loras", "must hold ids, paths, or objects with source and weight")


def _bad(where: str, why: str) -> VideoError:
    return VideoError("bad_request", f"{where} {why}", False)
