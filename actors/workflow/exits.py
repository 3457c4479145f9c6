"""A scene is left: the exit and the start of its workflow, in one append; and what is pending until then.

Pure parts of the scene actor's decisions. The invariants: the first change after an exit writes the scene's *open* row
in the append of that change, so whoever opens the project later knows that an exit is due; the exit takes it away and
records `workflow.started` with all that the workflow begins with, beside the lock (or the leaving) that caused it.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from actors.project.checkpoints import MakeCheckpoint
from actors.runtime.actor import Context, Decision, Draft, ViewDraft
from actors.views import order_ms
from actors.workflow.checkpoint import PENDING, SCENE_EXIT
from actors.workflow.messages import WORKFLOW, Look
from actors.workflow.run import Run
from actors.workflow.views import ExitView, OpenSceneView, RowView, WorkflowView

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


def pending(scene: SceneActor, ctx: Context) -> list[ViewDraft]:
    """The row that a decision of tier *deferred* brings along, if it is not there yet."""
    if scene.pending:
        return []
    view = OpenSceneView(scene.id, scene.home, ctx.now_ms)
    return [ViewDraft("scene_open", scene.id, scene.home, order_ms(ctx.now_ms), view)]


def leave(
    scene: SceneActor, decision: Decision, ctx: Context, cause: str, heading: str, script: str | None = None
) -> None:
    """Add the start of the workflow to a decision. Words that were worked out already start none. `script`: as it reads
    after an edit of this decision."""
    script = ctx.text(scene.doc, "script") if script is None else script
    sha256 = hashlib.sha256(script.encode("utf-8", "surrogatepass")).hexdigest()
    if sha256 == scene.left_sha256 and not scene.pending:
        return
    id, at = ctx.new_id("wfl"), order_ms(ctx.now_ms)
    asked = {"type": SCENE_EXIT, "deferred_status": PENDING}
    fact = {"workflow": id, "cause": cause, "by": ctx.principal, "script_sha256": sha256, "checkpoint": asked}
    decision.events.append(Draft("workflow.started", fact, scene=scene.id, source=WORKFLOW))
    left = ExitView(id, scene.id, scene.home, cause, script, sha256, heading, ctx.now_ms)
    shown = WorkflowView(id, scene.id, scene.home, cause, "RUNNING", sha256, ctx.now_ms, Run(id, scene.id).steps())
    kept = RowView(scene.id, scene.home, id, WORKFLOW, 1.0, sha256, asked)
    decision.views += [
        ViewDraft("scene_exit", id, scene.id, at, left),
        ViewDraft("workflow", id, scene.id, at, shown),
        ViewDraft("scene_checkpoint", scene.id, scene.home, scene.id, kept),
        ViewDraft("scene_open", scene.id, scene.home, at, None),
    ]
    decision.notices += [(scene.home, MakeCheckpoint(SCENE_EXIT, scene.id)), (WORKFLOW, Look())]
