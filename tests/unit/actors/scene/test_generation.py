"""A scene generated over a real runtime, an in-memory ledger and a worker that claims attempts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.commands import (
    CancelJob,
    CommandError,
    CreateScene,
    GenerateScene,
    LockScene,
    PickPanel,
    RetryJob,
    UnlockScene,
)
from actors.runtime.actor import Catalogue
from actors.runtime.ids import derive_id
from actors.runtime.lifecycle import Turned
from actors.scene.waiting import BACKOFF_FIRST_MS, THROTTLED_TRIES_MAX
from actors.views import JobView, SceneView, TakeView
from gpu.steps import ATTEMPTS_PER_STEP_MAX, Step
from gpu.video.capabilities import ANIMATIC, Capabilities
from gpu.video.router import Router
from storage.codec import decode, encode
from storage.ledger.protocol import ATTEMPT_STALE_MS, CLAIMS_MAX, WORKER_LOST
from tests.unit.actors.scene.worker import SmallWorker, answer_of, media, panel
from tests.unit.actors.story import ANNA, Story, story

pytestmark = pytest.mark.unit

SCRIPT = "INT. KITCHEN - NIGHT\n\nEDWARD (60s) stirs a pot.\n\nEDWARD\nSoup!\n"


async def seen_by(it: Story, home: str, scene: str, attempt: str) -> None:
    """Tell the owner of an attempt, and wait until it has looked."""
    await it.runtime.attempt_changed(home, attempt)
    owned = it.runtime.owned(home)
    assert owned is not None
    await owned.activation(scene).idle()


class Scene:
    """One scene of one project, and a worker beside it."""

    def __init__(self, it: Story, home: str, scene: str) -> None:
        self.it, self.home, self.scene = it, home, scene
        self.worker = SmallWorker(it.ledger)

    async def generate(self, **how: Any) -> str:
        return (await self.it.ask(self.home, GenerateScene(self.scene, **how))).ids["job"]

    def later(self, ms: int) -> None:
        """Workers ask `ms` later than now; leases are not touched."""
        attempts, now_ms = self.it.ledger._attempts, self.it.ledger._clock
        attempts._clock = lambda: now_ms() + ms

    async def job(self, id: str) -> JobView:
        view = await self.it.ledger.view("job", id)
        assert view is not None
        return JobView.from_blob(view.body or b"")

    async def view(self) -> SceneView:
        view = await self.it.ledger.view("scene", self.scene)
        assert view is not None
        return SceneView.from_blob(view.body or b"")

    async def takes(self) -> list[TakeView]:
        return [TakeView.from_blob(v.body or b"") for v in await self.it.ledger.views("take", parent=self.scene)]

    async def step(self, step: Step) -> None:
        """The worker does this step, and the owner has seen it."""
        attempt = await self.worker.once(step)
        assert attempt is not None, f"no open attempt of {step}"
        await self.seen(attempt.id)

    async def seen(self, attempt: str) -> None:
        await seen_by(self.it, self.home, self.scene, attempt)

    async def steps(self, *steps: Step) -> None:
        for step in steps:
            await self.step(step)

    async def types(self) -> list[str]:
        rows = await self.it.ledger.read(self.home, doc=f"@scene:{self.scene}")
        return [row.type.removeprefix("job.") for row in rows if row.type not in ("job.step", "job.stage")]


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with story() as it:
        home = await it.create()
        made = await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))
        yield Scene(it, home, made.ids["scene"])


async def test_a_job_goes_through_its_states_and_yields_one_take(scene: Scene) -> None:
    """G-01: states in order, one attempt per step, exactly one take, and the recipe with it."""
    job = await scene.generate(seed="42")
    assert (await scene.job(job)).state == "QUEUED"
    assert (await scene.view()).status == "GENERATING"
    assert scene.it.woken == 1
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
    seen = await scene.job(job)
    assert seen.state == "PREVIEW_READY"
    assert [p["candidate"] for p in seen.panels] == [0, 1, 2, 3]
    await scene.it.ask(scene.home, PickPanel(scene.scene, job, seen.panels[2]["id"]))
    await scene.steps(Step.CACHE, Step.VIDEO, Step.OBSERVE)
    seen = await scene.job(job)
    assert (seen.state, seen.progress, seen.updated_bible_version) == ("FINAL_READY", 1.0, 1)
    assert [p["picked"] for p in seen.panels] == [False, False, True, False]
    (take,) = await scene.takes()
    assert (take.id, take.job, take.cache_verdict, take.epistemic_state) == (seen.take, job, "miss", "ACCEPTED")
    assert json.loads(take.recipe)["candidate"] == 2
    assert json.loads(take.recipe)["seed"] == "42"
    shown = await scene.view()
    assert (shown.status, shown.bible_version, shown.thumbnail_key) == ("COMPLETE", 1, take.thumbnail_key)
    assert await scene.types() == [
        "created", "started", "script_ready", "continuity_checked", "routed", "cache_answered",
        *["panel"] * 4, "board_done", "preview_ready",
        "picked", "routed", "cache_answered", "rendered", "observed", "final_ready",
        "bible.written",
    ]  # fmt: skip
    assert await scene.it.ledger.count_views("open_job", home=scene.home) == 0


async def test_auto_pick_needs_nobody(scene: Scene) -> None:
    """G-02: an automatic job asks the cache first and takes its first panel."""
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
    seen = await scene.job(job)
    assert seen.state == "FINAL_READY"
    assert [p["picked"] for p in seen.panels] == [True, False, False, False]


async def test_a_cache_hit_goes_straight_to_the_take(scene: Scene) -> None:
    """G-03: a hit makes the take from what was kept; nothing is drawn."""
    scene.worker.answers["cache"] = lambda a, r: {"verdict": "hit", "take": media("kept")}
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE)
    (take,) = await scene.takes()
    assert (take.cache_verdict, take.video_key) == ("hit", "kept/take.mp4")
    assert (await scene.job(job)).state == "FINAL_READY"


async def test_the_same_recipe_has_the_same_hash(scene: Scene) -> None:
    """G-04: same script, brain, seed and pick ask the cache for the same; another seed does not."""
    asked: list[str] = []
    for seed in ("1", "1", "2"):
        await scene.generate(auto_pick=True, seed=seed)
        await scene.step(Step.ENHANCE)
        attempt = await scene.worker.claim(Step.CACHE)
        assert attempt is not None
        asked.append(decode(attempt.request)["recipe_hash"])
    assert asked[0] == asked[1] != asked[2]


async def test_panels_show_one_by_one(scene: Scene) -> None:
    """G-05: a panel is visible as soon as the worker reports it."""
    job = await scene.generate()
    await scene.steps(Step.ENHANCE, Step.CACHE)
    attempt = await scene.worker.claim(Step.STORYBOARD)
    assert attempt is not None
    request = decode(attempt.request)
    for count in (1, 2):
        partial = encode({"panels": [panel(request, n) for n in range(count)]})
        await scene.it.ledger.beat_attempt(attempt.id, "w1", progress=count / 4, message="STORYBOARD|", result=partial)
        await scene.seen(attempt.id)
        seen = await scene.job(job)
        assert (len(seen.panels), seen.state) == (count, "CONTINUITY_CHECKED")


async def test_stage_follows_the_worker_and_beats_are_not_history(scene: Scene) -> None:
    """G-06: a change of stage is an event; a percentage is not."""
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
    attempt = await scene.worker.claim(Step.VIDEO)
    assert attempt is not None
    heads = []
    for progress, words in ((0.1, "VIDEO_GENERATION|frame 10"), (0.5, "VIDEO_GENERATION|frame 50"), (0.9, "UPLOAD|")):
        await scene.it.ledger.beat_attempt(attempt.id, "w1", progress=progress, message=words)
        await scene.seen(attempt.id)
        heads.append(await scene.it.ledger.head(scene.home))
    assert heads[0] == heads[1] < heads[2]
    assert (await scene.job(job)).stage == "UPLOAD"


async def test_cancel_stops_the_worker_and_late_results_do_not_count(scene: Scene) -> None:
    """G-07: a cancelled job asks its worker to stop, and whatever still comes changes nothing."""
    job = await scene.generate()
    attempt = await scene.worker.claim()
    assert attempt is not None
    await scene.it.ask(scene.home, CancelJob(scene.scene, job))
    assert await scene.it.ledger.beat_attempt(attempt.id, "w1", progress=0.5, message="")
    await scene.worker.finish(attempt)
    head = await scene.it.ledger.head(scene.home)
    await scene.it.runtime.attempt_changed(scene.home, attempt.id)
    assert await scene.it.ledger.head(scene.home) == head
    assert (await scene.job(job)).state == "CANCELLED"
    assert (await scene.view()).status == "PENDING"
    with pytest.raises(CommandError, match="CANCELLED"):
        await scene.it.ask(scene.home, CancelJob(scene.scene, job))


async def test_a_step_is_tried_again_then_fails_then_a_retry_goes_on_from_it(scene: Scene) -> None:
    """G-08: retryable faults make new attempts up to the bound; a retry resumes the failed step, same recipe."""
    fault = {"error": {"code": "GPU_LOST", "message": "the card is gone", "retryable": True}}
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
    scene.worker.answers["video"] = lambda a, r: fault
    await scene.steps(*[Step.VIDEO] * ATTEMPTS_PER_STEP_MAX)
    seen = await scene.job(job)
    assert (seen.state, seen.error) == ("FAILED", fault["error"])
    del scene.worker.answers["video"]
    await scene.it.ask(scene.home, RetryJob(scene.scene, job))
    assert (await scene.job(job)).state == "QUEUED"
    await scene.steps(Step.VIDEO, Step.OBSERVE)
    assert (await scene.job(job)).state == "FINAL_READY"
    assert scene.worker.done[-2].number == ATTEMPTS_PER_STEP_MAX + 1
    assert len(await scene.takes()) == 1


async def test_a_final_fault_fails_at_once(scene: Scene) -> None:
    """G-09: a fault that trying again cannot mend is not tried again."""
    scene.worker.answers["enhance"] = lambda a, r: {"error": {"code": "X", "message": "no", "retryable": False}}
    job = await scene.generate()
    await scene.step(Step.ENHANCE)
    assert (await scene.job(job)).state == "FAILED"
    assert await scene.worker.claim() is None


async def test_a_bad_answer_is_a_fault(scene: Scene) -> None:
    """G-09: a worker's answer without what the step promises counts as a failed try."""
    scene.worker.answers["enhance"] = lambda a, r: {}
    job = await scene.generate()
    await scene.steps(*[Step.ENHANCE] * ATTEMPTS_PER_STEP_MAX)
    seen = await scene.job(job)
    assert (seen.state, (seen.error or {})["code"]) == ("FAILED", "BAD_RESULT")


