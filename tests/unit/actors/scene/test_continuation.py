"""Continuing a scene, its bible, its segments and its lock, over a real runtime and an in-memory ledger."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import pycrdt
import pytest

from actors.commands import (
    AddCast,
    CancelJob,
    CommandError,
    ContinueScene,
    CreateAccessLink,
    CreateScene,
    GenerateScene,
    LockScene,
    RetryJob,
    UnlockScene,
)
from actors.rebuild import Rebuilt
from actors.runtime.compose import view_row
from actors.scene.actor import SceneActor
from actors.scene.continuation import RECENT_SEGMENTS
from actors.scene.status import status_of
from actors.scene.summary import LONG_CHARS_MAX, SENTENCE_CHARS_MAX, SUMMARY_CHARS_MAX, summary_of
from actors.screenplay.breakdown import breakdown
from actors.views import BibleView, SceneStatus, SegmentView
from collab.text import insert
from gpu.steps import Step
from serve_app.graphql import enums
from storage.codec import decode
from storage.ledger.protocol import Kind
from tests.screenplays import last_ferry
from tests.unit.actors.scene.test_generation import SCRIPT, Scene
from tests.unit.actors.story import ANNA, story

pytestmark = pytest.mark.unit

MORE = "EDWARD turns off the stove.\n\nEDWARD\nIt was always too salty."
WAY = (Step.ENHANCE, Step.CACHE, Step.STORYBOARD, Step.VIDEO, Step.OBSERVE)
FAULT = {"error": {"code": "GPU_LOST", "message": "gone", "retryable": False}}


class Long(Scene):
    """A scene that is continued."""

    async def more(self, text: str = MORE, **how: Any) -> str:
        return (await self.it.ask(self.home, ContinueScene(self.scene, text, **how))).ids["job"]

    async def whole(self, text: str = MORE, **how: Any) -> str:
        """A continuation up to its take."""
        job = await self.more(text, **how)
        await self.steps(*WAY)
        return job

    async def steps_left(self) -> None:
        """Whatever is still to be done is done."""
        while (attempt := await self.worker.once()) is not None:
            await self.seen(attempt.id)

    async def segments(self) -> list[SegmentView]:
        rows = await self.it.ledger.views("segment", parent=self.scene)
        return [SegmentView.from_blob(row.body or b"") for row in rows]

    async def bibles(self) -> list[BibleView]:
        rows = await self.it.ledger.views("scene_bible", parent=self.scene)
        return [BibleView.from_blob(row.body or b"") for row in rows]

    async def asked(self, job: str) -> dict[str, Any]:
        rows = await self.it.ledger.attempts(self.home, job=job)
        found: dict[str, Any] = decode(next(r for r in rows if r.step == Step.ENHANCE).request)
        return found

    async def script(self) -> str:
        home = self.it.runtime.owned(self.home)
        assert home is not None
        return (await home.room(f"scene:{self.scene}")).text("script")

    async def refused(self, command: Any) -> CommandError:
        with pytest.raises(CommandError) as caught:
            await self.it.ask(self.home, command)
        return caught.value


@pytest.fixture
async def scene() -> AsyncIterator[Long]:
    async with story() as it:
        home = await it.create()
        made = await it.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))
        yield Long(it, home, made.ids["scene"])


async def test_g207_a_continuation_appends_one_segment(scene: Long) -> None:
    """G-207: words, segment, take and the bible's next version are one append; the job names them."""
    job = await scene.whole(by="Anna")
    seen = await scene.job(job)
    assert (seen.state, seen.updated_bible_version) == ("FINAL_READY", 1)
    (segment,) = await scene.segments()
    (take,) = await scene.takes()
    assert seen.segment == segment.id
    assert (segment.index, segment.job, segment.take, segment.duration_s) == (0, job, take.id, take.duration_s)
    assert (segment.text, segment.bible_version, segment.by, segment.shown_as) == (MORE, 1, ANNA, "Anna")
    assert await scene.script() == f"{SCRIPT}\n{MORE}\n"
    assert (await scene.view()).script == f"{SCRIPT}\n{MORE}\n"
    rows = await scene.it.ledger.read(scene.home, limit=1_000)
    at = [row.type for row in rows].index("segment.appended")
    together = ["job.final_ready", "segment.appended", "bible.written", "workflow.started"]
    assert [row.type for row in rows[at - 1 : at + 3]] == together
    assert {row.at_ms for row in rows[at - 1 : at + 4]} == {rows[at].at_ms}
    assert rows[at + 3].kind is Kind.UPDATES
    (_, _, update, *name) = decode(rows[at + 3].body)[0]
    assert (decode(rows[at + 3].body)[0][0], update is not None, name) == (ANNA, True, ["Anna"])


