"""A person's word on a take that was not made for it: *keep this*, or *not this*, and another film at once.

Pure decisions of the scene actor. The invariants: only a film that the cache gave is judged, as any other has no pair
to keep apart; the word is one event with its take's view in one append, and what the cache learns of it is owed
by that commit (`actors.scene.teaching`). The last word counts; the film itself stays, with what was said of it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from actors.commands import CommandError, GenerateScene, JudgeTake
from actors.runtime.actor import Context, Decision, Draft, Needs, ViewDraft, Wanted
from actors.scene import asking, jobs
from actors.scene.cached import HIT
from actors.scene.reading import before_asking
from actors.scene.teaching import JUDGED
from actors.views import TakeView

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor

REASON_CHARS_MAX = 500
"""Of what somebody writes beside *not this*. Over: refused."""


def needs(scene: SceneActor, command: JudgeTake) -> Needs:
    views = (Wanted("take", id=command.take),)
    if not command.regenerate:
        return Needs(views=views)
    asked = partial(before_asking, scene)
    return Needs(docs=(scene.doc,), edits=("live",), scripts=True, beside=asked, views=views)


def judge(scene: SceneActor, command: JudgeTake, ctx: Context) -> Decision:
    """Raises `CommandError` NOT_FOUND, NOT_REUSED, REASON_TOO_LONG, and what asking for a film raises."""
    said = _said(scene, command, ctx)
    ids = {"take": command.take, "job": said.events[0].data["job"]}
    if not command.regenerate:
        return replace(said, ids=scene.ids() | ids)
    shown = scene.jobs.get(ids["job"])  # forgotten ones were asked for long ago: no board to wait for
    again = GenerateScene(scene.id, auto_pick=shown is None or shown.auto_pick)
    decision = jobs.begin(scene, asking.generate(scene, again, ctx), ctx, said)
    decision.ids |= {"take": command.take}
    return decision


def _said(scene: SceneActor, command: JudgeTake, ctx: Context) -> Decision:
    row = next((row for row in ctx.views() if row.kind == "take" and row.id == command.take), None)
    if row is None or row.body is None or row.parent != scene.id:
        raise CommandError("NOT_FOUND", "this scene has no such take", ("input", "takeId"))
    take = TakeView.from_blob(row.body)
    if take.cache_verdict != HIT:
        words = "this take was made for its own words: there is nothing it was taken for. Generate again for another"
        raise CommandError("NOT_REUSED", words, ("input", "takeId"))
    if len(command.reason) > REASON_CHARS_MAX:
        words = f"a reason has at most {REASON_CHARS_MAX} characters"
        raise CommandError("REASON_TOO_LONG", words, ("input", "reason"))
    fact = {"take": take.id, "job": take.job, "right": command.right, "by": ctx.principal}
    fact |= {"reason": command.reason.strip(), "cache": take.cache}
    view = ViewDraft("take", take.id, scene.id, row.order_key, replace(take, judged=command.right))
    return Decision(events=[Draft(JUDGED, fact, scene=scene.id)], views=[view])
