"""The section of RESULTS.md about the table read: dictionaries in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.board_report import number, table


def section(told: Mapping[str, Any]) -> str:
    """Empty before the first run."""
    if "entry" not in told:
        return ""
    facts, entry, answer = told["machine"], told["entry"], told["answer"]
    rows = [[name, *(number(took[at]) for at in ("p50_ms", "p99_ms", "max_ms"))] for name, took in entry.items()]
    rows.append(["a line said → answered and committed", *(number(answer["whole"][at]) for at in answer["whole"])])
    rows.append(["the loop held meanwhile", *(number(answer["loop_held"][at]) for at in answer["loop_held"])])
    return "\n\n".join(
        [
            "## The table read: entering a scene, ms",
            f"A story of {told['scenes']} scenes, each entered once, by film grammar alone. Target: all six steps"
            f" within 370 ms ({'met' if entry['all']['max_ms'] <= 370 else '**missed**'}).",
            table(["step", "p50", "p99", "longest"], rows),
            f"`python -m benchmarks.tableread`, {facts['date']}, commit {facts['commit']}, {facts['cores']} cores;"
            f" before the run: {told['before']}. Raw numbers: `tableread.json`.",
        ]
    )
