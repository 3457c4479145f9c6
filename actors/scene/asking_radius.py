"""Asking how far a change reaches: what is gathered of a project for it, and the answer.

Pure decision of a scene actor, for whoever has the right to write. The invariant: nothing is committed and nothing is
kept; the answer is about the story as it has been read, and is refused, retryably, while it has not.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from actors.commands import AskRadius, CommandError
from actors.continuity.actor import ContinuityActor
from actors.continuity.check import SCENE_CHARS_READ_MAX, Continuity
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.carrying import left_out_of
from actors.runtime.actor import Beside, Context, Decision, Needs
from actors.scene.bible import names_of
from actors.scene.injection import Wish, brought_into
from actors.scene.radius import Change, Parts, Story, after, asked_now
from actors.workflow.actor import WorkflowActor, project_row
from actors.workflow.carry import Given, give
from actors.workflow.messages import WORKFLOW

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

Answered = dict[str, dict[str, Parts]]


def needs(scene: SceneActor, command: AskRadius) -> Needs:
    return Needs(scripts=True, beside=partial(_look, scene, command))


def answer(scene: SceneActor, command: AskRadius, ctx: Context) -> Decision:
    """`radius` in its ids: JSON of {"now": scene → parts, "after": the same, of what is not as it was}."""
    scene.place(ctx)
    if not isinstance(ctx.computed, dict):
        words = "the story is still being read after it was opened: ask again in a moment"
        raise CommandError("BUSY", words, (), True)
    return Decision(ids={**scene.ids(), "radius": json.dumps(ctx.computed, ensure_ascii=False)})


def _look(scene: SceneActor, command: AskRadius, ctx: Context) -> Beside:
    story = _story(scene, ctx)
    if story is None:
        return lambda: None
    change = Change(command.scene if command.text is not None else "", command.text or "", command.cast, command.name)

    read = continuity_texts(scene, ctx)

    def work() -> Answered:
        for id, text in story.texts.items():
            if read.get(id) != text:  # its row is newer than what was read of it: words that came with a film
                story.engine.update_scene(id, text[:SCENE_CHARS_READ_MAX])
        now = asked_now(story)
        wanted = change.scene or change.cast
        return {"now": now, "after": after(story, change, now) if wanted else {}}

    return work


def _story(scene: SceneActor, ctx: Context) -> Story | None:
    project, continuity = ctx.peer(ProjectActor, scene.home), ctx.peer(ContinuityActor, CONTINUITY)
    engine = continuity.story() if continuity is not None and continuity.caught_up else None
    if continuity is None or engine is None:
        return None
    workflow, row = ctx.peer(WorkflowActor, WORKFLOW), project_row(project)
    rows = dict(workflow.rows) if workflow is not None else {}
    faded = dict(workflow.meanwhile.faded) if workflow is not None else {}

    looks = continuity.looks()

    def given(id: str, text: str, engine: Continuity) -> Given:
        wish = Wish(looks, left_out_of(project, id))
        return brought_into(id, engine.heard(), give(id, text, row, rows, faded) if rows else Given(), wish)

    waived, rows_now = frozenset(continuity.waivers), ctx.scripts()
    texts = {id: rows_now.get(id, text) for id, text in continuity.texts().items()}
    return Story(texts, names_of(project), continuity.places, engine, waived, given)


def continuity_texts(scene: SceneActor, ctx: Context) -> dict[str, str]:
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    return continuity.texts() if continuity is not None else {}
