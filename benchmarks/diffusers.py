"""Our renderer beside the bare pipeline: steps a second, frames a second, peak memory, time to cancel.

    python -m benchmarks.diffusers                  on a GPU, with a larger model of random weights
    python -m benchmarks.diffusers --device cpu     the same comparison with a tiny model: proves the code, not the card

Random weights cost the same arithmetic as trained ones. Both sides make the same clip in the same bucket with the same
number of steps; ours adds what a job needs: asking for a cancel and telling progress each step, previews, the ledger.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROUNDS = 5
TINY = {"steps": 20, "width": 64, "height": 64, "frames_max": 9, "dtype": "float32", "preview_every": 5}
LARGE = {"steps": 20, "width": 704, "height": 480, "frames_max": 81, "dtype": "bfloat16", "preview_every": 5}
SHOT_S = {"cpu": 9 / 24, "cuda": 81 / 24}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    device = parser.parse_args().device
    try:
        import torch
    except ModuleNotFoundError:
        print("not run: torch is not installed (make test-models makes an environment that has it)")
        return
    if device.startswith("cuda") and not torch.cuda.is_available():
        print("not run: no GPU")
        return
    if device == "cpu":
        torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(compare(device, Path(folder)), indent=1))


def compare(device: str, folder: Path) -> dict[str, Any]:
    from gpu.video.diffusers_backend import DiffusersBackend
    from gpu.video.diffusers_card import Card
    from gpu.video.models import DiffusersModel
    from gpu.video.protocol import RenderRequest, Shot
    from tests.models import tiny

    kind = "cpu" if device == "cpu" else "cuda"
    (tiny.ltx if kind == "cpu" else tiny.ltx_large)(folder / "ltx")
    shape = TINY if kind == "cpu" else LARGE
    model = DiffusersModel.from_dict({"name": "ltx", "family": "ltx", "source": str(folder / "ltx"), **shape})
    card = Card(device)
    ours = DiffusersBackend(model, card)
    ours.warm()
    shot = Shot(0, SHOT_S[kind], "KITCHEN", True)
    size = {"width": max(96, shape["width"]), "height": max(96, shape["height"])}
    request = RenderRequest((shot,), seed=1, fps=24, prompts=("a kitchen",), **size)
    loaded = card.load(model, ours._plan(request, shot)[0])

    # On a CPU the time of the process, one thread's: whatever else the machine does stays out of the comparison.
    clock = time.process_time if kind == "cpu" else time.perf_counter

    def bare() -> float:
        return _bare(loaded.text, model, ours._plan(request, shot)[0], clock)

    def mine() -> float:
        began = clock()
        made = ours.frames(request, cancelled=lambda: False, progress=lambda step, of: None, preview=lambda jpeg: None)
        assert sum(1 for _ in made) == request.frame_count
        return clock() - began

    bare(), mine()
    pairs = [(_peak(device, bare), _peak(device, mine)) for _ in range(ROUNDS)]
    theirs_s, ours_s = (min(each[side][0] for each in pairs) for side in (0, 1))
    return {
        "machine": _machine(device),
        "model": {"family": "ltx", "weights": loaded.bytes, "steps": model.denoise_steps},
        "frames": request.frame_count,
        "bare": {"s": round(theirs_s, 3), "steps_per_s": round(model.denoise_steps / theirs_s, 2)},
        "ours": {"s": round(ours_s, 3), "steps_per_s": round(model.denoise_steps / ours_s, 2)},
        "ratio_ours_to_bare": round(theirs_s / ours_s, 3),
        "frames_per_s": {
            "bare": round(request.frame_count / theirs_s, 2),
            "ours": round(request.frame_count / ours_s, 2),
        },
        "peak_bytes": {"bare": pairs[-1][0][1], "ours": pairs[-1][1][1]},
        "cancel": _cancel(ours, request),
    }


def _bare(pipe: Any, model: Any, bucket: Any, clock: Callable[[], float]) -> float:
    import torch

    began = clock()
    with torch.inference_mode():
        pipe(
            prompt="a kitchen",
            negative_prompt="",
            width=bucket.width,
            height=bucket.height,
            num_frames=bucket.frames,
            num_inference_steps=model.denoise_steps,
            guidance_scale=model.guidance_scale,
            frame_rate=bucket.fps,
            generator=torch.Generator("cpu").manual_seed(1),
            output_type="np",
        )
    return clock() - began


def _cancel(ours: Any, request: Any) -> dict[str, Any]:
    """Asked for in the middle of a step: how many steps still run, and how long until the renderer is free."""
    from gpu.video.protocol import Cancelled

    heard: list[float] = []
    asked = 0.0

    def cancelled() -> bool:
        nonlocal asked
        if len(heard) >= 5 and not asked:
            asked = time.perf_counter()
            return False  # it came a moment after this look: the worst case
        return bool(asked)

    before = 0
    try:
        for _ in ours.frames(request, cancelled=cancelled, progress=lambda step, of: heard.append(time.perf_counter())):
            pass
    except Cancelled:
        before = sum(1 for at in heard if at > asked)
    return {"steps": before, "ms": round((time.perf_counter() - asked) * 1000, 1)}


def _peak(device: str, run: Any) -> tuple[float, int]:
    import torch

    if device == "cpu":
        return run(), 0
    torch.cuda.reset_peak_memory_stats()
    took = run()
    torch.cuda.synchronize()
    return took, int(torch.cuda.max_memory_allocated())


def _machine(device: str) -> str:
    import torch

    return "cpu, one thread" if device == "cpu" else torch.cuda.get_device_name()


if __name__ == "__main__":
    sys.exit(main())
