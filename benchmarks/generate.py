"""Part (d): what a person waits for, on the running stack: Generate → first panel → playable, and a script's import.

Each run generates one scene of three shots with a seed of its own, so no cache answers. "First panel" is its image
fetched; "playable" is the first media chunk of the HLS playlist fetched. Invariant: a run whose take came from a cache
is an error, not a number.
"""

from __future__ import annotations

import statistics
import time
from typing import Any
from urllib.parse import urljoin

from benchmarks.children import PartFailed
from benchmarks.stack import Stack
from tests.screenplays import feature_length

POLL_S = 0.02
JOB_S_MAX = 120.0
FIELDS = "state stage error { code message } panels { imageUrl } take { playlistUrl durationS cacheVerdict backend }"
SCRIPT = """INT. LIGHTHOUSE KITCHEN - NIGHT

MARGARET
You said the ferry was at nine.

TOMAS
It was. I stood on the pier and let it go.
"""
"""Three shots of about 12 s together."""


def once(stack: Stack, project: str, seed: int) -> dict[str, Any]:
    """One scene, seconds since the mutation was sent."""
    scene = stack.new_scene(project, SCRIPT)
    began = time.monotonic()
    job = stack.mutate("generateScene", "job { id }", sceneId=scene, autoPick=True, seed=str(seed))["job"]["id"]
    told: dict[str, Any] = {"accepted_s": time.monotonic() - began, "stages": {}}
    while True:
        found = stack.graphql(f"query($id: ID!) {{ job(id: $id) {{ {FIELDS} }} }}", id=job)["job"]
        told["stages"].setdefault(found["stage"] or found["state"], round(time.monotonic() - began, 3))
        if "first_panel_s" not in told and found["panels"]:
            fetch(stack, found["panels"][0]["imageUrl"], b"")
            told["first_panel_s"] = time.monotonic() - began
        if found["state"] == "FAILED":
            raise PartFailed(f"the job failed: {found['error']}")
        if found["state"] == "FINAL_READY":
            break
        if time.monotonic() - began > JOB_S_MAX:
            raise PartFailed(f"the job did not end within {JOB_S_MAX:g} s, it is at {found['stage']}")
        time.sleep(POLL_S)
    take = found["take"]
    if take["cacheVerdict"].upper() not in ("MISS", "NONE"):
        raise PartFailed(f"a cache answered ({take['cacheVerdict']}): nothing was rendered")
    told["first_chunk_bytes"] = first_chunk(stack, take["playlistUrl"])
    told["playable_s"] = time.monotonic() - began
    told.update(duration_s=take["durationS"], backend=take["backend"], cache_verdict=take["cacheVerdict"], seed=seed)
    return told


def fetch(stack: Stack, url: str, begins: bytes) -> bytes:
    answer = stack.http.get(url)
    if answer.status_code != 200 or not answer.content.startswith(begins) or not answer.content:
        raise PartFailed(f"{url.partition('?')[0]} answered {answer.status_code}, {len(answer.content)} bytes")
    return answer.content


def first_chunk(stack: Stack, playlist_url: str) -> int:
    """Master playlist → first variant → its first media chunk, as a player does; the chunk's size in bytes."""
    url = playlist_url
    for _ in range(3):
        text = fetch(stack, url, b"#EXTM3U").decode()
        entry = next(line for line in text.splitlines() if line and not line.startswith("#"))
        url = urljoin(url, entry)
        if ".m3u8" not in entry:
            return len(fetch(stack, url, b""))
    raise PartFailed("the playlist leads to playlists only")


def import_ms(stack: Stack, text: str, seed: int) -> dict[str, Any]:
    began = time.monotonic()
    made = stack.mutate(
        "importScreenplay", "project { scenes { id } }", title=f"Feature {seed}", text=text, format="FOUNTAIN"
    )
    took = (time.monotonic() - began) * 1000
    return {"ms": round(took, 1), "scenes": len(made["project"]["scenes"]), "bytes": len(text.encode())}


def measure(stack: Stack, runs: int, imports: int) -> dict[str, Any]:
    """The first run is the cold one: nothing was rendered since the start."""
    project = stack.new_project("Generate")
    jobs = [once(stack, project, seed=1000 + number) for number in range(runs)]
    warm = jobs[1:] or jobs
    return {
        "jobs": jobs,
        "first_panel_cold_s": round(jobs[0]["first_panel_s"], 3),
        "first_panel_s": round(statistics.median(job["first_panel_s"] for job in warm), 3),
        "playable_cold_s": round(jobs[0]["playable_s"], 3),
        "playable_s": round(statistics.median(job["playable_s"] for job in warm), 3),
        "imports": [import_ms(stack, feature_length(seed), seed) for seed in range(imports)],
    }
