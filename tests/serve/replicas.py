"""The hosts behind a running stack, one by one: their processes, their own doors, and the rows they wrote.

Owns how a test goes past the ingress. Invariant: nothing here changes anything; the ledger is only read.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from serve_app.config import Settings
from serve_app.lifecycle.ports import REPLICA_PORTS_BLOCK, REPLICA_PORTS_BLOCKS, REPLICA_PORTS_FIRST
from serve_app.stores import open_ledger
from storage.ledger.protocol import Event, HostRow, Kind, Ledger
from tests.conftest import Stack

T = TypeVar("T")
ROWS_MAX = 100_000
REPLICA_PORTS = range(REPLICA_PORTS_FIRST, REPLICA_PORTS_FIRST + REPLICA_PORTS_BLOCKS * REPLICA_PORTS_BLOCK)


async def in_ledger(stack: Stack, ask: Callable[[Ledger], Awaitable[T]]) -> T:
    """What the ledger of a stack says, through a connection of the test's own."""
    ledger = open_ledger(Settings.from_args({"data_dir": str(stack.data_dir), **stack.settings}, {}))
    await ledger.open()
    try:
        return await ask(ledger)
    finally:
        await ledger.close()


async def hosts(stack: Stack) -> list[HostRow]:
    """Those that live by the database, and whose process does: a killed one keeps its row for a lease."""
    return [
        host for host in await in_ledger(stack, lambda ledger: ledger.hosts()) if state_of(host.pid) not in ("", "Z")
    ]


async def rows(stack: Stack, project: str) -> list[Event]:
    return await in_ledger(stack, lambda ledger: ledger.read(project, limit=ROWS_MAX))


def check_one_writer(found: list[Event]) -> None:
    """Sequences without a gap; every epoch begins with its owner's row, and no row of an old epoch comes after."""
    assert [row.seq for row in found] == list(range(1, len(found) + 1)), "sequences have gaps"
    epochs = [row.epoch for row in found]
    assert epochs == sorted(epochs), "an old epoch wrote after a new one"
    first = {row.epoch: row.seq for row in reversed(found)}
    assert sorted(first.values()) == [row.seq for row in found if row.kind is Kind.OWNERSHIP], "an epoch without owner"


def doors(pid: int) -> list[int]:
    """TCP ports a process listens on."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(os.readlink(entry))
        except OSError:
            continue
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
            found.append(int(fields[1].rpartition(":")[2], 16))
    return found


def door(host: HostRow) -> int:
    """The port at which a replica takes WebSockets itself: neither its peer port nor one of Ray's. Its instance took
    one block of the range: another than the first where something sat in that."""
    peer = int(host.peer.rpartition(":")[2])
    served = [port for port in doors(host.pid) if port != peer and port in REPLICA_PORTS]
    assert len(served) == 1, f"{host.id} listens at {doors(host.pid)}"
    return served[0]


def state_of(pid: int) -> str:
    """ "T" while it is stopped; "" when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


def seconds(found: dict[str, Any]) -> str:
    return ", ".join(f"{what} {value:.2f} s" for what, value in found.items())
