"""The section of RESULTS.md about the queue of jobs: dictionaries in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.board_report import number, table

Results = Mapping[str, Any]


def measured(told: Results) -> dict[str, float]:
    if "overhead" not in told:
        return {}
    job = told["overhead"]["p50_ms"]
    return {
        "queue_overhead_p50_ms": job,
        "queue_step_p50_ms": round(job / told["overhead"]["steps"], 2),
        "queue_fair_ratio": told["fairness"]["ratio"],
        "queue_cancel_p99_ms": told["cancel"]["ended"]["p99_ms"],
        "queue_next_p99_ms": told["cancel"]["next_begun"]["p99_ms"],
    }


def section(told: Results) -> str:
    """Empty before the first run."""
    if "overhead" not in told:
        return ""
    facts, fair, cancel = told["machine"], told["fairness"], told["cancel"]
    rows = [
        [name, *(number(times[field]) for field in ("p50_ms", "p99_ms", "max_ms"))]
        for name, times in (
            (f"a job beside its {told['overhead']['steps']} steps: command to committed take", told["overhead"]),
            (f"cancel to the end of the step (parts of {cancel['part_ms']} ms)", cancel["ended"]),
            ("cancel to the claim of the next film", cancel["next_begun"]),
        )
    ]
    return "\n\n".join(
        [
            "## Queue of jobs: owner and worker in two processes, SQLite (synchronous=FULL)",
            table(["", "p50 ms", "p99 ms", "max ms"], rows),
            f"100 films of {fair['film_ms']} ms, ten people with ten each, asked for one person after the other, one"
            f" worker: the longest mean wait of a person is **{number(fair['ratio'])}** × the shortest (in order of"
            f" arrival it would be {number(fair['by_arrival_ratio'])} ×). One who asked for 82 first, nine others for"
            f" two each: those wait {number(fair['few_ms'])} ms on average, he {number(fair['flood_ms'])} ms.",
            f"`python -m benchmarks.queue`, {facts['date']}, commit {facts['commit']}, {facts['cores']} cores; before"
            f" the run: {told['before']}. Raw numbers: `queue.json`.",
        ]
    )