async def test_throttled_shows_and_goes_on(scene: Scene) -> None:
    """G-10, G-168: a throttled step shows as such until a worker takes it again, which none may before its time."""
    busy = {"error": {"code": "THROTTLED", "message": "slow down", "retryable": True}}
    scene.worker.answers["video"] = lambda a, r: busy
    job = await scene.generate(auto_pick=True)
    await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO)
    assert (await scene.job(job)).state == "THROTTLED"
    del scene.worker.answers["video"]
    assert await scene.worker.claim() is None
    scene.later(BACKOFF_FIRST_MS * 2)
    await scene.step(Step.VIDEO)
    assert (await scene.job(job)).state == "PROCESSING"


async def test_patience_has_an_end(scene: Scene) -> None:
    """G-168: each refusal doubles the wait, whoever refused is given the time asked for, and at last the job fails."""
    scene.worker.answers["enhance"] = lambda a, r: {
        "error": {"code": "THROTTLED", "message": "busy", "retryable": True, "retry_after_s": 40.0}
    }
    job, waits = await scene.generate(), []
    for n in range(THROTTLED_TRIES_MAX):
        scene.later(600_000 * (n + 1))
        await scene.step(Step.ENHANCE)
        seen = await scene.job(job)
        row = await scene.it.ledger.attempt(seen.attempt) if seen.attempt else None
        waits.append(0 if row is None else row.not_before_ms - row.created_at_ms)
    assert (seen.state, (seen.error or {})["code"]) == ("FAILED", "THROTTLED")
    assert all(39_000 <= wait <= 61_000 for wait in waits[:4])
    assert waits[6] > 2_000 * 2**6
    assert waits[-1] == 0


