"""Step `talk`: a line of a table read, over a real endpoint on loopback, and without one."""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

import pytest

from gpu.enhance.chain import Chain, Rung
from gpu.enhance.openai_writer import Endpoint as Address
from gpu.enhance.openai_writer import OpenAICompleter
from gpu.enhance.phrasing import PhrasingWriter
from serve_app.steps.talk import Talk
from serve_app.steps.writers import Elsewhere
from serve_app.worker import Report, StepCancelled
from storage.ledger.protocol import Attempt
from tests.unit.gpu.enhance.endpoint import endpoint
from tests.unit.gpu.enhance.test_chain import PRICE, Clock, TokenBucket, chain

pytestmark = pytest.mark.unit

TRUTH = "I have the lantern, and I have had it since we left the kitchen, for nobody else wanted it."
CALL = {
    "rules": "You read one role.", "scene": "Scene: INT. MILL.", "ask": f"You are Nora.\nTRUTH: {TRUTH}",
    "schema": {"type": "object"}, "tokens_max": 400, "seed": 3,
}  # fmt: skip


class Heard:
    """A worker's report, and whether the attempt is wanted."""

    stop = False

    def __call__(self, progress: float, message: str, partial: dict[str, Any] | None = None) -> None: ...

    def cancelled(self) -> bool:
        return self.stop


class Of:
    home = "prj_1"


def talking(url: str, clock: Clock) -> Chain:
    writer = PhrasingWriter(OpenAICompleter(Address(url, "small")), calls_at_once=4)
    return chain(clock, Rung(writer, TokenBucket(0, 1, clock), 5.0, PRICE))


async def said(of: Chain, report: Heard | None = None, calls: int = 1) -> dict[str, Any]:
    asked = {"calls": [CALL] * calls}
    return await Talk(of).wait(cast(Attempt, Of()), asked, cast(Report, report or Heard()))


async def test_c136_a_model_s_words_come_back_with_what_they_cost() -> None:
    """C-136: one question a role, each under its schema; the record is that of prompts."""
    async with endpoint("ok") as there:
        found = talking(there.url, Clock())
        told = await said(found, calls=2)
        assert [json.loads(text) for text in told["said"]] == [{"said": TRUTH}] * 2
        assert (told["how"]["writer"], told["how"]["model"], list(told["how"]["degraded_from"])) == (
            "openai",
            "small",
            [],
        )
        assert told["how"]["tries"][0]["cost_micro"] > 0
        assert there.bodies[0]["response_format"]["json_schema"]["schema"] == CALL["schema"]
        await found.close()


@pytest.mark.parametrize("does", ["quota", "401", "broken", "junk"])
async def test_c136_whoever_gives_nothing_is_named_and_the_grammar_stands(does: str) -> None:
    """C-136: no words, and no failed attempt either: the answer of film grammar is there already."""
    async with endpoint(does) as there:
        found = talking(there.url, Clock())
        told = await said(found)
        assert (told["said"], told["how"]["writer"], list(told["how"]["degraded_from"])) == ([], "grammar", ["openai"])
        await found.close()
    elsewhere = chain(Clock(), Rung(Elsewhere("vllm"), TokenBucket(0, 1, Clock()), 5.0))
    assert list((await said(elsewhere))["how"]["degraded_from"]) == ["vllm"]


async def test_c135_a_line_that_is_stopped_stops_the_model_where_it_runs() -> None:
    """C-135: the endpoint sees its client leave."""
    async with endpoint("silent") as there:
        found, report = talking(there.url, Clock()), Heard()
        asked = asyncio.create_task(said(found, report))
        await there.came.wait()
        report.stop = True
        with pytest.raises(StepCancelled):
            await asked
        async with asyncio.timeout(5):
            await there.left.wait()
        await found.close()
