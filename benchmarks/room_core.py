"""What the room core costs by itself: CPU per edit and per delivered edit, sockets replaced by ones that do nothing.

Run: python benchmarks/room_core.py [sessions] [edits]. Prints microseconds of process CPU time, best of three.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import pycrdt

from collab import wire
from collab.limits import Limits
from collab.ports import Entry, Lineage, Loaded
from collab.presence import User
from collab.room import Room
from collab.session import Access
from collab.transport import CloseCallback, MessageCallback

TYPISTS = 40


class Sink:
    """A transport that takes everything."""

    def write(self, payload: bytes) -> None: ...
    def write_shared(self, encoded: bytes) -> None: ...
    def buffered_bytes(self) -> int:
        return 0

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...
    def close(self, code: int, reason: str = "") -> None: ...
    def on_message(self, callback: MessageCallback) -> None: ...
    def on_writable(self, callback: Callable[[], None]) -> None: ...
    def on_close(self, callback: CloseCallback) -> None: ...


class InstantLog:
    """A log that has committed by the next turn of the loop."""

    seq = 0

    async def load(self) -> Loaded:
        return Loaded(None, 0, [], 0)

    def append(self, entries: Sequence[Entry]) -> asyncio.Future[int]:
        self.seq += 1
        future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        future.set_result(self.seq)
        return future

    async def put_snapshot(self, snapshot: bytes, seq: int, lineage: Lineage) -> None: ...


def typed(clients: int, edits: int) -> list[list[bytes]]:
    """For each client its one-character edits, as live update frames."""
    found: list[list[bytes]] = []
    for number in range(clients):
        doc: pycrdt.Doc[Any] = pycrdt.Doc(client_id=1000 + number)
        frames: list[bytes] = []
        subscription = doc.observe(lambda event, to=frames: to.append(wire.sync_update(event.update)))  # type: ignore[misc]
        text = doc.get("script", type=pycrdt.Text)
        for _ in range(edits):
            text += "x"
        doc.unobserve(subscription)
        found.append(frames)
    return found


async def measure(sessions: int, per_typist: int, burst: int) -> tuple[float, int]:
    """CPU seconds and flushes for all edits, `burst` of them arriving between two turns of the loop."""
    log = InstantLog()
    limits = Limits(
        flush_window_s_min=0,
        flush_window_s_per_session=0,
        compact_updates=10**9,
        messages_burst=1e9,
        compact_bytes=10**9,
    )
    room = Room("scene:bench", log, limits)
    await room.open()
    joined = [room.join(Sink(), f"p{n}", Access.WRITE, User("u", "U", "#000000")) for n in range(sessions)]
    for session in joined:
        session.receive(wire.sync_step1(b"\x00"))
    frames = typed(TYPISTS, per_typist)
    queue = [(joined[n % sessions], frames[n][at]) for at in range(per_typist) for n in range(TYPISTS)]
    start = time.process_time()
    for at in range(0, len(queue), burst):
        for session, frame in queue[at : at + burst]:
            session.receive(frame)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    while room._commits.busy:  # noqa: ASYNC110 (measured without waiting)
        await asyncio.sleep(0)
    spent = time.process_time() - start
    await room.close()
    return spent, log.seq


def main() -> None:
    sessions = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    edits = (int(sys.argv[2]) if len(sys.argv) > 2 else 8000) // TYPISTS
    for burst in (1, 8, 64):
        spent, flushes = min(asyncio.run(measure(sessions, edits, burst)) for _ in range(3))
        total = edits * TYPISTS
        print(
            f"sessions={sessions} edits={total} burst={burst} flushes={flushes} "
            f"us_per_edit={spent / total * 1e6:.1f} us_per_delivered_edit={spent / total / sessions * 1e6:.3f}"
        )


if __name__ == "__main__":
    main()