async def test_an_attempt_is_in_the_queue_of_who_asked(scene: Scene) -> None:
    """G-160: it waits among those of its kind of step, in the share of the person."""
    await scene.generate(auto_pick=True)
    first = await scene.worker.claim()
    assert first is not None
    assert (first.user, first.pool) == (ANNA, "quick")
    await scene.worker.finish(first)
    await scene.seen(first.id)
    await scene.steps(Step.CACHE, Step.STORYBOARD)
    film = await scene.worker.claim()
    assert film is not None
    assert (film.user, film.pool) == (ANNA, "video")


async def test_a_film_prefers_the_worker_that_has_its_model() -> None:
    """G-178: by the name that such a worker gives to what it has loaded; nothing else is waited for."""
    model = Capabilities("ltx", "diffusers", model="ltx", quality=90)
    catalogue = Catalogue({"thriller": "2"}, "thriller", video=Router((ANIMATIC, model)))
    async with story(catalogue=catalogue) as it:
        home = await it.create()
        scene = Scene(it, home, (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"])
        await scene.generate(auto_pick=True)
        await scene.steps(Step.ENHANCE, Step.CACHE, Step.STORYBOARD)
        ask = it.ledger.claim_attempt
        offers = {"offers": ("diffusers", "animatic")}
        assert await ask("w2", ["video"], loaded="diffusers:other", **offers) is None
        film = await ask("w3", ["video"], loaded="diffusers:ltx", **offers)
        assert film is not None
        assert (film.needs, film.affinity) == ("diffusers", "diffusers:ltx")


async def test_an_attempt_that_kills_workers_fails_the_job(scene: Scene) -> None:
    """G-166: the job says so, and a person may try again."""
    job = await scene.generate()
    for n in range(CLAIMS_MAX):
        scene.later((ATTEMPT_STALE_MS + 1) * (n + 1))
        dying = SmallWorker(scene.it.ledger, f"dies-{n}")
        assert await dying.claim() is not None
    scene.later((ATTEMPT_STALE_MS + 1) * (CLAIMS_MAX + 1))
    lost = await scene.worker.claim()
    assert lost is not None
    await scene.seen(lost.id)
    seen = await scene.job(job)
    assert (seen.state, (seen.error or {})["code"]) == ("FAILED", WORKER_LOST)
    await scene.it.ask(scene.home, RetryJob(scene.scene, job))
    await scene.step(Step.ENHANCE)
    assert (await scene.job(job)).state == "CONTINUITY_CHECKED"


async def test_a_take_says_where_it_comes_from(scene: Scene) -> None:
    """G-176: job, person, script, bible, model, the film's hash and how often each step was tried, beside what decided
    it; the hash the cache is asked for knows nothing of it."""
    scene.worker.answers["video"] = lambda a, r: {
        **media(r["prefix"]),
        "made_with": {"model": "m", "version": "2"},
        "files": {"take.mp4": {"key": f"{r['prefix']}/take.mp4", "bytes": 1, "sha256": "ab"}},
    }
    scene.worker.answers["enhance"] = lambda a, r: {} if a.number == 1 else answer_of(a, r)
    job = await scene.generate(auto_pick=True, seed="42")
    await scene.steps(Step.ENHANCE, Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
    [take] = await scene.takes()
    told = json.loads(take.recipe)
    film = scene.worker.done[-2]
    assert told.pop("lineage") == {
        "job": job,
        "by": ANNA,
        "scriptSha256": hashlib.sha256(SCRIPT.encode()).hexdigest(),
        "bibleVersion": 0,
        "madeBy": "animatic",
        "madeWith": {"model": "m", "version": "2"},
        "videoKey": take.video_key,
        "videoSha256": "ab",
        "attempts": {"enhance": 2, "cache": 1, "storyboard": 1, "video": 1, "observe": 1},
        "reused": False,
    }
    text = json.dumps({**told, "frames": []}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert decode(film.request)["recipe_hash"] == hashlib.sha256(text.encode()).hexdigest()


async def test_g319_a_take_names_the_one_before_it(scene: Scene) -> None:
    """G-319: the parent is the scene's newest take when it was asked for, also where another came meanwhile, and how
    often people had a failed job go on is told beside it."""
    all_steps = (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
    await scene.generate(auto_pick=True)
    await scene.steps(*all_steps)
    (first,) = await scene.takes()
    job = await scene.generate(auto_pick=True)
    broken = {"error": {"code": "REFUSED", "message": "no", "retryable": False}}
    scene.worker.answers[Step.VIDEO] = lambda attempt, request: broken
    await scene.steps(*all_steps[:4])
    del scene.worker.answers[Step.VIDEO]
    await scene.it.ask(scene.home, RetryJob(scene.scene, job))
    await scene.steps(*all_steps[3:])
    second = next(take for take in await scene.takes() if take.job == job)
    told = json.loads(second.recipe)["lineage"]
    assert (first.parent, second.parent) == (None, first.id)
    assert (told["parentTake"], told["retries"]) == (first.id, 1)
    assert "parentTake" not in json.loads(first.recipe)["lineage"]


async def test_a_wake_up_before_its_own_commit_is_kept() -> None:
    """G-175: a quick worker's word of an attempt that this owner has not shown itself yet is heard once it has."""
    async with story(rescan_ms=600_000) as it:
        home = await it.create()
        scene = Scene(it, home, (await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"])
        job = await scene.generate()
        enhance = await scene.worker.once(Step.ENHANCE)
        assert enhance is not None
        await it.runtime.attempt_changed(home, derive_id("att", job, "cache", "1"))
        before = len(it.facts)
        await scene.seen(enhance.id)

        def looked() -> int:
            told = [fact for fact in it.facts[before:] if isinstance(fact, Turned)]
            return sum(fact.message == "AttemptsChanged" for fact in told)

        await it.until(lambda: looked() == 2)


async def test_first_pick_wins(scene: Scene) -> None:
    """G-11: the first committed pick stands; a pick of nothing is refused by name."""
    job = await scene.generate()
    await scene.step(Step.ENHANCE)
    with pytest.raises(CommandError, match="PREVIEW_READY"):
        await scene.it.ask(scene.home, PickPanel(scene.scene, job, "pnl_x"))
    await scene.steps(Step.CACHE, Step.STORYBOARD)
    panels = (await scene.job(job)).panels
    with pytest.raises(CommandError, match="no such panel"):
        await scene.it.ask(scene.home, PickPanel(scene.scene, job, "pnl_x"))
    await scene.it.ask(scene.home, PickPanel(scene.scene, job, panels[1]["id"]))
    with pytest.raises(CommandError, match="ALREADY_PICKED"):
        await scene.it.ask(scene.home, PickPanel(scene.scene, job, panels[0]["id"]))


async def test_nothing_to_generate(scene: Scene) -> None:
    """G-12: a scene without text under its heading is refused."""
    made = await scene.it.ask(scene.home, CreateScene("EXT. ROAD - DAY"))
    with pytest.raises(CommandError) as caught:
        await scene.it.ask(scene.home, GenerateScene(made.ids["scene"]))
    assert (caught.value.code, caught.value.path) == ("EMPTY_SCRIPT", ("input", "sceneId"))


async def test_a_locked_scene_may_be_generated_but_not_edited(scene: Scene) -> None:
    """A-15: a lock makes the script read-only; its status wins over all others."""
    home = scene.it.runtime.owned(scene.home)
    assert home is not None
    doc = f"scene:{scene.scene}"
    await scene.it.ask(scene.home, LockScene(scene.scene))
    access = home.access(doc, "usr_anna")
    assert access is not None
    assert access.name == "READ"
    assert (await scene.view()).status == "LOCKED"
    await scene.generate()
    assert (await scene.view()).status == "LOCKED"
    await scene.it.ask(scene.home, UnlockScene(scene.scene))
    assert (await scene.view()).status == "GENERATING"


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4])
async def test_a_job_goes_on_in_another_process(scene: Scene, after: int) -> None:
    """G-13: killed after any step, the next owner finds the job and finishes it with one take."""
    steps = [Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE]
    job = await scene.generate(auto_pick=True)
    await scene.steps(*steps[:after])
    attempt = await scene.worker.once(steps[after])  # done, and nobody was told
    assert attempt is not None
    await scene.it.runtime.kill()
    await scene.it.ledger.retire("h1", "h1-1")
    async with story(scene.it.ledger, "h2") as other:
        home = await other.runtime.open(scene.home)
        await home.activation(scene.scene).loaded()
        await home.activation(scene.scene).idle()
        while (done := await scene.worker.once()) is not None:
            await seen_by(other, scene.home, scene.scene, done.id)
        assert (await scene.job(job)).state == "FINAL_READY"
        assert len(await scene.takes()) == 1
        assert [a.step for a in scene.worker.done] == [s.value for s in steps]


async def test_g13_an_enhancement_that_is_an_event_is_never_asked_for_again() -> None:
    """G-13: the owner dies at each boundary around it; every later owner goes on with the words that were committed."""
    first = Story(host="h1")
    await first.runtime.start()
    home = await first.create()
    scene = Scene(first, home, (await first.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"])
    job = await scene.generate()
    attempt = await scene.worker.once(Step.ENHANCE)
    assert attempt is not None
    await first.runtime.kill()  # the result is on its row, and not yet an event
    hosts = ["h22", "h333"]
    for before, name in zip(("h1", "h22"), hosts, strict=True):
        it = Story(first.ledger, name)
        await it.runtime.start()
        await it.runtime.open(home, depose=f"{before}-1")
        await seen_by(it, home, scene.scene, attempt.id)
        rows = [row for row in await first.ledger.read(home) if row.type == "job.script_ready"]
        assert len(rows) == 1
        if name != hosts[-1]:
            await it.runtime.kill()
        else:
            await it.runtime.stop()
    asked = [each for each in await first.ledger.attempts(home, job=job) if each.step == Step.ENHANCE]
    assert [each.number for each in asked] == [1]