async def test_g207_a_generation_appends_none(scene: Long) -> None:
    """G-207: a take of the scene as it is moves the bible on and leaves the words alone."""
    await scene.generate(auto_pick=True)
    await scene.steps(*WAY)
    assert await scene.segments() == []
    assert await scene.script() == SCRIPT
    assert [bible.version for bible in await scene.bibles()] == [1]


async def test_g207_what_failed_changed_nothing_and_is_kept(scene: Long) -> None:
    """G-207: a failed continuation leaves the script, the version and the bible; its retry appends once."""
    scene.worker.answers["video"] = lambda a, r: FAULT
    job = await scene.more()
    await scene.steps(*WAY[:4])
    assert (await scene.job(job)).state == "FAILED"
    assert (await scene.view()).bible_version == 0
    assert (await scene.segments(), await scene.script()) == ([], SCRIPT)
    del scene.worker.answers["video"]
    await scene.it.ask(scene.home, RetryJob(scene.scene, job))
    await scene.steps(Step.VIDEO, Step.OBSERVE)
    assert (await scene.job(job)).state == "FINAL_READY"
    assert len(await scene.segments()) == 1
    assert (await scene.script()).count("too salty") == 1


async def test_g207_the_words_follow_what_people_wrote_meanwhile(scene: Long) -> None:
    """G-207: appended to the end of the text as it is when the take is made."""
    job = await scene.more()
    await scene.steps(*WAY[:4])
    home = scene.it.runtime.owned(scene.home)
    assert home is not None
    room = await home.room(f"scene:{scene.scene}")
    end = len(SCRIPT)
    await room.edit(lambda doc: insert(doc.get("script", type=pycrdt.Text), end, "\nWILL (30s) enters.\n"), "ben")
    await scene.step(Step.OBSERVE)
    assert (await scene.job(job)).state == "FINAL_READY"
    assert await scene.script() == f"{SCRIPT}\nWILL (30s) enters.\n\n{MORE}\n"
    assert "WILL" in str((await scene.bibles())[-1].bible)


async def test_g206_a_continuation_carries_what_came_before(scene: Long) -> None:
    """G-206: the bible at its version, the last five summaries, the long summary, and the configuration."""
    texts = [f"EDWARD lifts spoon number {n}. Nobody moves." for n in range(RECENT_SEGMENTS + 2)]
    for text in texts:
        await scene.whole(text)
    version = (await scene.view()).bible_version
    how = {"target_duration_s": 12.0, "style_preset": "pixar", "voice_preset": "gravel"}
    job = await scene.more("He sits.", expected_bible_version=version, **how)
    asked = await scene.asked(job)
    told = asked["continuation"]
    assert told["bibleVersion"] == version == len(texts)
    assert (told["jobId"], told["sceneId"], told["userId"]) == (job, scene.scene, ANNA)
    assert told["continuationText"] == "He sits."
    assert told["config"] == {"targetDuration": 12.0, "stylePreset": "pixar", "voicePreset": "gravel"}
    bible = told["context"]["sceneBible"]
    assert (bible["version"], bible["place"], bible["timeOfDay"]) == (version, "KITCHEN", "night")
    assert [person["looks"] for person in bible["cast"]] == [["60s"]]
    recent = told["context"]["recentSegments"]
    assert [each["index"] for each in recent] == [2, 3, 4, 5, 6]
    assert recent[-1]["summary"] == f"{texts[-1][:-14]}"
    assert told["context"]["longSummary"].startswith("EDWARD (60s) stirs a pot. EDWARD: “Soup!”")
    request = asked["enhance"]
    assert (request["brain"], request["target_duration_s"], request["place"]) == ("pixar", 12.0, "KITCHEN")
    assert request["time_of_day"] == "night"
    assert [m["text"] for m in request["moments"]] == ["He sits."]
    assert sum(note.startswith("just before: ") for note in request["continuity_notes"]) == RECENT_SEGMENTS
    assert any(note.startswith("so far: ") for note in request["continuity_notes"])


async def test_g206_people_keep_their_looks(scene: Long) -> None:
    """G-206: who was described before is described in the new segment's prompt too."""
    request = (await scene.asked(await scene.more("EDWARD\nWho salted this?")))["enhance"]
    assert [(c["name"], c["descriptors"]) for c in request["cast"]] == [("EDWARD", ["60s"])]


