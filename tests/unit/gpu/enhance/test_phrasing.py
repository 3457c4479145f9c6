"""Writers that are models: what they are asked, what of their words stands, how they are stopped."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from gpu.enhance.brains import brain
from gpu.enhance.grammar import GrammarWriter
from gpu.enhance.phrasing import Call, PhrasingWriter, calls_of
from gpu.enhance.survival import lost
from gpu.enhance.writer import Delta, ShotWords, Usage, WriterError
from tests.unit.gpu.enhance.stage import REQUEST, Puppet, faithful, slots_of, unheard

pytestmark = pytest.mark.unit

BASE = GrammarWriter().write(REQUEST)


async def test_a_faithful_model_s_words_are_sent_with_our_framing_and_speech() -> None:
    """G-222: slots, framing, style and dialogue are the grammar's; the words for who, what and where the model's."""
    written = await PhrasingWriter(Puppet()).write(REQUEST, unheard)
    assert {note.writer for note in written.shots} == {"puppet"}
    assert (written.scene.writer, written.scene.shots) == ("puppet", BASE.shots)
    for shot, prompt in zip(BASE.shots, written.scene.shot_prompts, strict=True):
        assert "Slow light finds" in prompt
        assert all(f'{line.speaker}: "{line.text}"' in prompt for line in shot.lines)
        assert prompt in written.scene.prompt
    assert written.usage.prompt_tokens == 100 * len(BASE.shots)


async def test_a_shot_whose_slots_did_not_survive_keeps_the_grammar_s_words() -> None:
    """G-222: labelled with what was lost; whatever a model says, what is sent holds the shot's slots."""

    def forgets(call: Call) -> str:
        return faithful(call).replace("brass lantern", "lamp")

    written = await PhrasingWriter(Puppet(forgets)).write(REQUEST, unheard)
    held = [index for index, shot in enumerate(BASE.shots) if shot.props]
    assert held
    for index, note in enumerate(written.shots):
        assert note == (ShotWords("grammar", ("brass lantern",)) if index in held else ShotWords("puppet"))
    for index, (shot, prompt) in enumerate(zip(BASE.shots, written.scene.shot_prompts, strict=True)):
        assert lost(shot, prompt) == ()
        assert (prompt == BASE.shot_prompts[index]) == (index in held)


async def test_words_of_which_nothing_stands_leave_the_grammar_s_scene() -> None:
    """G-222: then it is the very scene that no model was asked for, and its recipe too."""
    written = await PhrasingWriter(Puppet(lambda call: json.dumps({"phrases": ["Nothing to see here"]}))).write(
        REQUEST, unheard
    )
    assert written.scene == BASE
    assert {note.writer for note in written.shots} == {"grammar"}


@pytest.mark.parametrize("junk", ["", "no", "[]", '{"phrases": []}', '{"phrases": [1]}', '{"phrases": "x"}'])
async def test_an_answer_that_is_not_the_schema_s_is_no_answer(junk: str) -> None:
    """G-220: junk for one call costs its own shots; junk for all is a typed error with what it used, and no text."""
    first = True

    def once(call: Call) -> str:
        nonlocal first
        said, first = (junk if first else faithful(call)), False
        return said

    written = await PhrasingWriter(Puppet(once), calls_at_once=1).write(REQUEST, unheard)
    assert [note.writer for note in written.shots].count("grammar") == 1
    with pytest.raises(WriterError) as raised:
        await PhrasingWriter(Puppet(lambda call: junk)).write(REQUEST, unheard)
    assert (raised.value.code, raised.value.retryable) == ("bad_output", True)
    assert raised.value.usage.prompt_tokens == 100 * len(BASE.shots)


async def test_a_writer_tells_how_far_it_is() -> None:
    """G-220: words as they come, shots as they are done, none twice, up to the last."""
    told: list[Delta] = []
    await PhrasingWriter(Puppet(), calls_at_once=1).write(REQUEST, told.append)
    done = [delta.done for delta in told]
    assert done == sorted(done)
    assert (done[-1], told[-1].total) == (len(BASE.shots), len(BASE.shots))
    assert any("Slow light" in delta.text for delta in told)
    assert not any('"' in delta.text for delta in told)


async def test_cancelling_aborts_every_call_under_way() -> None:
    """G-220: a cancelled call is closed where it runs, before the caller goes on."""
    puppet = Puppet(hold=asyncio.Event())
    task = asyncio.create_task(PhrasingWriter(puppet, calls_at_once=3).write(REQUEST, unheard))
    await puppet.begun.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert puppet.aborted == len(puppet.calls) > 0


async def test_one_call_s_error_ends_all_with_what_they_used() -> None:
    """G-220: the error is the writer's, and usage of calls that had answered is not forgotten."""
    puppet = Puppet()

    def say(call: Call) -> str:
        if len(puppet.calls) == 2:
            puppet.fault = WriterError("rate_limited", "slow down", 7.0, Usage(3, 2, 1))
        return faithful(call)

    puppet._say = say
    with pytest.raises(WriterError) as raised:
        await PhrasingWriter(puppet, calls_at_once=1).write(REQUEST, unheard)
    assert (raised.value.code, raised.value.retry_after_s, raised.value.usage.prompt_tokens) == (
        "rate_limited",
        7.0,
        103,
    )


async def test_c143_the_story_so_far_is_read_and_never_shown() -> None:
    """C-143: a model reads what was, listed as added; a phrase that names somebody of another scene is dropped."""
    asked = replace(REQUEST, so_far=("EXT. PIER - DAY: OLD TOM: “Never go back.” MARA runs.",))
    puppet = Puppet()
    written = await PhrasingWriter(puppet).write(asked, unheard)
    assert all("Never go back" in call.scene for call in puppet.calls)
    assert [each.source for each in written.scene.added].count("so far") == 1
    assert "Never go back" not in written.scene.prompt
    led = Puppet(lambda call: faithful(call).replace("Slow light", "As Old Tom told, slow light"))
    misled = await PhrasingWriter(led).write(asked, unheard)
    assert {note.writer for note in misled.shots} == {"grammar"}
    assert misled.scene == GrammarWriter().write(asked) == BASE


def test_what_changes_least_stands_first() -> None:
    """G-230: rules and brain begin every question of a brain, the scene follows, the shot ends it."""
    style = brain(REQUEST.brain)
    calls = calls_of(REQUEST, style, BASE.shots, 1)
    assert len({(call.rules, call.scene) for call in calls}) == 1
    assert style.style in calls[0].rules
    for words in ("LIGHTHOUSE", "the turn", "grey braid", "since the pier"):
        assert words in calls[0].scene
    assert len({call.ask for call in calls}) > 1
    assert len(calls_of(REQUEST, style, BASE.shots, 64)) == 1


def test_a_question_names_every_slot_that_must_stand() -> None:
    """G-230: names, props, place and hour of a shot are in its line, word for word."""
    for shot, call in zip(BASE.shots, calls_of(REQUEST, brain(REQUEST.brain), BASE.shots, 1), strict=True):
        assert lost(shot, slots_of(call)[0]) == ()
