"""Several processes on one file, and killed ones (S-50, S-51)."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from pathlib import Path

import pytest

from storage.ledger.protocol import Append, HostRow, Kind, NewEvent
from storage.ledger.sqlite import SqliteLedger
from storage.ledger.verify import faults, rows

pytestmark = pytest.mark.unit

SCRIPT = Path(__file__).parent / "ledger_process.py"


async def start(path: Path, name: str, count: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(path), name, str(count), stdout=asyncio.subprocess.PIPE
    )


def acknowledged(output: bytes) -> dict[str, dict[int, bytes]]:
    """Whole lines only: a killed process may leave half of one."""
    found: dict[str, dict[int, bytes]] = {}
    for line in output.splitlines(keepends=True):
        if line.endswith(b"\n"):
            home, seq, body = line.split()
            found.setdefault(home.decode(), {})[int(seq)] = body
    return found


async def stored(ledger: SqliteLedger, home: str) -> dict[int, bytes]:
    return {event.seq: event.body async for event in rows(ledger, home)}


async def test_three_processes_write_one_file(tmp_path: Path) -> None:
    """S-50: own homes and one fought for: nothing acknowledged is missing, every home is gapless."""
    path = tmp_path / "ledger.db"
    names = ["a", "b", "c"]
    processes = [await start(path, name, 480) for name in names]
    outputs = [(await asyncio.wait_for(process.communicate(), 30))[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    ledger = SqliteLedger(path)
    await ledger.open()
    shared: dict[int, bytes] = {}
    for name, output in zip(names, outputs, strict=True):
        acks = acknowledged(output)
        assert len(acks[f"home_{name}"]) == 480
        assert acks[f"home_{name}"].items() <= (await stored(ledger, f"home_{name}")).items()
        assert not shared.keys() & acks["shared"].keys()
        shared |= acks["shared"]
    assert len(shared) == 144
    assert shared.items() <= (await stored(ledger, "shared")).items()
    for home in ("home_a", "home_b", "home_c", "shared"):
        assert await faults(ledger, home) == []
    await ledger.close()


async def test_a_killed_writer_loses_nothing_and_frees_the_file(tmp_path: Path) -> None:
    """S-51: SIGKILL in mid-batch: acknowledged rows are there, the lock is free at once."""
    path = tmp_path / "ledger.db"
    process = await start(path, "k", 1_000_000)
    assert process.stdout is not None
    output = b"".join([await asyncio.wait_for(process.stdout.readline(), 20) for _ in range(200)])
    process.send_signal(signal.SIGKILL)
    output += await process.stdout.read()
    await process.wait()
    ledger = SqliteLedger(path)
    await ledger.open()
    acks = acknowledged(output)
    assert len(acks["home_k"]) > 50
    for home, mine in acks.items():
        assert mine.items() <= (await stored(ledger, home)).items()
        assert await faults(ledger, home) == []
    host = await ledger.heartbeat(HostRow("h", "i", 1, ""), 10_000)
    begin = time.monotonic()
    claim = await ledger.claim("home_k", host, depose="inc_k")
    await ledger.append(Append("home_k", claim.epoch, claim.seq, (NewEvent("d", Kind.EVENT, "t", b""),)))
    assert time.monotonic() - begin < 2
    await ledger.close()


async def test_a_commit_elsewhere_moves_the_change_token(tmp_path: Path) -> None:
    """S-50: the token tells of other processes' commits."""
    path = tmp_path / "ledger.db"
    ledger = SqliteLedger(path)
    await ledger.open()
    before = await ledger.change_token()
    assert await ledger.change_token() == before
    process = await start(path, "x", 8)
    await asyncio.wait_for(process.communicate(), 20)
    assert await ledger.change_token() != before
    await ledger.close()
