"""From a scene's text to what the prompt writer is asked: the breakdown's slots, with the project's own ids and clock.

The invariant: a pure function of the script, the project's names, the time of day the story has reached, and what the
scenes before were found to leave it (`actors.workflow.carry`); any script gives a valid request. Findings are for
people: they do not go into a prompt.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from actors.continuity.actor import ContinuityActor
from actors.project.actor import CONTINUITY, ProjectActor
from actors.project.styles import Chosen
from actors.runtime.actor import Beside, Context
from actors.screenplay import slots
from actors.screenplay.breakdown import breakdown
from actors.screenplay.names import name_key
from actors.workflow.actor import WorkflowActor
from actors.workflow.carry import Given
from actors.workflow.messages import WORKFLOW
from gpu.enhance.formats import Beat

if TYPE_CHECKING:
    from actors.scene.actor import SceneActor


def given_before(scene: SceneActor, ctx: Context) -> Beside:
    """What the scenes before give this one, worked out beside the loop before the request is made."""
    workflow, script = ctx.peer(WorkflowActor, WORKFLOW), ctx.text(scene.doc, "script")
    if workflow is None:
        return Given
    return workflow.carried_into(scene.id, script, ctx.peer(ProjectActor, scene.home))


def enhance_request(
    scene: str, script: str, *, brain: Chosen, beat: Beat | None, seed: str, project: ProjectActor, ctx: Context
) -> dict[str, Any]:
    """The dict form of `gpu.enhance.protocol.EnhanceRequest`. A cast member has one id under every spelling."""
    facts = project.facts
    ids: dict[str, str] = {}
    for id, name in (facts.cast if facts else {}).items():
        for spelling in (name, *(facts.aliases.get(id, ()) if facts else ())):
            ids.setdefault(name_key(spelling), id)
    found = breakdown(script, facts.cast.values() if facts else ())
    continuity = ctx.peer(ContinuityActor, CONTINUITY)
    clock = continuity.time_before(scene) if continuity else None
    given = ctx.computed if isinstance(ctx.computed, Given) else Given()
    return slots.enhance_request(
        script,
        found,
        brain=brain.id,
        brain_data=brain.data,
        beat=beat.words if beat else "",
        seed=int(seed),
        entity_ids=ids,
        time_before=clock,
        weather_before=given.weather,
        continuity_notes=given.notes,
    ).to_dict()
