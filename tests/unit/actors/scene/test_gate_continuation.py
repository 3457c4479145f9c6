"""A continuation at the continuity gate: its words are in no script yet, so a correction is made in the job alone."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from actors.commands import (
    CommandError,
    ContinueScene,
    LockScene,
    ProceedAnyway,
    UseCorrection,
)
from actors.project.actor import project_id
from actors.rebuild import Rebuilt
from actors.scene.reading import followed
from actors.views import EnhancementView, SegmentView
from gpu.steps import Step
from storage.codec import decode
from storage.ledger.errors import LedgerError
from storage.ledger.protocol import Kind
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.outbox.test_desk import CrashingLedger
from tests.unit.actors.scene.test_gate import Held
from tests.unit.actors.scene.test_gate_crashes import worked
from tests.unit.actors.story import ANNA, Story, story
from tests.unit.actors.worlds import until

pytestmark = pytest.mark.unit

HOME = project_id(ANNA, "make")
PLAY = "INT. ATTIC - NIGHT\n\nMARA (30s) dies.\n\nINT. KITCHEN - DAY\n\nMARGARET 🫖 stirs a pot.\n\nMARGARET\nSoup!\n"
KITCHEN = "INT. KITCHEN - DAY\n\nMARGARET 🫖 stirs a pot.\n\nMARGARET\nSoup!\n"
MORE = "She tastes it 🥄🥄.\n\nMARGERET\nToo salty.\n\nMARA\nI like it."
RIGHT = MORE.replace("MARGERET", "MARGARET")


async def brought(it: Story, key: str = "make") -> Held:
    home = await it.bring(PLAY, key=key)
    scene = Held(it, home, (await it.ledger.views("scene", parent=home))[-1].id)
    await it.until(lambda: actor(it, home).caught_up)
    return scene


async def held(scene: Held) -> str:
    """A continuation that has come to the gate and waits there: the dead speak in it, and a name is spelt wrong."""
    job = (await scene.it.ask(scene.home, ContinueScene(scene.scene, MORE))).ids["job"]
    await scene.step(Step.ENHANCE)
    await until(lambda: scene.is_held(job))
    return job


@pytest.fixture
async def scene() -> AsyncIterator[Held]:
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        yield await brought(it)


async def segments(scene: Held) -> list[SegmentView]:
    rows = await scene.it.ledger.views("segment", parent=scene.scene)
    return [SegmentView.from_blob(row.body or b"") for row in rows]


async def test_its_correction_is_shown_with_offsets_of_its_own_words(scene: Held) -> None:
    """C-170: the diff counts from where its words begin, in code points, whatever stands before them; what is safe is
    in the prompt already."""
    told = await scene.gate(await held(scene))
    assert [(e["type"], e["severity"]) for e in told.issues] == [("alive_dead", "ERROR"), ("name_drift", "WARNING")]
    (offered,) = told.offered
    assert MORE[offered["start"] : offered["end"]] == offered["before"] == "MARGERET"
    assert (told.corrected_script, [each["finding"] for each in told.made]) == (RIGHT, [offered["finding"]])


async def test_taking_it_changes_what_is_written_and_the_script_only_with_its_take(scene: Held) -> None:
    """C-170: the corrected words are what is judged, rendered and written; the script changes in the take's append."""
    job = await held(scene)
    answer = await scene.it.ask(scene.home, UseCorrection(scene.scene, job, by="Ada"), key="fix")
    again = await scene.it.ask(scene.home, UseCorrection(scene.scene, job, by="Ada"), key="fix")
    assert (again.replayed, again.sequence) == (True, answer.sequence)
    assert await scene.script() == KITCHEN
    await scene.step(Step.ENHANCE)
    await until(lambda: scene.is_held(job))
    with pytest.raises(CommandError, match="NO_CORRECTION"):
        await scene.it.ask(scene.home, UseCorrection(scene.scene, job))
    await scene.it.ask(scene.home, ProceedAnyway(scene.scene, job))
    await scene.ended(job)
    assert await scene.script() == f"{KITCHEN}\n{RIGHT}\n"
    (segment,) = await segments(scene)
    sent = await scene.it.ledger.view("enhancement", job)
    assert (segment.text, sent is not None) == (RIGHT, True)
    asked = [
        decode(row.request) for row in await scene.it.ledger.attempts(scene.home, job=job) if row.step == "enhance"
    ]
    assert asked[-1]["continuation"]["continuationText"] == RIGHT
    types = [row.type for row in await scene.it.ledger.read(scene.home)]
    assert (types.count("job.corrected"), types.count("scene.corrected")) == (1, 0)
    assert [each.code for each in (await scene.job(job)).issues] == []


