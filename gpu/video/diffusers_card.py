"""One accelerator (or the CPU) and the models on it: loads, measures, evicts, and lends itself to one clip at a time.

Owns the loaded pipelines and the memory ledger's truth. Invariant: one clip runs at a time, a model in use is never
unloaded, and what is booked for a model is what it was measured to take. One process has one card.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import diffusers
import torch
from huggingface_hub import snapshot_download

from gpu.video.buckets import Bucket
from gpu.video.diffusers_families import for_picture, load_pipeline, network, scheduler_of, speed_up
from gpu.video.diffusers_previews import Previews
from gpu.video.models import DiffusersModel, content_hash, weight_bytes
from gpu.video.protocol import Cancelled, VideoError
from gpu.video.vram import VramLedger

logger = logging.getLogger("storyforge.diffusers")

WAIT_S = 0.1
"""Between looks at a cancel while the card is lent to another clip."""
CARD_SHARE = 0.95
"""Of a card's memory that models may be booked for; the rest is the driver's and the allocator's waste."""
MACHINE_SHARE = 0.5
"""Of main memory, where the CPU is the card."""


@dataclass(slots=True)
class Loaded:
    """A model on the card. `recipe`: all of it that decides a frame."""

    model: DiffusersModel
    text: Any
    picture: Any
    previews: Previews | None
    recipe: dict[str, Any]
    bytes: int


class Card:
    """`device`: "auto" (the first accelerator, else the CPU), "cpu", "cuda:1". No `capacity_bytes`: all of it."""

    def __init__(self, device: str = "auto", capacity_bytes: int = 0) -> None:
        self.device = _device(device)
        self.ledger = VramLedger(capacity_bytes or _capacity(self.device))
        self._loaded: dict[str, Loaded] = {}
        self._busy = threading.Lock()

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models on the card, the last used first."""
        return tuple(reversed(self.ledger.resident))

    @contextmanager
    def lent(self, model: DiffusersModel, bucket: Bucket, cancelled: Callable[[], bool]) -> Iterator[Loaded]:
        """The card with the model on it, alone. Raises Cancelled while waiting; VideoError("no_memory")."""
        while not self._busy.acquire(timeout=WAIT_S):
            if cancelled():
                raise Cancelled()
        try:
            loaded = self._with(model, str(bucket))
            before = self._reset_peak()
            try:
                yield loaded
            except torch.OutOfMemoryError as error:
                self._short(model.name, str(bucket))
                words = f"{model.name} ran out of memory in {bucket}; other models have left, it may fit now"
                raise VideoError("no_memory", words, True) from error
            self.ledger.worked(model.name, str(bucket), self._peak_since(before))
        finally:
            self._busy.release()

    def load(self, model: DiffusersModel, bucket: Bucket) -> Loaded:
        with self._busy:
            return self._with(model, str(bucket))

    def unload(self, name: str) -> None:
        with self._busy:
            self._let_go(name)

    # inside the lock
    def _with(self, model: DiffusersModel, bucket: str) -> Loaded:
        found = self._loaded.get(model.name)
        estimate = weight_bytes(model.folder) if model.folder is not None else 0
        for name in self.ledger.leavers(model.name, found.bytes if found else estimate, bucket):
            self._let_go(name)
        if found is None:
            found = self._loaded[model.name] = self._load(model)
            self.ledger.book(model.name, found.bytes)
            # Measured now, and not what the files weigh: it may not fit after all.
            try:
                for name in self.ledger.leavers(model.name, found.bytes, bucket):
                    self._let_go(name)
            except VideoError:
                self._let_go(model.name)
                raise
        self.ledger.use(model.name)
        return found

    def _load(self, model: DiffusersModel) -> Loaded:
        before = self._allocated()
        pipe = load_pipeline(model)
        if model.offload and self.device.type == "cuda":
            pipe.enable_model_cpu_offload(device=self.device)
        else:
            pipe.to(self.device)
        speed_up(model, pipe)
        size = max(_weights(pipe), self._allocated() - before)
        recipe = _recipe(model, pipe, self.device)
        logger.info("model loaded", extra={"model": model.name, "bytes": size, "version": recipe["version"]})
        previews = Previews(model.family, pipe) if model.preview_every else None
        return Loaded(model, pipe, for_picture(model, pipe), previews, recipe, size)

    def _let_go(self, name: str) -> None:
        if self._loaded.pop(name, None) is None:
            return
        self.ledger.left(name)
        gc.collect()  # pipelines hold themselves in cycles
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        logger.info("model unloaded", extra={"model": name})

    def _short(self, name: str, bucket: str) -> None:
        """Memory ran out: whoever is beside leaves, and the bucket is remembered as needing all that is then free."""
        for other in self.ledger.resident:
            if other != name:
                self._let_go(other)
        self.ledger.worked(name, bucket, max(0, self.ledger.free_bytes))
        torch.cuda.empty_cache()

    def _allocated(self) -> int:
        return int(torch.cuda.memory_allocated(self.device)) if self.device.type == "cuda" else 0

    def _reset_peak(self) -> int:
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
        return self._allocated()

    def _peak_since(self, before: int) -> int:
        return int(torch.cuda.max_memory_allocated(self.device)) - before if self.device.type == "cuda" else 0


def _recipe(model: DiffusersModel, pipe: Any, device: torch.device) -> dict[str, Any]:
    return {
        "backend": "diffusers",
        "model": model.source.rpartition("/")[2],
        "family": model.family,
        "version": _version(model.source, model.revision),
        "adapter": _version(model.adapter, "") if model.adapter else None,
        "scheduler": scheduler_of(pipe),
        "steps": model.denoise_steps,
        "guidance": model.guidance_scale,
        "dtype": model.dtype,
        "loras": [
            {"source": each.source.rpartition("/")[2], "sha256": _version(each.source, ""), "weight": each.weight}
            for each in model.loras
        ],
        "cache": model.cache,
        "compile": model.compile,
        "device": device.type,
        "network": type(network(pipe)).__name__,
        "libraries": {"diffusers": diffusers.__version__, "torch": torch.__version__},
    }


def _version(source: str, revision: str) -> str:
    """The content's SHA-256 of a folder or file; of an id, the commit its files were taken from."""
    path = Path(source).expanduser()
    if path.exists():
        return "sha256:" + content_hash(path)
    snapshot = snapshot_download(source, revision=revision or None, local_files_only=True)
    return "commit:" + Path(snapshot).name


def _weights(pipe: Any) -> int:
    tensors: dict[int, int] = {}
    for part in pipe.components.values():
        if isinstance(part, torch.nn.Module):
            for tensor in (*part.parameters(), *part.buffers()):
                tensors[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
    return sum(tensors.values())


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        return torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    device = torch.device(wanted)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise VideoError("no_device", f"{wanted} is asked for and this machine has no such accelerator", False)
    return device


def _capacity(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory * CARD_SHARE)
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("MemTotal:"):
            return int(int(line.split()[1]) * 1024 * MACHINE_SHARE)
    raise VideoError("no_device", "this machine does not say how much memory it has; set the capacity", False)