async def test_g213_new_words_are_judged_before_they_are_rendered(scene: Long) -> None:
    """G-213: by the rules of findings, against the scene and the cast; neither what stood there before nor what is
    written right in the prompt is counted."""
    await scene.it.ask(scene.home, AddCast("EDWARD"))
    agreeing = await scene.job(await scene.more("EDWARD\nStill soup."))
    assert not agreeing.issues
    await scene.step(Step.ENHANCE)
    await scene.it.ask(scene.home, CancelJob(scene.scene, agreeing.id))
    job = await scene.more("EDWRAD\nWho am I?\n\nGLADYS\nNobody told you?")
    found = (await scene.job(job)).issues
    assert sorted(each["code"] for each in found) == ["name_drift", "new_character"]
    assert all(each["message"] for each in found)
    await scene.step(Step.ENHANCE)
    rows = await scene.it.ledger.read(scene.home, limit=1_000)
    checked = [decode(row.body) for row in rows if row.type == "job.continuity_checked"]
    assert [each["errors"] + each["warnings"] for each in checked] == [0, 1]
    assert "issues" not in (await scene.asked(job))["continuation"]


async def test_g208_a_stale_version_is_refused_with_the_current_one(scene: Long) -> None:
    """G-208: the refusal names field, code and both versions; nothing is begun."""
    await scene.whole()
    for version in (0, 2):
        error = await scene.refused(ContinueScene(scene.scene, MORE, expected_bible_version=version))
        assert (error.code, error.path, error.retryable) == ("BIBLE_STALE", ("input", "expectedBibleVersion"), False)
        assert f"is at version 1, not {version}" in error.message
    assert await scene.worker.claim() is None
    await scene.whole(expected_bible_version=1)
    assert [each.bible_version for each in await scene.segments()] == [1, 2]


async def test_g208_of_several_at_once_one_is_taken(scene: Long) -> None:
    """G-208: the others hear that this version is being continued; after a cancel it may be asked for again."""
    asks = [scene.more(f"EDWARD waits {n}.", expected_bible_version=0) for n in range(4)]
    answers = await asyncio.gather(*asks, return_exceptions=True)
    (job,) = [each for each in answers if isinstance(each, str)]
    refused = [each for each in answers if isinstance(each, CommandError)]
    assert [(each.code, each.retryable) for each in refused] == [("BIBLE_STALE", True)] * 3
    assert all(job in each.message for each in refused)
    assert (await scene.refused(ContinueScene(scene.scene, MORE))).code == "BIBLE_STALE"
    await scene.it.ask(scene.home, CancelJob(scene.scene, job))
    await scene.whole(expected_bible_version=0)
    assert len(await scene.segments()) == 1


@pytest.mark.parametrize(
    ("how", "code", "field"),
    [
        ({"text": "  \n"}, "REQUIRED", "text"),
        ({"text": "x" * 20_001}, "TOO_LONG", "text"),
        ({"text": "INT. KITCHEN - NIGHT\n"}, "EMPTY_SCRIPT", "text"),
        ({"text": MORE, "target_duration_s": 0.5}, "BAD_DURATION", "targetDurationS"),
        ({"text": MORE, "target_duration_s": float("nan")}, "BAD_DURATION", "targetDurationS"),
        ({"text": MORE, "style_preset": "zeus"}, "UNKNOWN_BRAIN", "stylePreset"),
        ({"text": MORE, "voice_preset": "v" * 121}, "TOO_LONG", "voicePreset"),
    ],
)
async def test_g208_bad_input_names_its_field(scene: Long, how: dict[str, Any], code: str, field: str) -> None:
    """G-208: and leaves no job."""
    error = await scene.refused(ContinueScene(scene.scene, **how))
    assert (error.code, error.path) == (code, ("input", field))
    assert await scene.worker.claim() is None


async def test_g209_a_version_is_written_once_and_stays(scene: Long) -> None:
    """G-209: the first continuation writes the version it begins from; each take the next; later edits change none."""
    await scene.whole("WILL (30s), a son, comes in.")
    await scene.whole("WILL\nAgain soup?")
    bibles = await scene.bibles()
    assert [bible.version for bible in bibles] == [0, 1, 2]
    assert [[person["name"] for person in each.bible["cast"]] for each in bibles] == [
        ["EDWARD"], ["EDWARD", "WILL"], ["EDWARD", "WILL"],
    ]  # fmt: skip
    assert len({each.sha256 for each in bibles}) == 3
    assert all(fact["quote"] for fact in bibles[-1].bible["facts"])
    events = [row for row in await scene.it.ledger.read(scene.home, limit=1_000) if row.type == "bible.written"]
    assert [decode(row.body)["version"] for row in events] == [0, 1, 2]


