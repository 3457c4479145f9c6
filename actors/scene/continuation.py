"""Continuing a scene: from the Scene Bible at a version to one more segment.

Pure decisions of the scene actor (decision 0025). The invariants: a scene has at most one continuation under way, made
for the bible's version of that moment, so of several that ask for the same version exactly one is taken; its words wait
in the job and enter the script in the append that makes the take: a job that failed has changed no script, and what was
asked is kept for its retry. A segment is appended once, with the version the bible has from then on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from actors.commands import CommandError, ContinueScene
from actors.continuity.rules import Known
from actors.project.actor import ProjectActor
from actors.runtime.actor import Beside, Context, Decision, Draft, Needs, ViewDraft
from actors.runtime.edits import AppendText, Edit
from actors.scene import bible, carried_shot, injection
from actors.scene.asking import asked
from actors.scene.cached import pictures_of
from actors.scene.gate import judge
from actors.scene.job import Job, State
from actors.scene.reading import NEW, Read, followed, story_now, verdict_of, waived_in, words_of
from actors.scene.request import Names, shot_before
from actors.scene.status import refuse_locked
from actors.scene.summary import SUMMARY_CHARS_MAX, summary_of
from actors.scene.validation import counted, issues_of
from actors.screenplay import slots
from actors.screenplay.breakdown import breakdown
from actors.screenplay.fountain import parse
from actors.screenplay.names import name_key
from actors.views import BibleView, SegmentView
from actors.workflow import exits
from actors.workflow.weather import weather_in
from gpu.steps import Step

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

RECENT_SEGMENTS = 5
"""Segments a continuation is told one by one; what lies before is in the long summary."""

SEGMENTS_MAX = 1_000
"""Segments of one scene. Over: refused; a scene of a thousand films is a project."""


# asking
def needs(scene: SceneActor, command: ContinueScene) -> Needs:
    docs, views = (scene.doc,), (bible.wanted(scene.id, scene.bible_version),)
    return Needs(docs=docs, edits=("live",), scripts=True, views=views, beside=lambda ctx: _read(scene, command, ctx))


def _read(scene: SceneActor, command: ContinueScene, ctx: Context) -> Beside:
    script = ctx.text(scene.doc, "script")
    reading, names = bible.reading(scene, ctx, script, goes_on=True), _names(scene, ctx)
    words, id, story, waived = _words(command.text), scene.id, story_now(scene, ctx), waived_in(ctx)

    def work() -> Read:
        now = reading()
        now = replace(now, issues=_issues(id, now, words, names))
        return Read(now.given, {NEW: judge(story, id, *followed(script, words), waived)}, now)

    return work


def read_again(scene: SceneActor, job: Job, ctx: Context) -> Beside:
    """The scene and the job's words as both are now, before the words are corrected."""
    script, id = ctx.text(scene.doc, "script"), scene.id
    reading = bible.reading(scene, ctx, script, goes_on=True)
    story, waived = story_now(scene, ctx), waived_in(ctx, job)
    whole = words_of(job, script)

    def work() -> Read:
        now = reading()
        return Read(now.given, {job.id: judge(story, id, *whole, waived)}, now)

    return work


def _names(scene: SceneActor, ctx: Context) -> Names:
    return bible.names_of(ctx.peer(ProjectActor, scene.home))


def _issues(scene: str, now: bible.Prepared, words: str, names: Names) -> tuple[dict[str, Any], ...]:
    places = [Known(name) for name in names.places]
    return issues_of(scene, bible.part_of(now.text), words, names.known(), places)


