"""What a worker is asked per step and what it answers: the bodies of attempt rows.

Light (no NumPy, no vendor). The invariant: a request holds all a worker needs, so that any worker anywhere can run
it and a second run of the same attempt writes the same keys. Owners write requests; `serve_app` workers read them.

Every body is a dict, stored as versioned msgpack:

enhance     {"enhance": EnhanceRequest, ["continuation": {"jobId", "sceneId", "userId", "continuationText",
             "bibleVersion", "createdAt", "context": {"sceneBible", "recentSegments", "longSummary"},
             "config": {"targetDuration", "stylePreset", "voicePreset"}}]}
                                 -> {"enhanced": EnhancedScene, ["reused": {"level": "L3", "job", "ms", "micro", …}]}
cache       {"recipe_hash": hex, ["ask": see `actors.scene.cached`]}
                               -> {"verdict": "hit"|"warm"|"miss", "take": media dict | None, ["cache": {"level": "L1"|
                               "L2"|"L3"|"L4"|"", "similarity", "threshold", "sure": 0..1 | None, "why": [words],
                               "of": {"take","job","scene","project"} | None, "entry": its id, "saved_usd",
                               ["warm": {"seed","frame_key","frame_sha256"}]}]}
storyboard  {"enhanced", "seed", "candidates", "frames": [[shot, candidate], …] in the order to draw,
             "seeds": {shot: its own seed}, "width", "height", "prefix"}
                            -> {"panels": [{"shot","candidate","key","sha256","bytes",["reused": as of words]}]}
            (the partial result grows panel by panel; "reused": an equal frame was drawn before, for that job)
video       {"enhanced", "seed", "candidate", "panel_key" (the key shot's frame), ["lent_key" (a like film's)],
             "width", "height", "fps", "prefix",
             "frames": [{"shot","candidate","key"|None,"sha256"|None}] one a shot: the picked frame it starts from,
             ["references": [{"key","sha256"}] for backends that take pictures to follow: the shot before],
             "backend", "recipe_hash"}                         -> media dict
            (a shot that was picked another way than the film carries its own "candidate" and "seed"; the partial
            result may hold a "preview_key" under the prefix: the newest frame to look at meanwhile)
talk        {"calls": [gpu.enhance.phrasing.Call as a dict]}
                               -> {"said": [words or None], "how": gpu.enhance.writer.Enhancement}
            (a line of a table read, answered by a model; no step of a film, so that it is not in `Step`)
observe     {"video_key", "enhanced", "degraded", ["remember": see `actors.scene.cached`]}
                                                               -> {"verdict", "measures", "reasons",
                                                                   "quality_score", "epistemic_state",
                                 ["sheet": {"key","sha256","bytes","light": words,"colours": ["#rrggbb"]}]}
                                 ["facts": [{"entity","attribute","value","confidence","from_s","to_s"}]]
            ("facts": what an observer that knows the story's names says the film shows, see `actors.scene.reporting`;
            "sheet": a contact sheet of the film, and what light and colours it ends in)

media dict: {"playlist_key","video_key","thumbnail_key","captions_key"|None,"files":{name:{"key","bytes","sha256"}},
             "captions_burned","duration_s","backend","degraded","width","height","fps",
             "made_with": the backend's part of the recipe (model, version, scheduler, buckets, …)}; from the cache also
             what an observer said of it: "quality_score","epistemic_state","sheet"
A failed attempt's error body: {"code","message","retryable"}.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


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

TALK = "talk"
TALK_TIMEOUT_MS = 30_000
"""From claim to deadline: a little more than the answers of a line may take (`actors.tableread.limits`)."""

FREE = "@free"
"""In the answer of a step, beside what it answers: what its worker would do next."""


@dataclass(frozen=True, slots=True)
class Free:
    """A lane of a worker that asks for more, till `until_ms` (database time): the one that has just answered, or one
    beside it that had nothing to do. The owner may open an attempt as claimed by it (`NewAttempt.hand_to`), which saves
    a claim; who did not ask is never handed anything."""

    worker: str
    steps: Sequence[str]
    offers: Sequence[str]
    loaded: str
    until_ms: int

    def takes(self, step: str, needs: str, affinity: str, now_ms: int) -> bool:
        """Whether an attempt is work for it, by the rules of a claim."""
        fits = step in self.steps and (not needs or needs in self.offers) and affinity in ("", self.loaded)
        return fits and now_ms < self.until_ms


def told_free(free: Sequence[Free]) -> dict[str, Any]:
    return {FREE: [[each.worker, list(each.steps), list(each.offers), each.loaded, each.until_ms] for each in free]}


def take_free(answer: dict[str, Any]) -> list[Free]:
    """Take them out of an answer; none from a worker that knows no such thing, or says it in another way."""
    found = []
    told = answer.pop(FREE, None)
    for each in told if isinstance(told, list) else ():
        match each:
            case [str(worker), list(steps), list(offers), str(loaded), int(until_ms)]:
                found.append(Free(worker, steps, offers, loaded, until_ms))
    return found


PANEL_WIDTH_PX, PANEL_HEIGHT_PX = 960, 540
VIDEO_WIDTH_PX, VIDEO_HEIGHT_PX, VIDEO_FPS = 1280, 720, 24
ATTEMPTS_PER_STEP_MAX = 3
"""Tries of one step before the job fails; each try that fails retryably makes the next."""
