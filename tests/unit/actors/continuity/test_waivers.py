"""Waivers over a real runtime: a person's decision, with a reason, that holds while the slip is the same."""

from __future__ import annotations

import pycrdt
import pytest

from actors.commands import CommandError, CreateScene, WaiveFinding
from actors.continuity.codes import CODES, REASONS
from collab.text import insert
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.story import Story, story

pytestmark = pytest.mark.unit


async def scene_with_a_stranger(it: Story) -> tuple[str, str, str]:
    home = await it.create()
    scene = (await it.ask(home, CreateScene("INT. KITCHEN - DAY", "ZORBAN\nBoo.\n"))).ids["scene"]
    await it.until(lambda: actor(it, home).findings.get(scene))
    return home, scene, actor(it, home).findings[scene][0]["id"]


async def test_a_waived_finding_is_not_raised_again() -> None:
    """C-52: a waiver says who, when and why, is in the scene's notes, and holds while words around the slip change."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home, scene, finding = await scene_with_a_stranger(it)
        await it.ask(home, WaiveFinding(scene, finding, "intended", "he is a surprise", by="Ada"))
        owned = it.runtime.owned(home)
        assert owned is not None
        kept = (await owned.room(f"notes:{scene}")).map("waivers")[finding]
        assert (kept["reason"], kept["note"], kept["name"]) == ("intended", "he is a surprise", "Ada")
        assert actor(it, home).open_findings(scene) == ()
        assert actor(it, home).gate(scene) == {"errors": 0, "warnings": 0}
        room = await owned.room(f"scene:{scene}")
        await room.edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), 20, "Rain.\n\n"), "a")
        moved = actor(it, home).findings[scene][0]["evidence"]
        await it.until(lambda: actor(it, home).findings[scene][0]["evidence"] != moved)
        (shown,) = actor(it, home).findings[scene]
        assert shown["waived"]
        assert shown["waiver"]["by"] == kept["by"]
        assert (await owned.room("live")).map("findings")[scene][0]["waived"]
        await it.ask(home, WaiveFinding(scene, finding, waived=False))
        assert len(actor(it, home).open_findings(scene)) == 1
        assert finding not in (await owned.room(f"notes:{scene}")).map("waivers")


async def test_waivers_survive_the_host() -> None:
    """C-52: another host shows the same decision."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home, scene, finding = await scene_with_a_stranger(it)
        await it.ask(home, WaiveFinding(scene, finding, "intended"))
        await it.runtime.stop()
        async with story(it.ledger, "h2", settle_ms=5, settle_lag_ms=20) as other:
            await other.runtime.open(home)
            await other.until(lambda: actor(other, home).caught_up)
            assert [f["waived"] for f in actor(other, home).findings[scene]] == [True]


@pytest.mark.parametrize(
    ("finding", "reason", "code"),
    [("fnd_nobody", "intended", "NOT_FOUND"), ("", "dream", "BAD_REASON"), ("", "", "BAD_REASON")],
)
async def test_a_waiver_needs_a_finding_and_a_fitting_reason(finding: str, reason: str, code: str) -> None:
    """C-52: a name is not excused by a dream, and nothing is waived that was not found."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home, scene, known = await scene_with_a_stranger(it)
        with pytest.raises(CommandError) as refused:
            await it.ask(home, WaiveFinding(scene, finding or known, reason))
        assert refused.value.code == code


def test_every_declared_code_can_be_meant() -> None:
    assert all(each.reasons and each.reasons <= REASONS and "intended" in each.reasons for each in CODES.values())
    assert all(code == each.code for code, each in CODES.items())
