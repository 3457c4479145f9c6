"""ContinuityActor over a real runtime: findings follow the text, and only changes are written."""

from __future__ import annotations

import pycrdt
import pytest

from actors.commands import AddCast, CreateScene, SetBrain
from actors.continuity.actor import ContinuityActor
from actors.project.actor import CONTINUITY
from actors.runtime.lifecycle import Turned
from actors.views import FindingsView
from collab.text import insert
from storage.ledger.protocol import Kind
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit

PLAY = """INT. KITCHEN - DAY

MARA waits.

MARA
Still here.

INT. KITCHEN - DAY

MARA
Where is he?
"""


async def findings(it: Story, scene: str) -> list[str]:
    view = await it.ledger.view("findings", scene)
    return [] if view is None else [f["code"] for f in FindingsView.from_blob(view.body or b"").findings]


def actor(it: Story, home: str) -> ContinuityActor:
    owned = it.runtime.owned(home)
    assert owned is not None
    found = owned.find(CONTINUITY)
    assert isinstance(found, ContinuityActor)
    return found


async def scenes(it: Story, home: str) -> list[str]:
    return [v.id for v in await it.ledger.views("scene", parent=home)]


async def test_findings_come_and_go_with_the_text() -> None:
    """C-31: an unknown character is a finding in view and `live` after a pause, and is gone once they are cast."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.bring(PLAY)
        first = (await scenes(it, home))[0]
        owned = it.runtime.owned(home)
        assert owned is not None
        room = await owned.room(f"scene:{first}")
        before = len(await it.ledger.read(home, doc="@continuity"))
        await room.edit(
            lambda doc: insert(doc.get("script", type=pycrdt.Text), len(room.text("script")), "\nZORBAN\nBoo.\n\n"), "a"
        )
        await it.until(lambda: actor(it, home).findings.get(first))
        assert await findings(it, first) == ["new_character"]
        live = await owned.room("live")
        (shown,) = live.map("findings")[first]
        quote = shown["evidence"][0]
        assert room.text("script")[int(quote["start"]) : int(quote["end"])] == quote["text"]
        assert actor(it, home).gate(first) == {"errors": 0, "warnings": 1}
        await it.ask(home, AddCast("Zorban"))
        await it.until(lambda: not actor(it, home).findings.get(first))
        assert await findings(it, first) == []
        assert len(await it.ledger.read(home, doc="@continuity")) == before + 2


async def test_another_host_comes_to_the_same_findings_without_writing() -> None:
    """C-32: findings are rebuilt from the documents; if they are what was committed, nothing is written."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.create()
        scene = (await it.ask(home, CreateScene("INT. KITCHEN - DAY", "ZORBAN\nBoo.\n"))).ids["scene"]
        owned = it.runtime.owned(home)
        assert owned is not None
        await it.until(lambda: actor(it, home).findings.get(scene) and owned.reread_upto() == owned.pipeline.known)
        kept = actor(it, home).findings
        head = await it.ledger.head(home)
        await it.runtime.stop()
        async with story(it.ledger, "h2", settle_ms=5, settle_lag_ms=20) as other:
            await other.runtime.open(home)
            await other.until(lambda: actor(other, home).caught_up)
            assert actor(other, home).findings == kept
            rows = await other.ledger.read(home, after=head)
            assert rows[0].kind is Kind.OWNERSHIP
            assert [row.type for row in rows if row.doc == "@continuity"] == []


async def test_a_whole_project_is_read_in_portions() -> None:
    """C-33: a long screenplay is read over many turns, so nobody who types waits for all of it."""
    text = "".join(f"INT. ROOM {n} - DAY\n\n{'MARA waits. ' * 150}\n\n" for n in range(20))
    async with story() as it:
        home = await it.bring(text)
        await it.until(lambda: actor(it, home).caught_up)
        turns = [f for f in it.facts if isinstance(f, Turned) and f.message == "ReadOn"]
        assert len(turns) >= 6


async def test_findings_follow_the_projects_brain() -> None:
    """C-77: a scene that asks for neon under a desaturated brain is told so until the project has a colourful one."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.create()
        await it.ask(home, SetBrain("thriller"))
        scene = (await it.ask(home, CreateScene("INT. CLUB - NIGHT", "Neon pink light floods the room.\n"))).ids[
            "scene"
        ]
        await it.until(lambda: actor(it, home).findings.get(scene))
        assert [f["code"] for f in actor(it, home).findings[scene]] == ["style_drift"]
        await it.ask(home, SetBrain("pixar"))
        await it.until(lambda: not actor(it, home).findings.get(scene))
