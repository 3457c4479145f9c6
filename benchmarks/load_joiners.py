"""The joiners' load: one large document, and many who open it in the same moment.

args: joiners, total_bytes, update_bytes. A joiner has it when its whole step 2 has arrived; what one more newcomer gets
afterwards is decoded and compared with what was written.
"""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

from pycrdt import Doc, Text

from benchmarks.client import Line
from benchmarks.documents import prose
from benchmarks.load import Meter, Plan, lines_told
from benchmarks.load_idle import arrive
from benchmarks.load_seed import ROOT, document, write
from benchmarks.markers import percentiles

REST_S = 3.0
"""After the writing: what the server does then (a snapshot) is not what is measured."""


async def measure(plan: Plan) -> tuple[dict[str, Any], list[Line]]:
    room, args = plan.rooms[0], plan.args
    updates = prose(ROOT, args["total_bytes"], args["update_bytes"])
    lines = [await write(plan, room, updates)]
    await asyncio.sleep(REST_S)
    gc.collect()
    meter = Meter(plan.groups)
    began = time.monotonic()
    arrivals = await asyncio.gather(
        *(arrive(plan, room, lines) for _ in range(args["joiners"])), return_exceptions=True
    )
    ended = time.monotonic()
    spent = meter.stop()
    took = [each.took_s * 1000 for each in arrivals if not isinstance(each, BaseException)]
    failed = [f"{type(each).__name__}: {each}" for each in arrivals if isinstance(each, BaseException)]
    same = await asyncio.to_thread(_text_of, await document(plan, room)) == await asyncio.to_thread(_text_of, updates)
    return {
        **lines_told(lines),
        **spent,
        "document_mb": round(sum(map(len, updates)) / 1e6, 2),
        "all_synced_s": round(ended - began, 3) if not failed else None,
        "failed": len(failed),
        "why_failed": failed[:1],
        "complete": not failed and same,
        "window": [began, ended],
        **percentiles(took),
    }, lines


def _text_of(updates: list[bytes]) -> str:
    doc: Doc[Any] = Doc()
    for update in updates:
        doc.apply_update(update)
    return str(doc.get(ROOT, type=Text))
