"""Step `talk`: a line of a table read, answered in the words of the first model of the list that can.

Invariant: a cancelled attempt aborts the model where it runs. What comes back is what the model said: whoever asked
looks whether it stands (`actors.tableread.speaking`), and film grammar answers where none said anything.
"""

from __future__ import annotations

import asyncio
from typing import Any

from gpu.enhance.chain import Chain
from gpu.enhance.phrasing import Call
from serve_app.remote.ending import end
from serve_app.step_runs import Report, StepCancelled
from serve_app.steps.enhance import LOOK_S
from storage.ledger.protocol import Attempt


class Talk:
    """A `WaitingStep` on the loop the chain's writers belong to."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    async def wait(self, attempt: Attempt, request: dict[str, Any], report: Report) -> dict[str, Any]:
        calls = [Call(**each) for each in request["calls"]]
        talking = asyncio.create_task(self._chain.talk(attempt.home, calls))
        try:
            while not talking.done():
                await asyncio.wait({talking}, timeout=LOOK_S)
                if report.cancelled() and not talking.done():
                    raise StepCancelled
            texts, how = talking.result()
        finally:
            await end(talking)
        return {"said": list(texts), "how": how.to_dict()}
