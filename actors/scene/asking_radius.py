"""Asking how far a change reaches: what is gathered of a project for it, and the answer.

Pure decision of a scene actor, for whoever has the right to write. The invariant: nothing is committed and nothing is
kept; the answer is about the story as it has been read, and is refused, retryably, while it has not. A change that
nobody could make is refused as the change itself would be.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from actors.commands import AskRadius, CommandError
from actors.continuity.actor import ContinuityActor
from actors.continuity.by_hand import checked, fact_id
from actors.continuity.check import SCENE_CHARS_READ_MAX
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.carrying import left_out_of
from actors.project.styles import SCENES_READ_MAX, choose_brain, choose_format, known_format
from actors.runtime.actor import Beside, Context, Decision, Needs, Wanted
from actors.scene import so_far
from actors.scene.bible import names_of
from actors.scene.injection import Wish, brought_into
from actors.scene.radius import Change, Look, Parts, Story, facts_followed, reach
from actors.views import SceneView
from actors.workflow.actor import WorkflowActor, project_row
from actors.workflow.carry import Given, give
from actors.workflow.messages import WORKFLOW

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

Answered = dict[str, dict[str, Parts]]


def needs(scene: SceneActor, command: AskRadius) -> Needs:
    return Needs(scripts=True, beside=partial(_look, scene, command), views=(Wanted("scene", limit=SCENES_READ_MAX),))


def answer(scene: SceneActor, command: AskRadius, ctx: Context) -> Decision:
    """`radius` in its ids: JSON of {"now": scene → parts, "after": the same, of what is not as it was}."""
    scene.place(ctx)
    _change(scene, command, ctx)
    if not isinstance(ctx.computed, dict):
        words = "the story is still being read after it was opened: ask again in a moment"
        raise CommandError("BUSY", words, (), True)
    return Decision(ids={**scene.ids(), "radius": json.dumps(ctx.computed, ensure_ascii=False)})


def _look(scene: SceneActor, command: AskRadius, ctx: Context) -> Beside:
    story = _story(scene, command, ctx)
    if story is None:
        return lambda: None
    try:
        change = _change(scene, command, ctx)
    except CommandError:
        return lambda: None  # `answer` says why
    read = continuity_texts(scene, ctx)

    def work() -> Answered:
        for id, text in story.texts.items():
            if read.get(id) != text:  # its row is newer than what was read of it: words that came with a film
                story.engine.update_scene(id, text[:SCENE_CHARS_READ_MAX])
        now, after = reach(facts_followed(story), change)
        return {"now": now, "after": after}

    return work


def _change(scene: SceneActor, command: AskRadius, ctx: Context) -> Change:
    """Raises `CommandError` UNKNOWN_BRAIN, UNKNOWN_FORMAT, BAD_FACT, NOT_FOUND."""
    project, found = scene.project(ctx), Change(cast=command.cast, name=command.name)
    if command.text is not None:
        found = replace(found, scene=command.scene, text=command.text)
    if command.brain:
        brain = choose_brain(project, command.brain, ctx.catalogue, "brain")
        found = replace(found, brain=Look(brain.id, brain.data))
    if command.format:
        found = replace(found, format=Look(format=choose_format(project.own_formats, command.format)))
    if command.fact is not None:
        said = command.fact
        if said["scene"] not in project.scenes:
            raise CommandError("NOT_FOUND", "this project has no such scene", ("change", "fact", "sceneId"))
        entity, value = checked(said["entity"], said["attribute"], said["value"], ("change", "fact"))
        id = fact_id(scene.home, said["scene"], entity, said["attribute"], value)
        fact = {**said, "id": id, "entity": entity, "value": value, "by": ctx.principal}
        found = replace(found, fact=fact, holds=said["holds"])
    return found


def _story(scene: SceneActor, command: AskRadius, ctx: Context) -> Story | None:
    project, continuity = ctx.peer(ProjectActor, scene.home), ctx.peer(ContinuityActor, CONTINUITY)
    engine = continuity.story() if continuity is not None and continuity.caught_up else None
    if continuity is None or engine is None or project is None or project.facts is None:
        return None
    waived, rows_now = frozenset(continuity.waivers), ctx.scripts()
    texts = {id: rows_now.get(id, text) for id, text in continuity.texts().items()}
    story = Story(texts, names_of(project), continuity.places, engine, waived, _given(scene, command, ctx))
    seen = tuple(fact for fact in engine.premise.facts if fact.layer == "seen")
    return replace(story, looks=_looks(project, ctx), kept=dict(continuity.facts), seen=seen)


def _given(scene: SceneActor, command: AskRadius, ctx: Context) -> Callable[[str, str, Story], Given]:
    workflow, project = ctx.peer(WorkflowActor, WORKFLOW), ctx.peer(ProjectActor, scene.home)
    continuity, row = ctx.peer(ContinuityActor, CONTINUITY), project_row(project)
    ends = continuity.looks() if continuity is not None else {}
    rows = dict(workflow.rows) if workflow is not None else {}
    faded = dict(workflow.meanwhile.faded) if workflow is not None else {}
    summaries: dict[tuple[str, str], so_far.SceneSoFar] = {}

    def given(id: str, text: str, story: Story) -> Given:
        carried = give(id, text, row, rows, faded) if rows else Given()
        found = brought_into(id, story.engine.heard(), carried, Wish(ends, left_out_of(project, id)))
        if not command.so_far:
            return found
        beats = story.beat_names(id)
        return replace(found, so_far=so_far.before(id, story.engine.telling(), beats, summaries))

    return given


def _looks(project: ProjectActor, ctx: Context) -> Mapping[str, Look]:
    """By scene; a brain or format that nobody knows any more says nothing."""
    assert project.facts is not None, "checked before"
    found: dict[str, Look] = {}
    for row in ctx.views():
        if row.body is None:
            continue
        scene = SceneView.from_blob(row.body)
        id, data = scene.brain or project.facts.brain, None
        with contextlib.suppress(CommandError):
            data = choose_brain(project, id, ctx.catalogue).data
        format = known_format(project.own_formats, scene.format or project.facts.format)
        found[scene.id] = Look(id, data, format, bool(scene.brain), bool(scene.format))
    return found


def continuity_texts(scene: SceneActor, ctx: Context) -> dict[str, str]:
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    return continuity.texts() if continuity is not None else {}
