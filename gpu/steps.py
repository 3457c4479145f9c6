"""What a worker is asked per step and what it answers: the bodies of attempt rows.

Light (no NumPy, no vendor). The invariant: a request holds all a worker needs, so that any worker anywhere can run
it and a second run of the same attempt writes the same keys. Owners write requests; `serve_app` workers read them.

Every body is a dict, stored as versioned msgpack:

enhance     {"enhance": EnhanceRequest, ["continuation": {"jobId", "sceneId", "userId", "continuationText",
             "bibleVersion", "createdAt", "context": {"sceneBible", "recentSegments", "longSummary"},
             "config": {"targetDuration", "stylePreset", "voicePreset"}}]}
                                                               -> {"enhanced": EnhancedScene}
cache       {"recipe_hash": hex, ["ask": see `actors.scene.cached`]}
                               -> {"verdict": "hit"|"warm"|"miss", "take": media dict | None, ["cache": {"level": "L1"|
                               "L2"|"L3"|"L4"|"", "similarity", "threshold", "sure": 0..1 | None, "why": [words],
                               "of": {"take","job","scene","project"} | None, "entry": its id, "saved_usd",
                               ["warm": {"seed","frame_key","frame_sha256"}]}]}
storyboard  {"enhanced", "seed", "candidates", "frames": [[shot, candidate], …] in the order to draw,
             "seeds": {shot: its own seed}, "width", "height", "prefix"}
                                       -> {"panels": [{"shot","candidate","key","sha256","bytes"}]}
            (the partial result grows panel by panel)
video       {"enhanced", "seed", "candidate", "panel_key" (the key shot's frame), "width", "height", "fps", "prefix",
             "frames": [{"shot","candidate","key"|None,"sha256"|None}] one a shot: the picked frame it starts from,
             "backend", "recipe_hash"}                         -> media dict
            (a shot that was picked another way than the film carries its own "candidate" and "seed"; the partial
            result may hold a "preview_key" under the prefix: the newest frame to look at meanwhile)
observe     {"video_key", "enhanced", "degraded", ["remember": see `actors.scene.cached`]}
                                                               -> {"verdict", "measures", "reasons",
                                                                   "quality_score", "epistemic_state"}

media dict: {"playlist_key","video_key","thumbnail_key","captions_key"|None,"files":{name:{"key","bytes","sha256"}},
             "captions_burned","duration_s","backend","degraded","width","height","fps",
             "made_with": the backend's part of the recipe (model, version, scheduler, buckets, …)}; from the cache also
             what an observer said of it: "quality_score","epistemic_state"
A failed attempt's error body: {"code","message","retryable"}.
"""

from __future__ import annotations

import enum


class Step(enum.StrEnum):
    ENHANCE = "enhance"
    CACHE = "cache"
    STORYBOARD = "storyboard"
    VIDEO = "video"
    OBSERVE = "observe"


TIMEOUT_MS: dict[Step, int] = {
    Step.ENHANCE: 60_000,
    Step.CACHE: 10_000,
    Step.STORYBOARD: 120_000,
    Step.VIDEO: 900_000,
    Step.OBSERVE: 120_000,
}
"""From claim to deadline. Shorter than the step takes: work is thrown away; longer: a stuck worker holds a job."""

PANEL_WIDTH_PX, PANEL_HEIGHT_PX = 960, 540
VIDEO_WIDTH_PX, VIDEO_HEIGHT_PX, VIDEO_FPS = 1280, 720, 24
ATTEMPTS_PER_STEP_MAX = 3
"""Tries of one step before the job fails; each try that fails retryably makes the next."""
