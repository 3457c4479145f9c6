"""The section of RESULTS.md about databases: dictionaries in, Markdown out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.board_report import number, table

Results = Mapping[str, Any]


def _rate(told: Results, ledger: str) -> float | None:
    rate = told.get("ledgers", {}).get(ledger, {}).get("100 homes", {}).get("appends_per_s")
    return None if rate is None else float(rate)


def _ratio(told: Results, over: str, under: str) -> float | None:
    top, bottom = _rate(told, over), _rate(told, under)
    return None if top is None or bottom is None else round(top / bottom, 2)


def measured(told: Results) -> dict[str, float]:
    lone = told.get("ledgers", {}).get("PostgreSQL", {}).get("one home", {}).get("p50_ms")
    values = {
        "db_postgres_lone_p50_ms": lone,
        "db_postgres_100_homes_per_s": _rate(told, "PostgreSQL"),
        "db_sqlite_100_homes_per_s": _rate(told, "SQLite"),
        "db_durability_sqlite_ratio": _ratio(told, "memory", "SQLite"),
        "db_durability_postgres_ratio": _ratio(told, "memory", "PostgreSQL"),
        "db_postgres_sync_ratio": _ratio(told, "PostgreSQL, synchronous_commit off", "PostgreSQL"),
    }
    return {key: value for key, value in values.items() if value is not None}


def section(told: Results) -> str:
    """Empty before the first run."""
    if "ledgers" not in told:
        return ""
    facts, before = told["machine"], told["before"]
    rows = [
        [
            name,
            *(number(loads["one home"][field]) for field in ("p50_ms", "p99_ms")),
            f"{loads['one home']['appends_per_s']:,}",
            *(number(loads["100 homes"][field]) for field in ("p50_ms", "p99_ms")),
            f"{loads['100 homes']['appends_per_s']:,}",
            number(_ratio(told, "memory", name) or 1),
        ]
        for name, loads in told["ledgers"].items()
    ]
    head = ["", "lone p50 ms", "p99 ms", "appends/s", "100 homes p50 ms", "p99 ms", "appends/s", "memory is × faster"]
    return "\n\n".join(
        [
            "## Databases: the same appends in memory, SQLite (synchronous=FULL), PostgreSQL (loopback)",
            table(head, rows),
            f"`python -m benchmarks.databases`, {facts['date']}, commit {facts['commit']}, {facts['cores']} cores;"
            f" client and servers share them; before the run: {before}. Raw numbers: `databases.json`.",
        ]
    )