async def test_what_is_safe_is_in_its_prompt_and_its_words_stay_as_they_were(scene: Held) -> None:
    """C-108, C-170: gone on with anyway, the film says the name right and the script keeps what was typed."""
    job = await held(scene)
    await scene.it.ask(scene.home, ProceedAnyway(scene.scene, job))
    await scene.ended(job)
    sent = await scene.it.ledger.view("enhancement", job)
    assert sent is not None
    assert "MARGERET" not in str(EnhancementView.from_blob(sent.body or b"").request)
    assert await scene.script() == f"{KITCHEN}\n{MORE}\n"


async def test_a_lock_keeps_it_out(scene: Held) -> None:
    """C-103, C-170: as it keeps a continuation out that is asked for."""
    job = await held(scene)
    await scene.it.ask(scene.home, LockScene(scene.scene))
    with pytest.raises(CommandError, match="SCENE_LOCKED"):
        await scene.it.ask(scene.home, UseCorrection(scene.scene, job))


def test_words_behind_a_long_scene_are_judged_too() -> None:
    """C-170: of a scene longer than a rule reads its end is read, and the words that follow whole."""
    long = "INT. KITCHEN - DAY\n\n" + "MARGARET stirs the pot.\n\n" * 4_000
    whole, at = followed(long, MORE)
    assert (len(whole) <= 30_000, whole[at:], whole.startswith("INT. KITCHEN - DAY\n")) == (True, f"{MORE}\n", True)


async def reads(scene: Held, text: str) -> bool:
    """The room follows a commit by a turn of the loop."""
    return await scene.script() == text


async def continued(it: Story, dead: Callable[[], bool]) -> Held | None:
    """Somebody continues a scene, takes the correction, goes on anyway: under keys, so that each step may be repeated.
    None: the owner died on the way."""
    scene = await brought(it)
    job = (await it.ask(HOME, ContinueScene(scene.scene, MORE), key="film")).ids["job"]

    async def times_held(times: int) -> bool:
        return (await scene.types()).count("held") >= times

    async def ended() -> bool:
        return (await scene.job(job)).state == "FINAL_READY"

    if not await worked(scene, lambda: times_held(1), dead):
        return None
    await it.ask(HOME, UseCorrection(scene.scene, job), key="fix")
    if not await worked(scene, lambda: times_held(2), dead):
        return None
    await it.ask(HOME, ProceedAnyway(scene.scene, job), key="go")
    return scene if await worked(scene, ended, dead) else None


@pytest.mark.parametrize("at", range(2, 20))
async def test_c171_whatever_commit_is_the_last(at: int) -> None:
    """C-171: the owner dies before a commit or right after it (by turns): corrected once, one take, one segment with
    the corrected words, and the script has them once."""
    ledger = CrashingLedger(at, after=at % 2 == 0)
    first = Story(ledger, "h1", settle_ms=5, settle_lag_ms=20)
    await first.runtime.start()
    with contextlib.suppress(LedgerError, CommandError):
        await continued(first, lambda: ledger.dead)
    await first.runtime.kill()
    async with story(ledger, "h22", settle_ms=5, settle_lag_ms=20) as second:
        await second.runtime.open(HOME, create=True, depose="h1-1")
        scene = await continued(second, lambda: False)
        assert scene is not None
        types = await scene.types()
        once = {"created": 1, "held": 2, "corrected": 1, "continuity_checked": 1, "final_ready": 1}
        assert {name: types.count(name) for name in once} == once
        assert ([each.text for each in await segments(scene)], len(await scene.takes())) == ([RIGHT], 1)
        await until(lambda: reads(scene, f"{KITCHEN}\n{RIGHT}\n"))
        rebuilt = Rebuilt(HOME)
        for row in await ledger.read(HOME, limit=1_000):
            if row.kind is Kind.EVENT:
                rebuilt.add(row)
        assert [job.own_words for job in rebuilt.scenes[scene.scene].jobs.values()] == [RIGHT]
