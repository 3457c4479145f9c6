"""Step `enhance`: a scene's slots become shots with a prompt each, by the first writer of the list that can.

Invariant: a cancelled attempt aborts the writer where it runs; words so far are told as they come, and how the scene
came to its words is answered beside the scene. Words that the first writer wrote for exactly this request are taken
over and say so; see `serve_app.steps.parts`.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from gpu.enhance.chain import Chain
from gpu.enhance.protocol import EnhanceError, EnhanceRequest
from gpu.enhance.writer import Delta, Enhancement
from serve_app.remote.ending import end
from serve_app.step_runs import Report, StepCancelled, StepFailed
from serve_app.steps.parts import Found, Part, Parts, made, words_part
from storage.ledger.protocol import Attempt

LOOK_S = 0.1
"""Between looks whether the attempt is cancelled."""

TELL_S = 0.5
"""Between words told: each is a write of the attempt's row."""

DRAFT_CHARS_MAX = 600


class Enhance:
    """A `WaitingStep` on the loop the chain's writers belong to: scenes that wait for a model hold no thread."""

    def __init__(self, chain: Chain, parts: Parts | None = None) -> None:
        self._chain, self._parts = chain, parts

    async def wait(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        report(0.1, "SCRIPT_EXPANSION|Reading the scene for shots")
        part = self._part(attempt, request["enhance"])
        if self._parts is not None and part is not None and (kept := await self._parts.words(part)) is not None:
            return _again(*kept)
        asked = EnhanceRequest.from_dict(request["enhance"])
        writing = asyncio.create_task(self._chain.write(attempt.home, asked, _Telling(report)))
        try:
            while not writing.done():
                await asyncio.wait({writing}, timeout=LOOK_S)
                if report.cancelled() and not writing.done():
                    raise StepCancelled
            scene, how = writing.result()
        except EnhanceError as error:
            raise StepFailed(error.code.upper(), error.message, error.retryable) from error
        finally:
            await end(writing)
        words = {"enhanced": scene.to_dict(), "enhancement": how.to_dict()}
        if self._parts is not None and part is not None and not how.degraded_from:
            spent = {"micro": how.cost_micro, "currency": how.currency}
            await self._parts.keep_words(part, words, made(attempt, how.elapsed_ms / 1000, **spent))
        return words

    def _part(self, attempt: Attempt, request: dict[str, Any]) -> Part | None:
        """None: film grammar writes, and that is cheaper than to ask whether it did before."""
        first = self._chain.first
        return None if first is None else words_part(attempt.home, request, first.name, first.model)


def _again(words: dict[str, Any], found: Found) -> dict[str, Any]:
    """The same words, at no cost."""
    how = Enhancement.from_dict(words["enhancement"]).again(str(found.reused.get("job", "an earlier job")))
    return {"enhanced": words["enhanced"], "enhancement": how.to_dict(), "reused": found.reused}


class _Telling:
    """Deltas as progress, and the words so far as the attempt's partial result."""

    def __init__(self, report: Report) -> None:
        self._report, self._told = report, 0.0

    def __call__(self, delta: Delta) -> None:
        message = f"SCRIPT_EXPANSION|Phrasing shot {min(delta.done + 1, delta.total)} of {delta.total}"
        now, partial = time.monotonic(), None
        if delta.text and now - self._told >= TELL_S:
            self._told = now
            words = delta.text[-DRAFT_CHARS_MAX:]
            partial = {"draft": {"done": delta.done, "total": delta.total, "text": words}}
        self._report(0.1 + 0.9 * delta.done / delta.total, message, partial)
