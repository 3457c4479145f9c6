"""Named versions and the way back, on a real runtime over the in-memory ledger."""

from __future__ import annotations

import pytest

from actors.commands import CommandError, CreateScene, LockScene, NameVersion, RestoreVersion
from actors.runtime.lineage import updates_of
from actors.views import VersionView
from collab.text import insert
from storage.ledger.protocol import Kind
from tests.unit.actors.story import ANNA, Story, story

pytestmark = pytest.mark.unit

OLD = "INT. KITCHEN - DAY\n\nANNA\nSoup 🎬.\n"


async def scene_of(it: Story) -> tuple[str, str, int]:
    home = await it.create()
    made = await it.ask(home, CreateScene("INT. KITCHEN - DAY", OLD))
    return home, made.ids["scene"], made.sequence


async def write(it: Story, home: str, scene: str, text: str) -> None:
    room = await (await it.runtime.open(home)).room(f"scene:{scene}")
    await room.edit(lambda doc: insert(doc.get("script", type=_text()), 0, text), ANNA)


def _text() -> type:
    from pycrdt import Text

    return Text


async def test_r85_a_version_is_a_name_for_a_sequence() -> None:
    """R-85: naming commits an event and a view in one append; without a sequence the name is for that very commit."""
    async with story() as it:
        home, scene, at = await scene_of(it)
        first = await it.ask(home, NameVersion(scene, "  First   draft 🎬 ", at, "Ana"), key="n1")
        again = await it.ask(home, NameVersion(scene, "  First   draft 🎬 ", at, "Ana"), key="n1")
        now = await it.ask(home, NameVersion(scene, "Now"))
        assert (again.sequence, again.ids, again.replayed) == (first.sequence, first.ids, True)
        rows = await it.ledger.views("version", home=home, parent=scene)
        views = {view.name: view for row in rows if (view := VersionView.from_blob(row.body or b""))}
        assert views["First draft 🎬"].sequence == at
        assert (views["First draft 🎬"].author, views["First draft 🎬"].author_name) == (ANNA, "Ana")
        assert views["Now"].sequence == now.sequence
        with pytest.raises(CommandError) as refused:
            await it.ask(home, NameVersion(scene, " "))
        assert (refused.value.code, refused.value.path) == ("REQUIRED", ("input", "name"))


async def test_r86_a_restore_is_a_new_edit_by_the_person() -> None:
    """R-86: the text reads as it did, in one append with its event, and the log names the person as its author."""
    async with story() as it:
        home, scene, at = await scene_of(it)
        await write(it, home, scene, "FADE IN:\n\n")
        before = await it.ledger.head(home)
        answer = await it.ask(home, RestoreVersion(scene, at, OLD, "Ana"), key="r1")
        room = await (await it.runtime.open(home)).room(f"scene:{scene}")
        assert room.text("script") == OLD
        rows = await it.ledger.read(home, after=before, upto=answer.sequence)
        assert [row.type for row in rows] == ["scene.restored", "updates"]
        (entry,) = updates_of(rows[1].body)
        assert (rows[1].kind, entry.principal, entry.name) == (Kind.UPDATES, ANNA, "Ana")
        assert len(entry.update) < 60  # few small edits, not the whole text again
        retried = await it.ask(home, RestoreVersion(scene, at, OLD, "Ana"), key="r1")
        assert (retried.sequence, retried.replayed) == (answer.sequence, True)


async def test_r86_a_locked_scene_refuses_and_an_equal_text_is_left_alone() -> None:
    """R-86: a lock holds against the past as well; restoring what stands there writes no text."""
    async with story() as it:
        home, scene, at = await scene_of(it)
        before = await it.ledger.head(home)
        answer = await it.ask(home, RestoreVersion(scene, at, OLD))
        (row,) = await it.ledger.read(home, after=answer.sequence - 1, upto=answer.sequence)
        assert row.type == "scene.restored"
        assert await it.ledger.read(home, doc=f"scene:{scene}", after=before) == []
        await it.ask(home, LockScene(scene))
        with pytest.raises(CommandError) as refused:
            await it.ask(home, RestoreVersion(scene, at, "other"))
        assert (refused.value.code, refused.value.path) == ("SCENE_LOCKED", ("input", "sceneId"))


async def test_r85_versions_outlive_their_host() -> None:
    """R-85: another host that opens the project counts and lists the same versions."""
    async with story() as it:
        home, scene, at = await scene_of(it)
        await it.ask(home, NameVersion(scene, "Kept", at))
        ledger = it.ledger
    async with story(ledger, "h2") as after:
        await after.ask(home, NameVersion(scene, "Also kept", at))
        rows = await ledger.views("version", home=home, parent=scene)
        assert [VersionView.from_blob(row.body or b"").name for row in rows] == ["Kept", "Also kept"]
