"""What a job took over of earlier ones, part by part (level three of the cache), and what that saved.

The invariant: a pure function of the job's own events: a part says itself that it was reused, and whose it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from actors.scene.job import Job

MICRO = 1_000_000
KNOWN = ("level", "job", "ms", "micro", "currency")


def reused_in(result: Mapping[str, Any]) -> dict[str, Any]:
    """As an event tells it: {"reused": {"level": "L3", "job", "ms", …}}, or nothing."""
    told = result.get("reused")
    return {"reused": {name: told[name] for name in KNOWN if name in told}} if told else {}


def components(job: Job, frames: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """JSON-able; None: everything was made for this job. `frames`: those of the board now, `of` how many; `savedMs`:
    what the reused parts had taken to make; `savedUsd`: what they had been charged."""
    taken = [panel["reused"] for panel in frames if panel.get("reused")]
    words = job.reused
    if not taken and not words:
        return None
    every = [*taken, *([words] if words else [])]
    micro = sum(int(each.get("micro", 0)) for each in every if each.get("currency", "USD") == "USD")
    return {
        "level": "L3",
        "panels": len(taken),
        "of": len(frames),
        "prompt": bool(words),
        "jobs": sorted({str(each["job"]) for each in every if each.get("job")}),
        "savedMs": sum(int(each.get("ms", 0)) for each in every),
        "savedUsd": micro / MICRO,
    }
