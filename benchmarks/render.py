"""Render speed: storyboard panels, then three-shot scenes of 12 s to MP4, HLS, poster and captions.

Prints JSON. `realtime_wall` is scene seconds per wall second; `realtime_two_cores` is scene seconds per half CPU
second: what two otherwise idle cores give at full use. Run alone for honest wall numbers:
`python benchmarks/render.py [repeats]`.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

START = time.perf_counter()

from gpu.video.animatic import AnimaticBackend  # noqa: E402 - the clock starts before the imports it measures
from gpu.video.protocol import DialogueLine, Figure, RenderRequest, Shot, StoryboardRequest  # noqa: E402

IMPORTED = time.perf_counter()

from gpu.media.film import film  # noqa: E402 - a panel needs no encoder
from gpu.steps import PANEL_HEIGHT_PX, PANEL_WIDTH_PX  # noqa: E402

ANA, BEN = Figure("cst_ana", "ANA", "pours coffee"), Figure("cst_ben", "BEN", "argues")
TYPICAL = (
    Shot(
        0,
        4,
        "KITCHEN",
        True,
        "morning",
        "clear",
        (ANA, BEN),
        "WS",
        "eye",
        "push_in",
        (),
        (DialogueLine("ANA", "You said the train was at nine.", 0.6, 2.6),),
    ),
    Shot(
        1,
        4,
        "KITCHEN",
        True,
        "morning",
        "clear",
        (ANA, BEN),
        "OTS",
        "eye",
        "static",
        (),
        (DialogueLine("BEN", "It was. I let it go.", 0.3, 2.4),),
    ),
    Shot(
        2,
        4,
        "KITCHEN",
        True,
        "morning",
        "clear",
        (ANA, BEN),
        "CU",
        "eye",
        "handheld",
        (),
        (DialogueLine("ANA", "Then stay.", 0.8, 2.0),),
    ),
)
HEAVY = (
    Shot(0, 4, "CITY STREET", False, "night", "rain", (ANA, BEN), "FS", "low", "track_left"),
    Shot(1, 4, "FOREST", False, "dawn", "fog", (ANA,), "WS", "eye", "handheld"),
    Shot(2, 4, "ROOFTOP", False, "dusk", "storm", (ANA, BEN), "MS", "dutch", "crane_up"),
)


def panels(backend: AnimaticBackend, request: StoryboardRequest) -> dict[str, Any]:
    spent = []
    for candidate in range(4):
        at = time.perf_counter()
        backend.panel(request, candidate)
        spent.append(round((time.perf_counter() - at) * 1e3, 1))
    return {"first_panel_ms": spent[0], "panels_ms": spent, "import_ms": round((IMPORTED - START) * 1e3, 1)}


def scene(backend: AnimaticBackend, request: RenderRequest, repeats: int) -> dict[str, Any]:
    runs = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as folder:
            wall, cpu = time.perf_counter(), time.process_time()
            media = film(backend, request, Path(folder) / "take")
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            runs.append((wall, cpu, media.duration_s, sum(media.sizes.values())))
    wall, cpu = min(run[0] for run in runs), min(run[1] for run in runs)
    seconds = runs[0][2]
    return {
        "scene_s": seconds,
        "wall_s": round(wall, 3),
        "cpu_s": round(cpu, 3),
        "realtime_wall": round(seconds / wall, 2),
        "realtime_two_cores": round(seconds / (cpu / 2), 2),
        "cpu_ms_per_frame": round(cpu / request.frame_count * 1e3, 2),
        "bytes": runs[0][3],
    }


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    backend = AnimaticBackend()
    typical, heavy = RenderRequest(TYPICAL, seed=7), RenderRequest(HEAVY, seed=7)
    result = {
        "load_average": round(os.getloadavg()[0], 2),
        "machine": f"{platform.machine()} {platform.processor()}".strip(),
        "python": platform.python_version(),
        "panels": panels(backend, StoryboardRequest(TYPICAL, seed=7, width=PANEL_WIDTH_PX, height=PANEL_HEIGHT_PX)),
        "typical": scene(backend, typical, repeats),
        "heavy": scene(backend, heavy, repeats),
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
