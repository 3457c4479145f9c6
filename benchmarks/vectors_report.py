"""The section of RESULTS.md about lookups in the embedded vector store: dictionaries in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.board_report import number, table

Results = Mapping[str, Any]
QUESTION, WORST = "a question of the cache", "five names that all have"
WAYS = {"compared": "embedded store", "graph": "embedded store with a graph (`usearch`)", "numpy": "plain NumPy"}


def measured(told: Results) -> dict[str, float]:
    if "compared" not in told:
        return {}
    ours = told["compared"]
    return {
        "vectors_p50_ms": ours[QUESTION]["p50_ms"],
        "vectors_p99_ms": ours[QUESTION]["p99_ms"],
        "vectors_worst_p50_ms": ours[WORST]["p50_ms"],
        "vectors_worst_p99_ms": ours[WORST]["p99_ms"],
    }


def section(told: Results) -> str:
    """Empty before the first run."""
    if "compared" not in told:
        return ""
    facts, fits = told["machine"], told["fits"]
    rows = [
        [f"{name} ({fits[name]:,} fit)", says, number(told[way][name]["p50_ms"]), number(told[way][name]["p99_ms"])]
        for name in fits
        for way, says in WAYS.items()
    ]
    return "\n\n".join(
        [
            f"## Lookup in the vector store: {told['entries']:,} entries of {told['size']} numbers, embedded",
            "Namespace, five metadata equalities and `expires_at`; the five nearest with their metadata; thread and the"
            " look for others' commits included, embedding not.",
            table(["filter", "", "p50 ms", "p99 ms"], rows),
            f"RedisVL: {told['redisvl']}. Written in {number(told['compared']['upserts_s'])} s (batches of 1,000, each"
            f" synced); read into memory by the first question in {number(told['compared']['first_query_s'])} s.",
            *([_million(told["million"])] if "million" in told else []),
            f"`python -m benchmarks.vectors`, {facts['date']}, commit {facts['commit']}, {facts['cores']} cores; before"
            f" the run: {told['before']}. Raw numbers: `vectors.json`.",
        ]
    )


def _million(told: Results) -> str:
    missed = f"{100 * told['missed_share']:.2g}"
    return (
        f"A million entries, a filter that all meet ({told['date']}): with the graph p50"
        f" {number(told['graph']['p50_ms'])} ms, p99 {number(told['graph']['p99_ms'])} ms; compared one by one p50"
        f" {number(told['compared']['p50_ms'])} ms. Of the five nearest the graph missed {missed} %."
        f" Built in {number(told['graph_s'])} s beside the writing; {told['memory_mb']:,} MB of memory, the test's own"
        " copy of the vectors (1,500 MB) included."
    )
