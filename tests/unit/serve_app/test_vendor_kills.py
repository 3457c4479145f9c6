"""Workers for vendors killed with SIGKILL at every boundary, on a real ledger; the vendor counts what it accepted."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from storage.codec import decode, encode
from storage.ledger.protocol import Append, AttemptState, HostRow, NewAttempt
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects
from tests.conftest import ROOT
from tests.unit.serve_app.test_vendor_videos import HOME, PANEL, Shop
from tests.vendor import Vendor, serving

pytestmark = [pytest.mark.unit, pytest.mark.proof]

PROGRAM = Path(__file__).with_name("vendor_story.py")


async def order(folder: Path, shop: Shop) -> None:
    ledger = SqliteLedger(folder / "ledger.db")
    await ledger.open()
    host = await ledger.heartbeat(HostRow("host-1", "inc-1", 1, "127.0.0.1:1"), 60_000)
    claim = await ledger.claim(HOME, host)
    new = NewAttempt(
        "att_1", HOME, "scn_x", "job_1", "video", 1, encode(shop.request()), 900_000, needs="videos_api.loopback"
    )
    await ledger.append(Append(HOME, claim.epoch, claim.seq, (), attempts=(new,)))
    await ledger.close()
    ok, picture = cv2.imencode(".jpg", np.full((54, 96, 3), 90, np.uint8))
    assert ok
    await LocalObjects(folder / "objects").put(PANEL, bytes(picture), content_type="image/jpeg")


async def outcome(folder: Path) -> tuple[str, str]:
    ledger = SqliteLedger(folder / "ledger.db")
    await ledger.open()
    row = await ledger.attempt("att_1")
    await ledger.close()
    assert row is not None
    return row.state, str(decode(row.error)["code"]) if row.error else ""


@pytest.mark.parametrize("how", ["none", "idempotency", "metadata"])
@pytest.mark.parametrize("boundary", ["intent", "answer", "id", "content"])
def test_g268_killed_at_every_boundary(tmp_path: Path, how: str, boundary: str) -> None:
    """G-268: a process dies there by SIGKILL, another one goes on: each attempt ends once, submitted exactly once, or a
    person is asked."""
    with serving(Vendor(idempotent=how == "idempotency", echoes=how == "metadata", after=1)) as vendor:
        shop = Shop(tmp_path, vendor)
        asyncio.run(order(tmp_path, shop))
        for dies in (boundary, "never"):
            command = [sys.executable, str(PROGRAM), str(tmp_path), vendor.url, how, dies]
            done = subprocess.run(
                command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=90, check=False
            )
            assert done.returncode == (0 if dies == "never" else -9)
        state, code = asyncio.run(outcome(tmp_path))
        if how == "none" and boundary in ("intent", "answer"):
            assert (state, code) == (AttemptState.FAILED, "SUBMISSION_UNKNOWN")
            assert len(vendor.accepted) == (boundary == "answer")
        else:
            assert (state, code, len(vendor.accepted), vendor.deleted) == (AttemptState.DONE, "", 1, [])
