"""A project's part of the workers, and a job's priority: given by the owner of the installation alone (G-326)."""

from __future__ import annotations

import pytest

from actors.commands import Command, CommandError, CreateScene, GenerateScene, SetShare
from actors.project.access import INSTALLATION_OWNER
from actors.project.share import PERCENT_MAX, PERCENT_MIN
from actors.views import ProjectView
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

SCRIPT = "INT. KITCHEN - NIGHT\n\nEDWARD stirs a pot.\n"


async def generated(it: Story, home: str, priority: int = 0) -> tuple[int, int]:
    """(weight, priority) of the attempt that a new job opens."""
    scene = (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"]
    asked = GenerateScene(scene, priority=priority)
    job = (await it.ask(home, asked, principal=INSTALLATION_OWNER)).ids["job"]
    (row,) = await it.ledger.attempts(home, job=job)
    return row.weight, row.priority


async def test_g326_work_counts_by_the_part_it_was_queued_with() -> None:
    """G-326: an ordinary part at first; another one from then on, and on the project as it is read."""
    async with story() as it:
        home = await it.create()
        assert await generated(it, home) == (100, 0)
        await it.ask(home, SetShare(250), principal=INSTALLATION_OWNER)
        assert await generated(it, home, priority=3) == (250, 3)
        (row,) = await it.ledger.views("project", home=home)
        assert ProjectView.from_blob(row.body or b"").share_percent == 250


async def test_g326_nobody_else_gives_parts_or_priority() -> None:
    """G-326: not whoever made the project; outside its bounds not even the owner; a refusal leaves no trace."""
    async with story() as it:
        home = await it.create()
        scene = (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"]
        head = await it.ledger.head(home)
        for command in (SetShare(200), GenerateScene(scene, priority=1)):
            with pytest.raises(CommandError) as refused:
                await it.ask(home, command)
            assert refused.value.code == "FORBIDDEN"
        wrong: tuple[tuple[Command, str], ...] = (
            (SetShare(PERCENT_MIN - 1), "BAD_SHARE"),
            (SetShare(PERCENT_MAX + 1), "BAD_SHARE"),
            (GenerateScene(scene, priority=10), "BAD_PRIORITY"),
            (GenerateScene(scene, priority=-1), "BAD_PRIORITY"),
        )
        for command, code in wrong:
            with pytest.raises(CommandError) as refused:
                await it.ask(home, command, principal=INSTALLATION_OWNER)
            assert refused.value.code == code
        assert await it.ledger.head(home) == head