async def test_g209_two_takes_in_one_look_are_two_versions(scene: Long) -> None:
    """G-209: jobs whose last steps ended unseen are finished in one append, each with a version of its own."""
    jobs = [await scene.generate(auto_pick=True, seed=seed) for seed in ("1", "2")]
    for step in WAY[:4]:
        await scene.steps(step, step)
    done = [await scene.worker.once(Step.OBSERVE) for _ in jobs]
    assert done[1] is not None
    await scene.seen(done[1].id)
    versions = [(await scene.job(job)).updated_bible_version for job in jobs]
    assert sorted(each or 0 for each in versions) == [1, 2]
    assert (await scene.view()).bible_version == 2
    assert [each.version for each in await scene.bibles()] == [1, 2]


async def test_g210_a_lock_refuses_with_who_and_when(scene: Long) -> None:
    """G-210: a continuation of a locked scene is refused by the name of whoever locked it, and since when."""
    await scene.it.ask(scene.home, LockScene(scene.scene))
    error = await scene.refused(ContinueScene(scene.scene, MORE))
    assert (error.code, error.path) == ("SCENE_LOCKED", ("input", "sceneId"))
    assert error.message.startswith("the scene was locked by the project's owner at 20")
    assert error.message.endswith("UTC: unlock it to change its text")
    await scene.it.ask(scene.home, UnlockScene(scene.scene))
    await scene.whole()


async def test_g210_a_lock_of_a_guest_is_told_by_the_guests_name(scene: Long) -> None:
    """G-210: whoever came by a link is called as everybody sees them, on another host and from a snapshot too."""
    link = (await scene.it.ask(scene.home, CreateAccessLink("Ben", "EDITOR"))).ids["access"]
    await scene.it.ask(scene.home, LockScene(scene.scene), principal=link)
    words = (await scene.refused(ContinueScene(scene.scene, MORE))).message
    assert words.startswith("the scene was locked by Ben at ")
    async with story(scene.it.ledger, "h2") as other:
        await scene.it.runtime.stop()
        scene.it = other
        assert (await scene.refused(ContinueScene(scene.scene, MORE))).message == words


async def test_g210_a_lock_meanwhile_keeps_the_film(scene: Long) -> None:
    """G-210: behind a lock no words are written; unlocked, a retry appends at once and renders nothing again."""
    job = await scene.more()
    await scene.steps(*WAY[:4])
    await scene.it.ask(scene.home, LockScene(scene.scene))
    await scene.step(Step.OBSERVE)
    seen = await scene.job(job)
    assert seen.error is not None
    assert (seen.state, seen.error["code"], seen.error["retryable"]) == ("FAILED", "SCENE_LOCKED", True)
    assert "locked by the project's owner at" in seen.error["message"]
    assert (await scene.script(), await scene.segments()) == (SCRIPT, [])
    await scene.it.ask(scene.home, RetryJob(scene.scene, job))
    assert (await scene.job(job)).state == "FAILED"
    await scene.it.ask(scene.home, UnlockScene(scene.scene))
    await scene.it.ask(scene.home, RetryJob(scene.scene, job))
    assert (await scene.job(job)).state == "FINAL_READY"
    assert len(await scene.segments()) == 1
    assert await scene.worker.claim() is None


def test_g210_the_status_is_a_closed_function() -> None:
    """G-210: locked wins, then work, then takes; the surface has the same four."""
    assert [each.name for each in enums.SceneStatus] == [each.value for each in SceneStatus]
    for locked in (False, True):
        for working in (False, True):
            for takes in (0, 1):
                found = status_of(locked=locked, working=working, takes=takes)
                wanted = "LOCKED" if locked else "GENERATING" if working else "COMPLETE" if takes else "PENDING"
                assert found is SceneStatus(wanted)


@pytest.mark.parametrize("chars_max", [40, SUMMARY_CHARS_MAX, LONG_CHARS_MAX])
def test_g211_a_summary_only_quotes(chars_max: int) -> None:
    """G-211: bounded, deterministic, and every word of it stands in the text; the end of a text is in it."""
    text = last_ferry()
    found = summary_of(breakdown(text), chars_max)
    assert 0 < len(found) <= chars_max
    assert found == summary_of(breakdown(text), chars_max)
    words = set(text.split())
    cut = {found.split()[-1]}
    bare = {word.strip("“”:…") for word in found.split()}
    assert not {w for w in bare if w and w not in words and w not in text} - {w.strip("“”:…") for w in cut}
    assert summary_of(breakdown(""), chars_max) == ""
    assert len(summary_of(breakdown("word " * 500), LONG_CHARS_MAX)) <= SENTENCE_CHARS_MAX


