"""Dump and verify over a real home (S-56, S-57)."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from storage import codec
from storage.ledger.dump import dump
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Append, Claim, Event, HostRow, Kind, NewEvent
from storage.ledger.verify import faults

pytestmark = pytest.mark.unit

HOST = HostRow("h", "i", 1, "127.0.0.1:1")


async def written(count: int = 3) -> tuple[MemoryLedger, Claim]:
    ledger = MemoryLedger(lambda: 1_000)
    await ledger.heartbeat(HOST, 1_000)
    claim = await ledger.claim("prj", HOST)
    body = codec.encode({"text": "é", "raw": b"\x01", "inf": float("inf")}, version=2)
    rows = (NewEvent("d", Kind.EVENT, "t", body), NewEvent("d", Kind.UPDATES, "u", b"\xff" * 100))
    events = (*rows, *(NewEvent("e", Kind.EVENT, "t", b"") for _ in range(count)))
    await ledger.append(Append("prj", claim.epoch, claim.seq, events))
    return ledger, claim


async def test_dump_is_json_and_decodes_blobs() -> None:
    """S-56: every row, bodies readable, bytes kept."""
    ledger, _ = await written()
    rows = [row async for row in dump(ledger, "prj")]
    assert json.loads(json.dumps(rows)) == rows
    assert [row["kind"] for row in rows[:3]] == ["ownership", "event", "updates"]
    assert rows[0]["body"]["host"] == "h"
    assert rows[1]["body"] == {"text": "é", "raw": {"$hex": "01"}, "inf": {"$float": "inf"}}
    assert rows[1]["body_version"] == 2
    assert rows[2]["body"] == {"$base64": "/" * 133 + "w=="}
    assert "body_version" not in rows[2]
    assert [row["seq"] async for row in dump(ledger, "prj", doc="d", after=2)] == [3]


async def test_long_homes_are_read_in_pages() -> None:
    """S-56: more rows than a page come once each, in order."""
    ledger, _ = await written(2_500)
    assert [row["seq"] async for row in dump(ledger, "prj")] == list(range(1, 2_504))


async def test_verify_finds_what_is_broken() -> None:
    """S-57: a gap, an epoch that falls and a missing ownership event are each told."""
    ledger, _claim = await written()
    await ledger.claim("prj", HOST)
    assert await faults(ledger, "prj") == []
    assert await faults(ledger, "unknown") == []
    log: list[Event] = ledger._homes["prj"].events
    whole = list(log)
    log[3] = replace(log[3], seq=99)
    assert any("sequence 99 follows 3" in fault for fault in await faults(ledger, "prj"))
    log[:] = whole
    log[-1] = replace(log[-1], kind=Kind.EVENT)
    assert any("ownership" in fault for fault in await faults(ledger, "prj"))
    log[-1] = replace(whole[-1], epoch=0)
    assert any("follows 1" in fault for fault in await faults(ledger, "prj"))
