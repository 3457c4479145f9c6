"""`python -m benchmarks.databases`: the same load on every ledger; what a commit to disk costs.

Owns databases.json and renders RESULTS.md anew. Each ledger gets the same appends of one 300-byte event: of one home,
one after the other; of 100 homes, one in flight each. Best of `RUNS` by p50. PostgreSQL is a server of its own on this
machine, on loopback, everything durable but where a row says otherwise.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import ledger as loads
from benchmarks import machine, report
from storage.ledger.memory import MemoryLedger
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import HostRow, Ledger
from storage.ledger.sqlite import SqliteLedger
from tests import postgres

HERE = Path(__file__).resolve().parent
RUNS = 3
LOADS = {
    "one home": loads.grouped(1, homes=1, appends=600),
    "100 homes": loads.grouped(1, homes=100, appends=40),
}


@contextmanager
def ledgers() -> Iterator[dict[str, Any]]:
    """Makers by name; each gives a fresh ledger."""
    with (
        tempfile.TemporaryDirectory(prefix="sf-bench-") as folder,
        postgres.running(()) as durable,
        postgres.running(("synchronous_commit=off",)) as lazy,
    ):
        makers: dict[str, Any] = {
            "memory": lambda run: MemoryLedger(),
            "SQLite": lambda run: SqliteLedger(Path(folder) / f"{run}.db"),
        }
        for name, server in (("PostgreSQL", durable), ("PostgreSQL, synchronous_commit off", lazy)):
            if server is not None:
                makers[name] = lambda run, server=server: PostgresLedger(_database(server, run))
        yield makers


def _database(server: postgres.Server, run: str) -> str:
    name = f"bench_{run.replace(' ', '_')}".lower()
    server.run(f"CREATE DATABASE {name}")
    return server.url(name)


async def measure(ledger: Ledger, load: Any) -> dict[str, Any]:
    await ledger.open()
    host = await ledger.heartbeat(HostRow("bench", "i", os.getpid(), ""), 600_000)
    claims = list(await asyncio.gather(*(ledger.claim(f"prj_{i:04d}", host) for i in range(100))))
    result: dict[str, Any] = await load(ledger, claims)
    await ledger.close()
    return result


def run() -> dict[str, Any]:
    found: dict[str, Any] = {"machine": machine.facts(), "before": machine.quiet_check(), "ledgers": {}}
    with ledgers() as makers:
        for name, make in makers.items():
            of_ledger = found["ledgers"].setdefault(name, {})
            for load_name, load in LOADS.items():
                for n in range(RUNS):
                    told = asyncio.run(measure(make(f"{load_name}_{n}"), load))
                    if load_name not in of_ledger or told["p50_ms"] < of_ledger[load_name]["p50_ms"]:
                        of_ledger[load_name] = told
    return found


def main() -> None:
    (HERE / report.DATABASES).write_text(json.dumps(run(), indent=1) + "\n")
    report.write(HERE)


if __name__ == "__main__":
    main()