def ask(scene: SceneActor, project: ProjectActor, command: ContinueScene, ctx: Context) -> tuple[Job, Decision]:
    """The job, and what its append brings besides. Raises `CommandError` SCENE_LOCKED, BIBLE_STALE and others."""
    refuse_locked(scene, ctx)
    _refuse_stale(scene, command)
    if scene.segment_count >= SEGMENTS_MAX:
        words = f"a scene has at most {SEGMENTS_MAX} segments: begin a new scene"
        raise CommandError("TOO_MANY_SEGMENTS", words, ("input", "sceneId"))
    decision = Decision()
    now = bible.prepared(scene, ctx, ctx.text(scene.doc, "script"))
    kept = next((BibleView.from_blob(row.body).bible for row in ctx.views() if row.body is not None), None)
    if kept is None:
        fact, row = bible.written(scene.id, scene.home, scene.bible_version, now.bible, ctx.now_ms)
        decision.events.append(fact)
        decision.views.append(row)
        kept = fact.data["bible"]
    new = asked(scene, ctx, brain=command.style_preset, brain_field="stylePreset")
    context = {"sceneBible": kept, "recentSegments": list(scene.recent_segments), "longSummary": now.summary}
    config = {
        "targetDuration": command.target_duration_s,
        "stylePreset": command.style_preset,
        "voicePreset": command.voice_preset,
    }
    words, names = _words(command.text), bible.names_of(project)
    issues = now.issues if now is getattr(ctx.computed, "prepared", None) else _issues(scene.id, now, words, names)
    verdict = verdict_of(ctx, NEW, followed(now.text, words)[0])
    shown = verdict.corrected() if verdict is not None else words  # what is safe to mend is mended in the prompt
    look = {"brain": new.brain.id, "brain_data": new.brain.data, "beat": new.beat.words if new.beat else ""}
    job = new.job(
        now.text,
        _request(shown, now, context, config, look, new.seed, names),
        ctx,
        auto_pick=True,
        backend=None,
        corrections=list(verdict.corrections()) if verdict is not None else [],
        continuation={
            "sceneId": scene.id,
            "userId": ctx.principal,
            "shownAs": command.by,
            "continuationText": words,
            "bibleVersion": scene.bible_version,
            "context": context,
            "config": config,
            "issues": list(issues),
        },
    )
    return job, decision


def _refuse_stale(scene: SceneActor, command: ContinueScene) -> None:
    version, path = scene.bible_version, ("input", "expectedBibleVersion")
    if command.expected_bible_version is not None and command.expected_bible_version != version:
        words = f"the Scene Bible is at version {version}, not {command.expected_bible_version}: read it and ask again"
        raise CommandError("BIBLE_STALE", words, path)
    running = next((job for job in scene.jobs.values() if job.live and job.continuation is not None), None)
    if running is not None:
        words = f"version {version} of the Scene Bible is being continued by {running.id}: wait for it, or cancel it"
        raise CommandError("BIBLE_STALE", words, path, True)


