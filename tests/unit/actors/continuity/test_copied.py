"""What people said of a story's continuity, in a copy of the project (C-160)."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pycrdt
import pytest

from actors.commands import AddCast, CreateScene, LockScene, SetFact, WaiveFinding
from actors.views import FindingsView, SetFactsView
from collab.text import delete, insert
from serve_app.copies import Asked, copy_living
from storage.ledger.archived import ArchivedLedger
from storage.ledger.sqlite import SqliteLedger
from storage.objects.local import LocalObjects
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.runtime.test_archiving import run
from tests.unit.actors.runtime.test_home import owned
from tests.unit.actors.story import ANNA, Story, story

pytestmark = pytest.mark.unit

HELLO = "CALEB\nHello.\n"


async def typed(it: Story, home: str, scene: str, words: str, *, gone: bool = False) -> None:
    room = await owned(it, home).room(f"scene:{scene}")
    script = room.text("script")
    at = script.index(words) if gone else len(script)

    def edit(doc: pycrdt.Doc[Any]) -> None:
        text = doc.get("script", type=pycrdt.Text)
        delete(text, at, at + len(words)) if gone else insert(text, at, words)

    await room.edit(edit, "anna")


async def decided(it: Story) -> tuple[str, str, str]:
    """A project whose dead speak twice, both times meant; the second slip is mended since. (home, barn, inn)"""
    home = await it.create()
    await it.ask(home, AddCast("Caleb"))
    made = [
        (await it.ask(home, CreateScene(heading, text))).ids["scene"]
        for heading, text in (
            ("INT. BARN - DAY", "Ruth waits. Caleb dies.\n\nRUTH\nNo.\n"),
            ("INT. INN - DAY", HELLO),
            ("INT. SHOP - DAY", HELLO),
        )
    ]
    barn, inn, shop = made
    for scene in (inn, shop):
        await it.until(lambda scene=scene: dead(it, home, scene))
        await it.ask(home, WaiveFinding(scene, dead(it, home, scene)[0]["id"], "lie", "he is a ghost", by="Ada"))
    await typed(it, home, shop, HELLO, gone=True)
    await it.until(lambda: not dead(it, home, shop))
    await it.ask(home, SetFact(barn, "Ruth", "holds", "map", "Ruth waits.", by="Ada"))
    return home, barn, inn


def dead(it: Story, home: str, scene: str) -> list[dict[str, Any]]:
    return [f for f in actor(it, home).findings.get(scene, ()) if f["code"] == "alive_dead"]


async def archived(it: Story, home: str, scene: str) -> None:
    await typed(it, home, scene, "\nRain.\n")
    await it.ask(home, LockScene(scene))
    read = hashlib.sha256((await owned(it, home).room(f"scene:{scene}")).text("script").encode()).hexdigest()
    await it.until(lambda: owned(it, home).find(scene).script_sha256 == read)  # type: ignore[union-attr]
    await it.until(lambda: owned(it, home).reread_upto() == owned(it, home).pipeline.known)
    assert (await run(it, home)).rows > 0


@pytest.mark.parametrize("in_the_archive", [False, True])
async def test_a_copy_keeps_what_people_decided(tmp_path: Path, in_the_archive: bool) -> None:
    """C-160: waivers and facts by hand hold in the copy, under its own ids, from the living ledger and its archive; a
    slip that comes back is still waived; a fact can be taken back there, and the original keeps its own."""
    ledger: Any = ArchivedLedger(SqliteLedger(tmp_path / "ledger.db"), LocalObjects(tmp_path / "objects"))
    await ledger.open()
    async with story(ledger, settle_ms=1, settle_lag_ms=2) as it:
        home, barn, inn = await decided(it)
        if in_the_archive:
            await archived(it, home, inn)
        copy = (await asyncio.to_thread(copy_living, tmp_path, Asked(home, ANNA, "k"), 1)).project
        first, second, third = [row.id for row in await ledger.views("scene", parent=copy)]
        row = await ledger.view("findings", second)
        (shown,) = FindingsView.from_blob(row.body).findings
        await it.runtime.open(copy)
        await it.until(lambda: actor(it, copy).caught_up)
        assert [f["waiver"]["note"] for f in dead(it, copy, second)] == ["he is a ghost"]
        assert dead(it, copy, second)[0]["id"] == shown["id"] != dead(it, home, inn)[0]["id"]
        await typed(it, copy, third, HELLO)
        await it.until(lambda: dead(it, copy, third))
        assert [f["waived"] for f in dead(it, copy, third)] == [True]
        (fact,) = SetFactsView.from_blob((await ledger.view("set_facts", first)).body).facts
        notes = (await owned(it, copy).room(f"notes:{first}")).map("facts")
        assert notes[fact["id"]]["scene"] == fact["scene"] == first
        assert set((await owned(it, copy).room(f"notes:{second}")).map("waivers")) == {shown["id"]}
        held = [f for f in actor(it, copy).story_facts() if f.author]
        assert [(f.entity, f.value, f.evidence.scene_id, f.evidence.text) for f in held] == [
            ("ruth", "map", first, "Ruth waits.")
        ]
        await it.ask(copy, SetFact(first, "Ruth", "holds", "map", holds=False))
        assert (len(notes), actor(it, copy).facts) == (1, {})
        assert fact["id"] not in (await owned(it, copy).room(f"notes:{first}")).map("facts")
        assert [each["scene"] for each in actor(it, home).facts.values()] == [barn]
    await ledger.close()
