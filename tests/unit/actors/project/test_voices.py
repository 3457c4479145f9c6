"""Voices that people set (C-157)."""

from __future__ import annotations

import pytest

from actors.commands import AddCast, Command, CommandError, RemoveCast, SetVoice
from actors.project.voices import WORDS_CHARS_MAX
from tests.unit.actors.project.test_portraits import shown
from tests.unit.actors.story import story

pytestmark = pytest.mark.unit

SAMPLE = f"assets/uploads/{'c' * 32}.wav"


async def test_c157_a_voice_is_set_and_goes_with_its_character() -> None:
    """C-157: the last word counts; all empty takes it back; a reopened project knows it; who leaves takes it along."""
    async with story() as it:
        home = await it.create()
        ada, ben = [(await it.ask(home, AddCast(name))).ids["cast"] for name in ("ADA", "BEN")]
        await it.ask(home, SetVoice(ada, "hoarse"))
        await it.ask(home, SetVoice(ada, " gravelly\n low ", "French", "slow", SAMPLE))
        await it.ask(home, SetVoice(ben, pace="fast"))
        set_ = {"timbre": "gravelly low", "accent": "French", "pace": "slow", "key": SAMPLE}
        assert (await shown(it, home)).voices == {ada: set_, ben: {"pace": "fast"}}
        await it.ask(home, SetVoice(ben))
        assert (await shown(it, home)).voices == {ada: set_}
        await it.ask(home, RemoveCast(ada))
        assert (await shown(it, home)).voices == {}


async def test_c157_what_is_no_voice_is_refused() -> None:
    """C-157: nobody's, too many words, a picture, a key `/uploads` did not give; a refusal leaves no trace."""
    async with story() as it:
        home = await it.create()
        ada = (await it.ask(home, AddCast("ADA"))).ids["cast"]
        head = await it.ledger.head(home)
        wrong: tuple[tuple[Command, str], ...] = (
            (SetVoice("cst_nobody", "hoarse"), "NOT_FOUND"),
            (SetVoice(ada, accent="x" * (WORDS_CHARS_MAX + 1)), "BAD_VOICE"),
            (SetVoice(ada, key=SAMPLE.replace(".wav", ".png")), "BAD_RECORDING"),
            (SetVoice(ada, key="videos/att/video.mp3"), "BAD_RECORDING"),
        )
        for command, code in wrong:
            with pytest.raises(CommandError) as refused:
                await it.ask(home, command)
            assert refused.value.code == code
        assert await it.ledger.head(home) == head