@pytest.mark.parametrize("seed", range(6))
async def test_g212_any_life_of_a_scene(seed: int) -> None:
    """G-212: whatever people and workers do in whatever order, kills included: versions count up by one, each
    segment's words stand in the script once and in order, and live state and views are the fold of the log."""
    rng = random.Random(seed)
    async with story() as first:
        home = await first.create()
        id = (await first.ask(home, CreateScene("INT. KITCHEN - NIGHT", SCRIPT))).ids["scene"]
        it, hosts = first, ["h22", "h333"]
        scene = Long(it, home, id)
        for number in range(60):
            await _something(scene, rng, number)
            if number in (17, 39):
                await scene.it.runtime.kill()
                await first.ledger.retire(scene.it.host, f"{scene.it.host}-1")
                scene.it = type(first)(first.ledger, hosts.pop(0))
                await scene.it.runtime.start()
                await scene.it.runtime.open(home)
        await scene.steps_left()
        await _holds(scene)
        assert await scene.takes()
        if scene.it is not first:
            await scene.it.runtime.stop()


async def _something(scene: Long, rng: random.Random, number: int) -> None:
    owned = scene.it.runtime.owned(scene.home) or await scene.it.runtime.open(scene.home)
    live = owned.find(scene.scene)
    jobs = list(live.jobs) if isinstance(live, SceneActor) else []
    job = rng.choice(jobs or ["job_none"])
    scene.worker.answers = {"video": lambda a, r: FAULT} if rng.random() < 0.2 else {}
    commands = {
        "more": ContinueScene(scene.scene, f"EDWARD counts {number}."),
        "stale": ContinueScene(scene.scene, "EDWARD waits.", expected_bible_version=rng.randrange(4)),
        "generate": GenerateScene(scene.scene, auto_pick=True),
        "cancel": CancelJob(scene.scene, job),
        "retry": RetryJob(scene.scene, job),
        "lock": LockScene(scene.scene),
        "unlock": UnlockScene(scene.scene),
    }
    weights = {"more": 4, "stale": 2, "generate": 2, "cancel": 1, "retry": 2, "lock": 1, "unlock": 4, "work": 20}
    kind = rng.choices(list(weights), list(weights.values()))[0]
    if kind == "work":
        for _ in range(rng.randrange(1, 9)):
            attempt = await scene.worker.once()
            if attempt is not None:
                await scene.seen(attempt.id)
        return
    try:
        await scene.it.ask(scene.home, commands[kind])
    except CommandError as error:
        known = ("BIBLE_STALE", "SCENE_LOCKED", "TOO_MANY_JOBS", "ILLEGAL_MOVE", "NOT_FOUND")
        assert error.code in known, error  # noqa: PT017 - one of the refusals there are


async def _holds(scene: Long) -> None:
    rows = await scene.it.ledger.read(scene.home, limit=5_000)
    of_scene = [row for row in rows if row.doc == f"@scene:{scene.scene}"]
    finals = [decode(row.body)["bible_version"] for row in of_scene if row.type == "job.final_ready"]
    assert finals == list(range(1, len(finals) + 1))
    written = [decode(row.body)["version"] for row in of_scene if row.type == "bible.written"]
    assert sorted(set(written)) == sorted(written) == written
    segments, script = await scene.segments(), await scene.script()
    assert [each.index for each in segments] == list(range(len(segments)))
    assert sorted(each.bible_version for each in segments) == [each.bible_version for each in segments]
    assert script == SCRIPT + "".join(f"\n{each.text}\n" for each in segments)
    owned = scene.it.runtime.owned(scene.home)
    assert owned is not None
    live = owned.find(scene.scene) or await owned.activation(scene.scene).loaded()
    rebuilt = Rebuilt(scene.home)
    for row in rows:
        if row.kind is Kind.EVENT:
            rebuilt.add(row)
    fold = rebuilt.scenes[scene.scene]
    if isinstance(live, SceneActor):
        assert live.dump() == fold.dump()
    for draft in rebuilt.views({scene.scene: script}):
        if draft.kind in ("segment", "scene_bible"):
            row = await scene.it.ledger.view(draft.kind, draft.id)
            assert row is not None
            assert row.body == view_row(scene.home, draft, row.seq).body
        if draft.kind == "scene":
            assert (await scene.view()).status == decode(view_row(scene.home, draft, 0).body or b"")["status"]
