"""A small worker without pictures: claims attempts like any other and answers in the shapes of `gpu.steps`.

The prompt writer is asked for real; panels and takes are names of objects nobody stored. What a test wants otherwise
it says per step in `answers` (a dict to answer with, or an exception-like error dict under "error").
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.protocol import EnhanceRequest
from gpu.steps import Step
from storage.codec import decode, encode
from storage.ledger.memory import MemoryLedger
from storage.ledger.protocol import Attempt, AttemptState

WRITER = GrammarWriter()
Answer = Callable[[Attempt, dict[str, Any]], dict[str, Any]]


def answer_of(attempt: Attempt, request: dict[str, Any]) -> dict[str, Any]:
    match Step(attempt.step):
        case Step.ENHANCE:
            return {"enhanced": WRITER.write(EnhanceRequest.from_dict(request["enhance"])).to_dict()}
        case Step.CACHE:
            return {"verdict": "miss", "take": None}
        case Step.STORYBOARD:
            return {"panels": [panel(request, n) for n in range(request["candidates"])]}
        case Step.VIDEO:
            return media(request["prefix"])
        case Step.OBSERVE:
            return {
                "verdict": "pass",
                "measures": {},
                "reasons": [],
                "quality_score": 0.9,
                "epistemic_state": "ACCEPTED",
            }


def panel(request: dict[str, Any], candidate: int) -> dict[str, Any]:
    return {"candidate": candidate, "key": f"{request['prefix']}/panel-{candidate}.jpg", "sha256": "", "bytes": 1}


def media(prefix: str) -> dict[str, Any]:
    return {
        "playlist_key": f"{prefix}/master.m3u8",
        "video_key": f"{prefix}/take.mp4",
        "thumbnail_key": f"{prefix}/poster.jpg",
        "captions_key": None,
        "files": {},
        "duration_s": 4.0,
        "backend": "animatic",
        "degraded": True,
        "width": 1280,
        "height": 720,
        "fps": 24,
    }


class SmallWorker:
    """`done` lists every attempt it finished and that counted."""

    def __init__(self, ledger: MemoryLedger, name: str = "w1") -> None:
        self.ledger, self.name = ledger, name
        self.answers: dict[str, Answer] = {}
        self.done: list[Attempt] = []
        self.offers: tuple[str, ...] = ("animatic",)

    async def claim(self, *steps: Step) -> Attempt | None:
        names = [s.value for s in (steps or tuple(Step))]
        return await self.ledger.claim_attempt(self.name, names, offers=self.offers)

    async def finish(self, attempt: Attempt) -> bool:
        request = decode(attempt.request)
        result = self.answers.get(attempt.step, answer_of)(attempt, request)
        if "error" in result:
            counted = await self.ledger.finish_attempt(
                attempt.id, self.name, AttemptState.FAILED, result=None, error=encode(result["error"])
            )
        else:
            counted = await self.ledger.finish_attempt(
                attempt.id, self.name, AttemptState.DONE, result=encode(result), error=None
            )
        if counted:
            self.done.append(attempt)
        return counted

    async def once(self, *steps: Step) -> Attempt | None:
        """Claim and finish one attempt; None if there was none."""
        attempt = await self.claim(*steps)
        if attempt is not None:
            await self.finish(attempt)
        return attempt

    async def forever(self, changed: Callable[[str, str], Any]) -> None:
        """Work until cancelled, telling owners by `changed(home, attempt)`."""
        while True:
            attempt = await self.once()
            if attempt is None:
                await asyncio.sleep(0.005)
            else:
                await changed(attempt.home, attempt.id)
