"""ProjectActor over a real runtime and an in-memory ledger."""

from __future__ import annotations

import pytest

from actors.commands import AddCast, CommandError, CreateProject, CreateScene, ImportScreenplay, SetBrain
from actors.project.actor import project_id
from actors.screenplay.fountain import join_parts
from actors.views import ProjectView, SceneView
from tests.unit.actors.story import ANNA, Story, story

pytestmark = pytest.mark.unit

FOUNTAIN = """Title: Big Fish
Author: John August

FADE IN:

INT. KITCHEN - DAY

EDWARD (60s) stirs a pot.

EDWARD
Soup!

EXT. RIVER - NIGHT

WILL looks at the water.

WILL
It moves.

INT. KITCHEN - NIGHT

EDWARD
Again soup.
"""


async def scenes(it: Story, home: str) -> list[SceneView]:
    return [SceneView.from_blob(v.body or b"") for v in await it.ledger.views("scene", parent=home, limit=1000)]


async def project(it: Story, home: str) -> ProjectView:
    view = await it.ledger.view("project", home)
    assert view is not None
    assert view.body is not None
    return ProjectView.from_blob(view.body)


async def test_created_project_has_view_and_outline() -> None:
    """A-10: a project's view, outline and first event are one append."""
    async with story() as it:
        home = await it.create("Heat")
        seen = await project(it, home)
        assert (seen.title, seen.type, seen.brain, seen.owner, seen.format) == (
            "Heat",
            "MOVIE",
            "thriller",
            ANNA,
            "three-act",
        )
        room = await it.runtime.owned(home).room("outline")  # type: ignore[union-attr]
        assert room.map("meta")["title"] == "Heat"


async def test_imported_screenplay_is_lossless_and_one_append() -> None:
    """A-11: scenes, cast and places of an import commit together, and their texts joined are the file."""
    async with story() as it:
        home = await it.bring(FOUNTAIN)
        seen, parts = await project(it, home), await scenes(it, home)
        assert [s.heading for s in parts] == ["INT. KITCHEN - DAY", "EXT. RIVER - NIGHT", "INT. KITCHEN - NIGHT"]
        assert join_parts(seen.title_page, "", [s.script for s in parts]) == FOUNTAIN
        assert sorted(c["name"] for c in seen.cast) == ["EDWARD", "WILL"]
        assert sorted(p["name"] for p in seen.places) == ["KITCHEN", "RIVER"]
        rooms = it.runtime.owned(home)
        assert rooms is not None
        assert (await rooms.room(f"scene:{parts[1].id}")).text("script") == parts[1].script
        assert set((await rooms.room("outline")).map("order")) == {s.id for s in parts}
        assert len({v.seq for v in await it.ledger.views("scene", parent=home)}) == 1


async def test_scene_is_put_after_another() -> None:
    """A-12: a new scene stands directly after the one named, else at the end."""
    async with story() as it:
        home = await it.bring(FOUNTAIN)
        first = (await scenes(it, home))[0].id
        one = await it.ask(home, CreateScene("EXT. ROAD - DAY", "A car.", after=first))
        two = await it.ask(home, CreateScene("attic", None))
        listed = await scenes(it, home)
        assert [s.id for s in listed][1] == one.ids["scene"]
        assert listed[-1].id == two.ids["scene"]
        assert listed[1].script == "EXT. ROAD - DAY\n\nA car."
        assert (listed[-1].script, listed[-1].heading) == (".attic\n\n", "attic")


async def test_same_key_answers_the_same_once() -> None:
    """A-05: a repeated command answers what the first did; another request under its key is refused."""
    async with story() as it:
        home = await it.create("Heat", key="k")
        again = await it.ask(home, CreateProject("Heat", "MOVIE"), "k")
        assert again.replayed
        assert again.ids == {"project": home}
        with pytest.raises(CommandError) as caught:
            await it.ask(home, CreateProject("Other", "MOVIE"), "k")
        assert caught.value.code == "IDEMPOTENCY_KEY_REUSED"
        assert await it.ledger.count_views("project") == 1


@pytest.mark.parametrize(
    ("command", "code", "field"),
    [
        (CreateProject("  ", "MOVIE"), "REQUIRED", "title"),
        (CreateProject("x" * 301, "MOVIE"), "TOO_LONG", "title"),
        (CreateProject("x", "OPERA"), "UNKNOWN_CHOICE", "type"),
        (CreateProject("x", "MOVIE", brain="zeus"), "UNKNOWN_BRAIN", "brain"),
        (CreateProject("x\ud83d", "MOVIE"), "BAD_TEXT", "title"),
        (ImportScreenplay("x", "<xml/>", "FDX"), "FORMAT_UNSUPPORTED", "format"),
        (ImportScreenplay("x", " \n ", "FOUNTAIN"), "EMPTY_SCREENPLAY", "text"),
        (ImportScreenplay("x", "y" * 3_000_001, "FOUNTAIN"), "TOO_LONG", "text"),
    ],
)
async def test_bad_input_names_its_field_and_claims_nothing(command: CreateProject, code: str, field: str) -> None:
    """A-13: a refusal names code and field, and leaves no trace."""
    async with story() as it:
        with pytest.raises(CommandError) as caught:
            await it.ask(project_id(ANNA, "k"), command, "k")
        assert (caught.value.code, caught.value.path) == (code, ("input", field))
        assert await it.ledger.owner(project_id(ANNA, "k")) is None


async def test_scene_refusals() -> None:
    """A-13: the same for scenes and settings."""
    async with story() as it:
        home = await it.create()
        for command, code, field in (
            (CreateScene(" "), "REQUIRED", "heading"),
            (CreateScene("a\nb"), "BAD_HEADING", "heading"),
            (CreateScene("INT. X", "y" * 400_001), "TOO_LONG", "script"),
            (CreateScene("INT. X", after="scn_no"), "NOT_FOUND", "after"),
            (SetBrain("zeus"), "UNKNOWN_BRAIN", "brain"),
            (AddCast(""), "REQUIRED", "name"),
        ):
            with pytest.raises(CommandError) as caught:
                await it.ask(home, command)
            assert (caught.value.code, caught.value.path) == (code, ("input", field))


async def test_settings_survive_a_restart() -> None:
    """A-02: live state is the fold of the events; another host reads the same."""
    async with story() as it:
        home = await it.bring(FOUNTAIN)
        await it.ask(home, SetBrain("pixar"))
        await it.ask(home, AddCast("Sandra"))
        live = it.runtime.owned(home).find(home).dump()  # type: ignore[union-attr]
        async with story(it.ledger, "h2") as other:
            await it.runtime.stop()
            opened = await other.runtime.open(home)
            assert opened.find(home).dump() == live  # type: ignore[union-attr]
            seen = await project(other, home)
            assert seen.brain == "pixar"
            assert "Sandra" in [c["name"] for c in seen.cast]


async def test_unknown_project_is_not_found_and_not_claimed() -> None:
    """A-14: a stranger's id claims nothing."""
    async with story() as it:
        nobody = project_id(ANNA, "never")
        with pytest.raises(CommandError, match="NOT_FOUND"):
            await it.ask(nobody, SetBrain("pixar"))
        assert await it.ledger.owner(nobody) is None
