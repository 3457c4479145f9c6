"""The section of RESULTS.md about the story's graph: dictionaries in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.board_report import NOT_RUN, number, table

WAYS = ("memory", "SQLite", "PostgreSQL")
GRAPHS = {"story": "edges of all kinds", "crowd": "ties between people alone"}


def section(told: Mapping[str, Any]) -> str:
    """Empty before the first run."""
    if "story" not in told:
        return ""
    facts = told["machine"]
    rows = [
        [f"{words}: {name}", *(_cell(told[graph][way], name) for way in WAYS)]
        for graph, words in GRAPHS.items()
        for name in ("all", "nothing there", *told[graph]["memory"]["calls"])
    ]
    story, crowd = told["story"], told["crowd"]
    return "\n\n".join(
        [
            "## The story's graph: named calls, p50 / p99 in ms",
            f"{story['nodes']:,} nodes and {story['edges']:,} edges of all kinds; the worst of graphs,"
            f" {crowd['nodes']:,} nodes and {crowd['edges']:,} ties. Whole calls: SQLite's thread and PostgreSQL's"
            " round trip on loopback included. Target: p99 ≤ 5 ms. *nothing there* is a question that finds no row,"
            " asked between the others: what the way and the machine's other work cost by themselves.",
            table(["call", *WAYS], rows),
            f"One changed row in memory: p99 {number(story['one_row_in_memory']['p99_ms'])} ms.",
            f"`python -m benchmarks.graphs`, {facts['date']}, commit {facts['commit']}, {facts['cores']} cores; before"
            f" the run: {told['before']}. Raw numbers: `graphs.json`.",
        ]
    )


def _cell(way: Mapping[str, Any] | None, name: str) -> str:
    if way is None:
        return NOT_RUN
    took = {"all": way["all"], "nothing there": way["floor"], **way["calls"]}[name]
    return f"{number(took['p50_ms'])} / {number(took['p99_ms'])}"
