"""For tests of writers: a scene with everything in it, and a completer whose answers a test writes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable

from gpu.enhance.phrasing import Call, Piece
from gpu.enhance.protocol import CastSlot, EnhanceRequest, Moment
from gpu.enhance.writer import Delta, Usage

REQUEST = EnhanceRequest(
    "INT. LIGHTHOUSE - NIGHT",
    "LIGHTHOUSE",
    True,
    time_of_day="night",
    cast=(CastSlot("chr_m", "MARA", ("60s", "grey braid")), CastSlot("chr_e", "ELIAS")),
    moments=(
        Moment("action", "MARA holds a brass lantern. ELIAS waits at the door. Rain runs down the glass."),
        Moment("line", "Did you hear it?", "ELIAS"),
        Moment("line", "Always.", "MARA", "quietly"),
        Moment("action", "MARA lowers the brass lantern."),
    ),
    props=("brass lantern",),
    brain="thriller",
    beat="the turn",
    continuity_notes=("MARA has the brass lantern since the pier",),
    seed=7,
)


def slots_of(call: Call) -> list[str]:
    """The words that must stand, one text per shot of the call."""
    return [line.partition("Use: ")[2] for line in call.ask.splitlines()]


def faithful(call: Call) -> str:
    """A model that does as it is told."""
    return json.dumps({"phrases": [f"Slow light finds {words}, and nothing moves" for words in slots_of(call)]})


class Puppet:
    """Answers `say(call)` in pieces of eight characters, 100 tokens read and a token a piece written."""

    name, model = "puppet", "puppet-1"

    def __init__(self, say: Callable[[Call], str] = faithful, *, hold: asyncio.Event | None = None) -> None:
        self._say, self._hold = say, hold
        self.calls: list[Call] = []
        self.aborted = 0
        self.begun = asyncio.Event()
        self.fault: Exception | None = None

    async def complete(self, call: Call) -> AsyncGenerator[Piece, None]:
        self.calls.append(call)
        text, ended = self._say(call), False
        try:
            for at in range(0, len(text), 8):
                yield Piece(text[at : at + 8])
                self.begun.set()
                if self._hold is not None:
                    await self._hold.wait()
            if self.fault is not None:
                raise self.fault
            yield Piece("", Usage(100, -(-len(text) // 8), 40))
            ended = True
        finally:
            self.aborted += not ended

    async def check(self) -> None: ...

    async def close(self) -> None: ...


def unheard(delta: Delta) -> None:
    """For tests that look at the answer only."""