def _words(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").rstrip()


def _request(
    words: str,
    now: bible.Prepared,
    context: Mapping[str, Any],
    config: Mapping[str, Any],
    look: Mapping[str, Any],
    seed: str,
    names: Names,
) -> dict[str, Any]:
    """What the prompt writer is asked: the new words alone, in the place, hour and looks of the scene."""
    heading = now.found.heading
    script = words if heading is None or parse(words).scenes else f"{heading.text}\n\n{words}\n"
    looks = dict(now.given.looks)
    looks |= {name_key(each["name"]): each["looks"] for each in now.bible["cast"]}
    found = breakdown(script, [*names.cast.values(), *(each["name"] for each in now.bible["cast"])])
    if not found.actions and not found.lines:
        raise CommandError("EMPTY_SCRIPT", "the continuation says nothing that could be shown", ("input", "text"))
    notes = list(injection.merged(now.given))
    if context["longSummary"]:
        notes.append(f"so far: {context['longSummary']}")
    notes += [f"just before: {each['summary']}" for each in context["recentSegments"]]
    return slots.enhance_request(
        script,
        found,
        **look,
        seed=int(seed),
        entity_ids=names.ids(),
        descriptors=looks,
        time_before=now.bible["timeOfDay"],
        weather_before=None if weather_in(script, found.actions) else now.bible["weather"],
        continuity_notes=notes,
        so_far=now.given.so_far,
        shot_before=shot_before(now.given),
        target_duration_s=config["targetDuration"],
    ).to_dict()


def corrected(scene: SceneActor, job: Job, words: str, ctx: Context) -> dict[str, Any]:
    """What of a continuation is another with these words; its brain, its beat and its seed stay what they were."""
    told, project = job.continuation or {}, scene.project(ctx)
    now, names = bible.prepared(scene, ctx, ctx.text(scene.doc, "script")), bible.names_of(project)
    look = {"brain": job.brain, "brain_data": job.request.get("brain_data"), "beat": job.beat}
    request = _request(words, now, told["context"], told["config"], look, job.seed, names)
    return {
        "request": request,
        "words": "",
        "script_sha256": job.script_sha256,
        "pictures": pictures_of(request, project.facts.portraits if project.facts else {}),
        "shot_before": carried_shot.told(now.given),
        "continuation": {"continuationText": words, "issues": list(_issues(scene.id, now, words, names))},
    }


def payload(job: Job) -> dict[str, Any]:
    """What the enhance step of a continuation is told besides its slots, for writers that read prose."""
    if job.continuation is None:
        return {}
    told = {name: value for name, value in job.continuation.items() if name not in ("shownAs", "issues")}
    created = datetime.fromtimestamp(job.created_at_ms / 1000, UTC).isoformat()
    return {"continuation": {"jobId": job.id, "createdAt": created, **told}}


def gate(job: Job, found: Mapping[str, int]) -> dict[str, int]:
    """What the continuity gate counts: the scene's open findings, and those of the words to come."""
    return counted(found, job.continuation.get("issues", ()) if job.continuation else ())


# landing
def waits(scene: SceneActor) -> bool:
    """Whether words may have to enter the script in the next append."""
    return any(
        job.continuation and job.take is None and job.state is not State.CANCELLED for job in scene.jobs.values()
    )


def reads(scene: SceneActor, *, retry: bool) -> bool:
    """Whether the next append may make a take, and with it a version of the bible; `retry`: of a failed job."""
    ending = (Step.OBSERVE, Step.CACHE)
    jobs = scene.jobs.values()
    return any(job.step in ending and (job.live or (retry and job.state is State.FAILED)) for job in jobs)


def read_after(scene: SceneActor, ctx: Context) -> Beside:
    """The scene as it would read after its continuation."""
    job = next((j for j in scene.jobs.values() if j.continuation and j.take is None and j.step is Step.OBSERVE), None)
    script = ctx.text(scene.doc, "script")
    return bible.reading(scene, ctx, script + appended(script, job) if job is not None else script)


def appended(script: str, job: Job) -> str:
    """What a job adds to the end of a script, the gap before it included."""
    if job.continuation is None:
        return ""
    gap = "" if not script or script.endswith("\n\n") else "\n" if script.endswith("\n") else "\n\n"
    return f"{gap}{job.continuation['continuationText']}\n"


def land(scene: SceneActor, job: Job, script: str, index: int, decision: Decision, ctx: Context) -> str:
    """Add what a take brings besides itself: its bible, and a segment if it continues. The script as it reads then."""
    assert job.bible_version is not None, "a take without a version"
    more = appended(script, job)
    if more:
        fact = _segment(job, index, ctx.now_ms)
        decision.events.append(Draft("segment.appended", fact, scene=scene.id))
        decision.views.append(segment_view(scene.home, scene.id, fact))
        author, name = fact["by"], fact["shown_as"]
        edit = Edit(scene.doc, (AppendText("script", more),), scene=scene.id, author=author, author_name=name)
        decision.edits.append(edit)
    now = bible.prepared(scene, ctx, script + more)
    written, row = bible.written(scene.id, scene.home, job.bible_version, now.bible, ctx.now_ms)
    decision.events.append(written)
    decision.views.append(row)
    if more:  # whole as it comes, and ordered where often nobody sits who could leave: what follows is worked out now
        exits.leave(scene, decision, ctx, "continued", scene.heading(ctx), script + more)
    return script + more


def _segment(job: Job, index: int, now_ms: int) -> dict[str, Any]:
    told, media = job.continuation or {}, job.media or {}
    words = told["continuationText"]
    return {
        "id": job.segment,
        "job": job.id,
        "take": job.take,
        "index": index,
        "text": words,
        "summary": summary_of(breakdown(words), SUMMARY_CHARS_MAX) or " ".join(words.split())[:SUMMARY_CHARS_MAX],
        "duration_s": float(media["duration_s"]),
        "bible_version": job.bible_version,
        "by": told["userId"],
        "shown_as": told["shownAs"],
        "at_ms": now_ms,
    }


def segment_view(home: str, scene: str, fact: Mapping[str, Any]) -> ViewDraft:
    told = {name: value for name, value in fact.items() if name != "at_ms"}
    body = SegmentView(scene=scene, project=home, created_at_ms=fact["at_ms"], **told)
    return ViewDraft("segment", fact["id"], scene, f"{fact['index']:08d}", body)


def recent(before: list[dict[str, Any]], fact: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The last segments as a continuation is told them."""
    told = {
        "segmentId": fact["id"],
        "index": fact["index"],
        "summary": fact["summary"],
        "durationS": fact["duration_s"],
    }
    return [*before, told][-RECENT_SEGMENTS:]
