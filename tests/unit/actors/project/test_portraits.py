"""Reference pictures of characters, and what a commit owes for them (K-92)."""

from __future__ import annotations

import pytest

from actors.commands import AddCast, Command, CommandError, RemoveCast, SetPortrait
from actors.outbox.protocol import WAITING, Entry
from actors.project.portraits import FORGET, IDENTITY, LEARN
from actors.scene.teaching import FILM_CACHE
from actors.views import ProjectView
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

ONE, TWO = (f"assets/uploads/{digit * 32}.png" for digit in "ab")


async def shown(it: Story, home: str) -> ProjectView:
    (row,) = await it.ledger.views("project", home=home)
    return ProjectView.from_blob(row.body or b"")


async def owed(it: Story, home: str) -> list[tuple[str, str, str]]:
    rows = await it.ledger.views(WAITING, home=home)
    every = sorted((Entry.of(row) for row in rows), key=lambda entry: entry.seq)
    entries = [entry for entry in every if entry.kind == IDENTITY]
    assert {entry.kind for entry in every} <= {IDENTITY, FILM_CACHE}  # films made with that person are let go of too
    return [(entry.type, entry.target, str(entry.body["key"])) for entry in entries]


async def test_a_picture_is_learnt_and_forgotten_in_order() -> None:
    """K-92: each change owes one entry in its own commit."""
    async with story() as it:
        home = await it.create()
        ada = (await it.ask(home, AddCast("ADA"))).ids["cast"]
        for key in (ONE, TWO, "", ONE):
            await it.ask(home, SetPortrait(ada, key))
        assert (await shown(it, home)).portraits == {ada: ONE}
        await it.ask(home, RemoveCast(ada))
        view = await shown(it, home)
        assert (view.portraits, list(view.cast)) == ({}, [])
        expected = [(LEARN, ada, ONE), (LEARN, ada, TWO), (FORGET, ada, ""), (LEARN, ada, ONE), (FORGET, ada, "")]
        assert await owed(it, home) == expected
        again = (await it.ask(home, AddCast("ADA"))).ids["cast"]
        assert again != ada


async def test_what_is_no_picture_of_ours_and_nobody_s_is_refused() -> None:
    """K-92: only what `/uploads` named; a refusal leaves no trace."""
    async with story() as it:
        home = await it.create()
        ada = (await it.ask(home, AddCast("ADA"))).ids["cast"]
        head = await it.ledger.head(home)
        wrong: tuple[tuple[Command, str], ...] = (
            (SetPortrait("cst_nobody", ONE), "NOT_FOUND"),
            (RemoveCast("cst_nobody"), "NOT_FOUND"),
            (SetPortrait(ada, "assets/panels/prj_2/job_1/0-0.jpg"), "BAD_PICTURE"),
            (SetPortrait(ada, "assets/uploads/../uploads/x.png"), "BAD_PICTURE"),
            (SetPortrait(ada, ONE + "\n"), "BAD_PICTURE"),
        )
        for command, code in wrong:
            with pytest.raises(CommandError) as refused:
                await it.ask(home, command)
            assert refused.value.code == code
        assert await it.ledger.head(home) == head
        assert await owed(it, home) == []
