"""A batch of edits by an agent, made where nobody is in the way.

Pure decision of the scene actor. The invariant: the batch is one append with its stored answer, which says of each edit
whether it was made; what was yielded is told, with the words as they are now, and may be tried again under a new key.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from actors.commands import EditScene
from actors.runtime.actor import Context, Decision, Draft, Needs
from actors.runtime.edits import Batch, Edit
from actors.scene.status import refuse_locked
from actors.workflow import exits
from collab.agents import Plan, Reason, Step, Yielded, carry

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


def needs(doc: str, command: EditScene) -> Needs:
    return Needs(edits=(doc,), task=(doc, command.by or command.task))


def edit(scene: SceneActor, command: EditScene, ctx: Context) -> Decision:
    refuse_locked(scene, ctx)
    steps = tuple(Step(*each) for each in command.steps)
    earlier = tuple(Yielded(*each[:4], Reason(each[4])) for each in command.yielded)
    plan = carry(Plan(command.then, steps, earlier), ctx.text(scene.doc, "script"))
    fact = {"task": command.task, "by": ctx.principal, "made": len(plan.steps), "yielded": len(plan.yielded)}
    change = Edit(scene.doc, (Batch("script", plan),), author=ctx.principal, author_name=command.by or command.task)
    return Decision(
        events=[Draft("scene.edited", fact, scene=scene.id)],
        views=exits.pending(scene, ctx),
        edits=[change] if plan.steps else [],
        ids={"project": scene.home, "scene": scene.id, "edits": json.dumps(told(plan), ensure_ascii=False)},
    )


def told(plan: Plan) -> dict[str, Any]:
    """The outcome as it is stored with the answer."""
    rows = sorted(plan.yielded, key=lambda each: each.index)
    return {
        "made": len(plan.steps),
        "yielded": [[each.index, each.start, each.end, each.text, each.reason.value] for each in rows],
    }
