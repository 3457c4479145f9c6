"""A process of its own that writes a ledger: `python ledger_process.py FILE_OR_URL NAME APPENDS`.

Appends to its own home with many appends in flight, fights for the home "shared", and prints one line per acknowledged
append: home, sequence, body.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from storage.ledger.errors import Fenced
from storage.ledger.postgres import PostgresLedger
from storage.ledger.protocol import Append, Claim, HostRow, Kind, Ledger, NewEvent
from storage.ledger.sqlite import SqliteLedger


def row(text: str) -> NewEvent:
    return NewEvent("d", Kind.EVENT, "t", text.encode())


async def append(ledger: Ledger, claim: Claim, seq: int, text: str) -> int:
    committed = await ledger.append(Append(claim.home, claim.epoch, seq, (row(text),)))
    sys.stdout.write(f"{claim.home} {committed.last_seq} {text}\n")
    sys.stdout.flush()
    return committed.last_seq


async def own(ledger: Ledger, host: HostRow, name: str, count: int) -> None:
    """Pipelined: eight appends in flight."""
    claim = await ledger.claim(f"home_{name}", host)
    for start in range(0, count, 8):
        batch = range(start, min(start + 8, count))
        await asyncio.gather(*(append(ledger, claim, claim.seq + k, f"{name}-{k}") for k in batch))


async def fight(ledger: Ledger, host: HostRow, name: str, count: int) -> None:
    """Take the home from whoever has it, write until fenced, take it again."""
    claim: Claim | None = None
    seq = done = 0
    while done < count:
        if claim is None:
            owner = await ledger.owner("shared")
            depose = owner.host.incarnation if owner and owner.host else None
            try:
                claim = await ledger.claim("shared", host, depose=depose)
            except Exception as refused:
                if type(refused).__name__ != "Owned":
                    raise
                continue
            seq = claim.seq
        try:
            seq = await append(ledger, claim, seq, f"{name}-{done}")
            done += 1
        except Fenced:
            claim = None


async def main(path: str, name: str, count: int) -> None:
    ledger: Ledger = PostgresLedger(path) if path.startswith("postgresql:") else SqliteLedger(Path(path))
    await ledger.open()
    host = await ledger.heartbeat(HostRow(f"host_{name}", f"inc_{name}", os.getpid(), ""), 60_000)
    await asyncio.gather(own(ledger, host, name, count), fight(ledger, host, name, max(count // 10, 1)))
    await ledger.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
