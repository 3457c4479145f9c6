"""The continuity gate over a real runtime: what holds a job, who lets it go on, and what its prompt is made of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pycrdt
import pytest

from actors.commands import (
    AddCast,
    CancelJob,
    CommandError,
    CreateScene,
    LockScene,
    ProceedAnyway,
    UseCorrection,
    WaiveFinding,
    WaiveIssue,
)
from actors.scene import gate
from actors.scene.expansion import expansion_issues
from actors.scene.job import Job, State
from actors.views import WAITS_FOR_PEOPLE, EnhancementView, JobContinuityView
from collab.text import set_text
from gpu.steps import Step
from storage.codec import decode
from storage.ledger.protocol import Kind
from tests.unit.actors.continuity.test_actor import actor
from tests.unit.actors.scene.test_generation import Scene
from tests.unit.actors.story import ANNA, Story, story
from tests.unit.actors.worlds import until

pytestmark = pytest.mark.unit

BEFORE = "INT. KITCHEN - NIGHT\n\nMARA waits.\n\nMARA\nStill here.\n"
ERRS = "INT. CORRIDOR - DAY - CONTINUOUS\n\nMARA walks on.\n\nMARA\nStill here.\n"
RIGHT = ERRS.replace("DAY", "NIGHT")
PLAY = f"{BEFORE}\n{ERRS}"
FILM = (Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)


class Held(Scene):
    """The second scene of a play that calls itself continuous and is not."""

    async def gate(self, job: str) -> JobContinuityView:
        row = await self.it.ledger.view("job_continuity", job)
        assert row is not None
        return JobContinuityView.from_blob(row.body or b"")

    async def is_held(self, job: str) -> bool:
        return (await self.job(job)).held != ""

    async def hold(self) -> str:
        """A job that has come to the gate and waits there."""
        job = await self.generate(auto_pick=True)
        await self.step(Step.ENHANCE)
        await until(lambda: self.is_held(job))
        return job

    async def script(self, scene: str = "") -> str:
        owned = self.it.runtime.owned(self.home)
        assert owned is not None
        return (await owned.room(f"scene:{scene or self.scene}")).text("script")

    async def write(self, text: str, scene: str = "") -> None:
        owned = self.it.runtime.owned(self.home)
        assert owned is not None
        room = await owned.room(f"scene:{scene or self.scene}")
        await room.edit(lambda doc: set_text(doc.get("script", type=pycrdt.Text), text), ANNA)

    async def ended(self, job: str) -> None:
        await self.steps(*FILM)
        assert (await self.job(job)).state == "FINAL_READY"

    async def held_is(self, job: str, part: str) -> bool:
        return part in (await self.job(job)).held


async def opened(it: Story, play: str = PLAY) -> Held:
    home = await it.bring(play)
    await it.until(lambda: actor(it, home).caught_up)
    rows = await it.ledger.views("scene", parent=home)
    return Held(it, home, rows[-1].id)


@pytest.fixture
async def scene() -> AsyncIterator[Held]:
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        yield await opened(it)


async def test_an_error_holds_a_job_for_a_person(scene: Held) -> None:
    """C-100, C-101: the verdict has a validator's shape; the job says in words why it waits, no attempt is open, and no
    host is called on its account."""
    job = await scene.hold()
    seen, told = await scene.job(job), await scene.gate(job)
    assert (seen.state, seen.stage, seen.attempt) == ("SCRIPT_READY", "CONTINUITY_VALIDATION", None)
    assert seen.held.startswith("Held for one contradiction. This scene is marked CONTINUOUS")
    assert seen.message == seen.held
    (issue,) = [each for each in told.issues if each["severity"] == "ERROR"]
    assert {k: issue[k] for k in ("type", "location", "suggestion")} == {
        "type": "timeline_error", "location": "line 1: DAY", "suggestion": "Say NIGHT, or drop CONTINUOUS.",
    }  # fmt: skip
    assert len(issue["evidence"]) == 2
    assert (told.valid, told.corrected_script) == (False, RIGHT)
    assert [(each["before"], each["after"]) for each in told.offered] == [("DAY", "NIGHT")]
    assert await scene.worker.claim() is None
    (row,) = await scene.it.ledger.views("open_job", home=scene.home)
    assert row.order_key == WAITS_FOR_PEOPLE


async def test_somebody_may_go_on_anyway(scene: Held) -> None:
    """C-102: the words stay; the take is made, and the job says who let it through."""
    job = await scene.hold()
    await scene.it.ask(scene.home, ProceedAnyway(scene.scene, job))
    told = await scene.gate(job)
    assert (told.how, told.by, told.held, (await scene.job(job)).held) == ("proceeded", ANNA, None, "")
    await scene.ended(job)
    assert await scene.script() == ERRS


async def test_the_correction_is_an_edit_and_the_job_begins_again(scene: Held) -> None:
    """C-103: one append has the script corrected by the person, and the job made of just those words; the first
    writing and the second are both paid for."""
    job = await scene.hold()
    answer = await scene.it.ask(scene.home, UseCorrection(scene.scene, job, by="Ada"))
    assert await scene.script() == RIGHT
    rows = [row for row in await scene.it.ledger.read(scene.home) if row.seq > answer.sequence - 12]
    (edit,) = [row for row in rows if row.doc == f"scene:{scene.scene}" and row.kind is Kind.UPDATES]
    (fact,) = [row for row in rows if row.type == "job.corrected"]
    assert abs(edit.seq - fact.seq) <= 4
    await scene.step(Step.ENHANCE)
    await scene.ended(job)
    sent = await scene.it.ledger.view("enhancement", job)
    assert sent is not None
    assert EnhancementView.from_blob(sent.body or b"").request["time_of_day"] == "night"
    assert [row.type for row in await scene.it.ledger.read(scene.home)].count("scene.corrected") == 1


async def test_what_is_meant_lets_the_job_go_on(scene: Held) -> None:
    """C-104: with the last error waived for a reason that may excuse it, and with no other."""
    job = await scene.hold()
    (issue,) = [each for each in (await scene.gate(job)).issues if each["severity"] == "ERROR"]
    for finding, reason, code in ((issue["id"], "lie", "BAD_REASON"), ("fnd_x", "dream", "NOT_FOUND")):
        with pytest.raises(CommandError, match=code):
            await scene.it.ask(scene.home, WaiveIssue(scene.scene, job, finding, reason))
    await scene.it.ask(scene.home, WaiveIssue(scene.scene, job, issue["id"], "dream", "she sleeps"))
    told = await scene.gate(job)
    assert (told.how, told.valid, [e["waived"] for e in told.issues if e["severity"] == "ERROR"]) == (
        "waived", True, [True],
    )  # fmt: skip
    await scene.ended(job)


async def test_a_waiver_in_the_margin_lets_it_go_on(scene: Held) -> None:
    """C-105: the finding is waived where findings are; the job that waits hears of it and asks nobody."""
    job = await scene.hold()
    (finding,) = [f for f in actor(scene.it, scene.home).findings[scene.scene] if f["severity"] == "ERROR"]
    await scene.it.ask(scene.home, WaiveFinding(scene.scene, finding["id"], "flashback"))
    await until(lambda: not_held(scene, job))
    assert (await scene.gate(job)).how == "withdrawn"


async def not_held(scene: Held, job: str) -> bool:
    return not await scene.is_held(job)


async def test_a_job_goes_on_by_itself_when_the_story_agrees_again(scene: Held) -> None:
    """C-105: somebody mends the scene before; the words of the job were right all along."""
    job = await scene.hold()
    first = (await scene.it.ledger.views("scene", parent=scene.home))[0].id
    await scene.write(BEFORE.replace("NIGHT", "DAY"), first)
    await until(lambda: not_held(scene, job))
    await scene.ended(job)


async def test_a_script_put_right_meanwhile_is_offered_not_taken(scene: Held) -> None:
    """C-106: half-typed words are nobody's wish: the job says that the script agrees now and waits for the word; then
    it is made of the script as it reads."""
    job = await scene.hold()
    mine = RIGHT.replace("walks on", "runs on")
    await scene.write(mine)
    await until(lambda: scene.held_is(job, "put right since"))
    assert await scene.is_held(job)
    await scene.it.ask(scene.home, UseCorrection(scene.scene, job))
    assert await scene.script() == mine
    await scene.step(Step.ENHANCE)
    await scene.ended(job)
    sent = await scene.it.ledger.view("enhancement", job)
    assert sent is not None
    assert "runs on" in str(EnhancementView.from_blob(sent.body or b"").request["moments"])


async def test_two_people_decide_at_once(scene: Held) -> None:
    """C-107: the first that is committed counts, the second is told so, and a retry of the first gets its answer."""
    job = await scene.hold()
    first = await scene.it.ask(scene.home, ProceedAnyway(scene.scene, job), key="k")
    for late in (ProceedAnyway(scene.scene, job), UseCorrection(scene.scene, job)):
        with pytest.raises(CommandError, match="ALREADY_DECIDED"):
            await scene.it.ask(scene.home, late, principal="usr_ben")
    again = await scene.it.ask(scene.home, ProceedAnyway(scene.scene, job), key="k")
    assert (again.replayed, again.sequence) == (True, first.sequence)


async def test_a_held_job_may_be_cancelled(scene: Held) -> None:
    """C-107: then nothing is left to decide."""
    job = await scene.hold()
    await scene.it.ask(scene.home, CancelJob(scene.scene, job))
    assert (await scene.job(job)).held == ""
    with pytest.raises(CommandError):
        await scene.it.ask(scene.home, ProceedAnyway(scene.scene, job))
    assert await scene.worker.claim() is None


async def test_a_locked_script_is_not_corrected(scene: Held) -> None:
    """C-103: a lock keeps corrections out as it keeps people; going on is no edit."""
    job = await scene.hold()
    await scene.it.ask(scene.home, LockScene(scene.scene))
    with pytest.raises(CommandError, match="SCENE_LOCKED"):
        await scene.it.ask(scene.home, UseCorrection(scene.scene, job))
    await scene.it.ask(scene.home, ProceedAnyway(scene.scene, job))
    assert (await scene.job(job)).held == ""


async def test_another_host_holds_it_just_so(scene: Held) -> None:
    """C-101: what waits is in the log; the next owner takes the decision."""
    job = await scene.hold()
    before = await scene.gate(job)
    await scene.it.runtime.stop()
    async with story(scene.it.ledger, "h2", settle_ms=5, settle_lag_ms=20) as other:
        there = Held(other, scene.home, scene.scene)
        await other.runtime.open(scene.home)
        assert await there.gate(job) == before
        await other.ask(scene.home, ProceedAnyway(scene.scene, job))
        await there.ended(job)


async def test_a_warning_never_holds_and_its_safe_fix_is_in_the_prompt() -> None:
    """C-108: a name one slip from the cast's is written right in the prompt, and left as it is in the script."""
    slip = "INT. KITCHEN - NIGHT\n\nA pot boils over.\n\nMARGERET\nSoup!\n"
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        home = await it.create()
        await it.ask(home, AddCast("MARGARET"))
        scene = Held(it, home, (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", slip))).ids["scene"])
        await it.until(lambda: actor(it, home).findings.get(scene.scene))
        job = await scene.generate(auto_pick=True)
        attempt = await scene.worker.claim(Step.ENHANCE)
        assert attempt is not None
        await scene.worker.finish(attempt)
        await scene.seen(attempt.id)
        told = await scene.gate(job)
        assert "MARGERET" not in str(decode(attempt.request)["enhance"])
        assert [(each["before"], each["after"]) for each in told.made] == [("MARGERET", "MARGARET")]
        assert (told.valid, told.how) == (True, "clean")
        assert all(each["corrected"] for each in told.issues if each["fix"])
        assert await scene.script() == slip


async def test_a_job_waits_for_a_story_that_is_still_read() -> None:
    """C-109: right after a home is opened nothing has been read; a job that comes to the gate then is judged by the
    whole story, not by the part that happens to be there."""
    async with story(settle_ms=5, settle_lag_ms=20) as it:
        scene = await opened(it)
        job = await scene.generate(auto_pick=True)
        await it.runtime.stop()
        async with story(it.ledger, "h2", settle_ms=5, settle_lag_ms=20) as other:
            there = Held(other, scene.home, scene.scene)
            assert await there.worker.once(Step.ENHANCE) is not None
            await other.runtime.open(scene.home)
            await until(lambda: there.is_held(job))


def test_jobs_older_than_the_gate_fold_as_they_did() -> None:
    """C-101: their events say nothing of issues, and a snapshot of theirs has no such fields."""
    values: dict[str, Any] = {"id": "job_1", "auto_pick": True, "brain": "b", "brain_version": "1", "seed": "1"}
    job = Job(**values, backend=None, script_sha256="", created_at_ms=0, state=State.SCRIPT_READY, enhanced={"x": 1})
    job.apply("job.continuity_checked", {"errors": 1, "warnings": 0})
    assert (job.state, job.gate, job.held) == (State.CONTINUITY_CHECKED, None, None)
    old = {k: v for k, v in job.to_dict().items() if k not in ("words", "gate", "held", "waived", "rewritten")}
    assert Job.from_dict(old).findings == {"errors": 1, "warnings": 0}


def test_fixes_that_overlap_are_not_both_made() -> None:
    """C-103: of two that touch the same words the first is made; one that points past the end is none."""

    def issue(id: str, start: int, end: int, to: str) -> dict[str, Any]:
        fix = {"sceneId": "s", "start": start, "end": end, "replacement": to}
        return {"id": id, "fix": fix, "waived": False, "evidence": [{"sceneId": "s"}]}

    made = gate.corrections_of("abcdef", [issue("c", 4, 9, "Z"), issue("b", 1, 3, "Y"), issue("a", 0, 2, "X")])
    assert gate.written("abcdef", made) == "Xcdef"


def test_shots_that_say_more_than_the_script_are_told_of() -> None:
    """C-100: a figure, a place or an hour that the request does not have is a warning, each once; else nothing."""
    asked = {"place": "KITCHEN", "time_of_day": "night", "cast": [{"name": "MARA", "entity_id": "cst_1"}]}
    good = {"place": "Kitchen", "time_of_day": "night", "cast": [{"entity_id": "cst_1", "name": "MARA"}]}
    bad = {"place": "ATTIC", "time_of_day": "day", "lines": [{"speaker": "ZORBAN"}]}
    assert expansion_issues("scn", asked, {"shots": [good]}) == []
    found = expansion_issues("scn", asked, {"shots": [good, bad, bad]})
    assert [(each["type"], each["severity"], each["location"]) for each in found] == [
        ("new_character", "WARNING", "shot 2"),
        ("setting_mismatch", "WARNING", "shot 2"),
        ("timeline_error", "WARNING", "shot 2"),
    ]
